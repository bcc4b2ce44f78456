//! The orders of a sample, those that ask the same together.

use crate::prices::{Sample, Sampled};

/// Orders of a sample that ask the same.
pub(super) struct Kind<'a> {
    pub order: &'a Sampled,
    /// How many are in the sample.
    pub count: u32,
    /// How many these stand for.
    pub weight: f64,
}

/// The orders of a sample, those that ask the same together.
pub(super) fn kinds(sample: &Sample) -> Vec<Kind<'_>> {
    let mut orders: Vec<(&Sampled, f64)> = sample.orders().collect();
    orders.sort_by(|(a, _), (b, _)| {
        let key = |o: &Sampled| (o.channel, o.carrier, o.max_parcels);
        (key(a), &a.zone, &a.lines).cmp(&(key(b), &b.zone, &b.lines))
    });
    let kinds = orders.chunk_by(|(a, _), (b, _)| a.same(b));
    let weight = |same: &[(&Sampled, f64)]| same.iter().map(|(_, weight)| weight).sum();
    kinds.map(|same| Kind { order: same[0].0, count: same.len() as u32, weight: weight(same) }).collect()
}
