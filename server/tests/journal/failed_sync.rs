//! A sync fails: nothing that is read back afterwards is believed, and after a power cut everything acknowledged is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{Journal, JournalError, Log, SealedBatch};
use stockade_server::journal::{Driver, DriverConfig, EmergencyFile, Health, LocalJournal};

use crate::forgetful_disk::ForgetfulDisk;
use crate::load::{Acknowledged, Load, assert_holds, batch, events, eventually, new_log, replayed};

/// A journal on a disk that fails, and what the journal acknowledged.
struct Rig {
    folder: tempfile::TempDir,
    disk: ForgetfulDisk,
    log: Arc<Log>,
    acknowledged: Acknowledged,
}

impl Rig {
    fn new() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        Rig { folder, disk: ForgetfulDisk::default(), log: new_log(), acknowledged: Acknowledged::new() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.redb")
    }

    fn note(&self) -> PathBuf {
        self.folder.path().join("journal.redb.unsynced")
    }

    fn open(&self) -> LocalJournal {
        LocalJournal::open_on(self.path(), self.disk.layer()).unwrap()
    }

    /// Appends until it is acknowledged; returns the errors that came before.
    fn append(&mut self, journal: &mut LocalJournal, text: &str) -> Vec<JournalError> {
        let batch = batch(&self.log, text.as_bytes());
        let mut errors = Vec::new();
        eventually("the acknowledgement", || match journal.append(&batch) {
            Ok(()) => true,
            Err(error) => {
                errors.push(error);
                false
            }
        });
        self.acknowledged.insert(batch.last.0, text.into());
        errors
    }

    /// Everything acknowledged is in the file as a power cut leaves it.
    #[track_caller]
    fn holds_after_a_power_cut(&self) {
        let after = self.folder.path().join("after.redb");
        self.disk.after_power_cut(&self.path(), &after);
        let mut journal = LocalJournal::open(&after).unwrap();
        assert_holds(&events(&mut journal), &self.acknowledged);
        drop(journal);
        std::fs::remove_file(after).unwrap();
    }
}

fn is_sync_failure(error: &JournalError) -> bool {
    matches!(error, JournalError::SyncFailed { .. })
}

/// One for the pages, and one for the slot that points to them; a file that grows is synced once more.
#[test]
fn a_batch_costs_two_syncs_and_an_idle_journal_none() {
    let mut rig = Rig::new();
    let mut journal = rig.open();
    rig.append(&mut journal, "the first");
    let before = rig.disk.syncs();
    for n in 0..50 {
        rig.append(&mut journal, &format!("event {n} {}", "x".repeat(n * 100)));
    }
    let syncs = rig.disk.syncs() - before;
    assert!((2 * 50..=2 * 50 + 2).contains(&syncs), "{syncs} for 50 batches");
    let before = rig.disk.syncs();
    journal.idle().unwrap();
    assert_eq!(rig.disk.syncs(), before);
}

#[test]
fn a_failed_sync_is_not_believed_on_the_second_try() {
    // A commit syncs several times; the copy after it as well.
    for (good, bad) in [(0, 1), (1, 1), (2, 1), (0, 2), (0, 3), (1, 4), (0, 9)] {
        let mut rig = Rig::new();
        let mut journal = rig.open();
        for n in 0..20 {
            rig.append(&mut journal, &format!("before {n} {}", "x".repeat(n * 300)));
        }
        rig.disk.fail_after(good, bad);
        let mut errors = Vec::new();
        for n in 0..4 {
            errors.extend(rig.append(&mut journal, &format!("meanwhile {n}")));
            rig.holds_after_a_power_cut();
        }
        assert!(!errors.is_empty(), "{good} good, {bad} bad: no sync failed");
        assert!(errors.iter().all(is_sync_failure), "{errors:?}");
        for n in 0..20 {
            rig.append(&mut journal, &format!("after {n} {}", "y".repeat(n * 300)));
            rig.holds_after_a_power_cut();
        }
        assert_eq!(events(&mut journal), rig.acknowledged);
        assert!(!rig.note().exists() && !rig.folder.path().join("journal.redb.new").exists());
    }
}

#[test]
fn the_file_of_a_process_that_ended_after_a_failed_sync_is_written_anew() {
    let mut rig = Rig::new();
    let mut journal = rig.open();
    for n in 0..10 {
        rig.append(&mut journal, &format!("before {n}"));
    }
    for good in 0..2 {
        rig.disk.fail_after(good, 1);
        let lost = batch(&rig.log, b"never acknowledged");
        assert!(is_sync_failure(&journal.append(&lost).unwrap_err()));
        drop(journal);
        assert!(rig.note().exists());
        journal = rig.open();
        assert!(!rig.note().exists());
        let (recovered, _) = replayed(&mut journal, None).unwrap();
        rig.log = Arc::new(Log::new(recovered.last, recovered.chain));
        for n in 0..10 {
            rig.append(&mut journal, &format!("after {n}"));
            rig.holds_after_a_power_cut();
        }
    }
}

#[test]
fn a_sync_that_fails_when_the_file_is_closed_or_opened_is_not_believed_either() {
    let mut rig = Rig::new();
    let mut journal = rig.open();
    rig.append(&mut journal, "one");
    rig.disk.fail_after(0, 1);
    drop(journal);
    assert!(rig.note().exists(), "closing syncs as well");
    drop(rig.open());
    assert!(!rig.note().exists());

    let mut failed = 0;
    for good in 0..8 {
        rig.disk.fail_after(good, 1);
        failed += u32::from(LocalJournal::open_on(rig.path(), rig.disk.layer()).map(drop).is_err());
        rig.disk.heal();
        let mut journal = rig.open();
        let (recovered, _) = replayed(&mut journal, None).unwrap();
        rig.log = Arc::new(Log::new(recovered.last, recovered.chain));
        rig.append(&mut journal, &format!("opened {good}"));
        rig.holds_after_a_power_cut();
    }
    assert!(failed > 0);
}

#[test]
fn a_full_disk_on_which_no_sync_failed_needs_room_for_the_next_batch_only() {
    let mut rig = Rig::new();
    let mut journal = rig.open();
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
    let before = inode(&rig.path());
    for n in 0..10 {
        rig.append(&mut journal, &format!("before {n}"));
        rig.disk.fill(true);
        let next = batch(&rig.log, b"next");
        for _ in 0..2 {
            assert!(matches!(
                journal.append(&next),
                Err(JournalError::Unavailable { .. } | JournalError::Refused { .. })
            ));
        }
        rig.disk.fill(false);
        journal.append(&next).unwrap();
        rig.acknowledged.insert(next.last.0, b"next".to_vec());
        rig.holds_after_a_power_cut();
    }
    assert_eq!(inode(&rig.path()), before, "it was written anew");
}

#[test]
fn a_file_that_cannot_be_read_any_more_is_written_anew_from_memory() {
    let mut rig = Rig::new();
    let mut journal = rig.open();
    for n in 0..10 {
        rig.append(&mut journal, &format!("before {n}"));
    }
    rig.disk.fail_after(0, 1);
    let next = batch(&rig.log, b"next");
    assert!(is_sync_failure(&journal.append(&next).unwrap_err()));
    std::fs::write(rig.path(), vec![0xA5; 100_000]).unwrap();
    journal.append(&next).unwrap();
    rig.acknowledged.insert(next.last.0, b"next".to_vec());
    rig.holds_after_a_power_cut();
}

#[test]
fn nothing_is_acknowledged_from_a_failed_sync_to_the_fresh_copy_and_memory_is_on_disk() {
    let rig = Rig::new();
    let emergency = rig.folder.path().join("emergency.stk");
    let config = DriverConfig { emergency: Some(emergency.clone()), ..DriverConfig::default() };
    let driver = Driver::start(Arc::clone(&rig.log), Box::new(rig.open()), config).unwrap();
    let load = Load::start(&rig.log);
    load.wait_for(100);
    rig.disk.fail_after(0, u32::MAX);
    eventually("the failure to be seen", || driver.status().health == Health::SyncFailed);
    let status = driver.status();
    assert!(status.last_error.unwrap().contains("a sync failed"));
    let (kept, acknowledged) =
        (EmergencyFile::read(&emergency).unwrap(), rig.log.gate().watermark(Durability::Journaled));
    assert_eq!(kept.journaled, acknowledged);
    assert_eq!(kept.batches.last().map(|batch| batch.last), Some(acknowledged));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(rig.log.gate().watermark(Durability::Journaled), acknowledged);
    rig.disk.heal();
    eventually("the fresh copy", || driver.status().is_connected());
    load.wait_for(100);
    let acknowledged = load.stop();
    let last = rig.log.last();
    let stopped = driver.stop(Duration::from_secs(20));
    assert!(stopped.drained, "{stopped:?}");
    let after = rig.folder.path().join("after.redb");
    rig.disk.after_power_cut(&rig.path(), &after);
    let (recovered, read) = replayed(&mut LocalJournal::open(&after).unwrap(), Some(&emergency)).unwrap();
    assert_holds(&read, &acknowledged);
    assert_eq!(recovered.last, last);
}

#[test]
fn a_disk_that_does_not_heal_leaves_everything_in_the_emergency_file() {
    let rig = Rig::new();
    let emergency = rig.folder.path().join("emergency.stk");
    let config = DriverConfig { emergency: Some(emergency.clone()), ..DriverConfig::default() };
    let driver = Driver::start(Arc::clone(&rig.log), Box::new(rig.open()), config).unwrap();
    let load = Load::start(&rig.log);
    load.wait_for(50);
    rig.disk.fail_after(0, u32::MAX);
    eventually("the failure to be seen", || driver.status().health == Health::SyncFailed);
    let acknowledged = load.stop();
    let last = rig.log.last();
    let stopped = driver.stop(Duration::from_millis(50));
    assert!(!stopped.drained && stopped.emergency.as_ref() == Some(&emergency), "{stopped:?}");
    let batches: Vec<SealedBatch> = EmergencyFile::read(&emergency).unwrap().batches;
    assert_eq!((batches[0].first, batches.last().unwrap().last), (Seq(1), last));
    // As a power cut leaves it, and as the system still shows it.
    rig.disk.heal();
    let after = rig.folder.path().join("after.redb");
    rig.disk.after_power_cut(&rig.path(), &after);
    let copy = rig.folder.path().join("copy.stk");
    std::fs::copy(&emergency, &copy).unwrap();
    for (mut journal, emergency) in [(LocalJournal::open(&after).unwrap(), &copy), (rig.open(), &emergency)] {
        let (recovered, read) = replayed(&mut journal, Some(emergency)).unwrap();
        assert_holds(&read, &acknowledged);
        assert_eq!(recovered.last, last);
    }
}
