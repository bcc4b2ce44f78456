//! Published policies that round the linear programme: Ma, M&SOM 25, 2023.

use super::draw::{Draw, exponential};
use super::instance::Instance;
use super::linear::Linear;

/// A way to draw a warehouse for every SKU of an order. If the SKU is out of stock there, the drop-shipper sends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rounding {
    /// Dilated rounding.
    Dilated,
    /// Rounding with forced openings.
    ForcedOpening,
}

impl Rounding {
    /// All of them.
    pub const ALL: [Rounding; 2] = [Rounding::Dilated, Rounding::ForcedOpening];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Rounding::Dilated => "dilated rounding (Ma)",
            Rounding::ForcedOpening => "forced opening (Ma)",
        }
    }

    /// The cost of a season.
    pub fn cost(self, instance: &Instance, season: &[(usize, usize)], linear: &Linear, seed: u64) -> f64 {
        let (mut stock, mut draw) = (instance.stock.clone(), Draw::new(seed));
        let mut cost = 0.0;
        for &(kind, city) in season {
            let items = &instance.types[kind];
            let mut chosen = self.round(&linear.shares[kind][city], items.len(), &mut draw);
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

    /// Draws a warehouse for every SKU, correlated so that parcels are shared: each warehouse has one clock, and a
    /// SKU goes to the warehouse whose clock, slowed by its share, rings first.
    fn round(self, shares: &[Vec<f64>], lines: usize, draw: &mut Draw) -> Vec<usize> {
        let clocks: Vec<f64> = shares.iter().map(|_| exponential(draw)).collect();
        let pick = |line: usize| {
            let share = |warehouse: usize| shares[warehouse][line].max(1e-12);
            let largest = (0..shares.len()).max_by(|&a, &b| share(a).total_cmp(&share(b))).unwrap_or(0);
            let u = share(largest);
            let forced = draw.unit() < (1.0 - u) / (1.0 - u + u * (1.0 / u).exp() - std::f64::consts::E);
            let rings = |warehouse: usize| match (self == Rounding::ForcedOpening && warehouse == largest, forced) {
                (true, true) => 1.0 / u,
                (true, false) => clocks[warehouse].min(1.0) / u,
                (false, _) => clocks[warehouse] / share(warehouse),
            };
            (0..shares.len()).min_by(|&a, &b| rings(a).total_cmp(&rings(b))).unwrap_or(0)
        };
        (0..lines).map(pick).collect()
    }
}

fn price(instance: &Instance, chosen: &[usize], city: usize) -> f64 {
    let units: f64 = chosen.iter().map(|&warehouse| instance.unit[warehouse][city]).sum();
    let opened = (0..=instance.warehouses).filter(|warehouse| chosen.contains(warehouse));
    units + opened.map(|warehouse| instance.fixed[warehouse][city]).sum::<f64>()
}
