//! What travels keeps its bytes: a rename is free, a changed byte is a failing test.

mod page;
mod round_trip;
mod samples;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use samples::{commands, queries, rejects, replies};
use stockade_core::Durability;
use stockade_core::command::{Command, Request};
use stockade_core::event::Event;
use stockade_core::ids::Code;
use stockade_core::orders::Step;
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use stockade_core::vocabulary::Kind;
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
    let provisional = ClientMessage::Query { query: Query::Rules(stockade_core::query::Rules), provisional: true };
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

/// The samples miss nothing: every kind that is declared is there.
#[test]
fn every_kind_is_sampled() {
    fn same<C>(sampled: impl Iterator<Item = u16>, declared: &[Kind<C>]) {
        let declared: BTreeSet<u16> = declared.iter().map(|kind| kind.number).collect();
        assert_eq!(sampled.collect::<BTreeSet<_>>(), declared);
    }
    same(commands().iter().map(|(_, command)| command.kind().number), Command::KINDS);
    same(queries().iter().map(|(_, query)| query.kind().number), Query::KINDS);
    same(replies().iter().map(|(_, reply)| reply.kind().number), Reply::KINDS);
    same(rejects().iter().map(|(_, reject)| reject.kind().number), Reject::KINDS);
}

/// What is on the wire is the number that is declared, not a position: of a message's value the bytes begin with it.
#[test]
fn kinds_are_written_by_their_numbers() {
    fn begins<T: bincode::Encode>(value: &T, number: u16) {
        let bytes = bincode::encode_to_vec(value, bincode::config::standard()).unwrap();
        let number = bincode::encode_to_vec(number, bincode::config::standard()).unwrap();
        assert!(bytes.starts_with(&number), "{bytes:?} does not begin with {number:?}");
    }
    commands().iter().for_each(|(_, command)| begins(command, command.kind().number));
    queries().iter().for_each(|(_, query)| begins(query, query.kind().number));
    replies().iter().for_each(|(_, reply)| begins(reply, reply.kind().number));
    rejects().iter().for_each(|(_, reject)| begins(reject, reject.kind().number));
    Step::ALL.iter().for_each(|step| begins(step, *step as u16));
}

/// Numbers and names are given once.
#[test]
fn no_two_kinds_share_a_number_or_a_name() {
    fn distinct<C>(kinds: &[Kind<C>]) {
        assert_eq!(kinds.iter().map(|kind| kind.number).collect::<BTreeSet<_>>().len(), kinds.len());
        assert_eq!(kinds.iter().map(|kind| kind.name).collect::<BTreeSet<_>>().len(), kinds.len());
        assert!(kinds.iter().all(|kind| kind.about.ends_with('.') && kind.about.trim() == kind.about));
    }
    distinct(Command::KINDS);
    distinct(Query::KINDS);
    distinct(Reply::KINDS);
    distinct(Reject::KINDS);
    distinct(Event::KINDS);
}
