//! From a view to a plan: the one place where an order is posed and solved.

use crate::catalog::Config;
use crate::engine::outcome::invalid;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::pose::SingleParcel;
use crate::engine::plan::scratch::Scratch;
use crate::engine::store::assert_no_locks_held;
use crate::limits::{PLAN_CELLS_MAX, PLAN_UNDER_LOCKS_WORK};
use crate::prices::{Table, solve_own_first};
use crate::reject::Reject;
use crate::routing::{Answer, Reach, SETTLED_WORK, hold_to, holds_to};
use crate::units::counted;

/// What planning came to.
pub(in crate::engine) enum Planned {
    /// There is a plan: the router's solution.
    Plan,
    /// These refuse the order.
    No(Reject),
    /// Under locks only: it takes more work than is done there. Without locks there is always an answer.
    Open,
}

impl Scratch {
    /// Plans a demand over the view, with these prices of stock. The plan is in the router afterwards.
    ///
    /// Where locks are held, what is planned is what would be planned without them, or [`Planned::Open`].
    pub fn plan(&mut self, demand: &Demand<'_>, config: &Config, prices: Option<&Table>) -> Planned {
        if !self.under_locks {
            assert_no_locks_held();
            return self.plan_within(demand, config, prices);
        }
        if self.spent > PLAN_UNDER_LOCKS_WORK {
            return Planned::Open;
        }
        self.router.take_spent();
        let planned = self.plan_within(demand, config, prices);
        self.spent += self.router.take_spent() + (self.view.cells.len() + demand.lines.len()) as u64;
        planned
    }

    fn plan_within(&mut self, demand: &Demand<'_>, config: &Config, prices: Option<&Table>) -> Planned {
        self.prices.clear();
        if self.view.is_too_wide() {
            let reason = format!("more than {PLAN_CELLS_MAX} places have units of them: split the order");
            return Planned::No(invalid("lines", reason));
        }
        let short = self.shorts(demand);
        if !short.is_empty() {
            return Planned::No(Reject::InsufficientStock { short });
        }
        let zone = demand.zone.map(|zone| zone.as_str());
        let lanes = config.rules.lanes(zone);
        let prices = prices.filter(|table| demand.lines.iter().any(|line| !table.of(line.sku).is_empty()));
        self.begin(demand, config, zone);
        let single = if prices.is_none() { self.prove_single_parcel(demand, lanes) } else { SingleParcel::Untried };
        if single == SingleParcel::Proven {
            return Planned::Plan;
        }
        self.pose(demand, config, lanes);
        if let Some(prices) = prices {
            self.price(demand, prices);
        }
        match self.solve(config, single) {
            Some(Answer::Plan) => self.hold_to_split_rules(demand),
            Some(Answer::Short | Answer::NoWay) => Planned::No(self.why_not(demand, config)),
            None => Planned::Open,
        }
    }

    /// Keeps to one warehouse, or to parts that are large enough, where the rules ask for it.
    fn hold_to_split_rules(&mut self, demand: &Demand<'_>) -> Planned {
        if demand.split.is_free() || holds_to(&demand.split, &self.problem, &self.router) {
            return Planned::Plan;
        }
        if self.under_locks {
            return Planned::Open;
        }
        if hold_to(&demand.split, &self.problem, &mut self.router, self.work) {
            return Planned::Plan;
        }
        let total = demand.lines.iter().map(|line| line.units.0).sum();
        let (sent, left) = (demand.split.sent.of(total), demand.split.left.of(total));
        let reason = format!(
            "no single warehouse can send all of it, and no split was found in which every warehouse sends at least {} \
             and leaves at least {left} to the others",
            counted(sent, "unit")
        );
        Planned::No(Reject::Unroutable { reason })
    }

    fn solve(&mut self, config: &Config, single: SingleParcel) -> Option<Answer> {
        let Scratch { problem, router, prices, unpriced, .. } = self;
        let reach = if self.under_locks { Reach::Settled } else { Reach::Work(self.work) };
        if single == SingleParcel::Open {
            return router.solve_unproven(problem, reach);
        }
        let free = config.rules.prices.is_none_or(|rules| rules.pass_over_own) || config.unlimited.is_empty();
        if prices.is_empty() || free {
            return router.solve_within(problem, reach);
        }
        solve_own_first(router, problem, unpriced, |warehouse| config.is_unlimited(warehouse), reach)
    }
}

const _: () =
    assert!(SETTLED_WORK <= PLAN_UNDER_LOCKS_WORK, "what is settled under locks is a small fixed amount of work");
