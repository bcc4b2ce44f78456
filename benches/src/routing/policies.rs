//! Policies to compare with: rules of thumb from practice, and the exact least cost of each order alone.

use std::cmp::Reverse;

use stockade_core::routing::{Answer, ParcelPlan, Problem, Rate, Router, Solution, WORK_DEFAULT};

/// A way to plan an order. Rules of thumb use the first lane of each warehouse, and unlimited warehouses last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// Each line from the nearest warehouse that has any of it.
    Nearest,
    /// Repeatedly the warehouse that has most of the remaining units, the nearest of equals.
    Greedy,
    /// Each line from the warehouse where it alone costs least.
    Apart,
    /// The plan of least cost for this order with the stock on hand, over all lanes.
    CheapestNow,
}

impl Policy {
    /// The rules of thumb.
    pub const THUMBS: [Policy; 3] = [Policy::Nearest, Policy::Greedy, Policy::Apart];
    /// The policies that play seasons.
    pub const LIVE: [Policy; 3] = [Policy::Nearest, Policy::Greedy, Policy::CheapestNow];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Nearest => "nearest warehouse",
            Policy::Greedy => "greedy (most units first)",
            Policy::Apart => "every line from its cheapest",
            Policy::CheapestNow => "cheapest now (exact)",
        }
    }

    /// Plans an order and leaves the plan in the router.
    ///
    /// # Errors
    /// When the stock does not suffice.
    pub fn plan(self, problem: &Problem, router: &mut Router) -> Result<(), String> {
        if self == Policy::CheapestNow {
            return match router.solve(problem, WORK_DEFAULT) {
                Answer::Plan => Ok(()),
                other => Err(format!("the router answered {other:?} to an order")),
            };
        }
        let mut picks = Picks::new(problem);
        let near = picks.by_distance();
        let lines = 0..problem.lines.len();
        match self {
            Policy::Greedy => {
                let mut left = near;
                while let Some(at) = (0..left.len()).max_by_key(|&at| (picks.has(left[at]), Reverse(at))) {
                    let site = left.remove(at);
                    lines.clone().for_each(|line| picks.take(site, line));
                }
            }
            Policy::Apart => lines.for_each(|line| {
                let mut ways = near.clone();
                ways.sort_by_key(|&site| picks.alone(site, line));
                ways.iter().for_each(|&site| picks.take(site, line));
            }),
            Policy::Nearest | Policy::CheapestNow => {
                lines.for_each(|line| near.iter().for_each(|&site| picks.take(site, line)));
            }
        }
        if picks.left.iter().any(|&units| units > 0) {
            return Err("the stock does not cover an order".to_owned());
        }
        router.adopt(problem, picks.parcels, 0);
        Ok(())
    }
}

/// Draws of a plan: index of the warehouse in the problem, line and units.
pub(super) fn drawn<'a>(
    problem: &'a Problem,
    plan: &'a Solution,
) -> impl Iterator<Item = (usize, usize, u64)> + use<'a> {
    plan.parcels.iter().flat_map(|parcel| {
        let site = usize::from(problem.lanes[usize::from(parcel.lane)].site);
        parcel.takes.iter().map(move |&(line, units)| (site, usize::from(line), units))
    })
}

/// A plan being built.
struct Picks<'p> {
    problem: &'p Problem,
    /// The first lane of each warehouse, if it has any.
    lane: Vec<Option<u16>>,
    left: Vec<u64>,
    parcels: Vec<ParcelPlan>,
}

impl<'p> Picks<'p> {
    fn new(problem: &'p Problem) -> Picks<'p> {
        let first = |site: usize| problem.lanes.iter().position(|lane| usize::from(lane.site) == site);
        let lane = (0..problem.sites.len()).map(|site| first(site).map(|lane| lane as u16)).collect();
        let left = problem.lines.iter().map(|line| line.units).collect();
        Picks { problem, lane, left, parcels: Vec::new() }
    }

    /// Warehouses with a lane, nearest first: prices of the first kilogram and the unit grow with distance.
    fn by_distance(&self) -> Vec<usize> {
        let mut sites: Vec<usize> = (0..self.lane.len()).filter(|&site| self.lane[site].is_some()).collect();
        let near = |site: usize| self.rate(site).first_kg.0 + self.rate(site).unit.0;
        sites.sort_by_key(|&site| (self.endless(site), near(site)));
        sites
    }

    fn rate(&self, site: usize) -> Rate {
        self.lane[site].map(|lane| self.problem.lanes[usize::from(lane)].rate).unwrap_or_default()
    }

    fn endless(&self, site: usize) -> bool {
        (0..self.left.len()).any(|line| self.problem.stock_at(site, line) == u64::MAX)
    }

    /// Whether a warehouse has limited stock of the remaining units, and how many of them it has.
    fn has(&self, site: usize) -> (bool, u64) {
        let units = (0..self.left.len()).map(|line| self.problem.stock_at(site, line).min(self.left[line])).sum();
        (units > 0 && !self.endless(site), units)
    }

    /// Cost of sending a line alone from a warehouse; unlimited warehouses sort last.
    fn alone(&self, site: usize, line: usize) -> (bool, i64) {
        let problem = self.problem;
        let wanted = problem.lines[line];
        let rate = self.rate(site);
        let money = rate.parts(wanted.units, wanted.units * u64::from(wanted.weight_g), problem.kg_step_g).total().0;
        let drawn = problem.draws.get(site * problem.lines.len() + line).copied().unwrap_or(0);
        let score = money + drawn * wanted.units as i64 + problem.weights.time * i64::from(rate.hours);
        (self.endless(site), score)
    }

    fn take(&mut self, site: usize, line: usize) {
        let units = self.problem.stock_at(site, line).min(self.left[line]);
        let Some(lane) = self.lane[site].filter(|_| units > 0) else { return };
        self.left[line] -= units;
        match self.parcels.iter_mut().find(|parcel| parcel.lane == lane) {
            Some(parcel) => parcel.takes.push((line as u16, units)),
            None => self.parcels.push(ParcelPlan { lane, takes: vec![(line as u16, units)], ..ParcelPlan::default() }),
        }
    }
}
