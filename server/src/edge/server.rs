//! Every route, and the listeners that serve them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{Extension, Router};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::warn;

use super::caller::BodyTime;
use super::state::Http;
use super::visit::{HttpLimits, Places};
use super::{api, connection, probes, problem};
use crate::throttle::Throttle;

/// Every route. A body may take `body` from the end of its request's head to its own end.
fn router(http: Arc<Http>, body: Duration) -> Router {
    probes::routes()
        .merge(api::routes())
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(Extension(BodyTime(body)))
        .with_state(http)
}

/// Takes a port for [`serve`]. Needs a tokio runtime around it.
///
/// # Errors
/// When the address cannot be used.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart does not wait for connections of the process before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Its connections have the same.
    socket.set_send_buffer_size(SEND_BYTES)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` is done, then until the requests in flight are answered. A failure to accept a connection passes:
/// the listener waits a moment and goes on.
pub async fn serve(
    listener: TcpListener,
    http: Arc<Http>,
    limits: HttpLimits,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let router = router(http, limits.body);
    accept(listener, router, limits, stop).await;
}

/// Serves these routes within bounds. Every HTTP listener of the process comes through here.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    limits: HttpLimits,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let open = Arc::new(Semaphore::new(limits.known + limits.strangers + GOING));
    let (places, limits) = (Places::new(&limits), Arc::new(limits));
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            (held, accepted) = next(&listener, &open) => match accepted {
                Ok((stream, peer)) => {
                    let Some(visit) = places.enter(peer) else { continue };
                    let served = connection::serve(stream, router.clone(), Arc::clone(&limits), visit, stopped.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(held);
                    });
                }
                Err(error) => {
                    if let Some(left_out) = NOT_ACCEPTED.admit(Instant::now()) {
                        warn!(%error, left_out, "an HTTP connection cannot be accepted");
                    }
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// Accepts the next connection, once there is a descriptor for it: one that makes room for a newer one is told so at once,
/// and keeps its own until its task has had its turn.
async fn next(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, io::Result<(TcpStream, SocketAddr)>) {
    // It is never closed.
    let held = Arc::clone(open).acquire_owned().await.ok();
    (held, listener.accept().await)
}

/// Connections that may wait until they are accepted. The system may allow fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 1_024;
/// Bytes of answers that the system holds for a connection. It takes more once a third of them has left, so the fewer they
/// are, the earlier it is seen that a slow caller goes on reading.
const SEND_BYTES: u32 = 128 * 1024;
/// Connections that may be on their way out besides those that have a place.
const GOING: usize = 16;
/// Lines about connections that cannot be accepted.
static NOT_ACCEPTED: Throttle = Throttle::new();
const AFTER_FAILURE: Duration = Duration::from_millis(250);
