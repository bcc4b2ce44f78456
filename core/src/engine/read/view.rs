//! State as callers see it: codes instead of ids.

use std::collections::BTreeMap;

use crate::Actor;
use crate::catalog::Config;
use crate::decision::{Decision, Figures, PlannedSub, is_proven};
use crate::engine::plan::demand::Demand;
use crate::engine::store::Engine;
use crate::event::{Event, OrderPlaced};
use crate::ids::{Code, Seq, SkuId, SubNo};
use crate::money::Money;
use crate::orders::{Account, Moment, Order, OrderKey, OrderState, SubOrder};
use crate::reply::{
    Awaited, CellView, InboundView, OrderSummary, OrderView, Placed, PlanView, PoolView, Reply, SubLineView,
    SubOrderNow, SubOrderView, TimelineEntry,
};
use crate::stock::{Bucket, Cell, ExpectedReceipt};
use crate::time::Time;
use crate::units::{Balance, Units};

/// The name under which timelines show what deadlines did.
const TIMER: &str = "timer";
/// What the engine is called there, when it hands over what was promised.
const ENGINE: &str = "engine";

impl Engine {
    /// The reply to an order that was just placed.
    pub(in crate::engine) fn placed_reply(
        &self,
        placed: &OrderPlaced,
        plan: PlanView,
        arrived: Time,
        seq: Seq,
    ) -> Reply {
        Reply::Placed(Box::new(Placed {
            order: placed.order,
            seq,
            expires_at: arrived + placed.hold,
            plan,
            present: OrderState::Held,
            replayed: false,
        }))
    }

    /// The first answer to an order, told again.
    pub(in crate::engine) fn replayed_reply(&self, order: &Order) -> Reply {
        let config = self.config.load();
        let config = config.as_deref().expect("an order was placed in a world");
        let first = order.numbered().take(usize::from(order.first_subs));
        let sub_orders: Vec<SubOrderView> = first.map(|(no, sub)| self.first_view(no, sub, config)).collect();
        let plan = PlanView {
            rules_version: order.first_rules,
            cost: sub_orders.iter().fold(Money::ZERO, |sum, sub| sum.saturating_add(sub.cost)),
            score: order.score,
            bound: order.bound,
            proven: is_proven(order.score, order.bound),
            sub_orders,
        };
        Reply::Placed(Box::new(Placed {
            order: order.id,
            seq: order.placed,
            expires_at: order.first_deadline,
            plan,
            present: order.state,
            replayed: true,
        }))
    }

    /// A decision as it is promised. The demand knows the codes of its SKUs.
    pub(in crate::engine) fn plan_view(&self, decision: &Decision, demand: &Demand<'_>, config: &Config) -> PlanView {
        let code = |sku: SkuId| {
            let at = demand.lines.binary_search_by_key(&sku, |line| line.sku).expect("a plan serves its demand");
            demand.lines[at].code.clone()
        };
        let sub_order = |(at, sub): (usize, &PlannedSub)| SubOrderView {
            no: SubNo(u16::try_from(at + 1).unwrap_or(u16::MAX)),
            warehouse: config.codes.of_warehouse(sub.warehouse),
            carrier: config.codes.of_carrier(sub.carrier),
            kind: sub.kind,
            hours: sub.hours,
            weight_g: sub.weight_g,
            cost: sub.parts.total(),
            parts: sub.parts,
            lines: sub
                .lines
                .iter()
                .map(|l| SubLineView { sku: code(l.sku), units: l.units, pool: config.codes.of_pool(l.pool) })
                .collect(),
        };
        PlanView {
            rules_version: decision.rules_version,
            cost: decision.cost(),
            score: decision.score,
            bound: decision.bound,
            proven: is_proven(decision.score, decision.bound),
            sub_orders: decision.subs.iter().enumerate().map(sub_order).collect(),
        }
    }

    /// An order as it stands.
    pub(in crate::engine) fn order_now(
        &self,
        order: &Order,
        config: &Config,
        account: Option<&Account>,
        awaits: impl Fn(SubNo, &SubOrder) -> Vec<Awaited>,
    ) -> OrderView {
        let live = order.subs.iter().filter(|sub| !sub.is_gone());
        let mut elsewhere = elsewhere(order, config);
        let key = OrderKey { channel: order.channel, number: order.number.clone() };
        OrderView {
            order: order.id,
            channel: config.codes.of_channel(order.channel),
            number: order.number.clone(),
            zone: order.zone.clone(),
            customer: order.customer.clone(),
            state: order.state,
            placed_at: order.placed_at,
            expires_at: order.deadline,
            rules_version: order.rules_version,
            cost: live.fold(Money::ZERO, |sum, sub| sum.saturating_add(sub.parts.total())),
            sub_orders: order
                .numbered()
                .map(|(no, sub)| self.sub_now((no, sub), config, &awaits, elsewhere.remove(&no).unwrap_or_default()))
                .collect(),
            review: order.later.review.iter().map(|(sku, units)| (self.sku_code(*sku), *units)).collect(),
            refunds: self.refund_views(config, &key, account, order.id),
            timeline: timeline(order),
            version: order.version,
        }
    }

    /// Its sub-orders, one line each.
    pub(in crate::engine) fn summaries<'a>(
        &self,
        order: &'a Order,
        config: &'a Config,
    ) -> impl Iterator<Item = OrderSummary> + 'a {
        order.numbered().map(|(no, sub)| OrderSummary {
            order: order.id,
            channel: config.codes.of_channel(order.channel),
            number: order.number.clone(),
            sub: no,
            warehouse: config.codes.of_warehouse(sub.warehouse),
            carrier: config.codes.of_carrier(sub.carrier),
            state: order.state,
            stage: sub.stage,
            placed_at: order.placed_at,
            units: sub.units(),
        })
    }

    /// Every bucket of a cell, without the orders that its short units affect.
    pub(in crate::engine) fn cell_view(&self, sku: &Code, cell: &Cell, config: &Config) -> CellView {
        CellView {
            sku: sku.clone(),
            warehouse: config.codes.of_warehouse(cell.warehouse()),
            pools: cell
                .pools()
                .iter()
                .map(|p| PoolView { pool: config.codes.of_pool(p.pool), available: p.available, held: p.held })
                .collect(),
            allocated: cell.units(Bucket::Allocated),
            picked: cell.units(Bucket::Picked),
            shipped: cell.units(Bucket::Shipped),
            awaiting: cell.units(Bucket::Awaiting),
            inspection: cell.units(Bucket::Inspection),
            damaged: cell.units(Bucket::Damaged),
            in_transit: cell.units(Bucket::InTransit),
            inbound: inbound_view(cell, config),
            overdue: overdue(cell, config),
            short: cell.units(Bucket::Short),
            safety: cell.safety(),
            on_hand: Balance::of(cell.balance()),
            watermark: cell.version(),
            affected: Vec::new(),
            affected_more: false,
        }
    }

    /// `awaits` answers what the sub-order waits for.
    fn sub_now(
        &self,
        (no, sub): (SubNo, &SubOrder),
        config: &Config,
        awaits: impl Fn(SubNo, &SubOrder) -> Vec<Awaited>,
        elsewhere: BTreeMap<Code, Units>,
    ) -> SubOrderNow {
        SubOrderNow {
            promised: self.sub_view(no, sub, config, |line| line.units),
            first: is_changed(sub).then(|| self.first_view(no, sub, config)),
            stage: sub.stage,
            waybill: sub.waybill.clone(),
            in_inspection: sub.lines.iter().map(|l| l.in_inspection).sum(),
            returned: sub.lines.iter().map(|l| l.returned).sum(),
            awaits: awaits(no, sub),
            elsewhere: elsewhere.into_iter().collect(),
        }
    }

    /// A sub-order as it was first promised.
    fn first_view(&self, no: SubNo, sub: &SubOrder, config: &Config) -> SubOrderView {
        let Figures { weight_g, parts } = sub.promise();
        let view = self.sub_view(no, sub, config, |line| line.promised);
        SubOrderView { weight_g, parts, cost: parts.total(), ..view }
    }

    fn sub_view(
        &self,
        no: SubNo,
        sub: &SubOrder,
        config: &Config,
        units: impl Fn(&crate::orders::SubLine) -> Units,
    ) -> SubOrderView {
        let line = |l: &crate::orders::SubLine| {
            let pool = config.codes.of_pool(l.pool);
            SubLineView { sku: self.sku_code(l.sku), units: units(l), pool }
        };
        SubOrderView {
            no,
            warehouse: config.codes.of_warehouse(sub.warehouse),
            carrier: config.codes.of_carrier(sub.carrier),
            kind: sub.kind,
            hours: sub.hours,
            weight_g: sub.weight_g,
            cost: sub.parts.total(),
            parts: sub.parts,
            lines: sub.lines.iter().map(line).collect(),
        }
    }

    pub(in crate::engine) fn sku_code(&self, sku: SkuId) -> Code {
        self.skus.code(sku).expect("orders and stock name defined SKUs")
    }
}

/// Whether units were taken out of a sub-order.
fn is_changed(sub: &SubOrder) -> bool {
    sub.lines.iter().any(|line| line.units != line.promised)
}

/// Units of sub-orders in inspection at other warehouses than those that shipped them, by warehouse.
fn elsewhere(order: &Order, config: &Config) -> BTreeMap<SubNo, BTreeMap<Code, Units>> {
    let mut all: BTreeMap<SubNo, BTreeMap<Code, Units>> = BTreeMap::new();
    for there in &order.later.elsewhere {
        let of_sub = all.entry(there.take.sub).or_default();
        let sum = of_sub.entry(config.codes.of_warehouse(there.warehouse)).or_default();
        *sum = sum.saturating_add(there.take.units);
    }
    all
}

/// Promised units of a cell that no receipt is expected to bring.
pub(super) fn overdue(cell: &Cell, config: &Config) -> Units {
    let Some(inbound) = cell.inbound() else { return Units::ZERO };
    config.pools.iter().map(|pool| inbound.overdue(*pool)).sum()
}

/// Expected receipts, the earliest first.
pub(super) fn inbound_view(cell: &Cell, config: &Config) -> Vec<InboundView> {
    let Some(inbound) = cell.inbound() else { return Vec::new() };
    let view = |r: &ExpectedReceipt| InboundView {
        reference: r.reference.clone(),
        day: r.day,
        pool: config.codes.of_pool(r.pool),
        free: r.free,
        promised: r.promised,
    };
    let mut views: Vec<InboundView> = inbound.receipts().iter().map(view).collect();
    views.sort_by_key(|view| view.day);
    views
}

fn timeline(order: &Order) -> Vec<TimelineEntry> {
    let placed = TimelineEntry {
        seq: order.placed,
        what: Event::name_of::<Box<OrderPlaced>>().to_owned(),
        sub: None,
        occurred: order.placed_occurred,
        arrived: order.placed_at,
        actor: actor(&order.placed_by),
        reason: None,
    };
    let entry = |m: Moment| TimelineEntry {
        seq: m.seq,
        what: Event::name_on_timelines(m.what).to_owned(),
        sub: m.sub,
        occurred: m.occurred,
        arrived: m.arrived,
        actor: actor(&m.actor),
        reason: m.reason.map(String::from),
    };
    std::iter::once(placed).chain(order.timeline().map(entry)).collect()
}

pub(in crate::engine) fn actor(actor: &Actor) -> Code {
    match actor {
        Actor::Named(name) => name.clone(),
        Actor::Timer => Code::new(TIMER).expect("a plain word is a code"),
        Actor::Engine => Code::new(ENGINE).expect("a plain word is a code"),
    }
}
