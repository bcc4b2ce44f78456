//! Published facility location instances: each is one order, judged against its proven optimum.

use std::path::Path;
use std::time::{Duration, Instant};

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, Weights};

use super::draw::Draw;
use super::instance::{number, table};
use super::table::{Row, Table};

/// Score micros in one unit of an instance's cost. Their costs have at most four decimals, but for capa.
const UNIT: f64 = 10_000.0;
/// How much finer costs are where they are shared among units.
const FINER: f64 = 100.0;
/// What an order of a warehouse location instance may take, and one with capacities.
const WORK: u64 = 5_000_000;
const WORK_CAPACITATED: u64 = 200_000_000;
/// Generated instances, where there are none to read.
const GENERATED: u64 = 20;

/// Parcels that have a fixed cost, and lines that have a cost for each warehouse.
struct Facility {
    fixed: Vec<f64>,
    cost: Vec<Vec<f64>>,
}

/// What one policy came to on each instance of a set, and the time of each.
#[derive(Default)]
struct Outcome {
    ratios: Vec<f64>,
    took: Vec<Duration>,
    proven: usize,
}

/// Orders without capacities: Beasley's OR-Library, EJOR 33, 1988; generated ones when there is no folder.
pub(super) fn warehouse_location(data: Option<&Path>, out: &mut Table) -> Result<(), String> {
    let mut instances: Vec<(Facility, Option<f64>)> = Vec::new();
    match data {
        Some(folder) => {
            for row in table(&folder.join("ufl/optimal.csv"))? {
                let facility = Facility::read(&folder.join(format!("ufl/{}.txt.gz", row[0])))?;
                let assigned: Result<Vec<usize>, _> = row[5].split_whitespace().map(str::parse).collect();
                let assigned = assigned.map_err(|error| format!("{}: {error}", row[0]))?;
                // The files round fixed costs, so the optimum is that of the file as it is.
                let optimum = facility.cost_of(&assigned);
                let published = number(&row, 3)?;
                if (optimum / published - 1.0).abs() > 1e-5 {
                    return Err(format!("{}: the optimum is {optimum}, published {published}", row[0]));
                }
                instances.push((facility, Some(optimum)));
            }
        }
        None => instances.extend((0..GENERATED).map(|seed| (Facility::draw(seed), None))),
    }
    let (mut ours, mut greedy, mut cheapest) = (Outcome::default(), Outcome::default(), Outcome::default());
    let mut router = Router::new();
    for (facility, optimum) in &instances {
        let problem = facility.problem();
        let (score, bound, took) = solve(&mut router, &problem, WORK)?;
        let optimum = optimum.unwrap_or(bound);
        ours.add(score / optimum, took, router.solution().proven);
        let began = Instant::now();
        let opened = facility.open_greedily();
        greedy.add(opened / optimum, began.elapsed(), false);
        cheapest.add(facility.cost_of(&facility.cheapest()) / optimum, Duration::ZERO, false);
    }
    let (set, against) = if data.is_some() { ("ufl", "optimum") } else { ("ufl (generated)", "our bound") };
    cheapest.print(out, set, against, "every line from its cheapest");
    greedy.print(out, set, against, "greedy (open while it helps)");
    ours.print(out, set, against, "**Stockade**");
    Ok(())
}

/// Orders with a capacity for each warehouse and lines that cannot be divided: Holmberg, Rönnqvist, Yuan, EJOR 113, 1999.
pub(super) fn single_source(data: &Path, quick: bool, out: &mut Table) -> Result<(), String> {
    let text = super::read(&data.join("sscflp_holmberg_p1_p40.txt.gz"))?;
    let mut words = text.split_whitespace().peekable();
    let (mut ours, mut router) = (Outcome::default(), Router::new());
    while words.next_if_eq(&"instance").is_some() && !(quick && ours.ratios.len() >= 10) {
        let name = words.next().unwrap_or_default().to_owned();
        let mut figure = || -> Result<f64, String> {
            let word = words.next().ok_or_else(|| format!("{name} is cut short"))?;
            word.parse().map_err(|error| format!("{name}: {word}: {error}"))
        };
        let (sites, lines, optimum) = (figure()? as usize, figure()? as usize, figure()?);
        let mut figures = |count: usize| (0..count).map(|_| figure()).collect::<Result<Vec<f64>, String>>();
        let (capacity, fixed, demand) = (figures(sites)?, figures(sites)?, figures(lines)?);
        let cost = (0..lines).map(|_| figures(sites)).collect::<Result<Vec<_>, _>>()?;
        let facility = Facility { fixed, cost };
        let (_, _, took) = solve(&mut router, &capacitated(&facility, &capacity, &demand), WORK_CAPACITATED)?;
        let cost = facility.cost_of(&assigned(&router, lines));
        ours.add(cost / optimum, took, router.solution().proven);
    }
    ours.print(out, "holmberg", "optimum", "**Stockade**");
    Ok(())
}

impl Outcome {
    fn add(&mut self, ratio: f64, took: Duration, proven: bool) {
        self.ratios.push(ratio);
        self.took.push(took);
        self.proven += usize::from(proven);
    }

    fn print(&self, out: &mut Table, set: &str, against: &str, policy: &str) {
        let count = u32::try_from(self.took.len()).unwrap_or(u32::MAX).max(1);
        let mean = self.took.iter().sum::<Duration>() / count;
        let slowest = self.took.iter().max().copied().unwrap_or_default();
        let note = match self.proven {
            0 => String::new(),
            proven => format!("{proven} of {} proven, slowest {slowest:.1?}", self.ratios.len()),
        };
        let decision = (mean > Duration::ZERO).then_some(mean);
        out.add(&Row { set, policy, ratios: &self.ratios, against, decision, note });
    }
}

impl Facility {
    fn read(path: &Path) -> Result<Facility, String> {
        let text = super::read(path)?;
        let figures: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse::<f64>).collect();
        let figures = figures.map_err(|error| format!("{}: {error}", path.display()))?;
        let (sites, lines) = (figures[0] as usize, figures[1] as usize);
        let fixed = figures[2..2 + sites].to_vec();
        let cost = figures[2 + sites..].chunks(sites).take(lines).map(<[f64]>::to_vec).collect();
        Ok(Facility { fixed, cost })
    }

    /// Sixteen warehouses and fifty customers in a square, as in cap71 to cap74: opening costs as much as a few long ways.
    fn draw(seed: u64) -> Facility {
        let mut draw = Draw::new(seed);
        let mut point = || (draw.between(0.0, 100.0), draw.between(0.0, 100.0));
        let sites: Vec<_> = (0..16).map(|_| point()).collect();
        let lines: Vec<_> = (0..50).map(|_| point()).collect();
        let way = |a: (f64, f64), b: (f64, f64)| ((a.0 - b.0).hypot(a.1 - b.1) * 100.0).round() / 100.0;
        let cost = lines.iter().map(|line| sites.iter().map(|site| way(*line, *site)).collect()).collect();
        Facility { fixed: vec![50.0 + 50.0 * (seed % 4) as f64; 16], cost }
    }

    fn problem(&self) -> Problem {
        let micros = |cost: f64| (cost * UNIT).round() as i64;
        let sites = (0..self.fixed.len() as u16).map(WarehouseId).collect();
        let mut problem = Problem { sites, ..Problem::default() };
        problem.lines = vec![DemandLine { units: 1, weight_g: 0 }; self.cost.len()];
        problem.weights = Weights { money: 0, time: 0, balance: 0 };
        for (site, &fixed) in self.fixed.iter().enumerate() {
            problem.stock.extend(self.cost.iter().map(|_| u64::MAX));
            problem.draws.extend(self.cost.iter().map(|row| micros(row[site])));
            let (carrier, rate) = (CarrierId(0), Rate::default());
            problem.lanes.push(Lane { site: site as u16, carrier, rate, ceiling: None, penalty: micros(fixed) });
        }
        problem
    }

    fn cheapest(&self) -> Vec<usize> {
        let least = |row: &Vec<f64>| (0..row.len()).min_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
        self.cost.iter().map(least).collect()
    }

    fn cost_of(&self, assigned: &[usize]) -> f64 {
        let lines: f64 = assigned.iter().zip(&self.cost).map(|(&site, row)| row[site]).sum();
        let opened = (0..self.fixed.len()).filter(|site| assigned.contains(site));
        lines + opened.map(|site| self.fixed[site]).sum::<f64>()
    }

    /// Opens the warehouse that saves most, as long as one saves anything.
    fn open_greedily(&self) -> f64 {
        let mut nearest = vec![f64::INFINITY; self.cost.len()];
        let (mut best, mut opened) = (f64::INFINITY, 0.0);
        loop {
            let with = |site: usize| -> f64 {
                let lines = self.cost.iter().zip(&nearest).map(|(row, near)| row[site].min(*near));
                opened + self.fixed[site] + lines.sum::<f64>()
            };
            let next = (0..self.fixed.len()).map(|site| (with(site), site)).min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((cost, site)) = next.filter(|(cost, _)| *cost < best) else { return best };
            best = cost;
            opened += self.fixed[site];
            for (near, row) in nearest.iter_mut().zip(&self.cost) {
                *near = near.min(row[site]);
            }
        }
    }
}

/// Lines that go whole, of as many units as they need, in parcels that hold as many as a warehouse has room for.
fn capacitated(facility: &Facility, capacity: &[f64], demand: &[f64]) -> Problem {
    let mut problem = facility.problem();
    problem.whole_lines = true;
    problem.capacity = capacity.iter().map(|&units| units as u64).collect();
    for (line, &demand) in problem.lines.iter_mut().zip(demand) {
        line.units = demand as u64;
    }
    // Costs are for the whole demand: a unit's share of them is rounded, finely enough to tell plans apart.
    let fine = |cost: f64| (cost * UNIT * FINER).round() as i64;
    for (lane, &fixed) in problem.lanes.iter_mut().zip(&facility.fixed) {
        lane.penalty = fine(fixed);
    }
    let lines = demand.len();
    for (cell, cost) in problem.draws.iter_mut().enumerate() {
        *cost = fine(facility.cost[cell % lines][cell / lines] / demand[cell % lines]);
    }
    problem
}

/// Where the plan sends each line from.
fn assigned(router: &Router, lines: usize) -> Vec<usize> {
    let mut sites = vec![0; lines];
    for parcel in &router.solution().parcels {
        parcel.takes.iter().for_each(|(line, _)| sites[usize::from(*line)] = usize::from(parcel.lane));
    }
    sites
}

fn solve(router: &mut Router, problem: &Problem, work: u64) -> Result<(f64, f64, Duration), String> {
    let began = Instant::now();
    let answer = router.solve(problem, work);
    let took = began.elapsed();
    let solution = router.solution();
    match answer {
        Answer::Plan => Ok((solution.score as f64 / UNIT, solution.bound as f64 / UNIT, took)),
        other => Err(format!("an instance was answered {other:?}")),
    }
}
