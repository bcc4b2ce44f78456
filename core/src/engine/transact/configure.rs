//! A change of the world, the rules or the catalog: made ready without locks, compared and put in force under all of them,
//! so that no other commit is decided under rules that are on their way out.

use bincode::Encode;

use crate::catalog::{Config, Prepared};
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::Engine;
use crate::engine::transact::admit::{Asked, encoded};
use crate::engine::transact::recall::{answered, recall_movement};
use crate::event::Event;
use crate::limits::REPLANS_MAX;
use crate::log::{Admission, Log};
use crate::orders::KeyShard;
use crate::reject::{Reject, RetryAfter};
use crate::rules::FileError;
use crate::time::Span;

/// When to come back after others changed the same again and again.
const RETRY_AFTER: Span = Span::from_millis(100);

/// A configuration made ready for the world and catalog that were in force when it was.
pub(in crate::engine) struct Ready {
    pub event: Event,
    /// What takes the place of the world or rules in force.
    pub config: Option<Prepared>,
}

impl Engine {
    /// Makes a configuration ready, and commits it if what it was made for is still in force; else tries again.
    pub(in crate::engine) fn configure<C: Encode>(
        &self,
        command: &C,
        asked: Asked<'_>,
        ready: impl Fn(Option<&Config>) -> Result<Ready, Refusal>,
    ) -> Decided {
        let key = asked.key()?;
        let number = KeyShard::of_movement(key);
        let digest = with_scratch(self.work, |scratch| asked.digest(command, &mut scratch.bytes));
        for _ in 0..REPLANS_MAX {
            if let Some(done) = self.door.with_orders(number, |shard| recall_movement(shard, key, digest)) {
                return done;
            }
            let (present, changes) = (self.config.load_full(), self.skus.changes());
            let Ready { event, config } = ready(present.as_deref())?;
            let everything = event.footprint().everything;
            let envelope = asked.envelope(key, digest, asked.now, event);
            let mut bytes = Vec::new();
            encoded(&envelope, &mut bytes)?;
            let room = self.log.reserve(bytes.len(), Admission::Ordinary)?;
            let laid_out = Log::lay_out(&bytes);

            let keys = self.door.lock_orders(&self.log, 0..self.door.order_shards());
            if let Some(done) = recall_movement(keys.orders(number), key, digest) {
                return done;
            }
            let base = present.as_deref().map(Config::version);
            if self.config.load().as_deref().map(Config::version) != base || self.skus.changes() != changes {
                continue;
            }
            let mut locked = keys.lock_stock(0..if everything { self.door.stock_shards() } else { 0 });
            *self.staged.lock() = config;
            let seq = self.commit_laid_out(&mut locked, room, &envelope, laid_out)?;
            let memo = locked.orders(number).movement(key).expect("a committed configuration is remembered");
            return Ok((answered(memo, false), seq));
        }
        Err(Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) }.into())
    }
}

/// The refusal of a file.
pub(in crate::engine) fn bad_file(error: FileError) -> Reject {
    Reject::BadFile { line: error.line, reason: error.reason }
}
