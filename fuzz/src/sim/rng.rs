//! A small random number generator of the project's own, so that a seed means the same run on every machine and in every version.

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators"), or a tape of choices: a fuzzer's
/// or a shrinking test's bytes, of which each choice uses two.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    tape: Option<(Vec<u8>, usize)>,
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Rng {
        Rng { state: seed, tape: None }
    }

    /// The choices on a tape. Past its end every choice is the first.
    pub fn on_tape(tape: &[u8]) -> Rng {
        Rng { state: 0, tape: Some((tape.to_vec(), 0)) }
    }

    /// Whether a tape has run out.
    pub fn is_at_end(&self) -> bool {
        self.tape.as_ref().is_some_and(|(tape, at)| *at >= tape.len())
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        if let Some((tape, at)) = &mut self.tape {
            let byte = |n: usize| u64::from(tape.get(n).copied().unwrap_or(0));
            let choice = byte(*at) << 56 | byte(*at + 1) << 48;
            *at += 2;
            return choice;
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64 }
    }

    /// A number from `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len() as u64) as usize)
    }

    /// One of several, by weight.
    pub fn weighted<T: Copy>(&mut self, from: &[(u64, T)]) -> Option<T> {
        let mut at = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in from {
            if at < *weight {
                return Some(*item);
            }
            at -= weight;
        }
        None
    }

    /// A generator of its own for a part of the run.
    pub fn split(&mut self) -> Rng {
        Rng::new(self.draw())
    }
}
