//! `serve`: a server in this process.

use std::io::IsTerminal;

use clap::Args;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use super::config::{SettingFlags, unsafe_settings};
use super::output::Output;
use crate::config::{Config, JournalHome, shown};
use crate::failure::Failure;
use crate::serve::{Announcement, Server, Signals};

/// See [`run`].
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingFlags,
    /// Take the history in Redis from a server whose heartbeat has not run out.
    #[arg(long)]
    take_over: bool,
}

/// Serves until SIGTERM or Ctrl-C; a second one ends at once.
pub fn run(args: ServeArgs, out: Output) -> Result<(), Failure> {
    let config = args.settings.load()?;
    start_log(&config);
    let dangers = config.dangers();
    if !config.dev && !dangers.is_empty() {
        return Err(unsafe_settings(&config));
    }
    for danger in &dangers {
        tracing::warn!(setting = danger.key, "only because of --dev: {}", danger.reason);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(async {
        let signals = Signals::listen().map_err(Failure::failed)?;
        let server = Server::start(config.clone(), args.take_over).await?;
        announce(&server.announcement, &config, out);
        server.run(signals).await
    });
    // What still runs then is a connection that was cut off.
    runtime.shutdown_background();
    ended
}

fn start_log(config: &Config) {
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // A subscriber that is there already (in tests that run several servers) stays.
    let _ = if config.log_json { log.json().try_init() } else { log.with_target(false).try_init() };
}

fn announce(here: &Announcement, config: &Config, out: Output) {
    let home = match &config.journal {
        JournalHome::Memory => "memory".to_owned(),
        JournalHome::Local(path) => format!("local, {}", path.display()),
        JournalHome::Redis { url, partition } => format!("{} ({partition})", shown(url)),
    };
    if out.json {
        out.object(&json!({
            "quic": here.quic.to_string(),
            "http": here.http.map(|addr| addr.to_string()),
            "fingerprint": here.fingerprint,
            "journal": home,
            "what_could_be_lost": here.journal.what_could_be_lost,
            "events": here.replayed.events,
            "digest": format!("{:032x}", here.replayed.digest),
            "data_dir": config.data_dir,
        }));
        return;
    }
    out.line(format!("Stockade {} is serving{}", env!("CARGO_PKG_VERSION"), if config.dev { " (--dev)" } else { "" }));
    out.line(format!("  QUIC         {}", here.quic));
    match here.http {
        Some(addr) => out.line(format!("  HTTP         http://{addr}  (/readyz, /metrics, /v1/…)")),
        None => out.line("  HTTP         off"),
    }
    let made = if here.certificate_made { "  (made just now)" } else { "" };
    out.line(format!("  fingerprint  {}{made}", here.fingerprint));
    out.line(format!("  journal      {home}"));
    out.line(format!("  at risk      {}", here.journal.what_could_be_lost));
    let replayed = &here.replayed;
    out.line(match replayed.events {
        0 => "  history      empty".to_owned(),
        events => format!(
            "  history      {events} events replayed in {:.2} s, digest {:032x}",
            replayed.took.as_secs_f64(),
            replayed.digest
        ),
    });
    if here.sample {
        out.line("  sample       a small world with TEE, MUG and LAMP in stock; try in another terminal:");
        out.line("                 stockade place web/1001 TEE:2 MUG --zone CN-33");
    }
}
