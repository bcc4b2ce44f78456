//! Plans for orders that what is on hand does not serve: the rest is promised out of expected receipts.
//!
//! ```text
//!   short or unroutable, and the channel sells presale
//!      │ each line: what is on hand and reaches the customer; the rest is yet to come
//!      │ each rest: the earliest day by which its units are due
//!      ▼
//!   one plan for what is on hand, and one for each of these days: sub-orders of their own, never mixed in a parcel
//! ```
//!
//! Runs only where an order would be refused, so an order that stock serves pays nothing for it; and over copies, so that it
//! needs no locks.

use std::collections::BTreeMap;

use crate::catalog::Config;
use crate::decision::{Decision, PlannedLine, SubKind};
use crate::engine::plan::copies::Copies;
use crate::engine::plan::decide::{OnHand, Source};
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::scratch::Scratch;
use crate::engine::plan::solve::Planned;
use crate::engine::store::Engine;
use crate::event::Promised;
use crate::ids::{Code, OrderId, SkuId, SubNo, Ticket, WarehouseId};
use crate::limits::ORDER_LINES_MAX;
use crate::reject::{Reject, Short};
use crate::stock::Promisable;
use crate::time::Day;
use crate::units::Units;

/// Plans for what is on hand and for what is yet to come.
pub(in crate::engine) struct Parts {
    /// What is on hand: of no parcels when nothing is.
    pub decision: Decision,
    /// What is yet to come, by the day it is due.
    pub ahead: Vec<Decision>,
    /// The promises, each of no order yet.
    pub made: Vec<Promised>,
    /// The day each of them is due.
    pub days: Vec<Day>,
}

/// An order to be served from what is on hand and what is yet to come.
pub(in crate::engine) struct Ahead<'a> {
    pub engine: &'a Engine,
    pub demand: &'a Demand<'a>,
    pub config: &'a Config,
    /// What there is of each of its SKUs.
    pub copies: &'a Copies,
    /// Whether the categories of its lines choose the weights: they do when the order is placed.
    pub by_category: bool,
    /// How many sub-orders it has already.
    pub subs: usize,
}

/// Why nothing was planned.
pub(in crate::engine) enum Unplanned {
    /// These refuse it.
    No(Reject),
    /// Under locks only: it takes more work than is done there.
    Open,
}

impl From<Reject> for Unplanned {
    fn from(reject: Reject) -> Unplanned {
        Unplanned::No(reject)
    }
}

/// Units of a line, by its index.
type Share = (usize, Units);

impl<'a> Ahead<'a> {
    /// Plans it all, or answers why not. `reject` is what refused it as long as only what is on hand counted.
    pub fn plan(&self, scratch: &mut Scratch, reject: Reject) -> Result<Parts, Unplanned> {
        let reached = self.reached();
        let most = if self.demand.ship_complete { Some(1) } else { self.demand.max_parcels };
        // What is on hand and what is yet to come never share a parcel, so one parcel means one of the two.
        let complete = most == Some(1);
        let (mut here, mut ahead) = (Vec::new(), Vec::new());
        for (line, wanted) in self.demand.lines.iter().enumerate() {
            let on_hand = if complete { Units::ZERO } else { self.on_hand(wanted.sku, &reached).min(wanted.units) };
            let rest = wanted.units.saturating_sub(on_hand);
            here.extend((!on_hand.is_zero()).then_some((line, on_hand)));
            ahead.extend((!rest.is_zero()).then_some((line, rest)));
        }
        if ahead.is_empty() {
            return Err(reject.into());
        }
        let windows = self.windows(&ahead, &reached).ok_or_else(|| self.refusal(reject))?;
        let mut parts = Parts {
            decision: Decision::none(self.config.version()),
            ahead: Vec::new(),
            made: Vec::new(),
            days: Vec::new(),
        };
        if !here.is_empty() {
            parts.decision = self.plan_here(&here, most.map(|most| most - 1), scratch)?;
        }
        let left = most.map(|most| most.saturating_sub(count(parts.decision.subs.len())));
        self.plan_ahead(&windows, left, scratch, &mut parts)?;
        Ok(parts)
    }

    /// Where the order's carriers ship from to its zone, sorted.
    fn reached(&self) -> Vec<WarehouseId> {
        let lanes = self.config.rules.lanes(self.demand.zone.map(|zone| zone.as_str())).all();
        let ours = lanes.iter().filter(|lane| self.demand.carrier.is_none_or(|carrier| carrier == lane.carrier));
        let mut reached: Vec<WarehouseId> = ours.map(|lane| lane.warehouse).collect();
        reached.sort_unstable();
        reached.dedup();
        reached
    }

    fn on_hand(&self, sku: SkuId, reached: &[WarehouseId]) -> Units {
        if self.config.unlimited.iter().any(|unlimited| reached.binary_search(unlimited).is_ok()) {
            return Units::UNLIMITED;
        }
        let cells = self.copies.of(sku).drawable();
        cells.filter(|(warehouse, _)| reached.binary_search(warehouse).is_ok()).map(|(_, units)| units).sum()
    }

    /// What can be promised of a SKU, by warehouse.
    fn promisable(&self, sku: SkuId) -> impl Iterator<Item = (WarehouseId, &'a [Promisable])> + use<'a> {
        self.copies.of(sku).ahead().iter().map(|seen| (seen.warehouse, &seen.parts[..]))
    }

    /// The earliest day by which each share is due where it can be shipped from, and the shares due by it; `None` when too
    /// little is expected of one.
    fn windows(&self, shares: &[Share], reached: &[WarehouseId]) -> Option<BTreeMap<Day, Vec<Share>>> {
        let mut windows: BTreeMap<Day, Vec<Share>> = BTreeMap::new();
        for &(line, units) in shares {
            let here = self.promisable(self.demand.lines[line].sku);
            let here = here.filter(|(warehouse, _)| reached.binary_search(warehouse).is_ok());
            let mut parts: Vec<Promisable> = here.flat_map(|(_, parts)| parts).copied().collect();
            parts.sort_unstable();
            let mut left = units;
            let last = parts.iter().find(|part| {
                left = left.saturating_sub(part.units);
                left.is_zero()
            })?;
            windows.entry(last.day).or_default().push((line, units));
        }
        Some(windows)
    }

    /// Why an order is refused of which too little is expected: what there is of each SKU, on hand and yet to come; or what
    /// refused it before.
    fn refusal(&self, reject: Reject) -> Reject {
        let short = |wanted: &Wanted| {
            let on_hand: Units = self.copies.of(wanted.sku).drawable().map(|(_, units)| units).sum();
            let ahead = self.promisable(wanted.sku).flat_map(|(_, parts)| parts).map(|part| part.units).sum();
            let available = on_hand.saturating_add(ahead);
            (available < wanted.units).then(|| Short { sku: wanted.code.clone(), wanted: wanted.units, available })
        };
        let Reject::InsufficientStock { .. } = reject else { return reject };
        let short: Vec<Short> = if self.config.unlimited.is_empty() {
            self.demand.lines.iter().filter_map(short).collect()
        } else {
            Vec::new()
        };
        if short.is_empty() {
            let reason = "what is on hand and what is yet to come do not reach the customer in as few parcels as asked";
            return Reject::Unroutable { reason: reason.to_owned() };
        }
        Reject::InsufficientStock { short }
    }

    fn plan_here(&self, here: &[Share], most: Option<u16>, scratch: &mut Scratch) -> Result<Decision, Unplanned> {
        let part = self.part(here, most);
        scratch.look_at(&part, self.config, None, self.copies);
        match scratch.plan(&part, self.config, self.engine.price_table().as_deref()) {
            Planned::Plan => {
                let mut source = OnHand::new(&part, self.config, self.copies);
                Ok(scratch.decide(&part, self.config.version(), &mut source))
            }
            Planned::No(reject) => Err(reject.into()),
            Planned::Open => Err(Unplanned::Open),
        }
    }

    /// Plans what is yet to come: each share by its own earliest day; when that takes too many parcels or finds no way, all
    /// of them by the latest of these days; then whenever they come.
    fn plan_ahead(
        &self,
        windows: &BTreeMap<Day, Vec<Share>>,
        most: Option<u16>,
        scratch: &mut Scratch,
        parts: &mut Parts,
    ) -> Result<(), Unplanned> {
        let mut all: Vec<Share> = windows.values().flatten().copied().collect();
        all.sort_unstable();
        let latest = windows.keys().next_back().copied().unwrap_or_default();
        let ways = [windows.clone(), BTreeMap::from([(latest, all.clone())]), BTreeMap::from([(Day(u32::MAX), all)])];
        let mut why = None;
        for way in &ways {
            match self.try_ahead(way, most, scratch, parts) {
                Ok(()) => return Ok(()),
                Err(Unplanned::No(reject)) => why = Some(reject),
                Err(Unplanned::Open) => return Err(Unplanned::Open),
            }
            parts.ahead.clear();
            parts.made.clear();
            parts.days.clear();
        }
        Err(why.expect("every way was tried").into())
    }

    fn try_ahead(
        &self,
        windows: &BTreeMap<Day, Vec<Share>>,
        most: Option<u16>,
        scratch: &mut Scratch,
        parts: &mut Parts,
    ) -> Result<(), Unplanned> {
        let mut left = most;
        for (day, shares) in windows {
            if left == Some(0) {
                let reason = "what is yet to come does not fit into the parcels that are left";
                return Err(Reject::Unroutable { reason: reason.to_owned() }.into());
            }
            let part = self.part(shares, left);
            scratch.view.clear();
            for line in &part.lines {
                let due = |part: &Promisable| part.day <= *day;
                let cells = self.promisable(line.sku).map(|(warehouse, parts)| {
                    (warehouse, parts.iter().filter(|part| due(part)).map(|part| part.units).sum())
                });
                scratch.view.offer(line.units, cells);
            }
            match scratch.plan(&part, self.config, None) {
                Planned::Plan => {}
                Planned::No(reject) => return Err(reject.into()),
                Planned::Open => return Err(Unplanned::Open),
            }
            let before: usize = parts.ahead.iter().map(|decision| decision.subs.len()).sum();
            let first = SubNo(count(self.subs + parts.decision.subs.len() + before + 1));
            let (made, days) = (&mut parts.made, &mut parts.days);
            let opened = made.len();
            let mut source = Promises { ahead: self, by: *day, sub: first, opened, made, days };
            let decision = scratch.decide(&part, self.config.version(), &mut source);
            left = left.map(|left| left.saturating_sub(count(decision.subs.len())));
            parts.ahead.push(decision);
        }
        Ok(())
    }

    /// The order as if it wanted only these units.
    fn part(&self, shares: &[Share], most: Option<u16>) -> Demand<'a> {
        let line = |&(line, units): &Share| Wanted { units, ..self.demand.lines[line].clone() };
        let mut part = Demand { max_parcels: most, lines: shares.iter().map(line).collect(), ..self.demand.clone() };
        part.category = self.category(&part.lines);
        part
    }

    /// The category that these lines have in common.
    fn category(&self, lines: &[Wanted]) -> Option<Code> {
        let of = |line: &Wanted| self.engine.skus.find(&line.code).and_then(|sku| sku.category);
        let first = lines.first().and_then(of).filter(|_| self.by_category)?;
        lines[1..].iter().all(|line| of(line).as_ref() == Some(&first)).then_some(first)
    }
}

/// Goods that are yet to come, drawn from the earliest receipts.
struct Promises<'p, 'a> {
    ahead: &'p Ahead<'a>,
    /// Receipts due later are left alone.
    by: Day,
    /// The sub-order under way.
    sub: SubNo,
    /// Where its promises begin.
    opened: usize,
    made: &'p mut Vec<Promised>,
    days: &'p mut Vec<Day>,
}

impl Source for Promises<'_, '_> {
    fn begin(&mut self, _parcels: usize) {}

    /// Promises units of a cell, besides what this order was promised already.
    fn draw(&mut self, sku: SkuId, warehouse: WarehouseId, units: Units, lines: &mut Vec<PlannedLine>) {
        let seen = self.ahead.copies.of(sku).ahead_at(warehouse).expect("a plan draws from cells that expect units");
        let mut left = units;
        for part in seen.parts.iter().filter(|part| part.day <= self.by) {
            let same_cell = || self.made.iter().filter(|m| (m.sku, m.warehouse) == (sku, warehouse));
            let used: Units = same_cell().filter(|m| m.receipt == part.receipt).map(|m| m.units).sum();
            let units = part.units.saturating_sub(used).min(left);
            if units.is_zero() {
                continue;
            }
            left = left.saturating_sub(units);
            let ticket = ticket_after(seen.next, same_cell().count());
            let (receipt, pool, order, sub) = (part.receipt, part.pool, OrderId::default(), self.sub);
            self.days.push(part.day);
            self.made.push(Promised { sku, warehouse, ticket, rank: ticket, receipt, pool, order, sub, units });
            match lines.iter_mut().find(|line| (line.sku, line.pool) == (sku, pool)) {
                Some(line) => line.units = line.units.saturating_add(units),
                None => lines.push(PlannedLine { sku, pool, units }),
            }
        }
        debug_assert!(left.is_zero(), "the plan drew more than it saw");
    }

    fn close(&mut self) -> SubKind {
        let day = self.days[self.opened..].iter().max().copied().unwrap_or_default();
        self.opened = self.made.len();
        self.sub = SubNo(self.sub.0.saturating_add(1));
        SubKind::Presale(day)
    }

    fn is_supplied(&self, _warehouse: WarehouseId) -> bool {
        false
    }
}

/// The ticket of a promise after `made` others of one plan.
pub(super) fn ticket_after(next: Ticket, made: usize) -> Ticket {
    Ticket(next.0.saturating_add(u32::try_from(made).unwrap_or(u32::MAX)))
}

/// A number of parcels: a plan has few.
fn count(parcels: usize) -> u16 {
    u16::try_from(parcels).unwrap_or(u16::MAX)
}

const _: () = assert!(ORDER_LINES_MAX < u16::MAX as usize);
