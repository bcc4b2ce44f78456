//! `serve`: a server in this process.

use clap::Args;

use super::config::{SettingFlags, unsafe_settings};
use crate::failure::Failure;
use crate::journal::LostEvents;
use crate::print;
use crate::serve::{Allowed, Server, Signals};
use crate::terminal::Output;
use crate::{faults, logging, panics};

/// See [`run`].
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingFlags,
    /// Take the history in Redis from a server whose heartbeat has not run out.
    #[arg(long)]
    take_over: bool,
    /// Serve a journal that lost acknowledged events: exactly these, as the refusal names them. Order ids and event numbers
    /// are then given out again, and clients must check what they were answered.
    #[arg(long, value_name = "FIRST-LAST")]
    accept_lost_events: Option<LostEvents>,
}

/// Serves until SIGTERM or Ctrl-C; a second one ends at once.
pub fn run(args: ServeArgs, out: Output) -> Result<(), Failure> {
    let config = args.settings.load()?;
    let _written = logging::start(&config.log_filter, config.log_json).map_err(Failure::failed)?;
    panics::report();
    faults::watch();
    let dangers = config.dangers();
    if !config.dev && !dangers.is_empty() {
        return Err(unsafe_settings(&config));
    }
    if config.http.is_some() && config.http_behind_tls && config.trusted_proxies.is_empty() {
        tracing::warn!(
            "listen.http_behind_tls is true and listen.http_trusted_proxies names no proxy: all callers behind one share \
             the limits of its address"
        );
    }
    for danger in &dangers {
        tracing::warn!(setting = danger.key, "only because of --dev: {}", danger.reason);
    }
    let allowed = Allowed { take_over: args.take_over, lost_events: args.accept_lost_events };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(Failure::failed)?;
        let server = tokio::select! {
            server = Server::start(config.clone(), allowed) => server?,
            signal = signals.next() => {
                // Nobody was served, and a start can be cut off anywhere, as by a crash.
                tracing::info!(signal, "ended before the history was taken up");
                return Ok(());
            }
        };
        print::serving(&server.announcement, &config, out);
        server.run(signals).await
    });
    // What still runs then is a connection that was cut off.
    runtime.shutdown_background();
    ended
}
