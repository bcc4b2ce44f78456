//! Every SKU, read without locks.
//!
//! ```text
//!   code ── hash ──► table: half of the hash over id + 1 ──► record of the id: code, weight, category
//!                    (a longer one replaces it when it is half full)   (in chunks that never move)
//! ```
//!
//! Writers take a mutex, and a record is complete before a table points to it. Everything that may change about a SKU is
//! one word, so a reader sees it as it was before a change or as it is after it.

use std::collections::HashMap;
use std::hash::BuildHasher;

use dashmap::DashMap;

use crate::event::SkuDefined;
use crate::heap::{Heap, behind, hash_table};
use crate::ids::{Code, Seq, SkuId};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, OnceLock, Ordering};

/// What is known about a SKU.
#[derive(Clone, PartialEq, Eq, Debug, bincode::Encode)]
pub struct Sku {
    /// Its id.
    pub id: SkuId,
    /// Weight of one unit in grams; the world's default when not given.
    pub weight_g: Option<u32>,
    /// Its category, which rules can name.
    pub category: Option<Code>,
}

/// What a SKU was before a change, and the sequence of the event that changed it.
type Former = (Seq, Sku);

type Numbers = HashMap<Code, u32, foldhash::fast::RandomState>;

/// Every SKU, by code and by id.
#[derive(Debug)]
pub struct Skus {
    hasher: foldhash::fast::RandomState,
    /// Each table is twice as long as the one before. Only the last one is read.
    tables: [OnceLock<Box<[AtomicU64]>>; TABLES],
    /// The index of the last table.
    table: AtomicUsize,
    records: Chunks<Record>,
    /// Every category that a SKU ever had, by number, in order of first use.
    categories: Chunks<OnceLock<Code>>,
    count: AtomicUsize,
    changes: AtomicU64,
    /// Former states of SKUs, oldest first. Few SKUs ever change.
    former: DashMap<SkuId, Vec<Former>, foldhash::fast::RandomState>,
    /// The numbers of categories; the mutex admits one writer at a time.
    numbers: Mutex<Numbers>,
    /// Bytes of memory behind codes and former states.
    behind: AtomicUsize,
}

behind! {
    Sku { category }
}

/// A SKU, in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Record {
    code: OnceLock<Code>,
    about: AtomicU64,
}

/// Weight and category of a SKU in one word: bits 0 to 31 are the weight in grams, bit 32 says whether one is given, and
/// the bits from 33 up are one more than the number of the category, or 0 for none.
#[derive(Clone, Copy)]
struct About(u64);

impl About {
    fn new(weight_g: Option<u32>, category: Option<u32>) -> About {
        let category = category.map_or(0, |number| u64::from(number) + 1);
        About(category << 33 | u64::from(weight_g.is_some()) << 32 | u64::from(weight_g.unwrap_or(0)))
    }

    fn weight_g(self) -> Option<u32> {
        (self.0 >> 32 & 1 == 1).then_some(self.0 as u32)
    }

    fn category(self) -> Option<usize> {
        usize::try_from(self.0 >> 33).ok()?.checked_sub(1)
    }
}

/// Slots of the first table.
const SLOTS_MIN: usize = 64;
/// How many tables there may be: the last one has more slots than there are ids.
const TABLES: usize = 28;

impl Default for Skus {
    fn default() -> Skus {
        let skus = Skus {
            hasher: foldhash::fast::RandomState::default(),
            tables: std::array::from_fn(|_| OnceLock::new()),
            table: AtomicUsize::new(0),
            records: Chunks::default(),
            categories: Chunks::default(),
            count: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            former: DashMap::default(),
            numbers: Mutex::new(HashMap::default()),
            behind: AtomicUsize::new(0),
        };
        skus.slots(0);
        skus
    }
}

impl Skus {
    /// A SKU by its code.
    #[inline]
    pub fn find(&self, code: &Code) -> Option<Sku> {
        let (id, record) = self.lookup(code)?;
        Some(self.read(id, record))
    }

    /// The code of a SKU.
    pub fn code(&self, sku: SkuId) -> Option<Code> {
        self.records.get(sku.index())?.code.get().cloned()
    }

    /// How many SKUs are defined, which is also the next id.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// How many definitions and changes of SKUs there were. SKUs that were read without locks are still current under an
    /// order shard's lock if this number is the same as before reading.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Calls `f` with every SKU, by id.
    pub fn each(&self, mut f: impl FnMut(&Code, &Sku)) {
        for id in 0..self.count() {
            if let Some(record) = self.records.get(id)
                && let Some(code) = record.code.get()
            {
                f(code, &self.read(SkuId(id as u32), record));
            }
        }
    }

    /// The SKU as it was when the event with this sequence was decided; `None` for an id never given.
    pub fn at(&self, sku: SkuId, seq: Seq) -> Option<Sku> {
        let then = |past: &[Former]| past.iter().find(|(changed, _)| *changed > seq).map(|(_, then)| then.clone());
        let now = || self.records.get(sku.index()).filter(|record| record.code.get().is_some());
        self.former.get(&sku).and_then(|past| then(&past)).or_else(|| Some(self.read(sku, now()?)))
    }

    /// Defines a SKU, or changes its weight and category, as the event with this sequence says.
    pub fn define(&self, defined: &SkuDefined, seq: Seq) {
        let mut numbers = self.numbers.lock();
        let category = defined.category.as_ref().map(|category| self.number_of(category, &mut numbers));
        let about = About::new(defined.weight_g, category);
        match self.lookup(&defined.code) {
            Some((id, record)) => {
                let before = self.read(id, record);
                if record.about.load(Ordering::Relaxed) != about.0 {
                    // Before the change itself, so that a concurrent look back never misses the former state.
                    let mut past = self.former.entry(id).or_default();
                    let (room, bytes) = (past.capacity(), before.heap());
                    past.push((seq, before));
                    self.note(bytes + (past.capacity() - room) * size_of::<Former>());
                    drop(past);
                    record.about.store(about.0, Ordering::Release);
                }
            }
            None => {
                let record = self.records.make(defined.id.index());
                record.about.store(about.0, Ordering::Release);
                let code = record.code.get_or_init(|| defined.code.clone());
                self.note(code.heap());
                self.lead_to(defined.id, &defined.code);
                self.count.fetch_add(1, Ordering::Release);
            }
        }
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Bytes of memory. Looks at no SKU.
    pub fn memory(&self) -> usize {
        let tables = self.tables.iter().filter_map(OnceLock::get).map(|table| size_of_val::<[AtomicU64]>(table));
        let numbers = hash_table::<(Code, u32)>(self.numbers.lock().capacity());
        let former = hash_table::<(SkuId, Vec<Former>)>(self.former.capacity());
        let records = self.records.memory() + self.categories.memory();
        tables.sum::<usize>() + records + numbers + former + self.behind.load(Ordering::Relaxed)
    }

    fn note(&self, bytes: usize) {
        self.behind.fetch_add(bytes, Ordering::Relaxed);
    }

    #[inline]
    fn lookup(&self, code: &Code) -> Option<(SkuId, &Record)> {
        let hash = self.hasher.hash_one(code.as_str());
        let slots = self.tables[self.table.load(Ordering::Acquire)].get()?;
        let mut at = start(hash, slots.len());
        loop {
            // At least half of the slots are free.
            let word = slots[at].load(Ordering::Acquire);
            if word == 0 {
                return None;
            }
            if tag(word) == tag(hash) {
                let id = word as u32 - 1;
                let record = self.records.get(id as usize)?;
                if record.code.get() == Some(code) {
                    return Some((SkuId(id), record));
                }
            }
            at = (at + 1) & (slots.len() - 1);
        }
    }

    #[inline]
    fn read(&self, id: SkuId, record: &Record) -> Sku {
        let about = About(record.about.load(Ordering::Acquire));
        let category = about.category().and_then(|number| self.categories.get(number)?.get().cloned());
        Sku { id, weight_g: about.weight_g(), category }
    }

    /// Makes the last table point to a new record. Called under the writers' mutex.
    fn lead_to(&self, id: SkuId, code: &Code) {
        let mut table = self.table.load(Ordering::Relaxed);
        let mut slots = self.slots(table);
        if 2 * (self.count.load(Ordering::Relaxed) + 1) > slots.len() && table + 1 < TABLES {
            table += 1;
            let longer = self.slots(table);
            for word in slots.iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|word| *word != 0) {
                let known = self.records.get(word as u32 as usize - 1).and_then(|record| record.code.get());
                known.iter().for_each(|known| put(longer, self.hasher.hash_one(known.as_str()), word as u32));
            }
            self.table.store(table, Ordering::Release);
            slots = longer;
        }
        put(slots, self.hasher.hash_one(code.as_str()), id.0 + 1);
    }

    fn slots(&self, table: usize) -> &[AtomicU64] {
        self.tables[table].get_or_init(|| (0..SLOTS_MIN << table).map(|_| AtomicU64::new(0)).collect())
    }

    fn number_of(&self, category: &Code, numbers: &mut Numbers) -> u32 {
        if let Some(number) = numbers.get(category) {
            return *number;
        }
        let number = numbers.len() as u32;
        let kept = self.categories.make(number as usize).get_or_init(|| category.clone());
        numbers.insert(category.clone(), number);
        self.note(2 * kept.heap());
        number
    }
}

fn put(slots: &[AtomicU64], hash: u64, id_above: u32) {
    let mut at = start(hash, slots.len());
    while slots[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at].store(tag(hash) | u64::from(id_above), Ordering::Release);
}

#[inline]
const fn tag(word: u64) -> u64 {
    word & !(u32::MAX as u64)
}

#[inline]
const fn start(hash: u64, slots: usize) -> usize {
    (hash >> 32) as usize & (slots - 1)
}

/// A list that grows without moving its elements: chunks, each as long as all before it together.
#[derive(Debug)]
struct Chunks<T>([OnceLock<Box<[T]>>; CHUNKS]);

/// Elements of the first chunk.
const CHUNK_MIN: usize = 64;
const CHUNKS: usize = 27;

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks(std::array::from_fn(|_| OnceLock::new()))
    }
}

impl<T: Default> Chunks<T> {
    #[inline]
    fn get(&self, index: usize) -> Option<&T> {
        let (chunk, at) = chunk_of(index);
        self.0.get(chunk)?.get()?.get(at)
    }

    fn memory(&self) -> usize {
        self.0.iter().filter_map(OnceLock::get).map(|chunk| size_of_val::<[T]>(chunk)).sum()
    }

    /// The element at an index, made if it does not exist yet.
    fn make(&self, index: usize) -> &T {
        let (chunk, at) = chunk_of(index);
        let length = if chunk == 0 { CHUNK_MIN } else { CHUNK_MIN << (chunk - 1) };
        &self.0[chunk].get_or_init(|| (0..length).map(|_| T::default()).collect())[at]
    }
}

/// The chunk of an index, and the position in it.
#[inline]
const fn chunk_of(index: usize) -> (usize, usize) {
    match (index / CHUNK_MIN).checked_ilog2() {
        None => (0, index),
        Some(log) => (log as usize + 1, index - (CHUNK_MIN << log)),
    }
}

const _: () = assert!(size_of::<Record>() == 64, "a SKU is one cache line");
const _: () = assert!(CHUNK_MIN << (CHUNKS - 1) > u32::MAX as usize, "every id has its place");
const _: () = assert!(SLOTS_MIN << (TABLES - 1) > u32::MAX as usize, "more slots than ids");

#[cfg(all(test, not(stockade_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn defined(id: u32, weight_g: Option<u32>, category: Option<u8>) -> SkuDefined {
        let category = category.map(|number| code(&format!("c{number}")));
        SkuDefined { id: SkuId(id), code: code(&format!("sku-{id}")), weight_g, category }
    }

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    #[test]
    fn chunks_follow_each_other() {
        let mut last = (0, 0);
        for index in 1..10_000 {
            let (chunk, at) = chunk_of(index);
            assert!((chunk, at) == (last.0, last.1 + 1) || (chunk, at) == (last.0 + 1, 0), "{index}: {last:?}");
            last = (chunk, at);
        }
    }

    proptest! {
        /// Compares with a plain list: definitions, changes and looks back.
        #[test]
        fn skus_are_what_was_last_said_of_them(
            steps in prop::collection::vec((0u32..400, prop::option::of(any::<u32>()), prop::option::of(0u8..4)), 1..600),
        ) {
            let (skus, mut known) = (Skus::default(), Vec::<Vec<(Seq, Sku)>>::new());
            for (number, (pick, weight_g, category)) in (1u64..).zip(steps) {
                let id = pick.min(known.len() as u32);
                let event = defined(id, weight_g, category);
                skus.define(&event, Seq(number));
                if id as usize == known.len() {
                    known.push(Vec::new());
                }
                known[id as usize].push((Seq(number), Sku { id: SkuId(id), weight_g, category: event.category }));
                prop_assert_eq!((skus.count(), skus.changes()), (known.len(), number));
            }
            let mut each = Vec::new();
            skus.each(|code, sku| each.push((code.clone(), sku.clone())));
            prop_assert_eq!(each.len(), known.len());
            for (id, past) in (0u32..).zip(&known) {
                let name = code(&format!("sku-{id}"));
                let (_, now) = past.last().unwrap();
                prop_assert_eq!(skus.find(&name), Some(now.clone()));
                prop_assert_eq!(skus.code(SkuId(id)), Some(name.clone()));
                prop_assert_eq!(&each[id as usize], &(name, now.clone()));
                for (seq, then) in past {
                    prop_assert_eq!(skus.at(SkuId(id), *seq), Some(then.clone()));
                }
            }
            prop_assert_eq!(skus.find(&code("sku-none")), None);
        }
    }
}
