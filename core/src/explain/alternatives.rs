//! Alternatives to the chosen plan, each found by solving the order again with something forbidden.

use crate::reply::CandidateRole;
use crate::routing::{
    Answer, Lane, ParcelPlan, Problem, Router, SplitRules, WEIGHT_ONE, WORK_DEFAULT, Weights, hold_to,
};

use super::score::score;

/// Work for one alternative: the default less one, so that even linear orders are not searched past it.
const WORK: u64 = WORK_DEFAULT - 1;
/// Most plans from one warehouse alone that are shown.
const ALONE_SHOWN: usize = 3;

/// A plan with its roles. Lanes are those of the whole problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alternative {
    /// Why the plan is shown.
    pub roles: Vec<CandidateRole>,
    /// Its parcels, ordered by lane.
    pub parcels: Vec<ParcelPlan>,
    /// Its score, in score micros.
    pub score: i64,
    /// Whether no plan of its role scores less.
    pub proven: bool,
}

/// The chosen plan and its alternatives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Alternatives {
    /// The chosen plan, then the others ordered by score.
    pub plans: Vec<Alternative>,
    /// Score of the best plan from each site alone, in score micros, by site; `None` where there is no such plan.
    pub alone: Vec<Option<i64>>,
}

/// A decision whose alternatives are searched for.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The problem that was solved.
    pub problem: &'a Problem,
    /// The same problem with all the stock of unlimited warehouses, of which `problem` has only what own stock, which comes
    /// first, does not serve. Equal to `problem` where nothing was kept out.
    pub open: &'a Problem,
    /// The split rules in force.
    pub split: &'a SplitRules,
    /// The parcels of the chosen plan, ordered by lane.
    pub chosen: &'a [ParcelPlan],
    /// Whether the chosen plan was proven best.
    pub proven: bool,
}

impl Decided<'_> {
    /// Searches for all alternatives to the chosen plan.
    pub fn alternatives(&self, router: &mut Router) -> Alternatives {
        let Decided { problem, open, split, chosen, proven } = *self;
        let roles = vec![CandidateRole::Chosen];
        let mut found = Alternatives {
            plans: vec![Alternative { roles, parcels: chosen.to_vec(), score: score(problem, chosen), proven }],
            alone: vec![None; problem.sites.len()],
        };
        let chosen_score = found.plans[0].score;
        let is_kept_out = |plan: &Alternative| plan.score < chosen_score && draws_past(problem, plan);
        found.add(runner_up(problem, split, chosen, router));
        if open.stock != problem.stock {
            let best = solve(open, |_, _| true, split, router).map(|(plan, _)| plan);
            found.add(best.filter(is_kept_out));
        }
        found.add(ruled_out(problem, split, chosen_score, router));
        let mut single = Vec::new();
        for site in 0..open.sites.len() {
            let best = alone(open, site, router);
            found.alone[site] = best.as_ref().map(|plan| plan.score);
            single.extend(best);
        }
        single.sort_by_key(|plan| plan.score);
        single.into_iter().take(ALONE_SHOWN).for_each(|plan| found.add(Some(plan)));
        found.add(one_parcel(problem, router));
        found.add(least_money(open, router));
        for plan in found.plans[1..].iter_mut().filter(|plan| is_kept_out(plan)) {
            plan.roles.insert(0, CandidateRole::OwnFirst);
        }
        found.plans[1..].sort_by_key(|plan| plan.score);
        found
    }
}

/// Whether a plan takes more of a line from a site than the problem has there.
fn draws_past(problem: &Problem, plan: &Alternative) -> bool {
    let site = |parcel: &ParcelPlan| usize::from(problem.lanes[usize::from(parcel.lane)].site);
    (0..problem.sites.len()).any(|at| {
        (0u16..).zip(0..problem.lines.len()).any(|(line, slot)| {
            let here = plan.parcels.iter().filter(|parcel| site(parcel) == at).flat_map(|parcel| &parcel.takes);
            let taken: u64 = here.filter(|(of, _)| *of == line).map(|(_, units)| units).sum();
            taken > problem.stock_at(at, slot)
        })
    })
}

impl Alternatives {
    /// Adds a plan; if the plan is already there, adds its roles to it.
    fn add(&mut self, plan: Option<Alternative>) {
        let Some(plan) = plan else { return };
        match self.plans.iter_mut().find(|known| known.parcels == plan.parcels) {
            Some(known) => known.roles.extend(plan.roles),
            None => self.plans.push(plan),
        }
    }
}

/// The best plan without at least one of the chosen lanes: one search for each lane left out.
fn runner_up(problem: &Problem, split: &SplitRules, chosen: &[ParcelPlan], router: &mut Router) -> Option<Alternative> {
    let mut best: Option<Alternative> = None;
    let mut bound = i64::MAX;
    for out in chosen.iter().map(|parcel| parcel.lane) {
        let Some((plan, least)) = solve(problem, |lane, _| lane != out, split, router) else { continue };
        bound = bound.min(least);
        if best.as_ref().is_none_or(|best| plan.score < best.score) {
            best = Some(plan);
        }
    }
    let best = best?;
    Some(Alternative { roles: vec![CandidateRole::RunnerUp], proven: bound >= best.score, ..best })
}

/// The best plan without the split rules, if it scores less than the chosen one.
fn ruled_out(problem: &Problem, split: &SplitRules, chosen: i64, router: &mut Router) -> Option<Alternative> {
    if split.is_free() {
        return None;
    }
    let (plan, _) = solve(problem, |_, _| true, &SplitRules::default(), router)?;
    (plan.score < chosen).then(|| Alternative { roles: vec![CandidateRole::RuledOut], ..plan })
}

/// The best plan from one site.
fn alone(problem: &Problem, site: usize, router: &mut Router) -> Option<Alternative> {
    let all = |line: usize| problem.stock_at(site, line) >= problem.lines[line].units;
    if !(0..problem.lines.len()).all(all) {
        return None;
    }
    let (plan, _) = solve(problem, |_, lane| usize::from(lane.site) == site, &SplitRules::default(), router)?;
    Some(Alternative { roles: vec![CandidateRole::OneWarehouse], ..plan })
}

fn one_parcel(problem: &Problem, router: &mut Router) -> Option<Alternative> {
    let single = Problem { max_parcels: Some(1), ..problem.clone() };
    let (plan, _) = solve(&single, |_, _| true, &SplitRules::default(), router)?;
    Some(Alternative { roles: vec![CandidateRole::OneParcel], ..plan })
}

fn least_money(problem: &Problem, router: &mut Router) -> Option<Alternative> {
    let mut bare = problem.clone();
    bare.weights = Weights { money: WEIGHT_ONE, time: 0, balance: 0 };
    bare.draws.clear();
    bare.lanes.iter_mut().for_each(|lane| lane.penalty = 0);
    let (plan, _) = solve(&bare, |_, _| true, &SplitRules::default(), router)?;
    let score = score(problem, &plan.parcels);
    Some(Alternative { roles: vec![CandidateRole::LeastMoney], score, ..plan })
}

/// The best plan over the lanes that `keep` accepts, and a lower bound on all such plans.
fn solve(
    problem: &Problem,
    keep: impl Fn(u16, &Lane) -> bool,
    split: &SplitRules,
    router: &mut Router,
) -> Option<(Alternative, i64)> {
    let (narrow, whole) = problem.narrowed(keep);
    if router.solve(&narrow, WORK) != Answer::Plan || !hold_to(split, &narrow, router, WORK) {
        return None;
    }
    let solution = router.solution();
    let mut parcels = solution.parcels.clone();
    parcels.iter_mut().for_each(|parcel| parcel.lane = whole[usize::from(parcel.lane)]);
    parcels.sort_by_key(|parcel| parcel.lane);
    let plan = Alternative { roles: Vec::new(), parcels, score: solution.score, proven: solution.proven };
    Some((plan, solution.bound))
}
