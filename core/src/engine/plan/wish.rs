//! What an order that was placed before is to be served with once more.

use crate::catalog::{Config, Skus};
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::ready::{Ready, Terms};
use crate::ids::{CarrierId, ChannelId, Code, PoolId, Seq, SkuId};
use crate::orders::Order;
use crate::reject::Reject;
use crate::reply::Reply;
use crate::routing::SplitRules;
use crate::units::Units;

/// Units of an order to be planned once more, as the order was when they were asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::engine) struct Wish {
    /// The last event of the order.
    version: Seq,
    channel: ChannelId,
    zone: Option<Code>,
    carrier: Option<CarrierId>,
    /// Whether the channel's rules on splits hold.
    whole: bool,
    ship_complete: bool,
    /// The parcels that the order's limit leaves for the units, if it has one. Never none.
    most: Option<u16>,
    /// The units asked for.
    pub units: Vec<(SkuId, Units)>,
    /// The pools they may be drawn from, in order of preference.
    pub pools: Vec<PoolId>,
    pub terms: Terms,
}

/// A wish that was planned while nothing was locked.
pub(in crate::engine) struct Prepared {
    pub wish: Wish,
    /// The event of the rules it was planned under.
    pub rules: Seq,
    /// [`Skus::changes`] before the weights of its lines were read.
    pub sku_changes: u64,
    pub ready: Ready,
}

/// Why no event was decided.
pub(in crate::engine) enum Undecided {
    /// These refuse the command.
    Refused(Reject),
    /// This has to be planned first, while nothing is locked.
    Unplanned(Box<Wish>),
    /// It was told before, and this is the answer: nothing changes.
    Told(Reply),
}

impl From<Reject> for Undecided {
    fn from(reject: Reject) -> Undecided {
        Undecided::Refused(reject)
    }
}

impl Wish {
    /// Units of an order, out of these pools and in at most this many parcels.
    pub fn of(order: &Order, units: Vec<(SkuId, Units)>, pools: Vec<PoolId>, terms: Terms, most: Option<u16>) -> Wish {
        Wish {
            version: order.version,
            channel: order.channel,
            zone: order.zone.clone(),
            carrier: order.carrier,
            whole: terms.without.is_none() && order.later.review.is_empty(),
            ship_complete: order.ship_complete && most.is_some(),
            most,
            units,
            pools,
            terms,
        }
    }

    /// The same as a part of the order, which the channel's rules on splits do not bind.
    pub fn part(self) -> Wish {
        Wish { whole: false, ..self }
    }

    /// As a demand. The channel's rules on splits do not hold for a part of an order.
    pub fn demand(&self, skus: &Skus, config: &Config) -> Demand<'_> {
        let whole = self.whole;
        Demand {
            channel: self.channel,
            zone: self.zone.as_ref(),
            carrier: self.carrier,
            ship_complete: self.ship_complete,
            max_parcels: self.most,
            split: self.split_rules(config).filter(|_| whole).unwrap_or_default(),
            pools: &self.pools,
            category: None,
            lines: self.lines(skus, config),
        }
    }

    /// When orders of the order's channel may be split.
    fn split_rules(&self, config: &Config) -> Option<SplitRules> {
        config.rules.channel(self.channel).map(|channel| channel.split)
    }

    fn lines(&self, skus: &Skus, config: &Config) -> Vec<Wanted> {
        let mut sorted = self.units.clone();
        sorted.sort_unstable_by_key(|(sku, _)| *sku);
        let mut wanted: Vec<Wanted> = Vec::with_capacity(sorted.len());
        for (sku, units) in sorted.into_iter().filter(|(_, units)| !units.is_zero()) {
            match wanted.last_mut().filter(|last| last.sku == sku) {
                Some(last) => last.units = last.units.saturating_add(units),
                None => {
                    let code = skus.code(sku).expect("an order names defined SKUs");
                    let weight_g = skus.find(&code).and_then(|s| s.weight_g).unwrap_or(config.rules.default_weight_g);
                    wanted.push(Wanted { sku, code, units, weight_g });
                }
            }
        }
        wanted
    }
}
