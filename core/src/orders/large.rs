//! Orders of a shard that stay as they are while nobody looks at them, because they are long.

use std::collections::BTreeMap;

use crate::heap::{Heap, tree};
use crate::orders::Order;

/// Long orders by number.
#[derive(Debug, Default)]
pub(super) struct Large {
    orders: BTreeMap<u32, Measured>,
    /// Those that were taken to be changed since they were last measured.
    changed: Vec<u32>,
    /// Bytes of memory of all orders, as they were measured.
    bytes: usize,
}

/// An order and what it took when it was measured.
#[derive(Debug)]
struct Measured {
    order: Box<Order>,
    /// Bytes of memory.
    bytes: usize,
    /// How long it was.
    parts: usize,
}

/// An order that is longer than this is measured again only when it grew or shrank by this share: each change would look
/// at all of it otherwise.
const LONG: usize = 1_000;
const SHARE: usize = 16;

impl Measured {
    fn new(order: Order) -> Measured {
        let order = Box::new(order);
        Measured { bytes: order.heap(), parts: order.parts(), order }
    }
}

impl Large {
    /// The order with a number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Order> {
        self.orders.get(&number).map(|measured| &*measured.order)
    }

    /// The order with a number, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Order> {
        let measured = self.orders.get_mut(&number)?;
        if self.changed.last() != Some(&number) {
            self.changed.push(number);
        }
        Some(&mut measured.order)
    }

    /// Adds an order.
    pub fn insert(&mut self, number: u32, order: Order) {
        let measured = Measured::new(order);
        self.bytes += measured.bytes;
        self.orders.insert(number, measured);
    }

    /// Removes an order.
    pub fn remove(&mut self, number: u32) -> Option<Order> {
        let measured = self.orders.remove(&number)?;
        self.bytes -= measured.bytes;
        Some(*measured.order)
    }

    /// Measures those that were changed and are not as long as they were.
    pub fn measure_changed(&mut self) {
        for number in self.changed.drain(..) {
            let Some(measured) = self.orders.get_mut(&number) else { continue };
            let parts = measured.order.parts();
            let grown = parts.abs_diff(measured.parts);
            if grown > 0 && (parts <= LONG || grown * SHARE > measured.parts) {
                let bytes = measured.order.heap();
                self.bytes = self.bytes - measured.bytes + bytes;
                (measured.bytes, measured.parts) = (bytes, parts);
            }
        }
    }

    /// Bytes of memory. Looks at no order.
    pub fn memory(&self) -> usize {
        let changed = self.changed.capacity() * size_of::<u32>();
        size_of::<Large>() + changed + tree::<u32, Measured>(self.orders.len()) + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::ids::{ChannelId, Code, OrderId, Seq};
    use crate::orders::{Moment, NewOrder, What};
    use crate::time::Time;

    fn order() -> Order {
        let number = &Code::new("1001").unwrap();
        Order::new(NewOrder {
            id: OrderId(5),
            channel: ChannelId(1),
            number,
            digest: 0.into(),
            zone: None,
            customer: None,
            carrier: None,
            ship_complete: false,
            max_parcels: None,
            placed: Seq(1),
            arrived: Time(0),
            occurred: Time(0),
            actor: &Actor::Timer,
            deadline: Time(0),
        })
    }

    #[test]
    fn a_long_order_that_grows_in_place_is_measured_again() {
        let mut large = Large::default();
        large.insert(0, order());
        for round in 0..5_000 {
            let order = large.get_mut(0).unwrap();
            let (seq, time, actor) = (Seq(round), Time(round), Actor::Engine);
            let reason = Some("why it had to be changed once more".into());
            let moment = Moment { seq, what: What::Arrival, sub: None, occurred: time, arrived: time, actor, reason };
            order.note(&moment);
            large.measure_changed();
            let order = large.get(0).unwrap();
            let (now, said) = (order.heap() + size_of::<Order>(), large.bytes);
            // The room that a list has for what may come doubles now and then, between two measurements.
            assert!(said <= now && now <= 2 * said + 100, "{said} of {now} bytes after {round} changes");
        }
        let whole = large.remove(0).unwrap();
        assert_eq!((large.bytes, whole.moments()), (0, 5_000));
    }
}
