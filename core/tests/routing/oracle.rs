//! The plainest solver: every way to share every line. Written from the model page, sharing no code with the router.

use stockade_core::routing::{Answer, Problem, Router, Solution};

/// The score of a parcel in thousandths of a micro, hours apart, or `None` above its ceiling.
pub fn parcel(problem: &Problem, lane: usize, units: &[u64]) -> Option<i128> {
    let asked = &problem.lanes[lane];
    let site = usize::from(asked.site);
    let (mut count, mut grams, mut scarce) = (0i128, 0i128, 0i128);
    for (line, &units) in units.iter().enumerate() {
        count += i128::from(units);
        grams += i128::from(units) * i128::from(problem.lines[line].weight_g);
        if !problem.draws.is_empty() {
            scarce += i128::from(units) * i128::from(problem.draws[site * problem.lines.len() + line]);
        }
    }
    let over = (grams - 1_000).max(0);
    let step = i128::from(problem.kg_step_g);
    let charged = if step == 0 { over } else { (over + step - 1) / step * step };
    let first = if grams > 0 { asked.rate.first_kg.0 } else { 0 };
    let further = (i128::from(asked.rate.further_kg.0) * charged + 500) / 1_000;
    let money = i128::from(asked.rate.parcel.0) + i128::from(asked.rate.unit.0) * count + i128::from(first) + further;
    if asked.ceiling.is_some_and(|ceiling| money > i128::from(ceiling.0)) {
        return None;
    }
    let weigh = |micros: i64| (i128::from(micros) * i128::from(problem.weights.money) + 500_000) / 1_000_000;
    let whole = weigh(asked.rate.parcel.0)
        + i128::from(asked.penalty)
        + weigh(first)
        + weigh(asked.rate.unit.0) * count
        + scarce;
    Some(whole * 1_000 + weigh(asked.rate.further_kg.0) * charged)
}

/// The score of a whole plan in micros: `shares[lane][line]` units.
pub fn score(problem: &Problem, shares: &[Vec<u64>]) -> Option<i64> {
    let (mut fine, mut hours, mut parcels) = (0i128, 0, 0);
    for (lane, units) in shares.iter().enumerate() {
        let held: u64 = units.iter().sum();
        let split = |line: usize| problem.whole_lines && units[line] > 0 && units[line] < problem.lines[line].units;
        if problem.capacity.get(lane).is_some_and(|&most| held > most) || (0..units.len()).any(split) {
            return None;
        }
        if held > 0 {
            fine += parcel(problem, lane, units)?;
            hours = hours.max(problem.lanes[lane].rate.hours);
            parcels += 1;
        }
    }
    if problem.max_parcels.is_some_and(|most| parcels > usize::from(most)) {
        return None;
    }
    fine += i128::from(problem.weights.time) * i128::from(hours) * 1_000;
    i64::try_from((fine + 500).div_euclid(1_000)).ok()
}

/// The least score over every plan there is, or `None` if none is allowed.
pub fn least(problem: &Problem) -> Option<i64> {
    let mut shares = vec![vec![0; problem.lines.len()]; problem.lanes.len()];
    let mut left = problem.stock.clone();
    let mut best = None;
    share(problem, &mut shares, &mut left, 0, 0, problem.lines.first().map_or(0, |line| line.units), &mut best);
    best
}

fn share(
    problem: &Problem,
    shares: &mut Vec<Vec<u64>>,
    left: &mut Vec<u64>,
    line: usize,
    lane: usize,
    wanted: u64,
    best: &mut Option<i64>,
) {
    let lines = problem.lines.len();
    if line == lines {
        if let Some(score) = score(problem, shares) {
            *best = Some(best.map_or(score, |best| best.min(score)));
        }
        return;
    }
    if wanted == 0 {
        let next = problem.lines.get(line + 1).map_or(0, |line| line.units);
        return share(problem, shares, left, line + 1, 0, next, best);
    }
    if lane == problem.lanes.len() {
        return;
    }
    let cell = usize::from(problem.lanes[lane].site) * lines + line;
    for units in 0..=wanted.min(left[cell]) {
        shares[lane][line] = units;
        left[cell] -= units;
        share(problem, shares, left, line, lane + 1, wanted - units, best);
        left[cell] += units;
        shares[lane][line] = 0;
    }
}

/// Solves and checks everything that must hold of any answer. Returns the solution, or `None` if there is no plan.
pub fn solve(router: &mut Router, problem: &Problem, work: u64, seed: u64) -> Option<Solution> {
    let answer = router.solve(problem, work);
    let lines = problem.lines.len();
    let short = (0..lines).any(|line| {
        let all: u128 = (0..problem.sites.len()).map(|site| u128::from(problem.stock[site * lines + line])).sum();
        all < u128::from(problem.lines[line].units)
    });
    assert_eq!(answer == Answer::Short, short, "seed {seed}: {answer:?} {problem:?}");
    if answer != Answer::Plan {
        return None;
    }
    let solution = router.solution();
    let mut shares = vec![vec![0; lines]; problem.lanes.len()];
    for parcel in &solution.parcels {
        let lane = usize::from(parcel.lane);
        assert!(shares[lane].iter().all(|&units| units == 0), "seed {seed}: two parcels on one lane");
        assert!(!parcel.takes.is_empty(), "seed {seed}: an empty parcel");
        for &(line, units) in &parcel.takes {
            assert!(units > 0 && shares[lane][usize::from(line)] == 0, "seed {seed}: a line twice or of nothing");
            shares[lane][usize::from(line)] = units;
        }
        let units: u64 = shares[lane].iter().sum();
        assert_eq!(parcel.parts, problem.lanes[lane].rate.parts(units, parcel.weight_g, problem.kg_step_g));
    }
    for line in 0..lines {
        let placed: u64 = shares.iter().map(|row| row[line]).sum();
        assert_eq!(placed, problem.lines[line].units, "seed {seed}: line {line}");
        for site in 0..problem.sites.len() {
            let drawn: u64 = (0..problem.lanes.len())
                .filter(|&lane| usize::from(problem.lanes[lane].site) == site)
                .map(|lane| shares[lane][line])
                .sum();
            assert!(drawn <= problem.stock[site * lines + line], "seed {seed}: line {line} at site {site}");
        }
    }
    assert_eq!(score(problem, &shares), Some(solution.score), "seed {seed}: the score of the plan");
    assert!(solution.bound <= solution.score, "seed {seed}: bound {} of {}", solution.bound, solution.score);
    assert_eq!(solution.proven, solution.bound == solution.score, "seed {seed}");
    Some(solution.clone())
}
