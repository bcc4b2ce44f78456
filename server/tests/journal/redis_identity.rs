//! Whose history a partition in Redis holds: read before anything is written, and never made up.

use stockade_core::log::{Journal, JournalError};
use stockade_server::journal::RedisJournal;

use crate::load::{batch, new_log};
use crate::redis_fencing::config;
use crate::redis_server::RedisServer;

const HASH: &str = "stockade:{t}:own";
const STREAM: &str = "stockade:{t}:wal";

/// A Redis with one batch in its partition, and none of our functions.
fn with_a_history() -> RedisServer {
    let redis = RedisServer::start();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    journal.append(&batch(&new_log(), b"one")).unwrap();
    drop(journal);
    redis.run(&["FUNCTION", "FLUSH"]);
    redis
}

/// Everything that is stored of the partition, and the functions.
fn stored(redis: &RedisServer) -> Vec<redis::Value> {
    let mut connection = redis.connection();
    [&["XRANGE", STREAM, "-", "+"][..], &["HGETALL", HASH], &["FUNCTION", "LIST"]]
        .map(|words| redis::cmd(words[0]).arg(&words[1..]).query(&mut connection).unwrap())
        .into()
}

#[test]
fn a_partition_with_batches_and_no_identity_is_refused_by_name_and_gets_no_other_one() {
    let redis = with_a_history();
    for loss in [&["HDEL", HASH, "u"][..], &["DEL", HASH]] {
        redis.run(loss);
        let before = stored(&redis);
        let refused = [
            RedisJournal::open(config(&redis, "a")).map(drop).unwrap_err(),
            RedisJournal::init(&config(&redis, "a")).map(drop).unwrap_err(),
        ];
        for error in refused {
            let JournalError::Corrupt { reason } = &error else { panic!("{error}") };
            assert!(reason.contains(STREAM) && reason.contains("its identity is gone"), "{reason}");
        }
        assert_eq!(stored(&redis), before, "nothing was written, after {loss:?}");
    }
}

#[test]
fn a_partition_of_another_identity_is_refused_before_anything_is_written() {
    let redis = with_a_history();
    let before = stored(&redis);
    let mut other = config(&redis, "b");
    other.id = Some("0123456789abcdef0123456789abcdef".to_owned());
    let refused = RedisJournal::open(other).map(drop).unwrap_err();
    let JournalError::Refused { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains("it belongs to the partition with id"), "{reason}");
    assert_eq!(stored(&redis), before);
    RedisJournal::open(config(&redis, "a")).unwrap();
}
