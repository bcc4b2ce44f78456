//! What travels keeps its bytes: a rename is free, a changed byte is a failing test.

mod round_trip;
mod samples;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use samples::{commands, queries, rejects, replies};
use stockade_core::command::{Command, Query, Request};
use stockade_core::ids::Code;
use stockade_core::reject::Reject;
use stockade_core::reply::{Durability, Reply};
use stockade_core::time::{Span, Time};
use stockade_core::wire::body::{BatchBody, Body, put_batch, put_frame, read_batch, read_body};
use stockade_core::wire::{
    ClientMessage, Features, Frame, FrameDecoder, FrameKind, GoAway, Header, Hello, HelloAnswer, HelloRefusal,
    ServerMessage, Welcome,
};

fn header(durability: Durability, time: u64) -> Header {
    Header { kind: FrameKind::Request, durability, correlation: 0x0102_0304_0506_0708, time: Time(time) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

fn only_frame<R>(bytes: &[u8], read: impl FnOnce(Frame<'_>) -> R) -> R {
    let mut decoder = FrameDecoder::new(bytes.len());
    decoder.extend(bytes);
    let frame = decoder.next_frame().expect("a frame").expect("a whole one");
    let result = read(frame);
    assert_eq!(decoder.buffered(), 0);
    result
}

/// Adds a line with the frame's bytes, after checking that they are read back as the value.
fn one<T: Body + PartialEq + std::fmt::Debug>(golden: &mut String, name: &str, header: Header, value: &T) {
    let mut bytes = Vec::new();
    put_frame(&mut bytes, header, value).unwrap();
    only_frame(&bytes, |frame| {
        assert_eq!(frame.header, Header { kind: T::KIND, ..header });
        assert_eq!(&read_body::<T>(frame.body).unwrap(), value);
    });
    writeln!(golden, "{name}: {}", hex(&bytes)).unwrap();
}

fn many<T: BatchBody + PartialEq + std::fmt::Debug>(golden: &mut String, name: &str, header: Header, values: &[T]) {
    let mut bytes = Vec::new();
    put_batch(&mut bytes, header, values).unwrap();
    only_frame(&bytes, |frame| {
        assert_eq!(frame.header.kind, T::BATCH_KIND);
        let mut seen = Vec::new();
        read_batch::<T>(frame.body, |value| seen.push(value)).unwrap();
        assert_eq!(seen, values);
    });
    writeln!(golden, "{name}: {}", hex(&bytes)).unwrap();
}

fn command(key: Option<&str>, command: Command) -> ClientMessage {
    let key = key.map(|key| Code::new(key).unwrap());
    ClientMessage::Command(Request { key, occurred: None, command })
}

#[test]
fn greetings_keep_their_bytes() {
    let mut golden = String::new();
    let asked = header(Durability::Memory, 0);
    let hello = Hello {
        version: 1,
        oldest: 1,
        features: Features::KNOWN,
        token: "stk_secret".to_owned(),
        client: "storefront 0.1".to_owned(),
    };
    one(&mut golden, "hello", asked, &hello);
    let welcome = Welcome {
        version: 1,
        features: Features::BATCH,
        server_time: Time(1_794_355_200_125_000),
        in_flight_max: 4_096,
        lanes_max: 16,
        body_max: 16 * 1024 * 1024,
        best: Durability::Journaled,
        server: "stockade 0.1".to_owned(),
    };
    one(&mut golden, "welcome", asked, &HelloAnswer::Welcome(welcome));
    for (name, refusal) in [
        ("version", HelloRefusal::Version { oldest: 1, newest: 2 }),
        ("unauthenticated", HelloRefusal::Unauthenticated),
        ("draining", HelloRefusal::Draining),
        ("full", HelloRefusal::Full { retry_after: Span::from_secs(1) }),
        ("malformed", HelloRefusal::Malformed { reason: "empty".to_owned() }),
    ] {
        one(&mut golden, name, asked, &HelloAnswer::Refused(refusal));
    }
    one(&mut golden, "go_away", asked, &GoAway { reason: "shutting down".to_owned(), until: Time(9) });
    insta::assert_snapshot!("greetings", golden);
}

#[test]
fn requests_keep_their_bytes() {
    let mut golden = String::new();
    let asked = header(Durability::Journaled, 1_794_355_200_125_000);
    one(&mut golden, "ping", asked, &ClientMessage::Ping);
    for (name, of) in commands() {
        one(&mut golden, name, asked, &command(Some("key-1"), of));
    }
    let late = Request { key: None, occurred: Some(Time(5)), command: Command::Place(samples::place()) };
    one(&mut golden, "place_that_occurred_before", asked, &ClientMessage::Command(late));
    for (name, query) in queries() {
        one(&mut golden, name, asked, &ClientMessage::Query { query, provisional: false });
    }
    let provisional = ClientMessage::Query { query: Query::Rules, provisional: true };
    one(&mut golden, "rules_provisionally", header(Durability::Replicated, 0), &provisional);
    many(&mut golden, "batch", asked, &[command(None, Command::Place(samples::place())), provisional]);
    many::<ClientMessage>(&mut golden, "batch_of_none", asked, &[]);
    insta::assert_snapshot!("requests", golden);
}

#[test]
fn replies_keep_their_bytes() {
    let mut golden = String::new();
    let reached = header(Durability::Journaled, 1_794_355_200_125_000);
    one(&mut golden, "pong", reached, &ServerMessage::Pong);
    for (name, reply) in replies() {
        one(&mut golden, name, reached, &ServerMessage::Reply(Ok(reply)));
    }
    for (name, reject) in rejects() {
        one(&mut golden, name, reached, &ServerMessage::Reply(Err(reject)));
    }
    let batch = [ServerMessage::Reply(Err(Reject::TooLate)), ServerMessage::Pong];
    many(&mut golden, "batch", reached, &batch);
    insta::assert_snapshot!("replies", golden);
}

/// The samples miss nothing: a new variant fails to compile here until it is numbered, and fails here until it is sampled.
#[test]
fn every_variant_is_sampled() {
    let numbers = |numbers: Vec<usize>, count: usize| {
        assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>(), (0..count).collect::<BTreeSet<_>>());
    };
    numbers(commands().iter().map(|(_, command)| command_number(command)).collect(), 17);
    numbers(queries().iter().map(|(_, query)| query_number(query)).collect(), 11);
    numbers(replies().iter().map(|(_, reply)| reply_number(reply)).collect(), 13);
    numbers(rejects().iter().map(|(_, reject)| reject_number(reject)).collect(), 21);
}

fn command_number(command: &Command) -> usize {
    match command {
        Command::ApplyWorld(_) => 0,
        Command::ApplyRules(_) => 1,
        Command::DefineSkus(_) => 2,
        Command::Receive(_) => 3,
        Command::Adjust(_) => 4,
        Command::Count(_) => 5,
        Command::Transfer(_) => 6,
        Command::Arrive(_) => 7,
        Command::MovePool(_) => 8,
        Command::SetSafety(_) => 9,
        Command::Expect(_) => 10,
        Command::Place(_) => 11,
        Command::Pay(_) => 12,
        Command::Cancel(_) => 13,
        Command::ExtendHold(_) => 14,
        Command::Step(_) => 15,
        Command::Reroute(_) => 16,
    }
}

fn query_number(query: &Query) -> usize {
    match query {
        Query::Quote(_) => 0,
        Query::Availability(_) => 1,
        Query::Stock(_) => 2,
        Query::Order(_) => 3,
        Query::Orders(_) => 4,
        Query::Rules => 5,
        Query::World => 6,
        Query::Explain(_) => 7,
        Query::Routing => 8,
        Query::QuoteExact(_) => 9,
        Query::Inbound(_) => 10,
    }
}

fn reply_number(reply: &Reply) -> usize {
    match reply {
        Reply::Placed(_) => 0,
        Reply::Changed(_) => 1,
        Reply::Moved(_) => 2,
        Reply::Configured(_) => 3,
        Reply::Quoted(_) => 4,
        Reply::Availability(_) => 5,
        Reply::Stock(_) => 6,
        Reply::Order(_) => 7,
        Reply::Orders(_) => 8,
        Reply::Text(_) => 9,
        Reply::Explained(_) => 10,
        Reply::Routing(_) => 11,
        Reply::Inbound(_) => 12,
    }
}

fn reject_number(reject: &Reject) -> usize {
    match reject {
        Reject::InsufficientStock { .. } => 0,
        Reject::Unroutable { .. } => 1,
        Reject::CarrierNotEligible { .. } => 2,
        Reject::Unknown { .. } => 3,
        Reject::UnknownOrder { .. } => 4,
        Reject::UnknownSubOrder { .. } => 5,
        Reject::Conflict { .. } => 6,
        Reject::IllegalStep { .. } => 7,
        Reject::Invalid { .. } => 8,
        Reject::BadFile { .. } => 9,
        Reject::NotEnoughUnits { .. } => 10,
        Reject::StaleRules { .. } => 11,
        Reject::CountTooOld { .. } => 12,
        Reject::Forbidden { .. } => 13,
        Reject::Unauthenticated => 14,
        Reject::TooLate => 15,
        Reject::Overloaded { .. } => 16,
        Reject::Unavailable { .. } => 17,
        Reject::DurabilityUnavailable { .. } => 18,
        Reject::OutcomeUnknown { .. } => 19,
        Reject::Halted { .. } => 20,
    }
}
