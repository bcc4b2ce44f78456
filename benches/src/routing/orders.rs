//! Generated orders, one at a time, each compared with its optimum, which the router finds without a budget.

use std::time::{Duration, Instant};

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, WORK_DEFAULT};

use super::draw::Draw;
use super::policies::Policy;
use super::table::{Row, Table};

/// A set of orders: warehouses, lines, and whether hours and scarcity count.
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

/// Generates the sets and compares the policies.
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
            optima.push(score);
        }
        for policy in Policy::THUMBS {
            let mut pairs = Vec::with_capacity(problems.len());
            for (problem, &optimum) in problems.iter().zip(&optima) {
                policy.plan(problem, &mut router)?;
                pairs.push((money(router.solution().score), money(optimum)));
            }
            let (set, policy, against) = (shape.set, policy.name(), "optimum");
            out.add(&Row { set, policy, pairs: &pairs, against, decision: None, note: String::new() });
        }
        let (mut pairs, mut gap, mut proven, mut took) = (Vec::new(), 0f64, 0, Duration::ZERO);
        for (problem, &optimum) in problems.iter().zip(&optima) {
            let (score, bound, time) = solve(&mut router, problem, WORK_DEFAULT)?;
            pairs.push((money(score), money(optimum)));
            gap += (score - bound) as f64 / score as f64;
            proven += usize::from(router.solution().proven);
            took += time;
        }
        let note = format!("{proven} proven, gap to its bound {:.3} %", gap / count as f64 * 100.0);
        let decision = Some(took / u32::try_from(count).unwrap_or(u32::MAX));
        let (set, policy, against) = (shape.set, "**Stockade** (cheapest now)", "optimum");
        out.add(&Row { set, policy, pairs: &pairs, against, decision, note });
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
        Err(format!("the router answered {answer:?} to a generated order"))
    }
}

fn money(micros: i64) -> f64 {
    micros as f64 / Money::MICROS_PER_UNIT as f64
}

impl Shape {
    /// Generates an order: rates grow with distance; a warehouse carries three quarters of the lines, some only in
    /// part.
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
                    // The last warehouse has everything, so that every order can be served.
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

#[cfg(test)]
mod tests {
    use super::super::policies::drawn;
    use super::*;

    #[test]
    fn rules_of_thumb_send_everything_and_never_beat_the_optimum() {
        let shape = Shape { set: "", sites: 4, lines: 4, weighed: true, count: 1 };
        for seed in 1..20 {
            let problem = shape.draw(seed);
            let mut router = Router::new();
            let optimum = solve(&mut router, &problem, u64::MAX).unwrap().0;
            for policy in Policy::THUMBS {
                policy.plan(&problem, &mut router).unwrap();
                let sent: u64 = drawn(&problem, router.solution()).map(|(_, _, units)| units).sum();
                assert_eq!(sent, problem.lines.iter().map(|line| line.units).sum::<u64>());
                assert!(router.solution().score >= optimum, "seed {seed}");
            }
        }
    }
}
