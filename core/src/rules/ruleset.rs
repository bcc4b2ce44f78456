//! The rules in force: immutable, resolved to dense ids, read on every order.

use super::entries::PolicyEntry;
use super::error::FileError;
use super::lanes::{LaneBook, NoLane, ZoneLanes};
use super::names::Names;
use super::prices::PriceRules;
use super::reader::At;
use super::steps::StepRules;
use super::weights::WeightTable;
use super::world::{ChannelEntry, RulesFile, WorldFile};
use crate::event::WorldApplied;
use crate::ids::{CarrierId, ChannelId, Code, PoolId, RulesVersion, WarehouseId};
use crate::routing::{SplitRules, Weights};
use crate::time::Span;

/// The ids that codes were given. May hold more than the world file names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Assignments {
    /// Warehouses and stores.
    pub warehouses: Vec<(WarehouseId, Code)>,
    /// Carriers.
    pub carriers: Vec<(CarrierId, Code)>,
    /// Channels.
    pub channels: Vec<(ChannelId, Code)>,
    /// Pools.
    pub pools: Vec<(PoolId, Code)>,
}

/// One version of the rules. Ids that are not of its world answer `None`.
#[derive(Debug)]
pub struct RuleSet {
    /// The version.
    pub version: RulesVersion,
    /// What the money is called.
    pub currency: String,
    /// Grams of a unit whose SKU has no weight of its own.
    pub default_weight_g: u32,
    /// Parcel weight above 1,000 g counts in started steps of so many grams; 0 counts every gram.
    pub kg_step_g: u32,
    /// How prices of stock are learned; `None` when stock has none.
    pub prices: Option<PriceRules>,
    warehouses: Vec<Option<WarehouseRules>>,
    carriers: Vec<Option<Code>>,
    channels: Vec<Option<ChannelRules>>,
    weights: WeightTable,
    lanes: LaneBook,
    steps: StepRules,
}

/// What a warehouse is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum WarehouseKind {
    /// A warehouse.
    #[default]
    Warehouse,
    /// A store that ships.
    Store,
}

/// A warehouse or store.
#[derive(Clone, PartialEq, Debug)]
pub struct WarehouseRules {
    /// Its id.
    pub id: WarehouseId,
    /// Its code.
    pub code: Code,
    /// The zone it lies in.
    pub zone: Option<Code>,
    /// Whether it never runs short: a drop-shipper.
    pub unlimited: bool,
    /// What it is.
    pub kind: WarehouseKind,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
}

/// A sales channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelRules {
    /// Its id.
    pub id: ChannelId,
    /// Its code.
    pub code: Code,
    /// The pools it may draw from, most preferred first. Never empty.
    pub pools: Vec<PoolId>,
    /// How long its unpaid orders hold stock.
    pub hold_ttl: Span,
    /// Whether its orders ship in one parcel or not at all; the policy's when the channel does not say.
    pub ship_complete: bool,
    /// When its orders may be split over warehouses; the policy's where the channel does not say.
    pub split: SplitRules,
    /// Most parcels of an order; the policy's when the channel does not say.
    pub max_parcels: Option<u16>,
    /// Whether it may promise goods of its pools that are yet to come, when those on hand do not suffice.
    pub presale: bool,
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

impl RuleSet {
    /// Reads a world file, and a rules file whose tables replace the world's, in one go.
    ///
    /// An error's line is one of `rules` once the world itself is sound.
    pub fn parse(
        world: &str,
        rules: Option<&str>,
        ids: &Assignments,
        version: RulesVersion,
    ) -> Result<RuleSet, FileError> {
        let world = WorldFile::parse(world)?;
        let rules = rules.map(|text| RulesFile::parse(text, &world)).transpose()?;
        RuleSet::resolve(&world, rules.as_ref(), ids, version)
    }

    /// Puts ids in the place of codes. Fails only when `ids` lacks a code of the world.
    pub fn resolve(
        world: &WorldFile,
        rules: Option<&RulesFile>,
        ids: &Assignments,
        version: RulesVersion,
    ) -> Result<RuleSet, FileError> {
        let tables = world.tables.overlaid_by(rules.map(|file| &file.tables));
        let policy = tables.policy.clone().unwrap_or_default();
        let warehouses = Names::new("warehouse", world.warehouses.iter().map(|w| &w.code), &ids.warehouses)?;
        let carriers = Names::new("carrier", world.carriers.iter(), &ids.carriers)?;
        let channels = Names::new("channel", world.channels.iter().map(|c| &c.code), &ids.channels)?;
        let pools = Names::new("pool", world.pools.iter(), &ids.pools)?;
        let overrides = tables.weights.as_deref().unwrap_or_default();
        let weights = WeightTable::resolve(policy.weights, overrides, &channels)?;
        let warehouse_rules = dense(world.warehouses.iter().map(|w| {
            let id = warehouses.id(&At { value: w.code.clone(), line: 0 })?;
            let (code, zone) = (w.code.clone(), w.zone.clone());
            let rules = WarehouseRules { id, code, zone, unlimited: w.unlimited, kind: w.kind, lat: w.lat, lon: w.lon };
            Ok((id.index(), rules))
        }))?;
        let channel_rules = dense(world.channels.iter().map(|c| {
            let rules = channel_rules(c, &policy, &channels, &pools)?;
            Ok((rules.id.index(), rules))
        }))?;
        Ok(RuleSet {
            version,
            currency: world.currency.clone(),
            default_weight_g: world.default_weight_g,
            kg_step_g: world.kg_step_g,
            prices: tables.prices.and_then(|entry| entry.0),
            lanes: LaneBook::resolve(&tables, &warehouse_rules, &warehouses, &carriers, weights.money())?,
            warehouses: warehouse_rules,
            carriers: dense(carriers.iter().map(|(code, id)| Ok((id.index(), code.clone()))))?,
            channels: channel_rules,
            weights,
            steps: StepRules::resolve(tables.steps.as_deref().unwrap_or_default())?,
        })
    }

    /// A warehouse of this world.
    pub fn warehouse(&self, id: WarehouseId) -> Option<&WarehouseRules> {
        self.warehouses.get(id.index())?.as_ref()
    }

    /// Every warehouse of this world, by id.
    pub fn warehouses(&self) -> impl Iterator<Item = &WarehouseRules> {
        self.warehouses.iter().flatten()
    }

    /// The code of a carrier of this world.
    pub fn carrier(&self, id: CarrierId) -> Option<&Code> {
        self.carriers.get(id.index())?.as_ref()
    }

    /// A channel of this world.
    pub fn channel(&self, id: ChannelId) -> Option<&ChannelRules> {
        self.channels.get(id.index())?.as_ref()
    }

    /// Every channel of this world, by id.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelRules> {
        self.channels.iter().flatten()
    }

    /// The weights that score an order. `category` is the one that all its SKUs share, if they do.
    pub fn weights(&self, channel: ChannelId, zone: Option<&str>, category: Option<&str>) -> Weights {
        self.weights.of(channel, zone, category)
    }

    /// Every allowed lane to a zone. Computed when a zone is first asked for; then one look-up, without locks.
    ///
    /// Orders without a zone, and zones that no rule names, are served by the rules for `"*"`.
    pub fn lanes(&self, zone: Option<&str>) -> &ZoneLanes {
        self.lanes.to(zone, self.warehouses.len())
    }

    /// Why a carrier may not ship from a warehouse to a zone; `None` when it may.
    pub fn no_lane(&self, warehouse: WarehouseId, carrier: CarrierId, zone: Option<&str>) -> Option<NoLane> {
        self.lanes.absent(warehouse, carrier, zone)
    }

    /// Every carrier of this world, by id.
    pub fn carriers(&self) -> impl Iterator<Item = CarrierId> {
        self.carriers.iter().enumerate().filter(|(_, code)| code.is_some()).map(|(id, _)| CarrierId(id as u16))
    }

    /// The order of warehouse steps.
    pub fn steps(&self) -> &StepRules {
        &self.steps
    }
}

fn channel_rules(
    entry: &ChannelEntry,
    policy: &PolicyEntry,
    channels: &Names<'_, ChannelId>,
    pools: &Names<'_, PoolId>,
) -> Result<ChannelRules, FileError> {
    let at = |code: &Code| At { value: code.clone(), line: 0 };
    Ok(ChannelRules {
        id: channels.id(&at(&entry.code))?,
        code: entry.code.clone(),
        pools: entry.pools.iter().map(|pool| pools.id(&at(pool))).collect::<Result<_, _>>()?,
        hold_ttl: entry.hold_ttl,
        ship_complete: entry.ship_complete.unwrap_or(policy.ship_complete),
        split: entry.split.rules(&policy.split),
        max_parcels: entry.max_parcels.or(policy.max_parcels),
        presale: entry.presale,
    })
}

/// Lays entries out by index.
fn dense<T>(entries: impl Iterator<Item = Result<(usize, T), FileError>>) -> Result<Vec<Option<T>>, FileError> {
    let mut table = Vec::new();
    for entry in entries {
        let (index, value) = entry?;
        if table.len() <= index {
            table.resize_with(index + 1, || None);
        }
        table[index] = Some(value);
    }
    Ok(table)
}
