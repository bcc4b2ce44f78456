//! Lists by owner and kind: by channel and order state, or by warehouse and stage. All lists of an owner lie behind one
//! lock.

use crossbeam::utils::CachePadded;

use crate::orders::lists::list::{Entry, List};
use crate::sync::{Mutex, OnceLock};

/// Kinds as bits.
pub(super) type Kinds = u16;

/// One list for each kind. The first kind, in which every order starts, shares a cache line with the lock.
type Group<const KINDS: usize> = CachePadded<Mutex<[List; KINDS]>>;
/// Groups of owners whose ids have the same upper byte, by the lower one.
type Block<const KINDS: usize> = [OnceLock<Box<Group<KINDS>>>; 1 << 8];

/// The lists of many owners: made when first needed, never moved, and found without a lock.
#[derive(Debug)]
pub(super) struct Groups<const KINDS: usize> {
    /// By the upper byte of the owner's id.
    blocks: [OnceLock<Box<Block<KINDS>>>; 1 << 8],
}

impl<const KINDS: usize> Groups<KINDS> {
    /// No lists.
    pub fn new() -> Box<Groups<KINDS>> {
        const { assert!(KINDS <= Kinds::BITS as usize) };
        Box::new(Groups { blocks: [const { OnceLock::new() }; 1 << 8] })
    }

    /// Moves an entry, under one hold of the owner's lock, out of the lists `from` and into the lists `to`. `false` if it
    /// was missing in one of the former or present in one of the latter.
    pub fn change(&self, owner: u16, entry: Entry, from: Kinds, to: Kinds) -> bool {
        let [upper, lower] = owner.to_be_bytes().map(usize::from);
        let block = self.blocks[upper].get_or_init(|| Box::new([const { OnceLock::new() }; 1 << 8]));
        let mut lists = block[lower].get_or_init(new_group).lock();
        let mut all = true;
        each_kind(from & !to, |kind| all &= lists[kind].remove(entry));
        each_kind(to & !from, |kind| all &= lists[kind].insert(entry));
        all
    }

    /// Bytes of memory. Looks at each list, under one owner's lock after the other.
    pub fn memory(&self) -> usize {
        let blocks = self.blocks.iter().filter_map(OnceLock::get).count() * size_of::<Block<KINDS>>();
        let groups = self.blocks.iter().filter_map(OnceLock::get).flat_map(|block| block.iter());
        let groups = groups.filter_map(OnceLock::get).count() * size_of::<Group<KINDS>>();
        let mut lists = 0;
        self.each(None, None, |_, list| lists += list.memory());
        size_of::<Groups<KINDS>>() + blocks + groups + lists
    }

    /// Whether an entry is in these lists of an owner and in none of its others.
    pub fn is_in(&self, owner: u16, entry: Entry, kinds: Kinds) -> bool {
        let mut found = 0;
        self.each(Some(owner), None, |kind, list| found |= Kinds::from(list.has(entry)) << kind);
        found == kinds
    }

    /// Calls `look` with each list of one owner or all, of one kind or all. The lists of one owner are looked at under one
    /// hold of its lock.
    pub fn each(&self, owner: Option<u16>, kind: Option<usize>, mut look: impl FnMut(usize, &List)) {
        let [blocks, groups] = match owner.map(|owner| owner.to_be_bytes().map(usize::from)) {
            Some([upper, lower]) => [upper..upper + 1, lower..lower + 1],
            None => [0..1 << 8, 0..1 << 8],
        };
        for block in self.blocks[blocks].iter().filter_map(OnceLock::get) {
            for group in block[groups.clone()].iter().filter_map(OnceLock::get) {
                let lists = group.lock();
                match kind {
                    Some(kind) => look(kind, &lists[kind]),
                    None => lists.iter().enumerate().for_each(|(kind, list)| look(kind, list)),
                }
            }
        }
    }
}

#[cold]
fn new_group<const KINDS: usize>() -> Box<Group<KINDS>> {
    Box::new(CachePadded::new(Mutex::new(std::array::from_fn(|_| List::default()))))
}

#[inline]
fn each_kind(mut kinds: Kinds, mut f: impl FnMut(usize)) {
    while kinds != 0 {
        f(kinds.trailing_zeros() as usize);
        kinds &= kinds - 1;
    }
}
