//! The contribution of each site to the bound at the current prices, and the lanes that attain it.

use super::{Dual, Pick, State};
use crate::routing::model::Model;

impl Dual {
    /// Evaluates a site: its pick, its value, and the units it takes of each line. Returns the value.
    pub(super) fn evaluate_site(&mut self, model: &Model, site: usize) -> i64 {
        let range = self.site_at[site]..self.site_at[site + 1];
        let (mut open, mut best, mut usable) = (0, (0, Pick::None), 0);
        let mut opened = None;
        for at in range.clone() {
            let lane = self.by_site[at];
            if self.state[lane] == State::Closed {
                continue;
            }
            self.value[lane] = if model.lanes[lane].holds < model.units {
                self.packed_value(model, lane)
            } else {
                self.own_value(model, lane)
            };
            usable += 1;
            if self.state[lane] == State::Open {
                open += 1;
                opened = Some(lane);
            } else if self.value[lane] < best.0 {
                best = (self.value[lane], Pick::One(lane));
            }
        }
        if let Some(lane) = opened {
            best = (if open == 1 { self.value[lane] } else { i64::MAX }, Pick::One(lane));
        }
        self.least[site] = i64::MAX;
        // Two or more parcels cost no less than each by itself, so they can be best only where at least two of them
        // pay.
        let paying =
            self.of_site(site).iter().filter(|&&lane| self.state[lane] != State::Closed && self.value[lane] < 0);
        if usable > 1 && (open > 0 || paying.take(2).count() == 2) {
            let several = self.several(model, site);
            self.least[site] = several;
            if several < best.0 {
                best = (several, Pick::Several);
            }
        }
        self.site_value[site] = best.0;
        self.picks[site] = best.1;
        for at in range {
            let lane = self.by_site[at];
            let used = if best.1 == Pick::One(lane) { 1_024 } else { 0 };
            self.used[lane] += (used - self.used[lane]) / 8;
        }
        self.take(model, site, best.1);
        best.0
    }

    /// Change of the bound when a lane with a binding capacity is opened.
    fn packed_value(&mut self, model: &Model, lane: usize) -> i64 {
        let n = model.n();
        self.knapsack.clear();
        for line in 0..n {
            let gain = self.price[line] - self.unit_price(model, lane, line);
            self.knapsack.offer(line, model.cap(lane, line), gain);
        }
        let taken = &mut self.packed[lane * n..][..n];
        self.base[lane] - self.knapsack.pack(model.lanes[lane].holds, model.whole_lines, taken)
    }

    /// Lower bound on the contribution of two or more parcels from one site.
    fn several(&mut self, model: &Model, site: usize) -> i64 {
        let n = model.n();
        self.top.iter_mut().for_each(|top| *top = 0);
        let (mut bases, mut open, mut cheapest) = (0i64, 0, [i64::MAX; 2]);
        for at in self.site_at[site]..self.site_at[site + 1] {
            let lane = self.by_site[at];
            match self.state[lane] {
                State::Closed => continue,
                State::Open => {
                    open += 1;
                    bases += self.base[lane];
                }
                State::Free if self.base[lane] < 0 => bases += self.base[lane],
                State::Free => {}
            }
            if self.state[lane] == State::Free {
                let base = self.base[lane].max(0);
                if base < cheapest[0] {
                    cheapest = [base, cheapest[0]];
                } else if base < cheapest[1] {
                    cheapest[1] = base;
                }
            }
            let costs = &self.cost[lane * n..][..n];
            for (top, (price, cost)) in self.top.iter_mut().zip(self.price.iter().zip(costs)) {
                *top = (*top).max(price - cost);
            }
        }
        for needed in cheapest.iter().take(2usize.saturating_sub(open)) {
            bases = bases.saturating_add(*needed);
        }
        let stock = &model.stock[site * n..][..n];
        bases - stock.iter().zip(&self.top).map(|(stock, top)| stock * top).sum::<i64>()
    }

    /// Counts the units that a site's pick takes of each line.
    fn take(&mut self, model: &Model, site: usize, pick: Pick) {
        let n = model.n();
        if let Pick::One(lane) = pick
            && model.lanes[lane].holds < model.units
        {
            self.taken.iter_mut().zip(&self.packed[lane * n..][..n]).for_each(|(taken, units)| *taken += units);
            return;
        }
        for line in 0..n {
            let gain = match pick {
                Pick::None => return,
                Pick::One(lane) => self.price[line] - self.unit_price(model, lane, line),
                Pick::Several => self.top[line],
            };
            if gain > 0 {
                self.taken[line] += model.stock[site * n + line];
            }
        }
    }
}
