//! The one function whose instructions are counted.

/// Its name, as callgrind knows it.
pub(super) const NAME: &str = "stockade_benches::counts::measured::measured*";

/// Runs what is counted.
#[inline(never)]
pub(super) fn measured<T>(operation: impl FnOnce() -> T) -> T {
    // The hint keeps the call: without it the function may be merged into its caller, and nothing is counted.
    std::hint::black_box(operation())
}
