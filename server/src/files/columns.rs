//! Which columns a table has, and how a file is told apart from it.

use std::collections::{BTreeMap, HashMap};

/// A column to read.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether the file must have it.
    pub required: bool,
}

/// A kind of table.
#[derive(Clone, Copy, Debug)]
pub struct TableKind {
    /// Its name, as in `--column stock.sku=HEADER`.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// Columns of one table that are read under another header.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnNames(BTreeMap<&'static str, String>);

/// What cells of one table stand for: by column, and by the text of the cell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CellValues(BTreeMap<&'static str, HashMap<String, String>>);

/// A column as a flag names it: one of this table, or one of another table of the same command.
pub(super) enum Named {
    Here(&'static str),
    Elsewhere,
}

impl TableKind {
    /// The place of a column, by which a row is asked for its cell.
    ///
    /// # Panics
    /// When the table has no such column: places are constants beside their table, so this fails the build.
    pub(super) const fn place(&self, name: &str) -> usize {
        let mut place = 0;
        while place < self.columns.len() {
            if is_same(self.columns[place].name.as_bytes(), name.as_bytes()) {
                return place;
            }
            place += 1;
        }
        panic!("the table has no such column")
    }

    /// Finds the column that a flag names as `sku` or `stock.sku`. A name without the table means every table that has
    /// the column.
    pub(super) fn column(&self, name: &str, all: &[&TableKind]) -> Result<Named, String> {
        let (table, column) = name.split_once('.').map_or((None, name), |(table, column)| (Some(table), column));
        let mut known = all.iter().filter(|kind| table.is_none_or(|table| table == kind.name));
        if !known.any(|kind| kind.columns.iter().any(|found| found.name == column)) {
            let mut names: Vec<&str> = all.iter().flat_map(|kind| kind.columns).map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            return Err(format!("there is no column `{name}`, only {}", names.join(", ")));
        }
        let here = table.is_none_or(|table| table == self.name);
        let found = self.columns.iter().find(|found| here && found.name == column);
        Ok(found.map_or(Named::Elsewhere, |found| Named::Here(found.name)))
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

impl ColumnNames {
    /// Reads `NAME=HEADER` pairs; each name occurs once.
    pub(super) fn parse(pairs: &[String], kind: &TableKind, all: &[&TableKind]) -> Result<ColumnNames, String> {
        let mut names = BTreeMap::new();
        for pair in pairs {
            let (name, header) =
                pair.split_once('=').ok_or_else(|| format!("--column {pair}: write NAME=HEADER, like zone=country"))?;
            if let Named::Here(column) =
                kind.column(name, all).map_err(|reason| format!("--column {pair}: {reason}"))?
                && names.insert(column, header.to_owned()).is_some()
            {
                return Err(format!("--column {pair}: `{name}` is given twice"));
            }
        }
        Ok(ColumnNames(names))
    }

    /// The header of a column: the given one, or else the column's own name.
    pub fn header<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// Whether the column was given a header, which the file must then have.
    pub fn is_given(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl CellValues {
    /// Reads `NAME:CELL=VALUE`; each cell of a column occurs once.
    pub(super) fn parse(texts: &[String], kind: &TableKind, all: &[&TableKind]) -> Result<CellValues, String> {
        let mut values = CellValues::default();
        for text in texts {
            let parts = text.split_once(':').and_then(|(name, map)| Some((name, map.rsplit_once('=')?)));
            let (name, (cell, value)) =
                parts.ok_or_else(|| format!("--value {text}: write NAME:CELL=VALUE, like warehouse:North=HGH"))?;
            if let Named::Here(column) = kind.column(name, all).map_err(|reason| format!("--value {text}: {reason}"))?
                && !values.add(column, cell, value)
            {
                return Err(format!("--value {text}: `{cell}` is given twice"));
            }
        }
        Ok(values)
    }

    /// Lets a cell stand for a value; false when it stands for one already.
    pub(super) fn add(&mut self, column: &'static str, cell: &str, value: &str) -> bool {
        let cells = self.0.entry(column).or_default();
        cells.insert(cell.trim().to_owned(), value.trim().to_owned()).is_none()
    }

    /// What the cells of a column stand for.
    pub(super) fn of(&self, column: &str) -> HashMap<String, String> {
        self.0.get(column).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCK: TableKind = TableKind {
        name: "stock",
        columns: &[Column { name: "sku", required: true }, Column { name: "on_hand", required: true }],
    };
    const ORDERS: TableKind = TableKind {
        name: "orders",
        columns: &[Column { name: "sku", required: true }, Column { name: "zone", required: false }],
    };

    fn names(pairs: &[&str], kind: &TableKind) -> Result<ColumnNames, String> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        ColumnNames::parse(&pairs, kind, &[&STOCK, &ORDERS])
    }

    #[test]
    fn pairs_are_checked() {
        let found = names(&["zone=Ship-to country"], &ORDERS).unwrap();
        assert_eq!((found.header("zone"), found.header("sku")), ("Ship-to country", "sku"));
        for (pairs, says) in
            [(vec!["zone"], "NAME=HEADER"), (vec!["zon=x"], "no column `zon`"), (vec!["sku=a", "sku=b"], "twice")]
        {
            assert!(names(&pairs, &ORDERS).unwrap_err().contains(says));
        }
    }

    #[test]
    fn a_name_means_every_table_that_has_it_unless_it_names_one() {
        let pairs = ["sku=Code", "on_hand=Units"];
        assert_eq!(names(&pairs, &STOCK).unwrap().header("sku"), "Code");
        assert_eq!(names(&pairs, &ORDERS).unwrap().header("sku"), "Code");
        assert!(!names(&pairs, &ORDERS).unwrap().is_given("on_hand"));
        assert!(!names(&["stock.sku=Code"], &ORDERS).unwrap().is_given("sku"));
        assert!(names(&["stock.zone=Code"], &ORDERS).unwrap_err().contains("no column `stock.zone`"));
    }

    #[test]
    fn cells_stand_for_values() {
        let parse = |text: &str| CellValues::parse(&[text.to_owned()], &STOCK, &[&STOCK, &ORDERS]);
        assert_eq!(parse("on_hand:not stocked=0").unwrap().of("on_hand")["not stocked"], "0");
        assert_eq!(parse("on_hand:a=b=0").unwrap().of("on_hand")["a=b"], "0");
        assert!(parse("on_hand=0").unwrap_err().contains("NAME:CELL=VALUE"));
        assert!(parse("units:x=0").unwrap_err().contains("no column `units`"));
    }
}
