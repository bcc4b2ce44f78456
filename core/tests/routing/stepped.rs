//! Stepped orders of 16 warehouses and 20 lines against optima that were solved once.
//!
//! The optima are the router's own, searched without a budget until they were proven, and the first ten of them were solved
//! again by HiGHS. `STOCKADE_MILP=full` proves each of them anew.

use stockade_core::routing::{Router, WORK_DEFAULT};

use crate::generate::{Shape, problem};
use crate::oracle;

const STEPPED: Shape = Shape {
    sites: (16, 16),
    lines: (20, 20),
    carriers: (1, 3),
    units: (1, 4),
    steps: &[500, 1_000],
    carries: 70,
    ceilings: 0,
    parcels: 0,
    capacities: 0,
    whole_lines: 0,
    time: 30,
    scarcity: 40,
    weightless: 0,
    unlimited: 0,
    coarse: 20,
};

/// Seed and least score in millionths.
#[rustfmt::skip]
const OPTIMA: [(u64, i64); 48] = [
    (300_000, 115_280_181), (300_001, 74_182_396), (300_002, 38_971_107), (300_003, 75_524_170),
    (300_004, 129_938_987), (300_005, 57_104_465), (300_006, 153_355_651), (300_007, 16_336_949),
    (300_008, 185_607_241), (300_009, 78_558_253), (300_010, 75_654_469), (300_011, 12_000_000),
    (300_012, 103_277_852), (300_013, 55_731_925), (300_014, 47_287_716), (300_015, 89_035_677),
    (300_016, 136_013_414), (300_017, 74_945_800), (300_018, 121_008_265), (300_019, 76_333_206),
    (300_020, 78_422_478), (300_021, 101_551_331), (300_022, 14_000_000), (300_023, 66_265_239),
    (300_024, 47_001_107), (300_025, 153_390_769), (300_026, 149_909_159), (300_027, 128_981_868),
    (300_028, 107_413_672), (300_029, 36_774_010), (300_030, 51_814_521), (300_031, 179_214_694),
    (300_032, 21_000_000), (300_033, 82_887_769), (300_034, 53_308_651), (300_035, 45_825_288),
    (300_036, 66_544_129), (300_037, 50_153_281), (300_038, 123_392_098), (300_039, 127_802_642),
    (300_040, 63_760_912), (300_041, 177_878_383), (300_042, 83_670_746), (300_043, 13_091_958),
    (300_044, 26_268_759), (300_045, 99_611_164), (300_046, 91_483_391), (300_047, 122_459_350),
];

#[test]
fn large_stepped_orders_come_close_to_their_optima_within_the_budget() {
    let mut router = Router::new();
    let (mut above, mut worst, mut gaps, mut widest, mut proven) = (0.0, 0f64, 0.0, 0f64, 0);
    for (seed, optimum) in OPTIMA {
        let found = oracle::solve(&mut router, &problem(seed, &STEPPED), WORK_DEFAULT, seed).expect("a plan");
        assert!(found.bound <= optimum, "seed {seed}: bound {} is above the optimum {optimum}", found.bound);
        assert!(found.score >= optimum, "seed {seed}: {} is below the optimum {optimum}", found.score);
        let percent = (found.score - optimum) as f64 / optimum as f64 * 100.0;
        above += percent;
        worst = worst.max(percent);
        let gap = (found.score - found.bound) as f64 / found.score as f64 * 100.0;
        gaps += gap;
        widest = widest.max(gap);
        proven += usize::from(found.proven);
    }
    let gap = gaps / OPTIMA.len() as f64;
    let mean = above / OPTIMA.len() as f64;
    println!(
        "{proven} of {} proven, {mean:.3} % above the optimum on average, {worst:.3} % at worst, {gap:.3} % above the bound, {widest:.3} % at worst",
        OPTIMA.len()
    );
    assert!(mean <= 0.3 && worst <= 1.5, "{mean} % on average, {worst} % at worst");
    assert!(proven >= 32 && gap <= 0.3, "{proven} proven, {gap} % above the bound");
}

#[test]
fn without_a_budget_large_stepped_orders_are_proven() {
    if !std::env::var("STOCKADE_MILP").is_ok_and(|value| value == "full") {
        return println!("skipped: set STOCKADE_MILP=full");
    }
    let mut router = Router::new();
    for (seed, optimum) in OPTIMA {
        let found = oracle::solve(&mut router, &problem(seed, &STEPPED), u64::MAX, seed).expect("a plan");
        assert!(found.proven && found.score == optimum, "seed {seed}: {} instead of {optimum}", found.score);
    }
}
