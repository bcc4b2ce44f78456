//! A change to stock: recalled, decided and committed under the locks of its key and its SKUs.

use bincode::Encode;

use crate::catalog::Config;
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::{Asked, EVENT_BYTES, MOVE_BYTES};
use crate::engine::transact::recall::{answered, recall_movement};
use crate::event::Event;
use crate::ids::SkuId;
use crate::log::Admission;
use crate::orders::KeyShard;
use crate::reject::Reject;
use crate::stock::StockShard;

impl Engine {
    /// Decides a stock command under the locks of its key and SKUs and commits the event it yields.
    pub(in crate::engine) fn change_stock<C: Encode>(
        &self,
        command: &C,
        skus: &[SkuId],
        asked: Asked<'_>,
        decide: impl FnOnce(&EngineLocked<'_>, &Config) -> Result<Event, Reject>,
    ) -> Decided {
        let key = asked.key()?;
        let used = asked.movement(key);
        let room = self.log.reserve(EVENT_BYTES + MOVE_BYTES * skus.len(), Admission::Ordinary)?;
        with_scratch(self.work, |scratch| {
            let digest = asked.digest(command, &mut scratch.bytes);
            let number = KeyShard::of_movement(key);
            let keys = self.door.lock_orders(&self.log, [number]);
            if let Some(answer) = recall_movement(keys.orders(number), &used, digest) {
                return answer;
            }
            let config = self.config()?;
            let mut locked = keys.lock_stock(skus.iter().map(|sku| StockShard::of(*sku)));
            let event = decide(&locked, &config)
                .map_err(|reject| Refusal::seen(reject, locked.seen(skus.iter().copied()).max(config.seq)))?;
            let envelope = asked.envelope(key, digest, asked.now, event);
            let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
            let memo = locked.orders(number).movement(&used).expect("a committed movement is remembered");
            Ok((answered(memo, false), seq))
        })
    }
}
