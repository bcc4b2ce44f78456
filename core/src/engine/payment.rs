//! Payment in time, payment too late, and longer holds.

use crate::catalog::Config;
use crate::command::{ExtendHold, Pay, Reroute};
use crate::engine::demand::{Demand, Wanted, invalid};
use crate::engine::lookup::{OrderContext, allowed, illegal};
use crate::engine::planning::Planned;
use crate::engine::{Asked, Decided, Engine};
use crate::event::{Decision, Event, HoldExtended, Move, OrderPaid, OrderPaidLate, RefundDue, ReviewRouted};
use crate::ids::{PoolId, SkuId, WarehouseId};
use crate::limits::HOLD_TTL_MAX;
use crate::orders::{Action, Order};
use crate::reject::Reject;
use crate::reply::{OrderState, Stage};
use crate::routing::SplitRules;
use crate::stock::{Bucket, StockShard};
use crate::units::Units;

impl Engine {
    /// Confirms payment. At or past its deadline it is late: the order is held anew from any pool and warehouse, or the
    /// money is owed back.
    pub(super) fn pay(&self, pay: &Pay, asked: Asked<'_>) -> Decided {
        self.change_order(&pay.order, b'P', &(), asked, |mut context| {
            allowed(context.order, Action::Pay)?;
            let id = context.order.id;
            match context.order.state {
                OrderState::Held => Ok(Event::OrderPaid(OrderPaid { order: id, moves: paid_moves(context.order) })),
                _ => Ok(match self.plan_late(&mut context) {
                    Some(decision) => Event::OrderPaidLate(Box::new(OrderPaidLate { order: id, decision })),
                    None => Event::RefundDue(RefundDue { order: id }),
                }),
            }
        })
    }

    /// Holds unpaid stock longer.
    pub(super) fn extend_hold(&self, extend: &ExtendHold, asked: Asked<'_>) -> Decided {
        self.change_order(&extend.order, b'X', &extend.until, asked, |context| {
            let order = context.order;
            allowed(order, Action::Extend)?;
            if extend.until <= order.deadline {
                let reason = format!("must be later than the present deadline {}", order.deadline);
                return Err(invalid("until", reason));
            }
            if extend.until > context.now + HOLD_TTL_MAX {
                return Err(invalid("until", format!("must be at most {HOLD_TTL_MAX} from now")));
            }
            Ok(Event::HoldExtended(HoldExtended { order: order.id, until: extend.until }))
        })
    }

    /// Tries again to route what stands in review.
    pub(super) fn reroute(&self, reroute: &Reroute, asked: Asked<'_>) -> Decided {
        self.change_order(&reroute.order, b'R', &(), asked, |mut context| {
            let order = context.order;
            if order.state != OrderState::Paid || order.review.is_empty() {
                return Err(illegal(Action::Short, order, None, "nothing of it stands in review"));
            }
            let units = order.review.clone();
            let channel_pools = channel_pools(context.config, order);
            let decision = self.plan_anew(&mut context, &units, &channel_pools, None)?;
            Ok(Event::ReviewRouted(Box::new(ReviewRouted { order: order.id, units, decision })))
        })
    }

    /// A new plan for everything that expired, from any pool.
    fn plan_late(&self, context: &mut OrderContext<'_, '_>) -> Option<Decision> {
        let expired = context.order.subs.iter().filter(|sub| sub.stage == Stage::Expired);
        let units: Vec<(SkuId, Units)> = expired.flat_map(|s| s.lines.iter().map(|l| (l.sku, l.units))).collect();
        let mut pools = channel_pools(context.config, context.order);
        pools.extend(context.config.pools.iter().filter(|pool| !pools.contains(pool)).copied().collect::<Vec<_>>());
        self.plan_anew(context, &units, &pools, None).ok()
    }

    /// Plans units of an order once more, under its locks, as the order was asked.
    pub(super) fn plan_anew(
        &self,
        context: &mut OrderContext<'_, '_>,
        units: &[(SkuId, Units)],
        pools: &[PoolId],
        without: Option<WarehouseId>,
    ) -> Result<Decision, Reject> {
        let OrderContext { order, locked, config, scratch, .. } = context;
        let demand = Demand {
            channel: order.channel,
            zone: order.zone.as_ref(),
            carrier: order.carrier,
            ship_complete: order.ship_complete && without.is_none() && order.review.is_empty(),
            max_parcels: order.max_parcels.filter(|_| without.is_none() && order.review.is_empty()),
            split: split_rules(config, order)
                .filter(|_| without.is_none() && order.review.is_empty())
                .unwrap_or_default(),
            pools,
            category: None,
            lines: self.wanted(units, config),
        };
        let sku = |sku| locked.stock(StockShard::of(sku)).sku(sku);
        scratch.view.clear();
        for line in &demand.lines {
            scratch.view.add(line.units, sku(line.sku), pools, config, without);
        }
        match scratch.plan(&demand, config, self.price_table().as_deref()) {
            Planned::Plan => Ok(scratch.decide(&demand, config, sku)),
            Planned::No(reject) => Err(reject),
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
pub(super) fn channel_pools(config: &Config, order: &Order) -> Vec<PoolId> {
    config.rules.channel(order.channel).map(|channel| channel.pools.clone()).unwrap_or_default()
}

/// When orders of an order's channel may be split: a part of one that is served anew always may.
fn split_rules(config: &Config, order: &Order) -> Option<SplitRules> {
    config.rules.channel(order.channel).map(|channel| channel.split)
}

fn paid_moves(order: &Order) -> Vec<Move> {
    let held = order.subs.iter().filter(|sub| sub.stage == Stage::Held);
    held.flat_map(|sub| {
        sub.lines.iter().filter(|line| !line.units.is_zero()).map(|line| Move {
            sku: line.sku,
            warehouse: sub.warehouse,
            from: Bucket::Held(line.pool),
            to: Bucket::Allocated,
            units: line.units,
        })
    })
    .collect()
}
