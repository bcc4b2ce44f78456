//! A Lagrangian bound: let every unit of stock ask a price, and each order takes its cheapest plan at cost plus prices.
//! What all of them would pay, less the price of all stock, is below the expected cost of every policy, whatever the
//! prices are. Good prices come from a subgradient with Polyak's step.

use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{Answer, DemandLine, Lane, Problem, Rate, Router, WORK_DEFAULT};

use super::instance::Instance;

const MICROS: f64 = 1e6;

/// The best bound found in so many steps.
pub(super) fn bound(instance: &Instance, steps: usize) -> f64 {
    let mut cases = cases(instance);
    let mut router = Router::new();
    let mut prices = vec![vec![0.0; instance.items]; instance.warehouses];
    let (mut best, mut kept) = (0.0, prices.clone());
    let (mut size, mut stale, mut excess) = (1.0, 0, 0.08);
    for _ in 0..steps {
        let (value, slope) = dual(instance, &mut cases, &prices, &mut router);
        stale = if value > best * (1.0 + 1e-5) { 0 } else { stale + 1 };
        if value > best {
            (best, kept) = (value, prices.clone());
        }
        if stale > 6 {
            (size, stale, excess) = (size * 0.7, 0, excess * 0.7);
            prices.clone_from(&kept);
            continue;
        }
        let steep = |(price, slope): (&f64, &f64)| if *price <= 0.0 && *slope < 0.0 { 0.0 } else { slope * slope };
        let norm: f64 = prices.iter().flatten().zip(slope.iter().flatten()).map(steep).sum();
        let step = size * (best * (1.0 + excess) - value).max(best * 1e-5) / norm.max(1.0);
        for (price, slope) in prices.iter_mut().flatten().zip(slope.iter().flatten()) {
            *price = f64::max(*price + step * slope, 0.0);
        }
    }
    best
}

/// The value of the dual at these prices and its slope: units asked less units there.
fn dual(
    instance: &Instance,
    cases: &mut [(Problem, usize, f64)],
    prices: &[Vec<f64>],
    router: &mut Router,
) -> (f64, Vec<Vec<f64>>) {
    let mut slope: Vec<Vec<f64>> =
        instance.stock.iter().map(|row| row.iter().map(|&units| -(units as f64)).collect()).collect();
    let mut value: f64 =
        prices.iter().flatten().zip(slope.iter().flatten()).map(|(price, less_stock)| price * less_stock).sum();
    for (problem, kind, expected) in cases {
        let items = &instance.types[*kind];
        problem.draws.clear();
        for site in &problem.sites {
            let row = prices.get(site.index());
            problem.draws.extend(items.iter().map(|&item| row.map_or(0, |row| (row[item] * MICROS) as i64)));
        }
        if router.solve(problem, WORK_DEFAULT) != Answer::Plan {
            continue;
        }
        // Prices were rounded down to millionths; the value of the stock is taken with the finer ones, so it stays a bound.
        value += *expected * router.solution().bound as f64 / MICROS;
        for parcel in &router.solution().parcels {
            let site = problem.sites[usize::from(problem.lanes[usize::from(parcel.lane)].site)];
            if let Some(row) = slope.get_mut(site.index()) {
                parcel.takes.iter().for_each(|&(line, _)| row[items[usize::from(line)]] += *expected);
            }
        }
    }
    (value, slope)
}

/// A problem for every kind of order, with its type and how many are expected.
fn cases(instance: &Instance) -> Vec<(Problem, usize, f64)> {
    let mut cases = Vec::new();
    for (kind, items) in instance.types.iter().enumerate().filter(|(_, items)| !items.is_empty()) {
        for city in 0..instance.cities {
            let carried =
                |warehouse: usize, item: usize| warehouse == instance.dummy() || instance.stock[warehouse][item] > 0;
            let problem = problem(instance, items, city, |warehouse, item| u64::from(carried(warehouse, item)));
            cases.push((problem, kind, instance.expected(kind, city)));
        }
    }
    cases
}

/// An order as a routing problem, over the warehouses that have any of it.
pub(super) fn problem(
    instance: &Instance,
    items: &[usize],
    city: usize,
    stock: impl Fn(usize, usize) -> u64,
) -> Problem {
    let mut problem = Problem { lines: vec![DemandLine { units: 1, weight_g: 0 }; items.len()], ..Problem::default() };
    for warehouse in 0..=instance.warehouses {
        if items.iter().all(|&item| stock(warehouse, item) == 0) {
            continue;
        }
        let money = |figure: f64| Money((figure * MICROS).round() as i64);
        let (parcel, unit) = (money(instance.fixed[warehouse][city]), money(instance.unit[warehouse][city]));
        let rate = Rate { parcel, unit, ..Rate::default() };
        let site = problem.sites.len() as u16;
        problem.lanes.push(Lane { site, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 });
        problem.sites.push(WarehouseId(warehouse as u16));
        problem.stock.extend(items.iter().map(|&item| stock(warehouse, item).min(1)));
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
        let lagrangian = bound(&instance, 300);
        // Whole parcels cost no less than fractions of them, so the Lagrangian may lie above.
        assert!(lagrangian > linear * 0.995 && lagrangian < linear * 1.03, "{lagrangian} and {linear}");
    }
}
