//! A sorted map whose copies share all that neither of them has changed since. A copy costs the same however many entries
//! there are, so that the state before a command can be kept beside the state after it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

type Link<K, V> = Option<Arc<Node<K, V>>>;

/// A treap: sorted by key, and every node ranks above its children. Ranks look like chance and are the same in every run.
#[derive(Clone)]
pub struct SharingMap<K, V> {
    root: Link<K, V>,
    len: usize,
    ranked: u64,
}

#[derive(Clone)]
struct Node<K, V> {
    key: K,
    value: V,
    rank: u64,
    left: Link<K, V>,
    right: Link<K, V>,
}

impl<K, V> Default for SharingMap<K, V> {
    fn default() -> SharingMap<K, V> {
        SharingMap { root: None, len: 0, ranked: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> SharingMap<K, V> {
    /// Entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                Ordering::Less => &node.left,
                Ordering::Greater => &node.right,
                Ordering::Equal => return Some(&node.value),
            };
        }
        None
    }

    /// Whether there is a value.
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if !self.contains_key(key) {
            return None;
        }
        let mut link = &mut self.root;
        while let Some(node) = link {
            let node = Arc::make_mut(node);
            link = match key.cmp(&node.key) {
                Ordering::Less => &mut node.left,
                Ordering::Greater => &mut node.right,
                Ordering::Equal => return Some(&mut node.value),
            };
        }
        None
    }

    /// Gives a key a value; the result is the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(&key) {
            return Some(std::mem::replace(known, value));
        }
        self.len += 1;
        self.ranked += 1;
        let node = Node { key, value, rank: scattered(self.ranked), left: None, right: None };
        place(&mut self.root, node);
        None
    }

    /// Takes a key out, with its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        if !self.contains_key(key) {
            return None;
        }
        self.len -= 1;
        take(&mut self.root, key)
    }

    /// All entries, by key.
    pub fn iter(&self) -> Entries<'_, K, V> {
        self.walk(true, |_| true)
    }

    /// All values, by key.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The entries from a key on, by key.
    pub fn from<'a>(&'a self, key: &K) -> Entries<'a, K, V> {
        self.walk(true, |known| known >= key)
    }

    /// The entries up to a key, the last one first.
    pub fn down_from<'a>(&'a self, key: &K) -> Entries<'a, K, V> {
        self.walk(false, |known| known <= key)
    }

    /// All entries, the last one first.
    pub fn down(&self) -> Entries<'_, K, V> {
        self.walk(false, |_| true)
    }

    fn walk(&self, up: bool, in_range: impl Fn(&K) -> bool) -> Entries<'_, K, V> {
        let mut entries = Entries { above: Vec::new(), up };
        let mut link = self.root.as_deref();
        while let Some(node) = link {
            let inside = in_range(&node.key);
            if inside {
                entries.above.push(node);
            }
            link = if inside == up { node.left.as_deref() } else { node.right.as_deref() };
        }
        entries
    }
}

/// Entries in order.
pub struct Entries<'a, K, V> {
    /// The next one, and those above it that come after it.
    above: Vec<&'a Node<K, V>>,
    up: bool,
}

impl<'a, K, V> Iterator for Entries<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        let node = self.above.pop()?;
        let mut link = if self.up { node.right.as_deref() } else { node.left.as_deref() };
        while let Some(below) = link {
            self.above.push(below);
            link = if self.up { below.left.as_deref() } else { below.right.as_deref() };
        }
        Some((&node.key, &node.value))
    }
}

impl<K: Ord + Clone + fmt::Debug, V: Clone + fmt::Debug> fmt::Debug for SharingMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// SplitMix64's last steps.
fn scattered(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn place<K: Ord + Clone, V: Clone>(link: &mut Link<K, V>, mut node: Node<K, V>) {
    if let Some(at) = link
        && at.rank >= node.rank
    {
        let at = Arc::make_mut(at);
        return place(if node.key < at.key { &mut at.left } else { &mut at.right }, node);
    }
    (node.left, node.right) = split(link.take(), &node.key);
    *link = Some(Arc::new(node));
}

/// What is below a key, and what is not.
fn split<K: Ord + Clone, V: Clone>(link: Link<K, V>, key: &K) -> (Link<K, V>, Link<K, V>) {
    let Some(mut node) = link else { return (None, None) };
    let at = Arc::make_mut(&mut node);
    if at.key < *key {
        let (low, high) = split(at.right.take(), key);
        at.right = low;
        (Some(node), high)
    } else {
        let (low, high) = split(at.left.take(), key);
        at.left = high;
        (low, Some(node))
    }
}

fn take<K: Ord + Clone, V: Clone>(link: &mut Link<K, V>, key: &K) -> Option<V> {
    let at = Arc::make_mut(link.as_mut()?);
    match key.cmp(&at.key) {
        Ordering::Less => take(&mut at.left, key),
        Ordering::Greater => take(&mut at.right, key),
        Ordering::Equal => {
            let below = join(at.left.take(), at.right.take());
            let node = std::mem::replace(link, below)?;
            Some(Arc::unwrap_or_clone(node).value)
        }
    }
}

fn join<K: Ord + Clone, V: Clone>(low: Link<K, V>, high: Link<K, V>) -> Link<K, V> {
    match (low, high) {
        (None, one) | (one, None) => one,
        (Some(mut low), Some(mut high)) => {
            if low.rank >= high.rank {
                let at = Arc::make_mut(&mut low);
                at.right = join(at.right.take(), Some(high));
                Some(low)
            } else {
                let at = Arc::make_mut(&mut high);
                at.left = join(Some(low), at.left.take());
                Some(high)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn same(map: &SharingMap<u8, u32>, plain: &BTreeMap<u8, u32>) {
        assert!(map.iter().eq(plain.iter()), "{map:?} is not {plain:?}");
        assert!(map.down().eq(plain.iter().rev()));
        assert_eq!(map.len(), plain.len());
        for key in [0, 100, 255] {
            assert!(map.from(&key).eq(plain.range(key..)));
            assert!(map.down_from(&key).eq(plain.range(..=key).rev()));
        }
    }

    proptest! {
        #[test]
        fn it_and_its_copies_are_what_a_plain_map_and_its_copies_are(changes in vec((0u8..4, any::<u8>()), 0..400)) {
            let (mut map, mut plain) = (SharingMap::default(), BTreeMap::new());
            let mut copies = Vec::new();
            for (n, (change, key)) in (0u32..).zip(changes) {
                match change {
                    0 | 1 => prop_assert_eq!(map.insert(key, n), plain.insert(key, n)),
                    2 => prop_assert_eq!(map.remove(&key), plain.remove(&key)),
                    _ => {
                        copies.push((map.clone(), plain.clone()));
                        prop_assert_eq!(map.get(&key), plain.get(&key));
                        if let (Some(a), Some(b)) = (map.get_mut(&key), plain.get_mut(&key)) {
                            (*a, *b) = (n, n);
                        }
                    }
                }
            }
            same(&map, &plain);
            copies.iter().for_each(|(map, plain)| same(map, plain));
        }
    }

    fn own_nodes(link: &Link<u32, u32>, other: &SharingMap<u32, u32>) -> usize {
        let Some(node) = link else { return 0 };
        match other.get(&node.key).is_some_and(|value| std::ptr::eq(value, &raw const node.value)) {
            true => 0,
            false => 1 + own_nodes(&node.left, other) + own_nodes(&node.right, other),
        }
    }

    #[test]
    fn a_copy_shares_all_but_the_way_to_what_was_changed() {
        let mut map = SharingMap::default();
        (0..100_000u32).for_each(|n| assert_eq!(map.insert(n, n), None));
        let before = map.clone();
        assert_eq!(own_nodes(&map.root, &before), 0, "a copy copies nothing");
        *map.get_mut(&70_000).unwrap() = 1;
        map.insert(200_000, 2);
        map.remove(&5);
        let own = own_nodes(&map.root, &before);
        assert!(own < 200, "three changes copy {own} of 100,000 entries");
        assert_eq!((before.get(&70_000), before.get(&200_000), before.get(&5)), (Some(&70_000), None, Some(&5)));
    }

    #[test]
    fn a_million_keys_in_order_are_no_chain() {
        let mut map = SharingMap::default();
        (0..1_000_000u32).for_each(|n| assert_eq!(map.insert(n, ()), None));
        let mut depth = 0;
        let mut link = map.root.as_deref();
        while let Some(node) = link {
            depth += 1;
            link = node.right.as_deref();
        }
        assert!(depth < 100, "{depth} nodes from the root to the last key");
    }
}
