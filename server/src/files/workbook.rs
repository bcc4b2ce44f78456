//! Rows of a workbook: `.xlsx` of Excel, `.ods` of LibreOffice.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{Data, ExcelDateTime, Ods, Range, Reader, SheetVisible, Xlsx};

use super::delimited::Record;
use super::fault::FileFault;

/// From here on, numbers of a spreadsheet have lost their last digits.
const EXACT_BELOW: f64 = 1e15;

/// The rows of one sheet.
pub(super) struct Workbook {
    range: Range<Data>,
    /// Rows above the range.
    above: u64,
    next: usize,
}

impl Workbook {
    /// Opens a workbook, at its sheet of this name, or else at the only visible one that is not empty. Rows above
    /// `header` are passed over.
    pub(super) fn open(path: &Path, sheet: Option<&str>, header: u64) -> Result<Workbook, FileFault> {
        let unreadable = |e: &dyn std::fmt::Display| FileFault::whole(path, format!("cannot be read: {e}"));
        let open = || File::open(path).map(BufReader::new).map_err(|e| unreadable(&e));
        let range = match (Xlsx::new(open()?), Ods::new(open()?)) {
            (Ok(mut book), _) => {
                let name = chosen(path, &mut book, sheet)?;
                book.worksheet_range(&name).map_err(|e| unreadable(&e))?
            }
            (_, Ok(mut book)) => {
                let name = chosen(path, &mut book, sheet)?;
                book.worksheet_range(&name).map_err(|e| unreadable(&e))?
            }
            _ => {
                let reason = "is a ZIP archive and no workbook (.xlsx or .ods) that can be read: unpack it, or save it as \
                              CSV";
                return Err(FileFault::whole(path, reason));
            }
        };
        let above = range.start().map_or(0, |(row, _)| u64::from(row));
        let next = usize::try_from(header.saturating_sub(above + 1)).unwrap_or(usize::MAX);
        Ok(Workbook { range, above, next })
    }

    /// The next row, or `None` at the end.
    pub(super) fn next(&mut self) -> Option<Record> {
        let row = self.range.rows().nth(self.next)?;
        let line = self.above + self.next as u64 + 1;
        self.next += 1;
        Some(Record::of(line, row.iter().map(text)))
    }
}

fn chosen<R: Reader<BufReader<File>>>(path: &Path, book: &mut R, sheet: Option<&str>) -> Result<String, FileFault> {
    let visible = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible;
    let names: Vec<String> = book.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    if let Some(sheet) = sheet {
        return match book.sheets_metadata().iter().any(|found| found.name == sheet) {
            true => Ok(sheet.to_owned()),
            false => Err(FileFault::whole(path, format!("has no sheet `{sheet}`, only {}", names.join(", ")))),
        };
    }
    let filled = |name: &String| book.worksheet_range(name).is_ok_and(|range| !range.is_empty());
    let mut filled: Vec<String> = names.into_iter().filter(filled).collect();
    match (filled.pop(), filled.is_empty()) {
        (Some(name), true) => Ok(name),
        (Some(name), false) => {
            let names = format!("{}, {name}", filled.join(", "));
            Err(FileFault::whole(path, format!("has several sheets ({names}): name one with --sheet")))
        }
        (None, _) => Err(FileFault::whole(path, "is empty: it needs a header line")),
    }
}

/// A cell as a text file would have it.
fn text(cell: &Data) -> String {
    match cell {
        Data::Int(number) => number.to_string(),
        Data::Float(number) if number.abs() >= EXACT_BELOW => {
            // As spreadsheets show it, so that it is refused like there.
            let shown = format!("{number:E}");
            if shown.contains("E-") { shown } else { shown.replace('E', "E+") }
        }
        Data::Float(number) => number.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(time) if time.is_datetime() => time_text(time),
        Data::DateTime(span) => span.as_f64().to_string(),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

fn time_text(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}")
}
