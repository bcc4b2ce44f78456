//! A journal file that is not the one it was: removed or replaced under a running process, or damaged in a commit slot.

use std::path::{Path, PathBuf};

use stockade_core::ids::Seq;
use stockade_core::log::{Journal, JournalError, Log};
use stockade_server::journal::LocalJournal;

use crate::load::{batch, events, new_log, replayed};

/// A journal of ten events: its file as a kill leaves it, and as an orderly end does.
pub fn killed_and_closed(folder: &Path) -> [Vec<u8>; 2] {
    let path = folder.join("journal.redb");
    let (log, mut journal) = (new_log(), LocalJournal::open(&path).unwrap());
    for n in 0..10u64 {
        journal.append(&batch(&log, &n.to_le_bytes())).unwrap();
    }
    let killed = std::fs::read(&path).unwrap();
    drop(journal);
    [killed, std::fs::read(&path).unwrap()]
}

fn killed(folder: &Path) -> Vec<u8> {
    let [killed, _] = killed_and_closed(folder);
    killed
}

/// Flips bits, given by byte and bit, one at a time. Returns how many of these files were refused; each of the others must
/// hold everything, and go on.
fn refused_flips(whole: &[u8], bits: impl Iterator<Item = (usize, usize)>) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.redb");
    let mut refused = 0;
    for (at, bit) in bits {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 1 << bit;
        std::fs::write(&path, &damaged).unwrap();
        match LocalJournal::open(&path).and_then(|mut journal| Ok((replayed(&mut journal, None)?.0, journal))) {
            Ok((recovered, mut journal)) => {
                assert_eq!(recovered.last, Seq(10), "byte {at}, bit {bit}: acknowledged events are gone in silence");
                let log = Log::new(recovered.last, recovered.chain);
                journal.append(&batch(&log, b"the next")).unwrap();
                drop(journal);
                assert_eq!(events(&mut LocalJournal::open(&path).unwrap()).len(), 11, "byte {at}, bit {bit}");
            }
            Err(JournalError::Corrupt { reason }) => {
                assert!(reason.contains("damaged.redb") && reason.contains("restore it"), "{at}.{bit}: {reason}");
                assert!(std::fs::read(&path).unwrap() == damaged, "byte {at}, bit {bit}: a refused file was changed");
                refused += 1;
            }
            Err(other) => panic!("byte {at}, bit {bit}: {other}"),
        }
    }
    refused
}

#[test]
fn a_flipped_bit_in_a_commit_slot_is_refused_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // The two slots of the header: 128 bytes each, from byte 64 on.
    assert!(refused_flips(&killed(folder.path()), (64..320).map(|at| (at, at % 8))) >= 43);
}

/// Every bit before the slots. Byte 9 says which slot counts, and no checksum covers it.
fn header() -> impl Iterator<Item = (usize, usize)> {
    (0..64 * 8).map(|bit| (bit / 8, bit % 8))
}

#[test]
fn a_flipped_bit_of_the_header_is_refused_or_loses_nothing_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let [killed, _] = killed_and_closed(folder.path());
    assert!(refused_flips(&killed, header()) >= 72, "the magic number at least is checked");
}

#[test]
fn a_flipped_bit_of_the_header_is_refused_or_loses_nothing_after_an_orderly_end() {
    let folder = tempfile::tempdir().unwrap();
    let [_, closed] = killed_and_closed(folder.path());
    assert!(refused_flips(&closed, header()) >= 72, "the magic number at least is checked");
}

#[test]
fn a_start_after_a_kill_does_not_read_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.redb");
    std::fs::write(&path, killed(folder.path())).unwrap();
    let mut builder = redb::Database::builder();
    builder.set_repair_callback(|_| panic!("the file is repaired as a whole"));
    drop(builder.open(&path).unwrap());
}

fn is_lost(result: Result<(), JournalError>) -> bool {
    matches!(result, Err(JournalError::HistoryLost { .. }))
}

#[test]
fn a_file_removed_or_replaced_under_a_running_process_is_noticed_and_nothing_acknowledged() {
    type Change = fn(&Path, &Path);
    let changes: [Change; 3] = [
        |path, aside| std::fs::rename(path, aside).unwrap(),
        |path, aside| {
            std::fs::rename(path, aside).unwrap();
            std::fs::copy(aside, path).unwrap();
        },
        |path, aside| {
            std::fs::hard_link(path, aside).unwrap();
            std::fs::remove_file(path).unwrap();
        },
    ];
    for change in changes {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside): (PathBuf, PathBuf) = (folder.path().join("journal.redb"), folder.path().join("aside"));
        let (log, mut journal) = (new_log(), LocalJournal::open(&path).unwrap());
        journal.append(&batch(&log, b"one")).unwrap();
        change(&path, &aside);
        let two = batch(&log, b"two");
        for _ in 0..2 {
            assert!(is_lost(journal.idle()));
            assert!(is_lost(journal.append(&two)));
        }
        std::fs::rename(&aside, &path).unwrap();
        journal.append(&two).unwrap();
        assert_eq!(events(&mut journal).len(), 2);
    }
}

#[test]
fn a_journal_keeps_its_identity_and_another_has_another() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| LocalJournal::open(folder.path().join(name)).unwrap();
    let first = open("a.redb").identity();
    assert_eq!(open("a.redb").identity(), first);
    assert_ne!(open("b.redb").identity(), first);
    std::fs::write(folder.path().join("a.redb.unsynced"), "").unwrap();
    assert_eq!(open("a.redb").identity(), first, "written anew");
}

#[cfg(unix)]
#[test]
fn a_link_to_the_journal_stays_a_link_when_it_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("disk.redb"), folder.path().join("journal.redb"));
    let identity = LocalJournal::open(&path).unwrap().identity();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    std::fs::write(folder.path().join("disk.redb.unsynced"), "").unwrap();
    assert_eq!(LocalJournal::open(&link).unwrap().identity(), identity);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(!folder.path().join("disk.redb.unsynced").exists());
}

#[cfg(unix)]
#[test]
fn the_journal_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    drop(LocalJournal::open(&path).unwrap());
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(LocalJournal::open(&path).unwrap());
    assert_eq!(mode(), 0o600);
}
