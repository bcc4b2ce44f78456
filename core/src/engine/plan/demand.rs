//! An order as asked, resolved: ids instead of codes, each SKU once.

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;
use xxhash_rust::xxh3::xxh3_128;

use crate::catalog::{Config, Skus};
use crate::codec::encode_onto;
use crate::command::{Line, Place};
use crate::engine::codes::carrier;
use crate::ids::{CarrierId, ChannelId, Code, PoolId, SkuId};
use crate::numbers::Numbers;
use crate::reject::{CodeKind, Reject};
use crate::routing::SplitRules;
use crate::rules::ChannelRules;
use crate::units::Units;

/// What an order wants and under which conditions.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Demand<'a> {
    pub channel: ChannelId,
    pub zone: Option<&'a Code>,
    pub carrier: Option<CarrierId>,
    pub ship_complete: bool,
    pub max_parcels: Option<u16>,
    /// When it may be split over warehouses.
    pub split: SplitRules,
    /// The pools it may draw from, in order of preference.
    pub pools: &'a [PoolId],
    /// The category of all its lines, when they have one in common.
    pub category: Option<Code>,
    /// By SKU, each once.
    pub lines: Vec<Wanted>,
}

/// Units wanted of one SKU.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Wanted {
    pub sku: SkuId,
    pub code: Code,
    pub units: Units,
    pub weight_g: u32,
}

impl<'a> Demand<'a> {
    /// Resolves an order that is within its bounds, with `room` for its lines. Its channel must be known.
    pub fn read(
        place: &'a Place,
        channel: &'a ChannelRules,
        config: &Config,
        skus: &Skus,
        room: Vec<Wanted>,
    ) -> Result<Demand<'a>, Reject> {
        let carrier = place.carrier.as_ref().map(|code| carrier(config, code)).transpose()?;
        let (lines, category) = read_lines(&place.lines, config, skus, room)?;
        Ok(Demand {
            channel: channel.id,
            zone: place.zone.as_ref(),
            carrier,
            ship_complete: place.ship_complete || channel.ship_complete,
            max_parcels: least(place.max_parcels, channel.max_parcels),
            split: channel.split,
            pools: &channel.pools,
            category,
            lines,
        })
    }

    /// Digest of everything that makes two requests the same order: the order of lines and how a demand is cut into
    /// lines do not count.
    pub fn digest(&self, place: &Place, bytes: &mut Vec<u8>) -> u128 {
        bytes.clear();
        encode_onto(&Content { place, demand: self }, bytes).expect("a vector takes every byte");
        xxh3_128(bytes)
    }
}

/// What a digest of an order is taken of.
struct Content<'a> {
    place: &'a Place,
    demand: &'a Demand<'a>,
}

impl Encode for Content<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        // The channel and the number name the order; the carrier and the lines are taken as they were read.
        let Place { channel: _, number: _, zone, customer, carrier: _, ship_complete, max_parcels, hold, lines: _ } =
            self.place;
        let mut numbers = Numbers::new(encoder);
        numbers.put_option(zone.as_ref(), Numbers::put_code);
        numbers.put_option(customer.as_ref(), Numbers::put_code);
        numbers.put_option(self.demand.carrier, |numbers, carrier| numbers.put(carrier.0));
        numbers.put_bool(*ship_complete);
        numbers.put_option(*max_parcels, Numbers::put);
        numbers.put_option(*hold, |numbers, hold| numbers.put(hold.0));
        for line in &self.demand.lines {
            numbers.put(line.sku.0);
            numbers.put(line.units.0);
        }
        numbers.finish()
    }
}

fn read_lines(
    lines: &[Line],
    config: &Config,
    skus: &Skus,
    mut wanted: Vec<Wanted>,
) -> Result<(Vec<Wanted>, Option<Code>), Reject> {
    wanted.clear();
    wanted.reserve(lines.len());
    let mut unknown = Vec::new();
    let mut category: Option<Option<Code>> = None;
    for line in lines {
        let Some(sku) = skus.find(&line.sku) else {
            unknown.push(line.sku.clone());
            continue;
        };
        let weight_g = sku.weight_g.unwrap_or(config.rules.default_weight_g);
        wanted.push(Wanted { sku: sku.id, code: line.sku.clone(), units: line.units, weight_g });
        category = match category {
            None => Some(sku.category),
            Some(common) if common == sku.category => Some(common),
            Some(_) => Some(None),
        };
    }
    if !unknown.is_empty() {
        return Err(Reject::Unknown { kind: CodeKind::Sku, codes: unknown });
    }
    wanted.sort_unstable_by_key(|line| line.sku);
    wanted.dedup_by(|later, first| {
        let same = later.sku == first.sku;
        if same {
            first.units = first.units.saturating_add(later.units);
        }
        same
    });
    Ok((wanted, category.flatten()))
}

fn least(a: Option<u16>, b: Option<u16>) -> Option<u16> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
