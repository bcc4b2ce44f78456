//! `[[prefer]]`: which warehouses a zone is served from first. Each rank after the first adds `penalty` to the score of a
//! parcel from there; warehouses that are not listed rank behind those that are. Without `penalty` the order is strict: no
//! saving makes up for a rank. `hours`, one per warehouse, replaces the hours of the rates. A zone's own entry counts
//! before that for everywhere.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::contract::RuleTable;
use crate::heap::behind;
use crate::ids::{Code, WarehouseId};
use crate::limits::{HOURS_MAX, PREFERRED_MAX};
use crate::money::Money;
use crate::rules::codes::{ANY, EVERYWHERE, Scope, take_zone};
use crate::rules::reader::{At, Fault, FileError, Table};
use crate::units::counted;

/// The keys of the table.
const KEYS: &[&str] = &["zone", "warehouses", "penalty", "hours"];

/// Score per rank of a strict preference: more than parcels of one order can differ in anything else.
const STRICT_PENALTY: Money = Money(1_000_000 * Money::MICROS_PER_UNIT);

type Map<K, V> = HashMap<K, V, FixedState>;

/// One `[[prefer]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct PreferEntry {
    line: u32,
    zone: Option<Code>,
    warehouses: At<Vec<Code>>,
    penalty: Option<Money>,
    hours: Option<Vec<u32>>,
}

/// Every preference, by number of the destination zone.
#[derive(Debug)]
pub(crate) struct Preferences(Map<u32, Preference>);

/// The order of warehouses for a zone.
#[derive(Debug)]
pub(super) struct Preference {
    /// The rank of a warehouse from 0, and the hours from there.
    ranks: Map<WarehouseId, (u32, Option<u32>)>,
    penalty: Money,
}

impl RuleTable for Preferences {
    type Written = Vec<PreferEntry>;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Vec<PreferEntry>>, FileError> {
        file.each(key, &[KEYS], read)
    }

    fn resolve(written: Option<&Vec<PreferEntry>>, scope: &mut Scope<'_>) -> Result<Preferences, FileError> {
        let mut preferences = Map::default();
        for entry in written.into_iter().flatten() {
            let preference = Preference::resolve(entry, scope)?;
            if preferences.insert(scope.zones.number_or_everywhere(entry.zone.as_ref()), preference).is_some() {
                let zone = entry.zone.as_ref().map_or(ANY, Code::as_str);
                let reason = format!("[[prefer]] for zone `{zone}` is already defined: keep one of the two");
                return Err(FileError::at(entry.line, Fault::Duplicate, reason));
            }
        }
        Ok(Preferences(preferences))
    }
}

fn read(mut table: Table<'_, '_>) -> Result<PreferEntry, FileError> {
    let warehouses = table.codes("warehouses")?;
    let warehouses = table.required("warehouses", warehouses)?;
    let count = warehouses.value.len();
    if count == 0 || count > PREFERRED_MAX {
        let reason = format!("`warehouses` of [[prefer]] names {count}, write 1 to {PREFERRED_MAX}");
        return Err(FileError::at(warehouses.line, Fault::OutOfBounds { key: "warehouses" }, reason));
    }
    let hours = table.numbers("hours", HOURS_MAX)?;
    if let Some(hours) = &hours
        && hours.value.len() != count
    {
        let reason =
            format!("`hours` names {} for {}, write one for each", hours.value.len(), counted(count, "warehouse"));
        return Err(FileError::at(hours.line, Fault::OutOfBounds { key: "hours" }, reason));
    }
    Ok(PreferEntry {
        line: table.line(),
        zone: take_zone(&mut table)?,
        warehouses,
        penalty: table.amount("penalty")?,
        hours: hours.map(|at| at.value),
    })
}

impl Preferences {
    /// The preference for a zone: its own, else that for everywhere.
    pub(super) fn to(&self, zone: u32) -> Option<&Preference> {
        self.0.get(&zone).or_else(|| self.0.get(&EVERYWHERE))
    }
}

impl Preference {
    fn resolve(entry: &PreferEntry, scope: &Scope<'_>) -> Result<Preference, FileError> {
        let line = entry.warehouses.line;
        let mut ranks = Map::default();
        for (rank, code) in (0u32..).zip(&entry.warehouses.value) {
            let id = scope.warehouses.id_at(code, line)?;
            let hours = entry.hours.as_ref().and_then(|hours| hours.get(rank as usize)).copied();
            if ranks.insert(id, (rank, hours)).is_some() {
                let reason = format!("`{code}` is listed twice: a warehouse has one rank");
                return Err(FileError::at(line, Fault::Duplicate, reason));
            }
        }
        Ok(Preference { ranks, penalty: entry.penalty.unwrap_or(STRICT_PENALTY) })
    }

    /// What a parcel from a warehouse adds to the score, and the hours that replace the rate's.
    pub(super) fn of(&self, warehouse: WarehouseId) -> (Money, Option<u32>) {
        let unlisted = (self.ranks.len() as u32, None);
        let (rank, hours) = self.ranks.get(&warehouse).copied().unwrap_or(unlisted);
        (Money(self.penalty.0.saturating_mul(i64::from(rank))), hours)
    }
}

behind! {
    PreferEntry { zone, warehouses, hours }
    Preferences { 0 }
    Preference { ranks }
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;

    #[test]
    fn a_zone_counts_before_everywhere() {
        let text = "[[prefer]]\nwarehouses = [\"B\"]\n[[prefer]]\nzone = \"N\"\nwarehouses = [\"A\"]\npenalty = 2\n\
                    hours = [5]\n";
        let table: Preferences = resolved("prefer", text).unwrap();
        let of = |zone, warehouse| table.to(zone).unwrap().of(WarehouseId(warehouse));
        assert_eq!((of(1, 0), of(1, 1)), ((Money::ZERO, Some(5)), (Money(2_000_000), None)));
        assert_eq!((of(2, 0), of(2, 1)), ((STRICT_PENALTY, None), (Money::ZERO, None)));
        assert!(resolved::<Preferences>("prefer", "").unwrap().to(1).is_none());
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let many = format!("[[prefer]]\nwarehouses = [{}]", "\"A\", ".repeat(65));
        for (text, line, fault) in [
            ("[[prefer]]\nzone = \"N\"", 1, Fault::MissingKey { key: "warehouses" }),
            (&many, 2, Fault::OutOfBounds { key: "warehouses" }),
            ("[[prefer]]\nwarehouses = [\"A\"]\nhours = []", 3, Fault::OutOfBounds { key: "hours" }),
            ("[[prefer]]\nwarehouses = [\"A\", \"A\"]", 2, Fault::Duplicate),
            ("[[prefer]]\nwarehouses = [\"A\"]\n[[prefer]]\nzone = \"*\"\nwarehouses = [\"B\"]", 3, Fault::Duplicate),
        ] {
            let error = resolved::<Preferences>("prefer", text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
