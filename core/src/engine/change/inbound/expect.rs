//! Expected receipts: announced, changed and withdrawn.

use crate::command::{Expect, Expectation};
use crate::engine::change::Execute;
use crate::engine::change::inbound::changes::Changes;
use crate::engine::change::inbound::{numbered, settled};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::{Dated, InboundReason};
use crate::ids::{Code, PoolId};
use crate::limits::{CELL_RECEIPTS_EVER, CELL_RECEIPTS_MAX};
use crate::reject::Reject;
use crate::stock::{ExpectedReceipt, Inbound};
use crate::time::Time;
use crate::units::Units;

impl Execute for Expect {
    /// Announces, changes or withdraws an expected receipt.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        let sku = engine.known_sku(&self.sku)?;
        let pool = match &self.change {
            Expectation::Announce { pool: named, .. } => pool(&config, named.as_ref())?,
            Expectation::Change { .. } | Expectation::Withdraw => PoolId::REGULAR,
        };
        engine.settle(&[sku], warehouse, asked.now)?;
        engine.change_stock(self, &[sku], asked, |locked, _| {
            settled(locked, &[sku], warehouse)?;
            let none = Inbound::default();
            let inbound = locked.inbound(sku, warehouse).unwrap_or(&none);
            numbered(inbound)?;
            let mut changes = Changes::new(sku, warehouse, inbound);
            let (reason, units) = self.decide(inbound, &mut changes, pool)?;
            self.not_past(asked.now)?;
            Ok(changes.event(reason, Some(self.reference.clone()), units, Vec::new()))
        })
    }
}

impl Expect {
    fn decide(
        &self,
        inbound: &Inbound,
        changes: &mut Changes<'_>,
        pool: PoolId,
    ) -> Result<(InboundReason, Units), Reject> {
        let known = inbound.referred(&self.reference);
        Ok(match (&self.change, known) {
            (Expectation::Announce { day, units, .. }, None) => {
                countable(inbound)?;
                changes.announce(*day, *units, pool);
                (InboundReason::Announced, *units)
            }
            (Expectation::Announce { .. }, Some(known)) => return Err(self.twice(known)),
            (_, None) => return Err(unexpected(&self.reference)),
            (Expectation::Change { day, units }, Some(known)) => {
                changes.dated = day.map(|day| Dated { sku: changes.sku, receipt: known.no, day });
                changes.resize(known, units.unwrap_or(known.units()));
                (InboundReason::Changed, units.unwrap_or(known.units()))
            }
            (Expectation::Withdraw, Some(known)) => {
                changes.resize(known, Units::ZERO);
                (InboundReason::Withdrawn, known.units())
            }
        })
    }

    /// Refuses a day that is over: nothing comes then any more.
    fn not_past(&self, now: Time) -> Result<(), Reject> {
        let today = now.day();
        let day = match &self.change {
            Expectation::Announce { day, .. } => Some(*day),
            Expectation::Change { day, .. } => *day,
            Expectation::Withdraw => None,
        };
        if let Some(day) = day.filter(|day| *day < today) {
            return Err(invalid("day", format!("is {day}, and today is {today} in UTC: name today or a later day")));
        }
        Ok(())
    }

    fn twice(&self, known: &ExpectedReceipt) -> Reject {
        let (units, day) = (known.units(), known.day);
        let reason = format!("{} is expected already, {} on {day}: change it instead", self.reference, units.counted());
        invalid("reference", reason)
    }
}

/// Refuses one more receipt where too many are expected, or were.
fn countable(inbound: &Inbound) -> Result<(), Reject> {
    if inbound.receipts().len() >= CELL_RECEIPTS_MAX {
        let reason = format!("{CELL_RECEIPTS_MAX} receipts of it are expected already: change or withdraw one of them");
        return Err(invalid("reference", reason));
    }
    if inbound.next_receipt().0 > CELL_RECEIPTS_EVER {
        let reason = format!("{CELL_RECEIPTS_EVER} receipts of it were announced: no more can be numbered");
        return Err(invalid("reference", reason));
    }
    Ok(())
}

/// The refusal of a receipt that nothing is expected under.
pub(super) fn unexpected(reference: &Code) -> Reject {
    invalid(
        "reference",
        format!("nothing of it is expected under {reference}: announce it, or look at what is expected"),
    )
}
