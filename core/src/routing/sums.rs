//! Reachable sums of weights as bits, one for each multiple of their common divisor, 64 to a word.

/// Greatest common divisor of two weights.
pub(super) fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Marks the sums that are reached by adding up to `units` units of `size`.
pub(super) fn add_units(reached: &mut [u64], units: i64, size: usize) {
    let (mut left, mut part) = (units, 1);
    while left > 0 && size > 0 {
        let now = part.min(left);
        let (jump, bits) = (now as usize * size / 64, now as usize * size % 64);
        for word in (jump..reached.len()).rev() {
            let from = word - jump;
            let mut moved = reached[from] << bits;
            if bits > 0 && from > 0 {
                moved |= reached[from - 1] >> (64 - bits);
            }
            reached[word] |= moved;
        }
        left -= now;
        part *= 2;
    }
}

/// The highest reachable sum from `from` to `to`, both included.
pub(super) fn highest(reached: &[u64], from: usize, to: usize) -> Option<usize> {
    let mut word = to / 64;
    let mut bits = reached[word] & (u64::MAX >> (63 - to % 64));
    loop {
        if bits != 0 {
            let cell = word * 64 + 63 - bits.leading_zeros() as usize;
            return (cell >= from).then_some(cell);
        }
        if word * 64 <= from {
            return None;
        }
        word -= 1;
        bits = reached[word];
    }
}
