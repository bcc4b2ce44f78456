//! The simulator over a few seeds, short enough for every test run. Longer runs: the binary `sim`.

use stockade_fuzz::sim::{Options, Tally, run};

/// What the workload is meant to bring about: none of it may go unmet.
const MET: [&str; 72] = [
    "adjust       not_enough_units",
    "arrive       stock_moved",
    "book_loss    stock_moved",
    "book_loss    not_enough_units",
    "cancel       order_cancelled",
    "cancel       order_cancelled, lapsed",
    "cancel       illegal_step",
    "count        stock_counted",
    "count        stock_counted, short",
    "count_shelf  shelf_counted",
    "engine       handed over",
    "engine       made up for short units",
    "expect       inbound_changed",
    "expect       invalid",
    "expect       inbound_changed, short",
    "extend_hold  hold_extended",
    "extend_hold  invalid",
    "move_pool    stock_moved",
    "close_refund invalid",
    "close_refund refund_closed",
    "close_refund replayed",
    "pay          conflict",
    "pay          unknown_order",
    "pay          unplaced_paid",
    "pay          order_paid",
    "pay          order_paid_late",
    "pay          refund_due",
    "pay          replayed",
    "place        carrier_not_eligible",
    "place        conflict",
    "place        insufficient_stock",
    "place        order_placed",
    "place        order_promised",
    "place        replayed",
    "place        unroutable",
    "recall       stock_moved",
    "recall       not_enough_units",
    "receive      inbound_changed",
    "receive      inbound_changed, short",
    "apply_rules  rules_applied",
    "apply_rules  stale_rules",
    "apply_world  world_applied",
    "set_safety   safety_set",
    "step         confirm",
    "step         illegal_step",
    "step         return_inspected",
    "step         scan",
    "step         return_received",
    "step         unpack",
    "step         unscan",
    "step         undelivered",
    "step         refused",
    "step         lost",
    "step         pick_shorted, rerouted",
    "step         parcel_shorted, rerouted",
    "step         parcel_shorted, to review",
    "cancel       units_cancelled",
    "cancel       sub_order_cancelled",
    "reroute      review_routed_within",
    "reroute      unroutable",
    "reroute_apart review_routed",
    "step         return_received_elsewhere",
    "step         return_inspected_elsewhere",
    "raise        order_raised",
    "raise        illegal_step",
    "raise        insufficient_stock",
    "raise        unroutable",
    "split        sub_order_split",
    "split        illegal_step",
    "timer        expired",
    "timer        gave time",
    "transfer     stock_moved",
];

#[test]
fn engine_and_model_agree_after_every_command() {
    let mut met = Tally::default();
    for seed in 0..22 {
        let tally = run(Options::thorough(seed, 250)).unwrap_or_else(|e| panic!("{e}"));
        met.merge(&tally);
    }
    let missed: Vec<&str> = MET.into_iter().filter(|what| !met.outcomes.contains_key(*what)).collect();
    assert!(missed.is_empty(), "the workload no longer brings about {missed:?}, only\n{met}");
    assert_eq!(met.missing(), [""; 0], "of every kind, these took no part:\n{met}");
}

/// What happens when a receipt fails more promises than one event may move.
const MET_IN_CROWDS: [&str; 3] =
    ["engine       units noted as missing", "engine       missing units settled", "place        order_promised"];

#[test]
fn a_receipt_that_fails_hundreds_of_promises_is_judged_step_by_step() {
    let mut met = Tally::default();
    for seed in [4, 7, 8] {
        let options = Options { seed, steps: 700, check_every: 100, crowd_every: 60, ..Options::default() };
        met.merge(&run(options).unwrap_or_else(|e| panic!("{e}")));
    }
    let missed: Vec<&str> = MET_IN_CROWDS.into_iter().filter(|what| !met.outcomes.contains_key(*what)).collect();
    assert!(missed.is_empty(), "the workload no longer brings about {missed:?}, only\n{met}");
}

#[test]
fn a_run_without_commands_leaves_kinds_out() {
    let tally = run(Options { steps: 0, ..Options::thorough(1, 1) }).unwrap_or_else(|e| panic!("{e}"));
    let missing = tally.missing();
    for left_out in ["command place", "event order_paid", "query order"] {
        assert!(missing.iter().any(|what| what == left_out), "{left_out} is not in {missing:?}");
    }
}

#[test]
fn engine_and_model_agree_over_a_longer_life() {
    let options = Options { seed: 77, steps: 1_500, check_every: 50, ..Options::default() };
    run(options).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn many_threads_do_what_one_line_of_commands_could_have_done() {
    for seed in 0..3 {
        let options = Options { seed, steps: 900, threads: 3, ..Options::default() };
        run(options).unwrap_or_else(|e| panic!("{e}"));
    }
}
