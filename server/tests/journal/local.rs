use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use stockade_core::ids::Seq;
use stockade_core::log::{ChainHash, Journal, JournalError, Log};
use stockade_server::journal::{Driver, DriverConfig, LocalJournal};

use crate::load::{Load, assert_holds, batch, events, eventually, new_log, of_format_2, replayed};

fn open(path: &Path) -> LocalJournal {
    LocalJournal::open(path).unwrap()
}

fn refusal(path: &Path) -> JournalError {
    LocalJournal::open(path).map(drop).unwrap_err()
}

#[test]
fn what_was_written_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let log = new_log();
    let mut journal = open(&path);
    for event in [&b"one"[..], b"two"] {
        journal.append(&batch(&log, event)).unwrap();
    }
    drop(journal);
    let mut journal = open(&path);
    let (recovered, read) = replayed(&mut journal, None).unwrap();
    assert_eq!(read.values().collect::<Vec<_>>(), [b"one", b"two"]);
    assert_eq!((recovered.batches, recovered.last), (2, Seq(2)));

    let log = Log::new(recovered.last, recovered.chain);
    journal.append(&batch(&log, b"three")).unwrap();
    assert_eq!(events(&mut journal).len(), 3);
}

#[test]
fn everything_acknowledged_under_load_is_there_and_the_end_is_orderly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let log = new_log();
    let driver = Driver::start(Arc::clone(&log), Box::new(open(&path)), DriverConfig::default()).unwrap();
    let load = Load::start(&log);
    load.wait_for(300);
    assert!(driver.status().is_connected());
    let acknowledged = load.stop();
    let last = log.last();
    let stopped = driver.stop(Duration::from_secs(20));
    assert!(stopped.drained && stopped.reason.is_none() && stopped.emergency.is_none(), "{stopped:?}");
    assert_eq!(stopped.journaled, last);
    let read = events(&mut open(&path));
    assert_holds(&read, &acknowledged);
    assert_eq!(read.len() as u64, last.0);
}

#[test]
fn a_second_process_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let _open = open(&path);
    let JournalError::Refused { reason } = refusal(&path) else { panic!("not refused") };
    assert!(reason.contains("another process has") && reason.contains("stop the other"), "{reason}");
}

#[test]
fn an_unusable_path_and_a_newer_layout_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let JournalError::Refused { reason } = refusal(&folder.path().join("none/journal.redb")) else { panic!() };
    assert!(reason.contains("check that the directory exists"), "{reason}");

    let path = folder.path().join("journal.redb");
    drop(open(&path));
    let file = redb::Database::create(&path).unwrap();
    let write = file.begin_write().unwrap();
    write.open_table(redb::TableDefinition::<&str, u64>::new("about")).unwrap().insert("format", 2).unwrap();
    write.commit().unwrap();
    drop(file);
    assert_other_format(&path, "file layout 2", "file layout 1");
}

/// The file is refused as another build's, by its path, and not a byte of it changes.
#[track_caller]
fn assert_other_format(path: &Path, has: &str, reads: &str) {
    let before = std::fs::read(path).unwrap();
    let refused = refusal(path);
    assert!(matches!(refused, JournalError::OtherFormat { .. }), "{refused:?}");
    let said = refused.to_string();
    let place = path.display().to_string();
    for words in [place.as_str(), has, reads, "unharmed", "build that wrote it", "journal.path"] {
        assert!(said.contains(words), "`{words}` is missing in: {said}");
    }
    assert!(!said.contains("damaged") && !said.contains("backup"), "{said}");
    assert!(std::fs::read(path).unwrap() == before, "the file was changed");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "something was written next to it");
}

#[test]
fn a_journal_of_another_format_is_not_called_damaged_and_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut journal = open(&path);
    let log = new_log();
    for n in 0..20 {
        journal.append(&of_format_2(batch(&log, format!("event {n}").as_bytes()))).unwrap();
    }
    // As a kill leaves it: not closed, so that it has to be repaired before it can be read.
    let killed = folder.path().join("killed").join("journal.redb");
    std::fs::create_dir(killed.parent().unwrap()).unwrap();
    std::fs::copy(&path, &killed).unwrap();
    assert_other_format(&killed, "journal format 2", "journal format 3");
    drop(journal);
    std::fs::remove_dir_all(killed.parent().unwrap()).unwrap();
    assert_other_format(&path, "journal format 2", "journal format 3");
}

#[test]
fn a_batch_that_does_not_follow_is_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal.redb"));
    let log = new_log();
    let (one, two, three) = (batch(&log, b"1"), batch(&log, b"2"), batch(&log, b"3"));
    journal.append(&one).unwrap();
    assert!(matches!(journal.append(&three), Err(JournalError::HistoryLost { .. })));
    journal.append(&two).unwrap();
    journal.append(&two).unwrap();
    journal.append(&three).unwrap();
    assert_eq!(events(&mut journal).len(), 3);
}

#[test]
fn a_damaged_batch_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut journal = open(&path);
    let log = new_log();
    let marker = b"the event in the middle, which somebody will damage";
    for event in [&b"first"[..], marker, b"last"] {
        journal.append(&batch(&log, event)).unwrap();
    }
    drop(journal);
    let mut bytes = std::fs::read(&path).unwrap();
    let mut found = 0;
    for at in 0..bytes.len() - marker.len() {
        if bytes[at..].starts_with(marker) {
            bytes[at + 3] ^= 0x20;
            found += 1;
        }
    }
    assert!(found > 0);
    std::fs::write(&path, &bytes).unwrap();
    let damage = match LocalJournal::open(&path) {
        Err(damage) => damage,
        Ok(mut journal) => replayed(&mut journal, None).unwrap_err(),
    };
    let JournalError::Corrupt { reason } = &damage else { panic!("{damage}") };
    assert!(reason.contains("after event 1") || reason.contains("journal.redb"), "{reason}");
}

#[test]
fn a_file_cut_to_nothing_is_not_a_new_history() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.redb");
    std::fs::write(&path, b"").unwrap();
    let refused = refusal(&path);
    assert!(matches!(&refused, JournalError::Corrupt { reason } if reason.contains("is empty")), "{refused}");
    std::fs::remove_file(&path).unwrap();
    open(&path);
}

#[test]
fn a_torn_file_is_refused_or_still_holds_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut journal = open(&path);
    let log = new_log();
    for n in 0..50 {
        journal.append(&batch(&log, format!("event {n} {}", "y".repeat(5_000)).as_bytes())).unwrap();
    }
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for tenths in 0..10 {
        let torn = folder.path().join(format!("torn{tenths}.redb"));
        std::fs::write(&torn, &whole[..whole.len() * tenths / 10]).unwrap();
        let outcome = LocalJournal::open(&torn).and_then(|mut journal| replayed(&mut journal, None));
        match outcome {
            Err(JournalError::Corrupt { .. } | JournalError::Refused { .. }) => refused += 1,
            Err(other) => panic!("{tenths}: {other}"),
            Ok((recovered, _)) => {
                assert_eq!(recovered.last, Seq(50), "{tenths}: it ends there in silence");
                assert_ne!(recovered.chain == ChainHash::GENESIS, recovered.last == Seq(50));
            }
        }
    }
    assert!(refused >= 5, "only {refused} torn files were refused");
}

#[test]
fn a_stop_that_cannot_drain_says_so_and_the_emergency_file_brings_the_rest_back() {
    struct Stuck(LocalJournal);
    impl Journal for Stuck {
        fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
            self.0.replay(visit)
        }
        fn append(&mut self, batch: &stockade_core::log::SealedBatch) -> Result<(), JournalError> {
            if batch.last > Seq(2) {
                return Err(JournalError::Unavailable { reason: "the disk is full".into() });
            }
            self.0.append(batch)
        }
        fn kind(&self) -> &'static str {
            "stuck"
        }
        fn best(&self) -> stockade_core::Durability {
            self.0.best()
        }
        fn what_could_be_lost(&self) -> String {
            String::new()
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (path, emergency) = (folder.path().join("journal.redb"), folder.path().join("emergency.stk"));
    let log = new_log();
    let config = DriverConfig { emergency: Some(emergency.clone()), ..DriverConfig::default() };
    let driver = Driver::start(Arc::clone(&log), Box::new(Stuck(open(&path))), config).unwrap();
    for n in 0..6u64 {
        let event = n.to_le_bytes();
        log.append(log.reserve(8, stockade_core::log::Admission::Ordinary).unwrap(), &event).unwrap().applied();
        eventually("the journal", || driver.status().journaled >= Seq((n + 1).min(2)));
    }
    eventually("trouble", || driver.status().last_error.is_some());
    assert!(driver.status().last_error.unwrap().contains("the disk is full"));
    let stopped = driver.stop(Duration::from_millis(50));
    assert!(!stopped.drained);
    assert_eq!((stopped.journaled, stopped.emergency.as_deref()), (Seq(2), Some(&*emergency)));

    let mut journal = open(&path);
    let (recovered, read) = replayed(&mut journal, Some(&emergency)).unwrap();
    assert_eq!((recovered.last, recovered.restored), (Seq(6), 4));
    assert_eq!(read[&6], 5u64.to_le_bytes());
    assert!(!emergency.exists() && emergency.with_extension("restored").exists());
    assert_eq!(events(&mut journal).len(), 6);

    // The same file again is known; the file of another history is refused.
    std::fs::rename(emergency.with_extension("restored"), &emergency).unwrap();
    assert_eq!(replayed(&mut journal, Some(&emergency)).unwrap().0.restored, 0);
    std::fs::rename(emergency.with_extension("restored"), &emergency).unwrap();
    let mut other = open(&folder.path().join("other.redb"));
    other.append(&batch(&new_log(), b"another history")).unwrap();
    let JournalError::Refused { reason } = replayed(&mut other, Some(&emergency)).unwrap_err() else { panic!() };
    assert!(reason.contains("of another history"), "{reason}");
    assert!(emergency.exists());
}
