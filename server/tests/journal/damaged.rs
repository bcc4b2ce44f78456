//! A journal file that is cut short or has flipped bytes, and a database that panics on it: an error that names the file and
//! says what to do, and never a panic, another build's format, or silence.

use std::path::Path;

use stockade_core::ids::Seq;
use stockade_core::log::{Journal, JournalError, Log};
use stockade_server::journal::LocalJournal;

use crate::forgetful_disk::ForgetfulDisk;
use crate::load::{batch, events, new_log, replayed};
use crate::went_back::killed_and_closed;

#[test]
fn a_file_that_is_cut_short_is_named_with_the_advice_to_restore_it_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.redb");
    for whole in killed_and_closed(folder.path()) {
        for len in [0, 1, 100, 300, 4_095, 4_096, 8_192, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
            std::fs::write(&path, &whole[..len]).unwrap();
            let refused = LocalJournal::open(&path).map(drop).unwrap_err();
            let JournalError::Corrupt { reason } = &refused else { panic!("cut to {len}: {refused}") };
            assert!(
                reason.contains("cut.redb") && reason.contains("restore it from a backup"),
                "cut to {len}: {reason}"
            );
            assert!(std::fs::read(&path).unwrap() == whole[..len], "cut to {len}: the file was changed");
        }
    }
}

/// What a journal of ten events says after one bit was flipped; nothing, when it holds everything and goes on.
fn said_of(damaged: &[u8], path: &Path) -> Option<JournalError> {
    std::fs::write(path, damaged).unwrap();
    let mut journal = match LocalJournal::open(path) {
        Ok(journal) => journal,
        Err(error) => {
            assert!(std::fs::read(path).unwrap() == damaged, "a refused file was changed: {error}");
            return Some(error);
        }
    };
    let (recovered, _) = match replayed(&mut journal, None) {
        Ok(replayed) => replayed,
        Err(error) => return Some(error),
    };
    assert_eq!(recovered.last, Seq(10), "acknowledged events are gone in silence");
    if let Err(error) = journal.append(&batch(&Log::new(recovered.last, recovered.chain), b"the next")) {
        return Some(error);
    }
    drop(journal);
    match LocalJournal::open(path) {
        Ok(mut journal) => {
            assert_eq!(events(&mut journal).len(), 11);
            None
        }
        Err(error) => Some(error),
    }
}

#[test]
fn a_flipped_bit_anywhere_is_damage_and_never_another_build_s_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.redb");
    for whole in killed_and_closed(folder.path()) {
        let spread = (0..whole.len()).step_by(whole.len() / 40);
        // Most of the file is empty.
        let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
        let mut refused = 0;
        for at in spread.chain(used.iter().copied().step_by(used.len() / 60)) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            let Some(error) = said_of(&damaged, &path) else { continue };
            let JournalError::Corrupt { reason } = &error else { panic!("byte {at}: {error}") };
            assert!(reason.contains("flipped.redb") && reason.contains("restore it"), "byte {at}: {reason}");
            refused += 1;
        }
        assert!(refused > 0, "what is read is checked");
    }
}

#[test]
fn a_panic_of_the_database_is_an_error_that_names_the_file_wherever_it_comes() {
    let (mut calls, mut panics) = (0, 0);
    loop {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("torn.redb");
        let disk = ForgetfulDisk::default();
        let log = new_log();
        let mut journal = LocalJournal::open_on(&path, disk.layer()).unwrap();
        let mut batches: Vec<_> = (0..6u64).map(|n| batch(&log, &n.to_le_bytes())).collect();
        let rest = batches.split_off(3);
        batches.iter().for_each(|batch| journal.append(batch).unwrap());
        drop(journal);

        disk.panic_after(calls);
        let mut said = Vec::new();
        let opened = LocalJournal::open_on(&path, disk.layer());
        let mut journal = opened.unwrap_or_else(|error| {
            said.push(error);
            LocalJournal::open_on(&path, disk.layer()).unwrap()
        });
        let history = journal.history().unwrap();
        for batch in &rest {
            while let Err(error) = journal.append(batch) {
                said.push(error);
            }
            said.extend(history.batch(batch.first).err());
        }
        said.extend(replayed(&mut journal, None).err());
        drop((journal, history));
        for error in &said {
            assert!(error.to_string().contains("torn.redb"), "call {calls}: {error}");
        }
        assert_eq!(events(&mut LocalJournal::open(&path).unwrap()).len(), 6, "call {calls}");
        if disk.calm() {
            assert!(panics > 20, "{panics}");
            return;
        }
        panics += said.len();
        calls += 1;
    }
}

#[test]
fn a_damaged_number_of_the_layout_is_damage_and_no_other_build() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.redb");
    let (log, mut journal) = (new_log(), LocalJournal::open(&path).unwrap());
    journal.append(&batch(&log, b"one")).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    // The key `format` and the numbers in its page.
    let places: Vec<usize> = (0..whole.len() - 6).filter(|at| &whole[*at..at + 6] == b"format").collect();
    assert!(!places.is_empty());
    for place in places {
        let page = place / 4_096 * 4_096;
        for at in (page..page + 48).chain(place..place + 32).filter(|at| whole[*at] != 0) {
            let mut damaged = whole.clone();
            damaged[at] ^= 2;
            std::fs::write(&path, &damaged).unwrap();
            match LocalJournal::open(&path) {
                Ok(mut journal) => {
                    let (recovered, _) = replayed(&mut journal, None).unwrap();
                    assert_eq!(recovered.last, Seq(1), "byte {at}");
                    journal.append(&batch(&Log::new(recovered.last, recovered.chain), b"two")).unwrap();
                }
                Err(JournalError::Corrupt { reason }) => assert!(reason.contains("restore it"), "byte {at}: {reason}"),
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }
}

/// The first bytes of a page say what it is and how much is in it, and those behind them where that is: the database believes
/// them. All bits of the first, and one of each that follows.
fn head_bits(page: usize) -> impl Iterator<Item = (usize, usize)> {
    let first = (page..page + 4).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    first.chain((page + 4..page + 32).map(|at| (at, at % 8)))
}

/// Runs this test in a process of its own, which ends without the harness: at its end that waits for the hook of panics, which
/// a thread that was stopped at its second panic holds for good.
#[test]
fn a_flipped_bit_in_the_head_of_any_page_is_damage_and_never_the_end_of_the_process() {
    if std::env::var_os("FLIPS_HEADS").is_some() {
        let done = std::panic::catch_unwind(flip_heads);
        std::process::exit(i32::from(done.is_err()));
    }
    let name = "damaged::a_flipped_bit_in_the_head_of_any_page_is_damage_and_never_the_end_of_the_process";
    let mut own = std::process::Command::new(std::env::current_exe().unwrap());
    let own = own.args(["--exact", name, "--nocapture"]).env("FLIPS_HEADS", "1").output().unwrap();
    assert!(own.status.success(), "{}: {}", own.status, String::from_utf8_lossy(&own.stderr));
}

fn flip_heads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headed.redb");
    let (mut refused, mut twice) = (0, 0);
    for whole in killed_and_closed(folder.path()) {
        let pages = (4_096..whole.len()).step_by(4_096);
        for (at, bit) in pages.filter(|page| whole[*page..page + 32].iter().any(|byte| *byte != 0)).flat_map(head_bits)
        {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            let Some(error) = said_of(&damaged, &path) else { continue };
            let JournalError::Corrupt { reason } = &error else { panic!("byte {at}, bit {bit}: {error}") };
            assert!(reason.contains("headed.redb") && reason.contains("restore it"), "{at}.{bit}: {reason}");
            refused += 1;
            twice += usize::from(reason.contains("on the way out of that"));
        }
    }
    assert!(refused > 50 && twice > 0, "{refused} refused, {twice} of them after a second panic");
}

#[test]
fn a_file_without_an_identity_is_refused_by_name_and_gets_no_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nameless.redb");
    let (log, mut journal) = (new_log(), LocalJournal::open(&path).unwrap());
    let identity = journal.identity();
    drop(journal);
    assert_eq!(LocalJournal::open(&path).unwrap().identity(), identity);
    journal = LocalJournal::open(&path).unwrap();
    journal.append(&batch(&log, b"one")).unwrap();
    drop(journal);
    for half in ["id_high", "id_low"] {
        let file = redb::Database::create(&path).unwrap();
        let write = file.begin_write().unwrap();
        let about = redb::TableDefinition::<&str, u64>::new("about");
        write.open_table(about).unwrap().remove(half).unwrap();
        write.commit().unwrap();
        drop(file);
        let before = std::fs::read(&path).unwrap();
        let refused = LocalJournal::open(&path).map(drop).unwrap_err();
        let JournalError::Corrupt { reason } = &refused else { panic!("{refused}") };
        assert!(reason.contains("nameless.redb") && reason.contains("its identity is gone"), "{reason}");
        assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
    }
}
