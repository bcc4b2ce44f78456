//! `[[rate]]`: what a parcel of a carrier costs and how long it takes. The most specific entry counts: from the warehouse,
//! from its zone, from everywhere; for each, to the zone before to everywhere. Without an entry the carrier does not ship
//! from there to the zone.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::contract::RuleTable;
use crate::heap::behind;
use crate::ids::{CarrierId, Code};
use crate::limits::HOURS_MAX;
use crate::routing::Rate;
use crate::rules::codes::{ANY, EVERYWHERE, Scope, Zones};
use crate::rules::reader::{At, Fault, FileError, Table, did_you_mean};

/// The keys of the table.
const KEYS: &[&str] = &["carrier", "from", "to", "parcel", "unit", "first_kg", "further_kg", "hours"];

/// One `[[rate]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct RateEntry {
    line: u32,
    carrier: At<Code>,
    from: At<Code>,
    to: Code,
    rate: Rate,
}

/// Every rate, by carrier, number of the origin and number of the destination zone.
#[derive(Debug)]
pub(crate) struct Rates(HashMap<(CarrierId, u32, u32), Rate, FixedState>);

impl RuleTable for Rates {
    type Written = Vec<RateEntry>;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Vec<RateEntry>>, FileError> {
        file.each(key, &[KEYS], read)
    }

    fn resolve(written: Option<&Vec<RateEntry>>, scope: &mut Scope<'_>) -> Result<Rates, FileError> {
        let mut rates = HashMap::default();
        for entry in written.into_iter().flatten() {
            let carrier = scope.carriers.id(&entry.carrier)?;
            let from = match entry.from.value.as_str() {
                ANY => EVERYWHERE,
                text => scope.origins.get(text).ok_or_else(|| unknown_origin(&entry.from, &scope.origins))?,
            };
            if rates.insert((carrier, from, scope.zones.number(&entry.to)), entry.rate).is_some() {
                let (carrier, from, to) = (&entry.carrier.value, &entry.from.value, &entry.to);
                let reason =
                    format!("[[rate]] of `{carrier}` from `{from}` to `{to}` is already defined: keep one of the two");
                return Err(FileError::at(entry.line, Fault::Duplicate, reason));
            }
        }
        Ok(Rates(rates))
    }
}

fn read(mut table: Table<'_, '_>) -> Result<RateEntry, FileError> {
    let carrier = table.code("carrier")?;
    let from = table.code("from")?;
    let to = table.code("to")?;
    Ok(RateEntry {
        line: table.line(),
        carrier: table.required("carrier", carrier)?,
        from: table.required("from", from)?,
        to: table.required("to", to)?.value,
        rate: Rate {
            parcel: table.amount("parcel")?.unwrap_or_default(),
            unit: table.amount("unit")?.unwrap_or_default(),
            first_kg: table.amount("first_kg")?.unwrap_or_default(),
            further_kg: table.amount("further_kg")?.unwrap_or_default(),
            hours: table.number("hours", HOURS_MAX)?.map_or(0, |at| at.value),
        },
    })
}

fn unknown_origin(from: &At<Code>, origins: &Zones) -> FileError {
    let At { value: code, line } = from;
    let meant = did_you_mean(code.as_str(), origins.sorted());
    let reason = format!(
        "`from` is `{code}`, which is neither a warehouse nor the zone of one{meant} (\"*\" means every warehouse)"
    );
    FileError::at(*line, Fault::UnknownCode { code: code.clone() }, reason)
}

impl Rates {
    /// The rate of a carrier to a zone, by origin first and destination second: `from` lists the numbers of the origins
    /// a warehouse belongs to, most specific first.
    pub(super) fn most_specific(&self, carrier: CarrierId, from: &[u32], to: u32) -> Option<Rate> {
        let tries = from.iter().flat_map(|from| [(carrier, *from, to), (carrier, *from, EVERYWHERE)]);
        tries.into_iter().find_map(|key| self.0.get(&key)).copied()
    }
}

behind! {
    RateEntry { carrier, from, to }
    Rates { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;
    use crate::money::Money;

    #[test]
    fn origin_counts_before_destination() {
        let rate = |from, to, parcel| {
            format!("[[rate]]\ncarrier = \"X\"\nfrom = \"{from}\"\nto = \"{to}\"\nparcel = {parcel}\n")
        };
        let text = rate("*", "S", 1) + &rate("N", "*", 2) + &rate("A", "*", 3) + &rate("N", "S", 4);
        let rates: Rates = resolved("rate", &text).unwrap();
        // The numbers of the origins `A`, `N` and everywhere; 2 is the destination zone `S`.
        let parcel = |from: &[u32], to| rates.most_specific(CarrierId(0), from, to).map(|rate| rate.parcel);
        assert_eq!(parcel(&[1, 2, 0], 2), Some(Money(3_000_000)));
        assert_eq!(parcel(&[2, 0], 2), Some(Money(4_000_000)));
        assert_eq!(parcel(&[2, 0], 1), Some(Money(2_000_000)));
        assert_eq!(parcel(&[3, 0], 2), Some(Money(1_000_000)));
        assert_eq!(parcel(&[3, 0], 1), None);
        assert_eq!(rates.most_specific(CarrierId(1), &[1, 2, 0], 2), None);
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let unknown = |code| Fault::UnknownCode { code: Code::new(code).unwrap() };
        for (text, line, fault) in [
            ("[[rate]]\nfrom = \"*\"\nto = \"*\"", 1, Fault::MissingKey { key: "carrier" }),
            ("[[rate]]\ncarrier = \"Z\"\nfrom = \"*\"\nto = \"*\"", 2, unknown("Z")),
            ("[[rate]]\ncarrier = \"X\"\nfrom = \"S\"\nto = \"*\"", 3, unknown("S")),
            (
                "[[rate]]\ncarrier = \"X\"\nfrom = \"*\"\nto = \"*\"\nhours = 100001",
                5,
                Fault::OutOfBounds { key: "hours" },
            ),
            (
                "[[rate]]\ncarrier = \"X\"\nfrom = \"*\"\nto = \"*\"\n[[rate]]\ncarrier = \"X\"\nfrom = \"*\"\nto = \"*\"",
                5,
                Fault::Duplicate,
            ),
        ] {
            let error = resolved::<Rates>("rate", text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
