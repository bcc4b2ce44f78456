//! The allowed outcomes of returns, inspections, and of orders that change their minds.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::command::{Inspected, Line, Raise, Split};
use stockade_core::ids::{Code, SkuId, WarehouseId};
use stockade_core::limits::LINE_UNITS_MAX;
use stockade_core::orders::{OrderState, Stage};

use super::Model;
use super::allowed::Allowed;
use super::cover::Wish;
use super::lifecycle;
use super::orders::{Order, Sub};

/// Units by SKU, and the warehouse they are at.
type Piles = BTreeMap<(SkuId, WarehouseId), u64>;

impl Model {
    pub(super) fn judge_return(&self, sub: &Sub, lines: &[Line], to: Option<&Code>) -> Allowed {
        if !lifecycle::takes_returns(sub.stage) {
            return Allowed::refuse("illegal_step");
        }
        if let Some(to) = to {
            let Some((id, place)) = self.place(to) else { return Allowed::refuse("unknown_warehouse") };
            if id != sub.warehouse && place {
                return Allowed::refuse("invalid");
            }
        }
        let mut out = Piles::new();
        for ((sku, _), line) in &sub.lines {
            *out.entry((*sku, sub.warehouse)).or_default() += line.out();
        }
        self.judge_units(&out, lines.iter().map(|l| (&l.sku, l.units.0)).collect())
    }

    pub(super) fn judge_inspect(&self, sub: &Sub, results: &[Inspected], at: Option<&Code>) -> Allowed {
        if !lifecycle::takes_returns(sub.stage) && sub.stage != Stage::Lost {
            return Allowed::refuse("illegal_step");
        }
        let mut waits = sub.inspected_at();
        if let Some(at) = at {
            let Some((id, _)) = self.place(at) else { return Allowed::refuse("unknown_warehouse") };
            waits.retain(|(_, warehouse), _| *warehouse == id);
        }
        let named: Vec<(&Code, u64)> = results.iter().map(|r| (&r.sku, r.intact.0 + r.damaged.0)).collect();
        let places = |code: &Code| waits.keys().filter(|(sku, _)| Some(*sku) == self.sku(code)).count();
        let is_open = named.iter().any(|(code, _)| places(code) > 1);
        match self.judge_units(&waits, named) {
            Allowed { done: true, .. } if is_open => Allowed::refuse("invalid"),
            allowed => allowed,
        }
    }

    /// A warehouse, and whether it never runs short.
    fn place(&self, code: &Code) -> Option<(WarehouseId, bool)> {
        let world = self.world.as_ref()?;
        let id = world.warehouse_id(code)?;
        Some((id, world.warehouse(id)?.unlimited))
    }

    /// Named units must be there; no names mean all, which must be some.
    fn judge_units(&self, there: &Piles, named: Vec<(&Code, u64)>) -> Allowed {
        let mut left: BTreeMap<SkuId, u64> = BTreeMap::new();
        for ((sku, _), units) in there {
            *left.entry(*sku).or_default() += units;
        }
        if named.is_empty() && left.values().sum::<u64>() == 0 {
            return Allowed::refuse("invalid");
        }
        let mut taken = 0;
        for (code, units) in &named {
            let Some(sku) = self.sku(code) else { return Allowed::refuse("unknown_sku").or_refuse("invalid") };
            let left = left.entry(sku).or_default();
            match left.checked_sub(*units) {
                Some(rest) => *left = rest,
                None => return Allowed::refuse("invalid").or_refuse("unknown_sku"),
            }
            taken += units;
        }
        if !named.is_empty() && taken == 0 { Allowed::refuse("invalid") } else { Allowed::must() }
    }

    pub(super) fn judge_raise(&self, order: &Order, state: OrderState, raise: &Raise) -> Allowed {
        if state != OrderState::Held {
            return Allowed::refuse("illegal_step");
        }
        let Some(sku) = self.sku(&raise.line.sku) else { return Allowed::refuse("unknown_sku") };
        if !order.skus().contains(&sku) {
            return Allowed::refuse("illegal_step");
        }
        let has: u64 = order.subs.iter().filter(|sub| !sub.is_gone()).map(|sub| sub.units_of(sku)).sum();
        if has + raise.line.units.0 > LINE_UNITS_MAX {
            return Allowed::refuse("invalid");
        }
        let max_parcels = order.parcels_for_review();
        if max_parcels == Some(0) {
            return Allowed::refuse("unroutable");
        }
        let demand = BTreeMap::from([(sku, raise.line.units.0)]);
        let pools = self.pools_for(order.channel, false);
        self.serve(&Wish { max_parcels, ..self.again(order, &demand, &pools) })
    }

    pub(super) fn judge_split(&self, order: &Order, state: OrderState, split: &Split) -> Allowed {
        let Ok(sub) = order.sub(split.sub.0) else { return Allowed::refuse("unknown_sub_order") };
        let is_open = state == OrderState::Paid && matches!(sub.stage, Stage::Allocated | Stage::Picking);
        if !is_open || order.parcels_for(sub, 0) == Some(0) {
            return Allowed::refuse("illegal_step");
        }
        let codes: BTreeSet<&Code> = split.lines.iter().map(|line| &line.sku).collect();
        let units: u64 = split.lines.iter().map(|line| line.units.0).sum();
        if codes.len() < split.lines.len() || units == 0 {
            return Allowed::refuse("invalid");
        }
        let mut there = Piles::new();
        for ((sku, _), line) in &sub.lines {
            *there.entry((*sku, sub.warehouse)).or_default() += line.units;
        }
        match self.judge_units(&there, split.lines.iter().map(|l| (&l.sku, l.units.0)).collect()) {
            Allowed { done: true, .. } if units == sub.units() => Allowed::refuse("invalid"),
            allowed => allowed,
        }
    }
}
