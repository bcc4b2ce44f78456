//! Rows of a workbook: `.xlsx` of Excel, `.ods` of LibreOffice.
//!
//! The cells of a sheet are taken in the order in which the file has them, once. Only rows that have any text are kept.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{Data, ExcelDateTime, Ods, OdsError, Reader, SheetVisible, Xlsx};

use super::delimited::{Made, Record};
use super::fault::FileFault;

/// From here on, numbers of a spreadsheet have lost their last digits.
const EXACT_BELOW: f64 = 1e15;
/// Columns that a sheet may use.
const COLUMNS_MAX: u32 = 1_024;
/// Cells of a sheet, with the empty ones before the last of a row.
const CELLS_MAX: u64 = 20_000_000;
/// Text of all cells of a sheet, in bytes.
const TEXT_BYTES_MAX: u64 = 512 << 20;

/// The rows of one sheet.
pub(super) struct Workbook {
    rows: std::vec::IntoIter<Record>,
}

/// A sheet that is being read.
struct Grid<'a> {
    path: &'a Path,
    sheet: String,
    /// The line of the header: rows above it are passed over.
    header: u64,
    rows: Vec<Record>,
    cells: u64,
    bytes: u64,
}

impl Workbook {
    /// Reads a workbook, at its sheet of this name, or else at the only visible one that is not empty. Rows above
    /// `header` are passed over.
    pub(super) fn open(path: &Path, sheet: Option<&str>, header: u64) -> Result<Workbook, FileFault> {
        let open = || File::open(path).map(BufReader::new).map_err(|e| unreadable(path, &e));
        let grid = |sheet| Grid { path, sheet, header, rows: Vec::new(), cells: 0, bytes: 0 };
        let rows = match Xlsx::new(open()?) {
            Ok(mut book) => {
                let sheet = chosen(path, &mut book, sheet, is_filled)?;
                of_excel(&mut book, grid(sheet))?
            }
            Err(_) => {
                let mut book = Ods::new(open()?).map_err(|error| no_workbook(path, &error))?;
                let filled = |book: &mut Ods<_>, name: &str| book.worksheet_range(name).is_ok_and(|r| !r.is_empty());
                let sheet = chosen(path, &mut book, sheet, filled)?;
                of_libreoffice(&mut book, grid(sheet))?
            }
        };
        Ok(Workbook { rows: rows.into_iter() })
    }

    /// The next row that has any text, or `None` at the end.
    pub(super) fn next(&mut self) -> Option<Record> {
        self.rows.next()
    }
}

fn of_excel(book: &mut Xlsx<BufReader<File>>, mut grid: Grid<'_>) -> Result<Vec<Record>, FileFault> {
    let path = grid.path;
    let mut cells = book.worksheet_cells_reader(&grid.sheet).map_err(|e| unreadable(path, &e))?;
    while let Some(cell) = cells.next_cell().map_err(|e| unreadable(path, &e))? {
        let value = Data::from(cell.get_value().clone());
        grid.put(cell.get_position(), &value)?;
    }
    Ok(grid.rows)
}

fn of_libreoffice(book: &mut Ods<BufReader<File>>, mut grid: Grid<'_>) -> Result<Vec<Record>, FileFault> {
    let range = book.worksheet_range(&grid.sheet).map_err(|e| unreadable(grid.path, &e))?;
    let (top, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let at = |from: u32, offset: usize| from.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
        grid.put((at(top, row), at(left, column)), value)?;
    }
    Ok(grid.rows)
}

impl Grid<'_> {
    /// Takes a cell, by its row and column from 0. Cells come row by row, and from left to right.
    fn put(&mut self, (row, column): (u32, u32), value: &Data) -> Result<(), FileFault> {
        let (text, made) = text(value);
        let line = u64::from(row) + 1;
        if text.trim().is_empty() || line < self.header {
            return Ok(());
        }
        let fault = |reason: String| {
            let cell = format!("{}{line}", letters(column));
            Err(FileFault::at(self.path, line, format!("sheet `{}`, cell {cell}: {reason}", self.sheet)))
        };
        if column >= COLUMNS_MAX {
            let last = letters(COLUMNS_MAX - 1);
            return fault(format!(
                "a table has at most {COLUMNS_MAX} columns, up to {last}: delete what is beyond them"
            ));
        }
        let place = column as usize;
        let before = self.rows.last().map(|record| (record.line, record.len()));
        let filled = before.filter(|(before, _)| *before == line).map_or(0, |(_, cells)| cells);
        if before.is_some_and(|(before, _)| before > line) || place < filled {
            return fault("the cells of the sheet are not in order: save the workbook anew".to_owned());
        }
        let (cells, bytes) = (self.cells + (place - filled) as u64 + 1, self.bytes + text.len() as u64);
        if cells > CELLS_MAX || bytes > TEXT_BYTES_MAX {
            let megabytes = TEXT_BYTES_MAX >> 20;
            return fault(format!(
                "from here on the sheet has more than {CELLS_MAX} cells, or more than {megabytes} MiB of text: delete what \
                 stands far from the table, or divide it"
            ));
        }
        (self.cells, self.bytes) = (cells, bytes);
        if filled == 0 {
            self.rows.push(Record::begun(line));
        }
        if let Some(record) = self.rows.last_mut() {
            record.put(place, &text, made);
        }
        Ok(())
    }
}

fn chosen<B: Reader<BufReader<File>>>(
    path: &Path,
    book: &mut B,
    sheet: Option<&str>,
    is_filled: impl Fn(&mut B, &str) -> bool,
) -> Result<String, FileFault> {
    let visible = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible;
    let names: Vec<String> = book.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    if let Some(sheet) = sheet {
        return match book.sheets_metadata().iter().any(|found| found.name == sheet) {
            true => Ok(sheet.to_owned()),
            false => Err(FileFault::whole(path, format!("has no sheet `{sheet}`, only {}", names.join(", ")))),
        };
    }
    let mut filled: Vec<String> = names.into_iter().filter(|name| is_filled(book, name)).collect();
    match (filled.pop(), filled.is_empty()) {
        (Some(name), true) => Ok(name),
        (Some(name), false) => {
            let names = format!("{}, {name}", filled.join(", "));
            Err(FileFault::whole(path, format!("has several sheets ({names}): name one with --sheet")))
        }
        (None, _) => Err(FileFault::whole(path, "is empty: it needs a header line")),
    }
}

/// Whether a sheet has any cell with a value, or one that cannot be read.
fn is_filled(book: &mut Xlsx<BufReader<File>>, name: &str) -> bool {
    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return false };
    loop {
        match cells.next_cell() {
            Ok(Some(cell)) if *cell.get_value() == calamine::DataRef::Empty => {}
            Ok(Some(_)) | Err(_) => return true,
            Ok(None) => return false,
        }
    }
}

fn unreadable(path: &Path, error: &dyn Display) -> FileFault {
    FileFault::whole(path, format!("cannot be read: {error}"))
}

fn no_workbook(path: &Path, error: &OdsError) -> FileFault {
    if let OdsError::CellLimitExceeded { .. } = error {
        let reason =
            "has a sheet whose cells stand too far apart: delete what stands far from the table, or save it as CSV";
        return FileFault::whole(path, reason);
    }
    let reason = "is a ZIP archive and no workbook (.xlsx or .ods) that can be read: unpack it, or save it as CSV";
    FileFault::whole(path, reason)
}

/// The name of a column, from 0: `A`, `Z`, `AA`.
fn letters(column: u32) -> String {
    let letter = char::from(b'A' + u8::try_from(column % 26).unwrap_or_default());
    match column / 26 {
        0 => letter.to_string(),
        more => format!("{}{letter}", letters(more - 1)),
    }
}

/// A cell as a text file would have it, and what it is if it is no text.
fn text(cell: &Data) -> (String, Option<Made>) {
    match cell {
        Data::Int(number) => (number.to_string(), None),
        Data::Float(number) if number.abs() >= EXACT_BELOW => {
            // As spreadsheets show it, so that it is refused like there.
            let shown = format!("{number:E}");
            (if shown.contains("E-") { shown } else { shown.replace('E', "E+") }, None)
        }
        Data::Float(number) => (number.to_string(), (number.fract() != 0.0).then_some(Made::Fraction)),
        Data::String(text) => (text.clone(), None),
        Data::DateTimeIso(text) => (text.clone(), Some(Made::Time)),
        Data::DurationIso(text) => (text.clone(), Some(Made::Duration)),
        Data::Bool(truth) => (if *truth { "TRUE" } else { "FALSE" }.to_owned(), Some(Made::Truth)),
        Data::DateTime(time) if time.is_datetime() => (time_text(time), Some(Made::Time)),
        Data::DateTime(span) => (span.as_f64().to_string(), Some(Made::Duration)),
        Data::Error(error) => (error.to_string(), None),
        Data::Empty => (String::new(), None),
    }
}

fn time_text(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}")
}
