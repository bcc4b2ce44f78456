//! One HTTP connection: its requests one after the other, and an end that loses no answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode, Version, header};
use axum::response::IntoResponse;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::paced::Paced;
use super::problem::{self, BadRequest};
use super::visit::{self, HttpLimits, Visit};
use crate::service::Stranger;

type App = TowerToHyperService<Router>;
type Answered = Response<axum::body::Body>;

/// Serves a connection until its caller ends it, it has to make room, or `stopping` is true and its request is answered.
pub(super) async fn serve(
    stream: TcpStream,
    router: Router,
    limits: Arc<HttpLimits>,
    (visit, mut stranger): (Arc<Visit>, Stranger),
    mut stopping: watch::Receiver<bool>,
) {
    if !visit.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(visit.delay) => {}
            () = stranger.has_to_go() => return debug!("a connection without a token made room for newer ones"),
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
    let app = TowerToHyperService::new(router);
    let guest = Arc::clone(&visit);
    let service = service_fn(move |request| Box::pin(answer(app.clone(), request, Arc::clone(&guest))));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(2 * HEAD_BYTES);
    let io = TokioIo::new(Paced::new(stream, limits.unread, Arc::clone(&visit)));
    let mut connection = http.serve_connection(io, service);
    let (mut known, mut told, mut revoked) = (false, false, None);
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break ended,
            () = visit.is_met(), if !known => known = true,
            () = stranger.has_to_go(), if !known => return debug!("a connection without a token made room for newer ones"),
            _ = stopping.wait_for(|stop| *stop), if !told => {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = visit.is_revoked(), if known && revoked.is_none() => {
                revoked = Some(Instant::now() + REVOKED);
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = until(revoked), if revoked.is_some() => return debug!("a connection of a revoked token was cut off"),
        }
        if known {
            stranger.leave();
        }
    };
    if let Err(error) = ended {
        debug!(%error, "an HTTP connection ended");
    }
    let (stream, refused) = connection.into_parts().io.into_inner().into_parts();
    let farewell = take_leave(stream, refused, limits.unread);
    if known {
        return farewell.await;
    }
    tokio::select! {
        () = farewell => {}
        () = stranger.has_to_go() => debug!("the end of a connection without a token made room for newer ones"),
    }
}

async fn until(time: Option<Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time).await;
    }
}

/// Says why the parser refused the last request, if it did, and ends the stream.
async fn take_leave(mut stream: TcpStream, refused: Option<StatusCode>, unread: Duration) {
    if let Some(status) = refused {
        let problem = problem::alone(status, unreadable(status));
        let _ = timeout(unread, stream.write_all(problem.as_bytes())).await;
    }
    linger(stream).await;
}

/// Why the parser refuses a request.
fn unreadable(status: StatusCode) -> &'static str {
    match status {
        StatusCode::URI_TOO_LONG => "the path is too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the head is too long, or has too many headers",
        _ => "the request cannot be read as HTTP/1.1",
    }
}

/// Ends a stream so that the last answer arrives even if its caller is still sending.
async fn linger(mut stream: TcpStream) {
    let rest = async {
        stream.shutdown().await?;
        let (mut bytes, mut left) = ([0; 4 * 1024], LINGER_BYTES);
        loop {
            match stream.read(&mut bytes).await? {
                0 => return Ok::<(), std::io::Error>(()),
                read if read < left => left -= read,
                _ => return Ok(()),
            }
        }
    };
    // Whatever goes wrong here, the stream ends.
    let _ = timeout(LINGER, rest).await;
}

/// Answers a request. What its handler did not read of the body is read and forgotten, or the connection is closed after
/// the answer, which then says so: the next request never begins in the middle of a body.
async fn answer(app: App, request: Request<Incoming>, visit: Arc<Visit>) -> Result<Answered, Infallible> {
    let (mut parts, body) = request.into_parts();
    if let Err(bad) = well_formed(&parts, &visit) {
        return Ok(closing(bad.into_response()));
    }
    let expects = parts.headers.contains_key(header::EXPECT);
    // Behind a body without a length, the next head is not watched.
    let last = parts.headers.contains_key(header::TRANSFER_ENCODING);
    let kind = match parts.uri.path() {
        "/livez" | "/readyz" | "/metrics" => visit::Answered::Probe,
        _ => visit::Answered::Refusal,
    };
    parts.extensions.insert(Arc::clone(&visit));
    let body = Arc::new(Mutex::new(body));
    let lent = axum::body::Body::new(Lent(Arc::clone(&body)));
    let response = app.call(Request::from_parts(parts, lent)).await?;
    let in_step = body.lock().is_end_stream() || (!expects && timeout(DRAIN, drain(&body)).await.unwrap_or(false));
    let goes_on = visit.slow_down(kind).await;
    Ok(if in_step && !last && goes_on { response } else { closing(response) })
}

/// What HTTP demands of every request and the parser leaves to the server (RFC 9112, section 3.2).
fn well_formed(parts: &Parts, visit: &Visit) -> Result<(), BadRequest> {
    if visit.is_odd() {
        let reason = "the head has a line feed without a carriage return, or a content-length that is no number";
        return Err(BadRequest::new(reason));
    }
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => {}
        (None, _) if parts.version < Version::HTTP_11 => {}
        (None, _) => return Err(BadRequest::new("the header host is missing: HTTP/1.1 asks for it in every request")),
        (Some(_), Some(_)) => return Err(BadRequest::new("the header host is given more than once: give it once")),
    }
    if parts.headers.get_all(header::AUTHORIZATION).iter().nth(1).is_some() {
        return Err(BadRequest::new("the header authorization is given more than once: give it once"));
    }
    Ok(())
}

fn closing(mut response: Answered) -> Answered {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Reads the rest of a body, if it is short; returns whether it did.
async fn drain(body: &Mutex<Incoming>) -> bool {
    let mut left = DRAIN_BYTES;
    if body.lock().size_hint().lower() > left {
        return false;
    }
    loop {
        match poll_fn(|cx| Pin::new(&mut *body.lock()).poll_frame(cx)).await {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let read = frame.data_ref().map_or(0, Bytes::len) as u64;
                if read > left {
                    return false;
                }
                left -= read;
            }
        }
    }
}

/// A request's body, lent to its handler.
struct Lent(Arc<Mutex<Incoming>>);

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}

/// How long the request on a connection may go on once its token is revoked.
const REVOKED: Duration = Duration::from_secs(1);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 * 1024;
/// Bytes of a body that are read for nothing, to keep the connection.
const DRAIN_BYTES: u64 = 64 * 1024;
const DRAIN: Duration = Duration::from_secs(1);
/// Bytes taken and forgotten from a caller that is still sending when the connection ends.
const LINGER_BYTES: usize = 1024 * 1024;
const LINGER: Duration = Duration::from_secs(1);
