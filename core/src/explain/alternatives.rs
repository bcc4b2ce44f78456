//! Plans beside the chosen one, each found by solving the order again with something forbidden.

use crate::reply::CandidateRole;
use crate::routing::{
    Answer, Lane, ParcelPlan, Problem, Router, SplitRules, WEIGHT_ONE, WORK_DEFAULT, Weights, hold_to,
};

use super::score::score;

/// What one alternative may cost: the default less one, so that even linear orders are not searched past it.
const WORK: u64 = WORK_DEFAULT - 1;
/// Plans from one warehouse alone that are shown as candidates.
const ALONE_SHOWN: usize = 3;

/// A plan with what it stands for. Lanes are those of the whole problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alternative {
    /// What it stands for.
    pub roles: Vec<CandidateRole>,
    /// Its parcels, by lane.
    pub parcels: Vec<ParcelPlan>,
    /// Its score in millionths.
    pub score: i64,
    /// Whether no plan of its role scores less.
    pub proven: bool,
}

/// What else there was.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Alternatives {
    /// The chosen plan, then the others by score.
    pub plans: Vec<Alternative>,
    /// By site: the score of the best plan from it alone, if there is one.
    pub alone: Vec<Option<i64>>,
}

/// Everything that a chosen plan is shown beside.
///
/// `bought` marks the sites that own stock comes before, where the rules say so and prices could have decided otherwise.
pub fn alternatives(
    problem: &Problem,
    split: &SplitRules,
    bought: &[bool],
    chosen: &[ParcelPlan],
    proven: bool,
    router: &mut Router,
) -> Alternatives {
    let roles = vec![CandidateRole::Chosen];
    let mut found = Alternatives {
        plans: vec![Alternative { roles, parcels: chosen.to_vec(), score: score(problem, chosen), proven }],
        alone: vec![None; problem.sites.len()],
    };
    let second = runner_up(problem, split, chosen, |_| true, router);
    let is_kept_out = |plan: &Alternative| plan.score < found.plans[0].score && buys(problem, bought, plan);
    let second = if second.as_ref().is_some_and(is_kept_out) {
        let own = |lane: &Lane| !bought[usize::from(lane.site)];
        runner_up(problem, split, chosen, own, router)
    } else {
        second
    };
    found.add(second);
    found.add(own_first(problem, split, bought, found.plans[0].score, router));
    found.add(ruled_out(problem, split, found.plans[0].score, router));
    let mut single = Vec::new();
    for site in 0..problem.sites.len() {
        let best = alone(problem, site, router);
        found.alone[site] = best.as_ref().map(|plan| plan.score);
        single.extend(best);
    }
    single.sort_by_key(|plan| plan.score);
    single.into_iter().take(ALONE_SHOWN).for_each(|plan| found.add(Some(plan)));
    found.add(one_parcel(problem, router));
    found.add(least_money(problem, router));
    let chosen = found.plans[0].score;
    for plan in found.plans[1..].iter_mut().filter(|plan| plan.score < chosen && buys(problem, bought, plan)) {
        plan.roles = vec![CandidateRole::OwnFirst];
    }
    found.plans[1..].sort_by_key(|plan| plan.score);
    found
}

/// Whether a plan buys from outside.
fn buys(problem: &Problem, bought: &[bool], plan: &Alternative) -> bool {
    plan.parcels.iter().any(|parcel| bought[usize::from(problem.lanes[usize::from(parcel.lane)].site)])
}

/// The best plan were own stock not to come first, where that kept it out.
fn own_first(
    problem: &Problem,
    split: &SplitRules,
    bought: &[bool],
    chosen: i64,
    router: &mut Router,
) -> Option<Alternative> {
    if !bought.contains(&true) {
        return None;
    }
    let (plan, _) = solve(problem, |_, _| true, split, router)?;
    let kept_out = plan.score < chosen && buys(problem, bought, &plan);
    kept_out.then(|| Alternative { roles: vec![CandidateRole::OwnFirst], ..plan })
}

impl Alternatives {
    /// Adds a plan, or its role to the same plan.
    fn add(&mut self, plan: Option<Alternative>) {
        let Some(plan) = plan else { return };
        match self.plans.iter_mut().find(|known| known.parcels == plan.parcels) {
            Some(known) => known.roles.extend(plan.roles),
            None => self.plans.push(plan),
        }
    }
}

/// The best plan that does without at least one of the chosen lanes: one search for each lane that is left out.
fn runner_up(
    problem: &Problem,
    split: &SplitRules,
    chosen: &[ParcelPlan],
    keep: impl Fn(&Lane) -> bool,
    router: &mut Router,
) -> Option<Alternative> {
    let mut best: Option<Alternative> = None;
    let mut bound = i64::MAX;
    for out in chosen.iter().map(|parcel| parcel.lane) {
        let Some((plan, least)) = solve(problem, |at, lane| at != out && keep(lane), split, router) else { continue };
        bound = bound.min(least);
        if best.as_ref().is_none_or(|best| plan.score < best.score) {
            best = Some(plan);
        }
    }
    let best = best?;
    Some(Alternative { roles: vec![CandidateRole::RunnerUp], proven: bound >= best.score, ..best })
}

/// The best plan without the split rules, where they kept it out.
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

/// The best plan over some of the lanes, and what no plan over them is below.
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
