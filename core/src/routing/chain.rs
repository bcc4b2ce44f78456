//! What weight must cost at least in a set of parcels.
//!
//! Take the parcels from the dearest gram to the cheapest. What only the first few of them can carry must be charged to
//! them, in whole steps; what is more may go to cheaper ones. Paying each of these nested groups the difference of its
//! slope to the next one's is a lower bound, and with steps a close one.

use super::model::Model;

/// Nested groups of a set's parcels. All buffers are kept.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Places in the set, dearest gram first.
    order: Vec<usize>,
    /// What a gram costs more in a group than beyond it.
    excess: Vec<i64>,
    /// Grams that the lines from a place in the order of lines on must have within each group.
    forced: Vec<i64>,
    /// Which lanes' sites appear again further down.
    again: Vec<bool>,
}

impl Chain {
    /// Reads a set, and the order in which lines will be placed.
    pub fn load(&mut self, model: &Model, set: &[usize], lines: &[usize]) {
        let (p, n) = (set.len(), lines.len());
        let slope = |place: usize| model.lanes[set[place]].slope;
        self.order.clear();
        self.order.extend(0..p);
        self.order.sort_unstable_by_key(|&place| (-slope(place), place));
        self.excess.clear();
        self.again.clear();
        for at in 0..p {
            let next = self.order.get(at + 1).map_or(0, |&place| slope(place));
            self.excess.push(slope(self.order[at]) - next);
            let site = model.lanes[set[self.order[at]]].site;
            self.again.push(self.order[at + 1..].iter().any(|&place| model.lanes[set[place]].site == site));
        }
        self.forced.clear();
        self.forced.resize((n + 1) * p, 0);
        for at in (0..n).rev() {
            let line = lines[at];
            let (demand, grams) = (model.demand[line], model.grams[line]);
            let mut outside = 0;
            for group in (0..p).rev() {
                let grams_forced = grams * (demand - outside).max(0);
                self.forced[at * p + group] = self.forced[(at + 1) * p + group] + grams_forced;
                if !self.again[group] {
                    outside += model.cap(set[self.order[group]], line);
                }
            }
        }
    }

    /// What weight costs at least, given the weights of the parcels so far and the place of the first line not in them.
    pub fn least(&self, model: &Model, weight: &[i64], place: usize) -> i64 {
        let p = self.order.len();
        let (mut charged, mut room, mut least) = (0, 0, 0);
        for group in 0..p {
            let grams = weight[self.order[group]];
            let now = model.charged(grams);
            charged += now;
            room += 1_000 + now - grams;
            if self.excess[group] > 0 {
                let over = (self.forced[place * p + group] - room).max(0);
                least += self.excess[group] * (charged + model.steps(over));
            }
        }
        least
    }
}
