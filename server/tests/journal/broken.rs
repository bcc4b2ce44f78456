//! A journal thread that breaks: nobody waits for it in silence.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{Admission, Journal, JournalError, Log, SealedBatch};
use stockade_server::journal::{Driver, DriverConfig, EmergencyFile, Health, LocalJournal};

use crate::load::{eventually, new_log, replayed};

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

/// What a journal does from its third event on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Panic,
    Wait,
    GoOn,
}

/// A local journal that works for two events.
struct Short(LocalJournal, Then);

impl Journal for Short {
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        self.0.replay(visit)
    }
    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        match self.1 {
            Then::Panic if batch.last > Seq(2) => panic!("page {} is torn", batch.last),
            Then::Wait if batch.last > Seq(2) => Err(JournalError::Unavailable { reason: "the disk is full".into() }),
            Then::Panic | Then::Wait | Then::GoOn => self.0.append(batch),
        }
    }
    fn kept(&self) -> Vec<SealedBatch> {
        self.0.kept()
    }
    fn kind(&self) -> &'static str {
        "short"
    }
    fn best(&self) -> Durability {
        self.0.best()
    }
    fn what_could_be_lost(&self) -> String {
        String::new()
    }
}

fn append(log: &Log, n: u64) {
    log.append(log.reserve(8, Admission::Ordinary).unwrap(), &n.to_le_bytes()).unwrap().applied();
}

/// Journals two events, appends four more, and brings the end about. Returns the emergency file, if one was written.
fn ended(folder: &Path, then: Then, end: impl FnOnce(&Log)) -> Option<std::path::PathBuf> {
    let (path, emergency) = (folder.join("journal.redb"), folder.join("emergency.stk"));
    let log = new_log();
    let config = DriverConfig { emergency: Some(emergency), ..DriverConfig::default() };
    let journal = Short(LocalJournal::open(path).unwrap(), then);
    let driver = Driver::start(Arc::clone(&log), Box::new(journal), config).unwrap();
    for n in 0..2 {
        append(&log, n);
        eventually("the journal", || driver.status().journaled == Seq(n + 1));
    }
    if then != Then::GoOn {
        // One by one, so that there is a batch in hand and several behind it.
        (2..6).take_while(|_| log.halted().is_none()).for_each(|n| append(&log, n));
        eventually("trouble", || driver.status().last_error.is_some());
    }
    end(&log);
    eventually("the end", || driver.status().health == Health::Ended);
    let stopped = driver.stop(Duration::from_secs(5));
    assert_eq!(stopped.drained, stopped.emergency.is_none());
    assert!(stopped.reason.is_some());
    stopped.emergency
}

/// The next start takes everything in that the file has.
fn brought_back(folder: &Path, file: &Path) -> u64 {
    let saved = EmergencyFile::read(file).unwrap();
    assert_eq!(saved.journaled, Seq(2));
    let mut journal = LocalJournal::open(folder.join("journal.redb")).unwrap();
    let (recovered, read) = replayed(&mut journal, Some(file)).unwrap();
    assert!(read.values().cloned().eq((0..recovered.last.0).map(|n| n.to_le_bytes().to_vec())));
    assert!(!file.exists());
    recovered.restored
}

#[test]
fn a_panic_of_the_journal_thread_saves_what_it_had_in_hand_and_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let file = ended(folder.path(), Then::Panic, |_| ()).expect("a file");
    assert!(brought_back(folder.path(), &file) >= 1);
}

#[test]
fn a_halt_saves_what_was_applied_and_not_journaled() {
    let folder = tempfile::tempdir().unwrap();
    let file = ended(folder.path(), Then::Wait, |log| log.halt("two sums differ".into())).expect("a file");
    assert_eq!(brought_back(folder.path(), &file), 4);
}

#[test]
fn a_halt_with_everything_journaled_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ended(folder.path(), Then::GoOn, |log| log.halt("two sums differ".into())), None);
    let (recovered, _) = replayed(&mut LocalJournal::open(folder.path().join("journal.redb")).unwrap(), None).unwrap();
    assert_eq!(recovered.last, Seq(2));
}

#[test]
fn a_file_whose_event_is_refused_leaves_the_journal_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = ended(folder.path(), Then::Wait, |log| log.halt("two sums differ".into())).expect("a file");
    let mut journal = LocalJournal::open(folder.path().join("journal.redb")).unwrap();
    let apart = stockade_server::journal::Apart { emergency: Some(&file), marked: None };
    let mut visit = |seq, _: &[u8]| match seq {
        Seq(4) => Err(JournalError::Corrupt { reason: "event 4 is refused: no such order".into() }),
        Seq(_) => Ok(()),
    };
    let refused = stockade_server::journal::replay_events(&mut journal, apart, &mut visit).unwrap_err().to_string();
    assert!(refused.contains("emergency.stk") && refused.contains("event 4 is refused"), "{refused}");
    assert!(file.exists());
    assert!(replayed(&mut journal, None).unwrap().0.last < Seq(4), "a refused event is in no history");
}
