//! A backup of the history, sent while the server goes on.
//!
//! A thread of its own reads the journal; what it reads waits for the connection, piece by piece, so that a slow caller costs
//! a few pieces of memory and nobody else's time. One that does not read at all is cut off like any other.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::body::Frame;
use stockade_core::reject::Reject;
use tokio::sync::{mpsc, watch};

use crate::auth::Role;
use crate::edge::caller::Caller;
use crate::edge::calls::{Answer, Shared};
use crate::edge::problem::{BadRequest, refused};
use crate::edge::state::Http;
use crate::journal::Live;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new().route("/v1/backup", get(backup))
}

async fn backup(State(http): Shared, caller: Caller) -> Answer {
    let who = caller.who.name.clone();
    if caller.who.role != Role::Admin {
        let reason = format!("only admin tokens take backups (token {who})");
        return Ok(refused(&Reject::Forbidden { reason }));
    }
    if matches!(http.backups.live, Live::Memory) {
        let detail =
            "the history is in memory only, and is gone with the server: there is nothing to back up".to_owned();
        return Err(BadRequest { status: StatusCode::CONFLICT, detail });
    }
    let Ok(turn) = Arc::clone(&http.backups.turn).try_acquire_owned() else {
        let reason = "another backup is being taken: try again when it is whole".to_owned();
        return Ok(refused(&Reject::Unavailable { reason }));
    };
    let (live, until) = (http.backups.live.clone(), (http.journal)().journaled);
    let (sender, receiver) = mpsc::channel(PIECES);
    let sending = Sending { sender: sender.clone(), piece: Vec::new(), draining: http.service.draining() };
    let work = move || {
        match live.copy(sending, until) {
            Ok(trail) => tracing::info!(by = %who, last = trail.last.0, "a backup was taken"),
            Err(error) => {
                tracing::warn!(by = %who, %error, "a backup was not taken to its end");
                // A body that ends without its end is no whole backup.
                let _ = sender.blocking_send(Err(io::Error::other(error.to_string())));
            }
        }
        drop(turn);
    };
    let thread = std::thread::Builder::new().name("backup".into()).spawn(work);
    thread.map_err(|error| BadRequest::failed(error.to_string()))?;
    Ok(written(Arriving(receiver)))
}

fn written(body: Arriving) -> Response<Body> {
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::new(body)).into_response()
}

/// Sends what is written in pieces, and waits until each is taken.
struct Sending {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
    draining: watch::Receiver<bool>,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if *self.draining.borrow() {
            return Err(io::Error::other("the server is shutting down"));
        }
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        self.sender.blocking_send(Ok(piece)).map_err(|_| io::Error::other("the connection ended"))
    }
}

/// The pieces as a body.
struct Arriving(mpsc::Receiver<io::Result<Bytes>>);

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// Bytes sent at once, and one batch more at most.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces that wait for the connection.
const PIECES: usize = 2;
