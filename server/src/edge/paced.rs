//! A stream whose other end has to take what is written to it, and to write heads as they should be.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::heads::Heads;
use super::visit::Visit;
use crate::service::Reading;

/// A TCP stream. Writing fails with [`io::ErrorKind::TimedOut`] once the other end is [too slow](Reading). What
/// the parser of requests lets pass is told to the connection's [`Visit`]; what it refuses by itself, with an answer that
/// has no body, is not sent but kept for [`Paced::into_parts`].
pub(super) struct Paced {
    stream: TcpStream,
    patience: Duration,
    /// Since the stream does not take all that is offered.
    slow: Option<Slow>,
    visit: Arc<Visit>,
    heads: Heads,
    refused: Option<StatusCode>,
}

/// The other end takes less than it is offered.
struct Slow {
    reading: Reading,
    ends: Pin<Box<Sleep>>,
}

impl Paced {
    pub(super) fn new(stream: TcpStream, patience: Duration, visit: Arc<Visit>) -> Paced {
        Paced { stream, patience, slow: None, visit, heads: Heads::default(), refused: None }
    }

    /// The stream, and the status with which the parser refused its last request.
    pub(super) fn into_parts(self) -> (TcpStream, Option<StatusCode>) {
        (self.stream, self.refused)
    }

    /// Whether these bytes are a refusal of the parser, which is kept.
    fn keeps(&mut self, bytes: &[u8]) -> bool {
        let refusal = bare_refusal(bytes);
        self.refused = refusal.or(self.refused);
        refusal.is_some()
    }

    /// Follows a write of so many bytes.
    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        offered: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        match &written {
            Poll::Ready(Ok(bytes)) if *bytes < offered => {
                let patience = self.patience;
                self.slow.get_or_insert_with(|| Slow::begin(now, patience)).reading.took(*bytes, now);
            }
            Poll::Ready(_) => self.slow = None,
            Poll::Pending => {
                let patience = self.patience;
                let slow = self.slow.get_or_insert_with(|| Slow::begin(now, patience));
                slow.ends.as_mut().reset(slow.reading.until(patience));
                if slow.ends.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not read")));
                }
            }
        }
        written
    }
}

impl Slow {
    fn begin(now: Instant, patience: Duration) -> Slow {
        let reading = Reading::begin(now);
        Slow { reading, ends: Box::pin(sleep_until(reading.until(patience))) }
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.heads.saw(&buf.filled()[before..]);
        if self.heads.is_odd() {
            self.visit.write_down_odd();
        }
        read
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.keeps(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(written, bytes.len(), cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = bytes
            && self.keeps(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judge(written, bytes.iter().map(|piece| piece.len()).sum(), cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream holds nothing back.
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The status of an answer by which the parser refuses a request: a head that announces no body and the end of the
/// connection. The answers of handlers say what their body is.
fn bare_refusal(bytes: &[u8]) -> Option<StatusCode> {
    let head = bytes.strip_prefix(b"HTTP/1.1 ").filter(|head| head.starts_with(b"4"))?;
    let head = std::str::from_utf8(head).ok()?;
    let bare = head.find("\r\n\r\n") == Some(head.len() - 4)
        && head.contains("\r\nconnection: close\r\n")
        && head.contains("\r\ncontent-length: 0\r\n")
        && !head.contains("\r\ncontent-type:");
    StatusCode::from_bytes(head.get(..3)?.as_bytes()).ok().filter(|_| bare)
}
