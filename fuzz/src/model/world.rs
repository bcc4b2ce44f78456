//! The world and rules files, read independently of the engine, and what a parcel costs by them.

use std::collections::BTreeMap;

use serde::Deserialize;
use stockade_core::decision::CostParts;
use stockade_core::event::WorldApplied;
use stockade_core::ids::{CarrierId, ChannelId, Code, PoolId, WarehouseId};
use stockade_core::limits::HOLD_TTL;
use stockade_core::money::Money;
use stockade_core::time::Span;

/// A warehouse or store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warehouse {
    /// Its code.
    pub code: Code,
    /// Its zone.
    pub zone: Option<String>,
    /// Never runs short.
    pub unlimited: bool,
}

/// A channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channel {
    /// Its code.
    pub code: Code,
    /// The pools it may draw from, the preferred first.
    pub pools: Vec<PoolId>,
    /// How long it holds unpaid.
    pub hold: Span,
    /// All in one parcel or not at all; as the policy says when the channel does not.
    pub ship_complete: Option<bool>,
    /// No more parcels than this; as the policy says when the channel does not.
    pub max_parcels: Option<u16>,
    /// Whether it may promise what is yet to come.
    pub presale: bool,
}

/// A price list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RateCard {
    /// Per parcel.
    pub parcel: Money,
    /// Per unit.
    pub unit: Money,
    /// For the first kilogram.
    pub first_kg: Money,
    /// Per further kilogram.
    pub further_kg: Money,
    /// Hours to the customer.
    pub hours: u32,
}

/// A way a parcel may go to a zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    /// From here.
    pub warehouse: WarehouseId,
    /// With this carrier.
    pub carrier: CarrierId,
    /// At this price.
    pub rate: RateCard,
    /// A parcel that costs more may not go this way.
    pub ceiling: Option<Money>,
    /// What a parcel adds to the score because other warehouses are preferred; `None` when no saving makes up for it.
    pub penalty: Option<Money>,
}

/// World and rules in force.
#[derive(Clone, Debug)]
pub struct World {
    /// What a unit weighs when its SKU does not say.
    pub default_weight_g: u32,
    /// Parcel weight counts in started steps of this; 0 is exact.
    pub kg_step_g: u64,
    /// By id.
    pub warehouses: BTreeMap<WarehouseId, Warehouse>,
    /// By id.
    pub carriers: BTreeMap<CarrierId, Code>,
    /// By id.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// By id.
    pub pools: BTreeMap<PoolId, Code>,
    base: Tables,
    rules: Tables,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct File {
    default_weight_g: Option<u32>,
    kg_step_g: Option<u64>,
    #[serde(default)]
    warehouse: Vec<WarehouseEntry>,
    #[serde(default)]
    channel: Vec<ChannelEntry>,
}

#[derive(Clone, Debug, Deserialize)]
struct WarehouseEntry {
    code: String,
    zone: Option<String>,
    #[serde(default)]
    unlimited: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct ChannelEntry {
    code: String,
    pools: Option<Vec<String>>,
    hold_ttl: Option<Span>,
    ship_complete: Option<bool>,
    max_parcels: Option<u16>,
    #[serde(default)]
    presale: bool,
}

/// The rule tables; a rules file replaces each one that it contains.
#[derive(Clone, Debug, Default, Deserialize)]
struct Tables {
    policy: Option<PolicyEntry>,
    rate: Option<Vec<RateEntry>>,
    prefer: Option<Vec<PreferEntry>>,
    ceiling: Option<Vec<CeilingEntry>>,
    ban: Option<Vec<BanEntry>>,
    step: Option<Vec<StepEntry>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct PolicyEntry {
    ship_complete: Option<bool>,
    max_parcels: Option<u16>,
}

#[derive(Clone, Debug, Deserialize)]
struct RateEntry {
    carrier: String,
    from: String,
    to: String,
    #[serde(default)]
    parcel: Money,
    #[serde(default)]
    unit: Money,
    #[serde(default)]
    first_kg: Money,
    #[serde(default)]
    further_kg: Money,
    #[serde(default)]
    hours: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct PreferEntry {
    zone: Option<String>,
    warehouses: Vec<String>,
    penalty: Option<Money>,
    hours: Option<Vec<u32>>,
}

#[derive(Clone, Debug, Deserialize)]
struct CeilingEntry {
    carrier: String,
    zone: Option<String>,
    above: Money,
}

#[derive(Clone, Debug, Deserialize)]
struct BanEntry {
    warehouse: Option<String>,
    carrier: Option<String>,
    zone: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct StepEntry {
    name: String,
    after: Vec<String>,
}

impl World {
    /// Reads a world file with the ids its codes were given.
    pub fn read(applied: &WorldApplied) -> Result<World, String> {
        let file: File = toml::from_str(&applied.text).map_err(|e| format!("world file: {e}"))?;
        let tables: Tables = toml::from_str(&applied.text).map_err(|e| format!("world file: {e}"))?;
        let pools: BTreeMap<PoolId, Code> = applied.pools.iter().cloned().collect();
        let pool = |code: &str| {
            let found = pools.iter().find(|(_, c)| c.as_str() == code);
            found.map(|(id, _)| *id).ok_or_else(|| format!("pool {code} got no id"))
        };
        let mut warehouses = BTreeMap::new();
        for entry in &file.warehouse {
            let id = applied.warehouses.iter().find(|(_, c)| c.as_str() == entry.code);
            let (id, code) = id.ok_or_else(|| format!("warehouse {} got no id", entry.code))?;
            let warehouse = Warehouse { code: code.clone(), zone: entry.zone.clone(), unlimited: entry.unlimited };
            warehouses.insert(*id, warehouse);
        }
        let mut channels = BTreeMap::new();
        for entry in &file.channel {
            let id = applied.channels.iter().find(|(_, c)| c.as_str() == entry.code);
            let (id, code) = id.ok_or_else(|| format!("channel {} got no id", entry.code))?;
            let granted = entry.pools.clone().unwrap_or_else(|| vec!["regular".to_owned()]);
            let channel = Channel {
                code: code.clone(),
                pools: granted.iter().map(|p| pool(p)).collect::<Result<_, _>>()?,
                hold: entry.hold_ttl.unwrap_or(HOLD_TTL),
                ship_complete: entry.ship_complete,
                max_parcels: entry.max_parcels,
                presale: entry.presale,
            };
            channels.insert(*id, channel);
        }
        Ok(World {
            default_weight_g: file.default_weight_g.unwrap_or(0),
            kg_step_g: file.kg_step_g.unwrap_or(0),
            warehouses,
            carriers: applied.carriers.iter().cloned().collect(),
            channels,
            pools,
            base: tables.clone(),
            rules: tables,
        })
    }

    /// Lays a rules file over the world's own tables, in the place of any laid before.
    pub fn overlay(&mut self, text: &str) -> Result<(), String> {
        let over: Tables = toml::from_str(text).map_err(|e| format!("rules file: {e}"))?;
        let base = self.base.clone();
        self.rules = Tables {
            policy: over.policy.or(base.policy),
            rate: over.rate.or(base.rate),
            prefer: over.prefer.or(base.prefer),
            ceiling: over.ceiling.or(base.ceiling),
            ban: over.ban.or(base.ban),
            step: over.step.or(base.step),
        };
        Ok(())
    }

    /// A warehouse.
    pub fn warehouse(&self, id: WarehouseId) -> Option<&Warehouse> {
        self.warehouses.get(&id)
    }

    /// A channel.
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id)
    }

    /// The most parcels an order of a channel may have, as it asks and as the channel allows.
    pub fn most_parcels(&self, channel: &Channel, complete: bool, most: Option<u16>) -> Option<u16> {
        let policy = self.rules.policy.clone().unwrap_or_default();
        if complete || channel.ship_complete.or(policy.ship_complete).unwrap_or(false) {
            return Some(1);
        }
        [most, channel.max_parcels.or(policy.max_parcels)].into_iter().flatten().min()
    }

    /// The warehouse of a code.
    pub fn warehouse_id(&self, code: &Code) -> Option<WarehouseId> {
        self.warehouses.iter().find(|(_, w)| w.code == *code).map(|(id, _)| *id)
    }

    /// The channel of a code.
    pub fn channel_id(&self, code: &Code) -> Option<ChannelId> {
        self.channels.iter().find(|(_, c)| c.code == *code).map(|(id, _)| *id)
    }

    /// The pool of a code.
    pub fn pool_id(&self, code: &Code) -> Option<PoolId> {
        self.pools.iter().find(|(_, c)| *c == code).map(|(id, _)| *id)
    }

    /// The carrier of a code.
    pub fn carrier_id(&self, code: &Code) -> Option<CarrierId> {
        self.carriers.iter().find(|(_, c)| *c == code).map(|(id, _)| *id)
    }

    /// Every way to a zone.
    pub fn lanes(&self, zone: Option<&str>) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for (warehouse, place) in &self.warehouses {
            for (carrier, name) in &self.carriers {
                let Some(rate) = self.rate(place, name, zone) else { continue };
                if self.is_banned(place, name, zone) {
                    continue;
                }
                let (penalty, hours) = self.preference(place, zone);
                lanes.push(Lane {
                    warehouse: *warehouse,
                    carrier: *carrier,
                    rate: RateCard { hours: hours.unwrap_or(rate.hours), ..rate },
                    ceiling: self.ceiling(name, zone),
                    penalty,
                });
            }
        }
        lanes
    }

    /// The way from a warehouse with a carrier to a zone.
    pub fn lane(&self, warehouse: WarehouseId, carrier: CarrierId, zone: Option<&str>) -> Option<Lane> {
        self.lanes(zone).into_iter().find(|l| l.warehouse == warehouse && l.carrier == carrier)
    }

    /// What a parcel of that many units and grams costs.
    pub fn cost(&self, rate: &RateCard, units: u64, weight_g: u64) -> CostParts {
        let over = weight_g.saturating_sub(1_000);
        let counted = if self.kg_step_g == 0 { over } else { over.div_ceil(self.kg_step_g) * self.kg_step_g };
        // Millionths per kilogram times grams, rounded half up to a whole millionth.
        let further = (i128::from(rate.further_kg.0) * i128::from(counted) + 500) / 1_000;
        CostParts {
            parcel: rate.parcel,
            unit: Money(rate.unit.0 * units as i64),
            first_kg: if weight_g > 0 { rate.first_kg } else { Money::ZERO },
            further_kg: Money(further as i64),
        }
    }

    /// The steps that must come before one in the warehouse.
    pub fn steps_before(&self, name: &str) -> Vec<String> {
        let mut before: Vec<String> = match name {
            "pick" => vec![],
            "scan" => vec!["pick".to_owned(), "pack".to_owned()],
            _ => vec!["pick".to_owned()],
        };
        for entry in self.rules.step.iter().flatten().filter(|e| e.name == name) {
            before.extend(entry.after.iter().cloned());
        }
        let further: Vec<String> = before.iter().flat_map(|b| self.steps_before(b)).collect();
        before.extend(further);
        before.sort();
        before.dedup();
        before
    }

    /// The most specific rate: a warehouse before its zone before anywhere, then a destination before anywhere.
    fn rate(&self, place: &Warehouse, carrier: &Code, zone: Option<&str>) -> Option<RateCard> {
        let rank = |entry: &RateEntry| {
            let from = match entry.from.as_str() {
                from if from == place.code.as_str() => 2,
                from if Some(from) == place.zone.as_deref() => 1,
                "*" => 0,
                _ => return None,
            };
            let to = match entry.to.as_str() {
                "*" => 0,
                to if Some(to) == zone => 1,
                _ => return None,
            };
            (entry.carrier == carrier.as_str()).then_some((from, to))
        };
        let entries = self.rules.rate.iter().flatten();
        let best = entries.filter_map(|e| rank(e).map(|r| (r, e))).max_by_key(|(r, _)| *r)?.1;
        Some(RateCard {
            parcel: best.parcel,
            unit: best.unit,
            first_kg: best.first_kg,
            further_kg: best.further_kg,
            hours: best.hours,
        })
    }

    fn is_banned(&self, place: &Warehouse, carrier: &Code, zone: Option<&str>) -> bool {
        self.rules.ban.iter().flatten().any(|ban| {
            ban.warehouse.as_deref().is_none_or(|w| w == place.code.as_str())
                && ban.carrier.as_deref().is_none_or(|c| c == carrier.as_str())
                && ban.zone.as_deref().is_none_or(|z| Some(z) == zone)
        })
    }

    fn ceiling(&self, carrier: &Code, zone: Option<&str>) -> Option<Money> {
        let ours = self.rules.ceiling.iter().flatten().filter(|c| c.carrier == carrier.as_str());
        let fitting = ours.filter_map(|c| match c.zone.as_deref().unwrap_or("*") {
            "*" => Some((0, c.above)),
            z if Some(z) == zone => Some((1, c.above)),
            _ => None,
        });
        fitting.max_by_key(|(rank, _)| *rank).map(|(_, above)| above)
    }

    /// The penalty and hours by the preference for a zone.
    fn preference(&self, place: &Warehouse, zone: Option<&str>) -> (Option<Money>, Option<u32>) {
        let fitting = self.rules.prefer.iter().flatten().filter_map(|p| match p.zone.as_deref().unwrap_or("*") {
            "*" => Some((0, p)),
            z if Some(z) == zone => Some((1, p)),
            _ => None,
        });
        let Some((_, prefer)) = fitting.max_by_key(|(rank, _)| *rank) else { return (Some(Money::ZERO), None) };
        let position = prefer.warehouses.iter().position(|w| w == place.code.as_str());
        let rank = position.unwrap_or(prefer.warehouses.len());
        let hours = position.and_then(|p| prefer.hours.as_ref().and_then(|h| h.get(p).copied()));
        let penalty = match prefer.penalty {
            Some(penalty) => Some(Money(penalty.0 * rank as i64)),
            None => (rank == 0).then_some(Money::ZERO),
        };
        (penalty, hours)
    }
}
