//! Why there is no plan.

use crate::catalog::Config;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::scratch::Scratch;
use crate::reject::{Reject, Short};
use crate::units::counted;

impl Scratch {
    /// The lines of which there is too little anywhere, with what could be drawn.
    pub(super) fn shorts(&self, demand: &Demand<'_>) -> Vec<Short> {
        let pairs = demand.lines.iter().zip(&self.view.lines);
        pairs
            .filter(|(wanted, seen)| seen.total < wanted.units)
            .map(|(wanted, seen)| Short { sku: wanted.code.clone(), wanted: wanted.units, available: seen.total })
            .collect()
    }

    /// Why a demand that the stock covers cannot be shipped.
    pub(super) fn why_not(&self, demand: &Demand<'_>, config: &Config) -> Reject {
        let zone = demand.zone.map(|zone| zone.as_str());
        let lanes = config.rules.lanes(zone).all();
        if let Some(carrier) = demand.carrier
            && !lanes.iter().any(|lane| lane.carrier == carrier)
        {
            return Reject::CarrierNotEligible {
                carrier: config.codes.of_carrier(carrier),
                zone: demand.zone.cloned(),
            };
        }
        let to = zone.unwrap_or("a destination without a zone");
        let unreached = demand.lines.iter().enumerate().find(|(line, wanted)| {
            let reach = |site: usize| self.problem.stock_at(site, *line);
            let total = (0..self.problem.sites.len()).fold(0u64, |sum, site| sum.saturating_add(reach(site)));
            total < wanted.units.0
        });
        let reason = match (unreached, demand.ship_complete, self.problem.max_parcels) {
            (Some((_, wanted)), _, _) => {
                let who = if demand.carrier.is_some() { "the named carrier" } else { "any carrier" };
                format!(
                    "not enough of {} lies where {who} may ship from to {to}; add a rate or lift a ban",
                    wanted.code
                )
            }
            (None, true, _) => format!("it must ship complete, and no single warehouse can send all of it to {to}"),
            (None, false, Some(most)) => {
                let most = counted(most, "parcel");
                format!("it does not fit into {most} to {to} under the carriers' ceilings")
            }
            (None, false, None) => format!("every way to {to} costs more than its carrier's ceiling allows"),
        };
        Reject::Unroutable { reason }
    }
}
