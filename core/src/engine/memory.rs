//! Where the engine's memory is.

use crate::engine::store::Engine;
use crate::heap::{Heap, Room, Rooms};
use crate::orders::KeyShard;
use crate::stock::StockShard;

/// How much of it an engine keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// Orders, open and over.
    pub orders: usize,
    /// Cells of stock: pairs of SKU and warehouse.
    pub cells: usize,
}

impl Engine {
    /// How many orders and cells there are. Looks at each shard and at what leads to each SKU, as [`Engine::memory`] does.
    pub fn kept(&self) -> Kept {
        let orders = |shard| self.door.with_orders(shard, KeyShard::len);
        let cells = |shard| self.door.with_stock(shard, StockShard::cells);
        Kept {
            orders: (0..self.door.order_shards()).map(orders).sum(),
            cells: (0..self.door.stock_shards()).map(cells).sum(),
        }
    }

    /// Bytes of memory by room, as the rooms count them. It looks at each shard, at each list of channels and warehouses
    /// and at what leads to each SKU, but at no order, customer, movement or cell. It holds one lock at a time, each for as
    /// long as adding up one shard takes.
    ///
    /// What planning uses for a moment is not in it, nor is what the journal keeps, which the engine does not know.
    pub fn memory(&self) -> Rooms {
        let mut rooms = Rooms::default();
        let (orders, stock) = self.door.memory();
        rooms.add(Room::Orders, orders);
        rooms.add(Room::Skus, stock + self.skus.memory());
        rooms.add(Room::Timers, size_of_val(&*self.due));
        (0..self.door.order_shards()).for_each(|shard| self.door.with_orders(shard, |shard| shard.add_to(&mut rooms)));
        (0..self.door.stock_shards()).for_each(|shard| self.door.with_stock(shard, |shard| shard.add_to(&mut rooms)));
        let counters = self.door.counters();
        rooms.add(Room::Lists, counters.lists.memory() + counters.refunds.memory());
        rooms.add(Room::StockCells, counters.expecting.memory() + counters.reactions.memory());
        let config = self.config.load_full();
        rooms.add(Room::Configuration, config.heap() + self.past.memory());
        rooms.add(Room::Prices, self.prices.memory());
        rooms.add(Room::Log, self.log.memory());
        rooms
    }
}
