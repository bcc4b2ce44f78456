//! The reference model: sorted maps, textbook double entry, no locks.
//!
//! It is fed the history, event by event, and believes none of it: [`Model::replay`] works out for itself what each
//! event must contain, given the state before it, and answers with an error where the history says otherwise. Since the
//! history is one sequence of events, a history the model accepts is proof that the engine's commits were serialisable.
//!
//! | file | holds |
//! |---|---|
//! | `world` | its own reading of the world and rules files, and what a parcel costs |
//! | `ledger` | the cells: one signed balance per bucket, always adding up to zero |
//! | `expected`, `plain`, `inbound` | expected receipts and promises as records, unit by unit, and the verdict on them |
//! | `presale` | the verdict on promises, and on orders that stock alone does not serve |
//! | `orders`, `book` | orders and sub-orders as plain records; all orders, and where to find some of them |
//! | `sharing` | a sorted map of which a copy costs nothing: the state before a command stays there beside the one after |
//! | `purse`, `money` | payments and refunds by number as plain records, and the verdict on them |
//! | `lifecycle` | which step leads from which stage to which, written down independently of the engine |
//! | `verdict`, `replay`, `replay_…`, `figures`, `given_up`, `decision` | the verdict on events |
//! | `allowed`, `judge`, `judge_…`, `cover` | the allowed outcomes of a command |
//! | `answers`, `replies` | the verdict on replies, refusals and repeats |
//! | `views`, `asking`, `compare`, `compare_lists`, `compare_plans` | all state, compared with what the engine's queries show |

mod allowed;
mod answers;
mod asking;
mod book;
mod bounds;
mod claims;
mod compare;
mod compare_lists;
mod compare_plans;
mod cover;
mod decision;
mod expected;
mod figures;
mod given_up;
mod inbound;
mod judge;
mod judge_amends;
mod judge_losses;
mod judge_stock;
mod ledger;
mod lifecycle;
mod money;
mod orders;
mod plain;
mod presale;
mod purse;
mod replay;
mod replay_amends;
mod replay_orders;
mod replay_parcels;
mod replay_returns;
mod replay_stock;
mod replies;
mod sharing;
mod verdict;
mod views;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_core::ids::{ChannelId, Code, OrderId, PoolId, RulesVersion, Seq, SkuId, WarehouseId};
use stockade_core::time::Time;

pub use allowed::{Allowed, Outcome};
pub use answers::{Answers, Exchange, own};
pub use book::OrderBook;
pub use cover::{Cover, Wish};
pub use decision::Asked;
pub use expected::{Inbound, Promise, Receipt};
pub use ledger::{Cell, Ledger};
pub use lifecycle::{Walk, moves_of, step, takes_returns};
pub use orders::{Moment, Order, Sub, SubLine};
pub use plain::{Came, Plain};
pub use purse::{Number, Owed, Purse};
pub use replies::receipt;
pub use sharing::SharingMap;
pub use verdict::verdict;
pub use world::{Channel, Lane, RateCard, Warehouse, World};

/// What a SKU is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sku {
    /// Its code.
    pub code: Code,
    /// Weight of one unit in grams, when it has one of its own.
    pub weight_g: Option<u32>,
    /// Its category.
    pub category: Option<Code>,
}

/// The whole state, as the history tells it. A copy costs the same however long the history is.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The last event replayed.
    pub seq: Seq,
    /// The world and rules in force, once there are any.
    pub world: Option<Arc<World>>,
    /// The world file in force.
    pub world_text: Arc<str>,
    /// The rules file in force: the world file when none was applied since.
    pub rules_text: Arc<str>,
    /// The version of the rules in force.
    pub rules_version: RulesVersion,
    /// SKUs by id.
    pub skus: Arc<Vec<Sku>>,
    /// Every cell.
    pub ledger: Ledger,
    /// What is expected, by cell.
    pub inbound: BTreeMap<(SkuId, WarehouseId), Arc<Inbound>>,
    /// Every order.
    pub orders: OrderBook,
    /// Orders by channel and the channel's number.
    pub numbers: SharingMap<(ChannelId, Code), OrderId>,
    /// What was paid for a number, and what of it is owed back.
    pub purses: SharingMap<Number, Arc<Purse>>,
    /// Keys of stock and configuration commands by who used them: digest of the content and the event.
    pub keys: SharingMap<(Code, Code), (u128, Seq)>,
}

impl Model {
    /// The state before everything.
    pub fn new() -> Model {
        Model::default()
    }

    /// The SKU of a code.
    pub fn sku(&self, code: &Code) -> Option<SkuId> {
        self.skus.iter().position(|s| s.code == *code).map(|n| SkuId(n as u32))
    }

    /// The earliest instant at which a hold ends.
    pub fn next_deadline(&self) -> Option<Time> {
        self.orders.held().next().map(|o| o.expires_at)
    }

    /// Orders whose hold has ended and that are not expired yet, in the order in which they must be.
    pub fn due(&self, now: Time) -> Vec<OrderId> {
        self.orders.held().take_while(|o| o.expires_at <= now).map(|o| o.id).collect()
    }

    /// Orders whose hold ends after `now` and before `until`.
    pub fn ending(&self, now: Time, until: Time) -> Vec<OrderId> {
        let held = self.orders.held().take_while(|o| o.expires_at < until);
        held.filter(|o| now < o.expires_at).map(|o| o.id).collect()
    }

    /// Weight of one unit.
    pub fn weight_g(&self, sku: SkuId) -> u64 {
        let default = self.world.as_ref().map_or(0, |w| w.default_weight_g);
        u64::from(self.skus[sku.index()].weight_g.unwrap_or(default))
    }

    /// The pools a channel may draw from, the preferred first; behind them all others by id when any will do.
    pub fn pools_for(&self, channel: ChannelId, any: bool) -> Vec<PoolId> {
        let Some(world) = &self.world else { return Vec::new() };
        let mut pools = world.channel(channel).map(|c| c.pools.clone()).unwrap_or_default();
        if any {
            let others: Vec<PoolId> = world.pools.keys().filter(|p| !pools.contains(p)).copied().collect();
            pools.extend(others);
        }
        pools
    }

    /// Units of a SKU at a warehouse that may be drawn from pools; `None` when there is no end to them.
    pub fn drawable(&self, sku: SkuId, warehouse: WarehouseId, pools: &[PoolId]) -> Option<u64> {
        let world = self.world.as_ref()?;
        if world.warehouse(warehouse).is_some_and(|w| w.unlimited) {
            return None;
        }
        Some(self.ledger.drawable(sku, warehouse, pools, &self.owed(sku, warehouse)))
    }

    /// The pools every unit drawn from a cell must come from, in order of preference. `None` when there are too few.
    pub fn draw(
        &self,
        sku: SkuId,
        warehouse: WarehouseId,
        pools: &[PoolId],
        units: u64,
    ) -> Option<BTreeMap<PoolId, u64>> {
        if self.world.as_ref()?.warehouse(warehouse)?.unlimited {
            return Some(BTreeMap::from([(*pools.first()?, units)]));
        }
        self.ledger.draw(sku, warehouse, pools, units, &self.owed(sku, warehouse))
    }
}
