//! Payment in time, payment too late, and longer holds.

use crate::catalog::Config;
use crate::command::{ExtendHold, Pay, Reroute};
use crate::engine::commit::EngineLocked;
use crate::engine::demand::{Demand, Wanted, invalid};
use crate::engine::lookup::{OrderContext, allowed, illegal};
use crate::engine::planning::Planned;
use crate::engine::promise::{Ahead, Parts};
use crate::engine::standing::standing;
use crate::engine::{Asked, Decided, Engine};
use crate::event::{
    Decision, Event, HoldExtended, Move, OrderPaid, OrderPaidLate, OrderPromisedLate, RefundDue, ReviewRouted,
};
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
                OrderState::Held => {
                    Ok(Event::OrderPaid(OrderPaid { order: id, moves: paid_moves(context.locked, context.order) }))
                }
                _ => Ok(self.paid_late(&mut context)),
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
            if order.state != OrderState::Paid || order.later.review.is_empty() {
                return Err(illegal(Action::Short, order, None, "nothing of it stands in review"));
            }
            let units = order.later.review.clone();
            let channel_pools = channel_pools(context.config, order);
            let decision = self.plan_anew(&mut context, &units, &channel_pools, None)?;
            Ok(Event::ReviewRouted(Box::new(ReviewRouted { order: order.id, units, decision })))
        })
    }

    /// Holds everything that expired anew, from any pool; what is not on hand is promised anew where the channel does that.
    fn paid_late(&self, context: &mut OrderContext<'_, '_>) -> Event {
        let order = context.order;
        let expired = order.subs.iter().filter(|sub| sub.stage == Stage::Expired);
        let units: Vec<(SkuId, Units)> = expired.flat_map(|s| s.lines.iter().map(|l| (l.sku, l.units))).collect();
        let mut pools = channel_pools(context.config, order);
        pools.extend(context.config.pools.iter().filter(|pool| !pools.contains(pool)).copied().collect::<Vec<_>>());
        let id = order.id;
        match self.plan_anew(context, &units, &pools, None) {
            Ok(decision) => Event::OrderPaidLate(Box::new(OrderPaidLate { order: id, decision })),
            Err(reject) => match self.promise_anew(context, &units, &pools, reject) {
                Some(Parts { decision, ahead, made }) => {
                    let late = OrderPaidLate { order: id, decision };
                    Event::OrderPromisedLate(Box::new(OrderPromisedLate { late, ahead, made }))
                }
                None => Event::RefundDue(RefundDue { order: id }),
            },
        }
    }

    /// Plans what is on hand and what is yet to come for units of an order whose channel sells presale.
    fn promise_anew(
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
        ahead.plan(scratch, reject).ok()
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

    /// Plans units of an order once more, under its locks, as the order was asked.
    pub(super) fn plan_anew(
        &self,
        context: &mut OrderContext<'_, '_>,
        units: &[(SkuId, Units)],
        pools: &[PoolId],
        without: Option<WarehouseId>,
    ) -> Result<Decision, Reject> {
        let OrderContext { order, locked, config, scratch, .. } = context;
        let whole = without.is_none() && order.later.review.is_empty();
        let demand = self.demand_anew(order, config, units, pools, whole);
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

/// Held units become allocated: all of them, but for those that are yet to come.
fn paid_moves(locked: &EngineLocked<'_>, order: &Order) -> Vec<Move> {
    let mut moves = Vec::new();
    for (no, sub) in order.numbered().filter(|(_, sub)| matches!(sub.stage, Stage::Held | Stage::Promised)) {
        for line in &sub.lines {
            let here = standing(locked, order.id, no, sub, line).into_iter().filter(|part| !part.is_ahead());
            moves.extend(here.map(|part| Move {
                sku: line.sku,
                warehouse: sub.warehouse,
                from: part.at,
                to: Bucket::Allocated,
                units: part.units,
            }));
        }
    }
    moves
}
