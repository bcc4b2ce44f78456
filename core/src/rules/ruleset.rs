//! The rules in force: immutable, resolved to dense ids, read on every order.

use super::codes::{Assignments, Dense};
use super::load::{RulesFile, WorldFile};
use super::reader::FileError;
use super::tables::{
    ChannelRules, LaneBook, LaneTables, NoLane, PriceRules, ResolvedTables, StepRules, WarehouseRules, ZoneLanes,
    resolve_channels, resolve_warehouses,
};
use crate::heap::behind;
use crate::ids::{CarrierId, ChannelId, Code, RulesVersion, WarehouseId};
use crate::routing::Weights;

/// One version of the rules. Ids that its world does not define answer `None`.
#[derive(Debug)]
pub struct RuleSet {
    /// The version, rising by one with every world or rules file.
    pub version: RulesVersion,
    /// The name of the currency: a label.
    pub currency: String,
    /// Grams of a unit whose SKU has no weight of its own, at most 10⁸.
    pub default_weight_g: u32,
    /// Parcel weight above 1,000 g counts in started steps of this many grams, at most 10⁸; 0 counts every gram.
    pub kg_step_g: u32,
    /// How prices of stock are learned; `None` when stock has none.
    pub prices: Option<PriceRules>,
    /// Every rule table, resolved to ids.
    pub(crate) tables: ResolvedTables,
    warehouses: Dense<WarehouseRules>,
    carriers: Dense<Code>,
    channels: Dense<ChannelRules>,
    lanes: LaneBook,
}

impl RuleSet {
    /// Reads a world file, and a rules file whose tables replace the world's, together.
    ///
    /// An error's line is one of `rules` once the world itself is sound.
    pub fn parse(
        world: &str,
        rules: Option<&str>,
        ids: &Assignments,
        version: RulesVersion,
    ) -> Result<RuleSet, FileError> {
        let Some(rules) = rules else {
            return RuleSet::resolve(&WorldFile::read(world)?, None, ids, version);
        };
        let world = WorldFile::parse(world)?;
        RuleSet::resolve(&world, Some(&RulesFile::read(rules)?), ids, version)
    }

    /// Checks the tables of files and puts ids in the place of codes. Of files that were checked, fails only when `ids`
    /// lacks a code of the world.
    pub fn resolve(
        world: &WorldFile,
        rules: Option<&RulesFile>,
        ids: &Assignments,
        version: RulesVersion,
    ) -> Result<RuleSet, FileError> {
        let mut scope = world.scope(ids)?;
        let tables = world.resolve_tables(rules, &mut scope)?;
        let warehouses = resolve_warehouses(&world.warehouses, &scope.warehouses)?;
        let money = tables.weights.money(tables.policy.weights);
        Ok(RuleSet {
            version,
            currency: world.currency.clone(),
            default_weight_g: world.default_weight_g,
            kg_step_g: world.kg_step_g,
            prices: tables.prices.0,
            carriers: scope.carriers.iter().map(|(code, id)| (id.index(), code.clone())).collect(),
            channels: resolve_channels(&world.channels, &tables.policy, &scope)?,
            lanes: LaneBook::new(&warehouses, scope, money),
            warehouses,
            tables,
        })
    }

    /// A warehouse of this world.
    pub fn warehouse(&self, id: WarehouseId) -> Option<&WarehouseRules> {
        self.warehouses.get(id.index())
    }

    /// Every warehouse of this world, by id.
    pub fn warehouses(&self) -> impl Iterator<Item = &WarehouseRules> {
        self.warehouses.iter()
    }

    /// The code of a carrier of this world.
    pub fn carrier(&self, id: CarrierId) -> Option<&Code> {
        self.carriers.get(id.index())
    }

    /// Every carrier of this world, by id.
    pub fn carriers(&self) -> impl Iterator<Item = CarrierId> {
        self.carriers.indices().map(|id| CarrierId(id as u16))
    }

    /// A channel of this world.
    pub fn channel(&self, id: ChannelId) -> Option<&ChannelRules> {
        self.channels.get(id.index())
    }

    /// Every channel of this world, by id.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelRules> {
        self.channels.iter()
    }

    /// The weights that score an order. `category` is the one that all its SKUs share, if they do.
    pub fn weights(&self, channel: ChannelId, zone: Option<&str>, category: Option<&str>) -> Weights {
        self.tables.weights.of(self.tables.policy.weights, channel, zone, category)
    }

    /// Every allowed lane to a zone. Computed when a zone is first asked for; then one look-up, without locks.
    ///
    /// Orders without a zone, and zones that no rule names, are served by the rules for `"*"`.
    pub fn lanes(&self, zone: Option<&str>) -> &ZoneLanes {
        self.lanes.to(zone, self.lane_tables())
    }

    /// Why a carrier may not ship from a warehouse to a zone; `None` when it may.
    pub fn no_lane(&self, warehouse: WarehouseId, carrier: CarrierId, zone: Option<&str>) -> Option<NoLane> {
        self.lanes.absent(warehouse, carrier, zone, self.lane_tables())
    }

    /// The order of warehouse steps.
    pub fn steps(&self) -> &StepRules {
        &self.tables.step
    }

    #[inline]
    fn lane_tables(&self) -> LaneTables<'_> {
        let ResolvedTables { rate, prefer, ceiling, ban, .. } = &self.tables;
        LaneTables { rates: rate, preferences: prefer, ceilings: ceiling, bans: ban }
    }
}

behind! {
    RuleSet { currency, tables, warehouses, carriers, channels, lanes }
}
