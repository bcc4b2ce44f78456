//! `[[ceiling]]`: the most a parcel of a carrier may cost. A zone's own entry counts before that for everywhere.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::contract::RuleTable;
use crate::heap::behind;
use crate::ids::{CarrierId, Code};
use crate::money::Money;
use crate::rules::codes::{ANY, EVERYWHERE, Scope, take_zone};
use crate::rules::reader::{At, Fault, FileError, Table};

/// One `[[ceiling]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct CeilingEntry {
    line: u32,
    carrier: At<Code>,
    zone: Option<Code>,
    above: Money,
}

/// Every ceiling, by carrier and number of the destination zone.
#[derive(Debug)]
pub(crate) struct Ceilings(HashMap<(CarrierId, u32), Money, FixedState>);

impl RuleTable for Ceilings {
    type Written = Vec<CeilingEntry>;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Vec<CeilingEntry>>, FileError> {
        file.each(key, &[&["carrier", "zone", "above"]], read)
    }

    fn resolve(written: Option<&Vec<CeilingEntry>>, scope: &mut Scope<'_>) -> Result<Ceilings, FileError> {
        let mut ceilings = HashMap::default();
        for entry in written.into_iter().flatten() {
            let carrier = scope.carriers.id(&entry.carrier)?;
            let zone = scope.zones.number_or_everywhere(entry.zone.as_ref());
            if ceilings.insert((carrier, zone), entry.above).is_some() {
                let (carrier, zone) = (&entry.carrier.value, entry.zone.as_ref().map_or(ANY, Code::as_str));
                let reason =
                    format!("[[ceiling]] of `{carrier}` for zone `{zone}` is already defined: keep one of the two");
                return Err(FileError::at(entry.line, Fault::Duplicate, reason));
            }
        }
        Ok(Ceilings(ceilings))
    }
}

fn read(mut table: Table<'_, '_>) -> Result<CeilingEntry, FileError> {
    let carrier = table.code("carrier")?;
    let above = table.amount("above")?;
    Ok(CeilingEntry {
        line: table.line(),
        carrier: table.required("carrier", carrier)?,
        zone: take_zone(&mut table)?,
        above: table.required("above", above)?,
    })
}

impl Ceilings {
    /// The ceiling of a carrier to a zone: the zone's own, else that for everywhere.
    pub(super) fn of(&self, carrier: CarrierId, zone: u32) -> Option<Money> {
        self.0.get(&(carrier, zone)).or_else(|| self.0.get(&(carrier, EVERYWHERE))).copied()
    }
}

behind! {
    CeilingEntry { carrier, zone }
    Ceilings { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;

    #[test]
    fn a_zone_counts_before_everywhere() {
        let text = "[[ceiling]]\ncarrier = \"X\"\nabove = 2\n[[ceiling]]\ncarrier = \"X\"\nzone = \"N\"\nabove = 3\n";
        let table: Ceilings = resolved("ceiling", text).unwrap();
        assert_eq!(table.of(CarrierId(0), 1), Some(Money(3_000_000)));
        assert_eq!(table.of(CarrierId(0), 2), Some(Money(2_000_000)));
        assert_eq!(table.of(CarrierId(1), 1), None);
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let twice = "[[ceiling]]\ncarrier = \"X\"\nabove = 1\n[[ceiling]]\ncarrier = \"X\"\nzone = \"*\"\nabove = 2";
        for (text, line, fault) in [
            ("[[ceiling]]\ncarrier = \"X\"", 1, Fault::MissingKey { key: "above" }),
            ("[[ceiling]]\nabove = 1", 1, Fault::MissingKey { key: "carrier" }),
            (twice, 4, Fault::Duplicate),
        ] {
            let error = resolved::<Ceilings>("ceiling", text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
