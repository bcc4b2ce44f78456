//! Score of any plan and its parts, implemented from the model page independently of the solver.

use crate::money::Money;
use crate::reply::ScoreParts;
use crate::routing::{ParcelPlan, Problem, charged_g};

/// Fine units in a score micro: further kilograms are priced by the gram.
const FINE: i128 = 1_000;

/// Score of a plan, in score micros: the sum is exact and rounded half up once.
pub fn score(problem: &Problem, parcels: &[ParcelPlan]) -> i64 {
    let fine: i128 = parcels.iter().map(|parcel| fine(problem, parcel)).sum::<i128>()
        + FINE * i128::from(time(problem, parcels))
        + FINE * (i128::from(balance(problem, parcels)) + i128::from(preference(problem, parcels)));
    i64::try_from((fine + FINE / 2).div_euclid(FINE)).unwrap_or(i64::MAX)
}

/// Score of a plan by part. `prices` holds the price of stock per unit drawn, in the layout of the problem's stock,
/// or is empty. Money is what remains after time, balance, prices and preference, so that the parts add up.
pub fn parts(problem: &Problem, parcels: &[ParcelPlan], score: i64, prices: &[i64]) -> ScoreParts {
    let (time, preference) = (time(problem, parcels), preference(problem, parcels));
    let (drawn, prices) = (balance(problem, parcels), drawn(problem, parcels, prices));
    ScoreParts {
        money: Money(score - time - drawn - preference),
        time: Money(time),
        balance: Money(drawn - prices),
        prices: Money(prices),
        preference: Money(preference),
    }
}

/// Weighted money of a parcel, in fine units.
fn fine(problem: &Problem, parcel: &ParcelPlan) -> i128 {
    let rate = problem.lanes[usize::from(parcel.lane)].rate;
    let units: u64 = parcel.takes.iter().map(|(_, units)| units).sum();
    let weigh = |money| i128::from(problem.weights.weigh(money));
    let first = if parcel.weight_g > 0 { weigh(rate.first_kg) } else { 0 };
    let charged = i128::from(charged_g(parcel.weight_g, problem.kg_step_g));
    FINE * (weigh(rate.parcel) + first + weigh(rate.unit) * i128::from(units)) + weigh(rate.further_kg) * charged
}

fn time(problem: &Problem, parcels: &[ParcelPlan]) -> i64 {
    let hours = parcels.iter().map(|parcel| problem.lanes[usize::from(parcel.lane)].rate.hours).max().unwrap_or(0);
    problem.weights.time.max(0).saturating_mul(i64::from(hours))
}

fn balance(problem: &Problem, parcels: &[ParcelPlan]) -> i64 {
    drawn(problem, parcels, &problem.draws)
}

/// Sum over the units drawn, each at `cost`, which has the layout of the stock or is empty.
fn drawn(problem: &Problem, parcels: &[ParcelPlan], cost: &[i64]) -> i64 {
    if cost.is_empty() {
        return 0;
    }
    let of = |parcel: &ParcelPlan| {
        let site = usize::from(problem.lanes[usize::from(parcel.lane)].site);
        let row = &cost[site * problem.lines.len()..][..problem.lines.len()];
        let drawn = parcel.takes.iter().map(|(line, units)| i128::from(row[usize::from(*line)]) * i128::from(*units));
        drawn.sum::<i128>()
    };
    i64::try_from(parcels.iter().map(of).sum::<i128>()).unwrap_or(i64::MAX)
}

fn preference(problem: &Problem, parcels: &[ParcelPlan]) -> i64 {
    let penalties = parcels.iter().map(|parcel| problem.lanes[usize::from(parcel.lane)].penalty.max(0));
    penalties.fold(0, i64::saturating_add)
}
