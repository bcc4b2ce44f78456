//! The single-parcel proof: the whole order in one parcel, where no plan of more parcels scores less.
//!
//! It needs neither sorted lanes nor costs by line: one pass over the lanes finds the cheapest parcel that carries
//! everything, and a lower bound on the cost of two or more parcels.

use crate::heap::behind;
use crate::money::Money;

use super::model::FINE;
use super::problem::Problem;
use super::rates::{FIRST_KG_G, Rate, Weights, charged_g};

/// Up to these bounds, all sums here stay below 2⁶²; larger orders and dearer rates go to the full search.
const UNITS_MAX: u64 = 100_000;
const WEIGHT_MAX_G: u64 = 10_000_000;
const MICROS_MAX: i64 = 10_000_000_000;

/// The proof under way: lanes are offered one after the other.
#[derive(Debug)]
pub struct Whole {
    weights: Weights,
    units: i64,
    weight_g: i64,
    /// Grams charged past the first kilogram when everything is in one parcel.
    charged_g: i64,
    kg_step_g: u32,
    all_weigh: bool,
    /// Whether two parcels are allowed at all.
    may_split: bool,
    best: Option<Best>,
    least: Least,
    beyond_limits: bool,
}

/// Least value of each part of a parcel's cost over the lanes offered.
#[derive(Clone, Copy, Debug)]
struct Least {
    /// The two least costs of opening a parcel.
    entries: [i64; 2],
    slope: i64,
    unit: i64,
    hours: i64,
}

#[derive(Clone, Copy, Debug)]
struct Best {
    cost: i64,
    entry: i64,
    lane: usize,
}

impl Whole {
    /// Begins with an order of these lines, each as units and grams of one unit. `None` when it exceeds the bounds of
    /// this proof.
    pub fn new(
        lines: impl Iterator<Item = (u64, u32)>,
        weights: Weights,
        kg_step_g: u32,
        max_parcels: Option<u16>,
    ) -> Option<Whole> {
        let (mut units, mut weight_g, mut all_weigh) = (0u64, 0u64, true);
        for (wanted, grams) in lines {
            if wanted > UNITS_MAX {
                return None;
            }
            units += wanted;
            weight_g += wanted * u64::from(grams);
            all_weigh &= grams > 0 || wanted == 0;
        }
        if units == 0 || units > UNITS_MAX || weight_g > WEIGHT_MAX_G || u64::from(kg_step_g) > WEIGHT_MAX_G {
            return None;
        }
        Some(Whole {
            weights,
            units: units.cast_signed(),
            weight_g: weight_g.cast_signed(),
            charged_g: charged_g(weight_g, kg_step_g).cast_signed(),
            kg_step_g,
            all_weigh,
            may_split: max_parcels != Some(1),
            best: None,
            least: Least::NONE,
            beyond_limits: false,
        })
    }

    /// Offers a lane whose site has anything of the order; `all` when it has everything. Ties go to the lane that is
    /// cheaper to open, then to the one offered first.
    #[inline]
    pub fn offer(&mut self, lane: usize, rate: &Rate, penalty: i64, ceiling: Option<Money>, all: bool) {
        let Rate { parcel, unit, first_kg, further_kg, hours } = *rate;
        let weights = &self.weights;
        let fixed = weights.weigh(parcel).saturating_add(penalty.max(0));
        let (first, slope, unit) = (weights.weigh(first_kg), weights.weigh(further_kg), weights.weigh(unit));
        let hours = weights.time.max(0).saturating_mul(i64::from(hours));
        // Costs are not negative, so their largest decides whether any of them exceeds the limit.
        if fixed.max(first).max(slope).max(unit).max(hours) > MICROS_MAX {
            self.beyond_limits = true;
            return;
        }
        let entry = if self.all_weigh { fixed + first } else { fixed };
        self.least.meet(entry, slope, unit, hours);
        if !all || ceiling.is_some_and(|ceiling| self.price(rate) > ceiling) {
            return;
        }
        let opened = fixed + if self.weight_g > 0 { first } else { 0 };
        let cost = (opened + hours + unit * self.units) * FINE + slope * self.charged_g;
        if self.best.is_none_or(|best| (cost, entry) < (best.cost, best.entry)) {
            self.best = Some(Best { cost, entry, lane });
        }
    }

    /// Whether lanes may be offered in the order of this ladder: it is made for the same weight of money, and every
    /// line weighs something.
    pub fn climbs(&self, ladder: &Ladder) -> bool {
        self.all_weigh && ladder.money == self.weights.money
    }

    /// The lane of the best plan, when one parcel is proven best.
    pub fn proven(&self) -> Option<usize> {
        let best = self.best.filter(|_| !self.beyond_limits)?;
        (!self.may_split || best.cost <= self.least_of_two(&self.least)).then_some(best.lane)
    }

    /// The same before all lanes were offered, when the remaining ones all stand on the ladder from `floor` on.
    #[inline]
    pub fn proven_above(&self, floor: &Floor<'_>) -> Option<usize> {
        let best = self.best.filter(|_| !self.beyond_limits)?;
        let Ladder { slope, unit, hours, .. } = *floor.ladder;
        let hours = self.weights.time.max(0).checked_mul(hours).filter(|hours| *hours <= MICROS_MAX)?;
        // The remaining lanes cost no less, and lose a tie: they are dearer to open or come later.
        let left = (floor.entry + hours + unit * self.units) * FINE + slope * self.charged_g;
        if best.cost > left {
            return None;
        }
        let mut least = self.least;
        least.meet(floor.entry, slope, unit, hours);
        (!self.may_split || best.cost <= self.least_of_two(&least)).then_some(best.lane)
    }

    /// Lower bound on plans of two or more parcels: each is opened and carries its first kilogram, and everything
    /// else is charged at the cheapest weight, units and hours.
    fn least_of_two(&self, least: &Least) -> i64 {
        let Least { entries: [first, second], slope, unit, hours } = *least;
        if second == i64::MAX {
            return i64::MAX;
        }
        let slope = |grams: i64| slope * steps(grams, self.kg_step_g);
        let drawn = (hours + unit * self.units) * FINE;
        let mut opened = (first + second) * FINE;
        let mut over = self.weight_g - 2 * FIRST_KG_G.cast_signed();
        let mut bound = opened + slope(over.max(0));
        // A further parcel pays only while opening it costs less than it saves.
        while over > 0 && second * FINE < slope(FIRST_KG_G.cast_signed()) {
            opened += second * FINE;
            over -= FIRST_KG_G.cast_signed();
            bound = bound.min(opened + slope(over.max(0)));
        }
        drawn + bound
    }

    fn price(&self, rate: &Rate) -> Money {
        rate.parts(self.units.unsigned_abs(), self.weight_g.unsigned_abs(), self.kg_step_g).total()
    }
}

impl Least {
    const NONE: Least = Least { entries: [i64::MAX; 2], slope: i64::MAX, unit: i64::MAX, hours: i64::MAX };

    #[inline]
    fn meet(&mut self, entry: i64, slope: i64, unit: i64, hours: i64) {
        let [first, second] = self.entries;
        self.entries = if entry < first { [entry, first] } else { [first, second.min(entry)] };
        self.slope = self.slope.min(slope);
        self.unit = self.unit.min(unit);
        self.hours = self.hours.min(hours);
    }
}

/// Lanes sorted by the cost of opening them, so that the first few often suffice for the proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ladder {
    rungs: Vec<Rung>,
    /// Weight of money it is made for, in millionths.
    money: i64,
    slope: i64,
    unit: i64,
    hours: i64,
}

/// A lane's place on a ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rung {
    /// Index of the lane.
    pub lane: usize,
    entry: i64,
}

/// The lanes of a ladder from one rung on.
#[derive(Clone, Copy, Debug)]
pub struct Floor<'a> {
    ladder: &'a Ladder,
    entry: i64,
}

impl Ladder {
    /// Sorts lanes, each with its rate and penalty, for orders whose lines all weigh something. `None` when a rate
    /// exceeds the bounds of this proof.
    pub fn new<'r>(lanes: impl Iterator<Item = (&'r Rate, i64)>, money: i64) -> Option<Ladder> {
        let weights = Weights { money, ..Weights::default() };
        let mut ladder = Ladder { rungs: Vec::new(), money, slope: i64::MAX, unit: i64::MAX, hours: i64::MAX };
        for (lane, (rate, penalty)) in lanes.enumerate() {
            let weigh = |money| Some(weights.weigh(money)).filter(|micros| *micros <= MICROS_MAX);
            let fixed = weigh(rate.parcel)?.checked_add(penalty.max(0)).filter(|fixed| *fixed <= MICROS_MAX)?;
            ladder.rungs.push(Rung { lane, entry: fixed + weigh(rate.first_kg)? });
            ladder.slope = ladder.slope.min(weigh(rate.further_kg)?);
            ladder.unit = ladder.unit.min(weigh(rate.unit)?);
            ladder.hours = ladder.hours.min(i64::from(rate.hours));
        }
        ladder.rungs.sort_by_key(|rung| rung.entry);
        Some(ladder)
    }

    /// Every lane, cheapest to open first; equal ones in the order given.
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The lanes from this one on.
    #[inline]
    pub fn floor(&self, rung: &Rung) -> Floor<'_> {
        Floor { ladder: self, entry: rung.entry }
    }
}

/// The lane of a problem's best plan, when one pass over the lanes proves a single parcel best.
pub(super) fn proven(problem: &Problem) -> Option<usize> {
    if !problem.draws.is_empty() {
        return None;
    }
    let lines = problem.lines.iter().map(|line| (line.units, line.weight_g));
    let mut whole = Whole::new(lines, problem.weights, problem.kg_step_g, problem.max_parcels)?;
    for (at, lane) in problem.lanes.iter().enumerate() {
        let row = &problem.stock[usize::from(lane.site) * problem.lines.len()..][..problem.lines.len()];
        let (mut any, mut all) = (false, true);
        for (&stock, line) in row.iter().zip(&problem.lines) {
            any |= stock > 0 && line.units > 0;
            all &= stock >= line.units;
        }
        if any {
            whole.offer(at, &lane.rate, lane.penalty, lane.ceiling, all);
        }
    }
    whole.proven()
}

#[inline]
fn steps(grams: i64, step: u32) -> i64 {
    match i64::from(step) {
        0 => grams,
        step => (grams + step - 1) / step * step,
    }
}

behind! {
    Ladder { rungs }
    Rung {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(parcel: i64, further_kg: i64) -> Rate {
        Rate { parcel: Money(parcel), further_kg: Money(further_kg), ..Rate::default() }
    }

    /// Offers lanes, each with whether it carries everything, to an order of one line of `units` units of 500 g.
    fn proven(units: u64, max_parcels: Option<u16>, lanes: &[(Rate, bool)]) -> Option<usize> {
        let mut whole = Whole::new([(units, 500)].into_iter(), Weights::default(), 1_000, max_parcels)?;
        lanes.iter().enumerate().for_each(|(at, (rate, all))| whole.offer(at, rate, 0, None, *all));
        whole.proven()
    }

    #[test]
    fn the_cheapest_parcel_that_carries_everything_wins_and_ties_go_to_the_first() {
        let lanes = [(rate(5, 0), true), (rate(4, 0), true), (rate(4, 0), true), (rate(3, 0), false)];
        assert_eq!(proven(1, None, &lanes), Some(1));
    }

    #[test]
    fn nothing_is_proven_where_two_parcels_might_be_cheaper() {
        let far = [(rate(9, 0), true), (rate(3, 0), false), (rate(3, 0), false)];
        assert_eq!(proven(1, None, &far), None);
        assert_eq!(proven(1, Some(1), &far), Some(0), "unless two parcels are not allowed");
        // Ten kilograms: each further one costs more than another parcel, which carries its first kilogram free.
        let steep = [(rate(2, 5), true), (rate(2, 5), true)];
        assert_eq!(proven(20, None, &steep), None);
        assert_eq!(proven(2, None, &steep), Some(0));
    }

    #[test]
    fn a_ceiling_keeps_a_parcel_from_a_lane() {
        let mut whole = Whole::new([(1, 500)].into_iter(), Weights::default(), 0, None).unwrap();
        whole.offer(0, &rate(5, 0), 0, Some(Money(4)), true);
        assert_eq!(whole.proven(), None);
        whole.offer(1, &rate(6, 0), 0, Some(Money(6)), true);
        assert_eq!(whole.proven(), Some(1));
    }

    #[test]
    fn a_ladder_proves_the_lane_that_all_lanes_prove() {
        let mut early = 0;
        for seed in 0..20_000_u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut below = |bound: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state % bound).cast_signed()
            };
            let lanes: Vec<(Rate, bool, bool)> = (0..1 + below(12))
                .map(|_| {
                    let mut micros = |bound| Money(below(bound));
                    let (parcel, unit, first_kg, further_kg) = (micros(6), micros(2), micros(6), micros(4));
                    let hours = u32::try_from(below(3)).unwrap();
                    (Rate { parcel, unit, first_kg, further_kg, hours }, below(4) > 0, below(3) > 0)
                })
                .collect();
            let weights = Weights { time: below(2), money: [1_000_000, 500_000][seed as usize % 2], balance: 0 };
            let most = [None, Some(1)][below(2) as usize];
            let order = [(1 + below(4).unsigned_abs(), 900)];
            let fresh = || Whole::new(order.into_iter(), weights, 1_000, most).unwrap();
            let offer = |whole: &mut Whole, at: usize| {
                let (rate, some, all) = &lanes[at];
                if *some {
                    whole.offer(at, rate, 0, None, *all);
                }
            };
            let mut whole = fresh();
            (0..lanes.len()).for_each(|at| offer(&mut whole, at));
            let ladder = Ladder::new(lanes.iter().map(|(rate, ..)| (rate, 0)), weights.money).unwrap();
            let mut climbing = fresh();
            assert!(climbing.climbs(&ladder));
            let found = ladder.rungs().iter().find_map(|rung| {
                let proven = climbing.proven_above(&ladder.floor(rung));
                offer(&mut climbing, rung.lane);
                proven
            });
            early += usize::from(found.is_some());
            assert_eq!(found.or_else(|| climbing.proven()), whole.proven(), "{seed}: {order:?} {weights:?} {lanes:?}");
        }
        assert!(early > 5_000, "{early} of 20,000 looks ended early");
    }

    #[test]
    fn what_does_not_fit_into_short_sums_is_left_to_the_search() {
        assert!(Whole::new([(UNITS_MAX + 1, 1)].into_iter(), Weights::default(), 0, None).is_none());
        assert!(Whole::new([(1, u32::MAX)].into_iter(), Weights::default(), 0, None).is_none());
        assert_eq!(proven(1, None, &[(rate(MICROS_MAX + 1, 0), true)]), None);
    }
}
