//! Backups that are damaged: none is taken for a whole one, and the refusal says where it is damaged.

use std::time::Duration;

use stockade_core::ids::Seq;
use stockade_core::log::{Admission, ChainHash, Log};
use stockade_server::journal::{BackupError, BackupReader, BackupWriter, Trail};

use crate::rig::run;
use crate::shop::{local, open, place, serve, stop};

/// A backup of five batches, and where each piece of it begins: the beginning, each batch, the end.
fn sample() -> (Vec<u8>, Vec<usize>) {
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    let mut begins = vec![0];
    let mut bytes = Vec::new();
    let mut backup = BackupWriter::begin(&mut bytes, "0123456789abcdef0123456789abcdef").unwrap();
    let head = 8 + 4 + 4 + 4 + 32 + 4;
    let mut at = head;
    for n in 0..5u8 {
        for _ in 0..=n {
            log.append(log.reserve(9, Admission::Ordinary).unwrap(), &[n; 9]).unwrap().applied();
        }
        let batch = log.next_batch(Duration::ZERO).unwrap();
        backup.add(&batch.bytes).unwrap();
        begins.push(at);
        at += 4 + batch.bytes.len();
    }
    backup.end().unwrap();
    begins.push(at);
    (bytes, begins)
}

fn read(bytes: &[u8]) -> Result<Trail, BackupError> {
    let mut backup = BackupReader::open(bytes)?;
    while backup.next_batch()?.is_some() {}
    assert!(backup.next_batch()?.is_none(), "the end stays the end");
    Ok(backup.trail())
}

#[test]
fn every_byte_of_a_backup_is_checked() {
    let (bytes, _) = sample();
    assert_eq!(read(&bytes).unwrap().last, Seq(15));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(read(&damaged).is_err(), "byte {at}, bit {bit}");
        }
        assert!(read(&bytes[..at]).is_err(), "{at} bytes");
    }
    assert!(read(&[&bytes[..], &[0]].concat()).is_err(), "one byte too many");
}

#[test]
fn a_backup_damaged_at_any_place_is_refused_with_the_place() {
    let (bytes, begins) = sample();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let piece = begins.iter().rposition(|begin| *begin <= at).unwrap();
        match read(&damaged).unwrap_err() {
            BackupError::Damaged { at: named, trail, .. } => {
                // A length that is wrong shows where the bytes that it promises end.
                let ends = begins.get(piece + 1).copied().unwrap_or(bytes.len());
                assert!(named as usize >= begins[piece] && named as usize <= ends, "byte {at}: {named}");
                let whole = piece.saturating_sub(1).min(5) as u64;
                assert_eq!(trail.last.0, whole * (whole + 1) / 2, "byte {at}: what is whole before it");
            }
            BackupError::OtherFormat { found, .. } => {
                assert!((8..12).contains(&at) && found.starts_with("backup format"), "byte {at}: {found}");
            }
            BackupError::Io { error, .. } => panic!("byte {at}: {error}"),
        }
    }
}

#[test]
fn a_damaged_backup_is_not_restored_beyond_its_damage() {
    let server = serve(local());
    open(&server);
    for number in 2..=6 {
        place(&server, number);
    }
    let (_, dir) = stop(server);
    let backup = dir.path().join("shop.stockade");
    run(dir.path(), &["backup", "shop.stockade"]).ended(0);
    let whole = std::fs::read(&backup).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 11) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&backup, damaged).unwrap();
        let refused = run(dir.path(), &["restore", "shop.stockade", "elsewhere"]).ended(5);
        assert!(refused.err.contains("shop.stockade") && refused.err.contains("at byte"), "{at}: {}", refused.err);
        assert!(!dir.path().join("elsewhere/journal.redb").exists());
        assert!(!dir.path().join("elsewhere/journal.redb.new").exists(), "nothing is left");
        run(dir.path(), &["journal", "verify", "--from", "shop.stockade"]).ended(5);
        let Some((_, named)) = refused.err.split_once("`--to-seq ") else { continue };
        let last = named.split('`').next().unwrap();
        let to = format!("up-to-{at}");
        run(dir.path(), &["restore", "shop.stockade", &to, "--to-seq", last, "--verify"]).ended(0);
    }
}
