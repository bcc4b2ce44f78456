use std::sync::Arc;
use std::time::Duration;

use stockade_core::ids::Seq;
use stockade_core::log::{Journal, JournalError, Log};
use stockade_server::journal::{Driver, DriverConfig, Health, Inspect, RedisConfig, RedisJournal};

use crate::load::{Load, assert_holds, batch, events, eventually, new_log, of_format_2, replayed};
use crate::redis_server::RedisServer;

const NAME: &str = "t";

pub fn config(redis: &RedisServer, owner: &str) -> RedisConfig {
    RedisConfig { create: true, timeout: Duration::from_millis(500), ..RedisConfig::new(redis.url(), NAME, owner) }
}

fn refusal(config: RedisConfig) -> String {
    match RedisJournal::open(config).map(drop).unwrap_err() {
        JournalError::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// Calls a function of the library by hand.
fn call(redis: &RedisServer, function: &str, args: &[&str]) -> redis::RedisResult<redis::Value> {
    let mut cmd = redis::cmd("FCALL");
    cmd.arg(function).arg(2).arg("stockade:{t}:wal").arg("stockade:{t}:own").arg(args);
    cmd.query(&mut redis.connection())
}

fn field(redis: &RedisServer, name: &str) -> String {
    redis::cmd("HGET").arg("stockade:{t}:own").arg(name).query(&mut redis.connection()).unwrap()
}

fn entries(redis: &RedisServer) -> u64 {
    redis::cmd("XLEN").arg("stockade:{t}:wal").query(&mut redis.connection()).unwrap()
}

#[test]
fn what_was_written_is_there_for_the_next_owner() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    assert!(events(&mut journal).is_empty());
    for event in [&b"one"[..], b"two", b"three"] {
        journal.append(&batch(&log, event)).unwrap();
    }
    journal.close().unwrap();
    let mut next = RedisJournal::open(config(&redis, "b")).unwrap();
    assert_eq!((journal.epoch(), next.epoch()), (1, 2));
    let (recovered, read) = replayed(&mut next, None).unwrap();
    assert_eq!(read.values().collect::<Vec<_>>(), [&b"one"[..], b"two", b"three"]);
    let log = Log::new(recovered.last, recovered.chain);
    next.append(&batch(&log, b"four")).unwrap();
    next.close().unwrap();
    assert_eq!(events(&mut RedisJournal::open(config(&redis, "a")).unwrap()).len(), 4);
}

#[test]
fn only_init_creates_a_partition_and_only_its_own_id_opens_it() {
    let redis = RedisServer::start();
    let plain = RedisConfig { create: false, ..config(&redis, "a") };
    let reason = refusal(plain.clone());
    assert!(reason.contains("stockade init") && reason.contains("restore Redis"), "{reason}");
    assert_eq!(entries(&redis), 0);

    let id = RedisJournal::init(&plain).unwrap();
    let with = |id: &str| RedisConfig { id: Some(id.to_owned()), ..plain.clone() };
    assert_eq!(RedisJournal::init(&with(&id)).unwrap(), id);
    let JournalError::Refused { reason } = RedisJournal::init(&plain).unwrap_err() else { panic!() };
    assert!(reason.contains(&id), "{reason}");
    let reason = refusal(with("0123"));
    assert!(reason.contains(&id) && reason.contains("correct the partition id"), "{reason}");
    RedisJournal::open(with(&id)).unwrap();
}

#[test]
fn a_partition_of_another_format_is_not_called_damaged_and_stays_as_it_was() {
    let redis = RedisServer::start();
    let log = new_log();
    // Starts without an order leave entries before the first batch.
    for _ in 0..9 {
        RedisJournal::open(config(&redis, "a")).unwrap().close().unwrap();
    }
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    for n in 0..3 {
        journal.append(&of_format_2(batch(&log, format!("event {n}").as_bytes()))).unwrap();
    }
    journal.close().unwrap();
    let kept = |command: &str, key: &str| -> redis::Value {
        let mut cmd = redis::cmd(command);
        cmd.arg(key);
        cmd.query(&mut redis.connection()).unwrap()
    };
    let everything = || (kept("DUMP", "stockade:{t}:wal"), kept("HGETALL", "stockade:{t}:own"));
    let before = everything();
    let refused = |has: &str, reads: &str| {
        let error = RedisJournal::open(config(&redis, "b")).map(drop).unwrap_err();
        assert!(matches!(error, JournalError::OtherFormat { .. }), "{error:?}");
        let said = error.to_string();
        let address = redis.url().replace("redis://", "");
        for words in [address.as_str(), "stockade:{t}", has, reads, "unharmed", "journal.partition"] {
            assert!(said.contains(words), "`{words}` is missing in: {said}");
        }
        assert!(!said.contains("damaged") && !said.contains("corrupt"), "{said}");
    };
    refused("journal format 2", "journal format 3");
    assert!(everything() == before, "the partition was changed");

    redis.run(&["DEL", "stockade:{t}:wal", "stockade:{t}:own"]);
    RedisJournal::open(config(&redis, "a")).unwrap().close().unwrap();
    redis.run(&["HSET", "stockade:{t}:own", "f", "7"]);
    let before = everything();
    refused("partition layout 7", "partition layout 1");
    assert!(everything() == before, "the partition was changed");
}

#[test]
fn a_living_owner_is_not_deposed_unless_asked_and_then_stops_at_its_next_write() {
    let redis = RedisServer::start();
    let log = new_log();
    let (one, two) = (batch(&log, b"one"), batch(&log, b"two"));
    let mut old = RedisJournal::open(config(&redis, "old")).unwrap();
    old.append(&one).unwrap();
    let reason = refusal(config(&redis, "new"));
    assert!(reason.contains("`old` holds it for another") && reason.contains("--take-over"), "{reason}");

    let mut new = RedisJournal::open(RedisConfig { take_over: true, ..config(&redis, "new") }).unwrap();
    let JournalError::Deposed { reason } = old.append(&two).unwrap_err() else { panic!() };
    assert!(reason.contains("`new` opened it with epoch 2"), "{reason}");
    assert!(matches!(old.idle(), Err(JournalError::Deposed { .. })));
    assert_eq!(events(&mut new).len(), 1);
    new.append(&two).unwrap();
}

#[test]
fn a_restarted_owner_need_not_wait_for_its_own_heartbeat() {
    let redis = RedisServer::start();
    let first = RedisJournal::open(config(&redis, "same")).unwrap();
    let second = RedisJournal::open(config(&redis, "same")).unwrap();
    assert_eq!((first.epoch(), second.epoch()), (1, 2));
    let short = RedisConfig { hold: Duration::from_millis(50), ..config(&redis, "same") };
    drop(RedisJournal::open(short).unwrap());
    std::thread::sleep(Duration::from_millis(80));
    RedisJournal::open(config(&redis, "another")).unwrap();
}

#[test]
fn of_two_owners_that_write_at_once_exactly_one_goes_on() {
    let redis = RedisServer::start();
    let start = |owner: &str, take_over: bool| {
        let mut journal = RedisJournal::open(RedisConfig { take_over, ..config(&redis, owner) }).unwrap();
        let (recovered, _) = replayed(&mut journal, None).unwrap();
        let log = Arc::new(Log::new(recovered.last, recovered.chain));
        let driver = Driver::start(Arc::clone(&log), Box::new(journal), DriverConfig::default()).unwrap();
        (log, driver)
    };
    let (old_log, old_driver) = start("old", false);
    let old_load = Load::start(&old_log);
    old_load.wait_for(100);

    // The history grows while it is replayed, so the newcomer opens first: from then on the old one writes nothing.
    let (new_log, new_driver) = start("new", true);
    let new_load = Load::start(&new_log);
    new_load.wait_for(100);
    eventually("the old one to stop", || old_driver.status().health == Health::Ended);
    assert!(old_log.halted().unwrap().contains("another engine owns the journal now"));
    assert_eq!(new_driver.status().health, Health::Working);

    let acknowledged = [old_load.stop(), new_load.stop()];
    assert!(old_driver.stop(Duration::from_secs(5)).reason.is_some());
    assert!(new_driver.stop(Duration::from_secs(5)).drained);
    let read = events(&mut RedisJournal::open(config(&redis, "reader")).unwrap());
    acknowledged.iter().for_each(|acknowledged| assert_holds(&read, acknowledged));
}

#[test]
fn opening_again_with_the_same_token_gets_the_first_answer() {
    let redis = RedisServer::start();
    let id = RedisJournal::init(&config(&redis, "a")).unwrap();
    let args = ["token1", "0", "", "0-1", &id, "1", "a", "1000", "0"];
    let first = call(&redis, "stockade_1_open", &args).unwrap();
    assert_eq!(call(&redis, "stockade_1_open", &args).unwrap(), first);
    assert_eq!((entries(&redis), field(&redis, "e")), (2, "1".into()));
    let other = ["token2", "0", "", "0-1", &id, "1", "a", "1000", "0"];
    assert_eq!(call(&redis, "stockade_1_open", &other).unwrap_err().code(), Some("FENCED"));
    let newer = ["token2", "1", "token1", "1-0", &id, "2", "a", "1000", "0"];
    assert_eq!(call(&redis, "stockade_1_open", &newer).unwrap_err().code(), Some("FORMAT"));
}

#[test]
fn a_late_duplicate_of_an_append_changes_nothing() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    let one = batch(&log, b"one");
    journal.append(&one).unwrap();
    let token = field(&redis, "t");
    let late = ["1", &token, "1-0", "1-1", "1000", "late"];
    let error = call(&redis, "stockade_1_append", &late).unwrap_err();
    assert_eq!((error.code(), error.detail()), (Some("GAP"), Some("l=1-1 s=1")));
    journal.append(&batch(&log, b"two")).unwrap();
    assert_eq!(call(&redis, "stockade_1_append", &late).unwrap_err().code(), Some("GAP"));
    assert_eq!(events(&mut RedisJournal::open(config(&redis, "a")).unwrap()).len(), 2);
}

#[test]
fn an_id_of_a_foreign_epoch_or_an_old_sequence_is_not_accepted() {
    let redis = RedisServer::start();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    journal.append(&batch(&new_log(), b"one")).unwrap();
    let token = field(&redis, "t");
    for id in ["9-2", "1-1", "1-0", "2-2", "1-02", "1-x", ""] {
        let error = call(&redis, "stockade_1_append", &["1", &token, "1-1", id, "1000", "x"]).unwrap_err();
        assert_eq!(error.code(), Some("BADID"), "{id}");
    }
    assert_eq!(entries(&redis), 3);
}

#[test]
fn the_same_epoch_with_another_token_is_somebody_else() {
    let redis = RedisServer::start();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    redis.run(&["HSET", "stockade:{t}:own", "t", "somebody", "o", "else"]);
    let error = journal.append(&batch(&new_log(), b"one")).unwrap_err();
    assert!(matches!(&error, JournalError::Deposed { reason } if reason.contains("`else`")), "{error}");
}

#[test]
fn a_redis_that_is_not_fit_is_refused_by_name() {
    let redis = RedisServer::start_with(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let reason = refusal(config(&redis, "a"));
    assert!(reason.contains("allkeys-lru") && reason.contains("noeviction"), "{reason}");
    redis.run(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    redis.run(&["CONFIG", "SET", "appendonly", "no"]);
    let journal = RedisJournal::open(config(&redis, "a")).unwrap();
    assert!(journal.warnings()[0].contains("appendonly yes"), "{:?}", journal.warnings());
    assert!(journal.what_could_be_lost().contains("no append-only file"));
    drop(journal);
    redis.run(&["CONFIG", "SET", "requirepass", "secret"]);
    let reason = refusal(config(&redis, "a"));
    assert!(reason.contains("NOAUTH"), "{reason}");
    let url = redis.url().replace("redis://", "redis://:secret@");
    RedisJournal::open(RedisConfig { url, ..config(&redis, "a") }).unwrap();
}

#[test]
fn a_redis_that_is_away_is_unavailable_not_refused() {
    let mut redis = RedisServer::start();
    redis.kill();
    let error = RedisJournal::open(config(&redis, "a")).map(drop).unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[test]
fn lost_functions_are_loaded_again() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    journal.append(&batch(&log, b"one")).unwrap();
    redis.run(&["FUNCTION", "FLUSH"]);
    journal.append(&batch(&log, b"two")).unwrap();
    redis.run(&["FUNCTION", "FLUSH"]);
    journal.idle().unwrap();
    assert_eq!(events(&mut journal).len(), 2);
    assert_eq!(field(&redis, "s"), Seq(2).to_string());
}

#[test]
fn an_owner_that_waits_opens_once_a_dead_heartbeat_has_run_out_and_never_over_a_living_one() {
    let redis = RedisServer::start();
    let waiting = RedisConfig { wait: true, ..config(&redis, "new") };
    let short = RedisConfig { hold: Duration::from_secs(2), ..config(&redis, "old") };
    let mut old = RedisJournal::open(short).unwrap();
    std::thread::scope(|scope| {
        let refused = scope.spawn(|| refusal(waiting.clone()));
        while !refused.is_finished() {
            old.idle().expect("it is the owner still");
            std::thread::sleep(Duration::from_millis(200));
        }
        let reason = refused.join().unwrap();
        assert!(reason.contains("`old` holds it and is alive") && reason.contains("--take-over"), "{reason}");
    });
    // It dies without giving the ownership up.
    let begun = std::time::Instant::now();
    assert_eq!(RedisJournal::open(waiting).unwrap().epoch(), 2);
    assert!(begun.elapsed() > Duration::from_secs(1));
    assert!(matches!(old.idle(), Err(JournalError::Deposed { .. })));
}

/// Sees the history of an owner who writes another batch whenever it was seen to its end.
struct Onlooker<'a> {
    owner: &'a mut RedisJournal,
    log: &'a Log,
    seen: Vec<Vec<u8>>,
    /// How often the owner still writes.
    writes: u32,
    refuses: bool,
}

impl Inspect for Onlooker<'_> {
    fn add(&mut self, batch: &[u8]) -> Result<(), JournalError> {
        self.seen.push(batch.to_vec());
        Ok(())
    }

    fn end(&mut self) -> Result<(), JournalError> {
        if self.writes > 0 {
            self.writes -= 1;
            self.owner.append(&batch(self.log, b"more")).unwrap();
        } else if self.refuses {
            return Err(JournalError::Refused { reason: "not this one".into() });
        }
        Ok(())
    }
}

#[test]
fn a_history_is_taken_exactly_where_it_was_inspected_however_its_owner_goes_on_meanwhile() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut owner = RedisJournal::open(config(&redis, "old")).unwrap();
    // More than a page of the stream.
    for n in 0..70 {
        owner.append(&batch(&log, format!("event {n}").as_bytes())).unwrap();
    }
    let take_over = RedisConfig { take_over: true, ..config(&redis, "new") };
    let mut onlooker = Onlooker { owner: &mut owner, log: &log, seen: Vec::new(), writes: 3, refuses: true };
    let refused = RedisJournal::open_inspected(take_over.clone(), Some(&mut onlooker)).map(drop).unwrap_err();
    assert!(refused.to_string().contains("not this one"), "{refused}");
    assert_eq!(onlooker.seen.len(), 73);
    owner.idle().expect("it is the owner still");

    let mut onlooker = Onlooker { owner: &mut owner, log: &log, seen: Vec::new(), writes: 3, refuses: false };
    let mut new = RedisJournal::open_inspected(take_over, Some(&mut onlooker)).unwrap();
    let mut read = Vec::new();
    new.replay(&mut |bytes| {
        read.push(bytes.to_vec());
        Ok(())
    })
    .unwrap();
    assert_eq!((onlooker.seen.len(), onlooker.seen == read), (76, true));
    assert!(matches!(owner.idle(), Err(JournalError::Deposed { .. })));
}

#[test]
fn nobody_inspects_the_history_that_a_server_opened_itself() {
    let redis = RedisServer::start();
    let (log, mut owner) = (new_log(), RedisJournal::open(config(&redis, "same")).unwrap());
    owner.append(&batch(&log, b"one")).unwrap();
    let mut onlooker = Onlooker { owner: &mut owner, log: &log, seen: Vec::new(), writes: 0, refuses: true };
    RedisJournal::open_inspected(config(&redis, "same"), Some(&mut onlooker)).unwrap();
    assert!(onlooker.seen.is_empty());
}
