//! The journal read by other eyes: every batch through a second engine and the reference model.

use std::path::Path;
use std::time::UNIX_EPOCH;

use serde_json::Value;
use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::log::decode_envelope;
use stockade_core::log::{Batch, ChainHash, Journal};
use stockade_core::time::Time;
use stockade_fuzz::model::Model;
use stockade_server::journal::LocalJournal;

/// What a history leads to, worked out twice.
pub struct History {
    /// An engine that went through it.
    pub engine: Engine,
    /// The model that was told of it and believed none of it.
    pub model: Model,
}

impl History {
    /// Reads the journal file in a folder whose server is dead. A copy is read, so that the next server finds the file
    /// as its predecessor left it.
    pub fn local(folder: &Path) -> History {
        let copy = tempfile::tempdir().expect("a folder");
        let file = copy.path().join("journal.redb");
        std::fs::copy(folder.join("journal.redb"), &file).expect("a copy");
        let mut batches = Vec::new();
        let mut journal = LocalJournal::open(&file).expect("the journal opens");
        let keep = &mut |bytes: &[u8]| {
            batches.push(bytes.to_vec());
            Ok(())
        };
        journal.replay(keep).expect("the journal is whole");
        History::of(&batches, Seq(u64::MAX))
    }

    /// Reads the stream in Redis, without becoming its owner.
    pub fn redis(mut connection: redis::Connection) -> History {
        History::of(&stream(&mut connection), Seq(u64::MAX))
    }

    /// The same as far as the server that said this had recovered. It serves by now, and holds may have run out since.
    pub fn redis_until(mut connection: redis::Connection, said: &Value) -> History {
        let recovered = said["events"].as_u64().expect("a server says how many events it recovered");
        History::of(&stream(&mut connection), Seq(recovered))
    }

    fn of(batches: &[Vec<u8>], until: Seq) -> History {
        let (engine, mut model) = (Engine::new(), Model::new());
        let (mut last, mut chain) = (Seq(0), ChainHash::default());
        for bytes in batches {
            let batch = Batch::decode(bytes).expect("a batch");
            assert_eq!((batch.first, batch.previous), (last.next(), chain), "a batch that does not follow");
            for (seq, event) in batch.events().filter(|(seq, _)| *seq <= until) {
                let envelope = decode_envelope(event).expect("an event");
                engine.recover(seq, &envelope).unwrap_or_else(|error| panic!("event {seq}: {error}"));
                model.replay(seq, &envelope).unwrap_or_else(|wrong| panic!("the model: {wrong}"));
            }
            (last, chain) = (batch.last, batch.chain);
        }
        engine.log().resume(last.min(until), chain);
        History { engine, model }
    }

    /// Checks every invariant, that engine and model agree, and that a server which said this recovered the same.
    #[track_caller]
    pub fn hold_against(&self, said: &Value) {
        assert_eq!(self.engine.check(), Ok(()));
        let now = Time(UNIX_EPOCH.elapsed().expect("a clock after 1970").as_micros() as u64);
        self.model.compare(&self.engine, now).unwrap_or_else(|wrong| panic!("the model: {wrong}"));
        assert_eq!(said["events"], self.engine.seq().0);
        assert_eq!(said["digest"], format!("{:032x}", self.engine.digest()));
    }
}

/// An entry of a stream: its id, and its fields with their values.
pub type Entry = (String, Vec<(String, Vec<u8>)>);

/// The batches in the stream of the partition `main`.
fn stream(connection: &mut redis::Connection) -> Vec<Vec<u8>> {
    let mut read = redis::cmd("XRANGE");
    let entries: Vec<Entry> = read.arg("stockade:{main}:wal").arg("-").arg("+").query(connection).expect("the stream");
    // Openings hold no batch.
    let batch = |(_, fields): Entry| fields.into_iter().find(|(name, _)| name == "d").map(|(_, bytes)| bytes);
    entries.into_iter().filter_map(batch).collect()
}
