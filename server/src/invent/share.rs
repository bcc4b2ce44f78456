//! Spreading units over places.

use super::draw::Draw;

/// Splits units over places. Places that do not carry the SKU get none, the others get a share by size and chance. At
/// least one place carries it, and the parts add up to the whole.
pub fn spread(units: u64, sizes: &[f64], carried: f64, draw: &mut Draw) -> Vec<u64> {
    let mut weights: Vec<f64> =
        sizes.iter().map(|size| if draw.chance(carried) { size * draw.between(0.3, 1.7) } else { 0.0 }).collect();
    let home = draw.below(sizes.len() as u64) as usize;
    weights[home] = weights[home].max(sizes[home] * 0.3);
    let all: f64 = weights.iter().sum();
    let (mut sum, mut given) = (0.0, 0);
    let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(home);
    let part = |(n, weight): (usize, &f64)| {
        sum += weight;
        let upto = if n >= last { units } else { ((units as f64 * (sum / all)).round() as u64).clamp(given, units) };
        let part = upto - given;
        given = upto;
        part
    };
    weights.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_leave_gaps() {
        let mut draw = Draw::new(5);
        let mut gaps = 0;
        for units in 0..500 {
            let parts = spread(units, &[1.0, 0.5, 2.0, 1.0], 0.5, &mut draw);
            assert_eq!(parts.iter().sum::<u64>(), units);
            gaps += parts.iter().filter(|part| **part == 0).count();
        }
        assert!((600..1_200).contains(&gaps), "{gaps} of 2,000 cells are empty");
    }
}
