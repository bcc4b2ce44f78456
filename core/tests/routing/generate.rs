//! Random problems from a seed.

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{DemandLine, Lane, Problem, Rate};

/// SplitMix64: small, fast, the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub sites: (u64, u64),
    pub lines: (u64, u64),
    pub carriers: (u64, u64),
    pub units: (u64, u64),
    /// The choices of the weight step.
    pub steps: &'static [u32],
    /// Chance that a site carries a line.
    pub carries: u64,
    /// Chances in percent of these features being there at all.
    pub ceilings: u64,
    pub parcels: u64,
    pub capacities: u64,
    pub whole_lines: u64,
    pub time: u64,
    pub scarcity: u64,
    pub weightless: u64,
    pub unlimited: u64,
    /// Chance that prices are small whole numbers, so that plans tie.
    pub coarse: u64,
}

pub fn problem(seed: u64, shape: &Shape) -> Problem {
    let mut dice = Dice(seed.wrapping_mul(0x51_7C_C1_B7_27_22_0A_95));
    let dice = &mut dice;
    let sites = dice.between(shape.sites.0, shape.sites.1);
    let lines = dice.between(shape.lines.0, shape.lines.1);
    let carriers = dice.between(shape.carriers.0, shape.carriers.1);
    let mut problem = Problem {
        kg_step_g: shape.steps[(dice.next() % shape.steps.len() as u64) as usize],
        sites: (0..sites).map(|site| WarehouseId(site as u16)).collect(),
        ..Problem::default()
    };
    let weightless = dice.chance(shape.weightless);
    for _ in 0..lines {
        let light = weightless && dice.chance(50);
        let weight_g = if light { 0 } else { *pick(dice, &[120, 250, 400, 500, 730, 1_000, 1_600, 3_200]) };
        problem.lines.push(DemandLine { units: dice.between(shape.units.0, shape.units.1), weight_g });
    }
    stock(dice, shape, &mut problem);
    lanes(dice, shape, &mut problem, carriers);
    if dice.chance(shape.scarcity) {
        let cells = problem.stock.len();
        problem.draws = (0..cells).map(|_| dice.between(0, 4_000_000) as i64).collect();
    }
    if dice.chance(shape.parcels) {
        problem.max_parcels = Some(dice.between(1, 3) as u16);
    }
    if dice.chance(shape.capacities) {
        let units = problem.lines.iter().map(|line| line.units).sum();
        problem.capacity = problem.lanes.iter().map(|_| dice.between(1, units)).collect();
    }
    problem.whole_lines = dice.chance(shape.whole_lines);
    if dice.chance(shape.time) {
        problem.weights.time = dice.between(1_000, 200_000) as i64;
    }
    if dice.chance(30) {
        problem.weights.money = dice.between(300_000, 2_500_000) as i64;
    }
    problem
}

fn stock(dice: &mut Dice, shape: &Shape, problem: &mut Problem) {
    for _ in 0..problem.sites.len() {
        let unlimited = dice.chance(shape.unlimited);
        for line in 0..problem.lines.len() {
            let wanted = problem.lines[line].units;
            problem.stock.push(match () {
                () if unlimited => u64::MAX,
                () if !dice.chance(shape.carries) => 0,
                () if dice.chance(60) => wanted + dice.between(0, 3),
                () => dice.between(0, wanted),
            });
        }
    }
}

fn lanes(dice: &mut Dice, shape: &Shape, problem: &mut Problem, carriers: u64) {
    let coarse = dice.chance(shape.coarse);
    let ceilings = dice.chance(shape.ceilings);
    let price = |dice: &mut Dice, low: u64, high: u64| {
        let fine = dice.between(low * 1_000, high * 1_000) * 1_000 + dice.between(0, 999);
        Money(if coarse { fine / 1_000_000 * 1_000_000 } else { fine } as i64)
    };
    for site in 0..problem.sites.len() {
        for carrier in 0..carriers {
            if carriers > 1 && dice.chance(15) {
                continue;
            }
            let rate = Rate {
                parcel: price(dice, 0, 5),
                unit: price(dice, 0, 1),
                first_kg: price(dice, 2, 9),
                further_kg: price(dice, 0, 5),
                hours: dice.between(12, 96) as u32,
            };
            let ceiling = (ceilings && dice.chance(50)).then(|| price(dice, 5, 25));
            let penalty = if dice.chance(20) { dice.between(0, 3_000_000) as i64 } else { 0 };
            problem.lanes.push(Lane { site: site as u16, carrier: CarrierId(carrier as u16), rate, ceiling, penalty });
        }
    }
}

fn pick<'a, T>(dice: &mut Dice, from: &'a [T]) -> &'a T {
    &from[(dice.next() % from.len() as u64) as usize]
}
