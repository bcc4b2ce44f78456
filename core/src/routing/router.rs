//! The router: from a problem to its solution.

use super::assign::Assign;
use super::branch::Branch;
use super::model::{COST_MAX, Model};
use super::pricing;
use super::problem::{Answer, ParcelPlan, Problem, Solution};
use super::search::{Best, Search};
use super::sets::Sets;
use super::whole;

/// Default budget of work; it takes about two milliseconds.
pub const WORK_DEFAULT: u64 = 1_000_000;

/// Budget of a linear order of at most [`LINEAR_SITES`] warehouses and [`LINEAR_LINES`] lines when the caller gives
/// the default: its plan is always proven. About one in a hundred of the hardest random orders needs more than the
/// default.
const WORK_LINEAR: u64 = 2_000_000_000;
const LINEAR_SITES: usize = 16;
const LINEAR_LINES: usize = 20;

/// Work that a search within [`Reach::Settled`] may take, besides reading the problem.
pub const SETTLED_WORK: u64 = 50_000;

/// Most work spent on sets of parcels, and most lines of an order for which they are tried, before branch and bound
/// takes over.
const SETS_WORK: i64 = SETTLED_WORK as i64;
const SETS_LINES: usize = 100;

/// Solves routing problems. Keeps its buffers, so a warm router allocates nothing on ordinary orders.
#[derive(Debug, Default)]
pub struct Router {
    model: Model,
    assign: Assign,
    sets: Sets,
    branch: Branch,
    best: Best,
    solution: Solution,
    spare: Vec<ParcelPlan>,
    everything: Vec<usize>,
    spent: u64,
}

/// How far a search for a plan may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// As far as this budget of work allows.
    Work(u64),
    /// Only as far as every larger budget comes to the same plan: the search ends where it would go beyond sets of
    /// parcels, after a small fixed amount of work.
    Settled,
}

impl Router {
    /// A router with empty buffers.
    pub fn new() -> Router {
        Router::default()
    }

    /// Searches for the plan of least score. `work` bounds the search, about two nanoseconds a unit; when it runs
    /// out, the solution is the best plan found, with its bound. With [`WORK_DEFAULT`] or more, linear orders (no
    /// weight steps, no ceilings) of up to 16 warehouses and 20 lines are searched past the budget until they are
    /// proven.
    ///
    /// # Panics
    ///
    /// In debug builds, when [`Problem::check`] refuses the problem.
    pub fn solve(&mut self, problem: &Problem, work: u64) -> Answer {
        self.solve_within(problem, Reach::Work(work)).expect("a search within a budget ends with an answer")
    }

    /// Like [`Router::solve`], within a reach; `None` when the reach did not suffice, and the router has no solution.
    pub fn solve_within(&mut self, problem: &Problem, reach: Reach) -> Option<Answer> {
        debug_assert_eq!(problem.check(), Ok(()));
        if problem.capacity.is_empty()
            && let Some(lane) = whole::proven(problem)
        {
            self.settle(problem, lane);
            return Some(Answer::Plan);
        }
        self.solve_unproven(problem, reach)
    }

    /// Like [`Router::solve_within`], without the single-parcel proof: for problems on which [`super::Whole`] has already
    /// failed.
    pub fn solve_unproven(&mut self, problem: &Problem, reach: Reach) -> Option<Answer> {
        debug_assert_eq!(problem.check(), Ok(()));
        self.spare.append(&mut self.solution.parcels);
        self.solution.score = 0;
        self.solution.bound = 0;
        self.solution.proven = false;
        if short(problem) {
            return Some(Answer::Short);
        }
        self.model.load(problem);
        if self.model.n() == 0 {
            self.solution.proven = true;
            return Some(Answer::Plan);
        }
        let work = match reach {
            Reach::Work(work) if work >= WORK_DEFAULT && self.must_prove() => work.max(WORK_LINEAR),
            Reach::Work(work) => work,
            Reach::Settled => WORK_DEFAULT,
        };
        let work = i64::try_from(work).unwrap_or(i64::MAX / 2).min(i64::MAX / 2);
        self.search(problem, work, reach == Reach::Settled)
    }

    /// Units of work that the searches took since this was asked last.
    pub fn take_spent(&mut self) -> u64 {
        std::mem::take(&mut self.spent)
    }

    /// Sets the solution to the whole order in one parcel on this lane, as proven best by [`super::Whole`].
    pub fn settle(&mut self, problem: &Problem, lane: usize) {
        pricing::write_whole(problem, lane, &mut self.solution, &mut self.spare);
    }

    /// Sets the solution to this plan and prices it. `bound` is a lower bound on the score of every allowed plan, in
    /// score micros.
    pub fn adopt(&mut self, problem: &Problem, parcels: Vec<ParcelPlan>, bound: i64) {
        self.solution.parcels = parcels;
        self.solution.parcels.sort_by_key(|parcel| parcel.lane);
        pricing::price_all(problem, &mut self.solution);
        self.solution.bound = bound.min(self.solution.score);
        self.solution.proven = self.solution.bound == self.solution.score;
    }

    /// The plan of the latest [`Answer::Plan`].
    pub fn solution(&self) -> &Solution {
        &self.solution
    }

    fn must_prove(&self) -> bool {
        let model = &self.model;
        let linear = model.step == 0 || model.weight <= 1_000;
        linear
            && model.sites <= LINEAR_SITES
            && model.n() <= LINEAR_LINES
            && !model.lanes.iter().any(|lane| lane.limited)
    }

    /// Searches with a budget of work; where it is to be settled, only sets of parcels are tried, and `None` says that they
    /// did not suffice.
    fn search(&mut self, problem: &Problem, work: i64, settled: bool) -> Option<Answer> {
        let mut search = Search { problem, model: &self.model, work };
        // Reading the problem counts as work.
        search.work -= 4 * (self.model.n() * self.model.lanes.len()) as i64;
        self.best.clear();
        self.sets.singles(&mut search, &mut self.best);
        if !self.best.found() {
            self.everything.clear();
            self.everything.extend(0..self.model.lanes.len());
            self.assign.greedy(&mut search, &self.everything, false, &mut self.best);
        }
        let mut rest = (search.work - SETS_WORK).max(0);
        search.work -= rest;
        let mut bound = COST_MAX;
        // With many lines, this budget does not even suffice for all pairs.
        let few = self.model.n() <= SETS_LINES;
        if !(few && self.sets.search(&mut search, &mut self.assign, &mut self.best)) {
            if settled {
                self.spent = self.spent.saturating_add(spent(work, search.work + rest));
                return None;
            }
            std::mem::swap(&mut search.work, &mut rest);
            bound = self.branch.search(&mut search, &mut self.assign, &mut self.best);
        }
        self.spent = self.spent.saturating_add(spent(work, search.work + rest));
        if !self.best.found() {
            return Some(Answer::NoWay);
        }
        let whole = bound >= self.best.cost;
        let bound = self.model.micros(bound.min(self.best.cost));
        pricing::write(problem, &self.model, &mut self.best.takes, &mut self.solution, &mut self.spare);
        self.solution.proven = (whole && self.model.exact) || bound >= self.solution.score;
        self.solution.bound = if self.solution.proven { self.solution.score } else { bound.min(self.solution.score) };
        Some(Answer::Plan)
    }
}

/// Work done of a budget.
fn spent(budget: i64, left: i64) -> u64 {
    u64::try_from(budget.saturating_sub(left)).unwrap_or_default()
}

/// Whether some line wants more than all sites have.
fn short(problem: &Problem) -> bool {
    let sites = problem.sites.len();
    problem.lines.iter().enumerate().any(|(line, wanted)| {
        let all = (0..sites).fold(0u64, |sum, site| sum.saturating_add(problem.stock_at(site, line)));
        all < wanted.units
    })
}
