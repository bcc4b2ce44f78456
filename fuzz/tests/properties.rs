//! Any sequence of commands leaves engine and model agreeing on everything; a failing one is shrunk to its shortest.
//!
//! Commands are chosen by a tape of bytes, so that the shrinking of bytes is the shrinking of commands: a shorter tape is
//! fewer commands, a smaller byte an earlier choice.

use proptest::collection::vec;
use proptest::prelude::*;
use stockade_fuzz::sim::run_tape;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engine_and_model_agree_on_any_commands(tape in vec(any::<u8>(), 60..1_200)) {
        if let Err(e) = run_tape(&tape) {
            prop_assert!(false, "{e}");
        }
    }
}
