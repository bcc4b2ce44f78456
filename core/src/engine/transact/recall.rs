//! Idempotency: what was answered under a key before.

use crate::engine::outcome::{Decided, Refusal};
use crate::ids::{Code, Seq};
use crate::orders::{Answer, Change, KeyShard, Memo, MovementKey, Order};
use crate::reject::Reject;
use crate::reply::{Changed, Configured, Moved, Reply};

/// The answer to a movement key that the same caller used before.
pub(in crate::engine) fn recall_movement(shard: &KeyShard, used: &MovementKey, digest: u128) -> Option<Decided> {
    let memo = shard.movement(used)?;
    Some(match memo.digest == digest {
        false => Err(Refusal::seen(conflict(&used.key, memo.seq), memo.seq)),
        true => Ok((answered(memo, true), memo.seq)),
    })
}

/// The answer to a later command on an order, as it was remembered, with the order as it stands.
pub(in crate::engine) fn changed(order: &Order, memo: &Memo<Change>, replayed: bool) -> Reply {
    let stages = order.subs.iter().map(|sub| sub.stage).collect();
    let (seq, change, present) = (memo.seq, memo.answer.clone(), order.state);
    Reply::Changed(Box::new(Changed { order: order.id, seq, change, present, stages, replayed }))
}

/// The answer to a command on stock or configuration, as it was remembered.
pub(in crate::engine) fn answered(memo: &Memo<Answer>, replayed: bool) -> Reply {
    let seq = memo.seq;
    match memo.answer {
        Answer::Moved { units, short } => Reply::Moved(Moved { seq, units, short, replayed }),
        Answer::Configured(rules_version) => Reply::Configured(Configured { seq, rules_version, replayed }),
    }
}

/// The refusal of a key that was used for something else.
pub(in crate::engine) fn conflict(key: &Code, seq: Seq) -> Reject {
    Reject::Conflict { reason: format!("key {key} was used by event {seq}") }
}
