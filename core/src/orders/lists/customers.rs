//! One list for each customer. The map itself holds the order of a customer who has only one, as most do.

use std::collections::HashMap;
use std::collections::hash_map;
use std::hash::BuildHasher;

use crate::heap::{COMPARED, Heap, hash_table};
use crate::ids::{Code, Seq};
use crate::orders::lists::list::{Entry, List};
use crate::sync::Mutex;

/// Seeded per process, so that nobody outside can choose colliding customers. Nothing depends on a map's order.
type Hasher = foldhash::fast::RandomState;

/// The customers of one lock.
#[derive(Debug)]
struct Shard {
    orders: HashMap<Code, Orders, Hasher>,
    /// Bytes of memory behind codes and lists.
    behind: usize,
}

/// Maps, each with its lock. Growing one of them delays a thousandth of the customers only.
const SHARDS: usize = 1_024;

/// The orders of one customer, at least one.
#[derive(Debug)]
enum Orders {
    One(Entry),
    Many(Box<List>),
}

/// The orders of each customer.
#[derive(Debug)]
pub(super) struct Customers {
    hasher: Hasher,
    shards: Box<[Mutex<Shard>]>,
}

impl Customers {
    pub fn new() -> Customers {
        let hasher = Hasher::default();
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(hasher.clone()))).collect();
        Customers { hasher, shards }
    }

    /// Adds an order. `false` if the list already has it.
    pub fn insert(&self, customer: &Code, entry: Entry) -> bool {
        let mut shard = self.shard(customer).lock();
        let Shard { orders, behind } = &mut *shard;
        match orders.entry(customer.clone()) {
            hash_map::Entry::Vacant(place) => {
                *behind += place.key().heap();
                place.insert(Orders::One(entry));
                true
            }
            hash_map::Entry::Occupied(mut place) => {
                let before = place.get().heap();
                let is_new = place.get_mut().insert(entry);
                *behind = *behind + place.get().heap() - before;
                is_new
            }
        }
    }

    /// Removes an order. `false` if it is not there.
    pub fn remove(&self, customer: &Code, entry: Entry) -> bool {
        let mut shard = self.shard(customer).lock();
        let Shard { orders, behind } = &mut *shard;
        let before = orders.get(customer).map_or(0, Orders::heap);
        let (removed, left) = match orders.get_mut(customer) {
            Some(Orders::One(one)) => (*one == entry, usize::from(*one != entry)),
            Some(Orders::Many(list)) => (list.remove(entry), list.len()),
            None => (false, 0),
        };
        *behind = *behind + orders.get(customer).map_or(0, Orders::heap) - before;
        if left == 0
            && let Some((customer, orders)) = orders.remove_entry(customer)
        {
            *behind -= customer.heap() + orders.heap();
        }
        removed
    }

    /// Whether an order is in a customer's list.
    pub fn has(&self, customer: &Code, entry: Entry) -> bool {
        match self.shard(customer).lock().orders.get(customer) {
            Some(Orders::One(one)) => *one == entry,
            Some(Orders::Many(list)) => list.has(entry),
            None => false,
        }
    }

    /// How many orders a customer has.
    pub fn len(&self, customer: &Code) -> usize {
        self.shard(customer).lock().orders.get(customer).map_or(0, Orders::len)
    }

    /// Hands `take` the customer's orders placed after an event, oldest first. `take` runs under the lock.
    pub fn after(&self, customer: &Code, after: Seq, take: impl FnOnce(&mut dyn Iterator<Item = Entry>)) {
        match self.shard(customer).lock().orders.get(customer) {
            Some(Orders::One(one)) => take(&mut [*one].into_iter().filter(|one| one.placed > after)),
            Some(Orders::Many(list)) => take(&mut list.after(after)),
            None => {}
        }
    }

    /// Checks every list and counts their entries.
    pub fn check(&self) -> Result<usize, String> {
        let mut sum = 0;
        for shard in &self.shards {
            let shard = shard.lock();
            for orders in shard.orders.values() {
                sum += orders.len();
                if let Orders::Many(list) = orders {
                    list.check()?;
                }
            }
            let behind: usize = shard.orders.iter().map(|(customer, orders)| customer.heap() + orders.heap()).sum();
            if COMPARED && behind != shard.behind {
                return Err(format!("{behind} bytes are behind customers, {} are counted", shard.behind));
            }
        }
        Ok(sum)
    }

    /// Bytes of memory. Looks at no customer; one lock after the other.
    pub fn memory(&self) -> usize {
        let tables: usize = self.shards.iter().map(|shard| shard.lock().memory()).sum();
        size_of_val::<[Mutex<Shard>]>(&self.shards) + tables
    }

    #[inline]
    fn shard(&self, customer: &Code) -> &Mutex<Shard> {
        // The map itself uses the lowest and the highest bits.
        &self.shards[(self.hasher.hash_one(customer) >> 32) as usize % SHARDS]
    }
}

impl Shard {
    fn new(hasher: Hasher) -> Shard {
        Shard { orders: HashMap::with_hasher(hasher), behind: 0 }
    }

    fn memory(&self) -> usize {
        hash_table::<(Code, Orders)>(self.orders.capacity()) + self.behind
    }
}

impl Heap for Orders {
    fn heap(&self) -> usize {
        match self {
            Orders::One(_) => 0,
            Orders::Many(list) => size_of::<List>() + list.memory(),
        }
    }
}

impl Orders {
    fn len(&self) -> usize {
        match self {
            Orders::One(_) => 1,
            Orders::Many(list) => list.len(),
        }
    }

    fn insert(&mut self, entry: Entry) -> bool {
        match self {
            Orders::One(one) if *one == entry => false,
            Orders::One(one) => {
                let mut list = Box::<List>::default();
                let both = list.insert(*one) & list.insert(entry);
                *self = Orders::Many(list);
                both
            }
            Orders::Many(list) => list.insert(entry),
        }
    }
}
