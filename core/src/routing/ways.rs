//! The lines whose parcels are still in doubt, and the ways each of them can go.

use super::model::{Model, Take};
use super::search::Loads;

/// A parcel that can take a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Its place in the set.
    pub at: usize,
    pub site: usize,
    /// Cost of a unit, without weight.
    pub cost: i64,
    /// Units at its site.
    pub cap: i64,
}

/// A line whose parcels are not yet decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    pub line: usize,
    pub demand: i64,
    pub grams: i64,
    /// Whether the site of every way has all of it, and no two ways share a site.
    pub plenty: bool,
    /// Its least cost, without weight.
    pub cheapest: i64,
    from: usize,
    to: usize,
}

impl Doubt {
    /// Adds to each prefix of the set the grams that it must carry because the later parcels have too little stock.
    pub fn force(&self, ways: &Ways, forced: &mut [i64]) {
        let (mut outside, mut end) = (0, forced.len());
        for way in ways.of(self).iter().rev() {
            let grams = self.grams * (self.demand - outside).max(0);
            forced[way.at..end].iter_mut().for_each(|forced| *forced += grams);
            outside += way.cap;
            end = way.at;
        }
    }
}

/// State to return to after ways were dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    first: usize,
    lines: usize,
    ways: usize,
    settled: usize,
    cost: i64,
}

/// Lines in doubt and lines that are settled. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// Lines in doubt begin at `first`; [`Ways::restore`] returns to those before it.
    lines: Vec<Doubt>,
    first: usize,
    ways: Vec<Way>,
    /// Takes of the settled lines, their cost without weight, and their loads by parcel.
    pub settled: Vec<Take>,
    pub cost: i64,
    pub held: Loads,
    offers: Vec<(i64, Way)>,
}

impl Ways {
    /// Puts all lines in doubt over a set. Returns false when a line wants more than the set's sites have.
    pub fn load(&mut self, model: &Model, set: &[usize]) -> bool {
        self.lines.clear();
        self.ways.clear();
        self.settled.clear();
        (self.first, self.cost) = (0, 0);
        self.held.count(model, set, &[]);
        for line in 0..model.n() {
            let from = self.ways.len();
            for (at, &lane) in set.iter().enumerate() {
                let cap = model.cap(lane, line);
                if cap > 0 {
                    self.ways.push(Way { at, site: model.lanes[lane].site, cost: model.unit_cost(lane, line), cap });
                }
            }
            let (demand, grams) = (model.demand[line], model.grams[line]);
            let doubt = Doubt { line, demand, grams, plenty: true, cheapest: 0, from, to: self.ways.len() };
            let Some(doubt) = self.look(doubt) else { return false };
            self.lines.push(doubt);
        }
        true
    }

    /// The lines in doubt.
    #[inline]
    pub fn lines(&self) -> &[Doubt] {
        &self.lines[self.first..]
    }

    /// The ways of a line in doubt.
    #[inline]
    pub fn of(&self, doubt: &Doubt) -> &[Way] {
        &self.ways[doubt.from..doubt.to]
    }

    /// Drops the ways whose unit costs, at these prices of a gram, at least `gain` more than the dearest unit needed,
    /// and settles the lines that have one way left.
    pub fn narrow(&mut self, model: &Model, set: &[usize], gram: &[i64], gain: i64) -> Mark {
        let (lines, ways) = (self.lines.len(), self.ways.len());
        let mark = Mark { first: self.first, lines, ways, settled: self.settled.len(), cost: self.cost };
        for next in self.first..lines {
            let doubt = self.lines[next];
            let dearest = self.dearest(&doubt, gram);
            let from = self.ways.len();
            for at in doubt.from..doubt.to {
                let way = self.ways[at];
                if way.cost + gram[way.at] * doubt.grams < dearest.saturating_add(gain) {
                    self.ways.push(way);
                }
            }
            let narrow = Doubt { from, to: self.ways.len(), ..doubt };
            if let [way] = *self.of(&narrow) {
                self.ways.truncate(from);
                self.cost += way.cost * doubt.demand;
                self.held.add(model, way.at, doubt.line, doubt.demand);
                self.settled.push(Take { lane: set[way.at] as u32, line: doubt.line as u32, units: doubt.demand });
                continue;
            }
            let narrow = self.look(narrow).unwrap_or(narrow);
            self.lines.push(narrow);
        }
        self.first = lines;
        mark
    }

    /// Restores what was dropped since the mark.
    pub fn restore(&mut self, model: &Model, set: &[usize], mark: Mark) {
        for take in self.settled.drain(mark.settled..) {
            let at = set.iter().position(|&lane| lane == take.lane as usize).unwrap_or(0);
            self.held.add(model, at, take.line as usize, -take.units);
        }
        self.lines.truncate(mark.lines);
        self.ways.truncate(mark.ways);
        (self.first, self.cost) = (mark.first, mark.cost);
    }

    /// Writes the cost of a unit of a line in each of its ways except `but`, at these prices of a gram: cheapest
    /// first, one way for each site.
    pub fn sort(&self, doubt: &Doubt, gram: &[i64], but: Option<usize>, offers: &mut Vec<(i64, Way)>) {
        offers.clear();
        for way in self.of(doubt).iter().filter(|way| Some(way.at) != but) {
            let offer = way.cost + gram[way.at] * doubt.grams;
            match offers.iter_mut().find(|(_, other)| other.site == way.site) {
                Some(mate) if mate.0 <= offer => {}
                Some(mate) => *mate = (offer, *way),
                None => offers.push((offer, *way)),
            }
        }
        offers.sort_unstable_by_key(|&(offer, way)| (offer, way.at));
    }

    /// Cost of the dearest unit of a line in its cheapest placement.
    fn dearest(&mut self, doubt: &Doubt, gram: &[i64]) -> i64 {
        let mut offers = std::mem::take(&mut self.offers);
        self.sort(doubt, gram, None, &mut offers);
        let (mut left, mut dearest) = (doubt.demand, i64::MAX);
        for (offer, way) in &offers {
            if left > 0 {
                dearest = *offer;
                left -= way.cap;
            }
        }
        self.offers = offers;
        dearest
    }

    /// Fills in `plenty` and `cheapest`; `None` when the ways of the line have too little.
    fn look(&mut self, doubt: Doubt) -> Option<Doubt> {
        let ways = self.of(&doubt);
        let apart = (0..ways.len()).all(|at| ways[..at].iter().all(|other| other.site != ways[at].site));
        if apart && ways.iter().all(|way| way.cap >= doubt.demand) {
            let least = ways.iter().map(|way| way.cost).min()?;
            return Some(Doubt { plenty: true, cheapest: least * doubt.demand, ..doubt });
        }
        let mut offers = std::mem::take(&mut self.offers);
        self.sort(&Doubt { grams: 0, ..doubt }, &self.held.weight, None, &mut offers);
        let (mut left, mut cheapest) = (doubt.demand, 0);
        for (offer, way) in &offers {
            let units = left.min(way.cap);
            cheapest += units * offer;
            left -= units;
        }
        self.offers = offers;
        (left == 0).then_some(Doubt { plenty: false, cheapest, ..doubt })
    }
}
