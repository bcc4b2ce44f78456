//! Every fuzz target on stable: over the committed seeds, the seeds with bytes changed, and random bytes.

use std::fs;
use std::path::Path;

use stockade_core::command::Request;
use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::query::Query;
use stockade_core::time::Time;
use stockade_core::wire::body::{put_batch, put_frame};
use stockade_core::wire::{ClientMessage, FrameDecoder, FrameKind, Header};
use stockade_fuzz::entry;
use stockade_fuzz::model::Model;
use stockade_fuzz::sim::{Options, Rng, Simulation, Workload};

/// The seeds of a target, by file name.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Feeds a target its seeds, changes of them, and noise.
fn feed(target: fn(&[u8]), seeds: &[Vec<u8>], rounds: u64, longest: u64) {
    let mut rng = Rng::new(0x5eed);
    seeds.iter().for_each(|seed| target(seed));
    for _ in 0..rounds {
        let mut bytes = match rng.pick(seeds) {
            Some(seed) if rng.clone().percent(80) => changed(seed, &mut rng),
            _ => (0..rng.below(longest)).map(|_| rng.draw() as u8).collect(),
        };
        bytes.truncate(longest as usize * 64);
        target(&bytes);
    }
}

/// Some bytes overwritten, cut out or repeated.
fn changed(seed: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.within(1, 4) {
        let at = rng.below(bytes.len() as u64) as usize;
        let end = (at + rng.within(1, 9) as usize).min(bytes.len());
        match rng.below(4) {
            0 if !bytes.is_empty() => bytes[at] = rng.draw() as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << rng.below(8),
            2 => drop(bytes.drain(at..end)),
            _ => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// The requests of a short life, as they would come over the wire.
fn requests() -> Vec<Request> {
    let mut workload = Workload::new(Rng::new(9));
    let mut requests = workload.opening();
    let model = Model::new();
    requests.extend((0..40).filter_map(|_| workload.next(&model)));
    requests
}

fn messages() -> Vec<ClientMessage> {
    let mut messages: Vec<ClientMessage> = requests().into_iter().map(ClientMessage::Command).collect();
    messages.push(ClientMessage::Query { query: Query::World(stockade_core::query::World), provisional: true });
    messages.push(ClientMessage::Ping);
    messages
}

fn header() -> Header {
    Header { kind: FrameKind::Request, durability: Default::default(), correlation: 7, time: Time(9) }
}

/// The body of a frame that holds all of `messages`.
fn batch_body(messages: &[ClientMessage]) -> Vec<u8> {
    let mut frame = Vec::new();
    put_batch(&mut frame, header(), messages).unwrap();
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    decoder.extend(&frame);
    decoder.next_frame().unwrap().unwrap().body.to_vec()
}

#[test]
fn frames() {
    let mut stream = vec![3];
    messages().iter().for_each(|m| put_frame(&mut stream, header(), m).unwrap());
    put_batch(&mut stream, header(), &messages()).unwrap();
    feed(entry::frames, &[stream], 600, 200);
}

#[test]
fn single_messages() {
    let bodies: Vec<Vec<u8>> = messages().into_iter().map(|m| batch_body(&[m])[1..].to_vec()).collect();
    feed(entry::messages, &bodies, 4_000, 100);
}

#[test]
fn batches() {
    let mut simulation = Simulation::new(Options::thorough(5, 60), Rng::new(5));
    simulation.play().unwrap_or_else(|(step, e)| panic!("step {step}: {e}"));
    let history: Vec<Vec<u8>> = simulation.history().iter().map(|batch| batch.to_vec()).collect();
    assert!(history.len() > 20, "a short life makes batches");
    feed(entry::batches, &history, 4_000, 200);
}

#[test]
fn files() {
    let seeds = seeds("files");
    assert!(!seeds.is_empty(), "the seeds are committed");
    feed(entry::files, &seeds, 600, 300);
}

#[test]
fn commands() {
    feed(entry::commands, &seeds("commands"), 12, 600);
}

#[test]
fn any_requests() {
    feed(entry::requests, &[batch_body(&messages())], 25, 60);
}
