//! Small problems of every kind against every plan there is.

use stockade_core::routing::{Answer, Router, WORK_DEFAULT};

use crate::generate::{Shape, problem};
use crate::oracle;

const EVERY_KIND: Shape = Shape {
    sites: (1, 3),
    lines: (1, 3),
    carriers: (1, 2),
    units: (1, 3),
    steps: &[0, 500, 1_000, 700],
    carries: 75,
    ceilings: 30,
    parcels: 25,
    capacities: 0,
    whole_lines: 0,
    time: 40,
    scarcity: 40,
    weightless: 20,
    unlimited: 15,
    coarse: 30,
};

fn compare(seeds: std::ops::Range<u64>, shape: &Shape) {
    let mut router = Router::new();
    let (mut plans, mut none) = (0, 0);
    for seed in seeds {
        let problem = problem(seed, shape);
        let found = oracle::solve(&mut router, &problem, WORK_DEFAULT, seed);
        let least = oracle::least(&problem);
        assert_eq!(found.as_ref().map(|found| found.score), least, "seed {seed}: {problem:?}");
        if let Some(found) = found {
            assert!(found.proven, "seed {seed}: {found:?}");
            plans += 1;
        } else {
            none += 1;
        }
    }
    assert!(plans > none && none > 0, "{plans} plans, {none} refusals");
}

#[test]
fn small_problems_of_every_kind_are_solved_to_the_optimum() {
    compare(0..1_500, &EVERY_KIND);
}

#[test]
fn lines_of_several_units_are_shared_as_well_as_can_be() {
    let shape = Shape { lines: (1, 2), units: (2, 6), sites: (2, 3), carriers: (1, 2), carries: 60, ..EVERY_KIND };
    compare(10_000..11_000, &shape);
}

#[test]
fn capacities_are_kept_and_lines_stay_whole() {
    compare(40_000..41_000, &Shape { capacities: 100, ..EVERY_KIND });
    compare(41_000..42_000, &Shape { whole_lines: 100, carries: 90, ..EVERY_KIND });
    let crowded = Shape { capacities: 100, whole_lines: 100, carries: 95, lines: (2, 4), sites: (2, 4), ..EVERY_KIND };
    compare(42_000..43_000, &Shape { units: (1, 2), carriers: (1, 1), ..crowded });
}

#[test]
fn the_same_problem_gives_the_same_plan_whatever_came_before() {
    let (mut warm, shape) = (Router::new(), Shape { lines: (1, 6), sites: (2, 6), carriers: (1, 3), ..EVERY_KIND });
    for seed in 20_000..20_200 {
        let problem = problem(seed, &shape);
        let mut cold = Router::new();
        assert_eq!(cold.solve(&problem, WORK_DEFAULT), warm.solve(&problem, WORK_DEFAULT), "seed {seed}");
        assert_eq!(cold.solution(), warm.solution(), "seed {seed}");
    }
}

#[test]
fn an_order_that_stock_covers_always_gets_a_plan() {
    let shape =
        Shape { lines: (1, 30), sites: (1, 12), units: (1, 40), ceilings: 0, parcels: 0, carries: 40, ..EVERY_KIND };
    let mut router = Router::new();
    let mut plans = 0;
    for seed in 30_000..30_300 {
        let mut problem = problem(seed, &shape);
        for site in 0..problem.sites.len() {
            // Every site keeps a lane, so that stock alone decides.
            let lane = problem.lanes.iter().find(|lane| usize::from(lane.site) == site);
            if lane.is_none() {
                let spare = problem.lanes.first().copied();
                problem.lanes.extend(spare.map(|lane| stockade_core::routing::Lane { site: site as u16, ..lane }));
            }
        }
        if problem.lanes.is_empty() {
            continue;
        }
        for work in [0, 200, 20_000] {
            let answer = router.solve(&problem, work);
            assert_ne!(answer, Answer::NoWay, "seed {seed}, work {work}");
            plans += usize::from(oracle::solve(&mut router, &problem, work, seed).is_some());
        }
    }
    assert!(plans > 300, "{plans} plans");
}
