//! The exact price of a plan, in integers that cannot overflow.

use crate::money::Money;

use super::model::{FINE, Model, Take};
use super::problem::{Lane, ParcelPlan, Problem, Solution};
use super::rates::charged_g;

/// Whether a lane's ceiling allows a parcel of this many units and this weight.
pub(super) fn allowed(problem: &Problem, lane: &Lane, units: u64, weight_g: u64) -> bool {
    match lane.ceiling {
        None => true,
        Some(ceiling) => lane.rate.parts(units, weight_g, problem.kg_step_g).total() <= ceiling,
    }
}

/// Turns takes into parcels and prices them. `spare` supplies parcels and takes back those no longer needed.
pub(super) fn write(
    problem: &Problem,
    model: &Model,
    takes: &mut [Take],
    solution: &mut Solution,
    spare: &mut Vec<ParcelPlan>,
) {
    spare.append(&mut solution.parcels);
    takes.sort_unstable_by_key(|take| (model.lanes[take.lane as usize].lane, take.line));
    for take in takes.iter().filter(|take| take.units > 0) {
        let lane = model.lanes[take.lane as usize].lane;
        if solution.parcels.last().is_none_or(|parcel| parcel.lane != lane) {
            let mut parcel = spare.pop().unwrap_or_default();
            parcel.lane = lane;
            parcel.takes.clear();
            solution.parcels.push(parcel);
        }
        let Some(parcel) = solution.parcels.last_mut() else { continue };
        let line = model.lines[take.line as usize];
        let units = take.units.unsigned_abs();
        match parcel.takes.last_mut() {
            Some(last) if last.0 == line => last.1 += units,
            _ => parcel.takes.push((line, units)),
        }
    }
    price_all(problem, solution);
}

/// Makes the solution one parcel that holds every line, proven optimal.
pub(super) fn write_whole(problem: &Problem, lane: usize, solution: &mut Solution, spare: &mut Vec<ParcelPlan>) {
    spare.append(&mut solution.parcels);
    let mut parcel = spare.pop().unwrap_or_default();
    parcel.lane = u16::try_from(lane).unwrap_or(u16::MAX);
    parcel.takes.clear();
    let wanted = problem.lines.iter().enumerate().filter(|(_, line)| line.units > 0);
    parcel.takes.extend(wanted.map(|(at, line)| (u16::try_from(at).unwrap_or(u16::MAX), line.units)));
    solution.parcels.push(parcel);
    price_all(problem, solution);
    solution.bound = solution.score;
    solution.proven = true;
}

/// Fills in weight and cost of every parcel and the score of the plan.
pub(super) fn price_all(problem: &Problem, solution: &mut Solution) {
    let mut fine: i128 = 0;
    let mut hours = 0;
    for parcel in &mut solution.parcels {
        let lane = &problem.lanes[usize::from(parcel.lane)];
        fine += price(problem, lane, parcel);
        hours = hours.max(lane.rate.hours);
    }
    fine += i128::from(problem.weights.time.max(0)) * i128::from(hours) * i128::from(FINE);
    let half = i128::from(FINE / 2);
    solution.score = i64::try_from((fine + half).div_euclid(i128::from(FINE))).unwrap_or(i64::MAX);
}

/// Fills in weight and cost of a parcel. Returns its score in fine units, hours excluded.
fn price(problem: &Problem, lane: &Lane, parcel: &mut ParcelPlan) -> i128 {
    let (mut units, mut weight_g, mut scarce) = (0u64, 0u64, 0i128);
    for &(line, taken) in &parcel.takes {
        let at = usize::from(line);
        units += taken;
        weight_g += taken * u64::from(problem.lines[at].weight_g);
        if !problem.draws.is_empty() {
            let micros = problem.draws[usize::from(lane.site) * problem.lines.len() + at];
            scarce += i128::from(micros) * i128::from(taken);
        }
    }
    parcel.weight_g = weight_g;
    parcel.parts = lane.rate.parts(units, weight_g, problem.kg_step_g);
    let weigh = |money: Money| i128::from(problem.weights.weigh(money));
    let first = if weight_g > 0 { weigh(lane.rate.first_kg) } else { 0 };
    let whole = weigh(lane.rate.parcel)
        + i128::from(lane.penalty.max(0))
        + first
        + weigh(lane.rate.unit) * i128::from(units)
        + scarce;
    let charged = i128::from(charged_g(weight_g, problem.kg_step_g));
    whole * i128::from(FINE) + weigh(lane.rate.further_kg) * charged
}
