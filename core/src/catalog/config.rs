//! The world and the rules in force, as one immutable whole.

use std::collections::HashMap;
use std::hash::Hash;

use crate::event::{RulesApplied, WorldApplied};
use crate::ids::{CarrierId, ChannelId, Code, PoolId, RulesVersion, Seq, WarehouseId};
use crate::rules::{Assignments, FileError, RuleSet, WorldFile};

/// A world with its rules.
#[derive(Debug)]
pub struct Config {
    /// The event that brought it.
    pub seq: Seq,
    /// The rules, resolved.
    pub rules: RuleSet,
    /// Codes and ids.
    pub codes: Codes,
    /// The world file.
    pub world_text: String,
    /// The rules file laid over it, if one was applied since.
    pub rules_text: Option<String>,
    /// Every pool, by id: what a late payment may draw from.
    pub pools: Vec<PoolId>,
    /// Warehouses that never run short.
    pub unlimited: Vec<WarehouseId>,
}

/// Codes and ids of everything but SKUs.
#[derive(Debug, Default)]
pub struct Codes {
    /// Every id ever given, with its code.
    pub given: Assignments,
    warehouses: HashMap<Code, WarehouseId, foldhash::fast::RandomState>,
    carriers: HashMap<Code, CarrierId, foldhash::fast::RandomState>,
    channels: HashMap<Code, ChannelId, foldhash::fast::RandomState>,
    pools: HashMap<Code, PoolId, foldhash::fast::RandomState>,
}

impl Config {
    /// The world an event applied. Its own rules are in force until a rules file is.
    pub fn from_world(event: &WorldApplied, seq: Seq) -> Result<Config, FileError> {
        let given = Assignments::from(event);
        let rules = RuleSet::parse(&event.text, None, &given, event.version)?;
        Ok(Config::new(seq, rules, given, event.text.clone(), None))
    }

    /// This world under the rules that an event applied.
    pub fn with_rules(&self, event: &RulesApplied, seq: Seq) -> Result<Config, FileError> {
        let given = self.codes.given.clone();
        let rules = RuleSet::parse(&self.world_text, Some(&event.text), &given, event.version)?;
        Ok(Config::new(seq, rules, given, self.world_text.clone(), Some(event.text.clone())))
    }

    /// The ids for a world file: known codes keep theirs, new ones get the next. Answers the codes that would vanish.
    pub fn assign(present: Option<&Config>, file: &WorldFile) -> Result<Assignments, Vec<Code>> {
        let mut given = present.map(|config| config.codes.given.clone()).unwrap_or_default();
        let codes = file.codes();
        let mut missing = Vec::new();
        extend(&mut given.warehouses, codes.warehouses, WarehouseId, &mut missing);
        extend(&mut given.carriers, codes.carriers, CarrierId, &mut missing);
        extend(&mut given.channels, codes.channels, ChannelId, &mut missing);
        extend(&mut given.pools, codes.pools, PoolId, &mut missing);
        if missing.is_empty() { Ok(given) } else { Err(missing) }
    }

    fn new(seq: Seq, rules: RuleSet, given: Assignments, world_text: String, rules_text: Option<String>) -> Config {
        let unlimited = rules.warehouses().filter(|w| w.unlimited).map(|w| w.id).collect();
        let pools = given.pools.iter().map(|(id, _)| *id).collect();
        Config { seq, codes: Codes::new(given), rules, world_text, rules_text, pools, unlimited }
    }

    /// The version of the rules.
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

fn by_code<I: Copy>(given: &[(I, Code)]) -> HashMap<Code, I, foldhash::fast::RandomState> {
    given.iter().map(|(id, code)| (code.clone(), *id)).collect()
}

/// Gives the next ids to codes that have none; notes the given codes that the file no longer names.
fn extend<I: Copy + Hash>(given: &mut Vec<(I, Code)>, codes: Vec<Code>, id: fn(u16) -> I, missing: &mut Vec<Code>) {
    missing.extend(given.iter().filter(|(_, code)| !codes.contains(code)).map(|(_, code)| code.clone()));
    for code in codes {
        if !given.iter().any(|(_, known)| *known == code) {
            given.push((id(u16::try_from(given.len()).unwrap_or(u16::MAX)), code));
        }
    }
}
