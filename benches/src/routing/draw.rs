//! Random draws of the generators. The stream is the server's, so that a seed gives the same instance everywhere.

pub(super) use stockade_server::invent::Draw;

/// An exponential draw of mean one.
pub(super) fn exponential(draw: &mut Draw) -> f64 {
    -(1.0 - draw.unit()).ln()
}

/// Shares of a whole: draws from 0 to 1, divided by their sum.
pub(super) fn shares(draw: &mut Draw, count: usize) -> Vec<f64> {
    let mut shares: Vec<f64> = (0..count).map(|_| draw.unit()).collect();
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}
