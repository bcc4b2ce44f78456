//! What others would do with an instance: policies from the literature and from practice, order by order.

use stockade_core::routing::{Answer, Router, WORK_DEFAULT};

use super::draw::{Draw, exponential};
use super::instance::Instance;
use super::lagrangian::problem;
use super::linear::Linear;

/// A way to choose a warehouse for each SKU of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// Each SKU from the nearest warehouse that has it.
    Nearest,
    /// Again and again the warehouse that has the most of what is left, the nearest of several.
    Greedy,
    /// The least cost of this order, with the stock on hand.
    CheapestNow,
    /// Ma's dilated rounding of the linear programme; what is out of stock there is not looked for elsewhere.
    Dilated,
    /// Ma's rounding with forced openings, likewise.
    ForcedOpening,
}

impl Policy {
    /// Those that need no linear programme.
    pub const LIVE: [Policy; 3] = [Policy::Nearest, Policy::Greedy, Policy::CheapestNow];
    /// Those that round it, as published.
    pub const ROUNDING: [Policy; 2] = [Policy::Dilated, Policy::ForcedOpening];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Nearest => "nearest warehouse",
            Policy::Greedy => "greedy (most lines first)",
            Policy::CheapestNow => "cheapest now (exact)",
            Policy::Dilated => "dilated rounding (Ma)",
            Policy::ForcedOpening => "forced opening (Ma)",
        }
    }

    /// The cost of a season.
    pub fn cost(self, instance: &Instance, season: &[(usize, usize)], linear: Option<&Linear>, seed: u64) -> f64 {
        let mut stock = instance.stock.clone();
        let (mut router, mut draw) = (Router::new(), Draw::new(seed));
        let mut cost = 0.0;
        for &(kind, city) in season {
            let items = &instance.types[kind];
            let mut chosen = match self {
                Policy::Nearest => nearest(instance, items, city, &stock),
                Policy::Greedy => greedy(instance, items, city, &stock),
                Policy::CheapestNow => cheapest(instance, items, city, &stock, &mut router),
                Policy::Dilated | Policy::ForcedOpening => {
                    let shares = linear.map(|linear| &linear.shares[kind][city]);
                    shares.map(|shares| round(self, shares, items.len(), &mut draw)).unwrap_or_default()
                }
            };
            for (warehouse, &item) in chosen.iter_mut().zip(items) {
                match stock.get_mut(*warehouse).map(|row| &mut row[item]) {
                    Some(units) if *units > 0 => *units -= 1,
                    _ => *warehouse = instance.dummy(),
                }
            }
            cost += price(instance, &chosen, city);
        }
        cost
    }
}

fn price(instance: &Instance, chosen: &[usize], city: usize) -> f64 {
    let units: f64 = chosen.iter().map(|&warehouse| instance.unit[warehouse][city]).sum();
    let opened = (0..=instance.warehouses).filter(|warehouse| chosen.contains(warehouse));
    units + opened.map(|warehouse| instance.fixed[warehouse][city]).sum::<f64>()
}

fn nearest(instance: &Instance, items: &[usize], city: usize, stock: &[Vec<u64>]) -> Vec<usize> {
    let near = |a: &usize, b: &usize| instance.unit[*a][city].total_cmp(&instance.unit[*b][city]);
    let of = |&item: &usize| (0..instance.warehouses).filter(|&w| stock[w][item] > 0).min_by(near);
    items.iter().map(|item| of(item).unwrap_or(instance.dummy())).collect()
}

fn greedy(instance: &Instance, items: &[usize], city: usize, stock: &[Vec<u64>]) -> Vec<usize> {
    let mut chosen = vec![instance.dummy(); items.len()];
    let mut left: Vec<usize> = (0..items.len()).collect();
    loop {
        let has = |w: usize| left.iter().filter(|&&at| stock[w][items[at]] > 0).count();
        let best = (0..instance.warehouses)
            .filter(|&w| has(w) > 0)
            .max_by(|&a, &b| has(a).cmp(&has(b)).then(instance.unit[b][city].total_cmp(&instance.unit[a][city])));
        let Some(best) = best else { return chosen };
        left.retain(|&at| {
            let taken = stock[best][items[at]] > 0;
            if taken {
                chosen[at] = best;
            }
            !taken
        });
    }
}

fn cheapest(instance: &Instance, items: &[usize], city: usize, stock: &[Vec<u64>], router: &mut Router) -> Vec<usize> {
    if items.is_empty() {
        return Vec::new();
    }
    let there = |warehouse: usize, item: usize| stock.get(warehouse).map_or(1, |row| row[item]);
    let problem = problem(instance, items, city, there);
    let mut chosen = vec![instance.dummy(); items.len()];
    if router.solve(&problem, WORK_DEFAULT) == Answer::Plan {
        for parcel in &router.solution().parcels {
            let site = problem.sites[usize::from(problem.lanes[usize::from(parcel.lane)].site)];
            parcel.takes.iter().for_each(|&(line, _)| chosen[usize::from(line)] = site.index());
        }
    }
    chosen
}

/// Draws a warehouse for every SKU, correlated so that parcels are shared: each warehouse has one clock, and a SKU goes to
/// the one whose clock, slowed by its share, rings first (Ma 2023).
fn round(policy: Policy, shares: &[Vec<f64>], lines: usize, draw: &mut Draw) -> Vec<usize> {
    let clocks: Vec<f64> = shares.iter().map(|_| exponential(draw)).collect();
    let pick = |line: usize| {
        let share = |warehouse: usize| shares[warehouse][line].max(1e-12);
        let largest = (0..shares.len()).max_by(|&a, &b| share(a).total_cmp(&share(b))).unwrap_or(0);
        let u = share(largest);
        let forced = draw.unit() < (1.0 - u) / (1.0 - u + u * (1.0 / u).exp() - std::f64::consts::E);
        let rings = |warehouse: usize| match (policy == Policy::ForcedOpening && warehouse == largest, forced) {
            (true, true) => 1.0 / u,
            (true, false) => clocks[warehouse].min(1.0) / u,
            (false, _) => clocks[warehouse] / share(warehouse),
        };
        (0..shares.len()).min_by(|&a, &b| rings(a).total_cmp(&rings(b))).unwrap_or(0)
    };
    (0..lines).map(pick).collect()
}
