//! Published instances with known optima, read from the folder that `STOCKADE_DATA` names.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::GzDecoder;
use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, Solution, Weights};

/// Score micros in one unit of an instance's cost.
const UNIT: f64 = 1_000_000.0;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("STOCKADE_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: set STOCKADE_DATA to the folder of published instances");
    }
    folder
}

fn unzip(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}

/// An order whose parcels have a fixed cost and whose lines have a cost for each warehouse, one unit each.
fn facility(fixed: &[f64], cost: &[Vec<f64>]) -> Problem {
    let micros = |cost: f64| (cost * UNIT).round() as i64;
    let mut problem = Problem { sites: (0..fixed.len() as u16).map(WarehouseId).collect(), ..Problem::default() };
    problem.lines = vec![DemandLine { units: 1, weight_g: 0 }; cost.len()];
    problem.weights = Weights { money: 0, time: 0, balance: 0 };
    for (site, &fixed) in fixed.iter().enumerate() {
        problem.stock.extend(cost.iter().map(|_| u64::MAX));
        problem.draws.extend(cost.iter().map(|row| micros(row[site])));
        let (carrier, rate) = (CarrierId(0), Rate::default());
        problem.lanes.push(Lane { site: site as u16, carrier, rate, ceiling: None, penalty: micros(fixed) });
    }
    problem
}

/// Lines that go whole, of as many units as they need, and parcels that hold as many as a warehouse has room for.
fn capacitated(fixed: &[f64], capacity: &[f64], demand: &[f64], cost: &[Vec<f64>]) -> Problem {
    let mut problem = facility(fixed, cost);
    problem.whole_lines = true;
    problem.capacity = capacity.iter().map(|&units| units as u64).collect();
    for (line, &demand) in problem.lines.iter_mut().zip(demand) {
        line.units = demand as u64;
    }
    for site in 0..fixed.len() {
        for (line, &demand) in demand.iter().enumerate() {
            // Costs are for the whole demand: a unit's share of them is rounded.
            problem.draws[site * cost.len() + line] = (cost[line][site] * UNIT / demand).round() as i64;
        }
    }
    problem
}

/// What a plan costs by the figures of its instance, when it keeps to them.
fn priced(plan: &Solution, fixed: &[f64], capacity: &[f64], demand: &[f64], cost: &[Vec<f64>]) -> f64 {
    let mut sent = vec![0; demand.len()];
    let mut sum = 0.0;
    for parcel in &plan.parcels {
        let site = usize::from(parcel.lane);
        let held: u64 = parcel.takes.iter().map(|take| take.1).sum();
        assert!(held as f64 <= capacity[site], "a parcel holds more than its warehouse");
        sum += fixed[site];
        for &(line, units) in &parcel.takes {
            let line = usize::from(line);
            assert_eq!(units as f64, demand[line], "a line was split");
            sent[line] += 1;
            sum += cost[line][site];
        }
    }
    assert!(sent.iter().all(|&times| times == 1), "every line is sent once");
    sum
}

fn solve(router: &mut Router, problem: &Problem, work: u64) -> (Solution, f64) {
    // Warm, like a router at work: the better of two runs.
    let mut took = f64::MAX;
    for _ in 0..2 {
        let begun = Instant::now();
        assert_eq!(router.solve(problem, work), Answer::Plan);
        took = took.min(begun.elapsed().as_secs_f64() * 1e3);
    }
    (router.solution().clone(), took)
}

#[test]
fn warehouse_location_instances_are_solved() {
    let Some(folder) = data() else { return };
    let table = std::fs::read_to_string(folder.join("ufl/optimal.csv")).expect("ufl/optimal.csv");
    let mut router = Router::new();
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let text = unzip(&folder.join(format!("ufl/{}.txt.gz", fields[0])));
        let numbers: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let (sites, lines) = (numbers[0] as usize, numbers[1] as usize);
        let fixed = &numbers[2..2 + sites];
        let cost: Vec<Vec<f64>> = numbers[2 + sites..].chunks(sites).take(lines).map(<[f64]>::to_vec).collect();
        let assigned: Vec<usize> = fields[5].split_whitespace().map(|word| word.parse().unwrap()).collect();
        let mut optimum: f64 = assigned.iter().zip(&cost).map(|(&site, row)| row[site]).sum();
        optimum += (0..sites).filter(|site| assigned.contains(site)).map(|site| fixed[site]).sum::<f64>();
        let (found, ms) = solve(&mut router, &facility(fixed, &cost), if lines <= 50 { 5_000_000 } else { 2_000_000 });
        let (score, bound) = (found.score as f64 / UNIT, found.bound as f64 / UNIT);
        let gap = (score / optimum - 1.0) * 100.0;
        println!(
            "{}: {score:.3}, optimum {optimum:.3}, gap {gap:.4} %, bound {bound:.3}, proven {}, {ms:.2} ms",
            fields[0], found.proven
        );
        assert!(bound <= optimum * (1.0 + 1e-9), "{}: the bound is above the optimum", fields[0]);
        assert!(gap > -1e-6, "{}: better than the optimum", fields[0]);
        if lines <= 50 {
            assert!(gap < 1e-6 && found.proven, "{}: not proven optimal", fields[0]);
        } else {
            assert!(gap < 0.1, "{}: {gap} % from the optimum", fields[0]);
        }
    }
}

#[test]
fn single_source_instances_come_within_their_floor() {
    let Some(folder) = data() else { return };
    let text = unzip(&folder.join("sscflp_holmberg_p1_p40.txt.gz"));
    let mut words = text.split_whitespace().peekable();
    let mut router = Router::new();
    let (mut gaps, mut worst_ms) = (Vec::new(), 0f64);
    while words.next_if_eq(&"instance").is_some() {
        let name = words.next().unwrap();
        let mut number = || -> f64 { words.next().unwrap().parse().unwrap() };
        let (sites, lines, optimum) = (number() as usize, number() as usize, number());
        let mut numbers = |count: usize| -> Vec<f64> { (0..count).map(|_| number()).collect() };
        let (capacity, fixed, demand) = (numbers(sites), numbers(sites), numbers(lines));
        let cost: Vec<Vec<f64>> = (0..lines).map(|_| numbers(sites)).collect();
        let problem = capacitated(&fixed, &capacity, &demand, &cost);
        let (found, ms) = solve(&mut router, &problem, 200_000_000);
        let score = priced(&found, &fixed, &capacity, &demand, &cost);
        let bound = found.bound as f64 / UNIT;
        let gap = (score / optimum - 1.0) * 100.0;
        println!(
            "{name} {sites} x {lines}: {score}, optimum {optimum}, gap {gap:.3} %, bound {bound:.1} ({:.3} %), {ms:.0} ms",
            (1.0 - bound / optimum) * 100.0
        );
        // A unit's rounded share of a line's cost is off by half a micro at most.
        let rounding = demand.iter().sum::<f64>() / 2.0 / UNIT;
        assert!(bound <= optimum + rounding && score >= optimum - 1e-6, "{name}");
        gaps.push(gap);
        worst_ms = worst_ms.max(ms);
    }
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let worst = gaps.iter().copied().fold(0.0, f64::max);
    println!("{} instances: mean gap {mean:.3} %, worst {worst:.3} %, slowest {worst_ms:.0} ms", gaps.len());
    assert!(gaps.len() >= 40 && worst <= 0.6, "worst gap {worst} %");
}
