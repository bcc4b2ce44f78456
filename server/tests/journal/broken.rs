//! A journal thread that breaks: nobody waits for it in silence.

use std::sync::mpsc;
use std::time::Duration;

use stockade_core::Durability;
use stockade_core::log::{Admission, Journal, JournalError, SealedBatch};
use stockade_server::journal::{Driver, DriverConfig, Health};

use crate::load::new_log;

struct Brittle;

impl Journal for Brittle {
    fn replay(&mut self, _visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        Ok(())
    }
    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        panic!("page {} is torn", batch.last)
    }
    fn kind(&self) -> &'static str {
        "brittle"
    }
    fn best(&self) -> Durability {
        Durability::Journaled
    }
    fn what_could_be_lost(&self) -> String {
        String::new()
    }
}

#[test]
fn a_panic_of_the_journal_thread_ends_the_engine_and_is_told() {
    let log = new_log();
    let (told, reasons) = mpsc::channel();
    let on_end = Box::new(move |reason: &str| told.send(reason.to_owned()).unwrap());
    let config = DriverConfig { on_end, ..DriverConfig::default() };
    let driver = Driver::start(log.clone(), Box::new(Brittle), config).unwrap();
    log.append(log.reserve(1, Admission::Ordinary).unwrap(), b"x").unwrap().applied();
    let reason = reasons.recv_timeout(Duration::from_secs(10)).expect("the end is told");
    assert!(reason.contains("panic") && reason.contains("page 1 is torn"), "{reason}");
    let status = driver.status();
    assert_eq!((status.health, status.last_error), (Health::Ended, Some(reason.clone())));
    assert_eq!(log.halted(), Some(reason.clone()), "no further order is decided");
    let stopped = driver.stop(Duration::from_secs(1));
    assert_eq!((stopped.drained, stopped.reason), (false, Some(reason)));
}
