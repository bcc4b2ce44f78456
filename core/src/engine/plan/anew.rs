//! Plans for units of an order that was routed before: a late payment, a short pick, a review.

use crate::catalog::Config;
use crate::decision::Decision;
use crate::engine::plan::ahead::{Ahead, Parts};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::decide::OnHand;
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::size::{promises_sized, sized};
use crate::engine::plan::solve::Planned;
use crate::engine::store::Engine;
use crate::ids::{PoolId, SkuId, WarehouseId};
use crate::orders::Order;
use crate::reject::Reject;
use crate::routing::SplitRules;
use crate::units::Units;

impl Engine {
    /// Plans units of an order once more, under its locks, as the order was asked.
    pub(in crate::engine) fn plan_anew(
        &self,
        context: &mut OrderContext<'_, '_>,
        units: &[(SkuId, Units)],
        pools: &[PoolId],
        without: Option<WarehouseId>,
    ) -> Result<Decision, Reject> {
        let OrderContext { order, locked, config, scratch, .. } = context;
        let whole = without.is_none() && order.later.review.is_empty();
        let demand = self.demand_anew(order, config, units, pools, whole);
        let stock = |sku| locked.sku(sku);
        scratch.look(&demand, config, without, stock);
        match scratch.plan(&demand, config, self.price_table().as_deref()) {
            Planned::Plan => {
                let decision = scratch.decide(&demand, config.version(), &mut OnHand::new(&demand, config, stock));
                sized(&order.subs, [&decision])?;
                Ok(decision)
            }
            Planned::No(reject) => Err(reject),
        }
    }

    /// Plans what is on hand and what is yet to come for units of an order whose channel sells presale.
    pub(in crate::engine) fn promise_anew(
        &self,
        context: &mut OrderContext<'_, '_>,
        units: &[(SkuId, Units)],
        pools: &[PoolId],
        reject: Reject,
    ) -> Option<Parts> {
        let OrderContext { order, locked, config, scratch, .. } = context;
        config.rules.channel(order.channel).filter(|channel| channel.presale)?;
        let demand = self.demand_anew(order, config, units, pools, true);
        let subs = order.subs.len();
        let ahead = Ahead { engine: self, demand: &demand, config, locked, by_category: false, order: order.id, subs };
        ahead.plan(scratch, reject).ok().filter(|parts| promises_sized(&order.subs, parts).is_ok())
    }

    /// What units of an order ask for; `whole` when the order's own wishes about parcels hold.
    fn demand_anew<'a>(
        &self,
        order: &'a Order,
        config: &Config,
        units: &[(SkuId, Units)],
        pools: &'a [PoolId],
        whole: bool,
    ) -> Demand<'a> {
        Demand {
            channel: order.channel,
            zone: order.zone.as_ref(),
            carrier: order.carrier,
            ship_complete: order.ship_complete && whole,
            max_parcels: order.max_parcels.filter(|_| whole),
            split: split_rules(config, order).filter(|_| whole).unwrap_or_default(),
            pools,
            category: None,
            lines: self.wanted(units, config),
        }
    }

    fn wanted(&self, units: &[(SkuId, Units)], config: &Config) -> Vec<Wanted> {
        let mut sorted = units.to_vec();
        sorted.sort_unstable_by_key(|(sku, _)| *sku);
        let mut wanted: Vec<Wanted> = Vec::with_capacity(sorted.len());
        for (sku, units) in sorted.into_iter().filter(|(_, units)| !units.is_zero()) {
            match wanted.last_mut().filter(|last| last.sku == sku) {
                Some(last) => last.units = last.units.saturating_add(units),
                None => {
                    let code = self.skus.code(sku).expect("an order names defined SKUs");
                    let weight_g =
                        self.skus.find(&code).and_then(|s| s.weight_g).unwrap_or(config.rules.default_weight_g);
                    wanted.push(Wanted { sku, code, units, weight_g });
                }
            }
        }
        wanted
    }
}

/// The pools of an order's channel, in its order of preference.
pub(in crate::engine) fn channel_pools(config: &Config, order: &Order) -> Vec<PoolId> {
    config.rules.channel(order.channel).map(|channel| channel.pools.clone()).unwrap_or_default()
}

/// When orders of an order's channel may be split: a part of one that is served anew always may.
fn split_rules(config: &Config, order: &Order) -> Option<SplitRules> {
    config.rules.channel(order.channel).map(|channel| channel.split)
}
