//! A history that is cut within one of its batches.

use std::time::Duration;

use serde_json::Value;
use stockade_core::ids::Seq;
use stockade_core::log::{Admission, ChainHash, Journal, Log};
use stockade_server::journal::{BackupWriter, LocalJournal, Trail};

use crate::rig::run;

/// A backup of three batches, of four events each, that mean nothing.
fn batches_of_four() -> Vec<u8> {
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    let mut bytes = Vec::new();
    let mut backup = BackupWriter::begin(&mut bytes, "0123456789abcdef0123456789abcdef").unwrap();
    for n in 0..12u8 {
        log.append(log.reserve(9, Admission::Ordinary).unwrap(), &[n; 9]).unwrap().applied();
        if n % 4 == 3 {
            backup.add(&log.next_batch(Duration::ZERO).unwrap().bytes).unwrap();
        }
    }
    backup.end().unwrap();
    bytes
}

#[test]
fn a_cut_within_a_batch_is_a_history_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("b.stockade"), batches_of_four()).unwrap();
    let mut chains = Vec::new();
    for last in 1..=12u64 {
        let to = format!("to-{last}");
        run(dir.path(), &["restore", "b.stockade", &to, "--to-seq", &last.to_string()]).ended(0);
        let path = dir.path().join(&to).join("journal.redb");
        let mut journal = LocalJournal::open(&path).unwrap();
        let (mut trail, mut events) = (Trail::default(), Vec::new());
        journal
            .replay(&mut |bytes| {
                let batch = trail.follow(bytes)?;
                events.extend(batch.events().map(|(_, event)| event[0]));
                Ok(())
            })
            .unwrap();
        assert_eq!(trail.last, Seq(last));
        assert_eq!(events, (0..last as u8).collect::<Vec<_>>());
        // It goes on from there, with its own hash.
        let log = Log::new(trail.last, trail.chain);
        log.append(log.reserve(9, Admission::Ordinary).unwrap(), &[77; 9]).unwrap().applied();
        journal.append(&log.next_batch(Duration::ZERO).unwrap()).unwrap();
        drop(journal);
        let there = run(dir.path(), &["journal", "inspect", "--json", "--data-dir", &to]);
        if let Ok(body) = serde_json::from_str::<Value>(&there.out) {
            assert_eq!(body["last"], last + 1);
        }
        chains.push(trail.chain);
    }
    chains.dedup();
    assert_eq!(chains.len(), 12, "each cut has a hash of its own");
}
