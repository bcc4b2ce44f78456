//! Larger problems against a mixed-integer solver, modelled from the model page.
//!
//! `STOCKADE_MILP=full` runs the full counts; without it a few hundred quick ones are run.

use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, microlp, variable, variables,
};
use stockade_core::routing::{Problem, Router, WORK_DEFAULT};

use crate::generate::{Shape, problem};
use crate::oracle;

/// The linear part of every problem here.
const LINEAR: Shape = Shape {
    sites: (2, 16),
    lines: (1, 20),
    carriers: (1, 3),
    units: (1, 9),
    steps: &[0],
    carries: 60,
    ceilings: 0,
    parcels: 0,
    capacities: 0,
    whole_lines: 0,
    time: 0,
    scarcity: 60,
    weightless: 0,
    unlimited: 5,
    coarse: 20,
};

/// With weight steps.
const STEPPED: Shape = Shape {
    sites: (2, 5),
    lines: (1, 6),
    carriers: (1, 1),
    units: (1, 3),
    steps: &[500, 1_000],
    scarcity: 40,
    ..LINEAR
};

struct Model {
    vars: ProblemVariables,
    cost: Expression,
    open: Vec<Variable>,
    takes: Vec<Vec<Variable>>,
    charged: Vec<Option<Variable>>,
}

/// The least score in units of score, by a solver that knows nothing of routing.
fn least(problem: &Problem, whole: bool) -> Option<f64> {
    let lines = problem.lines.len();
    let mut model = Model { vars: variables!(), cost: 0.into(), open: vec![], takes: vec![], charged: vec![] };
    for at in 0..problem.lanes.len() {
        add_lane(&mut model, problem, at, whole);
    }
    let mut solver = model.vars.minimise(model.cost).using(microlp);
    for line in 0..lines {
        let placed: Expression = model.takes.iter().map(|row| row[line]).sum();
        solver = solver.with(constraint!(placed == problem.lines[line].units as f64));
        for site in 0..problem.sites.len() {
            let lanes = (0..problem.lanes.len()).filter(|&lane| usize::from(problem.lanes[lane].site) == site);
            let drawn: Expression = lanes.map(|lane| model.takes[lane][line]).sum();
            let stock = problem.stock[site * lines + line].min(problem.lines[line].units);
            solver = solver.with(constraint!(drawn <= stock as f64));
        }
    }
    for (at, lane) in problem.lanes.iter().enumerate() {
        for (line, &take) in model.takes[at].iter().enumerate() {
            let stock = problem.stock[usize::from(lane.site) * lines + line].min(problem.lines[line].units);
            solver = solver.with(constraint!(take <= stock as f64 * model.open[at]));
        }
        if let Some(charged) = model.charged[at] {
            let weight: Expression =
                (0..lines).map(|line| f64::from(problem.lines[line].weight_g) / 1_000.0 * model.takes[at][line]).sum();
            let step = if problem.kg_step_g == 0 { 1.0 } else { f64::from(problem.kg_step_g) / 1_000.0 };
            solver = solver.with(constraint!(step * charged >= weight - 1.0 * model.open[at]));
        }
    }
    let solved = solver.solve().ok()?;
    let value = solved.eval(model_cost(problem, &model.open, &model.takes, &model.charged));
    Some(value)
}

fn add_lane(model: &mut Model, problem: &Problem, at: usize, whole: bool) {
    let (lane, lines) = (&problem.lanes[at], problem.lines.len());
    let open = model.vars.add(variable().binary());
    let takes: Vec<Variable> = (0..lines)
        .map(|_| model.vars.add(if whole { variable().integer().min(0) } else { variable().min(0) }))
        .collect();
    let weighs = problem.lines.iter().any(|line| line.weight_g > 0) && lane.rate.further_kg.0 > 0;
    let charged = weighs.then(|| {
        let grams = variable().min(0);
        model.vars.add(if problem.kg_step_g > 0 { grams.integer() } else { grams })
    });
    model.open.push(open);
    model.takes.push(takes);
    model.charged.push(charged);
    if at + 1 == problem.lanes.len() {
        model.cost = model_cost(problem, &model.open, &model.takes, &model.charged);
    }
}

fn model_cost(
    problem: &Problem,
    open: &[Variable],
    takes: &[Vec<Variable>],
    charged: &[Option<Variable>],
) -> Expression {
    let weigh = |micros: i64| ((micros as f64 * problem.weights.money as f64 / 1e6) + 0.5).floor() / 1e6;
    let lines = problem.lines.len();
    let mut cost: Expression = 0.into();
    for (at, lane) in problem.lanes.iter().enumerate() {
        let weighs = problem.lines.iter().any(|line| line.weight_g > 0);
        let first = if weighs { weigh(lane.rate.first_kg.0) } else { 0.0 };
        cost += (weigh(lane.rate.parcel.0) + first + lane.penalty as f64 / 1e6) * open[at];
        for (line, take) in takes[at].iter().enumerate() {
            let scarce = problem.draws.get(usize::from(lane.site) * lines + line).copied().unwrap_or(0);
            cost += (weigh(lane.rate.unit.0) + scarce as f64 / 1e6) * *take;
        }
        if let Some(charged) = charged[at] {
            let step = if problem.kg_step_g == 0 { 1.0 } else { f64::from(problem.kg_step_g) / 1_000.0 };
            cost += weigh(lane.rate.further_kg.0) * step * charged;
        }
    }
    cost
}

/// Compares and answers how many were solved and how many of them proven.
fn compare(seeds: std::ops::Range<u64>, shape: &Shape, weightless: bool, work: u64) -> (usize, usize) {
    let mut router = Router::new();
    let (mut solved, mut proven) = (0, 0);
    for seed in seeds {
        let mut problem = problem(seed, shape);
        if weightless {
            problem.lines.iter_mut().for_each(|line| line.weight_g = 0);
        }
        let Some(found) = oracle::solve(&mut router, &problem, work, seed) else { continue };
        let least = least(&problem, !weightless).expect("a covered order has a plan");
        let (score, bound) = (found.score as f64 / 1e6, found.bound as f64 / 1e6);
        let near = 1e-6 * least.abs().max(1.0);
        assert!(score >= least - near, "seed {seed}: {score} is below the optimum {least}");
        assert!(bound <= least + near, "seed {seed}: bound {bound} is above the optimum {least}");
        solved += 1;
        if found.proven {
            proven += 1;
        } else {
            println!("seed {seed}: not proven, score {score}, bound {bound}, optimum {least}");
        }
    }
    (solved, proven)
}

fn full() -> bool {
    std::env::var("STOCKADE_MILP").is_ok_and(|value| value == "full")
}

#[test]
fn linear_orders_are_always_proven_and_meet_the_solver() {
    let count = if full() { 2_600 } else { 150 };
    let (solved, proven) = compare(0..count, &LINEAR, true, WORK_DEFAULT);
    println!("linear: {solved} solved, {proven} proven");
    assert_eq!(solved, proven);
    assert!(solved as u64 > count / 2);
}

#[test]
fn linear_orders_with_weight_are_always_proven_and_meet_the_solver() {
    let count = if full() { 400 } else { 60 };
    let shape = Shape { sites: (2, 5), lines: (1, 6), carriers: (1, 2), units: (1, 4), ..LINEAR };
    let (solved, proven) = compare(100_000..100_000 + count, &shape, false, WORK_DEFAULT);
    println!("linear with weight: {solved} solved, {proven} proven");
    assert_eq!(solved, proven);
    assert!(solved as u64 > count / 3);
}

#[test]
fn stepped_orders_meet_the_solver() {
    let count = if full() { 500 } else { 60 };
    let (solved, proven) = compare(200_000..200_000 + count, &STEPPED, false, WORK_DEFAULT);
    println!("stepped: {solved} solved, {proven} proven");
    assert!(proven * 100 >= solved * 99, "{proven} of {solved} proven");
    assert!(solved as u64 > count / 3);
}
