//! A table of named columns, read row by row.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::ByteRecord;
use flate2::bufread::MultiGzDecoder;
use stockade_core::ids::Code;

use super::columns::ColumnNames;
use super::fault::FileFault;
use super::lines::PlainLines;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// An open table. Only the columns asked for are read.
pub struct Sheet {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read + Send>>,
    /// Lines before the first line of the reader.
    skipped: u64,
    headers: Vec<String>,
    /// The place of each column asked for, in the order asked.
    places: Vec<Option<usize>>,
    record: ByteRecord,
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
    /// The text.
    pub text: &'a str,
}

/// A column to read.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether the file must have it.
    pub required: bool,
}

impl Sheet {
    /// Opens a table and finds its columns. Cells are then read by the place of their column in `columns`.
    pub fn open(path: &Path, columns: &[Column], names: &ColumnNames) -> Result<Sheet, FileFault> {
        let unreadable = |e: std::io::Error| FileFault::whole(path, format!("cannot be read: {e}"));
        let file = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        let mut input = unpacked(file, path)?;
        let (delimiter, skipped) = delimiter(&mut input).map_err(unreadable)?;
        let plain: Box<dyn Read + Send> = Box::new(PlainLines::new(input));
        let reader =
            csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(plain);
        let mut sheet = Sheet {
            path: path.to_owned(),
            reader,
            skipped,
            headers: Vec::new(),
            places: Vec::new(),
            record: ByteRecord::new(),
        };
        sheet.read_headers(columns, names)?;
        Ok(sheet)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next row, or `None` at the end. Rows without any text are skipped.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, FileFault> {
        let Some(line) = self.read_record()? else { return Ok(None) };
        let surplus = self.record.iter().skip(self.headers.len()).any(|cell| !cell.trim_ascii().is_empty());
        if surplus {
            let (cells, headers) = (self.record.len(), self.headers.len());
            let reason =
                format!("the row has {cells} cells, the header only {headers}: quote cells that hold the separator");
            return Err(FileFault::at(&self.path, line, reason));
        }
        if let Some(place) = self.record.iter().position(|cell| std::str::from_utf8(cell).is_err()) {
            let reason = "is not UTF-8: save the file as CSV UTF-8".to_owned();
            return Err(FileFault {
                column: Some(self.headers[place].clone()),
                ..FileFault::at(&self.path, line, reason)
            });
        }
        Ok(Some(Row { sheet: self, line }))
    }

    fn read_record(&mut self) -> Result<Option<u64>, FileFault> {
        loop {
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.map_err(|e| FileFault::whole(&self.path, format!("cannot be read: {e}")))? {
                return Ok(None);
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                // The reader stands after the record, whose lines all end plainly.
                let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
                return Ok(Some(self.reader.position().line() - 1 - inside + self.skipped));
            }
        }
    }

    fn read_headers(&mut self, columns: &[Column], names: &ColumnNames) -> Result<(), FileFault> {
        let Some(line) = self.read_record()? else {
            return Err(FileFault::whole(&self.path, "is empty: it needs a header line"));
        };
        let headers = self.record.iter().map(|cell| std::str::from_utf8(cell).map(|text| text.trim().to_owned()));
        self.headers = headers
            .collect::<Result<_, _>>()
            .map_err(|_| FileFault::at(&self.path, line, "the header is not UTF-8: save the file as CSV UTF-8"))?;
        self.places = columns
            .iter()
            .map(|column| self.find(column, names).map_err(|reason| FileFault::at(&self.path, line, reason)))
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The place of a column: that of its exact header, or else of the one that differs in case only.
    fn find(&self, column: &Column, names: &ColumnNames) -> Result<Option<usize>, String> {
        let header = names.header(column.name);
        let exact = |h: &str| h == header;
        let close = |h: &str| h.eq_ignore_ascii_case(header);
        let all = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
            self.headers.iter().enumerate().filter(|(_, h)| fits(h)).map(|(n, _)| n).collect()
        };
        let mut found = all(&exact);
        if found.is_empty() {
            found = all(&close);
        }
        match found[..] {
            [place] => Ok(Some(place)),
            [] if !column.required && !names.is_given(column.name) => Ok(None),
            [] => Err(format!(
                "there is no column `{header}`, only {}; if it has another name, say --column {}=HEADER",
                self.headers.join(", "),
                column.name
            )),
            _ => Err(format!("the column `{header}` occurs {} times: keep one", found.len())),
        }
    }
}

impl<'a> Row<'a> {
    /// The cell of a column by its place in the columns asked for; `None` when the file lacks the column or the cell is
    /// empty.
    pub fn cell(&'a self, column: usize) -> Option<Cell<'a>> {
        let place = self.sheet.places[column]?;
        // Every cell was found to be UTF-8 when the row was read.
        let text = std::str::from_utf8(self.sheet.record.get(place)?).unwrap_or_default().trim();
        (!text.is_empty()).then_some(Cell { row: self, place, text })
    }

    /// The cell of a column that every row must fill.
    pub fn required(&'a self, column: usize) -> Result<Cell<'a>, FileFault> {
        self.cell(column).ok_or_else(|| {
            let header = self.sheet.places[column].map(|place| self.sheet.headers[place].clone());
            FileFault { column: header, ..self.fault("is empty, it must be filled") }
        })
    }

    /// A fault of this row.
    pub fn fault(&self, reason: impl Display) -> FileFault {
        FileFault::at(&self.sheet.path, self.line, reason)
    }
}

impl Cell<'_> {
    /// The cell as a code.
    pub fn code(&self) -> Result<Code, FileFault> {
        Code::new(self.text).map_err(|e| self.fault(e))
    }

    /// The cell as a whole number.
    pub fn number<N: FromStr>(&self) -> Result<N, FileFault> {
        self.text
            .parse()
            .map_err(|_| self.fault(format!("`{}` is not a whole number within bounds: write digits only", self.text)))
    }

    /// A fault of this cell.
    pub fn fault(&self, reason: impl Display) -> FileFault {
        FileFault { column: Some(self.row.sheet.headers[self.place].clone()), ..self.row.fault(reason) }
    }
}

/// The file's text, unpacked and without its byte order mark.
fn unpacked(mut file: BufReader<File>, path: &Path) -> Result<Box<dyn BufRead + Send>, FileFault> {
    let unreadable = |e: std::io::Error| FileFault::whole(path, format!("cannot be read: {e}"));
    let packed = file.fill_buf().map_err(unreadable)?.starts_with(&GZIP);
    let mut input: Box<dyn BufRead + Send> =
        if packed { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))) } else { Box::new(file) };
    let start = input.fill_buf().map_err(unreadable)?;
    if UTF16_MARKS.iter().any(|mark| start.starts_with(mark)) {
        return Err(FileFault::whole(path, "is UTF-16: save it as CSV UTF-8"));
    }
    let marked = start.starts_with(&UTF8_MARK);
    input.consume(if marked { UTF8_MARK.len() } else { 0 });
    Ok(input)
}

/// The separator, and how many lines declare it: a first line `sep=;` as spreadsheets write it, or else whichever of
/// tab, semicolon and comma occurs most often in the header outside quotes.
fn delimiter(input: &mut Box<dyn BufRead + Send>) -> std::io::Result<(u8, u64)> {
    let start = input.fill_buf()?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let taken = line.len() + usize::from(line.len() < start.len());
    if let [b's', b'e', b'p', b'=', separator, rest @ ..] = line
        && (rest.is_empty() || rest == b"\r")
    {
        let separator = *separator;
        input.consume(taken);
        return Ok((separator, 1));
    }
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some(count) = counts.iter_mut().find(|(separator, _)| separator == byte && !quoted) {
            count.1 += 1;
        }
    }
    // The last of equals wins, so that a header without separators counts as separated by commas.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    Ok((most.map_or(b',', |(separator, _)| *separator), 0))
}
