//! `inbound.csv`: `reference,warehouse,sku` and optional `ts,kind,qty,day,pool`: what suppliers announce and deliver.

use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::limits::MOVEMENT_UNITS_MAX;
use stockade_core::time::{Day, Time};
use stockade_core::units::Units;

use super::columns::{Column, TableKind};
use super::fault::FileFault;
use super::flags::Reading;
use super::sheet::{Cell, Row, Sheet, Table};

/// What a row does to a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InboundKind {
    /// Announces it.
    Announce {
        /// The day it is due.
        day: Day,
        /// How many units.
        units: Units,
    },
    /// Changes its day or its number of units.
    Change {
        /// The new day.
        day: Option<Day>,
        /// The new number.
        units: Option<Units>,
    },
    /// Withdraws it.
    Cancel,
    /// Records that it came.
    Receive {
        /// How many units.
        units: Units,
        /// Whether more of it may still come.
        more: bool,
    },
}

/// A row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InboundRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// When it happens, if the file says.
    pub ts: Option<Time>,
    /// Reference of the receipt; `None` for goods that were not announced.
    pub reference: Option<Code>,
    /// The warehouse.
    pub warehouse: Code,
    /// The SKU.
    pub sku: Code,
    /// The pool, when the file says.
    pub pool: Option<Code>,
    /// What the row does.
    pub kind: InboundKind,
}

/// The table of announcements and deliveries.
pub const INBOUND: TableKind = TableKind {
    name: "inbound",
    columns: &[
        Column { name: "reference", required: true },
        Column { name: "warehouse", required: true },
        Column { name: "sku", required: true },
        Column { name: "ts", required: false },
        Column { name: "kind", required: false },
        Column { name: "qty", required: false },
        Column { name: "day", required: false },
        Column { name: "pool", required: false },
    ],
};

const REFERENCE: usize = INBOUND.place("reference");
const WAREHOUSE: usize = INBOUND.place("warehouse");
const SKU: usize = INBOUND.place("sku");
const TS: usize = INBOUND.place("ts");
const KIND: usize = INBOUND.place("kind");
const QTY: usize = INBOUND.place("qty");
const DAY: usize = INBOUND.place("day");
const POOL: usize = INBOUND.place("pool");

/// Reads a whole file of announcements and deliveries.
///
/// # Errors
/// When the file cannot be read, or a row is wrong.
pub fn read_inbound(path: &Path, reading: &Reading) -> Result<Table<InboundRow>, FileFault> {
    Sheet::open(path, &INBOUND, reading)?.table(|row| {
        let reference = row.code(REFERENCE)?;
        let kind = kind(row)?;
        if reference.is_none() && !matches!(kind, InboundKind::Receive { more: false, .. }) {
            return Err(
                row.fault("there is no `reference` in this row: only goods of kind receive may come without one")
            );
        }
        Ok(InboundRow {
            line: row.line,
            ts: row.time(TS)?,
            reference,
            warehouse: row.required(WAREHOUSE)?.code()?,
            sku: row.required(SKU)?.code()?,
            pool: row.code(POOL)?,
            kind,
        })
    })
}

fn kind(row: &Row<'_>) -> Result<InboundKind, FileFault> {
    let units = row.cell(QTY).map(|cell| units(&cell)).transpose()?;
    let day = row.cell(DAY).map(|cell| cell.day()).transpose()?;
    let name = row.cell(KIND);
    let missing = |what: &str, kind: &str| row.fault(format!("there is no `{what}` in this row of kind {kind}"));
    match name.as_ref().map_or("announce", |cell| cell.text) {
        "announce" => Ok(InboundKind::Announce {
            day: day.ok_or_else(|| missing("day", "announce"))?,
            units: units.ok_or_else(|| missing("qty", "announce"))?,
        }),
        "change" if day.is_none() && units.is_none() => {
            Err(row.fault("a row of kind change names a new `day`, a new `qty` or both"))
        }
        "change" => Ok(InboundKind::Change { day, units }),
        "cancel" => Ok(InboundKind::Cancel),
        kind @ ("receive" | "receive_part") => {
            let units = units.ok_or_else(|| missing("qty", kind))?;
            Ok(InboundKind::Receive { units, more: kind == "receive_part" })
        }
        other => {
            let reason = format!("`{other}` is none of announce, change, cancel, receive and receive_part");
            Err(name.map_or_else(|| row.fault(&reason), |cell| cell.fault(&reason)))
        }
    }
}

fn units(cell: &Cell<'_>) -> Result<Units, FileFault> {
    let units: u64 = cell.number()?;
    if !(1..=MOVEMENT_UNITS_MAX).contains(&units) {
        return Err(cell.fault(format!("must be 1 to {MOVEMENT_UNITS_MAX}, not {units}")));
    }
    Ok(Units(units))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<InboundRow>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inbound.csv");
        std::fs::write(&path, text).unwrap();
        read_inbound(&path, &Reading::default()).map(|table| table.rows).map_err(|fault| fault.to_string())
    }

    #[test]
    fn every_kind_is_read() {
        let rows = read(
            "ts,kind,reference,warehouse,sku,qty,day,pool\n\
             2026-11-11T00:00,,PO-1,A,S,5,2026-12-01,flash\n\
             2026-11-11T08:00,change,PO-1,A,S,,2026-12-05,\n\
             ,receive_part,PO-1,A,S,2,,\n\
             ,receive,,A,S,3,,\n\
             ,cancel,PO-1,A,S,,,\n",
        )
        .unwrap();
        let day = |day| Day::from_date(2026, 12, day).unwrap();
        let kinds: Vec<InboundKind> = rows.iter().map(|row| row.kind).collect();
        assert_eq!(
            kinds,
            [
                InboundKind::Announce { day: day(1), units: Units(5) },
                InboundKind::Change { day: Some(day(5)), units: None },
                InboundKind::Receive { units: Units(2), more: true },
                InboundKind::Receive { units: Units(3), more: false },
                InboundKind::Cancel,
            ]
        );
        assert_eq!((rows[0].pool.as_ref().map(Code::as_str), rows[3].reference.as_ref()), (Some("flash"), None));
        assert_eq!((rows[0].line, rows[2].ts), (2, None));
    }

    #[test]
    fn what_is_missing_or_wrong_is_told_by_line() {
        let head = "ts,kind,reference,warehouse,sku,qty,day\n";
        for (row, says) in [
            (",,PO-1,A,S,5,", "no `day`"),
            (",,PO-1,A,S,,2026-12-01", "no `qty`"),
            (",change,PO-1,A,S,,", "a new `day`"),
            (",receive,PO-1,A,S,,", "no `qty`"),
            (",receive_part,,A,S,3,", "no `reference`"),
            (",arrive,PO-1,A,S,3,", "column `kind`: `arrive` is none of announce"),
            (",,PO-1,A,S,0,2026-12-01", "column `qty`: must be 1 to"),
            (",,PO-1,A,S,5,tomorrow", "column `day`"),
            ("soon,,PO-1,A,S,5,2026-12-01", "column `ts`"),
        ] {
            let fault = read(&format!("{head}{row}\n")).unwrap_err();
            assert!(fault.contains("inbound.csv, line 2") && fault.contains(says), "{row}: {fault}");
        }
    }
}
