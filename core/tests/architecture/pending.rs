//! What is still allowed to break a rule. The list only gets shorter: an entry that is no longer needed fails.

use crate::finding::{Finding, Rule};

/// A rule, and the file, folder or beginning of a path that may still break it.
pub const PENDING: &[(Rule, &str)] = &[
    (Rule::Flow, "core/src/orders/later.rs"),
    (Rule::Flow, "core/src/orders/lifecycle.rs"),
    (Rule::Flow, "core/src/orders/order.rs"),
    (Rule::Flow, "core/src/orders/shard.rs"),
    (Rule::Flow, "core/src/orders/timeline.rs"),
    (Rule::Flow, "core/src/prices/table.rs"),
    (Rule::Flow, "core/src/routing/problem.rs"),
    (Rule::Flow, "core/src/routing/rates.rs"),
    (Rule::Flow, "core/src/rules/error.rs"),
    (Rule::Flow, "core/src/rules/ruleset.rs"),
    (Rule::Flow, "core/src/stock/shard.rs"),
    (Rule::FileCircle, "benches/src/load/embedded.rs"),
    (Rule::FileCircle, "benches/src/load/mod.rs"),
    (Rule::FileCircle, "benches/src/routing/facility.rs"),
    (Rule::FileCircle, "benches/src/routing/fulfilment.rs"),
    (Rule::FileCircle, "benches/src/routing/instance.rs"),
    (Rule::FileCircle, "core/src/engine/apply.rs"),
    (Rule::FileCircle, "core/src/engine/commit.rs"),
    (Rule::FileCircle, "core/src/engine/expiry.rs"),
    (Rule::FileCircle, "core/src/engine/explain.rs"),
    (Rule::FileCircle, "core/src/engine/handover.rs"),
    (Rule::FileCircle, "core/src/engine/lesson.rs"),
    (Rule::FileCircle, "core/src/event.rs"),
    (Rule::FileCircle, "core/src/reply.rs"),
    (Rule::FileCircle, "core/src/rules/entries.rs"),
    (Rule::FileCircle, "core/src/rules/lanes.rs"),
    (Rule::FileCircle, "core/src/rules/ruleset.rs"),
    (Rule::FileCircle, "core/src/stock/availability.rs"),
    (Rule::FileCircle, "core/src/stock/cell.rs"),
    (Rule::FileCircle, "server/src/cli/connect.rs"),
    (Rule::FileCircle, "server/src/cli/report.rs"),
    (Rule::FileCircle, "server/src/config/mod.rs"),
    (Rule::FileCircle, "server/src/demo/day.rs"),
    (Rule::FileCircle, "server/src/http/caller.rs"),
    (Rule::FileCircle, "server/src/http/calls.rs"),
    (Rule::FileCircle, "server/src/http/mod.rs"),
    (Rule::FileCircle, "server/src/journal/redis.rs"),
    (Rule::RoomCircle, "core/src/event"),
    (Rule::RoomCircle, "server/src/cli"),
    (Rule::Wildcard, "benches/src/load/expire.rs"),
    (Rule::Wildcard, "benches/src/routing/shop.rs"),
    (Rule::Wildcard, "client/src/client.rs"),
    (Rule::Wildcard, "client/src/embedded.rs"),
    (Rule::Wildcard, "core/src/engine/apply.rs"),
    (Rule::Wildcard, "core/src/engine/commit.rs"),
    (Rule::Wildcard, "core/src/engine/explain.rs"),
    (Rule::Wildcard, "core/src/engine/lookup.rs"),
    (Rule::Wildcard, "core/src/engine/prices.rs"),
    (Rule::Wildcard, "core/src/engine/recover.rs"),
    (Rule::Wildcard, "core/src/engine/view.rs"),
    (Rule::Wildcard, "core/src/event/reading.rs"),
    (Rule::Wildcard, "server/src/failure.rs"),
    (Rule::Wildcard, "server/src/json/refusal.rs"),
    (Rule::Wildcard, "server/src/metrics.rs"),
    (Rule::Wildcard, "server/src/replay/decide.rs"),
    (Rule::Wildcard, "server/src/replay/embedded.rs"),
    (Rule::Wildcard, "server/src/replay/inbound.rs"),
    (Rule::Wildcard, "server/src/replay/ledger.rs"),
    (Rule::Wildcard, "server/src/replay/load.rs"),
    (Rule::Wildcard, "server/src/service/mod.rs"),
    (Rule::FunctionLines, "core/src/engine/apply.rs"),
    (Rule::FunctionLines, "core/src/reject.rs"),
    (Rule::FunctionLines, "server/src/serve/mod.rs"),
    (Rule::Parameters, "benches/src/load/quic.rs"),
    (Rule::Parameters, "benches/src/routing/fulfilment.rs"),
    (Rule::Parameters, "core/src/engine/configure.rs"),
    (Rule::Parameters, "core/src/engine/count.rs"),
    (Rule::Parameters, "core/src/engine/explain.rs"),
    (Rule::Parameters, "core/src/engine/lookup.rs"),
    (Rule::Parameters, "core/src/engine/movement.rs"),
    (Rule::Parameters, "core/src/engine/promise.rs"),
    (Rule::Parameters, "core/src/engine/returns.rs"),
    (Rule::Parameters, "core/src/explain/alternatives.rs"),
    (Rule::Parameters, "core/src/routing/place.rs"),
    (Rule::Parameters, "core/src/routing/sets.rs"),
    (Rule::Parameters, "core/src/stock/handover.rs"),
    (Rule::Parameters, "server/src/cli/inbound.rs"),
    (Rule::Parameters, "server/src/demo/show.rs"),
    (Rule::FileLines, "core/src/engine/planning.rs"),
    (Rule::FileLines, "core/src/event.rs"),
    (Rule::FileLines, "core/src/reply.rs"),
    (Rule::FileLines, "core/src/routing/dual.rs"),
    (Rule::FileLines, "core/tests/explain.rs"),
    (Rule::FileLines, "server/src/journal/redis.rs"),
    (Rule::FileLines, "server/src/metrics.rs"),
    (Rule::Hasher, "core/src/orders/shard.rs"),
];

/// The findings that are not pending, and the entries for these rules that nothing needs, in words.
pub fn rest(pending: &[(Rule, &str)], rules: &[Rule], found: Vec<Finding>) -> Vec<String> {
    let covers = |(rule, path): &(Rule, &str), f: &Finding| *rule == f.rule && f.path.starts_with(path);
    let ours = pending.iter().filter(|(rule, _)| rules.contains(rule));
    let stale = ours.filter(|entry| !found.iter().any(|f| covers(entry, f)));
    let mut wrong: Vec<String> = stale
        .map(|(rule, path)| format!("{rule:?}: `{path}` is pending, and breaks it no longer: remove it"))
        .collect();
    let open = found.iter().filter(|f| !pending.iter().any(|entry| covers(entry, f)));
    wrong.extend(open.map(ToString::to_string));
    wrong
}

#[test]
fn an_entry_that_nothing_needs_is_told() {
    let found =
        |path: &str| Finding { rule: Rule::FileLines, path: path.to_owned(), line: 9, what: String::new(), remedy: "" };
    let pending =
        [(Rule::FileLines, "core/src/a.rs"), (Rule::FileLines, "core/src/gone/"), (Rule::Flow, "core/src/a.rs")];
    let wrong = rest(&pending, &[Rule::FileLines], vec![found("core/src/a.rs"), found("core/src/b.rs")]);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("core/src/gone/") && wrong[1].contains("core/src/b.rs:9"), "{wrong:?}");
}
