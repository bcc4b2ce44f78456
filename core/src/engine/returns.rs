//! Units that come back: into inspection, and from there on sale again or not.

use crate::command::{Inspected, Line};
use crate::engine::Engine;
use crate::engine::demand::invalid;
use crate::event::{Event, Move, ReturnInspected, ReturnReceived, SubTake};
use crate::ids::{Code, SkuId, SubNo};
use crate::orders::{Order, SubLine, SubOrder, bucket_of};
use crate::reject::{CodeKind, Reject};
use crate::stock::Bucket;
use crate::units::Units;

impl Engine {
    /// Decides a return: the units go into inspection, where nobody can be promised them.
    pub(super) fn take_back(&self, order: &Order, no: SubNo, lines: &[Line]) -> Result<Event, Reject> {
        let sub = order.sub(no).expect("permitted has found it");
        let wanted = if lines.is_empty() {
            totals(sub, SubLine::out)
        } else {
            lines.iter().map(|line| Ok((self.sku_id(&line.sku)?, line.units))).collect::<Result<_, Reject>>()?
        };
        let mut takes = Vec::new();
        for (sku, units) in wanted {
            self.spread(no, sub, sku, units, &mut takes, SubLine::out, "are out")?;
        }
        non_empty(&takes, "nothing of it is out")?;
        let into = |take: &SubTake| Move {
            sku: take.sku,
            warehouse: sub.warehouse,
            from: bucket_of(sub.stage, take.pool).expect("what went out stands in a bucket"),
            to: Bucket::Inspection,
            units: take.units,
        };
        let moves = takes.iter().map(into).collect();
        Ok(Event::ReturnReceived(ReturnReceived { order: order.id, takes, moves }))
    }

    /// Decides an inspection: intact units go back on sale in the pool they were drawn from, damaged ones never do.
    pub(super) fn inspect(&self, order: &Order, no: SubNo, lines: &[Inspected]) -> Result<Event, Reject> {
        let sub = order.sub(no).expect("permitted has found it");
        let waiting = |line: &SubLine| line.in_inspection;
        let all = totals(sub, waiting).into_iter().map(|(sku, units)| Ok((sku, units, Units::ZERO)));
        let given = lines.iter().map(|line| Ok((self.sku_id(&line.sku)?, line.intact, line.damaged)));
        let results: Vec<(SkuId, Units, Units)> = if lines.is_empty() {
            all.collect::<Result<_, Reject>>()?
        } else {
            given.collect::<Result<_, Reject>>()?
        };
        let (mut takes, mut moves) = (Vec::new(), Vec::new());
        let (mut intact, mut damaged) = (Units::ZERO, Units::ZERO);
        for (sku, good, bad) in results {
            let first = takes.len();
            self.spread(no, sub, sku, good.saturating_add(bad), &mut takes, waiting, "wait for inspection")?;
            let mut good_left = good;
            for take in &takes[first..] {
                let fine = take.units.min(good_left);
                good_left = good_left.saturating_sub(fine);
                let (warehouse, from) = (sub.warehouse, Bucket::Inspection);
                let parts = [
                    (Bucket::free(sub.from_supplier, take.pool), fine),
                    (Bucket::Damaged, take.units.saturating_sub(fine)),
                ];
                let moved = parts.into_iter().filter(|(_, units)| !units.is_zero());
                moves.extend(moved.map(|(to, units)| Move { sku, warehouse, from, to, units }));
            }
            intact = intact.saturating_add(good);
            damaged = damaged.saturating_add(bad);
        }
        non_empty(&takes, "nothing of it waits for inspection")?;
        Ok(Event::ReturnInspected(ReturnInspected { order: order.id, takes, intact, damaged, moves }))
    }

    /// Spreads units of a SKU over the sub-order's lines of it, as far as each still has some beside those taken.
    #[allow(clippy::too_many_arguments)]
    fn spread(
        &self,
        no: SubNo,
        sub: &SubOrder,
        sku: SkuId,
        units: Units,
        takes: &mut Vec<SubTake>,
        has: impl Fn(&SubLine) -> Units,
        what: &str,
    ) -> Result<(), Reject> {
        let mut left = units;
        for line in sub.lines.iter().filter(|line| line.sku == sku) {
            let used: Units = takes.iter().filter(|t| t.sku == sku && t.pool == line.pool).map(|t| t.units).sum();
            let take = has(line).saturating_sub(used).min(left);
            if !take.is_zero() {
                left = left.saturating_sub(take);
                takes.push(SubTake { sub: no, sku, pool: line.pool, units: take });
            }
        }
        if left.is_zero() {
            return Ok(());
        }
        let code = self.skus.code(sku).map(|code| code.to_string()).unwrap_or_default();
        let there = units.saturating_sub(left);
        Err(invalid("lines", format!("{units} units of {code} named, {there} {what}")))
    }

    fn sku_id(&self, code: &Code) -> Result<SkuId, Reject> {
        let unknown = || Reject::Unknown { kind: CodeKind::Sku, codes: vec![code.clone()] };
        self.skus.find(code).map(|sku| sku.id).ok_or_else(unknown)
    }
}

fn totals(sub: &SubOrder, units: impl Fn(&SubLine) -> Units) -> Vec<(SkuId, Units)> {
    let mut totals: Vec<(SkuId, Units)> = Vec::new();
    for line in &sub.lines {
        match totals.iter_mut().find(|(sku, _)| *sku == line.sku) {
            Some((_, total)) => *total = total.saturating_add(units(line)),
            None => totals.push((line.sku, units(line))),
        }
    }
    totals
}

fn non_empty(takes: &[SubTake], reason: &str) -> Result<(), Reject> {
    if takes.is_empty() { Err(invalid("lines", reason.to_owned())) } else { Ok(()) }
}
