//! The JSON lines of a replay.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use stockade_core::decision::CostParts;
use stockade_core::engine::Released;
use stockade_core::ids::{Code, Seq};
use stockade_core::money::Money;
use stockade_core::reject::Short;
use stockade_core::reply::{PlanView, SubLineView, SubOrderView};
use stockade_core::units::Units;

use super::target::Target;
use crate::disk;
use crate::failure::Failure;
use crate::files::InboundRow;

/// Bytes of lines kept back until their decisions are durable.
const BLOCK_BYTES: usize = 1 << 20;

/// What was decided about an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Verdict {
    /// Stock is held.
    Placed,
    /// Nothing is held.
    Refused,
    /// The same order again.
    Duplicate,
    /// Another order under a known id.
    Conflict,
}

/// One decision, as a line.
#[derive(Serialize)]
pub(super) struct DecisionLine<'a> {
    /// Only for placed orders: refusals and repeats make no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
    pub(super) order: &'a str,
    pub(super) channel: &'a str,
    pub(super) outcome: &'static str,
    pub(super) code: Option<&'a str>,
    pub(super) rules_version: u32,
    pub(super) cost: Option<Money>,
    pub(super) score: Option<Money>,
    pub(super) sub_orders: Vec<SubOrderLine<'a>>,
    pub(super) short: Vec<ShortLine<'a>>,
}

#[derive(Serialize)]
pub(super) struct SubOrderLine<'a> {
    no: u16,
    warehouse: &'a str,
    carrier: &'a str,
    kind: &'static str,
    hours: u32,
    weight_g: u64,
    cost: Money,
    parts: PartsLine,
    lines: Vec<SkuLine<'a>>,
}

#[derive(Serialize)]
struct PartsLine {
    parcel: Money,
    unit: Money,
    first_kg: Money,
    further_kg: Money,
}

#[derive(Serialize)]
struct SkuLine<'a> {
    sku: &'a str,
    qty: Units,
    pool: &'a str,
}

#[derive(Serialize)]
pub(super) struct ShortLine<'a> {
    sku: &'a str,
    wanted: Units,
    available: Units,
}

#[derive(Serialize)]
struct ReleaseLine<'a> {
    seq: u64,
    order: &'a str,
    event: &'static str,
    lines: Vec<CellLine<'a>>,
}

#[derive(Serialize)]
struct CellLine<'a> {
    sku: &'a str,
    warehouse: &'a str,
    qty: i64,
}

/// What suppliers announced or delivered.
#[derive(Serialize)]
struct DeliveryLine<'a> {
    seq: u64,
    /// Always `null`: it concerns no order.
    order: Option<&'a str>,
    reference: Option<&'a str>,
    event: &'static str,
    lines: [CellLine<'a>; 1],
}

/// What a release line reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReleaseKind {
    /// A reservation hold expired.
    Expired,
    /// An order was cancelled.
    Cancelled,
    /// An expired order was paid and held again: the quantities are negative.
    PaidLate,
}

/// Units of a SKU at a warehouse: positive when they come free, negative when they are taken.
pub(super) type CellChange = (Code, Code, i64);

impl Verdict {
    /// The name in lines and summaries.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Verdict::Placed => "placed",
            Verdict::Refused => "refused",
            Verdict::Duplicate => "duplicate",
            Verdict::Conflict => "conflict",
        }
    }
}

impl ReleaseKind {
    const fn name(self) -> &'static str {
        match self {
            ReleaseKind::Expired => "expired",
            ReleaseKind::Cancelled => "cancelled",
            ReleaseKind::PaidLate => "paid_late",
        }
    }
}

/// The file of lines. A line is written once its decision is durable.
pub(super) struct LineFile {
    path: PathBuf,
    file: BufWriter<File>,
    block: Vec<u8>,
}

impl LineFile {
    pub(super) fn create(path: &Path) -> Result<LineFile, Failure> {
        let file = disk::output(path).map_err(|e| cannot_write(path, &e))?;
        Ok(LineFile { path: path.to_owned(), file: BufWriter::new(file), block: Vec::with_capacity(BLOCK_BYTES) })
    }

    /// Adds a decision.
    pub(super) fn decision(&mut self, line: &DecisionLine<'_>, target: &dyn Target) -> Result<(), Failure> {
        self.add(line, target)
    }

    /// Adds what came free or was taken again.
    pub(super) fn release(
        &mut self,
        seq: Seq,
        order: &Code,
        kind: ReleaseKind,
        cells: &[CellChange],
        target: &dyn Target,
    ) -> Result<(), Failure> {
        let lines = cells.iter().map(|(sku, warehouse, qty)| CellLine {
            sku: sku.as_str(),
            warehouse: warehouse.as_str(),
            qty: *qty,
        });
        let line = ReleaseLine { seq: seq.0, order: order.as_str(), event: kind.name(), lines: lines.collect() };
        self.add(&line, target)
    }

    /// Adds what was announced or delivered: `change` more units are there or to come.
    pub(super) fn delivery(
        &mut self,
        seq: Seq,
        row: &InboundRow,
        change: i64,
        target: &dyn Target,
    ) -> Result<(), Failure> {
        let cell = CellLine { sku: row.sku.as_str(), warehouse: row.warehouse.as_str(), qty: change };
        let reference = row.reference.as_ref().map(Code::as_str);
        let line = DeliveryLine { seq: seq.0, order: None, reference, event: row.event(), lines: [cell] };
        self.add(&line, target)
    }

    /// Writes everything out.
    pub(super) fn finish(mut self, target: &dyn Target) -> Result<(), Failure> {
        self.write_block(target)?;
        self.file.flush().map_err(|e| cannot_write(&self.path, &e))
    }

    fn add(&mut self, line: &impl Serialize, target: &dyn Target) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.block, line).map_err(Failure::failed)?;
        self.block.push(b'\n');
        if self.block.len() >= BLOCK_BYTES { self.write_block(target) } else { Ok(()) }
    }

    fn write_block(&mut self, target: &dyn Target) -> Result<(), Failure> {
        target.settle()?;
        self.file.write_all(&self.block).map_err(|e| cannot_write(&self.path, &e))?;
        self.block.clear();
        Ok(())
    }
}

/// The sub-orders of a plan.
pub(super) fn sub_orders(plan: &PlanView) -> Vec<SubOrderLine<'_>> {
    plan.sub_orders.iter().map(sub_order).collect()
}

/// The short SKUs of a refusal.
pub(super) fn shorts(short: &[Short]) -> Vec<ShortLine<'_>> {
    short.iter().map(|s| ShortLine { sku: s.sku.as_str(), wanted: s.wanted, available: s.available }).collect()
}

/// The cells of an expiry.
pub(super) fn released_cells(released: &Released) -> Vec<CellChange> {
    let signed = |units: Units| i64::try_from(units.0).unwrap_or(i64::MAX);
    let all = released.lines.iter().chain(&released.ahead);
    all.map(|(sku, warehouse, units)| (sku.clone(), warehouse.clone(), signed(*units))).collect()
}

fn sub_order(sub: &SubOrderView) -> SubOrderLine<'_> {
    let CostParts { parcel, unit, first_kg, further_kg } = sub.parts;
    SubOrderLine {
        no: sub.no.0,
        warehouse: sub.warehouse.as_str(),
        carrier: sub.carrier.as_str(),
        kind: sub.kind.name(),
        hours: sub.hours,
        weight_g: sub.weight_g,
        cost: sub.cost,
        parts: PartsLine { parcel, unit, first_kg, further_kg },
        lines: sub.lines.iter().map(sku_line).collect(),
    }
}

fn sku_line(line: &SubLineView) -> SkuLine<'_> {
    SkuLine { sku: line.sku.as_str(), qty: line.units, pool: line.pool.as_str() }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: cannot be written: {error}", path.display()))
}
