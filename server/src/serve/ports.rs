//! The ports, taken before the journal is opened: a server that cannot be reached must not take a history from one that
//! can.

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::edge::{HttpLimits, Progress, listen, serve_starting};
use crate::failure::Failure;
use crate::quic::Listener;

/// How long a probe's connection may delay the end of a start.
const FAREWELL: Duration = Duration::from_secs(1);

/// The ports that the settings name.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) quic: UdpSocket,
    pub(super) http: Option<TcpListener>,
    pub(super) http_limits: HttpLimits,
}

/// Answers probes during the start.
#[derive(Debug)]
pub(super) struct Starting {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Ports {
    /// Takes the ports. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub(super) fn take(config: &Config) -> Result<Ports, Failure> {
        let quic = Listener::bind(config.quic).map_err(Failure::failed)?;
        let bind = |addr| -> Result<TcpListener, Failure> {
            listen(addr)
                .and_then(|listener| listener.into_std())
                .map_err(|error| Failure::failed(format!("cannot listen on {addr} (HTTP): {error}")))
        };
        let http = config.http.map(bind).transpose()?;
        Ok(Ports { quic, http, http_limits: http_limits(config) })
    }

    /// Begins to answer probes with how far the start is. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn answer_probes(&self, progress: &Arc<Progress>) -> Result<Option<Starting>, Failure> {
        let Some(http) = &self.http else { return Ok(None) };
        let listener = http.try_clone().and_then(tokio::net::TcpListener::from_std).map_err(Failure::failed)?;
        let (stop, mut stopping) = watch::channel(false);
        let stopped = async move {
            // A dropped sender means the same.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let task = tokio::spawn(serve_starting(listener, Arc::clone(progress), self.http_limits.clone(), stopped));
        Ok(Some(Starting { stop, task }))
    }
}

fn http_limits(config: &Config) -> HttpLimits {
    let ordinary = HttpLimits::default();
    let known_of_token = config.of_token(ordinary.known);
    HttpLimits { known_of_token, trusted_proxies: config.trusted_proxies.clone(), ..ordinary }
}

impl Starting {
    /// Ends, so that the port is free for the server itself. Who connects in between waits.
    pub(super) async fn end(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(FAREWELL, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
