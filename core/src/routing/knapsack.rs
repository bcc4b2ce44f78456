//! The most that a parcel with a capacity can earn at given prices.
//!
//! Where lines may be divided, units are taken in order of gain. Where each line goes whole, this is the 0/1
//! knapsack, searched depth first with the bound of the relaxed problem (Horowitz and Sahni).

/// Most nodes of one search; past them the bound is returned.
const NODES_MAX: usize = 3_000;

/// A line with a positive gain.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Gain of one unit, in fine units.
    gain: i64,
    units: i64,
    line: usize,
}

/// Packs parcels. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Knapsack {
    items: Vec<Item>,
    /// Sums of units and gains of all items before each.
    units: Vec<i64>,
    gains: Vec<i64>,
    now: Vec<bool>,
    best: Vec<bool>,
    /// Steps taken, to be charged as work.
    pub steps: i64,
}

impl Knapsack {
    /// Forgets the lines.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Offers units of a line.
    #[inline]
    pub fn offer(&mut self, line: usize, units: i64, gain: i64) {
        if units > 0 && gain > 0 {
            self.items.push(Item { gain, units, line });
        }
    }

    /// Upper bound on what a parcel of `room` units can earn from the offered lines, exact unless the search was cut
    /// short. `taken` receives the units of the best choice found, by line.
    pub fn pack(&mut self, room: i64, whole: bool, taken: &mut [i64]) -> i64 {
        taken.iter_mut().for_each(|units| *units = 0);
        if whole {
            self.items.retain(|item| item.units <= room);
        }
        self.items.sort_unstable_by_key(|item| (-item.gain, item.line));
        self.units.clear();
        self.gains.clear();
        let (mut units, mut gains) = (0, 0);
        for item in &self.items {
            self.units.push(units);
            self.gains.push(gains);
            units += item.units;
            gains += item.units * item.gain;
        }
        self.units.push(units);
        self.gains.push(gains);
        self.steps += 4 * self.items.len() as i64;
        if !whole || units <= room {
            let mut left = room;
            for item in &self.items {
                taken[item.line] = item.units.min(left);
                left -= taken[item.line];
            }
            return self.most(0, room);
        }
        let found = self.search(room);
        for (item, &chosen) in self.items.iter().zip(&self.best) {
            taken[item.line] = if chosen { item.units } else { 0 };
        }
        found
    }

    /// The most that the items from `from` on earn in `room` units if the last one may be divided.
    fn most(&self, from: usize, room: i64) -> i64 {
        let reach = self.units[from] + room;
        let fits = from + self.units[from + 1..].partition_point(|&units| units <= reach);
        let whole = self.gains[fits] - self.gains[from];
        let rest = self.items.get(fits).map_or(0, |item| item.gain * (reach - self.units[fits]));
        whole + rest
    }

    fn search(&mut self, room: i64) -> i64 {
        let n = self.items.len();
        self.now.clear();
        self.now.resize(n, false);
        self.best.clear();
        self.best.resize(n, false);
        let (mut left, mut earned, mut most, mut at) = (room, 0, 0, 0);
        for _ in 0..NODES_MAX {
            while at < n && earned + self.most(at, left) > most {
                while at < n && self.items[at].units <= left {
                    self.now[at] = true;
                    left -= self.items[at].units;
                    earned += self.items[at].units * self.items[at].gain;
                    at += 1;
                    self.steps += 1;
                }
                at += usize::from(at < n);
                self.steps += 8;
            }
            if earned > most {
                most = earned;
                self.best.clone_from(&self.now);
            }
            let Some(last) = self.now[..at].iter().rposition(|&taken| taken) else { return most };
            self.now[last] = false;
            left += self.items[last].units;
            earned -= self.items[last].units * self.items[last].gain;
            at = last + 1;
        }
        self.most(0, room)
    }
}
