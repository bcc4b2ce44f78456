//! Memory by the rooms that hold it.
//!
//! Each structure counts what it asked the allocator for itself: from the capacities of its tables, and from sums that it
//! keeps as things change where looking at each of them would take long. What the allocator adds to each request, and what
//! planning and serving use for a moment, is in no room.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use smallvec::{Array, SmallVec};

use crate::ids::Code;

/// Whether sums that are kept are compared with what is there when state is checked: in builds for tests. A figure for people
/// is no reason to serve no orders.
pub(crate) const COMPARED: bool = cfg!(debug_assertions);

/// What has memory behind itself.
pub trait Heap {
    /// Bytes it asked the allocator for: those behind it, without its own.
    fn heap(&self) -> usize;
}

/// Declares the rooms, each with its name at the border.
macro_rules! rooms {
    ($($(#[$doc:meta])* $room:ident = $name:literal,)+) => {
        /// What memory is used for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Room {
            $($(#[$doc])* $room,)+
        }

        impl Room {
            /// Every room, in the order of declaration.
            pub const ALL: [Room; [$($name),+].len()] = [$(Room::$room),+];

            /// The name at the border: lower case, words joined by `_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Room::$room => $name,)+
                }
            }
        }
    };
}

rooms! {
    /// Orders, open and over, with the idempotency records of their commands.
    Orders = "orders",
    /// From an order's channel and number to the order.
    OrderIndex = "order_index",
    /// Deadlines of reservation holds.
    Timers = "timers",
    /// Lists of orders and of refunds.
    Lists = "lists",
    /// Payments and refunds by order number.
    Accounts = "accounts",
    /// Idempotency records of commands on stock and configuration.
    Movements = "movements",
    /// Stock of one SKU at one warehouse, with what is expected and promised there, and what is due of it.
    StockCells = "stock_cells",
    /// What is known of each SKU, and where its cells are.
    Skus = "skus",
    /// The world and rules in force.
    Configuration = "configuration",
    /// Prices of stock and the sample that they are learned from.
    Prices = "prices",
    /// Events on their way to the journal.
    Log = "log",
    /// Journaled batches that the journal keeps in memory.
    Journal = "journal",
}

/// Bytes of memory by room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rooms([usize; Room::ALL.len()]);

impl Rooms {
    /// Adds bytes to a room.
    pub fn add(&mut self, room: Room, bytes: usize) {
        let sum = &mut self.0[room as usize];
        *sum = sum.saturating_add(bytes);
    }

    /// Bytes in a room.
    pub fn of(&self, room: Room) -> usize {
        self.0[room as usize]
    }

    /// Every room with its bytes.
    pub fn iter(&self) -> impl Iterator<Item = (Room, usize)> {
        Room::ALL.into_iter().zip(self.0)
    }

    /// Bytes in all rooms together.
    pub fn total(&self) -> usize {
        self.0.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}

/// Says of types that they have behind themselves what these fields of theirs have, or nothing.
macro_rules! behind {
    ($($type:ty { $($field:tt),* })+) => {
        $(impl $crate::heap::Heap for $type {
            fn heap(&self) -> usize {
                0 $(+ $crate::heap::Heap::heap(&self.$field))*
            }
        })+
    };
}
pub(crate) use behind;

behind! {
    () {}
    bool {}
    u16 {}
    u32 {}
    u64 {}
    i64 {}
    f64 {}
    crate::ids::SkuId {}
    crate::ids::WarehouseId {}
    crate::ids::ChannelId {}
    crate::ids::PoolId {}
    crate::ids::CarrierId {}
    crate::ids::Seq {}
    crate::units::Units {}
    crate::money::Money {}
}

impl Heap for Code {
    fn heap(&self) -> usize {
        self.allocated()
    }
}

impl Heap for String {
    fn heap(&self) -> usize {
        self.capacity()
    }
}

impl Heap for Box<str> {
    fn heap(&self) -> usize {
        self.len()
    }
}

impl<T: Heap> Heap for Option<T> {
    fn heap(&self) -> usize {
        self.as_ref().map_or(0, T::heap)
    }
}

impl<T: Heap> Heap for Box<T> {
    fn heap(&self) -> usize {
        size_of::<T>() + T::heap(self)
    }
}

impl<T: Heap> Heap for Arc<T> {
    /// As if nobody else had it.
    fn heap(&self) -> usize {
        2 * size_of::<usize>() + size_of::<T>() + T::heap(self)
    }
}

impl<T: Heap> Heap for Vec<T> {
    fn heap(&self) -> usize {
        self.capacity() * size_of::<T>() + all(self)
    }
}

impl<T: Heap> Heap for Box<[T]> {
    fn heap(&self) -> usize {
        size_of_val::<[T]>(self) + all(self.iter())
    }
}

impl<T: Heap> Heap for VecDeque<T> {
    fn heap(&self) -> usize {
        self.capacity() * size_of::<T>() + all(self)
    }
}

impl<A: Array<Item: Heap>> Heap for SmallVec<A> {
    fn heap(&self) -> usize {
        spilled(self) + all(self)
    }
}

impl<A: Heap, B: Heap> Heap for (A, B) {
    fn heap(&self) -> usize {
        self.0.heap() + self.1.heap()
    }
}

impl<A: Heap, B: Heap, C: Heap> Heap for (A, B, C) {
    fn heap(&self) -> usize {
        self.0.heap() + self.1.heap() + self.2.heap()
    }
}

impl<K: Heap, V: Heap, S> Heap for HashMap<K, V, S> {
    fn heap(&self) -> usize {
        hash_table::<(K, V)>(self.capacity()) + all(self.keys()) + all(self.values())
    }
}

impl<K: Heap, S> Heap for HashSet<K, S> {
    fn heap(&self) -> usize {
        hash_table::<K>(self.capacity()) + all(self)
    }
}

impl<K: Heap, V: Heap> Heap for BTreeMap<K, V> {
    fn heap(&self) -> usize {
        tree::<K, V>(self.len()) + all(self.keys()) + all(self.values())
    }
}

impl<K: Heap> Heap for BTreeSet<K> {
    fn heap(&self) -> usize {
        tree::<K, ()>(self.len()) + all(self)
    }
}

/// Bytes behind all of them.
fn all<'a, T: Heap + 'a>(things: impl IntoIterator<Item = &'a T>) -> usize {
    things.into_iter().map(T::heap).sum()
}

/// Bytes of a list that outgrew its place.
pub(crate) fn spilled<A: Array>(list: &SmallVec<A>) -> usize {
    if list.spilled() { list.capacity() * size_of::<A::Item>() } else { 0 }
}

/// Bytes of the standard library's hash table with room for so many entries: a power of two of them, of which an eighth
/// stays free, and a byte for each and for one group more.
pub(crate) const fn hash_table<T>(capacity: usize) -> usize {
    const GROUP: usize = 16;
    if capacity == 0 {
        return 0;
    }
    let buckets = (capacity * 8).div_ceil(7).next_power_of_two();
    (buckets * size_of::<T>()).next_multiple_of(GROUP) + buckets + GROUP
}

/// Bytes of the standard library's tree with so many entries. One leaf for up to eleven of them; larger trees are taken to
/// have grown at their end, as trees by sequence do, which leaves six entries to a leaf and one above it.
pub(crate) const fn tree<K, V>(len: usize) -> usize {
    const MOST: usize = 11;
    const USUAL: usize = 7;
    let words = size_of::<usize>();
    let leaf = (MOST * (size_of::<K>() + size_of::<V>()) + words + 4).next_multiple_of(words);
    let inner = leaf + (MOST + 1) * words;
    match len {
        0 => 0,
        1..=MOST => leaf,
        len => {
            let leaves = len.div_ceil(USUAL);
            let mut bytes = leaves * leaf;
            let mut below = leaves;
            while below > 1 {
                below = below.div_ceil(USUAL);
                bytes += below * inner;
            }
            bytes
        }
    }
}

#[cfg(all(test, not(stockade_loom)))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Bytes that are left allocated by what `make` returns, and the bytes that it says are behind it.
    fn counted<T: Heap>(make: impl FnOnce() -> T) -> (usize, usize) {
        let mut made = None;
        let measured = allocation_counter::measure(|| made = Some(make()));
        (usize::try_from(measured.bytes_current).unwrap(), made.map_or(0, |made| made.heap()))
    }

    #[test]
    fn each_room_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Room::ALL.iter().map(|room| room.name()).collect();
        assert_eq!(names.len(), Room::ALL.len());
        assert!(Room::ALL.iter().enumerate().all(|(number, room)| *room as usize == number));
    }

    #[test]
    fn tables_and_lists_say_what_they_asked_for() {
        for len in [0u64, 1, 3, 4, 7, 8, 14, 15, 100, 1_000] {
            let code = |number: u64| Code::new(&format!("a code of some {len} with the number {number}")).unwrap();
            let (asked, said) = counted(|| (0..len).map(|n| (n, code(n))).collect::<HashMap<_, _>>());
            assert_eq!(said, asked, "a table of {len}");
            let (asked, said) = counted(|| (0..len).collect::<HashSet<u64>>());
            assert_eq!(said, asked, "a set of {len}");
            let (asked, said) = counted(|| (0..len).map(|n| Some(Box::new(code(n)))).collect::<Vec<_>>());
            assert_eq!(said, asked, "a list of {len}");
            let (asked, said) = counted(|| (0..len).collect::<SmallVec<[u64; 4]>>());
            assert_eq!(said, asked, "a small list of {len}");
        }
    }

    #[test]
    fn trees_that_grow_at_their_end_say_nearly_what_they_asked_for() {
        for len in [0u64, 1, 11, 12, 40, 1_000, 20_000] {
            let grown = || {
                let mut tree = BTreeMap::new();
                tree.extend((0..len).map(|number| (number, (number, number))));
                tree
            };
            let (asked, said) = counted(grown);
            assert!(said.abs_diff(asked) <= asked / 50 + if len > 11 { 400 } else { 0 }, "{len}: {said} for {asked}");
        }
    }
}
