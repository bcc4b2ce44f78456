//! The common case: the whole order in one parcel, where no plan of more parcels could score less.
//!
//! Needs neither lanes in order nor a cost for every line: one pass over the lanes finds the cheapest parcel that carries
//! everything and the least that two or more parcels must cost.

use crate::money::Money;

use super::model::FINE;
use super::problem::Problem;
use super::rates::{FIRST_KG_G, Rate, Weights, charged_g};

/// Up to these, all sums here stay below 2⁶²; larger orders and dearer rates take the long way.
const UNITS_MAX: u64 = 100_000;
const WEIGHT_MAX_G: u64 = 10_000_000;
const MICROS_MAX: i64 = 10_000_000_000;

/// Looks at one lane after the other.
#[derive(Debug)]
pub struct Whole {
    weights: Weights,
    units: i64,
    weight_g: i64,
    /// Grams charged past the first kilogram, when everything is in one parcel.
    charged_g: i64,
    kg_step_g: u32,
    all_weigh: bool,
    /// Whether two parcels are allowed at all.
    may_split: bool,
    best: Option<Best>,
    /// The two least costs of opening a parcel.
    entries: [i64; 2],
    slope_min: i64,
    unit_min: i64,
    hours_min: i64,
    beyond_limits: bool,
}

#[derive(Clone, Copy, Debug)]
struct Best {
    cost: i64,
    entry: i64,
    lane: usize,
}

impl Whole {
    /// An order of these lines, each as units and grams of one. `None` when it is too large for short sums.
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
            entries: [i64::MAX; 2],
            slope_min: i64::MAX,
            unit_min: i64::MAX,
            hours_min: i64::MAX,
            beyond_limits: false,
        })
    }

    /// The next lane that has anything of the order; `all` when it has everything. Ties go to the cheaper parcel, then to
    /// the lane that was offered first.
    #[inline]
    pub fn offer(&mut self, lane: usize, rate: &Rate, penalty: i64, ceiling: Option<Money>, all: bool) {
        let Rate { parcel, unit, first_kg, further_kg, hours } = *rate;
        let weights = &self.weights;
        let fixed = weights.weigh(parcel).saturating_add(penalty.max(0));
        let (first, slope, unit) = (weights.weigh(first_kg), weights.weigh(further_kg), weights.weigh(unit));
        let hours = weights.time.max(0).saturating_mul(i64::from(hours));
        // All are at least zero, so that together they have no bit above the limit unless one of them has.
        if fixed.max(first).max(slope).max(unit).max(hours) > MICROS_MAX {
            self.beyond_limits = true;
            return;
        }
        let entry = if self.all_weigh { fixed + first } else { fixed };
        let [least, second] = self.entries;
        self.entries = if entry < least { [entry, least] } else { [least, second.min(entry)] };
        self.slope_min = self.slope_min.min(slope);
        self.unit_min = self.unit_min.min(unit);
        self.hours_min = self.hours_min.min(hours);
        if !all || ceiling.is_some_and(|ceiling| self.price(rate) > ceiling) {
            return;
        }
        let opened = fixed + if self.weight_g > 0 { first } else { 0 };
        let cost = (opened + hours + unit * self.units) * FINE + slope * self.charged_g;
        if self.best.is_none_or(|best| (cost, entry) < (best.cost, best.entry)) {
            self.best = Some(Best { cost, entry, lane });
        }
    }

    /// The lane of the best plan, when it is the whole order in one parcel and that is proven.
    pub fn proven(&self) -> Option<usize> {
        let best = self.best.filter(|_| !self.beyond_limits)?;
        (!self.may_split || best.cost <= self.least_of_two()).then_some(best.lane)
    }

    /// No plan of two or more parcels costs less: each is opened, each carries its first kilogram for nothing more, and
    /// the rest goes where weight, units and hours are cheapest.
    fn least_of_two(&self) -> i64 {
        let [least, second] = self.entries;
        if second == i64::MAX {
            return i64::MAX;
        }
        let slope = |grams: i64| self.slope_min * steps(grams, self.kg_step_g);
        let drawn = (self.hours_min + self.unit_min * self.units) * FINE;
        let mut opened = (least + second) * FINE;
        let mut over = self.weight_g - 2 * FIRST_KG_G.cast_signed();
        let mut bound = opened + slope(over.max(0));
        // One more parcel pays off only while its price is below what it saves.
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

/// The lane of a problem's best plan, when that is one parcel and proven by one pass over the lanes.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(parcel: i64, further_kg: i64) -> Rate {
        Rate { parcel: Money(parcel), further_kg: Money(further_kg), ..Rate::default() }
    }

    /// Offers lanes that all carry everything, to an order of one line of so many units of 500 g.
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
        // Ten kilograms: each further one costs more than another parcel with its first kilogram for nothing.
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
    fn what_does_not_fit_into_short_sums_is_left_to_the_search() {
        assert!(Whole::new([(UNITS_MAX + 1, 1)].into_iter(), Weights::default(), 0, None).is_none());
        assert!(Whole::new([(1, u32::MAX)].into_iter(), Weights::default(), 0, None).is_none());
        assert_eq!(proven(1, None, &[(rate(MICROS_MAX + 1, 0), true)]), None);
    }
}
