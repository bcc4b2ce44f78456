//! What a channel may sell.

use std::collections::BTreeMap;

use crate::catalog::Config;
use crate::engine::codes::channel;
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::ids::PoolId;
use crate::query::AvailabilityQuery;
use crate::reply::{Available, Reply};
use crate::stock::{SkuStock, StockShard};
use crate::time::{Day, Time};
use crate::units::Units;

impl Ask for AvailabilityQuery {
    /// What the channel may sell of each SKU, exact to the unit at the moment each is looked at.
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let channel = channel(&config, &self.channel)?;
        let pools = &channel.pools;
        let skus = engine.known_skus(self.skus.iter())?;
        let mut seen = config.seq;
        let mut answers = Vec::with_capacity(skus.len());
        for (code, sku) in self.skus.iter().zip(skus) {
            let (units, presale, version) = engine.door.with_stock(StockShard::of(sku), |shard| {
                let stock = shard.sku(sku);
                let limited = config.unlimited.is_empty();
                let units = if limited { stock.drawable(pools).map(|(_, u)| u).sum() } else { Units::UNLIMITED };
                let presale = if channel.presale { promisable(stock, pools, &config) } else { Vec::new() };
                (units, presale, stock.version())
            });
            seen = seen.max(version);
            answers.push(Available { sku: code.clone(), units, presale });
        }
        Ok((Reply::Availability(answers), seen))
    }
}

/// What is yet to come and can be promised out of these pools, by day.
fn promisable(stock: &SkuStock, pools: &[PoolId], config: &Config) -> Vec<(Day, Units)> {
    let mut days: BTreeMap<Day, Units> = BTreeMap::new();
    for cell in stock.cells().iter().filter(|cell| !config.is_unlimited(cell.warehouse())) {
        for part in cell.inbound().map(|inbound| inbound.promisable(pools)).unwrap_or_default() {
            let units = days.entry(part.day).or_default();
            *units = units.saturating_add(part.units);
        }
    }
    days.into_iter().collect()
}
