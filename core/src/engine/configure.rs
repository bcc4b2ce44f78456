//! World, rules and SKUs: configuration is history too. These commits hold every key shard, so that no other commit is
//! decided under rules that are on their way out.

use crate::catalog::Config;
use crate::command::{ApplyRules, ApplyWorld, DefineSkus};
use crate::engine::commit::EngineLocked;
use crate::engine::demand::invalid;
use crate::engine::lookup::{MOVE_BYTES, content_digest, recall_movement, required_key};
use crate::engine::movement::count_lines;
use crate::engine::planning::with_scratch;
use crate::engine::{Asked, Decided, Engine, Refusal};
use crate::event::{Cause, Envelope, Event, RulesApplied, SkuDefined, SkusDefined, WorldApplied};
use crate::ids::{Code, RulesVersion, Seq, SkuId};
use crate::limits::RULES_BYTES_MAX;
use crate::log::Admission;
use crate::orders::KeyShard;
use crate::reject::Reject;
use crate::rules::{FileError, WorldFile};

impl Engine {
    /// Puts a world and its rules in force. Known codes keep their ids; none may vanish.
    pub(super) fn apply_world(&self, command: &ApplyWorld, asked: Asked<'_>) -> Decided {
        sized("world", &command.text)?;
        let file = WorldFile::parse(&command.text).map_err(bad_file)?;
        self.configure(b'W', command, command.text.len(), false, asked, |_| {
            let present = self.config.load_full();
            let given = Config::assign(present.as_deref(), &file).map_err(vanished)?;
            let event = WorldApplied {
                text: command.text.clone(),
                version: next_version(present.as_deref()),
                warehouses: given.warehouses,
                carriers: given.carriers,
                channels: given.channels,
                pools: given.pools,
            };
            Config::from_world(&event, Seq(0)).map_err(bad_file)?;
            Ok(Event::WorldApplied(Box::new(event)))
        })
    }

    /// Lays a rules file over the world in force.
    pub(super) fn apply_rules(&self, command: &ApplyRules, asked: Asked<'_>) -> Decided {
        sized("rules", &command.text)?;
        self.configure(b'U', command, command.text.len(), false, asked, |_| {
            let present = self.config()?;
            let actual = present.version();
            if let Some(expected) = command.expect.filter(|expected| *expected != actual) {
                return Err(Refusal::seen(Reject::StaleRules { expected, actual }, present.seq));
            }
            let event = RulesApplied { text: command.text.clone(), version: next_version(Some(&present)) };
            present.with_rules(&event, Seq(0)).map_err(bad_file)?;
            Ok(Event::RulesApplied(event))
        })
    }

    /// Creates SKUs, or changes weight and category of known ones.
    pub(super) fn define_skus(&self, command: &DefineSkus, asked: Asked<'_>) -> Decided {
        count_lines(command.skus.len())?;
        let mut codes: Vec<&Code> = command.skus.iter().map(|spec| &spec.sku).collect();
        codes.sort_unstable();
        if let Some(pair) = codes.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(invalid("skus", format!("{} is named twice", pair[0])).into());
        }
        self.configure(b'K', command, 2 * MOVE_BYTES * command.skus.len(), true, asked, |_| {
            let mut next = self.skus.count();
            let mut define = |spec: &crate::command::SkuSpec| {
                let id = self.skus.find(&spec.sku).map(|sku| sku.id).unwrap_or_else(|| {
                    next += 1;
                    SkuId(u32::try_from(next - 1).unwrap_or(u32::MAX))
                });
                SkuDefined { id, code: spec.sku.clone(), weight_g: spec.weight_g, category: spec.category.clone() }
            };
            Ok(Event::SkusDefined(SkusDefined { skus: command.skus.iter().map(&mut define).collect() }))
        })
    }

    fn configure<C: bincode::Encode>(
        &self,
        tag: u8,
        command: &C,
        bytes: usize,
        stock: bool,
        asked: Asked<'_>,
        decide: impl FnOnce(&EngineLocked<'_>) -> Result<Event, Refusal>,
    ) -> Decided {
        let key = required_key(asked.key)?;
        let room = self.log.reserve(bytes + 64 * 1_024, Admission::Ordinary)?;
        with_scratch(self.work, |scratch| {
            let digest = content_digest(tag, command, &mut scratch.bytes);
            let number = KeyShard::of_movement(key);
            let keys = self.door.lock_keys(&self.log, 0..self.door.key_shards());
            if let Some(answer) = recall_movement(&keys, number, key, digest) {
                return answer;
            }
            let shards = if stock { self.door.stock_shards() } else { 0 };
            let mut locked = keys.lock_stock(0..shards);
            let envelope = Envelope {
                actor: asked.actor.clone(),
                arrived: asked.now,
                occurred: asked.occurred,
                cause: Cause::Key { key: key.clone(), digest },
                event: decide(&locked)?,
            };
            let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
            let memo = locked.key(number).movement(key).expect("a committed configuration is remembered");
            Ok((memo.answer.clone(), seq))
        })
    }
}

fn next_version(present: Option<&Config>) -> RulesVersion {
    RulesVersion(present.map_or(0, |config| config.version().0) + 1)
}

fn sized(field: &str, text: &str) -> Result<(), Reject> {
    if text.len() > RULES_BYTES_MAX {
        return Err(invalid(field, format!("has {} bytes, at most {RULES_BYTES_MAX} are allowed", text.len())));
    }
    Ok(())
}

fn bad_file(error: FileError) -> Reject {
    Reject::BadFile { line: error.line, reason: error.reason }
}

fn vanished(codes: Vec<Code>) -> Reject {
    let names: Vec<&str> = codes.iter().map(Code::as_str).collect();
    let reason = format!(
        "it no longer names {}: a world may add and change, not remove; keep them and use [[ban]] to stop shipping",
        names.join(", ")
    );
    Reject::BadFile { line: 0, reason }
}
