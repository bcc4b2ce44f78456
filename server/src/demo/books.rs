//! What the server acknowledged, recorded by the clients it was acknowledged to.

use std::collections::HashMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use stockade_core::ids::Code;
use stockade_core::orders::{OrderState, Stage};
use stockade_core::reply::{OrderView, Placed, PlanView};

/// The last acknowledged state of an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Known {
    /// Placed.
    Placed,
    /// Paid.
    Paid,
    /// Cancelled.
    Cancelled,
}

/// An order as its storefront knows it.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// Its channel.
    pub channel: Code,
    /// Its last acknowledged state.
    pub known: Known,
    /// The acknowledged stages of its sub-orders, by number.
    pub stages: Vec<Stage>,
    /// Units by SKU and warehouse.
    pub units: Vec<(Code, Code, u64)>,
}

/// Everything acknowledged so far, with the counts of the day.
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
    /// Their cost in millionths of the currency.
    pub cost: i128,
    /// Plans proven optimal.
    pub proven: u64,
    /// Refusals by code.
    pub refused: HashMap<&'static str, u64>,
    /// Placements answered on a retry, after the first answer was lost.
    pub replayed: u64,
    /// Calls answered, of every kind.
    pub calls: u64,
    /// Microseconds from placing an order to its answer.
    pub latency: Histogram<u64>,
    /// The order whose plan explains most: two parcels, and up to six lines.
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
    /// Records a placed order, acknowledged after `took`.
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

    /// Records the new state of an order and the stages of its sub-orders.
    pub fn changed(&self, number: &Code, known: Option<Known>, stages: &[Stage]) {
        let mut inner = self.inner.lock();
        inner.tally.calls += 1;
        if let Some(order) = inner.orders.get_mut(number) {
            order.known = known.map_or(order.known, |known| order.known.max(known));
            order.stages = stages.to_vec();
        }
    }

    /// Counts a refusal.
    pub fn refused(&self, code: &'static str) {
        let mut inner = self.inner.lock();
        inner.tally.calls += 1;
        *inner.tally.refused.entry(code).or_default() += 1;
    }

    /// An order as it was acknowledged.
    pub fn order(&self, number: &Code) -> Option<Acknowledged> {
        self.inner.lock().orders.get(number).cloned()
    }

    /// Every order acknowledged so far.
    pub fn orders(&self) -> Vec<(Code, Acknowledged)> {
        self.inner.lock().orders.iter().map(|(number, order)| (number.clone(), order.clone())).collect()
    }

    /// The counts so far.
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
    /// What the server lost of this order, if anything. The server may know more: an answer may not have arrived.
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
