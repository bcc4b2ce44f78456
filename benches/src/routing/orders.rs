//! Generated orders, one at a time, each judged against its optimum: the router searched without a budget.

use std::time::{Duration, Instant};

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{Answer, DemandLine, Lane, ParcelPlan, Problem, Rate, Router, WORK_DEFAULT};

use super::draw::Draw;
use super::table::{Row, Table};

/// A set of orders: warehouses, lines, and whether hours and scarcity count too.
struct Shape {
    set: &'static str,
    sites: u16,
    lines: usize,
    weighed: bool,
    count: u64,
}

const SHAPES: [Shape; 3] = [
    Shape { set: "orders 3 × 10 × 3, kg steps", sites: 10, lines: 3, weighed: false, count: 500 },
    Shape { set: "orders 20 × 16 × 3, kg steps", sites: 16, lines: 20, weighed: false, count: 100 },
    Shape { set: "... with hours and scarcity", sites: 16, lines: 20, weighed: true, count: 100 },
];
const CARRIERS: u16 = 3;

/// Where a line's units go, by a rule of thumb: the order in which warehouses are asked.
#[derive(Clone, Copy)]
enum Thumb {
    /// Each line from the nearest warehouse that has any of it.
    Nearest,
    /// Again and again the warehouse that has most of what is left, the nearest of several.
    Greedy,
    /// Each line from where it alone would cost least.
    Cheapest,
}

/// Draws the sets and compares.
pub(super) fn compare(seed: u64, quick: bool, out: &mut Table) -> Result<(), String> {
    for shape in &SHAPES {
        let count = if quick { shape.count / 10 } else { shape.count };
        let problems: Vec<Problem> = (seed..seed + count).map(|seed| shape.draw(seed)).collect();
        let mut router = Router::new();
        let mut optima = Vec::with_capacity(problems.len());
        for problem in &problems {
            let score = solve(&mut router, problem, u64::MAX)?.0;
            if !router.solution().proven {
                return Err(format!("{}: an order was not proven without a budget", shape.set));
            }
            optima.push(score as f64);
        }
        for (thumb, policy) in [
            (Thumb::Nearest, "nearest warehouse"),
            (Thumb::Greedy, "greedy (most units first)"),
            (Thumb::Cheapest, "every line from its cheapest"),
        ] {
            let cost = |problem: &Problem, router: &mut Router| {
                router.adopt(problem, thumb.plan(problem), 0);
                router.solution().score as f64
            };
            let ratios: Vec<f64> =
                problems.iter().zip(&optima).map(|(problem, optimum)| cost(problem, &mut router) / optimum).collect();
            let (set, against) = (shape.set, "optimum");
            out.add(&Row { set, policy, ratios: &ratios, against, decision: None, note: String::new() });
        }
        let (mut ratios, mut gap, mut proven, mut took) = (Vec::new(), 0f64, 0, Duration::ZERO);
        for (problem, optimum) in problems.iter().zip(&optima) {
            let (score, bound, time) = solve(&mut router, problem, WORK_DEFAULT)?;
            ratios.push(score as f64 / optimum);
            gap += (score - bound) as f64 / score as f64;
            proven += usize::from(router.solution().proven);
            took += time;
        }
        let note = format!("{proven} proven, gap to its bound {:.3} %", gap / count as f64 * 100.0);
        let decision = Some(took / u32::try_from(count).unwrap_or(u32::MAX));
        let (set, policy, against) = (shape.set, "**Stockade** (cheapest now)", "optimum");
        out.add(&Row { set, policy, ratios: &ratios, against, decision, note });
    }
    Ok(())
}

fn solve(router: &mut Router, problem: &Problem, work: u64) -> Result<(i64, i64, Duration), String> {
    let began = Instant::now();
    let answer = router.solve(problem, work);
    let took = began.elapsed();
    let solution = router.solution();
    if answer == Answer::Plan {
        Ok((solution.score, solution.bound, took))
    } else {
        Err(format!("a generated order was answered {answer:?}"))
    }
}

impl Shape {
    /// Rates grow with distance; warehouses carry three quarters of everything, some of it only in part.
    fn draw(&self, seed: u64) -> Problem {
        let mut draw = Draw::new(seed);
        let mut whole = |low: f64, high: f64| draw.between(low, high).round();
        let sites = (0..self.sites).map(WarehouseId).collect();
        let mut problem = Problem { kg_step_g: 1_000, sites, ..Problem::default() };
        let line = |whole: &mut dyn FnMut(f64, f64) -> f64| DemandLine {
            units: whole(1.0, 4.0) as u64,
            weight_g: whole(2.0, 20.0) as u32 * 50,
        };
        problem.lines = (0..self.lines).map(|_| line(&mut whole)).collect();
        for site in 0..self.sites {
            for at in 0..self.lines {
                let wanted = problem.lines[at].units;
                let lot = whole(0.0, 99.0);
                problem.stock.push(match () {
                    // The last warehouse has everything, so that every order can be covered.
                    () if site + 1 == self.sites => wanted,
                    () if lot >= 75.0 => 0,
                    () if lot < 20.0 => whole(0.0, wanted as f64) as u64,
                    () => wanted + 5,
                });
                if self.weighed {
                    problem.draws.push(whole(0.0, 4_000_000.0) as i64);
                }
            }
            let distance = whole(0.0, 1_000.0);
            for carrier in 0..CARRIERS {
                let premium = 1.0 + 0.3 * f64::from(carrier) + whole(0.0, 20.0) / 100.0;
                let micros = |figure: f64| Money((figure * premium * 1e6).round() as i64);
                let rate = Rate {
                    parcel: Money(500_000),
                    unit: Money(0),
                    first_kg: micros(3.5 + 0.004 * distance),
                    further_kg: micros(0.8 + 0.003 * distance),
                    hours: (12.0 + distance / 20.0 / f64::from(1 + carrier)) as u32,
                };
                problem.lanes.push(Lane { site, carrier: CarrierId(carrier), rate, ceiling: None, penalty: 0 });
            }
        }
        problem.weights.time = if self.weighed { 100_000 } else { 0 };
        problem
    }
}

impl Thumb {
    /// The plan of this rule, each warehouse with its cheapest carrier.
    fn plan(self, problem: &Problem) -> Vec<ParcelPlan> {
        let lines = problem.lines.len();
        let near = |site: usize| problem.lanes[site * usize::from(CARRIERS)].rate.first_kg;
        let mut stock = problem.stock.clone();
        let mut left: Vec<u64> = problem.lines.iter().map(|line| line.units).collect();
        let mut sites: Vec<usize> = (0..problem.sites.len()).collect();
        sites.sort_by_key(|&site| near(site));
        let mut parcels: Vec<ParcelPlan> = Vec::new();
        let mut take = |site: usize, line: usize, left: &mut [u64]| {
            let units = stock[site * lines + line].min(left[line]);
            if units == 0 {
                return;
            }
            stock[site * lines + line] -= units;
            left[line] -= units;
            let lane = (site * usize::from(CARRIERS)) as u16;
            match parcels.iter_mut().find(|parcel| parcel.lane == lane) {
                Some(parcel) => parcel.takes.push((line as u16, units)),
                None => parcels.push(ParcelPlan { lane, takes: vec![(line as u16, units)], ..ParcelPlan::default() }),
            }
        };
        match self {
            Thumb::Nearest => (0..lines).for_each(|line| sites.iter().for_each(|&site| take(site, line, &mut left))),
            Thumb::Cheapest => (0..lines).for_each(|line| {
                let mut ways = sites.clone();
                ways.sort_by_key(|&site| alone(problem, site, line));
                ways.iter().for_each(|&site| take(site, line, &mut left));
            }),
            Thumb::Greedy => {
                while left.iter().any(|&units| units > 0) {
                    let has = |site: usize| -> u64 {
                        (0..lines).map(|line| problem.stock[site * lines + line].min(left[line])).sum()
                    };
                    let Some(at) = (0..sites.len()).max_by_key(|&at| (has(sites[at]), std::cmp::Reverse(at))) else {
                        break;
                    };
                    let site = sites.remove(at);
                    (0..lines).for_each(|line| take(site, line, &mut left));
                }
            }
        }
        parcels.iter_mut().for_each(|parcel| parcel.takes.sort_unstable());
        parcels
    }
}

/// What a line costs if it alone is sent from a warehouse.
fn alone(problem: &Problem, site: usize, line: usize) -> i64 {
    let DemandLine { units, weight_g } = problem.lines[line];
    let lane = &problem.lanes[site * usize::from(CARRIERS)];
    let money = lane.rate.parts(units, units * u64::from(weight_g), problem.kg_step_g).total().0;
    let drawn = problem.draws.get(site * problem.lines.len() + line).copied().unwrap_or(0);
    money + drawn * units as i64 + problem.weights.time * i64::from(lane.rate.hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_thumb_send_everything_and_never_beat_the_optimum() {
        let shape = Shape { set: "", sites: 4, lines: 4, weighed: true, count: 1 };
        for seed in 1..20 {
            let problem = shape.draw(seed);
            let mut router = Router::new();
            let optimum = solve(&mut router, &problem, u64::MAX).unwrap().0;
            for thumb in [Thumb::Nearest, Thumb::Greedy, Thumb::Cheapest] {
                let plan = thumb.plan(&problem);
                let sent: u64 = plan.iter().flat_map(|parcel| &parcel.takes).map(|(_, units)| units).sum();
                assert_eq!(sent, problem.lines.iter().map(|line| line.units).sum::<u64>());
                router.adopt(&problem, plan, 0);
                assert!(router.solution().score >= optimum, "seed {seed}");
            }
        }
    }
}
