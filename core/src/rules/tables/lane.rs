//! Lanes: which carrier may ship from which warehouse to a zone, and for how much. Derived from rates, preferences,
//! ceilings and bans when a zone is first asked for.

use super::ban::Bans;
use super::ceiling::Ceilings;
use super::prefer::Preferences;
use super::rate::Rates;
use super::warehouse::WarehouseRules;
use crate::heap::{Heap, behind};
use crate::ids::{CarrierId, WarehouseId};
use crate::money::Money;
use crate::routing::{Ladder, Rate};
use crate::rules::codes::{Dense, EVERYWHERE, Scope, Zones};
use crate::sync::OnceLock;

/// A carrier from a warehouse to a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneRules {
    /// The warehouse a parcel leaves from.
    pub warehouse: WarehouseId,
    /// The carrier that takes it.
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

/// The rule tables that lanes are made from.
#[derive(Clone, Copy)]
pub(in crate::rules) struct LaneTables<'a> {
    pub(in crate::rules) rates: &'a Rates,
    pub(in crate::rules) preferences: &'a Preferences,
    pub(in crate::rules) ceilings: &'a Ceilings,
    pub(in crate::rules) bans: &'a Bans,
}

/// The lanes made so far, by number of the destination zone, and what a world adds to the tables.
#[derive(Debug)]
pub(in crate::rules) struct LaneBook {
    places: Vec<Place>,
    /// Ascending.
    carriers: Vec<CarrierId>,
    /// Every destination zone that a table names.
    zones: Zones,
    /// The weights of money in force, in millionths.
    money: Vec<i64>,
    /// One more than the largest id of a warehouse.
    warehouses: usize,
    made: Vec<OnceLock<ZoneLanes>>,
}

/// A warehouse with the numbers of the origins it belongs to, most specific first: its code, its zone, everywhere.
#[derive(Debug)]
struct Place {
    warehouse: WarehouseId,
    from: Vec<u32>,
}

impl LaneBook {
    /// No lanes yet, for a world whose tables are resolved, and the weights of money in force.
    pub(in crate::rules) fn new(warehouses: &Dense<WarehouseRules>, scope: Scope<'_>, money: Vec<i64>) -> LaneBook {
        let Scope { carriers, origins, zones, .. } = scope;
        let place = |warehouse: &WarehouseRules| {
            let own = std::iter::once(&warehouse.code).chain(&warehouse.zone);
            let own = own.filter_map(|code| origins.get(code.as_str()));
            Place { warehouse: warehouse.id, from: own.chain([EVERYWHERE]).collect() }
        };
        let mut carriers: Vec<CarrierId> = carriers.iter().map(|(_, id)| id).collect();
        carriers.sort_unstable();
        LaneBook {
            places: warehouses.iter().map(place).collect(),
            carriers,
            made: (0..=zones.len()).map(|_| OnceLock::new()).collect(),
            zones,
            money,
            warehouses: warehouses.len(),
        }
    }

    /// The lanes to a zone. Always given the same tables.
    pub(in crate::rules) fn to(&self, zone: Option<&str>, tables: LaneTables<'_>) -> &ZoneLanes {
        let to = self.number(zone);
        self.made[to as usize].get_or_init(|| ZoneLanes::new(self.make(to, tables), self.warehouses, &self.money))
    }

    /// Why a carrier has no lane from a warehouse to a zone; `None` when it has one.
    pub(in crate::rules) fn absent(
        &self,
        warehouse: WarehouseId,
        carrier: CarrierId,
        zone: Option<&str>,
        tables: LaneTables<'_>,
    ) -> Option<NoLane> {
        let to = self.number(zone);
        let place = self.places.iter().find(|place| place.warehouse == warehouse);
        if place.and_then(|place| tables.rates.most_specific(carrier, &place.from, to)).is_none() {
            return Some(NoLane::NoRate);
        }
        tables.bans.to(to).forbid(warehouse, carrier).then_some(NoLane::Banned)
    }

    #[inline]
    fn number(&self, zone: Option<&str>) -> u32 {
        zone.and_then(|zone| self.zones.get(zone)).unwrap_or(EVERYWHERE)
    }

    fn make(&self, to: u32, tables: LaneTables<'_>) -> Vec<LaneRules> {
        let bans = tables.bans.to(to);
        let preference = tables.preferences.to(to);
        let mut lanes = Vec::new();
        for Place { warehouse, from } in &self.places {
            let (penalty, hours) = preference.map_or((Money::ZERO, None), |preference| preference.of(*warehouse));
            for carrier in &self.carriers {
                if bans.forbid(*warehouse, *carrier) {
                    continue;
                }
                let Some(mut rate) = tables.rates.most_specific(*carrier, from, to) else { continue };
                rate.hours = hours.unwrap_or(rate.hours);
                let ceiling = tables.ceilings.of(*carrier, to);
                lanes.push(LaneRules { warehouse: *warehouse, carrier: *carrier, rate, ceiling, penalty });
            }
        }
        lanes
    }
}

behind! {
    LaneRules {}
    ZoneLanes { lanes, starts, ladders }
    Place { from }
}

impl Heap for LaneBook {
    /// Lanes that were not asked for are not there yet.
    fn heap(&self) -> usize {
        let made = self.made.capacity() * size_of::<OnceLock<ZoneLanes>>();
        let lanes: usize = self.made.iter().filter_map(OnceLock::get).map(ZoneLanes::heap).sum();
        self.places.heap() + self.carriers.heap() + self.zones.heap() + self.money.heap() + made + lanes
    }
}
