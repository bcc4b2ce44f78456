//! Lists of sub-orders, oldest order first. A page costs its own length.

use crate::engine::bounds::page;
use crate::engine::codes::{channel_id, warehouse};
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::orders::KeyShard;
use crate::orders::lists::{Entry, ListFilter, Range};
use crate::query::OrdersQuery;
use crate::reply::{OrdersPage, Reply};
use crate::time::Time;

impl Ask for OrdersQuery {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let warehouse = self.warehouse.as_ref().map(|code| warehouse(&config, code)).transpose()?;
        let channel = self.channel.as_ref().map(|code| channel_id(&config, code)).transpose()?;
        let (stage, state) = (self.stage, self.state);
        let filter = ListFilter { warehouse, stage, channel, customer: self.customer.as_ref(), state };
        let range = Range { after: self.after, settled: engine.log.applied(), most: page(self.limit) };
        // Each order the page may have, with the place of its first row.
        let (mut orders, mut first_rows) = (Vec::new(), Vec::new());
        let look = |entry: Entry| {
            engine.door.with_orders(KeyShard::of_id(entry.order), |shard| {
                let Some(order) = shard.order(entry.order) else { return false };
                let fits = channel.is_none_or(|channel| channel == order.channel)
                    && state.is_none_or(|state| order.is_listed_as(state))
                    && self.customer.as_ref().is_none_or(|customer| Some(customer) == order.customer.as_ref());
                if !fits {
                    return false;
                }
                let before = orders.len();
                let rows = engine.summaries(order, &config).filter(|row| {
                    self.warehouse.as_ref().is_none_or(|code| *code == row.warehouse)
                        && stage.is_none_or(|stage| stage == row.stage)
                });
                orders.extend(rows);
                let found = orders.len() > before;
                if found {
                    first_rows.push(before);
                }
                found
            })
        };
        let found = engine.door.counters().lists.page(&filter, range, look);
        if let Some(row) = first_rows.get(found.entries.len()) {
            orders.truncate(*row);
        }
        // What is not in the list may have left it in an event that is not durable yet: the answer waits for all of them.
        let seen = engine.log.last();
        Ok((Reply::Orders(OrdersPage { orders, next: found.next }), seen))
    }
}
