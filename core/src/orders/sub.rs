//! A sub-order with its lines, as it stands.

use bincode::Encode;

use crate::decision::{CostParts, Figures, PlannedLine, PlannedSub, SubKind};
use crate::heap::behind;
use crate::ids::{CarrierId, Code, PoolId, SkuId, WarehouseId};
use crate::orders::{Action, Stage, Step, StepSet, Verdict, verdict, verdict_of};
use crate::units::Units;

/// A sub-order: one parcel.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct SubOrder {
    /// Ships from here.
    pub warehouse: WarehouseId,
    /// Ships with this carrier.
    pub carrier: CarrierId,
    /// Its kind.
    pub kind: SubKind,
    /// Hours until delivery, as promised.
    pub hours: u32,
    /// Parcel weight in grams, of what is still in it.
    pub weight_g: u64,
    /// The money by part, for what is still in it.
    pub parts: CostParts,
    /// Weight and money as first promised, where they were others.
    pub first: Option<Box<Figures>>,
    /// Whether its units come from the supplier of an unlimited warehouse.
    pub from_supplier: bool,
    /// Where it stands.
    pub stage: Stage,
    /// Warehouse steps done.
    pub steps: StepSet,
    /// Units of it that are yet to come; none but where the stage says so.
    pub waiting: u32,
    /// The waybill, once labelled.
    pub waybill: Option<Code>,
    /// What is in it.
    pub lines: Vec<SubLine>,
}

/// Units of one SKU from one pool in a sub-order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub struct SubLine {
    /// The SKU.
    pub sku: SkuId,
    /// The pool they were drawn from.
    pub pool: PoolId,
    /// Units as promised.
    pub promised: Units,
    /// Units still in it: promised less cancelled and missing ones.
    pub units: Units,
    /// Units that came back and wait for inspection.
    pub in_inspection: Units,
    /// Units that came back, ever.
    pub returned: Units,
}

behind! {
    SubOrder { first, waybill, lines }
    SubLine {}
}

impl SubLine {
    /// Units as promised.
    pub fn new(sku: SkuId, pool: PoolId, units: Units) -> SubLine {
        let none = Units::ZERO;
        SubLine { sku, pool, promised: units, units, in_inspection: none, returned: none }
    }

    /// Units that did not come back.
    pub fn out(&self) -> Units {
        self.units.saturating_sub(self.returned)
    }
}

impl SubOrder {
    /// A sub-order as planned.
    pub fn new(planned: &PlannedSub, stage: Stage) -> SubOrder {
        let line = |l: &PlannedLine| SubLine::new(l.sku, l.pool, l.units);
        let mut sub = SubOrder {
            warehouse: planned.warehouse,
            carrier: planned.carrier,
            kind: planned.kind,
            hours: planned.hours,
            weight_g: planned.weight_g,
            parts: planned.parts,
            first: None,
            from_supplier: planned.from_supplier,
            stage,
            steps: StepSet::EMPTY,
            waiting: 0,
            waybill: None,
            lines: planned.lines.iter().map(line).collect(),
        };
        if stage.is_ahead() {
            // An order's units fit: see [`crate::limits`].
            sub.waiting = u32::try_from(sub.units().0).unwrap_or(u32::MAX);
        }
        sub
    }

    /// Units that it waited for came or were given up. When none are left it goes on as if it had been served from stock;
    /// `None` when it waits for fewer.
    pub fn wait_less(&mut self, units: Units) -> Option<()> {
        self.waiting = self.waiting.checked_sub(u32::try_from(units.0).ok()?)?;
        if self.waiting == 0
            && let Verdict::To(stage) = verdict(self.stage, Action::Arrive)
        {
            self.stage = stage;
        }
        Some(())
    }

    /// Weight and money as first promised.
    pub fn promise(&self) -> Figures {
        self.first.as_deref().copied().unwrap_or(Figures { weight_g: self.weight_g, parts: self.parts })
    }

    /// Takes over what is left of weight and money after units were taken out of it.
    pub fn refigure(&mut self, left: Figures) {
        let promise = self.promise();
        self.first = (promise != left).then(|| Box::new(promise));
        (self.weight_g, self.parts) = (left.weight_g, left.parts);
    }

    /// Units still in it.
    pub fn units(&self) -> Units {
        self.lines.iter().map(|l| l.units).sum()
    }

    /// Its line of a SKU from a pool.
    pub fn line_mut(&mut self, sku: SkuId, pool: PoolId) -> Option<&mut SubLine> {
        let is_it = |line: &SubLine| line.sku == sku && line.pool == pool;
        // Lines nearly always stand by SKU, so that a long sub-order need not be looked through for each of them.
        let from = self.lines.partition_point(|line| line.sku < sku);
        let near = self.lines[from..].iter().take_while(|line| line.sku == sku).position(is_it);
        let at = near.map(|near| from + near).or_else(|| self.lines.iter().position(is_it))?;
        Some(&mut self.lines[at])
    }

    /// Whether it was given up or lapsed before it left.
    pub fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Cancelled | Stage::Expired)
    }

    /// Whether nothing of it goes on: it was given up, lapsed, or was lost with all that was in it.
    pub fn is_closed(&self) -> bool {
        self.is_gone() || (self.stage == Stage::Lost && self.units().is_zero())
    }

    /// Whether it left and everything in it came back.
    pub fn is_back(&self) -> bool {
        self.stage.has_left() && self.lines.iter().all(|line| line.out().is_zero())
    }

    /// What the table says of an action on it; a parcel of which everything came back goes nowhere.
    pub fn verdict(&self, action: Action) -> Verdict {
        verdict_of(self.stage, self.is_back(), action)
    }

    /// Units were taken out of its box: it is to be packed, weighed and labelled anew. Answers whether it was packed.
    pub fn reopen(&mut self) -> bool {
        self.steps = self.steps.after(Step::Unpack);
        self.waybill = None;
        let was_packed = self.stage == Stage::Packed;
        if was_packed {
            self.stage = Stage::Picking;
        }
        was_packed
    }

    /// How much work was done on it before it leaves: by its stage, then by the steps that were done.
    pub fn work_done(&self) -> (u8, usize) {
        let by_stage = match self.stage {
            Stage::Held | Stage::Promised | Stage::Waiting | Stage::Allocated => 0,
            Stage::Picking => 1,
            Stage::Packed => 2,
            Stage::Outbound
            | Stage::PickedUp
            | Stage::Undelivered
            | Stage::Delivered
            | Stage::Confirmed
            | Stage::Cancelled
            | Stage::Expired
            | Stage::Lost => 3,
        };
        (by_stage, self.steps.iter().count())
    }

    /// Takes out what did not come back, by SKU in the order of the lines.
    pub fn take_out(&mut self) -> Vec<(SkuId, Units)> {
        let lost = |line: &mut SubLine| {
            let units = line.out();
            line.units = line.returned;
            (!units.is_zero()).then_some((line.sku, units))
        };
        self.lines.iter_mut().filter_map(lost).collect()
    }
}
