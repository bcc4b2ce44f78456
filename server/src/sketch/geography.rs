//! Where zones and warehouses lie, and what it costs to ship between them.

use std::collections::BTreeMap;

use stockade_core::ids::Code;
use stockade_core::limits::HOLD_TTL;

use super::demand::Demand;
use crate::invent::{Draw, ECONOMY, InventedChannel, InventedWarehouse, InventedWorld, PREMIUM, Place, Tariff};

/// Most rates written, so that the world stays a file a person can open.
const RATES_MAX: usize = 30_000;
/// The area that zones are scattered over.
const LAND: [(f64, f64); 2] = [(24.0, 44.0), (98.0, 122.0)];
const CARRIERS: [(&str, Tariff); 2] = [("ECO", ECONOMY), ("FAST", PREMIUM)];

/// A warehouse and its place.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) code: Code,
    pub(super) zone: Option<Code>,
    pub(super) place: Place,
}

/// Sites near the zones that order most: each next one where there are most orders for the sites already there.
pub(super) fn sites(demand: &Demand, count: usize, draw: &Draw) -> Vec<Site> {
    let zones = demand.zones_by_orders();
    let mut draw_site = draw.fork(1);
    let mut there: BTreeMap<&Code, u64> = BTreeMap::new();
    let site = |n: usize| {
        // Square roots, so that one large zone does not take every site.
        let worth = |(zone, orders): &(&Code, u64)| {
            (*orders as f64).sqrt() / (there.get(zone).copied().unwrap_or(0) + 1) as f64
        };
        let zone = zones.iter().rev().max_by(|a, b| worth(a).total_cmp(&worth(b))).map(|(zone, _)| *zone);
        let middle = zone.map_or_else(|| anywhere(&mut draw_site), |zone| place(zone, draw));
        let near = zone.and_then(|zone| there.get(zone)).is_none();
        let off = if near { 0.2 } else { 2.5 };
        if let Some(zone) = zone {
            *there.entry(zone).or_default() += 1;
        }
        Site {
            code: code(&format!("W{}", n + 1)),
            zone: zone.cloned(),
            place: Place {
                lat: middle.lat + draw_site.between(-off, off),
                lon: middle.lon + draw_site.between(-off, off),
            },
        }
    };
    (0..count).map(site).collect()
}

/// The world of these sites.
pub(super) fn world(demand: &Demand, sites: &[Site], head: &[String], draw: &Draw) -> InventedWorld {
    let regular = code("regular");
    let mut channels: Vec<Code> = demand.channels.keys().cloned().collect();
    if channels.is_empty() {
        channels.push(code("web"));
    }
    let channel = |channel: Code| InventedChannel { code: channel, pools: vec![regular.clone()], hold_ttl: HOLD_TTL };
    let warehouse = |site: &Site| InventedWarehouse {
        code: site.code.clone(),
        zone: site.zone.clone(),
        place: site.place,
        store: false,
    };
    InventedWorld {
        head: head.to_vec(),
        currency: "CNY".to_owned(),
        default_weight_g: 500,
        kg_step_g: 1_000,
        warehouses: sites.iter().map(warehouse).collect(),
        carriers: CARRIERS.iter().map(|(carrier, _)| code(carrier)).collect(),
        channels: channels.into_iter().map(channel).collect(),
        rates: rates(demand, sites, draw),
        weights: ["1.0", "0.02", "0.0"],
    }
}

/// A rate of each carrier from each site to each zone, and to everywhere else at the average distance of the zones.
fn rates(demand: &Demand, sites: &[Site], draw: &Draw) -> Vec<(Code, Code, Code, stockade_core::routing::Rate)> {
    let zones_max = RATES_MAX / (sites.len() * CARRIERS.len());
    let zones: Vec<(Code, Place)> = demand
        .zones_by_orders()
        .into_iter()
        .take(zones_max)
        .map(|(zone, _)| (zone.clone(), place(zone, draw)))
        .collect();
    let mut rates = Vec::new();
    for (carrier, tariff) in CARRIERS {
        for site in sites {
            let centre = Place { lat: (LAND[0].0 + LAND[0].1) / 2.0, lon: (LAND[1].0 + LAND[1].1) / 2.0 };
            let elsewhere = site.place.km_to(centre).max(500.0);
            rates.push((code(carrier), site.code.clone(), code("*"), tariff.rate(elsewhere)));
            for (zone, place) in &zones {
                rates.push((code(carrier), site.code.clone(), zone.clone(), tariff.rate(site.place.km_to(*place))));
            }
        }
    }
    rates
}

/// The place of a zone: fixed by its name and the seed, whatever other zones there are.
fn place(zone: &Code, draw: &Draw) -> Place {
    // FNV-1a.
    let name = zone
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    anywhere(&mut draw.fork(name))
}

fn anywhere(draw: &mut Draw) -> Place {
    Place { lat: draw.between(LAND[0].0, LAND[0].1), lon: draw.between(LAND[1].0, LAND[1].1) }
}

fn code(text: &str) -> Code {
    Code::new(text).expect("short plain text")
}
