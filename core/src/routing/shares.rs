//! Shares lines between two parcels at the least cost when weight is charged in steps.
//!
//! The cost of two parcels depends on the lines only through the weight of one of them, so it suffices to know which
//! weights can be reached, and the least cost of units for each: a knapsack over grams, in units of their greatest
//! common divisor. Where a unit costs the same in both parcels, reachable weights are bits, 64 to a word.

use super::model::Model;
use super::search::Search;
use super::sums::{gcd, highest};

/// Marks a weight that cannot be reached. Sums of unit costs stay well below half of it.
const UNREACHED: i64 = 1 << 62;
/// Most weights that are distinguished.
const CELLS_MAX: usize = 1 << 20;
/// Most words of stored choices.
const CHOICES_MAX: usize = 1 << 16;

/// A line that two parcels share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    pub line: usize,
    /// Units in both parcels together.
    pub units: i64,
    /// Least and most units in the first parcel.
    pub least: i64,
    pub most: i64,
    /// Units in the first parcel: the result.
    pub here: i64,
}

/// Units of a shared line that move together. `size` is their weight in units of the common divisor, `cost` their
/// extra cost in the first parcel.
#[derive(Clone, Copy, Debug)]
struct Item {
    at: usize,
    units: i64,
    size: usize,
    cost: i64,
}

/// Shares lines between two parcels. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// The lines: input and result of [`Shares::share`].
    pub lines: Vec<Shared>,
    items: Vec<Item>,
    /// Reachable weights as bits, and the first item that reaches each of them.
    reached: Vec<u64>,
    first: Vec<u16>,
    /// Least cost of units for each weight; and by item and weight, whether the item is part of it.
    least: Vec<i64>,
    chosen: Vec<u64>,
    measure: i64,
    cells: usize,
    /// Least grams of the first parcel, and grams of both parcels.
    floor: i64,
    all: i64,
}

impl Shares {
    /// Shares the lines at the least cost between parcels on two lanes whose entry costs are paid. Returns false,
    /// without sharing, when that would exceed the remaining work.
    pub fn share(&mut self, search: &mut Search<'_>, one: usize, other: usize) -> bool {
        let model = search.model;
        self.read(model, one, other);
        let words = self.cells.div_ceil(64);
        if self.cells > CELLS_MAX || self.items.len() >= usize::from(u16::MAX) {
            return false;
        }
        let alike = self.items.iter().all(|item| item.cost == 0);
        let spent =
            if alike { self.items.len() * words + self.cells } else { self.items.len() * self.cells } as i64 / 2;
        if search.work < spent || (!alike && self.items.len() * words > CHOICES_MAX) {
            return false;
        }
        search.work -= spent + 16;
        if alike {
            self.reach();
            self.pick_reached(model, one, other);
        } else {
            self.price();
            self.pick_priced(model, one, other);
        }
        true
    }

    /// Divides the lines into items.
    fn read(&mut self, model: &Model, one: usize, other: usize) {
        self.items.clear();
        (self.floor, self.all, self.measure) = (0, 0, 0);
        for shared in &self.lines {
            let grams = model.grams[shared.line];
            self.floor += shared.least * grams;
            self.all += shared.units * grams;
            if shared.most > shared.least {
                self.measure = gcd(self.measure, grams);
            }
        }
        self.measure = self.measure.max(1);
        let mut cells = 1i64;
        for (at, shared) in self.lines.iter_mut().enumerate() {
            shared.here = shared.least;
            let size = model.grams[shared.line] / self.measure;
            let cost = model.unit_cost(one, shared.line) - model.unit_cost(other, shared.line);
            let (mut left, mut units) = (shared.most - shared.least, 1);
            cells = cells.saturating_add(left.saturating_mul(size));
            while left > 0 {
                let units_now = units.min(left);
                let size = usize::try_from(units_now.saturating_mul(size)).unwrap_or(usize::MAX);
                self.items.push(Item { at, units: units_now, size, cost: units_now * cost });
                left -= units_now;
                units *= 2;
            }
        }
        self.cells = usize::try_from(cells).unwrap_or(usize::MAX);
    }

    fn reach(&mut self) {
        let words = self.cells.div_ceil(64);
        self.reached.clear();
        self.reached.resize(words, 0);
        self.first.clear();
        self.first.resize(self.cells, 0);
        self.reached[0] = 1;
        let mut top = 0;
        for (at, item) in self.items.iter().enumerate() {
            let (jump, bits) = (item.size / 64, item.size % 64);
            top += item.size;
            for word in (jump..=top / 64).rev() {
                let from = word - jump;
                let mut moved = self.reached[from] << bits;
                if bits > 0 && from > 0 {
                    moved |= self.reached[from - 1] >> (64 - bits);
                }
                let mut new = moved & !self.reached[word];
                self.reached[word] |= moved;
                while new != 0 {
                    let cell = word * 64 + new.trailing_zeros() as usize;
                    self.first[cell] = at as u16;
                    new &= new - 1;
                }
            }
        }
    }

    /// Picks the cheapest reachable weight; among equals the one that leaves least of the first parcel's charged
    /// weight unused, so that unused room gathers in the other parcel.
    fn pick_reached(&mut self, model: &Model, one: usize, other: usize) {
        let top = self.cells as i64 - 1;
        let mut least = (i64::MAX, 0, 0);
        let mut below = 0i64;
        while below <= top {
            let light = self.floor + below * self.measure;
            let full = if model.step == 0 { light } else { (1_000 + model.charged(light)).max(light) };
            let most = ((full - self.floor) / self.measure).min(top);
            if let Some(cell) = highest(&self.reached, below as usize, most as usize) {
                let cell = cell as i64;
                least = least.min((self.weighed(model, one, other, cell), most - cell, cell));
            }
            below = most + 1;
        }
        let mut cell = least.2 as usize;
        while cell > 0 {
            let item = self.items[usize::from(self.first[cell])];
            self.lines[item.at].here += item.units;
            cell -= item.size;
        }
    }

    fn price(&mut self) {
        let words = self.cells.div_ceil(64);
        self.least.clear();
        self.least.resize(self.cells, UNREACHED);
        self.chosen.clear();
        self.chosen.resize(self.items.len() * words, 0);
        self.least[0] = 0;
        let mut top = 0;
        for (at, item) in self.items.iter().enumerate() {
            top += item.size;
            let chosen = &mut self.chosen[at * words..][..words];
            for cell in (item.size..=top).rev() {
                let with = self.least[cell - item.size] + item.cost;
                if with < self.least[cell] {
                    self.least[cell] = with;
                    chosen[cell / 64] |= 1 << (cell % 64);
                }
            }
        }
    }

    fn pick_priced(&mut self, model: &Model, one: usize, other: usize) {
        let words = self.cells.div_ceil(64);
        let mut least = (i64::MAX, 0, 0);
        for (cell, &units) in self.least.iter().enumerate() {
            if units < UNREACHED / 2 {
                let here = self.floor + cell as i64 * self.measure;
                let room = 1_000 + model.charged(here) - here;
                least = least.min((units + self.weighed(model, one, other, cell as i64), room, cell));
            }
        }
        let mut cell = least.2;
        for at in (0..self.items.len()).rev() {
            if self.chosen[at * words + cell / 64] >> (cell % 64) & 1 == 1 {
                self.lines[self.items[at].at].here += self.items[at].units;
                cell -= self.items[at].size;
            }
        }
    }

    fn weighed(&self, model: &Model, one: usize, other: usize, cell: i64) -> i64 {
        let here = self.floor + cell * self.measure;
        model.weight_cost(one, here) + model.weight_cost(other, self.all - here)
    }
}
