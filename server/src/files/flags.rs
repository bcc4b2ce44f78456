//! Flags of every command that reads a table, and what they mean for one of its tables.

use clap::Args;
use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use stockade_core::ids::Code;

use super::columns::{CellValues, ColumnNames, Named, TableKind};
use super::delimited::Quotes;
use super::times::time_zone;

/// How a file of another system is read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "File")]
pub struct TableFlags {
    /// Read the column NAME under another header. With several files, TABLE.NAME=HEADER means one of them.
    #[arg(long = "column", value_name = "NAME=HEADER")]
    pub(crate) columns: Vec<String>,
    /// Read cells of the column NAME that hold CELL as VALUE.
    #[arg(long = "value", value_name = "NAME:CELL=VALUE")]
    pub(crate) values: Vec<String>,
    /// The encoding of files without a byte order mark, such as gbk, gb18030 or windows-1252 [default: utf-8]. With several
    /// files, TABLE=NAME means one of them.
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Vec<String>,
    /// The zone of times that name none, such as Asia/Shanghai or +08:00 [default: UTC].
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    pub(crate) time_zone: Option<TimeZone>,
    /// The line of the header [default: 1]. With several files, TABLE=N means one of them.
    #[arg(long, value_name = "N")]
    pub(crate) header_line: Vec<String>,
    /// Whether a quote at the beginning of a cell quotes it.
    #[arg(long, value_enum, default_value_t = Quotes::Auto)]
    pub(crate) quotes: Quotes,
    /// The sheet of a workbook [default: the only one]. With several files, TABLE=NAME means one of them.
    #[arg(long, value_name = "NAME")]
    pub(crate) sheet: Vec<String>,
    /// Pass over rows whose cell of this column is empty, and say how many they are.
    #[arg(long, value_name = "NAME")]
    pub(crate) skip_without: Vec<String>,
    /// Pass over rows whose cell of the column NAME holds CELL, and say how many they are.
    #[arg(long, value_name = "NAME=CELL")]
    pub(crate) skip_where: Vec<String>,
}

/// Flags of every command that reads an order file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "File")]
pub struct OrderFlags {
    /// Rows of this kind are sales, besides those of kind sale.
    #[arg(long = "sale", value_name = "KIND")]
    pub(crate) sales: Vec<String>,
    /// Rows of this kind are cancellations, besides those of kind cancel.
    #[arg(long = "cancel", value_name = "KIND")]
    pub(crate) cancels: Vec<String>,
    /// Ignore rows of this kind.
    #[arg(long = "skip-kind", value_name = "KIND")]
    pub(crate) skip_kinds: Vec<String>,
    /// Gather the rows of an order that are not next to each other. The whole file is then kept in memory.
    #[arg(long)]
    pub(crate) gather: bool,
    #[command(flatten)]
    pub(crate) table: TableFlags,
}

/// How one table is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub(super) names: ColumnNames,
    pub(super) values: CellValues,
    pub(super) encoding: Option<&'static Encoding>,
    pub(super) zone: Option<TimeZone>,
    pub(super) header_line: u64,
    pub(super) quotes: Quotes,
    pub(super) sheet: Option<String>,
    pub(super) skip_without: Vec<&'static str>,
    pub(super) skip_where: Vec<(&'static str, String)>,
    /// Columns that flags need, with these flags: without the column, rows would be taken for something else.
    pub(super) needed: Vec<(&'static str, String)>,
}

/// How an order file is read.
#[derive(Clone, Debug, Default)]
pub struct OrderReading {
    pub(super) table: Reading,
    pub(super) skip_kinds: Vec<String>,
    pub(super) gather: bool,
    pub(super) channel: Option<Code>,
}

impl OrderReading {
    /// How its table is read.
    pub fn table(&self) -> &Reading {
        &self.table
    }

    /// The same reading, in which orders that name no channel are of this one.
    #[must_use]
    pub fn of_channel(self, channel: Option<Code>) -> OrderReading {
        OrderReading { channel, ..self }
    }
}

impl TableFlags {
    /// What the flags mean for a table of a command that reads the tables `all`.
    ///
    /// # Errors
    /// When a flag names a column that none of the tables has.
    pub fn reading(&self, kind: &TableKind, all: &[&TableKind]) -> Result<Reading, String> {
        let mut reading = Reading {
            names: ColumnNames::parse(&self.columns, kind, all)?,
            values: CellValues::parse(&self.values, kind, all)?,
            encoding: meant(&self.encoding, kind, all).map(encoding).transpose()?,
            zone: self.time_zone.clone(),
            header_line: meant(&self.header_line, kind, all).map_or(Ok(1), header_line)?,
            quotes: self.quotes,
            sheet: meant(&self.sheet, kind, all).map(str::to_owned),
            ..Reading::default()
        };
        for text in &self.values {
            let name = text.split_once(':').map_or(text.as_str(), |(name, _)| name);
            if let Named::Here(column) = kind.column(name, all).map_err(|reason| format!("--value {text}: {reason}"))? {
                reading.needed.push((column, format!("--value {text}")));
            }
        }
        for name in &self.skip_without {
            let named = kind.column(name, all).map_err(|reason| format!("--skip-without {name}: {reason}"))?;
            if let Named::Here(column) = named {
                reading.skip_without.push(column);
                reading.needed.push((column, format!("--skip-without {name}")));
            }
        }
        for text in &self.skip_where {
            let refused = |reason: String| format!("--skip-where {text}: {reason}");
            let (name, cell) =
                text.split_once('=').ok_or_else(|| refused("write NAME=CELL, like sku=Total".to_owned()))?;
            if let Named::Here(column) = kind.column(name, all).map_err(refused)? {
                reading.skip_where.push((column, cell.trim().to_owned()));
                reading.needed.push((column, format!("--skip-where {text}")));
            }
        }
        Ok(reading)
    }
}

impl OrderFlags {
    /// The flags that other tables of the same command share.
    pub fn table(&self) -> &TableFlags {
        &self.table
    }

    /// What the flags mean for the order file of a command that reads the tables `all`.
    ///
    /// # Errors
    /// When a flag names a column that none of the tables has, or a kind twice.
    pub fn reading(&self, kind: &TableKind, all: &[&TableKind]) -> Result<OrderReading, String> {
        let mut table = self.table.reading(kind, all)?;
        for (kinds, meaning) in [(&self.sales, "sale"), (&self.cancels, "cancel")] {
            for kind in kinds {
                if !table.values.add("kind", kind, meaning) || self.skip_kinds.contains(kind) {
                    return Err(format!("--{meaning} {kind}: `{kind}` is given twice"));
                }
                table.needed.push(("kind", format!("--{meaning} {kind}")));
            }
        }
        table.needed.extend(self.skip_kinds.iter().map(|kind| ("kind", format!("--skip-kind {kind}"))));
        Ok(OrderReading { table, skip_kinds: self.skip_kinds.clone(), gather: self.gather, channel: None })
    }
}

/// The last of the texts that is for this table: `TABLE=TEXT`, or else a text for all tables.
fn meant<'a>(texts: &'a [String], kind: &TableKind, all: &[&TableKind]) -> Option<&'a str> {
    let split = |text: &'a String| match text.split_once('=') {
        Some((table, text)) if all.iter().any(|kind| kind.name == table) => (Some(table), text),
        _ => (None, text.as_str()),
    };
    let of = |table: Option<&str>| texts.iter().map(split).rfind(|(found, _)| *found == table);
    of(Some(kind.name)).or_else(|| of(None)).map(|(_, text)| text)
}

fn header_line(text: &str) -> Result<u64, String> {
    let line = text.parse().ok().filter(|line| *line > 0);
    line.ok_or_else(|| format!("--header-line {text}: write the number of a line, from 1"))
}

fn encoding(text: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label_no_replacement(text.as_bytes()).ok_or_else(|| {
        format!("--encoding {text}: there is no such encoding; write utf-8, utf-16le, gbk, gb18030, windows-1252 or the like")
    })
}
