//! What the books say of goods that are really somewhere.

use std::collections::BTreeSet;

use stockade_fuzz::floor::play;

/// Kinds of things that a crew does in these runs.
const KINDS: usize = 17;

#[test]
fn after_a_count_nothing_is_for_sale_that_is_not_on_the_floor() {
    let mut did = BTreeSet::new();
    for seed in 0..40 {
        did.extend(play(seed, 1_500).unwrap_or_else(|wrong| panic!("{wrong}")));
    }
    assert_eq!(did.len(), KINDS, "the crews did only {did:?}");
}
