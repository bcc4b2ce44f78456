//! An engine with a journal and its driver, as in a server.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::command::Request;
use stockade_core::engine::Engine;
use stockade_core::ids::Code;
use stockade_core::log::{Journal, MemoryJournal};
use stockade_core::time::Time;
use stockade_core::{Actor, Durability};
use stockade_server::journal::{Apart, Driver, DriverConfig, LocalJournal, RedisConfig, RedisJournal, recover};

use super::options::Load;
use super::world::commands;

/// An engine whose events are being journaled.
pub(super) struct Home {
    pub(super) engine: Arc<Engine>,
    pub(super) best: Durability,
    driver: Driver<Engine>,
    folder: Option<std::path::PathBuf>,
}

impl Home {
    /// Opens the journal, which must be empty, and sets up the world.
    pub(super) fn open(load: &Load, now: Time) -> Result<Home, String> {
        let engine = Arc::new(Engine::new());
        let (mut journal, folder) = journal(load)?;
        let recovered =
            recover(&mut *journal, engine.log(), Apart::default(), |seq, envelope| engine.recover(seq, &envelope))
                .map_err(|error| error.to_string())?;
        if recovered.events > 0 {
            return Err(format!("the journal holds {} events already; the load needs an empty one", recovered.events));
        }
        let best = journal.best();
        let driver = Driver::start(Arc::clone(&engine), journal, DriverConfig::default())
            .map_err(|error| format!("the journal's thread cannot be started: {error}"))?;
        let actor = Actor::Named(Code::new("load").expect("a word is a code"));
        for (key, command) in commands(load) {
            let request = Request { key: Some(key), occurred: None, command };
            let outcome = engine.execute(&request, &actor, now);
            outcome.result.map_err(|reject| format!("the world was refused: {reject}"))?;
        }
        Ok(Home { engine, best, driver, folder })
    }

    /// Journals the remaining events, and removes the files of this run.
    pub(super) fn close(self) -> Result<(), String> {
        let stopped = self.driver.stop(Duration::from_secs(20));
        if let Some(folder) = self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
        if stopped.drained { Ok(()) } else { Err(format!("the journal did not take everything: {stopped:?}")) }
    }
}

type Opened = (Box<dyn Journal>, Option<std::path::PathBuf>);

fn journal(load: &Load) -> Result<Opened, String> {
    match load.journal.as_str() {
        "memory" => Ok((Box::new(MemoryJournal::forgetful()), None)),
        "local" => {
            let folder = std::env::temp_dir().join(format!("stockade-load-{}", std::process::id()));
            std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            let journal = LocalJournal::open(folder.join("journal.redb")).map_err(|error| error.to_string())?;
            Ok((Box::new(journal), Some(folder)))
        }
        url if url.starts_with("redis://") => {
            let partition = format!("load-{}", std::process::id());
            let config = RedisConfig { create: true, ..RedisConfig::new(url, partition, "load") };
            Ok((Box::new(RedisJournal::open(config).map_err(|error| error.to_string())?), None))
        }
        other => Err(format!("--journal {other}: write memory, local or redis://host:port/db")),
    }
}
