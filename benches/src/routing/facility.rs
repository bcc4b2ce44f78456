//! Published facility location instances: each is one order, compared with its proven optimum.

use std::path::Path;
use std::time::{Duration, Instant};

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, Weights};

use super::draw::Draw;
use super::instance::{number, table};
use super::stored::read;
use super::table::{Row, Table};

/// Score micros in one unit of an instance's cost. Except for capa, costs have at most four decimals.
const UNIT: f64 = 10_000.0;
/// Factor by which costs are finer where they are divided among units.
const FINER: f64 = 100.0;
/// Work for an instance without capacities. The small ones are proven; for the large one, capa, a good plan within
/// milliseconds is the aim.
const WORK: u64 = 5_000_000;
const WORK_LARGE: u64 = 2_000_000;
const LARGE: usize = 100;
/// Work for an instance with capacities.
const WORK_CAPACITATED: u64 = 200_000_000;
/// Number of generated instances, when there are none to read.
const GENERATED: u64 = 20;

/// A facility location instance: warehouses with a fixed cost and a room in units, and lines of units with a cost for
/// each warehouse.
struct Facility {
    fixed: Vec<f64>,
    room: Vec<f64>,
    units: Vec<f64>,
    cost: Vec<Vec<f64>>,
}

/// Results of one policy: cost and optimum of each instance, and the time of each.
#[derive(Default)]
struct Outcome {
    pairs: Vec<(f64, f64)>,
    took: Vec<Duration>,
    proven: usize,
    /// Instances without a plan.
    without: usize,
}

/// Instances without capacities: Beasley's OR-Library, EJOR 33, 1988; generated ones without a folder.
pub(super) fn warehouse_location(data: Option<&Path>, out: &mut Table) -> Result<(), String> {
    let mut instances: Vec<(Facility, Option<f64>)> = Vec::new();
    match data {
        Some(folder) => {
            for row in table(&folder.join("ufl/optimal.csv"))? {
                let facility = Facility::read(&folder.join(format!("ufl/{}.txt.gz", row[0])))?;
                let assigned: Result<Vec<usize>, _> = row[5].split_whitespace().map(str::parse).collect();
                let assigned = assigned.map_err(|error| format!("{}: {error}", row[0]))?;
                // The files round fixed costs, so the reference is the optimum of the file's own costs.
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
        let work = if problem.lines.len() > LARGE { WORK_LARGE } else { WORK };
        let (score, bound, took) = solve(&mut router, &problem, work)?;
        let optimum = optimum.unwrap_or(bound);
        ours.add((score, optimum), took, router.solution().proven);
        greedy.offer(facility, Facility::greedy, optimum);
        cheapest.offer(facility, Facility::cheapest, optimum);
    }
    let (set, against) = if data.is_some() { ("ufl", "optimum") } else { ("ufl (generated)", "our bound") };
    cheapest.print(out, set, against, "every line from its cheapest");
    greedy.print(out, set, against, "greedy (open while it helps)");
    ours.print(out, set, against, "**Stockade**");
    Ok(())
}

/// Instances with a capacity for each warehouse and indivisible lines: Holmberg, Rönnqvist, Yuan, EJOR 113, 1999.
pub(super) fn single_source(data: &Path, quick: bool, out: &mut Table) -> Result<(), String> {
    let text = read(&data.join("sscflp_holmberg_p1_p40.txt.gz"))?;
    let mut words = text.split_whitespace().peekable();
    let (mut ours, mut greedy, mut cheapest) = (Outcome::default(), Outcome::default(), Outcome::default());
    let mut router = Router::new();
    while words.next_if_eq(&"instance").is_some() && !(quick && ours.pairs.len() >= 10) {
        let name = words.next().unwrap_or_default().to_owned();
        let mut figure = || -> Result<f64, String> {
            let word = words.next().ok_or_else(|| format!("{name} is cut short"))?;
            word.parse().map_err(|error| format!("{name}: {word}: {error}"))
        };
        let (sites, lines, optimum) = (figure()? as usize, figure()? as usize, figure()?);
        let mut figures = |count: usize| (0..count).map(|_| figure()).collect::<Result<Vec<f64>, String>>();
        let (room, fixed, units) = (figures(sites)?, figures(sites)?, figures(lines)?);
        let cost = (0..lines).map(|_| figures(sites)).collect::<Result<Vec<_>, _>>()?;
        let facility = Facility { fixed, room, units, cost };
        let (_, _, took) = solve(&mut router, &facility.capacitated(), WORK_CAPACITATED)?;
        let cost = facility.cost_of(&assigned(&router, lines));
        ours.add((cost, optimum), took, router.solution().proven);
        greedy.offer(&facility, Facility::greedy, optimum);
        cheapest.offer(&facility, Facility::cheapest, optimum);
    }
    cheapest.print(out, "holmberg", "optimum", "every line from its cheapest with room");
    greedy.print(out, "holmberg", "optimum", "greedy (open while it helps)");
    ours.print(out, "holmberg", "optimum", "**Stockade**");
    Ok(())
}

impl Outcome {
    fn add(&mut self, pair: (f64, f64), took: Duration, proven: bool) {
        self.pairs.push(pair);
        self.took.push(took);
        self.proven += usize::from(proven);
    }

    /// Adds the result of a rule of thumb, which may find no plan.
    fn offer(&mut self, facility: &Facility, rule: fn(&Facility) -> Option<Vec<usize>>, optimum: f64) {
        match rule(facility) {
            Some(assigned) => self.add((facility.cost_of(&assigned), optimum), Duration::ZERO, false),
            None => self.without += 1,
        }
    }

    fn print(&self, out: &mut Table, set: &str, against: &str, policy: &str) {
        let count = u32::try_from(self.took.len()).unwrap_or(u32::MAX).max(1);
        let mean = self.took.iter().sum::<Duration>() / count;
        let slowest = self.took.iter().max().copied().unwrap_or_default();
        let note = match (self.proven, self.without) {
            (0, 0) => String::new(),
            (0, without) => format!("no plan for {without} more"),
            (proven, _) => format!("{proven} of {} proven, slowest {slowest:.1?}", self.pairs.len()),
        };
        let decision = (mean > Duration::ZERO).then_some(mean);
        out.add(&Row { set, policy, pairs: &self.pairs, against, decision, note });
    }
}

impl Facility {
    fn read(path: &Path) -> Result<Facility, String> {
        let text = read(path)?;
        let figures: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse::<f64>).collect();
        let figures = figures.map_err(|error| format!("{}: {error}", path.display()))?;
        let (sites, lines) = (figures[0] as usize, figures[1] as usize);
        let fixed = figures[2..2 + sites].to_vec();
        let cost = figures[2 + sites..].chunks(sites).take(lines).map(<[f64]>::to_vec).collect();
        Ok(Facility::boundless(fixed, cost))
    }

    /// Generates sixteen warehouses and fifty customers in a square, as in cap71 to cap74: opening a warehouse costs
    /// as much as a few long trips.
    fn draw(seed: u64) -> Facility {
        let mut draw = Draw::new(seed);
        let mut point = || (draw.between(0.0, 100.0), draw.between(0.0, 100.0));
        let sites: Vec<_> = (0..16).map(|_| point()).collect();
        let lines: Vec<_> = (0..50).map(|_| point()).collect();
        let way = |a: (f64, f64), b: (f64, f64)| ((a.0 - b.0).hypot(a.1 - b.1) * 100.0).round() / 100.0;
        let cost = lines.iter().map(|line| sites.iter().map(|site| way(*line, *site)).collect()).collect();
        Facility::boundless(vec![50.0 + 50.0 * (seed % 4) as f64; 16], cost)
    }

    /// Lines of one unit, and parcels with room for all of them.
    fn boundless(fixed: Vec<f64>, cost: Vec<Vec<f64>>) -> Facility {
        Facility { room: vec![f64::INFINITY; fixed.len()], units: vec![1.0; cost.len()], fixed, cost }
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

    /// The routing problem of an instance with capacities: lines go whole, and a parcel holds as many units as its
    /// warehouse has room for.
    fn capacitated(&self) -> Problem {
        let mut problem = self.problem();
        problem.whole_lines = true;
        problem.capacity = self.room.iter().map(|&units| units as u64).collect();
        for (line, &units) in problem.lines.iter_mut().zip(&self.units) {
            line.units = units as u64;
        }
        // Costs are for all units of a line: the share of a unit is rounded, finely enough to distinguish plans.
        let fine = |cost: f64| (cost * UNIT * FINER).round() as i64;
        for (lane, &fixed) in problem.lanes.iter_mut().zip(&self.fixed) {
            lane.penalty = fine(fixed);
        }
        let lines = self.units.len();
        for (cell, cost) in problem.draws.iter_mut().enumerate() {
            *cost = fine(self.cost[cell % lines][cell / lines] / self.units[cell % lines]);
        }
        problem
    }

    fn cost_of(&self, assigned: &[usize]) -> f64 {
        let lines: f64 = assigned.iter().zip(&self.cost).map(|(&site, row)| row[site]).sum();
        let opened = (0..self.fixed.len()).filter(|site| assigned.contains(site));
        lines + opened.map(|site| self.fixed[site]).sum::<f64>()
    }

    /// Every line from the warehouse where it costs least among those with room left.
    fn cheapest(&self) -> Option<Vec<usize>> {
        self.fill(&vec![true; self.fixed.len()]).into_iter().collect()
    }

    /// Opens the warehouse that saves most while any saves something. A line without room costs more than any
    /// opening.
    fn greedy(&self) -> Option<Vec<usize>> {
        let dearest = self.fixed.iter().chain(self.cost.iter().flatten()).copied().fold(0.0, f64::max);
        let mut open = vec![false; self.fixed.len()];
        let (mut best, mut opened) = (f64::INFINITY, 0.0);
        loop {
            let mut with = |site: usize| -> f64 {
                let before = std::mem::replace(&mut open[site], true);
                let placed = self.fill(&open).into_iter().zip(&self.cost);
                let lines: f64 = placed.map(|(site, row)| site.map_or(3.0 * dearest, |site| row[site])).sum();
                open[site] = before;
                opened + self.fixed[site] + lines
            };
            let next = (0..self.fixed.len()).map(|site| (with(site), site)).min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((cost, site)) = next.filter(|(cost, _)| *cost < best) else { break };
            best = cost;
            opened += self.fixed[site];
            open[site] = true;
        }
        self.fill(&open).into_iter().collect()
    }

    /// Assigns each line, largest first, to the open warehouse with room where it costs least.
    fn fill(&self, open: &[bool]) -> Vec<Option<usize>> {
        let mut room = self.room.clone();
        let mut lines: Vec<usize> = (0..self.units.len()).collect();
        lines.sort_by(|&a, &b| self.units[b].total_cmp(&self.units[a]));
        let mut chosen = vec![None; lines.len()];
        for line in lines {
            let (row, units) = (&self.cost[line], self.units[line]);
            let fits = |site: &usize| open[*site] && room[*site] >= units;
            chosen[line] = (0..row.len()).filter(fits).min_by(|&a, &b| row[a].total_cmp(&row[b]));
            if let Some(site) = chosen[line] {
                room[site] -= units;
            }
        }
        chosen
    }
}

/// The warehouse that the plan sends each line from.
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
        other => Err(format!("the router answered {other:?} to an instance")),
    }
}
