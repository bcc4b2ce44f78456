//! A Lagrangian bound: every unit of stock has a price, and each order takes its cheapest plan at cost plus prices.
//! The sum of what all orders pay, less the price of all stock, is a lower bound on the cost of any policy, whatever
//! the prices. A subgradient method with Polyak's step finds good prices.
//!
//! Stock may arrive in several receipts. A unit can be drawn from its receipt on, so prices never rise over time.

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, WORK_DEFAULT};

use super::instance::Instance;
use super::policies::drawn;

const MICROS: f64 = 1e6;

/// A value for each receipt, warehouse and SKU.
pub(super) type Cells = Vec<Vec<Vec<f64>>>;

/// Orders of one kind. A warehouse has all of a line or nothing; a warehouse beyond those of the receipts has no
/// prices.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// One of these orders; its warehouses are numbered as in the receipts.
    pub problem: Problem,
    /// The SKU of each line.
    pub items: Vec<usize>,
    /// Index of the latest receipt before they arrive.
    pub after: usize,
    /// Number of these orders.
    pub count: f64,
}

/// The best lower bound found in `steps` steps on the cost of these orders, given these receipts.
pub(super) fn bound(cases: &mut [Case], receipts: &Cells, steps: usize) -> f64 {
    let mut router = Router::new();
    let mut marks = zeroed(receipts);
    let (mut best, mut kept) = (0.0, marks.clone());
    let (mut size, mut stale, mut excess) = (1.0, 0, 0.08);
    for _ in 0..steps {
        let (value, slope) = dual(cases, receipts, &marks, &mut router);
        stale = if value > best * (1.0 + 1e-5) { 0 } else { stale + 1 };
        if value > best {
            (best, kept) = (value, marks.clone());
        }
        if stale > 6 {
            (size, stale, excess) = (size * 0.7, 0, excess * 0.7);
            marks.clone_from(&kept);
            continue;
        }
        let steep = |(mark, slope): (&f64, &f64)| if *mark <= 0.0 && *slope < 0.0 { 0.0 } else { slope * slope };
        let norm: f64 = flat(&marks).zip(flat(&slope)).map(steep).sum();
        let step = size * (best * (1.0 + excess) - value).max(best * 1e-5) / norm.max(1.0);
        for (mark, slope) in marks.iter_mut().flatten().flatten().zip(flat(&slope)) {
            *mark = f64::max(*mark + step * slope, 0.0);
        }
    }
    best
}

/// Value and slope of the dual at these marks; the slope is units drawn so far less units received so far. The price
/// of a unit is the sum of the marks of its own receipt and later ones, so it never rises.
fn dual(cases: &mut [Case], receipts: &Cells, marks: &Cells, router: &mut Router) -> (f64, Cells) {
    let mut prices = marks.clone();
    for after in (1..prices.len()).rev() {
        let (early, late) = prices.split_at_mut(after);
        add(&mut early[after - 1], &late[0]);
    }
    let mut slope = zeroed(receipts);
    let mut value = -flat(&prices).zip(flat(receipts)).map(|(price, units)| price * units).sum::<f64>();
    for Case { problem, items, after, count } in cases {
        problem.draws.clear();
        for site in &problem.sites {
            let row = prices[*after].get(site.index());
            problem.draws.extend(items.iter().map(|&item| row.map_or(0, |row| (row[item] * MICROS) as i64)));
        }
        if router.solve(problem, WORK_DEFAULT) != Answer::Plan {
            continue;
        }
        // The router's prices are rounded down to millionths, the value of the stock uses the exact ones: the bound
        // holds.
        value += *count * router.solution().bound as f64 / MICROS;
        for (site, line, units) in drawn(problem, router.solution()) {
            if let Some(row) = slope[*after].get_mut(problem.sites[site].index()) {
                row[items[line]] += *count * units as f64;
            }
        }
    }
    for (slope, units) in slope.iter_mut().flatten().flatten().zip(flat(receipts)) {
        *slope -= units;
    }
    for after in 1..slope.len() {
        let (early, late) = slope.split_at_mut(after);
        add(&mut late[0], &early[after - 1]);
    }
    (value, slope)
}

fn zeroed(cells: &Cells) -> Cells {
    cells.iter().map(|rows| rows.iter().map(|row| vec![0.0; row.len()]).collect()).collect()
}

fn flat(cells: &Cells) -> impl Iterator<Item = &f64> {
    cells.iter().flatten().flatten()
}

fn add(sum: &mut [Vec<f64>], more: &[Vec<f64>]) {
    for (sum, more) in sum.iter_mut().flatten().zip(more.iter().flatten()) {
        *sum += more;
    }
}

/// The bound of an instance of the fulfilment test, on the expected orders of its season.
pub(super) fn bound_of(instance: &Instance, steps: usize) -> f64 {
    let mut cases = Vec::new();
    for (kind, items) in instance.types.iter().enumerate().filter(|(_, items)| !items.is_empty()) {
        for city in 0..instance.cities {
            let carried =
                |warehouse: usize, item: usize| if instance.stock[warehouse][item] > 0 { u64::MAX } else { 0 };
            let problem = problem(instance, items, city, carried);
            cases.push(Case { problem, items: items.clone(), after: 0, count: instance.expected(kind, city) });
        }
    }
    let stock = instance.stock.iter().map(|row| row.iter().map(|&units| units as f64).collect()).collect();
    bound(&mut cases, &vec![stock], steps)
}

/// An order as a routing problem, over the warehouses that have any of its lines and the unlimited one.
pub(super) fn problem(
    instance: &Instance,
    items: &[usize],
    city: usize,
    stock: impl Fn(usize, usize) -> u64,
) -> Problem {
    let mut problem = Problem { lines: vec![DemandLine { units: 1, weight_g: 0 }; items.len()], ..Problem::default() };
    for warehouse in 0..=instance.warehouses {
        let endless = warehouse == instance.dummy();
        let there = |item: usize| if endless { u64::MAX } else { stock(warehouse, item) };
        if items.iter().all(|&item| there(item) == 0) {
            continue;
        }
        let money = |figure: f64| Money((figure * MICROS).round() as i64);
        let (parcel, unit) = (money(instance.fixed[warehouse][city]), money(instance.unit[warehouse][city]));
        let rate = Rate { parcel, unit, ..Rate::default() };
        let site = problem.sites.len() as u16;
        problem.lanes.push(Lane { site, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 });
        problem.sites.push(WarehouseId(warehouse as u16));
        problem.stock.extend(items.iter().map(|&item| there(item)));
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::super::instance::Shape;
    use super::super::linear::Linear;
    use super::*;

    #[test]
    fn both_bounds_agree_where_a_parcel_is_nearly_whole() {
        let shape = Shape { items: 6, largest: 2, types: 2, horizon: 500, ..Shape::small() };
        let instance = shape.draw(3);
        let linear = Linear::solve(&instance).unwrap().bound;
        let lagrangian = bound_of(&instance, 300);
        // Whole parcels cost no less than fractions of them, so the Lagrangian may lie above.
        assert!(lagrangian > linear * 0.995 && lagrangian < linear * 1.03, "{lagrangian} and {linear}");
    }

    /// One SKU, one warehouse at 1 per parcel, a drop-shipper at 3; ten orders before and ten after the second
    /// receipt.
    fn two_halves(first: f64, second: f64) -> f64 {
        let rate = |parcel: i64| Rate { parcel: Money(parcel * 1_000_000), ..Rate::default() };
        let lane = |site, parcel| Lane { site, carrier: CarrierId(0), rate: rate(parcel), ceiling: None, penalty: 0 };
        let problem = Problem {
            lines: vec![DemandLine { units: 1, weight_g: 0 }],
            sites: vec![WarehouseId(0), WarehouseId(1)],
            stock: vec![u64::MAX; 2],
            lanes: vec![lane(0, 1), lane(1, 3)],
            ..Problem::default()
        };
        let case = |after| Case { problem: problem.clone(), items: vec![0], after, count: 10.0 };
        bound(&mut [case(0), case(1)], &vec![vec![vec![first]], vec![vec![second]]], 400)
    }

    #[test]
    fn what_comes_in_can_be_drawn_later_but_not_earlier() {
        for (first, second, least) in [(20.0, 0.0, 20.0), (10.0, 10.0, 20.0), (0.0, 20.0, 40.0), (5.0, 5.0, 40.0)] {
            let found = two_halves(first, second);
            assert!(found <= least + 1e-6 && found > least * 0.99, "{first} and {second}: {found}, {least} is least");
        }
    }
}
