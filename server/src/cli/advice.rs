//! Movements of units that are elsewhere: the refusal says where they are, and what to type instead.

use stockade_client::ClientError;
use stockade_core::command::Command;
use stockade_core::ids::Code;
use stockade_core::limits::WAREHOUSES_MAX;
use stockade_core::query::{Query, StockQuery};
use stockade_core::reject::Reject;
use stockade_core::reply::{CellView, Reply};
use stockade_core::units::Units;

use super::connect::{Connect, KeyFlags, Session};
use crate::failure::Failure;
use crate::terminal::shell_word;

/// What a command does with units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Movement {
    /// It takes units in transit: they arrive, turn back, or get lost or damaged on the way.
    InTransit(Typed),
    /// It takes units that should be in the warehouse. With the reason that was given for their loss.
    InWarehouse(String),
}

/// A command as it is typed, without warehouse and lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Typed {
    /// The verb.
    pub(super) verb: &'static str,
    /// Its flags with their values.
    pub(super) flags: Vec<String>,
    /// The warehouse that the units left, where it is named before the one they are on the way to.
    pub(super) from: Option<Code>,
}

/// Sends a command. If it is refused because the units are in transit, the refusal says what to type instead.
///
/// # Errors
/// The refusal, or why the call failed.
pub(super) fn send(connect: &Connect, key: &KeyFlags, command: Command, movement: &Movement) -> Result<Reply, Failure> {
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

fn advice(session: &Session, error: &ClientError, movement: &Movement) -> Option<String> {
    let Reject::NotEnoughUnits { sku, warehouse, wanted, .. } = error.reject()? else { return None };
    let limit = u32::try_from(WAREHOUSES_MAX).ok()?;
    let query = StockQuery { skus: vec![sku.clone()], warehouse: None, after: None, limit };
    // A caller that may not ask gets the refusal as it is.
    let Reply::Stock(cells) = session.try_query(Query::Stock(query)).ok()? else { return None };
    let mut on_the_way = cells.iter().filter(|cell| cell.in_transit > Units::ZERO);
    let line = |cell: &CellView| (cell.warehouse.clone(), format!("{sku}:{}", (*wanted).min(cell.in_transit)));
    match movement {
        Movement::InTransit(typed) => Some(match on_the_way.next() {
            Some(cell) if typed.from.as_ref() == Some(&cell.warehouse) => {
                format!("{} of {sku} in transit to {}, not from there", cell.in_transit.counted(), cell.warehouse)
            }
            Some(cell) => {
                let (units, to) = (cell.in_transit.counted(), &cell.warehouse);
                let typed = typed.with(line(cell));
                format!("{units} of {sku} in transit to {to}: name where they are on the way to, as in `{typed}`")
            }
            None if typed.verb == "arrive" => {
                let receive = Typed { verb: "receive", flags: typed.flags.clone(), from: None };
                let receive = receive.with((warehouse.clone(), format!("{sku}:{wanted}")));
                format!("none of {sku} is in transit anywhere: `{receive}` records units from a supplier")
            }
            None => format!("none of {sku} is in transit anywhere"),
        }),
        Movement::InWarehouse(reason) => {
            let cell = on_the_way.find(|cell| cell.warehouse == *warehouse)?;
            let (units, to) = (cell.in_transit.counted(), &cell.warehouse);
            let typed = Typed::lost("lose", reason).with(line(cell));
            Some(format!(
                "{units} of {sku} in transit to {to} and not there yet: if they will not arrive, say `{typed}`"
            ))
        }
    }
}

impl Typed {
    /// One of units of a pool, if that was named.
    pub(super) fn pooled(verb: &'static str, pool: &Option<Code>) -> Typed {
        let flag = pool.iter().flat_map(|pool| ["--pool".to_owned(), pool.as_str().to_owned()]);
        Typed { verb, flags: flag.collect(), from: None }
    }

    /// One that books a loss, with its reason.
    pub(super) fn lost(verb: &'static str, reason: &str) -> Typed {
        Typed { verb, flags: vec!["--reason".to_owned(), reason.to_owned()], from: None }
    }

    /// All of it, as a shell takes it.
    fn with(&self, (warehouse, line): (Code, String)) -> String {
        let named = self.from.iter().chain([&warehouse]).map(|code| code.as_str().to_owned()).chain([line]);
        let named: Vec<String> = named.collect();
        let flags = self.flags.iter().map(|word| shell_word(word));
        // What begins with a dash is a flag unless something says that flags are over.
        let end = named.iter().any(|word| word.starts_with('-')).then(|| "--".to_owned());
        let words = ["stockade".to_owned(), self.verb.to_owned()].into_iter().chain(flags).chain(end);
        words.chain(named.iter().map(|word| shell_word(word))).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_quoted_as_a_shell_needs_it() {
        let code = |text: &str| Code::new(text).unwrap();
        let lose = Typed::lost("lose", "it's wet");
        assert_eq!(
            lose.with((code("CAN 2"), "-X:4".to_owned())),
            "stockade lose --reason 'it'\\''s wet' -- 'CAN 2' -X:4"
        );
        let recall = Typed { from: Some(code("HGH")), ..Typed::pooled("recall", &None) };
        assert_eq!(recall.with((code("CAN"), "X:4".to_owned())), "stockade recall HGH CAN X:4");
    }
}
