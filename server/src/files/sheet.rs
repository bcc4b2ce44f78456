//! A table of named columns, read row by row, whatever file it is in.

use std::cell::Cell as Noted;
use std::collections::HashMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::tz::TimeZone;
use stockade_core::ids::Code;
use stockade_core::money::{Money, MoneyError};
use stockade_core::time::{Day, Time};
use stockade_core::units::counted;

use super::columns::{Column, TableKind};
use super::delimited::{Delimited, Made, Record, SplitFault};
use super::fault::FileFault;
use super::flags::Reading;
use super::numbers::{self, is_power_of_ten};
use super::source::{self, Source};
use super::times::{Written, in_zone, read_day, read_time};
use super::workbook::Workbook;

/// What spreadsheets write where a formula failed.
const FORMULA_FAULTS: [&str; 8] = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#DATA!"];

/// An open table. Only the columns asked for are read.
pub struct Sheet {
    path: PathBuf,
    rows: Rows,
    headers: Vec<String>,
    columns: Vec<Asked>,
    /// Columns whose empty cell, and cells that, make a row one to pass over.
    skip_without: Vec<usize>,
    skip_where: Vec<(usize, String)>,
    zone: TimeZone,
    zone_is_stated: bool,
    record: Record,
    passed_over: u64,
    /// The first lines with a time that names its zone, and with one that does not.
    zoned: Noted<Option<u64>>,
    naive: Noted<Option<u64>>,
}

enum Rows {
    Text(Delimited),
    Workbook(Workbook),
}

/// A column asked for.
struct Asked {
    /// Its place in the file, if the file has it.
    place: Option<usize>,
    values: HashMap<String, String>,
}

/// A row of a [`Sheet`].
pub struct Row<'a> {
    sheet: &'a Sheet,
    /// The line it begins on, from 1.
    pub line: u64,
}

/// A cell of a [`Row`]: trimmed text that is not empty.
pub struct Cell<'a> {
    row: &'a Row<'a>,
    place: usize,
    /// What the workbook holds in it, if it is read as it stands there.
    made: Option<Made>,
    /// The text, or what it stands for.
    pub text: &'a str,
}

/// The rows of a whole table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// What the reader should know about the file.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Opens a table and finds its columns. Cells are then read by the place of their column in `kind`.
    pub fn open(path: &Path, kind: &TableKind, reading: &Reading) -> Result<Sheet, FileFault> {
        let unreadable = |e: std::io::Error| FileFault::whole(path, format!("cannot be read: {e}"));
        let rows = match source::open(path, reading.encoding)? {
            Source::Text(input) => {
                Rows::Text(Delimited::new(input, reading.header_line, reading.quotes).map_err(unreadable)?)
            }
            Source::Archive => Rows::Workbook(Workbook::open(path, reading.sheet.as_deref(), reading.header_line)?),
        };
        let at = |name: &str| kind.columns.iter().position(|column| column.name == name);
        let mut sheet = Sheet {
            path: path.to_owned(),
            rows,
            headers: Vec::new(),
            columns: Vec::new(),
            skip_without: reading.skip_without.iter().filter_map(|name| at(name)).collect(),
            skip_where: reading.skip_where.iter().filter_map(|(name, cell)| Some((at(name)?, cell.clone()))).collect(),
            zone: reading.zone.clone().unwrap_or(TimeZone::UTC),
            zone_is_stated: reading.zone.is_some(),
            record: Record::default(),
            passed_over: 0,
            zoned: Noted::new(None),
            naive: Noted::new(None),
        };
        sheet.read_headers(kind, reading)?;
        Ok(sheet)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next row, or `None` at the end. Rows without any text are skipped, and those to pass over are counted.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, FileFault> {
        while self.take_row()? {
            if !self.is_passed_over() {
                return Ok(Some(self.row()));
            }
        }
        Ok(None)
    }

    /// Reads the next row, also one to pass over; false at the end.
    pub(super) fn take_row(&mut self) -> Result<bool, FileFault> {
        if !self.read_record()? {
            return Ok(false);
        }
        self.check_record()?;
        self.passed_over += u64::from(self.is_passed_over());
        Ok(true)
    }

    /// The row that was read last.
    pub(super) fn row(&self) -> Row<'_> {
        Row { sheet: self, line: self.record.line }
    }

    /// Whether the row that was read last is one to pass over.
    pub(super) fn is_passed_over(&self) -> bool {
        let row = self.row();
        let empty = |column: &usize| row.cell(*column).is_none();
        let holds = |(column, cell): &(usize, String)| row.cell(*column).is_some_and(|found| found.text == cell);
        self.skip_without.iter().any(empty) || self.skip_where.iter().any(holds)
    }

    /// The places and headers of columns that are neither read as one of `own` nor called like it.
    pub(super) fn unread(&self, kind: &TableKind, own: &[&str]) -> Vec<(usize, String)> {
        let asked = kind.columns.iter().zip(&self.columns).filter(|(column, _)| own.contains(&column.name));
        let read: Vec<usize> = asked.filter_map(|(_, asked)| asked.place).collect();
        let is_own = |header: &str| own.iter().any(|name| name.eq_ignore_ascii_case(header));
        let headers = self.headers.iter().enumerate();
        let unread = headers.filter(|(place, h)| !h.is_empty() && !read.contains(place) && !is_own(h));
        unread.map(|(place, header)| (place, header.clone())).collect()
    }

    /// Whether the file has a column.
    pub(super) fn has(&self, column: usize) -> bool {
        self.columns[column].place.is_some()
    }

    /// Refuses a file that has none of these columns.
    pub(super) fn needs_one_of(&self, kind: &TableKind, columns: &[usize]) -> Result<(), FileFault> {
        if columns.iter().any(|column| self.has(*column)) {
            return Ok(());
        }
        let names: Vec<&str> = columns.iter().map(|column| kind.columns[*column].name).collect();
        Err(FileFault::at(&self.path, self.record.line, self.no_column(&names.join("` or `"), names[0])))
    }

    fn no_column(&self, header: &str, name: &str) -> String {
        let only = self.headers.join(", ");
        let is_packed = |header: &&String| header.to_lowercase().replace([' ', '_', '-'], "") == "lineitems";
        if let Some(packed) = self.headers.iter().find(is_packed).filter(|_| name == "sku" || name == "qty") {
            return format!(
                "there is no column `{header}`, only {only}; `{packed}` seems to hold the items packed into one cell: export \
                 one row for each item, with its SKU and its quantity in columns of their own"
            );
        }
        format!(
            "there is no column `{header}`, only {only}; if it has another name, say --column {name}=HEADER, and if another \
             line is the header, --header-line N"
        )
    }

    /// What the reader should know about the rows so far: how many were passed over, whether the file seems to be cut off, and
    /// whether some times name their zone and others do not.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.passed_over > 0 {
            notes.push(format!("{}: {} passed over as asked", self.path.display(), counted(self.passed_over, "row")));
        }
        if let Rows::Text(rows) = &self.rows
            && let Some(line) = rows.cut()
        {
            let file = self.path.display();
            notes.push(format!(
                "{file}, line {line}: the file ends without a line end in a row that lacks cells: it may be cut off"
            ));
        }
        let zone = self.zone.iana_name().map(str::to_owned);
        let zone = zone.or_else(|| self.zone.to_fixed_offset().ok().map(|offset| offset.to_string()));
        let zone = zone.unwrap_or_default();
        let file = self.path.display();
        match (self.zoned.get(), self.naive.get()) {
            (Some(zoned), Some(naive)) => notes.push(format!(
                "{file}: times with a zone (line {zoned}) and without one (line {naive}) are mixed; those without are \
                 taken as {zone}: --time-zone says another"
            )),
            (None, Some(naive)) if !self.zone_is_stated => notes.push(format!(
                "{file}: times without a zone (from line {naive} on) are taken as {zone}: --time-zone says another"
            )),
            _ => {}
        }
        notes
    }

    /// Reads the rest into rows.
    pub(super) fn table<T>(
        mut self,
        mut read: impl FnMut(&Row<'_>) -> Result<T, FileFault>,
    ) -> Result<Table<T>, FileFault> {
        let mut rows = Vec::new();
        while let Some(row) = self.next_row()? {
            rows.push(read(&row)?);
        }
        Ok(Table { rows, notes: self.notes() })
    }

    fn check_record(&self) -> Result<(), FileFault> {
        let line = self.record.line;
        let surplus = self.record.cells().skip(self.headers.len()).any(|cell| !cell.trim_ascii().is_empty());
        if surplus {
            let (cells, headers) = (self.record.len(), self.headers.len());
            let reason = format!(
                "the row has {}, the header only {headers}: quote cells that hold the separator",
                counted(cells, "cell")
            );
            return Err(FileFault::at(&self.path, line, reason));
        }
        if let Some(place) = self.record.cells().position(|cell| std::str::from_utf8(cell).is_err()) {
            return Err(self.fault_at(line, place, NOT_UTF8));
        }
        Ok(())
    }

    /// A fault of a cell.
    fn fault_at(&self, line: u64, place: usize, reason: impl Display) -> FileFault {
        FileFault { column: self.headers.get(place).cloned(), ..FileFault::at(&self.path, line, reason) }
    }

    /// Reads the next row that has any text; false at the end.
    fn read_record(&mut self) -> Result<bool, FileFault> {
        loop {
            let more = match &mut self.rows {
                Rows::Text(rows) => rows.next(&mut self.record),
                Rows::Workbook(rows) => Ok(rows.next().map(|record| self.record = record).is_some()),
            };
            let more = more.map_err(|fault| match fault {
                SplitFault::Io(e) => FileFault::whole(&self.path, format!("cannot be read: {e}")),
                SplitFault::Quote(line, place, reason) => self.fault_at(line, place, reason),
            })?;
            if !more || self.record.cells().any(|cell| !cell.trim_ascii().is_empty()) {
                return Ok(more);
            }
        }
    }

    fn read_headers(&mut self, kind: &TableKind, reading: &Reading) -> Result<(), FileFault> {
        if !self.read_record()? {
            return Err(FileFault::whole(&self.path, "is empty: it needs a header line"));
        }
        let line = self.record.line;
        let headers = self.record.cells().map(|cell| std::str::from_utf8(cell).map(|text| text.trim().to_owned()));
        self.headers = headers
            .collect::<Result<_, _>>()
            .map_err(|_| FileFault::at(&self.path, line, format!("the header {NOT_UTF8}")))?;
        if let Rows::Text(rows) = &mut self.rows {
            rows.expect(self.headers.len());
        }
        for column in kind.columns {
            let place = self.find(column, reading).map_err(|reason| FileFault::at(&self.path, line, reason))?;
            self.columns.push(Asked { place, values: reading.values.of(column.name) });
        }
        for (name, flag) in &reading.needed {
            let known = kind.columns.iter().zip(&self.columns).find(|(column, _)| column.name == *name);
            if known.is_none_or(|(_, asked)| asked.place.is_none()) {
                let reason = self.no_column(reading.names.header(name), name);
                return Err(FileFault::at(&self.path, line, format!("{flag}: {reason}")));
            }
        }
        Ok(())
    }

    /// The place of a column: that of its exact header, or else of the one that differs in case only.
    fn find(&self, column: &Column, reading: &Reading) -> Result<Option<usize>, String> {
        let names = &reading.names;
        let header = names.header(column.name);
        let all = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
            self.headers.iter().enumerate().filter(|(_, h)| fits(h)).map(|(n, _)| n).collect()
        };
        let mut found = all(&|h: &str| h == header);
        if found.is_empty() {
            found = all(&|h: &str| h.eq_ignore_ascii_case(header));
        }
        match found[..] {
            [place] => Ok(Some(place)),
            [] if !column.required && !names.is_given(column.name) => Ok(None),
            [] => Err(self.no_column(header, column.name)),
            _ => Err(format!("the column `{header}` occurs {} times: keep one", found.len())),
        }
    }
}

const NOT_UTF8: &str = "is not text in the encoding of the file: save it as CSV UTF-8, or say --encoding, like gbk or \
                        windows-1252";

impl<'a> Row<'a> {
    /// The cell of a column by its place in the columns asked for; `None` when the file lacks the column or the cell is
    /// empty.
    pub fn cell(&'a self, column: usize) -> Option<Cell<'a>> {
        let Asked { place, values } = &self.sheet.columns[column];
        let place = (*place)?;
        // Every cell was found to be UTF-8 when the row was read; a row may be shorter than the header.
        let text = std::str::from_utf8(self.sheet.record.get(place).unwrap_or_default()).unwrap_or_default();
        let text = unwrapped(trimmed(text));
        let (text, made) = match values.get(text) {
            Some(value) => (value.as_str(), None),
            None => (text, self.sheet.record.made(place)),
        };
        (!text.is_empty()).then_some(Cell { row: self, place, made, text })
    }

    /// A cell by its place in the file, as it is written.
    pub(super) fn written(&self, place: usize) -> &str {
        std::str::from_utf8(self.sheet.record.get(place).unwrap_or_default()).unwrap_or_default()
    }

    /// The cell of a column that every row must fill.
    pub fn required(&'a self, column: usize) -> Result<Cell<'a>, FileFault> {
        self.cell(column).ok_or_else(|| {
            let header = self.sheet.columns[column].place.map(|place| self.sheet.headers[place].clone());
            FileFault {
                column: header,
                ..self.fault("is empty, it must be filled (--skip-without passes over such rows)")
            }
        })
    }

    /// The code in a column, if the cell is filled.
    pub fn code(&self, column: usize) -> Result<Option<Code>, FileFault> {
        self.cell(column).map(|cell| cell.code()).transpose()
    }

    /// The time in a column, if the cell is filled.
    pub fn time(&self, column: usize) -> Result<Option<Time>, FileFault> {
        let Some(cell) = self.cell(column) else { return Ok(None) };
        let (noted, time) = match read_time(cell.text).map_err(|reason| cell.fault(reason))? {
            Written::Zoned(time) => (&self.sheet.zoned, Ok(time)),
            Written::Naive(civil) => (&self.sheet.naive, in_zone(civil, &self.sheet.zone)),
        };
        noted.set(noted.get().or(Some(self.line)));
        time.map(Some).map_err(|reason| cell.fault(reason))
    }

    /// A fault of this row.
    pub fn fault(&self, reason: impl Display) -> FileFault {
        FileFault::at(&self.sheet.path, self.line, reason)
    }
}

impl Cell<'_> {
    /// The cell as an amount of money.
    pub fn money(&self) -> Result<Money, FileFault> {
        let reason = |error| format!("{error}; write it like 129.00, without a currency and without separators");
        let money: Money = self.text.parse().map_err(|error: MoneyError| self.fault(reason(error)))?;
        if money < Money::ZERO {
            return Err(self.fault(format!("`{}` is below zero: it says what arrived", self.text)));
        }
        Ok(money)
    }

    /// The cell as a code.
    pub fn code(&self) -> Result<Code, FileFault> {
        if let Some(what) = self.made.map(named) {
            let reason = format!(
                "`{}` is {what} in the workbook and no text, and a spreadsheet may have made it of something else: format \
                 the column as text and enter it again",
                self.text
            );
            return Err(self.fault(reason));
        }
        if is_power_of_ten(self.text) {
            let reason = format!(
                "`{}` is a number that a spreadsheet has shortened: its last digits are lost, and several may have become \
                 one; export it again with this column as text",
                self.text
            );
            return Err(self.fault(reason));
        }
        if FORMULA_FAULTS.contains(&self.text) {
            return Err(self.fault(format!("`{}` is a formula that failed", self.text)));
        }
        Code::new(self.text).map_err(|e| self.fault(e))
    }

    /// The cell as a whole number.
    pub fn number<N: FromStr>(&self) -> Result<N, FileFault> {
        if let Some(what) = self.made.filter(|made| *made != Made::Fraction).map(named) {
            let reason =
                format!("`{}` is {what} in the workbook: format the column as numbers and enter it again", self.text);
            return Err(self.fault(reason));
        }
        numbers::whole(self.text).map_err(|reason| self.fault(reason))
    }

    /// The cell as a day.
    pub fn day(&self) -> Result<Day, FileFault> {
        read_day(self.text).map_err(|reason| self.fault(reason))
    }

    /// A fault of this cell.
    pub fn fault(&self, reason: impl Display) -> FileFault {
        self.row.sheet.fault_at(self.row.line, self.place, reason)
    }
}

/// What it is, in words.
fn named(made: Made) -> &'static str {
    match made {
        Made::Time => "a date or time",
        Made::Duration => "a duration or time of day",
        Made::Fraction => "a number with a fraction",
        Made::Truth => "a truth value",
    }
}

/// Without spaces and line ends around it. Spaces that cannot be seen stay, and are refused where they matter.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n'])
}

/// Without the wrapping by which a spreadsheet is told to leave a number alone: `="00123"`.
fn unwrapped(text: &str) -> &str {
    let inner = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).map_or(text, trimmed)
}
