//! Looks again and again whether Redis still keeps history as safely as at the start: anybody with access can change its
//! settings while it runs.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use stockade_core::log::JournalError;

use super::check::{self, Keeping};
use super::config::RedisConfig;
use super::link::Link;
use super::successor;
use crate::faults;
use crate::panics::words;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How safely a Redis keeps history at this moment. Followed on a thread and a connection of its own, which end with the
/// last handle.
#[derive(Debug)]
pub struct Safety {
    state: Mutex<State>,
    address: String,
}

#[derive(Debug)]
struct State {
    keeping: Keeping,
    /// Why it must not keep history, while that is so.
    unfit: Option<String>,
    /// What deposed owners noted that this history lacks.
    missing: Vec<String>,
}

impl Safety {
    /// Begins to look.
    ///
    /// # Errors
    /// When the address is unusable, or the system gives no thread.
    pub(super) fn watch(config: &RedisConfig, keeping: Keeping) -> Result<Arc<Safety>, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        let state = Mutex::new(State { keeping, unfit: None, missing: Vec::new() });
        let safety = Arc::new(Safety { state, address: link.address().to_owned() });
        let weak = Arc::downgrade(&safety);
        let thread = std::thread::Builder::new().name("redis-settings".into());
        let spawned = thread.spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| follow(&weak, &mut link)))
                && let Some(safety) = weak.upgrade()
            {
                safety
                    .saw(Err(format!("nobody looks at its settings any more, because of a panic: {}", words(&*panic))));
            }
        });
        spawned.map_err(|error: io::Error| JournalError::Unavailable { reason: error.to_string() })?;
        Ok(safety)
    }

    /// Why this Redis must not keep history at this moment: no new work is to be admitted.
    pub fn unfit(&self) -> Option<String> {
        self.state.lock().unfit.clone()
    }

    /// What an accident could lose, in one sentence for a person.
    pub(super) fn what_could_be_lost(&self) -> String {
        let state = self.state.lock();
        match &state.unfit {
            Some(unfit) => format!("any part of the history, at any time: {unfit}"),
            None => state.keeping.what_could_be_lost(),
        }
    }

    /// Settings that should be changed, one sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.state.lock().keeping.warnings()
    }

    /// What deposed owners noted that this history lacks, one sentence each.
    pub fn missing(&self) -> Vec<String> {
        self.state.lock().missing.clone()
    }

    fn saw_missing(&self, missing: Vec<String>) {
        let mut state = self.state.lock();
        for note in missing.iter().filter(|note| !state.missing.contains(note)) {
            tracing::error!(address = self.address, "{note}");
        }
        state.missing = missing;
    }

    fn saw(&self, found: Result<Keeping, String>) {
        let mut state = self.state.lock();
        match found {
            Ok(keeping) => {
                if state.unfit.take().is_some() {
                    tracing::info!(address = self.address, "Redis keeps history safely again");
                }
                if keeping != state.keeping {
                    let lost = keeping.what_could_be_lost();
                    tracing::warn!(
                        address = self.address,
                        "the settings of Redis changed; what could be lost now: {lost}"
                    );
                    state.keeping = keeping;
                }
            }
            Err(unfit) => {
                if state.unfit.as_ref() != Some(&unfit) {
                    tracing::error!(address = self.address, "Redis became unfit, no new work is taken: {unfit}");
                }
                state.unfit = Some(unfit);
            }
        }
    }
}

fn follow(safety: &Weak<Safety>, link: &mut Link) {
    loop {
        std::thread::sleep(LOOK_EVERY);
        faults::strike("redis-settings");
        if safety.strong_count() == 0 {
            return;
        }
        // A Redis that does not answer or refuses to tell is the business of the journal's own connection.
        if let Ok(found) = check::look(link)
            && let Some(safety) = safety.upgrade()
        {
            safety.saw(found);
        }
        if let Ok(missing) = successor::reported(link)
            && let Some(safety) = safety.upgrade()
        {
            safety.saw_missing(missing.into_list());
        }
    }
}
