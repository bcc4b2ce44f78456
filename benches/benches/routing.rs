//! Time of a warm router for an order, from problem to plan.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, WORK_DEFAULT};

/// What to generate. `step_g` is the weight step in grams, 0 for exact grams; `carries` and `partly` are the
/// percentages of warehouses that carry a line, and that have only a part of it.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    lines: u64,
    sites: u64,
    carriers: u64,
    units: u64,
    step_g: u32,
    carries: u64,
    partly: u64,
    problems: u64,
}

const SMALL: Shape = Shape {
    name: "3 lines x 10 warehouses x 3 carriers, kg steps",
    lines: 3,
    sites: 10,
    carriers: 3,
    units: 4,
    step_g: 1_000,
    carries: 75,
    partly: 20,
    problems: 2_000,
};

const SHAPES: [Shape; 8] = [
    SMALL,
    Shape { name: "1 line x 10 x 3, kg steps", lines: 1, ..SMALL },
    Shape { name: "8 lines x 10 x 3, kg steps", lines: 8, problems: 400, ..SMALL },
    Shape { name: "12 lines x 8 x 2, kg steps", lines: 12, sites: 8, carriers: 2, problems: 400, ..SMALL },
    Shape { name: "12 lines x 8 x 2, linear", lines: 12, sites: 8, carriers: 2, step_g: 0, problems: 400, ..SMALL },
    Shape { name: "20 lines x 16 x 3, linear", lines: 20, sites: 16, step_g: 0, problems: 200, ..SMALL },
    Shape { name: "20 lines x 16 x 3, kg steps", lines: 20, sites: 16, problems: 100, ..SMALL },
    Shape { name: "700 lines x 20 x 3, kg steps", lines: 700, sites: 20, problems: 20, ..SMALL },
];

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}

fn problem(seed: u64, shape: &Shape) -> Problem {
    let mut dice = Dice(seed);
    let mut problem = Problem {
        kg_step_g: shape.step_g,
        sites: (0..shape.sites).map(|site| WarehouseId(site as u16)).collect(),
        ..Problem::default()
    };
    for _ in 0..shape.lines {
        let weight_g = dice.between(2, 20) as u32 * 50;
        problem.lines.push(DemandLine { units: dice.between(1, shape.units), weight_g });
    }
    for site in 0..shape.sites {
        for line in 0..shape.lines as usize {
            let wanted = problem.lines[line].units;
            let draw = dice.next() % 100;
            // The last warehouse has everything, so that every order can be served.
            problem.stock.push(match () {
                () if site + 1 == shape.sites => wanted,
                () if draw >= shape.carries => 0,
                () if draw < shape.partly => dice.between(0, wanted),
                () => wanted + 5,
            });
        }
        let distance = dice.between(0, 1_000) as i64;
        for carrier in 0..shape.carriers {
            let premium = 100 + 30 * carrier as i64 + dice.between(0, 20) as i64;
            let rate = Rate {
                parcel: Money(500_000),
                unit: Money(0),
                first_kg: Money((3_500_000 + 4_000 * distance) * premium / 100),
                further_kg: Money((800_000 + 3_000 * distance) * premium / 100),
                hours: (12 + distance / 20 / (1 + carrier as i64)) as u32,
            };
            let carrier = CarrierId(carrier as u16);
            problem.lanes.push(Lane { site: site as u16, carrier, rate, ceiling: None, penalty: 0 });
        }
    }
    problem
}

/// Solves each problem several times and prints the best times, the gaps, and the share of proven plans.
fn report(shape: &Shape) {
    let problems: Vec<Problem> = (0..shape.problems).map(|seed| problem(seed, shape)).collect();
    let mut router = Router::new();
    let (mut times, mut gaps, mut proven, mut parcels) = (Vec::new(), Vec::new(), 0, 0);
    for problem in &problems {
        router.solve(problem, WORK_DEFAULT);
    }
    for problem in &problems {
        let mut took = Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            assert_eq!(router.solve(black_box(problem), WORK_DEFAULT), Answer::Plan);
            took = took.min(begun.elapsed());
        }
        times.push(took);
        let solution = router.solution();
        proven += usize::from(solution.proven);
        parcels += solution.parcels.len();
        gaps.push((solution.score - solution.bound) as f64 / solution.score as f64 * 100.0);
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{:<46} p50 {:>9.2?}  p99 {:>9.2?}  max {:>9.2?}  proven {:>6.1} %  gap mean {:.3} % max {:.3} %  parcels {:.2}",
        shape.name,
        at(0.5),
        at(0.99),
        times.last().copied().unwrap_or(Duration::ZERO),
        proven as f64 * 100.0 / problems.len() as f64,
        gaps.iter().sum::<f64>() / gaps.len() as f64,
        gaps.iter().copied().fold(0.0, f64::max),
        parcels as f64 / problems.len() as f64,
    );
}

fn three_lines(c: &mut Criterion) {
    let problems: Vec<Problem> = (0..256).map(|seed| problem(seed, &SMALL)).collect();
    let mut router = Router::new();
    let mut at = 0;
    c.bench_function("route 3 lines x 10 x 3, kg steps", |b| {
        b.iter(|| {
            at = (at + 1) % problems.len();
            router.solve(black_box(&problems[at]), WORK_DEFAULT)
        });
    });
}

criterion_group!(benches, three_lines);

fn main() {
    // Test runs build and run benches without measuring.
    if std::env::args().any(|argument| argument == "--bench") {
        SHAPES.iter().for_each(report);
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
