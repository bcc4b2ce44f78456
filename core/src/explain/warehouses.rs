//! Why each warehouse ships nothing or only a part.

use crate::catalog::Codes;
use crate::ids::{CarrierId, Code, WarehouseId};
use crate::money::Money;
use crate::reply::{OutReason, WarehouseSeen};
use crate::routing::{ParcelPlan, Problem};
use crate::rules::{NoLane, RuleSet};
use crate::units::Units;

use super::alternatives::Alternatives;

/// A decision with everything that explains it.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The rules it was made under.
    pub rules: &'a RuleSet,
    /// Codes for ids.
    pub codes: &'a Codes,
    /// The destination zone.
    pub zone: Option<&'a Code>,
    /// The carrier the order requires.
    pub carrier: Option<CarrierId>,
    /// The warehouse left out because a pick there came up short.
    pub without: Option<WarehouseId>,
    /// The problem that was solved.
    pub problem: &'a Problem,
    /// The SKUs of its lines.
    pub skus: &'a [Code],
    /// Units that could be drawn by line and warehouse, up to the units wanted.
    pub seen: &'a [Vec<(WarehouseId, u64)>],
}

/// The warehouses that had any of the goods, or were left out after a short pick, and the codes of those that had
/// nothing.
pub fn warehouses(scene: &Scene<'_>, found: &Alternatives) -> (Vec<WarehouseSeen>, Vec<Code>) {
    let Some(chosen) = found.plans.first() else { return (Vec::new(), Vec::new()) };
    let (mut seen, mut empty) = (Vec::new(), Vec::new());
    for warehouse in scene.rules.warehouses() {
        let (id, code) = (warehouse.id, warehouse.code.clone());
        let stock: Vec<Units> = (0..scene.skus.len()).map(|line| scene.stock(id, line)).collect();
        let used = chosen.parcels.iter().filter(|parcel| scene.warehouse(parcel) == id).count();
        if used == 0 && scene.without != Some(id) && stock.iter().all(|units| units.is_zero()) {
            empty.push(code);
            continue;
        }
        let site = scene.problem.sites.iter().position(|site| *site == id);
        let alone = site.and_then(|site| found.alone[site]).map(|score| Money(score - chosen.score));
        let everything = used > 0 && used == chosen.parcels.len();
        let out = if everything { Vec::new() } else { scene.reasons(id, &stock, used > 0, alone) };
        seen.push(WarehouseSeen { warehouse: code, chosen: used > 0, stock, alone, out });
    }
    (seen, empty)
}

impl Scene<'_> {
    fn warehouse(&self, parcel: &ParcelPlan) -> WarehouseId {
        self.problem.sites[usize::from(self.problem.lanes[usize::from(parcel.lane)].site)]
    }

    fn stock(&self, warehouse: WarehouseId, line: usize) -> Units {
        let here = self.seen[line].iter().find(|(id, _)| *id == warehouse);
        Units(here.map_or(0, |(_, units)| (*units).min(self.problem.lines[line].units)))
    }

    fn reasons(&self, id: WarehouseId, stock: &[Units], chosen: bool, alone: Option<Money>) -> Vec<OutReason> {
        if self.without == Some(id) {
            return vec![OutReason::PickedShort];
        }
        let zone = self.zone.map(Code::as_str);
        let lanes = self.rules.lanes(zone).from(id);
        if lanes.is_empty() {
            return self.no_lanes(id, zone);
        }
        if let Some(wanted) = self.carrier
            && !lanes.iter().any(|lane| lane.carrier == wanted)
        {
            let banned = self.rules.no_lane(id, wanted, zone) == Some(NoLane::Banned);
            let wanted = self.codes.of_carrier(wanted);
            return vec![if banned {
                OutReason::Banned { carrier: wanted }
            } else {
                OutReason::OtherCarrier { wanted }
            }];
        }
        let mut out = self.ceilings(id, stock);
        let lines = self.problem.lines.iter().zip(self.skus).zip(stock);
        let short: Vec<(Code, Units, Units)> = lines
            .filter(|((line, _), here)| here.0 < line.units)
            .map(|((line, sku), here)| (sku.clone(), Units(line.units), *here))
            .collect();
        if !short.is_empty() {
            out.push(OutReason::Lacks { short });
            if let (false, Some(most)) = (chosen, self.problem.max_parcels.filter(|most| *most < 2)) {
                out.push(OutReason::ParcelLimit { most });
            }
        } else if let (false, Some(by)) = (chosen, alone) {
            // Another carrier stays below its ceiling, so a ceiling is not the reason.
            out.clear();
            out.push(if by < Money::ZERO {
                OutReason::OwnFirst { by: Money(-by.0) }
            } else {
                OutReason::NoBetter { by }
            });
        }
        out
    }

    fn no_lanes(&self, id: WarehouseId, zone: Option<&str>) -> Vec<OutReason> {
        let banned =
            self.rules.carriers().filter(|carrier| self.rules.no_lane(id, *carrier, zone) == Some(NoLane::Banned));
        let bans: Vec<OutReason> =
            banned.map(|carrier| OutReason::Banned { carrier: self.codes.of_carrier(carrier) }).collect();
        if bans.is_empty() { vec![OutReason::NoRate] } else { bans }
    }

    /// The lanes whose ceiling forbids one parcel with all the units available here.
    fn ceilings(&self, id: WarehouseId, stock: &[Units]) -> Vec<OutReason> {
        let units: u64 = stock.iter().map(|units| units.0).sum();
        let lines = self.problem.lines.iter().zip(stock);
        let weight: u64 = lines.map(|(line, units)| units.0 * u64::from(line.weight_g)).sum();
        let here = self.problem.lanes.iter().filter(|lane| self.problem.sites[usize::from(lane.site)] == id);
        here.filter_map(|lane| {
            let cost = lane.rate.parts(units, weight, self.problem.kg_step_g).total();
            let ceiling = lane.ceiling.filter(|ceiling| cost > *ceiling)?;
            Some(OutReason::Ceiling { carrier: self.codes.of_carrier(lane.carrier), cost, ceiling })
        })
        .collect()
    }
}
