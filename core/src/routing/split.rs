//! Split rules: when a plan may ship from several warehouses.
//!
//! The search does not know these rules. Its plan stands when it ships from one warehouse, since it is then best
//! under the rules as well. Otherwise the best plan from one warehouse is found too, and the rules choose between the
//! two.

use super::problem::{Answer, ParcelPlan, Problem, Solution};
use super::router::Router;

/// When an order may be split over warehouses. Without any rule, it is split whenever that scores less.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SplitRules {
    /// Score micros that a split must save against the best plan from one warehouse, if there is one.
    pub saving: i64,
    /// Least units that each warehouse of a split sends.
    pub sent: Threshold,
    /// Least units that the other warehouses send together, for each warehouse of a split.
    pub left: Threshold,
}

/// A least number of units: the larger of a fixed number and a share of the order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Threshold {
    /// Fixed number of units.
    pub units: u64,
    /// Share of the order's units, in millionths; the result is rounded up.
    pub share_ppm: u32,
}

/// Most sites whose pairs are tried for a split that meets the thresholds.
const PAIRED: usize = 12;
/// Pairs are not tried for orders of more lines: their searches take too long.
const PAIRED_LINES: usize = 100;
/// Most attempts to leave out one more site.
const FEWER: usize = 24;
/// Most sites, and most sets of them, that are tried before an order is refused.
const TRIED_SITES: usize = 12;
const TRIED_SETS: usize = 1_000;
/// Most moves of units before a plan is given up.
const STEPS: usize = 64;
/// The search for the best unsplit plan gets one part in this many of the main budget.
const PART: u64 = 8;
/// Each of up to a hundred searches for a split that meets the thresholds gets one part in this many.
const FITTING_PART: u64 = 64;
/// Fine units in a score micro.
const FINE: i64 = 1_000;

impl Threshold {
    /// The threshold in units for an order of `total` units.
    pub fn of(&self, total: u64) -> u64 {
        let share = (u128::from(total) * u128::from(self.share_ppm)).div_ceil(1_000_000);
        self.units.max(u64::try_from(share).unwrap_or(u64::MAX))
    }
}

impl SplitRules {
    /// Whether no rule is set.
    pub fn is_free(&self) -> bool {
        *self == SplitRules::default()
    }

    /// Whether the plan meets the thresholds: every warehouse sends enough and leaves enough to the others.
    pub fn fits(&self, problem: &Problem, parcels: &[ParcelPlan]) -> bool {
        let parts = parts(problem, parcels);
        let total: u64 = parts.iter().map(|(_, units)| units).sum();
        let (sent, left) = (self.sent.of(total), self.left.of(total));
        parts.len() < 2 || parts.iter().all(|(_, units)| *units >= sent && total - units >= left)
    }
}

/// Applies the rules to the router's plan: keeps it, or replaces it by the best allowed plan found, with a bound on
/// every allowed plan. Returns whether any allowed plan was found.
///
/// If the plan breaks a threshold, a split that meets it is searched for by moving units between warehouses. A better
/// split may be missed; the bound accounts for that.
pub fn hold_to(rules: &SplitRules, problem: &Problem, router: &mut Router, work: u64) -> bool {
    if holds_to(rules, problem, router) {
        return true;
    }
    let free = router.solution().clone();
    let (unsplit, least) = best_unsplit(problem, router, work / PART);
    let split = if rules.fits(problem, &free.parcels) {
        Some(free.clone())
    } else {
        best_fitting(rules, problem, &free, router, work / FITTING_PART)
    };
    let saving = rules.saving.max(1);
    let worth = |one: &Solution, split: &Solution| one.score.saturating_sub(split.score) >= saving;
    let (plan, bound) = match (unsplit, split) {
        (Some(one), Some(split)) if worth(&one, &split) => (split, free.bound),
        (Some(one), _) => {
            // If even the bound on all plans does not save enough, no split can.
            let none_can = free.bound > one.score.saturating_sub(saving);
            let bound = if none_can { least } else { least.min(free.bound) };
            (one, bound)
        }
        (None, Some(split)) => (split, free.bound),
        (None, None) => return false,
    };
    router.adopt(problem, plan.parcels, bound);
    true
}

/// Whether the router's plan needs no look at the rules: there are none, or it does not split.
pub fn holds_to(rules: &SplitRules, problem: &Problem, router: &Router) -> bool {
    rules.is_free() || parts(problem, &router.solution().parcels).len() < 2
}

/// Pairs of site and units.
type Parts = Vec<(u16, u64)>;

/// Units by site, for the sites that send any.
fn parts(problem: &Problem, parcels: &[ParcelPlan]) -> Parts {
    let mut parts = Parts::new();
    for parcel in parcels {
        let site = problem.lanes[usize::from(parcel.lane)].site;
        let units: u64 = parcel.takes.iter().map(|(_, units)| units).sum();
        if units == 0 {
            continue;
        }
        match parts.iter_mut().find(|(known, _)| *known == site) {
            Some((_, all)) => *all += units,
            None => parts.push((site, units)),
        }
    }
    parts
}

/// The best plan from one site, and a lower bound on all such plans.
fn best_unsplit(problem: &Problem, router: &mut Router, work: u64) -> (Option<Solution>, i64) {
    let mut best: Option<Solution> = None;
    let mut least = i64::MAX;
    for site in 0..problem.sites.len() {
        let covers = (0..problem.lines.len()).all(|line| problem.stock_at(site, line) >= problem.lines[line].units);
        if !covers {
            continue;
        }
        let Some(plan) = over(problem, &[site], router, work) else { continue };
        least = least.min(plan.bound);
        if best.as_ref().is_none_or(|best| plan.score < best.score) {
            best = Some(plan);
        }
    }
    (best, least)
}

/// The best plan over the lanes of some sites; its lanes are those of the whole problem.
fn over(problem: &Problem, sites: &[usize], router: &mut Router, work: u64) -> Option<Solution> {
    let (narrow, whole) = problem.narrowed(|_, lane| sites.contains(&usize::from(lane.site)));
    if router.solve(&narrow, work) != Answer::Plan {
        return None;
    }
    let mut plan = router.solution().clone();
    plan.parcels.iter_mut().for_each(|parcel| parcel.lane = whole[usize::from(parcel.lane)]);
    Some(plan)
}

/// The best split found that meets the thresholds.
fn best_fitting(
    rules: &SplitRules,
    problem: &Problem,
    free: &Solution,
    router: &mut Router,
    work: u64,
) -> Option<Solution> {
    let mut best: Option<Solution> = None;
    let mut offer = |plan: &Solution, router: &mut Router| {
        let Some(parcels) = shifted(rules, problem, &plan.parcels) else { return };
        router.adopt(problem, parcels, i64::MIN);
        let plan = router.solution();
        if best.as_ref().is_none_or(|best| plan.score < best.score) {
            best = Some(plan.clone());
        }
    };
    offer(free, router);
    for plan in with_fewer_sites(rules, problem, free, router, work) {
        offer(&plan, router);
    }
    let stocked =
        |site: usize| (0..problem.lines.len()).map(|line| problem.stock_at(site, line)).fold(0, u64::saturating_add);
    let mut sites: Vec<usize> = (0..problem.sites.len()).collect();
    sites.sort_by_key(|&site| std::cmp::Reverse(stocked(site)));
    sites.truncate(if problem.lines.len() > PAIRED_LINES { 0 } else { PAIRED });
    for (n, &one) in sites.iter().enumerate() {
        for &other in &sites[n + 1..] {
            if let Some(plan) = over(problem, &[one, other], router, work) {
                offer(&plan, router);
            }
        }
    }
    if best.is_none() {
        best = shifted(rules, problem, &widened(problem, free)).map(|parcels| {
            router.adopt(problem, parcels, i64::MIN);
            router.solution().clone()
        });
    }
    best.or_else(|| over_any_sites(rules, problem, router))
}

/// The best split over the fewest sites that can meet the thresholds. Each set of sites is filled in order and its
/// units are then moved. Without ceilings this finds a split if any exists among the sites and sets tried.
fn over_any_sites(rules: &SplitRules, problem: &Problem, router: &mut Router) -> Option<Solution> {
    let lines = 0..problem.lines.len();
    let wanted = |line: usize| problem.lines[line].units;
    let total: u64 = lines.clone().map(wanted).sum();
    let sent = rules.sent.of(total).max(1);
    let useful = |site: usize| lines.clone().map(|line| problem.stock_at(site, line).min(wanted(line))).sum::<u64>();
    let mut sites: Vec<ParcelPlan> = emptied(problem, 0..problem.sites.len());
    let units: Vec<u64> = (0..problem.sites.len()).map(useful).collect();
    let site_of = |parcel: &ParcelPlan| usize::from(problem.lanes[usize::from(parcel.lane)].site);
    sites.retain(|parcel| units[site_of(parcel)] >= sent);
    sites.sort_by_key(|parcel| std::cmp::Reverse(units[site_of(parcel)]));
    sites.truncate(TRIED_SITES);
    let most = u64::from(problem.max_parcels.unwrap_or(u16::MAX)).min(total / sent).min(sites.len() as u64);
    let mut best: Option<Solution> = None;
    let mut tries = 0;
    for size in 2..=u32::try_from(most).ok()? {
        for set in (0..1u32 << sites.len()).filter(|set| set.count_ones() == size) {
            tries += 1;
            if tries > TRIED_SETS {
                return best;
            }
            let members = sites.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            let mut plan: Vec<ParcelPlan> = members.map(|(_, parcel)| parcel.clone()).collect();
            if !fill(problem, &mut plan) {
                continue;
            }
            let Some(parcels) = shifted(rules, problem, &plan) else { continue };
            router.adopt(problem, parcels, i64::MIN);
            if best.as_ref().is_none_or(|best| router.solution().score < best.score) {
                best = Some(router.solution().clone());
            }
        }
        if best.is_some() {
            break;
        }
    }
    best
}

/// Puts every line into the first parcels whose sites have it. Returns whether everything found a place.
fn fill(problem: &Problem, plan: &mut [ParcelPlan]) -> bool {
    (0u16..).zip(&problem.lines).all(|(line, wanted)| {
        let mut left = wanted.units;
        for parcel in plan.iter_mut() {
            let site = usize::from(problem.lanes[usize::from(parcel.lane)].site);
            let taken = problem.stock_at(site, usize::from(line)).min(left);
            if taken > 0 {
                parcel.takes.push((line, taken));
                left -= taken;
            }
        }
        left == 0
    })
}

/// Plans over fewer and fewer sites: the site with the smallest part is left out, unless the order needs it.
fn with_fewer_sites(
    rules: &SplitRules,
    problem: &Problem,
    free: &Solution,
    router: &mut Router,
    work: u64,
) -> Vec<Solution> {
    let mut sites: Vec<usize> = (0..problem.sites.len()).collect();
    let mut needed: Vec<u16> = Vec::new();
    let mut plans = Vec::new();
    let mut present = free.clone();
    for _ in 0..FEWER {
        let parts = parts(problem, &present.parcels);
        let smallest = parts.iter().filter(|(site, _)| !needed.contains(site)).min_by_key(|(_, units)| *units);
        let Some(&(site, _)) = smallest.filter(|_| !rules.fits(problem, &present.parcels)) else { break };
        sites.retain(|kept| *kept != usize::from(site));
        match over(problem, &sites, router, work) {
            Some(plan) => {
                plans.push(plan.clone());
                present = plan;
            }
            None => {
                sites.push(usize::from(site));
                needed.push(site);
            }
        }
    }
    plans
}

/// The plan with an empty parcel on the cheapest lane of every unused site, as a target for moved units.
fn widened(problem: &Problem, plan: &Solution) -> Vec<ParcelPlan> {
    let mut wide = plan.parcels.clone();
    let used: Vec<u16> = parts(problem, &wide).iter().map(|(site, _)| *site).collect();
    let unused = (0..problem.sites.len()).filter(|site| !used.iter().any(|used| usize::from(*used) == *site));
    wide.extend(emptied(problem, unused));
    wide
}

/// An empty parcel on the cheapest lane of each of these sites that has one.
fn emptied(problem: &Problem, sites: impl Iterator<Item = usize>) -> Vec<ParcelPlan> {
    let entry = |lane: &super::problem::Lane| lane.rate.parcel.0.saturating_add(lane.rate.first_kg.0);
    let cheapest = |site: usize| {
        let here = (0u16..).zip(&problem.lanes).filter(|(_, lane)| usize::from(lane.site) == site);
        here.min_by_key(|(_, lane)| entry(lane)).map(|(lane, _)| ParcelPlan { lane, ..ParcelPlan::default() })
    };
    sites.filter_map(cheapest).collect()
}

/// The plan with units moved between its sites, cheapest moves first, until the thresholds are met. `None` when they
/// cannot be met, when lines go whole, or when the plan is not a split.
fn shifted(rules: &SplitRules, problem: &Problem, parcels: &[ParcelPlan]) -> Option<Vec<ParcelPlan>> {
    let mut plan = parcels.to_vec();
    let total: u64 = parts(problem, &plan).iter().map(|(_, units)| units).sum();
    let (sent, left) = (rules.sent.of(total), rules.left.of(total));
    for _ in 0..STEPS {
        let parts = parts(problem, &plan);
        if parts.len() < 2 {
            return None;
        }
        let little = parts.iter().find(|(_, units)| *units < sent);
        let much = parts.iter().find(|(_, units)| total - units < left);
        let cap = total.saturating_sub(left);
        let (from, to): (Parts, Parts) = match (little, much) {
            (Some((site, units)), _) => {
                let rich = parts.iter().filter(|(_, units)| *units > sent);
                (rich.map(|(other, units)| (*other, units - sent)).collect(), vec![(*site, sent - units)])
            }
            (None, Some((site, units))) => {
                let room = |other: u16| {
                    let sends = parts.iter().find(|(known, _)| *known == other).map_or(0, |(_, units)| *units);
                    (other, cap.saturating_sub(sends))
                };
                let others = plan.iter().map(|parcel| problem.lanes[usize::from(parcel.lane)].site);
                let others = others.filter(|other| other != site).map(room).filter(|(_, room)| *room > 0);
                (vec![(*site, (units - cap).min(units.checked_sub(sent)?))], others.collect())
            }
            (None, None) => return priced_within(problem, plan),
        };
        if problem.whole_lines {
            return None;
        }
        step(problem, &mut plan, &from, &to)?;
    }
    None
}

/// A move of one unit from one parcel to another: its line and its least cost, in fine units.
#[derive(Clone, Copy)]
struct Move {
    line: u16,
    cost: i64,
}

/// Moves units from a site that can spare them to one that needs more, along the cheapest path, through other sites
/// if necessary: those then send as many units as before, of other lines. `None` when there is no path.
fn step(problem: &Problem, plan: &mut [ParcelPlan], from: &[(u16, u64)], to: &[(u16, u64)]) -> Option<()> {
    let site: Vec<u16> = plan.iter().map(|parcel| problem.lanes[usize::from(parcel.lane)].site).collect();
    let count = plan.len();
    let most =
        |of: &[(u16, u64)], at: usize| of.iter().find(|(known, _)| *known == site[at]).map_or(0, |(_, most)| *most);
    // Shortest paths from every parcel that can spare units. Costs are not negative, so paths have no cycles.
    let mut cost: Vec<Option<i64>> = (0..count).map(|at| (most(from, at) > 0).then_some(0)).collect();
    let mut before: Vec<Option<(usize, u16)>> = vec![None; count];
    let moves: Vec<Option<Move>> = (0..count * count)
        .map(|pair| (pair / count, pair % count))
        .map(|(a, b)| if site[a] == site[b] { None } else { cheapest(problem, plan, &site, a, b) })
        .collect();
    for _ in 0..count {
        for (pair, by) in moves.iter().enumerate() {
            let (a, b) = (pair / count, pair % count);
            let (Some(so_far), Some(by)) = (cost[a], by) else { continue };
            let reached = so_far.saturating_add(by.cost);
            if cost[b].is_none_or(|known| reached < known) {
                (cost[b], before[b]) = (Some(reached), Some((a, by.line)));
            }
        }
    }
    let ends = (0..count).filter(|&at| most(to, at) > 0 && before[at].is_some());
    let end = ends.min_by_key(|&at| cost[at])?;
    let mut at = end;
    let mut path = Vec::new();
    while let Some((giver, line)) = before[at] {
        path.push((giver, at, line));
        at = giver;
        if path.len() > count {
            return None;
        }
    }
    let room = |(giver, taker, line): &(usize, usize, u16)| {
        units_of(&plan[*giver], *line).min(free(problem, plan, &site, site[*taker], *line))
    };
    let moved = path.iter().map(room).min()?.min(most(from, at)).min(most(to, end));
    if moved == 0 {
        return None;
    }
    for (giver, taker, line) in path {
        shift(&mut plan[giver], line, |units| units - moved);
        shift(&mut plan[taker], line, |units| units + moved);
    }
    Some(())
}

/// The line that can be moved from one parcel to another at the least cost, if any.
fn cheapest(problem: &Problem, plan: &[ParcelPlan], site: &[u16], a: usize, b: usize) -> Option<Move> {
    let lines = plan[a].takes.iter().map(|(line, _)| *line);
    let possible = lines.filter(|line| free(problem, plan, site, site[b], *line) > 0);
    let cost = |line| unit_cost(problem, plan[b].lane, line).saturating_sub(unit_cost(problem, plan[a].lane, line));
    possible.map(|line| Move { line, cost: cost(line).max(0) }).min_by_key(|by| by.cost)
}

/// Units of a line at a site that the plan does not take.
fn free(problem: &Problem, plan: &[ParcelPlan], site: &[u16], at: u16, line: u16) -> u64 {
    let here = plan.iter().zip(site).filter(|(_, of)| **of == at);
    let taken: u64 = here.map(|(parcel, _)| units_of(parcel, line)).sum();
    problem.stock_at(usize::from(at), usize::from(line)).saturating_sub(taken)
}

fn units_of(parcel: &ParcelPlan, line: u16) -> u64 {
    parcel.takes.binary_search_by_key(&line, |(taken, _)| *taken).map_or(0, |at| parcel.takes[at].1)
}

fn shift(parcel: &mut ParcelPlan, line: u16, to: impl Fn(u64) -> u64) {
    match parcel.takes.binary_search_by_key(&line, |(taken, _)| *taken) {
        Ok(at) => parcel.takes[at].1 = to(parcel.takes[at].1),
        Err(at) => parcel.takes.insert(at, (line, to(0))),
    }
    parcel.takes.retain(|(_, units)| *units > 0);
}

/// Cost of adding a unit to a parcel on a lane, in fine units; ignores weight steps and the cost of the parcel
/// itself.
fn unit_cost(problem: &Problem, lane: u16, line: u16) -> i64 {
    let (lane, at) = (&problem.lanes[usize::from(lane)], usize::from(line));
    let grams = i64::from(problem.lines[at].weight_g);
    let scarce = problem.draws.get(usize::from(lane.site) * problem.lines.len() + at).copied().unwrap_or(0);
    let unit = problem.weights.weigh(lane.rate.unit).saturating_add(scarce).saturating_mul(FINE);
    unit.saturating_add(problem.weights.weigh(lane.rate.further_kg).saturating_mul(grams))
}

/// The plan without empty parcels, if it meets the parcel limit and each parcel meets its lane's capacity and
/// ceiling.
fn priced_within(problem: &Problem, mut plan: Vec<ParcelPlan>) -> Option<Vec<ParcelPlan>> {
    plan.retain(|parcel| !parcel.takes.is_empty());
    let within = |parcel: &ParcelPlan| {
        let lane = &problem.lanes[usize::from(parcel.lane)];
        let units: u64 = parcel.takes.iter().map(|(_, units)| units).sum();
        if problem.capacity.get(usize::from(parcel.lane)).is_some_and(|most| units > *most) {
            return false;
        }
        let grams = |(line, units): &(u16, u64)| units * u64::from(problem.lines[usize::from(*line)].weight_g);
        let weight: u64 = parcel.takes.iter().map(grams).sum();
        lane.ceiling.is_none_or(|ceiling| lane.rate.parts(units, weight, problem.kg_step_g).total() <= ceiling)
    };
    let few = problem.max_parcels.is_none_or(|most| plan.len() <= usize::from(most));
    (few && plan.iter().all(within)).then_some(plan)
}
