//! What stands behind the engine's lock door.

use crate::engine::store::expecting::Expecting;
use crate::engine::store::reactions::Reactions;
use crate::engine::store::{Locked, Shard, Tiers};
use crate::ids::{OrderId, Seq, SkuId, WarehouseId};
use crate::orders::lists::{Lists, Refunds};
use crate::orders::{KeyShard, Order};
use crate::stock::{Inbound, SkuStock, StockShard};

/// What stands behind the engine's door.
#[derive(Debug)]
pub(in crate::engine) struct EngineTiers;

impl Tiers for EngineTiers {
    type Orders = KeyShard;
    /// No customers are kept yet.
    type Customers = ();
    type Stock = StockShard;
    type Counters = Counters;
}

impl Shard for KeyShard {
    fn put_away(&mut self) {
        KeyShard::put_away(self);
    }
}

/// Leaf structures, each behind locks of its own.
#[derive(Debug, Default)]
pub(in crate::engine) struct Counters {
    /// What commits made due.
    pub reactions: Reactions,
    /// SKUs of which something is expected.
    pub expecting: Expecting,
    /// Lists of orders.
    pub lists: Lists,
    /// The list of refunds.
    pub refunds: Refunds,
}

/// Everything that a commit touches, locked.
pub(in crate::engine) type EngineLocked<'a> = Locked<'a, EngineTiers>;

impl EngineLocked<'_> {
    /// An order that was found under this lock.
    pub fn known(&self, id: OrderId) -> &Order {
        self.orders(KeyShard::of_id(id)).order(id).expect("an order that was found under this lock stays")
    }

    /// The stock of a SKU whose shard is locked.
    #[inline]
    pub fn sku(&self, sku: SkuId) -> &SkuStock {
        self.stock(StockShard::of(sku)).sku(sku)
    }

    /// What is expected and promised of a cell, if anything ever was.
    pub fn inbound(&self, sku: SkuId, warehouse: WarehouseId) -> Option<&Inbound> {
        self.sku(sku).cell(warehouse).and_then(|cell| cell.inbound())
    }

    /// The last event that touched any of these SKUs.
    pub fn seen(&self, skus: impl IntoIterator<Item = SkuId>) -> Seq {
        skus.into_iter().map(|sku| self.sku(sku).version()).max().unwrap_or_default()
    }
}
