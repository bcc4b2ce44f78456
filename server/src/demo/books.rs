//! What the server acknowledged, written down by those it was acknowledged to.

use std::collections::HashMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use stockade_core::ids::Code;
use stockade_core::reply::{OrderState, OrderView, Placed, PlanView, Stage};

/// How far an order is known to have come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Known {
    /// Placed.
    Placed,
    /// Paid.
    Paid,
    /// Given up.
    Cancelled,
}

/// An order as its storefront knows it.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// Its channel.
    pub channel: Code,
    /// How far it came.
    pub known: Known,
    /// Its sub-orders' stages as far as they were acknowledged.
    pub stages: Vec<Stage>,
    /// Units by SKU and warehouse.
    pub units: Vec<(Code, Code, u64)>,
}

/// Everything acknowledged so far, and how it went.
#[derive(Default)]
pub struct Books {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    orders: HashMap<Code, Acknowledged>,
    tally: Tally,
}

/// Counts of a day.
#[derive(Clone)]
pub struct Tally {
    /// Orders placed.
    pub placed: u64,
    /// Orders of more than one parcel.
    pub split: u64,
    /// Parcels.
    pub parcels: u64,
    /// Their cost in millionths.
    pub cost: i128,
    /// Plans proven optimal.
    pub proven: u64,
    /// Refusals by code.
    pub refused: HashMap<&'static str, u64>,
    /// Answers that came only after a retry found them given already.
    pub replayed: u64,
    /// Calls answered, of every kind.
    pub calls: u64,
    /// Microseconds from placing an order to its answer.
    pub latency: Histogram<u64>,
    /// The order whose plan tells most: the one of most parcels and not too many lines.
    pub telling: Option<(Code, PlanView)>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            placed: 0,
            split: 0,
            parcels: 0,
            cost: 0,
            proven: 0,
            refused: HashMap::new(),
            replayed: 0,
            calls: 0,
            latency: Histogram::new_with_bounds(1, 120_000_000, 3).expect("the bounds are in order"),
            telling: None,
        }
    }
}

impl Books {
    /// An order was placed, acknowledged after so long.
    pub fn placed(&self, channel: &Code, number: &Code, placed: &Placed, took: Duration) {
        let plan = &placed.plan;
        let units = plan
            .sub_orders
            .iter()
            .flat_map(|sub| sub.lines.iter().map(|line| (line.sku.clone(), sub.warehouse.clone(), line.units.0)));
        let order = Acknowledged {
            channel: channel.clone(),
            known: Known::Placed,
            stages: vec![Stage::Held; plan.sub_orders.len()],
            units: units.collect(),
        };
        let mut inner = self.inner.lock();
        inner.orders.insert(number.clone(), order);
        inner.tally.placed(number, placed, took);
    }

    /// An order came further; its sub-orders stand so.
    pub fn changed(&self, number: &Code, known: Option<Known>, stages: &[Stage]) {
        let mut inner = self.inner.lock();
        inner.tally.calls += 1;
        if let Some(order) = inner.orders.get_mut(number) {
            order.known = known.map_or(order.known, |known| order.known.max(known));
            order.stages = stages.to_vec();
        }
    }

    /// Something was refused.
    pub fn refused(&self, code: &'static str) {
        let mut inner = self.inner.lock();
        inner.tally.calls += 1;
        *inner.tally.refused.entry(code).or_default() += 1;
    }

    /// What is known of an order.
    pub fn order(&self, number: &Code) -> Option<Acknowledged> {
        self.inner.lock().orders.get(number).cloned()
    }

    /// Everything acknowledged at this moment.
    pub fn orders(&self) -> Vec<(Code, Acknowledged)> {
        self.inner.lock().orders.iter().map(|(number, order)| (number.clone(), order.clone())).collect()
    }

    /// The counts at this moment.
    pub fn tally(&self) -> Tally {
        self.inner.lock().tally.clone()
    }
}

impl Tally {
    fn placed(&mut self, number: &Code, placed: &Placed, took: Duration) {
        let plan = &placed.plan;
        let parcels = plan.sub_orders.len() as u64;
        self.calls += 1;
        self.placed += 1;
        self.split += u64::from(parcels > 1);
        self.parcels += parcels;
        self.cost += i128::from(plan.cost.0);
        self.proven += u64::from(plan.proven);
        self.replayed += u64::from(placed.replayed);
        self.latency.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let lines = |plan: &PlanView| plan.sub_orders.iter().map(|sub| sub.lines.len()).sum::<usize>();
        let tells = |plan: &PlanView| (2..=6).contains(&lines(plan)) && plan.sub_orders.len() == 2;
        if tells(plan) && self.telling.as_ref().is_none_or(|(_, best)| lines(best) < lines(plan)) {
            self.telling = Some((number.clone(), plan.clone()));
        }
    }
}

impl Acknowledged {
    /// What of this the server no longer knows, if anything. It may know more: an answer may not have come through.
    pub fn lost(&self, now: &OrderView) -> Option<String> {
        let enough = match self.known {
            Known::Placed => true,
            Known::Paid => matches!(now.state, OrderState::Paid | OrderState::Cancelled),
            Known::Cancelled => now.state == OrderState::Cancelled,
        };
        if !enough {
            return Some(format!("was {:?} and is {}", self.known, now.state.name()));
        }
        let back = self.stages.iter().zip(&now.sub_orders).find(|(acknowledged, sub)| sub.stage < **acknowledged);
        back.map(|(stage, sub)| format!("a sub-order was {} and is {}", stage.name(), sub.stage.name()))
    }
}
