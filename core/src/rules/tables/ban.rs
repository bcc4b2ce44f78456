//! `[[ban]]`: what may not ship: every parcel that matches all of warehouse, carrier and zone that an entry names.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::contract::RuleTable;
use crate::heap::behind;
use crate::ids::{CarrierId, Code, WarehouseId};
use crate::rules::codes::{Scope, take_one_zone};
use crate::rules::reader::{At, Fault, FileError, Table};

/// One `[[ban]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct BanEntry {
    warehouse: Option<At<Code>>,
    carrier: Option<At<Code>>,
    zone: Option<Code>,
}

/// Every ban.
#[derive(Debug)]
pub(crate) struct Bans(Vec<Ban>);

#[derive(Debug)]
struct Ban {
    warehouse: Option<WarehouseId>,
    carrier: Option<CarrierId>,
    zone: Option<u32>,
}

/// The bans that apply to one zone.
pub(super) struct ZoneBans(HashSet<(Option<WarehouseId>, Option<CarrierId>), FixedState>);

impl RuleTable for Bans {
    type Written = Vec<BanEntry>;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Vec<BanEntry>>, FileError> {
        file.each(key, &[&["warehouse", "carrier", "zone"]], read)
    }

    fn resolve(written: Option<&Vec<BanEntry>>, scope: &mut Scope<'_>) -> Result<Bans, FileError> {
        let ban = |entry: &BanEntry| {
            Ok(Ban {
                warehouse: entry.warehouse.as_ref().map(|code| scope.warehouses.id(code)).transpose()?,
                carrier: entry.carrier.as_ref().map(|code| scope.carriers.id(code)).transpose()?,
                zone: entry.zone.as_ref().map(|zone| scope.zones.number(zone)),
            })
        };
        Ok(Bans(written.into_iter().flatten().map(ban).collect::<Result<_, FileError>>()?))
    }
}

fn read(mut table: Table<'_, '_>) -> Result<BanEntry, FileError> {
    let entry = BanEntry {
        warehouse: table.code("warehouse")?,
        carrier: table.code("carrier")?,
        zone: take_one_zone(&mut table)?,
    };
    if entry.warehouse.is_none() && entry.carrier.is_none() && entry.zone.is_none() {
        let reason = "[[ban]] names no warehouse, carrier or zone, which would ban everything: name at least one";
        return Err(FileError::at(table.line(), Fault::Unconditional, reason));
    }
    Ok(entry)
}

impl Bans {
    /// The bans that apply to a zone, by its number.
    pub(super) fn to(&self, zone: u32) -> ZoneBans {
        let bans = self.0.iter().filter(|ban| ban.zone.is_none_or(|banned| banned == zone));
        ZoneBans(bans.map(|ban| (ban.warehouse, ban.carrier)).collect())
    }
}

impl ZoneBans {
    /// Whether a carrier may not ship from a warehouse.
    pub(super) fn forbid(&self, warehouse: WarehouseId, carrier: CarrierId) -> bool {
        let covering = [(Some(warehouse), Some(carrier)), (Some(warehouse), None), (None, Some(carrier)), (None, None)];
        covering.iter().any(|pair| self.0.contains(pair))
    }
}

behind! {
    BanEntry { warehouse, carrier, zone }
    Bans { 0 }
    Ban {}
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;

    #[test]
    fn a_ban_applies_where_all_it_names_match() {
        let text = "[[ban]]\nwarehouse = \"A\"\ncarrier = \"X\"\n[[ban]]\nzone = \"N\"\ncarrier = \"Y\"\n\
                    [[ban]]\nzone = \"S\"\n";
        let bans: Bans = resolved("ban", text).unwrap();
        let forbidden = |zone| {
            let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
            pairs.map(|(warehouse, carrier)| bans.to(zone).forbid(WarehouseId(warehouse), CarrierId(carrier)))
        };
        assert_eq!(forbidden(0), [true, false, false, false]);
        assert_eq!(forbidden(1), [true, true, false, true]);
        assert_eq!(forbidden(2), [true; 4]);
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        for (text, line, fault) in [
            ("\n[[ban]]", 2, Fault::Unconditional),
            ("[[ban]]\nzone = \"*\"", 2, Fault::Reserved),
            ("[[ban]]\ncarrier = \"*\"", 2, Fault::UnknownCode { code: Code::new("*").unwrap() }),
        ] {
            let error = resolved::<Bans>("ban", text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
