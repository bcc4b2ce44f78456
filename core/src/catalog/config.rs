//! The world and the rules in force, as one immutable whole.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::event::{RulesApplied, WorldApplied};
use crate::heap::behind;
use crate::ids::{CarrierId, ChannelId, Code, PoolId, RulesVersion, Seq, WarehouseId};
use crate::rules::{Assignments, FileError, RuleSet, RulesFile, WorldFile};

/// A world with its rules.
#[derive(Debug)]
pub struct Config {
    /// The event that put it in force.
    pub seq: Seq,
    /// The rules, resolved.
    pub rules: RuleSet,
    /// Codes and ids.
    pub codes: Codes,
    /// The text of the world file.
    pub world_text: String,
    /// The text of the rules file, if one was applied since the world file.
    pub rules_text: Option<String>,
    /// Every pool, by id: what a late payment may draw from.
    pub pools: Vec<PoolId>,
    /// Warehouses that never run short, by id.
    pub unlimited: Vec<WarehouseId>,
    /// The world file as read, for the rules files that follow.
    world: Arc<WorldFile>,
}

/// Codes and ids of everything but SKUs.
#[derive(Debug, Default)]
pub struct Codes {
    /// Every id ever given, with its code; the id is the index.
    pub given: Assignments,
    warehouses: HashMap<Code, WarehouseId, FixedState>,
    carriers: HashMap<Code, CarrierId, FixedState>,
    channels: HashMap<Code, ChannelId, FixedState>,
    pools: HashMap<Code, PoolId, FixedState>,
}

impl From<&WorldApplied> for Assignments {
    fn from(event: &WorldApplied) -> Assignments {
        Assignments {
            warehouses: event.warehouses.clone(),
            carriers: event.carriers.clone(),
            channels: event.channels.clone(),
            pools: event.pools.clone(),
        }
    }
}

impl Config {
    /// The world that an event put in force, under its own rules.
    pub fn from_world(event: &WorldApplied, seq: Seq) -> Result<Config, FileError> {
        let given = Assignments::from(event);
        let world = WorldFile::read(&event.text)?;
        let rules = RuleSet::resolve(&world, None, &given, event.version)?;
        Ok(Config { seq, ..Config::of_world(rules, given, world, event.text.clone()) })
    }

    /// This world under the rules that an event put in force.
    pub fn with_rules(&self, event: &RulesApplied, seq: Seq) -> Result<Config, FileError> {
        Ok(Config { seq, ..self.overlaid(&event.text, event.version)? })
    }

    /// A world under its own rules; its sequence is still to come.
    pub(super) fn of_world(rules: RuleSet, given: Assignments, world: WorldFile, text: String) -> Config {
        Config {
            seq: Seq::default(),
            unlimited: unlimited(&rules),
            pools: given.pools.iter().map(|(id, _)| *id).collect(),
            codes: Codes::new(given),
            rules,
            world_text: text,
            rules_text: None,
            world: Arc::new(world),
        }
    }

    /// This world under the rules of a rules file; its sequence is still to come.
    pub(super) fn overlaid(&self, text: &str, version: RulesVersion) -> Result<Config, FileError> {
        let file = RulesFile::read(text)?;
        let rules = RuleSet::resolve(&self.world, Some(&file), &self.codes.given, version)?;
        Ok(Config {
            seq: Seq::default(),
            unlimited: unlimited(&rules),
            pools: self.pools.clone(),
            codes: Codes::new(self.codes.given.clone()),
            rules,
            world_text: self.world_text.clone(),
            rules_text: Some(text.to_owned()),
            world: Arc::clone(&self.world),
        })
    }

    /// The version of the rules in force.
    pub fn version(&self) -> RulesVersion {
        self.rules.version
    }

    /// Whether a warehouse never runs short.
    pub fn is_unlimited(&self, warehouse: WarehouseId) -> bool {
        self.unlimited.contains(&warehouse)
    }
}

impl Codes {
    fn new(given: Assignments) -> Codes {
        Codes {
            warehouses: by_code(&given.warehouses),
            carriers: by_code(&given.carriers),
            channels: by_code(&given.channels),
            pools: by_code(&given.pools),
            given,
        }
    }

    /// A warehouse by code.
    pub fn warehouse(&self, code: &Code) -> Option<WarehouseId> {
        self.warehouses.get(code).copied()
    }

    /// A carrier by code.
    pub fn carrier(&self, code: &Code) -> Option<CarrierId> {
        self.carriers.get(code).copied()
    }

    /// A channel by code.
    pub fn channel(&self, code: &Code) -> Option<ChannelId> {
        self.channels.get(code).copied()
    }

    /// A pool by code.
    pub fn pool(&self, code: &Code) -> Option<PoolId> {
        self.pools.get(code).copied()
    }

    /// The code of a warehouse. Ids in events were given by this table, so an unknown one is a broken invariant.
    pub fn of_warehouse(&self, id: WarehouseId) -> Code {
        self.given.warehouses[id.index()].1.clone()
    }

    /// The code of a carrier.
    pub fn of_carrier(&self, id: CarrierId) -> Code {
        self.given.carriers[id.index()].1.clone()
    }

    /// The code of a channel.
    pub fn of_channel(&self, id: ChannelId) -> Code {
        self.given.channels[id.index()].1.clone()
    }

    /// The code of a pool.
    pub fn of_pool(&self, id: PoolId) -> Code {
        self.given.pools[id.index()].1.clone()
    }
}

fn by_code<I: Copy>(given: &[(I, Code)]) -> HashMap<Code, I, FixedState> {
    given.iter().map(|(id, code)| (code.clone(), *id)).collect()
}

fn unlimited(rules: &RuleSet) -> Vec<WarehouseId> {
    rules.warehouses().filter(|warehouse| warehouse.unlimited).map(|warehouse| warehouse.id).collect()
}

behind! {
    Codes { given, warehouses, carriers, channels, pools }
    Config { rules, codes, world_text, rules_text, pools, unlimited, world }
}
