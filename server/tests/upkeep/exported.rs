//! Events as lines of JSON.

use std::fmt::Write as _;

use stockade_core::event::{Envelope, Event};
use stockade_core::ids::Seq;
use stockade_server::export::Exporter;

#[allow(dead_code, reason = "only the events are exported")]
#[path = "../../../core/tests/journal/samples.rs"]
mod samples;

#[test]
fn every_kind_of_event_has_its_line() {
    let mut exporter = Exporter::default();
    let mut lines = String::new();
    for (n, (name, envelope)) in samples::envelopes().into_iter().enumerate() {
        let line = exporter.line(Seq(n as u64 + 1), &envelope);
        writeln!(lines, "{name}: {}", serde_json::to_string(&line).unwrap()).unwrap();
    }
    for kind in Event::KINDS {
        assert!(lines.contains(&format!("\"event\":\"{}\"", kind.name)), "{} is not exported", kind.name);
    }
    insta::assert_snapshot!("lines", lines);
}

#[test]
fn what_a_line_names_is_named_by_its_code() {
    let mut exporter = Exporter::default();
    let all: Vec<Envelope> = samples::envelopes().into_iter().map(|(_, envelope)| envelope).collect();
    let gives_names = |envelope: &&Envelope| matches!(envelope.event, Event::WorldApplied(_) | Event::SkusDefined(_));
    for envelope in all.iter().filter(gives_names) {
        exporter.line(Seq(1), envelope);
    }
    let Some(Event::SkusDefined(defined)) =
        all.iter().map(|envelope| &envelope.event).find(|event| matches!(event, Event::SkusDefined(_)))
    else {
        panic!("no SKU is defined")
    };
    let named = &defined.skus[0];
    let set = stockade_core::event::SafetySet {
        sku: named.id,
        warehouse: stockade_core::ids::WarehouseId(999),
        units: stockade_core::units::Units(5),
    };
    let envelope = Envelope { event: Event::SafetySet(set), ..all[0].clone() };
    let body = exporter.line(Seq(2), &envelope).body;
    assert_eq!(body["sku"], named.code.as_str());
    assert_eq!(body["warehouse"], "#999", "an id that nothing named");
}
