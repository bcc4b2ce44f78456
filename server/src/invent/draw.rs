//! Seeded draws.

/// A stream of draws fixed by its seed: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Draw {
        Draw { state: seed }
    }

    /// An independent stream for one purpose: draws elsewhere do not affect it.
    #[must_use]
    pub fn fork(&self, purpose: u64) -> Draw {
        let mut draw = Draw { state: self.state ^ purpose.wrapping_mul(0xd134_2543_de82_ef95) };
        draw.bits();
        draw
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From `low` up to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        debug_assert!(bound > 0);
        // The bias is below bound / 2^64.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// The index of a weight, with probability proportional to the weight. The weights are not all 0.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// Ranks drawn as often as 1 / rank^exponent.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// Sums of the weights up to each rank.
    sums: Vec<f64>,
}

impl Zipf {
    /// Ranks 0 to `count` − 1, of which there is at least one.
    pub fn new(count: usize, exponent: f64) -> Zipf {
        let mut sum = 0.0;
        let weight = |rank: usize| ((rank + 1) as f64).powf(-exponent);
        let sums = (0..count.max(1)).map(|rank| {
            sum += weight(rank);
            sum
        });
        Zipf { sums: sums.collect() }
    }

    /// The probability of a rank.
    pub fn share(&self, rank: usize) -> f64 {
        let before = if rank == 0 { 0.0 } else { self.sums[rank - 1] };
        (self.sums[rank] - before) / self.sums[self.sums.len() - 1]
    }

    /// Draws a rank; 0 is the most frequent.
    pub fn rank(&self, draw: &mut Draw) -> usize {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let at = draw.unit() * total;
        self.sums.partition_point(|sum| *sum <= at).min(self.sums.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_every_draw() {
        let mut draw = Draw::new(1);
        assert_eq!([draw.bits(), draw.bits()], [0x910a_2dec_8902_5cc1, 0xbeeb_8da1_658e_ec67]);
        let (mut a, mut b) = (Draw::new(7).fork(1), Draw::new(7).fork(2));
        assert_ne!(a.bits(), b.bits());
    }

    #[test]
    fn draws_keep_their_bounds_and_shares() {
        let mut draw = Draw::new(2);
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            assert!(draw.below(7) < 7);
            assert!((0.0..1.0).contains(&draw.unit()));
            counts[draw.weighted(&[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((22_000..23_000).contains(&counts[2]), "{counts:?}");
        let zipf = Zipf::new(100, 1.0);
        let first = (0..10_000).filter(|_| zipf.rank(&mut draw) == 0).count();
        assert!((1_700..2_150).contains(&first), "{first} of 10,000; 1 / H(100) is 19.3 %");
    }
}
