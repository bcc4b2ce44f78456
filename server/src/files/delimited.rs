//! Cells of a text file, separated by a delimiter, quoted where needed.
//!
//! A quote is taken as one only where nothing else can be meant: it begins a cell, and its partner ends that cell. A cell like
//! `"Mug" blue` is text with quotes in it. Everything in between could swallow rows, and is a fault.

use std::io::{self, BufRead};

use clap::ValueEnum;
use stockade_core::units::counted;

/// Bytes that a row may have: a quote that is never closed does not take the whole file into memory.
const ROW_BYTES_MAX: usize = 1 << 20;

/// What a quote at the beginning of a cell means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Quotes {
    /// It quotes the cell; rows that it may have swallowed are a fault.
    #[default]
    Auto,
    /// It quotes the cell, whatever the cell holds.
    Yes,
    /// It is a character like any other.
    No,
}

/// A row as it stands in the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Record {
    /// The line it begins on, from 1.
    pub(super) line: u64,
    /// Its cells one after the other.
    bytes: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// Cells of a workbook that hold no text, by their place.
    made: Vec<(usize, Made)>,
}

/// What a cell of a workbook is, where it is neither text nor a whole number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Made {
    /// A date or a time.
    Time,
    /// A duration, or a time of day without a date.
    Duration,
    /// A number that is not whole.
    Fraction,
    /// True or false.
    Truth,
}

/// Why a row cannot be split.
pub(super) enum SplitFault {
    /// The file cannot be read.
    Io(io::Error),
    /// A quote that cannot be understood, by the line and the place of its cell.
    Quote(u64, usize, String),
}

/// Splits a text into rows. Every line belongs to exactly one row.
pub(super) struct Delimited {
    input: Box<dyn BufRead + Send>,
    delimiter: u8,
    quotes: Quotes,
    /// Lines taken so far.
    lines: u64,
    /// Cells of the header; 0 while it is not known.
    width: usize,
    text: Vec<u8>,
    /// The file ends without a line end.
    open_ended: bool,
    /// The line of a last row that ends so, and whose last cell is missing or empty.
    cut: Option<u64>,
}

impl Record {
    /// A row without cells.
    pub(super) fn begun(line: u64) -> Record {
        Record { line, ..Record::default() }
    }

    /// Appends a cell at a place, after empty ones if need be.
    pub(super) fn put(&mut self, place: usize, text: &str, made: Option<Made>) {
        self.ends.resize(place.max(self.ends.len()), self.bytes.len());
        self.made.extend(made.map(|made| (self.ends.len(), made)));
        self.push(text.as_bytes());
    }

    /// What a cell is, if it is neither text nor a whole number.
    pub(super) fn made(&self, place: usize) -> Option<Made> {
        self.made.iter().find(|(made, _)| *made == place).map(|(_, made)| *made)
    }

    /// The bytes of a cell.
    pub(super) fn get(&self, place: usize) -> Option<&[u8]> {
        let end = *self.ends.get(place)?;
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        Some(&self.bytes[begin..end])
    }

    /// Every cell.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).filter_map(|place| self.get(place))
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.ends.clear();
        self.made.clear();
    }

    fn push(&mut self, cell: &[u8]) {
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len());
    }
}

impl Delimited {
    /// Takes the lines before the header, and finds the separator: the one that a first line `sep=;` declares, as
    /// spreadsheets write it, or else whichever of tab, semicolon and comma the header has most outside quotes.
    pub(super) fn new(input: Box<dyn BufRead + Send>, header: u64, quotes: Quotes) -> io::Result<Delimited> {
        let mut rows = Delimited {
            input,
            delimiter: b',',
            quotes,
            lines: 0,
            width: 0,
            text: Vec::new(),
            open_ended: false,
            cut: None,
        };
        let mut declared = None;
        while rows.lines + 1 < header && rows.take_line()? {
            declared = declared.or(separator(&rows.text));
            rows.text.clear();
        }
        // The header, which stays for the first row.
        rows.take_line()?;
        if rows.lines == 1
            && let Some(separator) = separator(&rows.text)
        {
            declared = Some(separator);
            rows.text.clear();
            rows.take_line()?;
        }
        rows.delimiter = declared.unwrap_or_else(|| most_frequent(&rows.text));
        Ok(rows)
    }

    /// Tells how many cells the header has.
    pub(super) fn expect(&mut self, width: usize) {
        self.width = width;
    }

    /// Reads the next row; false at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, SplitFault> {
        if self.text.is_empty() && !self.take_line()? {
            return Ok(false);
        }
        record.clear(self.lines);
        let mut at = 0;
        loop {
            at = self.cell(at, record)?;
            // Every line ends with a line end, and every cell with that or the delimiter.
            if self.text[at] == b'\n' {
                break;
            }
            at += 1;
        }
        let spread = self.lines - record.line;
        if self.quotes == Quotes::Auto && spread > 0 && record.len() < self.width {
            let (cells, width) = (record.len(), self.width);
            let reason = format!(
                "the row goes on for {} and has {}, the header {width}: a quote may have swallowed rows; {ADVICE}",
                counted(spread, "further line"),
                counted(cells, "cell")
            );
            return Err(SplitFault::Quote(record.line, cells - 1, reason));
        }
        let is_last_blank = || record.cells().last().is_none_or(|cell| cell.trim_ascii().is_empty());
        if self.open_ended && (record.len() < self.width || is_last_blank()) {
            self.cut = Some(record.line);
        }
        self.text.clear();
        Ok(true)
    }

    /// The line of the last row, if the file ends in the middle of it as far as one can see.
    pub(super) fn cut(&self) -> Option<u64> {
        self.cut
    }

    /// Takes the cell that begins at `at`; returns where its delimiter or line end stands.
    fn cell(&mut self, at: usize, record: &mut Record) -> Result<usize, SplitFault> {
        let blanks = self.text[at..].iter().take_while(|byte| **byte == b' ').count();
        if self.quotes != Quotes::No && self.text[at + blanks] == b'"' && self.delimiter != b'"' {
            return self.quoted(at, at + blanks, record);
        }
        Ok(self.plain(at, record))
    }

    fn plain(&self, at: usize, record: &mut Record) -> usize {
        let length = self.text[at..].iter().position(|byte| *byte == self.delimiter || *byte == b'\n');
        let end = at + length.unwrap_or_default();
        record.push(&self.text[at..end]);
        end
    }

    /// Takes the cell from `begin` whose quote opens at `open`.
    fn quoted(&mut self, begin: usize, open: usize, record: &mut Record) -> Result<usize, SplitFault> {
        let (first, mut inner, mut breaks, mut delimiters) = (self.lines, Vec::new(), 0, 0);
        let fault = |reason: String| SplitFault::Quote(first, record.ends.len(), reason);
        let mut at = open + 1;
        loop {
            if at == self.text.len() {
                breaks += 1;
                if self.text.len() > ROW_BYTES_MAX || !self.take_line()? {
                    return Err(fault(format!("the quote that begins this cell is never closed; {ADVICE}")));
                }
            }
            let byte = self.text[at];
            match (byte, self.text.get(at + 1)) {
                (b'"', Some(b'"')) => {
                    inner.push(b'"');
                    at += 2;
                    continue;
                }
                (b'"', _) => break,
                _ => {}
            }
            delimiters += usize::from(byte == self.delimiter);
            inner.push(byte);
            at += 1;
        }
        let end = at + 1 + self.text[at + 1..].iter().take_while(|byte| **byte == b' ').count();
        if self.text[end] != self.delimiter && self.text[end] != b'\n' {
            if breaks == 0 && delimiters == 0 {
                return Ok(self.plain(begin, record));
            }
            return Err(fault(format!("text follows the quote that closes this cell; {ADVICE}")));
        }
        if self.quotes == Quotes::Auto && breaks > 0 && self.width > 1 && delimiters == breaks * (self.width - 1) {
            let reason = format!(
                "the quote that begins this cell closes after {}, with as many separators in between as whole rows have; \
                 {ADVICE}, --quotes yes if the cell is right as it is",
                counted(breaks, "further line")
            );
            return Err(fault(reason));
        }
        record.push(&inner);
        Ok(end)
    }

    /// Appends the next line, and its line end if the file lacks it; false at the end.
    fn take_line(&mut self) -> io::Result<bool> {
        let taken = self.input.read_until(b'\n', &mut self.text)?;
        if taken > 0 && self.text.last() != Some(&b'\n') {
            self.text.push(b'\n');
            self.open_ended = true;
        }
        self.lines += u64::from(taken > 0);
        Ok(taken > 0)
    }
}

const ADVICE: &str = "say --quotes no if quotes are plain characters in this file";

impl From<io::Error> for SplitFault {
    fn from(error: io::Error) -> SplitFault {
        SplitFault::Io(error)
    }
}

fn separator(line: &[u8]) -> Option<u8> {
    match line {
        [b's', b'e', b'p', b'=', separator, b'\n'] => Some(*separator),
        _ => None,
    }
}

fn most_frequent(line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some(count) = counts.iter_mut().find(|(separator, _)| separator == byte && !quoted) {
            count.1 += 1;
        }
    }
    // The last of equals wins, so that a header without separators counts as separated by commas.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}
