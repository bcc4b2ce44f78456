//! Lanes: which carrier may ship from which warehouse to a zone, and for how much.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::entries::{ANY, BanEntry, CeilingEntry, PreferEntry, RateEntry, RuleTables};
use super::error::FileError;
use super::names::Names;
use super::ruleset::WarehouseRules;
use crate::ids::{CarrierId, Code, WarehouseId};
use crate::money::Money;
use crate::routing::{Ladder, Rate};
use crate::sync::OnceLock;

/// Score per rank of a strict preference: more than parcels of one order can differ in anything else.
const STRICT_PENALTY: Money = Money(1_000_000 * Money::MICROS_PER_UNIT);

type Map<K, V> = HashMap<K, V, FixedState>;
type Set<K> = HashSet<K, FixedState>;

/// A carrier from a warehouse to a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneRules {
    /// Ships from here.
    pub warehouse: WarehouseId,
    /// Ships with this carrier.
    pub carrier: CarrierId,
    /// Price and hours.
    pub rate: Rate,
    /// A parcel that costs more than this may not go this way.
    pub ceiling: Option<Money>,
    /// Added to the score of each parcel, for the rank of the warehouse in the zone's preference.
    pub penalty: Money,
}

/// Why there is no lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoLane {
    /// A ban forbids it.
    Banned,
    /// No rate says what it costs.
    NoRate,
}

/// Every allowed lane to one zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneLanes {
    lanes: Vec<LaneRules>,
    /// Lanes of warehouse `w` are `lanes[starts[w]..starts[w + 1]]`.
    starts: Vec<u32>,
    /// For each weight of money in force.
    ladders: Vec<(i64, Ladder)>,
}

impl ZoneLanes {
    /// All lanes, by warehouse and carrier.
    pub fn all(&self) -> &[LaneRules] {
        &self.lanes
    }

    /// The lanes from a warehouse, by carrier; none when it may not ship to the zone.
    #[inline]
    pub fn from(&self, warehouse: WarehouseId) -> &[LaneRules] {
        match (self.starts.get(warehouse.index()), self.starts.get(warehouse.index() + 1)) {
            (Some(start), Some(end)) => &self.lanes[*start as usize..*end as usize],
            _ => &[],
        }
    }

    /// The lanes from the cheapest to open to the dearest, for a weight of money; `None` when prices are out of range.
    #[inline]
    pub fn ladder(&self, money: i64) -> Option<&Ladder> {
        self.ladders.iter().find(|(weight, _)| *weight == money).map(|(_, ladder)| ladder)
    }

    fn new(lanes: Vec<LaneRules>, warehouses: usize, money: &[i64]) -> ZoneLanes {
        let starts =
            (0..=warehouses).map(|w| lanes.partition_point(|lane| lane.warehouse.index() < w) as u32).collect();
        let priced = || lanes.iter().map(|lane| (&lane.rate, lane.penalty.0));
        let ladders = money.iter().filter_map(|money| Some((*money, Ladder::new(priced(), *money)?))).collect();
        ZoneLanes { lanes, starts, ladders }
    }
}

/// The rules lanes are made from, and the lanes made so far.
#[derive(Debug)]
pub(super) struct LaneBook {
    rates: Map<(CarrierId, From, To), Rate>,
    places: Vec<Place>,
    carriers: Vec<CarrierId>,
    prefers: Map<To, Preference>,
    ceilings: Map<(CarrierId, To), Money>,
    bans: Vec<Ban>,
    zones: Zones,
    /// The weights of money in force.
    money: Vec<i64>,
    computed: Vec<OnceLock<ZoneLanes>>,
}

/// A text in `from`: a warehouse code, a warehouse zone or `"*"`, numbered.
type From = u32;
/// A destination: its number among the zones the rules name; [`EVERYWHERE`] for `"*"`.
type To = u32;

/// `"*"`, and every zone that no rule names.
const EVERYWHERE: To = 0;

/// A warehouse with the texts in `from` that mean it, most specific first.
#[derive(Debug)]
struct Place {
    warehouse: WarehouseId,
    from: Vec<From>,
}

#[derive(Debug)]
struct Preference {
    ranks: Map<WarehouseId, (u32, Option<u32>)>,
    penalty: Money,
}

#[derive(Debug)]
struct Ban {
    warehouse: Option<WarehouseId>,
    carrier: Option<CarrierId>,
    zone: Option<To>,
}

/// Texts numbered from 1 in order of first use; `"*"` is 0.
#[derive(Debug, Default)]
struct Zones(Map<Code, u32>);

impl Zones {
    fn number(&mut self, code: &Code) -> u32 {
        if code.as_str() == ANY {
            return EVERYWHERE;
        }
        // Each has a line of a file of at most 8 MiB.
        let next = self.0.len() as u32 + 1;
        *self.0.entry(code.clone()).or_insert(next)
    }

    fn get(&self, code: &str) -> Option<u32> {
        self.0.get(code).copied()
    }
}

impl LaneBook {
    pub(super) fn resolve(
        tables: &RuleTables,
        warehouse_rules: &[Option<WarehouseRules>],
        warehouses: &Names<'_, WarehouseId>,
        carriers: &Names<'_, CarrierId>,
        money: Vec<i64>,
    ) -> Result<LaneBook, FileError> {
        let mut zones = Zones::default();
        let mut origins = Zones::default();
        let places = places(warehouse_rules, &mut origins);
        let rates = rates(tables.rates.as_deref().unwrap_or_default(), carriers, &origins, &mut zones)?;
        let prefers = preferences(tables.prefers.as_deref().unwrap_or_default(), warehouses, &mut zones)?;
        let ceilings = ceilings(tables.ceilings.as_deref().unwrap_or_default(), carriers, &mut zones)?;
        let bans = bans(tables.bans.as_deref().unwrap_or_default(), warehouses, carriers, &mut zones)?;
        let mut carriers: Vec<CarrierId> = carriers.iter().map(|(_, id)| id).collect();
        carriers.sort_unstable();
        let computed = (0..=zones.0.len()).map(|_| OnceLock::new()).collect();
        Ok(LaneBook { rates, places, carriers, prefers, ceilings, bans, zones, money, computed })
    }

    /// The lanes to a zone, for a world with ids of warehouses below `warehouses`.
    pub(super) fn to(&self, zone: Option<&str>, warehouses: usize) -> &ZoneLanes {
        let to = zone.and_then(|zone| self.zones.get(zone)).unwrap_or(EVERYWHERE);
        self.computed[to as usize].get_or_init(|| ZoneLanes::new(self.compute(to), warehouses, &self.money))
    }

    /// Why a carrier has no lane from a warehouse to a zone; `None` when it has one.
    pub(super) fn absent(&self, warehouse: WarehouseId, carrier: CarrierId, zone: Option<&str>) -> Option<NoLane> {
        let to = zone.and_then(|zone| self.zones.get(zone)).unwrap_or(EVERYWHERE);
        let place = self.places.iter().find(|place| place.warehouse == warehouse);
        if place.and_then(|place| self.rate(carrier, &place.from, to)).is_none() {
            return Some(NoLane::NoRate);
        }
        forbids(&self.bans_to(to), warehouse, carrier).then_some(NoLane::Banned)
    }

    fn bans_to(&self, to: To) -> Set<(Option<WarehouseId>, Option<CarrierId>)> {
        let bans = self.bans.iter().filter(|ban| ban.zone.is_none_or(|zone| zone == to));
        bans.map(|ban| (ban.warehouse, ban.carrier)).collect()
    }

    fn compute(&self, to: To) -> Vec<LaneRules> {
        let bans = self.bans_to(to);
        let prefer = self.prefers.get(&to).or_else(|| self.prefers.get(&EVERYWHERE));
        let mut lanes = Vec::new();
        for Place { warehouse, from } in &self.places {
            let (penalty, hours) = prefer.map_or((Money::ZERO, None), |prefer| prefer.of(*warehouse));
            for carrier in &self.carriers {
                if forbids(&bans, *warehouse, *carrier) {
                    continue;
                }
                let Some(mut rate) = self.rate(*carrier, from, to) else { continue };
                rate.hours = hours.unwrap_or(rate.hours);
                let ceiling = self.ceilings.get(&(*carrier, to)).or_else(|| self.ceilings.get(&(*carrier, EVERYWHERE)));
                lanes.push(LaneRules {
                    warehouse: *warehouse,
                    carrier: *carrier,
                    rate,
                    ceiling: ceiling.copied(),
                    penalty,
                });
            }
        }
        lanes
    }

    /// The most specific rate: origin first, then destination.
    fn rate(&self, carrier: CarrierId, from: &[From], to: To) -> Option<Rate> {
        let tries = from.iter().flat_map(|from| [(carrier, *from, to), (carrier, *from, EVERYWHERE)]);
        tries.into_iter().find_map(|key| self.rates.get(&key)).copied()
    }
}

/// Whether any of these bans covers the pair.
fn forbids(bans: &Set<(Option<WarehouseId>, Option<CarrierId>)>, warehouse: WarehouseId, carrier: CarrierId) -> bool {
    let covering = [(Some(warehouse), Some(carrier)), (Some(warehouse), None), (None, Some(carrier)), (None, None)];
    covering.iter().any(|pair| bans.contains(pair))
}

impl Preference {
    /// What a parcel from here adds to the score, and the hours that replace the rate's.
    fn of(&self, warehouse: WarehouseId) -> (Money, Option<u32>) {
        let unlisted = (self.ranks.len() as u32, None);
        let (rank, hours) = self.ranks.get(&warehouse).copied().unwrap_or(unlisted);
        (Money(self.penalty.0.saturating_mul(i64::from(rank))), hours)
    }
}

fn places(warehouse_rules: &[Option<WarehouseRules>], origins: &mut Zones) -> Vec<Place> {
    let mut places = Vec::new();
    for warehouse in warehouse_rules.iter().flatten() {
        let own = std::iter::once(&warehouse.code).chain(&warehouse.zone);
        let mut from: Vec<From> = own.map(|code| origins.number(code)).collect();
        from.push(EVERYWHERE);
        places.push(Place { warehouse: warehouse.id, from });
    }
    places
}

fn rates(
    entries: &[RateEntry],
    carriers: &Names<'_, CarrierId>,
    origins: &Zones,
    zones: &mut Zones,
) -> Result<Map<(CarrierId, From, To), Rate>, FileError> {
    let mut rates = Map::default();
    for entry in entries {
        let carrier = carriers.id(&entry.carrier)?;
        let from = match entry.from.value.as_str() {
            ANY => EVERYWHERE,
            text => origins.get(text).ok_or_else(|| unknown_origin(entry, origins))?,
        };
        if rates.insert((carrier, from, zones.number(&entry.to)), entry.rate).is_some() {
            let (carrier, from, to) = (&entry.carrier.value, &entry.from.value, &entry.to);
            let reason =
                format!("[[rate]] of `{carrier}` from `{from}` to `{to}` is there already: keep one of the two");
            return Err(FileError::at(entry.line, reason));
        }
    }
    Ok(rates)
}

fn unknown_origin(entry: &RateEntry, origins: &Zones) -> FileError {
    let from = entry.from.value.as_str();
    let mut known: Vec<&str> = origins.0.keys().map(Code::as_str).collect();
    known.sort_unstable();
    let meant = super::closest::did_you_mean(from, known);
    let reason = format!(
        "`from` is `{from}`, which is neither a warehouse nor the zone of one{meant} (\"*\" means every warehouse)"
    );
    FileError::at(entry.from.line, reason)
}

fn preferences(
    entries: &[PreferEntry],
    warehouses: &Names<'_, WarehouseId>,
    zones: &mut Zones,
) -> Result<Map<To, Preference>, FileError> {
    let mut preferences = Map::default();
    for entry in entries {
        let mut ranks = Map::default();
        for (rank, code) in (0u32..).zip(&entry.warehouses.value) {
            let id = warehouses.get(code.as_str()).ok_or_else(|| warehouses.unknown(code, entry.warehouses.line))?;
            let hours = entry.hours.as_ref().and_then(|hours| hours.get(rank as usize)).copied();
            if ranks.insert(id, (rank, hours)).is_some() {
                let reason = format!("`{code}` is listed twice: a warehouse has one rank");
                return Err(FileError::at(entry.warehouses.line, reason));
            }
        }
        let preference = Preference { ranks, penalty: entry.penalty.unwrap_or(STRICT_PENALTY) };
        if preferences.insert(zones.number(&entry.zone), preference).is_some() {
            let reason = format!("[[prefer]] for zone `{}` is there already: keep one of the two", entry.zone);
            return Err(FileError::at(entry.line, reason));
        }
    }
    Ok(preferences)
}

fn ceilings(
    entries: &[CeilingEntry],
    carriers: &Names<'_, CarrierId>,
    zones: &mut Zones,
) -> Result<Map<(CarrierId, To), Money>, FileError> {
    let mut ceilings = Map::default();
    for entry in entries {
        let key = (carriers.id(&entry.carrier)?, zones.number(&entry.zone));
        if ceilings.insert(key, entry.above).is_some() {
            let (carrier, zone) = (&entry.carrier.value, &entry.zone);
            let reason = format!("[[ceiling]] of `{carrier}` for zone `{zone}` is there already: keep one of the two");
            return Err(FileError::at(entry.line, reason));
        }
    }
    Ok(ceilings)
}

fn bans(
    entries: &[BanEntry],
    warehouses: &Names<'_, WarehouseId>,
    carriers: &Names<'_, CarrierId>,
    zones: &mut Zones,
) -> Result<Vec<Ban>, FileError> {
    let ban = |entry: &BanEntry| {
        Ok(Ban {
            warehouse: entry.warehouse.as_ref().map(|code| warehouses.id(code)).transpose()?,
            carrier: entry.carrier.as_ref().map(|code| carriers.id(code)).transpose()?,
            zone: entry.zone.as_ref().map(|zone| zones.number(zone)),
        })
    };
    entries.iter().map(ban).collect()
}
