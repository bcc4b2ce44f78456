//! Movements of units that are elsewhere: the refusal says where they are, and what to type instead.

use stockade_client::ClientError;
use stockade_core::command::Command;
use stockade_core::limits::WAREHOUSES_MAX;
use stockade_core::query::{Query, StockQuery};
use stockade_core::reject::Reject;
use stockade_core::reply::{CellView, Reply};
use stockade_core::units::Units;

use super::connect::{Connect, KeyFlags, Session};
use crate::failure::Failure;

/// What a command does with units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Movement {
    /// It takes units in transit: they arrive, or get lost or damaged on the way. With the command as it is typed.
    InTransit(&'static str),
    /// It takes units that should be in the warehouse.
    InWarehouse,
}

/// Sends a command. If it is refused because the units are in transit, the refusal says what to type instead.
///
/// # Errors
/// The refusal, or why the call failed.
pub(super) fn send(connect: &Connect, key: &KeyFlags, command: Command, movement: Movement) -> Result<Reply, Failure> {
    let session = connect.open()?;
    session.try_command(key, command).map_err(|error| {
        let advice = advice(&session, &error, movement);
        let failure = Failure::from(error);
        match advice {
            Some(advice) => Failure { message: format!("{failure}; {advice}"), ..failure },
            None => failure,
        }
    })
}

fn advice(session: &Session, error: &ClientError, movement: Movement) -> Option<String> {
    let Reject::NotEnoughUnits { sku, warehouse, wanted, .. } = error.reject()? else { return None };
    let limit = u32::try_from(WAREHOUSES_MAX).ok()?;
    let query = StockQuery { skus: vec![sku.clone()], warehouse: None, after: None, limit };
    // A caller that may not ask gets the refusal as it is.
    let Reply::Stock(cells) = session.try_query(Query::Stock(query)).ok()? else { return None };
    let mut on_the_way = cells.iter().filter(|cell| cell.in_transit > Units::ZERO);
    let line = |cell: &CellView| format!("{} {sku}:{}", cell.warehouse, (*wanted).min(cell.in_transit));
    match movement {
        Movement::InTransit(verb) => Some(match on_the_way.next() {
            Some(cell) => {
                let (units, to) = (cell.in_transit, &cell.warehouse);
                let typed = line(cell);
                format!(
                    "{units} are on the way to {to}: name where they are on the way to, as in `stockade {verb} {typed}`"
                )
            }
            None => format!(
                "none of {sku} is in transit anywhere: `stockade receive {warehouse} {sku}:{wanted}` records units from a \
                 supplier"
            ),
        }),
        Movement::InWarehouse => {
            let cell = on_the_way.find(|cell| cell.warehouse == *warehouse)?;
            let (units, to, typed) = (cell.in_transit, &cell.warehouse, line(cell));
            Some(format!(
                "{units} are on the way to {to} and not there yet: if they will not arrive, say `stockade lose {typed} \
                 --reason …`"
            ))
        }
    }
}
