//! The simulator over a few seeds, short enough for every test run. Longer runs: the binary `sim`.

use stockade_fuzz::sim::{Options, Tally, run};

/// What the workload is meant to bring about: none of it may go unmet.
const MET: [&str; 40] = [
    "adjust       not_enough_units",
    "arrive       done",
    "cancel       cancelled",
    "cancel       illegal_step",
    "count        done",
    "count        moved, short",
    "engine       handed over",
    "expect       done",
    "expect       invalid",
    "expect       moved, short",
    "extend_hold  extended",
    "extend_hold  invalid",
    "move_pool    done",
    "pay          illegal_step",
    "pay          paid",
    "pay          paid late",
    "pay          refund due",
    "pay          replayed",
    "place        carrier_not_eligible",
    "place        conflict",
    "place        insufficient_stock",
    "place        placed",
    "place        placed, promised",
    "place        replayed",
    "place        unroutable",
    "receive      done",
    "receive      moved, short",
    "apply_rules  done",
    "apply_rules  stale_rules",
    "apply_world  done",
    "set_safety   done",
    "step         confirmed",
    "step         illegal_step",
    "step         inspected",
    "step         outbound",
    "step         returned",
    "step         short, rerouted",
    "step         short, to review",
    "timer        expired",
    "transfer     done",
];

#[test]
fn engine_and_model_agree_after_every_command() {
    let mut met = Tally::default();
    for seed in 0..12 {
        let tally = run(Options::thorough(seed, 250)).unwrap_or_else(|e| panic!("{e}"));
        tally.0.keys().for_each(|what| met.add(what));
    }
    let missed: Vec<&str> = MET.into_iter().filter(|what| !met.0.contains_key(*what)).collect();
    assert!(missed.is_empty(), "the workload no longer brings about {missed:?}, only\n{met}");
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
