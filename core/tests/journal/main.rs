//! What is written to journals keeps its bytes: old histories must open.

mod samples;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use samples::{buckets, envelopes, events};
use stockade_core::event::{Event, StockMoved};
use stockade_core::log::{decode_envelope, encode_envelope};
use stockade_core::stock::Move;

#[test]
fn every_event_keeps_its_bytes() {
    let mut golden = String::new();
    for (name, envelope) in envelopes() {
        let mut bytes = Vec::new();
        encode_envelope(&envelope, &mut bytes).unwrap();
        assert_eq!(decode_envelope(&bytes).unwrap(), envelope, "{name}");
        writeln!(golden, "{name}: {}", hex(&bytes)).unwrap();
    }
    insta::assert_snapshot!("events", golden);
}

#[test]
fn every_kind_of_event_is_sampled() {
    let sampled: BTreeSet<u16> = events().iter().map(|(_, event)| event.kind().number).collect();
    assert_eq!(sampled, Event::KINDS.iter().map(|kind| kind.number).collect());
}

#[test]
fn every_bucket_is_sampled_once() {
    let Some(Event::StockMoved(StockMoved { moves, .. })) = events().into_iter().map(|(_, e)| e).find(has_every_bucket)
    else {
        panic!("no sample moves units through every bucket")
    };
    let all: BTreeSet<_> = buckets().into_iter().collect();
    assert_eq!(all.len(), buckets().len());
    assert_eq!(moves.iter().map(|m: &Move| m.to).collect::<BTreeSet<_>>(), all);
}

fn has_every_bucket(event: &Event) -> bool {
    matches!(event, Event::StockMoved(moved) if moved.moves.len() == buckets().len())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}
