//! A warm router asks the allocator for nothing on ordinary orders.

#[path = "routing/generate.rs"]
#[allow(dead_code, reason = "only the drawing of problems is used")]
mod generate;

use generate::{Shape, problem};
use stockade_core::routing::{Answer, Problem, Router, WORK_DEFAULT};

/// One to three lines of up to four units over ten warehouses and three carriers with steps of a kilogram: one parcel, several,
/// and lines that are split.
const ORDINARY: Shape = Shape {
    sites: (10, 10),
    lines: (1, 3),
    carriers: (3, 3),
    units: (1, 4),
    steps: &[1_000],
    carries: 75,
    ceilings: 0,
    parcels: 0,
    capacities: 0,
    whole_lines: 0,
    time: 30,
    scarcity: 30,
    weightless: 0,
    unlimited: 0,
    coarse: 20,
};

#[test]
fn a_warm_router_allocates_nothing_on_ordinary_orders() {
    let problems: Vec<Problem> = (0..500).map(|seed| problem(seed, &ORDINARY)).collect();
    let mut router = Router::new();
    let mut parcels = [0usize; 4];
    let mut solve_all = |router: &mut Router| {
        for problem in &problems {
            if router.solve(problem, WORK_DEFAULT) == Answer::Plan {
                parcels[router.solution().parcels.len().min(3)] += 1;
            }
        }
    };
    let cold = allocation_counter::measure(|| solve_all(&mut router));
    let warm = allocation_counter::measure(|| solve_all(&mut router));
    assert!(cold.count_total > 0, "allocations are not counted");
    assert_eq!(warm.count_total, 0, "{warm:?}");
    assert!(parcels[1] > 100 && parcels[2] > 20, "the orders are not ordinary: {parcels:?}");
}
