//! All lists together: insertion, change and removal of an order, and the check.

use crate::ids::WarehouseId;
use crate::orders::Order;
use crate::orders::lists::customers::Customers;
use crate::orders::lists::groups::{Groups, Kinds};
use crate::orders::lists::list::Entry;
use crate::orders::lists::listed::{Listed, STAGES, STATES, Stood, states_of};

/// The lists of all orders. [`crate::orders::lists`] says which there are.
#[derive(Debug)]
pub struct Lists {
    pub(super) channels: Box<Groups<STATES>>,
    pub(super) warehouses: Box<Groups<STAGES>>,
    pub(super) customers: Customers,
}

impl Default for Lists {
    fn default() -> Self {
        Lists::new()
    }
}

impl Lists {
    /// Lists of no orders.
    pub fn new() -> Lists {
        Lists { channels: Groups::new(), warehouses: Groups::new(), customers: Customers::new() }
    }

    /// Adds a new order. `false` if it is in one of its lists already, which is a bug of the caller.
    pub fn insert(&self, order: &Listed) -> bool {
        let mut all = self.channels.change(order.channel.0, order.entry, 0, order.states);
        for (warehouse, stages) in &order.stages {
            all &= self.warehouses.change(warehouse.0, order.entry, 0, *stages);
        }
        all & order.customer.as_ref().is_none_or(|customer| self.customers.insert(customer, order.entry))
    }

    /// Removes an order. `false` if it is missing in one of its lists, which is a bug of the caller.
    pub fn remove(&self, order: &Listed) -> bool {
        let mut all = self.channels.change(order.channel.0, order.entry, order.states, 0);
        for (warehouse, stages) in &order.stages {
            all &= self.warehouses.change(warehouse.0, order.entry, *stages, 0);
        }
        all & order.customer.as_ref().is_none_or(|customer| self.customers.remove(customer, order.entry))
    }

    /// Moves an order from where it stood before an event changed it. `false` if it was not in the lists it belonged to,
    /// which is a bug.
    pub fn follow(&self, stood: &Stood, order: &Order) -> bool {
        let ([(warehouse, from)], [sub]) = (&stood.subs[..], &order.subs[..]) else {
            return self.change(&stood.listed(order), &Listed::of(order));
        };
        if *warehouse != sub.warehouse {
            return self.change(&stood.listed(order), &Listed::of(order));
        }
        // One parcel, as most orders are: two lists at most.
        let entry = Entry { placed: order.placed, order: order.id };
        let mut all = true;
        let states = states_of(order);
        if stood.states != states {
            all &= self.channels.change(order.channel.0, entry, stood.states, states);
        }
        if *from != sub.stage {
            all &= self.warehouses.change(warehouse.0, entry, 1 << *from as Kinds, 1 << sub.stage as Kinds);
        }
        all
    }

    /// Moves an order that changed; only lists in which it differs are touched. Its id, its channel and the event that
    /// placed it stay the same. `false` if its lists were not those of `before`, which is a bug of the caller.
    pub(super) fn change(&self, before: &Listed, after: &Listed) -> bool {
        debug_assert_eq!((before.entry, before.channel), (after.entry, after.channel));
        let entry = after.entry;
        let mut all = true;
        if before.states != after.states {
            all &= self.channels.change(after.channel.0, entry, before.states, after.states);
        }
        for (warehouse, to) in &after.stages {
            let from = before.stages_at(*warehouse);
            if from != *to {
                all &= self.warehouses.change(warehouse.0, entry, from, *to);
            }
        }
        for (warehouse, from) in before.stages.iter().filter(|(warehouse, _)| after.stages_at(*warehouse) == 0) {
            all &= self.warehouses.change(warehouse.0, entry, *from, 0);
        }
        if before.customer != after.customer {
            all &= before.customer.as_ref().is_none_or(|customer| self.customers.remove(customer, entry));
            all &= after.customer.as_ref().is_none_or(|customer| self.customers.insert(customer, entry));
        }
        all
    }

    /// Bytes of memory. Looks at each list of channels and warehouses and at no order; one lock after the other.
    pub fn memory(&self) -> usize {
        self.channels.memory() + self.warehouses.memory() + self.customers.memory()
    }

    /// Checks each list by itself, then that the lists hold these orders, which are all there are, and nothing else. Locks
    /// one owner after the other: run it while nothing else runs.
    ///
    /// # Errors
    /// The first broken invariant in a sentence.
    pub fn check(&self, orders: impl IntoIterator<Item = Listed>) -> Result<(), String> {
        let mut wanted = 0;
        for order in orders {
            let id = order.entry.order;
            let mut fits = self.channels.is_in(order.channel.0, order.entry, order.states);
            wanted += Kinds::count_ones(order.states) as usize;
            for (WarehouseId(warehouse), stages) in &order.stages {
                fits &= self.warehouses.is_in(*warehouse, order.entry, *stages);
                wanted += Kinds::count_ones(*stages) as usize;
            }
            if let Some(customer) = &order.customer {
                fits &= self.customers.has(customer, order.entry);
                wanted += 1;
            }
            if !fits {
                return Err(format!("order {id} is not in the lists it belongs to"));
            }
        }
        let mut listed = self.customers.check()?;
        let mut wrong = Ok(());
        let mut look = |_, list: &super::list::List| {
            listed += list.len();
            wrong = std::mem::replace(&mut wrong, Ok(())).and_then(|()| list.check());
        };
        self.channels.each(None, None, &mut look);
        self.warehouses.each(None, None, &mut look);
        wrong?;
        if listed != wanted {
            return Err(format!("lists hold {listed} entries, orders belong in {wanted}"));
        }
        Ok(())
    }
}
