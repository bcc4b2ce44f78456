//! Price training: a projected subgradient method on recent orders, with the router itself as the oracle.
//!
//! Let every cell charge a price for each unit. Then orders no longer compete for stock: each takes its cheapest plan
//! at cost plus prices, and the units that all of them take less the units in stock are the slope of the dual (Held,
//! Wolfe, Crowder 1974). Prices follow the slope and stay at or above zero. The result is the mean of the later
//! prices, because the last ones oscillate around the optimum (Polyak averaging).

use crate::money::Money;
use crate::routing::{Answer, Lane, Problem, Rate, Router};

/// Marks stock without a price: an unlimited warehouse, or a SKU with too few sampled orders.
pub const NO_CELL: u32 = u32::MAX;

/// Steps of one training run that starts from earlier prices, and of one that starts from none.
const STEPS_WARM: usize = 10;
const STEPS_COLD: usize = 30;
/// Size of the first step, as a share of a parcel's cost. The last step is a tenth of it.
const STEP: f64 = 0.1;
/// Prices below this share of a parcel's cost become 0.
const NOTHING: f64 = 1e-4;
/// Work of one training run, about a nanosecond a unit, and the bounds of the work for one plan.
const WORK: u64 = 100_000_000;
const WORK_LEAST: u64 = 2_000;
const WORK_MOST: u64 = 100_000;

/// Orders with the same content, and their rate.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// One of these orders, with full stock of every line a warehouse carries at all. Its draw prices are
    /// overwritten.
    pub problem: Problem,
    /// Score micros per unit drawn besides prices, in the layout of the problem's stock, or empty.
    pub base: Vec<i64>,
    /// Index of the cell behind each stock figure; [`NO_CELL`] for none.
    pub cells: Vec<u32>,
    /// Orders per microsecond.
    pub rate: f64,
}

/// One SKU at one warehouse.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CellState {
    /// Units that may be drawn.
    pub units: f64,
    /// Microseconds until the next receipt.
    pub until: f64,
    /// Price of a unit in score micros: the earlier price on input, the trained price on output.
    pub price: f64,
}

/// Trains the price of every cell on the cases. `grain` is the smallest possible rate: that of one sampled order, per
/// microsecond.
///
/// With `warm`, the cells hold the prices of an earlier training run, and fewer steps suffice. The work is bounded.
pub fn learn(cases: &mut [Case], cells: &mut [CellState], grain: f64, warm: bool, router: &mut Router) {
    if cases.is_empty() || cells.is_empty() {
        return;
    }
    let steps = if warm { STEPS_WARM } else { STEPS_COLD };
    let work = (WORK / (steps * cases.len()) as u64).clamp(WORK_LEAST, WORK_MOST);
    let mut taken = vec![0.0; cells.len()];
    let mut sum = vec![0.0; cells.len()];
    let mut parcel = 0.0;
    for step in 0..steps {
        taken.fill(0.0);
        let (mut money, mut parcels) = (0.0, 0.0);
        for case in cases.iter_mut() {
            price(case, cells);
            if router.solve(&case.problem, work) != Answer::Plan {
                continue;
            }
            let width = case.problem.lines.len();
            for sent in &router.solution().parcels {
                let lane = &case.problem.lanes[usize::from(sent.lane)];
                for &(line, units) in &sent.takes {
                    let cell = case.cells[usize::from(lane.site) * width + usize::from(line)];
                    if cell != NO_CELL {
                        taken[cell as usize] += case.rate * units as f64;
                    }
                }
            }
            money += case.rate * router.solution().score as f64;
            parcels += case.rate * router.solution().parcels.len() as f64;
        }
        if step == 0 {
            parcel = money / f64::max(parcels, f64::MIN_POSITIVE);
        }
        let size = STEP * parcel / (1.0 + 9.0 * step as f64 / steps as f64);
        for ((cell, taken), sum) in cells.iter_mut().zip(&taken).zip(&mut sum) {
            let least = f64::max(grain * cell.until, 1.0);
            let slope = (taken * cell.until - cell.units) / cell.units.max(least);
            cell.price = (cell.price + size * slope.clamp(-1.0, 1.0)).max(0.0);
            if step >= steps / 2 {
                *sum += cell.price;
            }
        }
    }
    let averaged = (steps - steps / 2) as f64;
    for (cell, sum) in cells.iter_mut().zip(sum) {
        let mean = sum / averaged;
        cell.price = if mean < parcel * NOTHING { 0.0 } else { mean };
    }
}

/// Subtracts from the prices of one SKU's cells the part that all of them share.
///
/// Every plan from own stock pays that part, so it can only divert orders to an unlimited warehouse; and it is the
/// part that a wrong horizon distorts. The differences between warehouses remain, and with them nearly all of the
/// saving.
pub fn relative(cells: &mut [CellState]) {
    let stocked = cells.iter().filter(|cell| cell.units > 0.0).map(|cell| cell.price);
    let floor = stocked.fold(f64::INFINITY, f64::min);
    for cell in cells {
        cell.price = (cell.price - floor).max(0.0);
    }
}

/// Adds to a problem without an unlimited warehouse one that costs twice its dearest lane: the cost of not serving an
/// order. Without it, prices of short SKUs would be unbounded.
pub fn outside_option(case: &mut Case) {
    let problem = &mut case.problem;
    let dearest = |of: fn(&Rate) -> Money| {
        let most = problem.lanes.iter().map(|lane| of(&lane.rate).0).max().unwrap_or(0);
        Money(most.saturating_mul(2))
    };
    let rate = Rate {
        parcel: dearest(|rate| rate.parcel),
        unit: dearest(|rate| rate.unit),
        first_kg: dearest(|rate| rate.first_kg),
        further_kg: dearest(|rate| rate.further_kg),
        hours: problem.lanes.iter().map(|lane| lane.rate.hours).max().unwrap_or(0),
    };
    let penalty = problem.lanes.iter().map(|lane| lane.penalty).max().unwrap_or(0).saturating_mul(2);
    let Some(&Lane { carrier, .. }) = problem.lanes.first() else { return };
    let site = problem.sites.len() as u16;
    problem.sites.push(crate::ids::WarehouseId(u16::MAX));
    problem.lanes.push(Lane { site, carrier, rate, ceiling: None, penalty });
    let width = problem.lines.len();
    problem.stock.extend(problem.lines.iter().map(|line| line.units));
    case.cells.resize(case.cells.len() + width, NO_CELL);
    if !case.base.is_empty() {
        case.base.resize(case.base.len() + width, 0);
    }
}

/// Writes the prices of the cells into a case's problem.
fn price(case: &mut Case, cells: &[CellState]) {
    let draw = &mut case.problem.draws;
    draw.clear();
    draw.extend(case.cells.iter().map(|cell| match *cell {
        NO_CELL => 0,
        cell => cells[cell as usize].price as i64,
    }));
    for (price, base) in draw.iter_mut().zip(&case.base) {
        *price += base;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CarrierId, WarehouseId};
    use crate::routing::DemandLine;

    const DAY: f64 = 86_400_000_000.0;

    /// Two warehouses, 10 a parcel from either; each line lies in the cells given for it, site by site.
    fn case(cells: [&[u32]; 2], rate_a_day: f64) -> Case {
        let lines = cells[0].len();
        let mut problem = Problem { sites: vec![WarehouseId(0), WarehouseId(1)], ..Problem::default() };
        problem.lines = vec![DemandLine { units: 1, weight_g: 0 }; lines];
        for (site, row) in cells.iter().enumerate() {
            let rate = Rate { parcel: Money(10_000_000), ..Rate::default() };
            problem.lanes.push(Lane { site: site as u16, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 });
            problem.stock.extend(row.iter().map(|&cell| u64::from(cell != NO_CELL)));
        }
        let mut case = Case { problem, base: Vec::new(), cells: cells.concat(), rate: rate_a_day / DAY };
        outside_option(&mut case);
        case
    }

    fn cell(units: f64) -> CellState {
        CellState { units, until: 10.0 * DAY, price: 0.0 }
    }

    /// SKU 0 lies in both warehouses (cells 0 and 1), SKU 1 only in the first (cell 2). Half the orders want both.
    fn basket_world(units: f64) -> (Vec<Case>, Vec<CellState>) {
        let alone = case([&[0], &[1]], 10.0);
        let both = case([&[0, 2], &[1, NO_CELL]], 10.0);
        (vec![alone, both], vec![cell(units), cell(units), cell(units)])
    }

    #[test]
    fn what_the_basket_needs_is_dear_where_the_basket_ships_from() {
        let (mut cases, mut cells) = basket_world(105.0);
        learn(&mut cases, &mut cells, 1.0 / DAY, false, &mut Router::new());
        relative(&mut cells[..2]);
        assert!(cells[0].price > 0.0, "single orders are sent to the other warehouse: {cells:?}");
        assert_eq!(cells[1].price, 0.0);
    }

    #[test]
    fn plenty_is_free() {
        let (mut cases, mut cells) = basket_world(1_000_000.0);
        learn(&mut cases, &mut cells, 1.0 / DAY, false, &mut Router::new());
        assert!(cells.iter().all(|cell| cell.price == 0.0), "{cells:?}");
    }

    #[test]
    fn prices_fall_back_to_nothing_when_stock_comes() {
        let (mut cases, mut cells) = basket_world(40.0);
        let mut router = Router::new();
        learn(&mut cases, &mut cells, 1.0 / DAY, false, &mut router);
        assert!(cells.iter().all(|cell| cell.price > 1_000_000.0), "{cells:?}");
        cells.iter_mut().for_each(|cell| cell.units = 100_000.0);
        for _ in 0..30 {
            learn(&mut cases, &mut cells, 1.0 / DAY, true, &mut router);
        }
        assert!(cells.iter().all(|cell| cell.price == 0.0), "{cells:?}");
    }

    #[test]
    fn a_shortage_is_never_dearer_than_not_serving() {
        let (mut cases, mut cells) = basket_world(1.0);
        let mut router = Router::new();
        for _ in 0..100 {
            learn(&mut cases, &mut cells, 1.0 / DAY, true, &mut router);
        }
        let most = cells.iter().map(|cell| cell.price).fold(0.0, f64::max);
        assert!(most < 30_000_000.0, "{cells:?}: the outside option costs 20 for an order");
    }

    #[test]
    fn what_all_cells_ask_is_left_out() {
        let mut cells = [5.0, 3.0, 9.0].map(|price| CellState { units: 1.0, until: 1.0, price });
        cells[1].units = 0.0;
        relative(&mut cells);
        assert_eq!(cells.map(|cell| cell.price), [0.0, 0.0, 4.0]);
    }
}
