//! A change of the world, the rules or the catalog: one at a time, made ready while all other commands go on, and put in
//! force while nobody else has anything locked, so that no commit is decided under rules that are on their way out.

use bincode::Encode;

use crate::catalog::{Config, Prepared};
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::Engine;
use crate::engine::transact::admit::{Asked, encoded};
use crate::engine::transact::recall::{answered, recall_movement};
use crate::event::Event;
use crate::log::{Admission, Log};
use crate::orders::KeyShard;
use crate::reject::Reject;
use crate::rules::FileError;

/// A configuration made ready for the world and catalog that were in force when it was.
pub(in crate::engine) struct Ready {
    pub event: Event,
    /// What takes the place of the world or rules in force.
    pub config: Option<Prepared>,
}

impl Engine {
    /// Makes a configuration ready and commits it. Waits for the one under way: what this one is made for is then in force
    /// until it takes its place, and a repeated command finds the answer of its first attempt.
    pub(in crate::engine) fn configure<C: Encode>(
        &self,
        command: &C,
        asked: Asked<'_>,
        ready: impl FnOnce(Option<&Config>) -> Result<Ready, Refusal>,
    ) -> Decided {
        let key = asked.key()?;
        let used = asked.movement(key);
        let number = KeyShard::of_movement(key);
        let digest = with_scratch(self.work, |scratch| asked.digest(command, &mut scratch.bytes));
        let _in_turn = self.configuring.lock();
        if let Some(done) = self.door.with_orders(number, |shard| recall_movement(shard, &used, digest)) {
            return done;
        }
        // Held until the locks are released: what is replaced may be large, and is not dropped under them.
        let replaced = self.config.load_full();
        let Ready { event, config } = ready(replaced.as_deref())?;
        let envelope = asked.envelope(key, digest, asked.now, event);
        let mut bytes = Vec::new();
        encoded(&envelope, &mut bytes)?;
        let room = self.log.reserve(bytes.len(), Admission::Ordinary)?;
        let laid_out = Log::lay_out(&bytes);

        let keys = self.door.lock_alone(&self.log, [number]);
        // The key may have been used meanwhile, by a command that is no configuration.
        if let Some(done) = recall_movement(keys.orders(number), &used, digest) {
            return done;
        }
        let mut locked = keys.lock_stock(envelope.event.footprint().stock_shards());
        *self.staged.lock() = config;
        let seq = self.commit_laid_out(&mut locked, room, &envelope, laid_out)?;
        let memo = locked.orders(number).movement(&used).expect("a committed configuration is remembered");
        Ok((answered(memo, false), seq))
    }
}

/// The refusal of a file.
pub(in crate::engine) fn bad_file(error: FileError) -> Reject {
    Reject::BadFile { line: error.line, reason: error.reason }
}
