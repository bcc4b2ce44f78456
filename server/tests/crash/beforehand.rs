//! Starts that are refused for what the history or their folder holds. That is known before the history is taken from its
//! owner, who goes on.

use std::time::Duration;

use stockade_core::event::Envelope;
use stockade_core::ids::Seq;
use stockade_core::log::{Admission, Batch, ChainHash, Journal, Log, SealedBatch};
use stockade_server::journal::{EmergencyFile, Mark, Preview, RedisConfig, RedisJournal};
use stockade_server::tls::Certificate;

use crate::redis_server::RedisServer;
use crate::rig::Home;
use crate::second::{first, refused_without_harm};

const EMERGENCY: &str = "emergency.stockade";

#[test]
fn a_mark_of_another_journal_is_noticed_before_the_living_server_is_deposed() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let mut living = first(&home);
    let other = Home::redis(&format!("{}/1", redis.url()));
    let mut short = other.serve();
    short.terminate();
    assert_eq!(short.ended().code, Some(0));
    std::fs::copy(home.path().join("partition.id"), other.path().join("partition.id")).unwrap();
    let url = redis.url();
    let flags = ["--take-over", "--journal", &url];
    refused_without_harm(&home, &mut living, &other, &flags, "this server wrote the journal");
}

#[test]
fn a_mark_ahead_is_noticed_before_the_living_server_is_deposed_also_next_to_an_emergency_file() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let mut living = first(&home);
    let batches = batches(&redis.url());
    let second = home.second();
    // The journal covers all of it.
    let file = EmergencyFile { journaled: batches[1].last, batches: batches[..2].to_vec() };
    file.write(&second.path().join(EMERGENCY)).unwrap();
    let last = batches.last().unwrap().last;
    mark(&second, Seq(last.0 + 48), ChainHash([7; 32]));
    for flags in [&["--take-over"][..], &["--take-over", "--accept-lost-events", "1-2"]] {
        refused_without_harm(&home, &mut living, &second, flags, "are missing");
    }
    assert!(second.path().join(EMERGENCY).exists(), "a refused start changes nothing");
}

/// A history whose owner lives in the test, and the folder of a server that is to take it.
struct Owned {
    home: Home,
    owner: RedisJournal,
}

impl Owned {
    /// In the database of this number, with these batches.
    fn new(redis: &RedisServer, database: u32, hold: Duration, batches: &[SealedBatch]) -> Owned {
        let url = format!("{}/{database}", redis.url());
        let home = Home::redis(&url);
        let config = RedisConfig { id: Some(id(&home)), hold, ..RedisConfig::new(url, "main", "the living owner") };
        let mut owner = RedisJournal::open(config).unwrap();
        owner.replay(&mut |_| Ok(())).unwrap();
        for batch in batches {
            owner.append(batch).unwrap();
        }
        Owned { home, owner }
    }

    fn refuses(&mut self, flags: &[&str], code: i32, words: &str) {
        let ended = self.home.try_serve(flags).err().unwrap_or_else(|| panic!("`{words}` is served"));
        assert_eq!(ended.code, Some(code), "{}", ended.log);
        assert!(ended.log.contains(words), "no `{words}` in {}", ended.log);
        self.owner.idle().unwrap_or_else(|error| panic!("`{words}` ended the owner: {error}"));
    }
}

const HOLD: Duration = Duration::from_secs(60);

#[test]
fn whatever_cannot_be_served_is_noticed_before_the_owner_is_deposed() {
    let redis = RedisServer::start();
    let good = {
        let home = Home::redis(&redis.url());
        first(&home).kill();
        batches(&redis.url())
    };
    let last = good.last().unwrap();
    let log = Log::new(last.last, last.chain);
    log.append(log.reserve(3, Admission::Ordinary).unwrap(), b"???").unwrap().applied();
    let no_event = log.next_batch(Duration::ZERO).unwrap();
    let broken = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = no_event.bytes.to_vec();
        change(&mut bytes);
        SealedBatch { bytes: bytes.into(), ..no_event.clone() }
    };
    let other_format = broken(&|bytes| bytes[4] = 2);
    let damaged = broken(&|bytes| *bytes.last_mut().unwrap() ^= 1);
    let cases = [(&no_event, "is refused"), (&other_format, "journal format 2"), (&damaged, "is damaged")];
    for (database, (batch, words)) in (1..).zip(cases) {
        let mut all = good.clone();
        all.push(batch.clone());
        Owned::new(&redis, database, HOLD, &all).refuses(&["--take-over"], 5, words);
    }

    let mut continued = Owned::new(&redis, 4, HOLD, &good);
    let file = EmergencyFile { journaled: last.last, batches: vec![last.clone(), no_event] };
    file.write(&continued.home.path().join(EMERGENCY)).unwrap();
    continued.refuses(&["--take-over"], 5, "cannot be taken in");

    // An owner that was cut off from Redis for longer than its heartbeat lasts comes back and goes on.
    let mut cut_off = Owned::new(&redis, 5, Duration::from_millis(1), &good);
    mark(&cut_off.home, last.last.next(), ChainHash([7; 32]));
    cut_off.refuses(&[], 5, "are missing");
}

#[test]
fn a_mark_that_only_the_emergency_file_reaches_lets_the_history_be_taken_over() {
    let redis = RedisServer::start();
    let good = {
        let home = Home::redis(&redis.url());
        first(&home).kill();
        batches(&redis.url())
    };
    let (last, half) = (good.last().unwrap(), good.len() / 2);
    let owned = Owned::new(&redis, 1, HOLD, &good[..half]);
    let (path, file) =
        (owned.home.path().join(EMERGENCY), EmergencyFile { journaled: last.last, batches: good.clone() });
    file.write(&path).unwrap();
    mark(&owned.home, last.last, last.chain);
    let server = owned.home.try_serve(&["--take-over"]).expect("the file continues the history up to the mark");
    assert_eq!(server.said["events"], last.last.0);
}

#[test]
fn a_certificate_of_another_key_is_noticed_before_the_owner_is_deposed() {
    let redis = RedisServer::start();
    let mut owned = Owned::new(&redis, 0, HOLD, &[]);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, file) in folders.iter().zip(["cert.pem", "key.pem"]) {
        Certificate::read_or_make(folder.path(), &[]).unwrap();
        std::fs::copy(folder.path().join(file), owned.home.path().join(file)).unwrap();
    }
    owned.refuses(&["--take-over"], 2, "the certificate cannot be used");
}

#[test]
fn an_owner_that_goes_on_while_an_emergency_file_continues_its_history_is_not_deposed() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    first(&home).kill();
    let good = batches(&redis.url());
    let (last, half) = (good.last().unwrap().last, good.len() / 2);
    let (path, file) = (home.path().join(EMERGENCY), EmergencyFile { journaled: last, batches: good.clone() });
    let mut preview = Preview::new(Some((&path, &file)), None);
    let carried_out = |_: Seq, _: Envelope| Ok::<(), String>(());
    for batch in &good[..half] {
        preview.add(&batch.bytes, carried_out).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(preview.end(carried_out).unwrap().last, last);
    }
    let refused = preview.add(&good[half].bytes, carried_out).unwrap_err().to_string();
    assert!(refused.contains("the server that owns it went on otherwise"), "{refused}");
}

/// The batches in the first database.
fn batches(url: &str) -> Vec<SealedBatch> {
    let mut batches = Vec::new();
    let read = RedisJournal::read(&RedisConfig::new(url, "main", ""), &mut |bytes| {
        let Batch { first, last, chain, .. } = Batch::decode(bytes).unwrap();
        batches.push(SealedBatch { first, last, chain, bytes: bytes.into() });
        Ok(())
    });
    read.unwrap();
    assert!(batches.len() >= 3, "{} batches", batches.len());
    batches
}

/// Marks that the history of this folder was acknowledged up to an event.
fn mark(home: &Home, event: Seq, chain: ChainHash) {
    Mark { journal: id(home), event, chain }.write(&home.path().join("journal.mark")).unwrap();
}

fn id(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("partition.id")).unwrap().trim().to_owned()
}
