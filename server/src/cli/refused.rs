//! Rows of a file that were refused, written to a file of their own with the reason, so that they can be corrected and imported
//! again.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stockade_client::ClientError;
use stockade_core::reject::Reject;
use stockade_core::units::counted;

use crate::disk::{self, Access};
use crate::failure::{Exit, Failure};
use crate::files::{Reading, TableKind, Unread};
use crate::replay::decide::is_decision;
use crate::terminal::Output;

/// What every import is told.
#[derive(Debug, Args)]
pub(super) struct ImportFlags {
    /// The file: CSV, TSV, .xlsx or .ods.
    pub(super) file: PathBuf,
    /// Read the whole file, ask the server what it can tell without a change, and change nothing, here or there.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Where to write refused rows with their reasons [default: the file's name with .refused.csv].
    #[arg(long, value_name = "CSV")]
    refused: Option<PathBuf>,
}

/// Characters of a reason that are written; what is beyond them is counted.
const REASON_CHARS_MAX: usize = 500;
/// The columns after those of the table.
const NOTES: [&str; 2] = ["line", "reason"];
/// Columns in which a spreadsheet may take a number for a number.
const FIGURES: [&str; 7] = ["qty", "on_hand", "safety", "weight_g", "ts", "kind", "amount"];
const MARK: &str = "\u{feff}";

/// The refused rows of a file.
pub(super) struct Refused {
    columns: &'static [&'static str],
    rows: Vec<(u64, Vec<String>, String)>,
    /// The other columns of the file.
    unread: Unread,
}

/// What became of a file.
#[derive(Debug, Serialize)]
pub(super) struct Imported {
    /// The file.
    pub(super) file: String,
    /// Whether nothing was changed because only a check was asked for.
    pub(super) dry_run: bool,
    /// What it holds: orders, cells of stock or SKUs.
    pub(super) read: u64,
    /// How many of them were done now, or would be.
    pub(super) done: u64,
    /// How many were done before.
    pub(super) before: u64,
    /// How many were refused.
    pub(super) refused: u64,
    /// The watermark that figures of stock include.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) as_of: Option<u64>,
    /// Whether a first step of something refused is done: an order that is placed and not paid, for example.
    #[serde(skip)]
    pub(super) begun: bool,
}

/// What a file is about, in words.
pub(super) struct Subject {
    /// What is counted: one of them.
    pub(super) one: &'static str,
    /// What a dry run cannot find out.
    pub(super) unseen: &'static str,
}

impl Imported {
    /// Nothing became of the things of a file yet.
    pub(super) fn none(import: &ImportFlags, read: usize) -> Imported {
        let file = import.file.display().to_string();
        let (dry_run, read) = (import.dry_run, read as u64);
        Imported { file, dry_run, read, done: 0, before: 0, refused: 0, as_of: None, begun: false }
    }

    /// Notes one thing that is done now, or was before.
    pub(super) fn count(&mut self, before: bool) {
        *(if before { &mut self.before } else { &mut self.done }) += 1;
    }

    /// Whether a part of the file is in the server's books: it was done now or before.
    fn is_partly_done(&self) -> bool {
        !self.dry_run && (self.done + self.before > 0 || self.begun)
    }

    /// Why an import ends before its end.
    pub(super) fn interrupted(&self, error: ClientError, is_done: &str, again: &str) -> Failure {
        let failure = Failure::from(error);
        if self.dry_run {
            return failure;
        }
        let failure = if self.is_partly_done() { failure.partly() } else { failure };
        let message = format!("{failure} ({is_done}; the same import again{again} does the rest)");
        Failure { message, ..failure }
    }
}

impl Refused {
    /// None yet; rows have these columns.
    pub(super) fn new(columns: &'static [&'static str]) -> Refused {
        Refused { columns, rows: Vec::new(), unread: Unread::default() }
    }

    /// Notes a row of a line.
    pub(super) fn add(&mut self, line: u64, cells: Vec<String>, reason: impl Display) {
        self.rows.push((line, cells, shortened(&reason.to_string())));
    }

    /// Notes rows that are refused together: the first one carries the reason, and the others name its line.
    pub(super) fn add_all(&mut self, rows: impl IntoIterator<Item = (u64, Vec<String>)>, reason: impl Display) {
        let mut first = None;
        for (line, cells) in rows {
            match first {
                None => self.add(line, cells, &reason),
                Some(first) => self.add(line, cells, format_args!("see line {first}")),
            }
            first = first.or(Some(line));
        }
    }

    /// Adds the other columns of the file that the rows are from. If it cannot be read again, they are left out with a note.
    pub(super) fn complete(&mut self, file: &Path, kind: &TableKind, reading: &Reading) {
        if self.rows.is_empty() {
            return;
        }
        let lines: HashSet<u64> = self.rows.iter().map(|(line, ..)| *line).collect();
        let own: Vec<&str> = self.columns.iter().copied().chain(NOTES).collect();
        match Unread::read(file, (kind, reading), &own, &lines) {
            Ok(unread) => self.unread = unread,
            Err(fault) => eprintln!("stockade: the refused rows lack the columns that are not read: {fault}"),
        }
    }

    /// Whether a file is one of refused rows with these columns.
    fn is_ours(&self, path: &Path) -> io::Result<bool> {
        let header = self.columns.iter().copied().chain(NOTES).collect::<Vec<_>>().join(",");
        let mut begin = Vec::new();
        std::fs::File::open(path)?.take((MARK.len() + header.len() + 1) as u64).read_to_end(&mut begin)?;
        let begin = begin.strip_prefix(MARK.as_bytes()).unwrap_or(&begin);
        let end = begin.strip_prefix(header.as_bytes()).and_then(|rest| rest.first());
        Ok(matches!(end, Some(b'\n' | b',')))
    }

    /// The rows in UTF-8, by line. Text beyond ASCII has a byte order mark, without which a spreadsheet shows other
    /// characters. Codes that a spreadsheet would take for numbers, dates or formulas are wrapped as `="00123"`.
    fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(line, ..)| *line);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let unread = self.unread.headers.iter().map(String::as_str);
        writer.write_record(self.columns.iter().copied().chain(NOTES).chain(unread))?;
        for (line, cells, reason) in rows {
            let cells = self.columns.iter().zip(cells).map(|(column, cell)| match FIGURES.contains(column) {
                true => cell.clone(),
                false => wrapped(cell),
            });
            let unread = match self.unread.cells.get(line) {
                Some(unread) => unread.clone(),
                None => vec![String::new(); self.unread.headers.len()],
            };
            writer.write_record(cells.chain([line.to_string(), reason.clone()]).chain(unread))?;
        }
        let text = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(if text.is_ascii() { text } else { [MARK.as_bytes(), &text].concat() })
    }
}

/// A reason within its bound.
fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}… and {} more characters", &reason[..end], reason[end..].chars().count()),
        None => reason.to_owned(),
    }
}

/// A code in the wrapping by which a spreadsheet leaves it alone, if it would not do so otherwise.
fn wrapped(code: &str) -> String {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let lower = code.to_ascii_lowercase();
    let has_digit = lower.bytes().any(|byte| byte.is_ascii_digit());
    let is_figure = has_digit && lower.chars().all(|c| c.is_ascii_digit() || ".,:/+-e% ".contains(c));
    let is_date = has_digit && MONTHS.iter().any(|month| lower.contains(month));
    let is_formula = lower.starts_with(['=', '+', '-', '@']);
    let is_truth = lower == "true" || lower == "false";
    let changes = is_figure || is_date || is_formula || is_truth;
    if changes && !code.contains('"') { format!("=\"{code}\"") } else { code.to_owned() }
}

impl ImportFlags {
    /// Reports what became of the file, and writes the refused rows; when none was refused, those of an earlier import are
    /// removed. A dry run writes and removes nothing.
    ///
    /// # Errors
    /// When rows were refused, or cannot be written.
    pub(super) fn report(
        &self,
        imported: &Imported,
        refused: &Refused,
        subject: &Subject,
        out: Output,
    ) -> Result<(), Failure> {
        if out.json {
            out.object(imported);
        } else {
            let Imported { read, done, before, refused, dry_run, .. } = imported;
            let verb = if *dry_run { "would be done" } else { "done" };
            let read = counted(*read, subject.one);
            out.line(format!("{read}: {done} {verb}, {before} done before, {refused} refused"));
        }
        if self.dry_run {
            eprintln!("stockade: not checked by a dry run: {}", subject.unseen);
        }
        let path = self.refused.clone().unwrap_or_else(|| beside(&self.file));
        if refused.rows.is_empty() {
            return if self.dry_run { Ok(()) } else { self.tidy(refused, &path) };
        }
        let (count, file) = (refused.rows.len(), self.file.display());
        let message = if self.dry_run {
            let first = refused.rows.iter().min_by_key(|(line, ..)| *line);
            let (line, reason) = first.map_or((0, ""), |(line, _, reason)| (*line, reason.as_str()));
            format!("{} of {file} would be refused, the first in line {line}: {reason}", counted(count, "row"))
        } else {
            let text = refused.to_csv().map_err(Failure::failed)?;
            disk::replace(&path, &text, Access::Public)
                .map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))?;
            let again = imported.as_of.map_or(String::new(), |seq| format!(" with --as-of {seq}"));
            format!(
                "{} of {file} refused: see {} for the reasons; correct and import that file{again}, \
                 whose columns have the names used here",
                counted(count, "row"),
                path.display()
            )
        };
        let failure = Failure { exit: Exit::Refused, code: "refused_rows", ..Failure::failed(message) };
        Err(if imported.is_partly_done() { failure.partly() } else { failure })
    }

    /// Removes the refused rows of an earlier import, now that none is refused. The imported file itself stays, and so does
    /// a file that is no list of refused rows.
    fn tidy(&self, refused: &Refused, path: &Path) -> Result<(), Failure> {
        let removed = refused.is_ours(path).and_then(|ours| {
            let imported = std::fs::canonicalize(&self.file).ok() == std::fs::canonicalize(path).ok();
            if ours && !imported { std::fs::remove_file(path) } else { Ok(()) }
        });
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let reason = "holds rows that are no longer refused and cannot be removed";
                Err(Failure::failed(format!("everything is done, but {} {reason}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }
}

/// The refusal of a command, when it says something about its row. Others end the import.
pub(super) fn about_the_row(error: &ClientError) -> Option<&Reject> {
    error.reject().filter(|reject| is_decision(reject))
}

fn beside(file: &Path) -> PathBuf {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{stem}.refused.csv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_rows_grow_with_the_rows_and_not_with_their_reasons() {
        let mut refused = Refused::new(&["order_id", "sku", "qty"]);
        let reason = "unknown SKU ".repeat(2_000);
        let row = |line: u64| (line, vec!["O".to_owned(), format!("S{line}"), "1".to_owned()]);
        refused.add_all((2..2_002).map(row), &reason);
        let text = String::from_utf8(refused.to_csv().unwrap()).unwrap();
        assert!(text.len() < 2_000 * 40, "{} bytes", text.len());
        assert!(text.contains("… and 23500 more characters") && text.contains("O,S3,1,3,see line 2\n"), "{text:.900}");
    }

    #[test]
    fn codes_that_a_spreadsheet_would_change_are_wrapped() {
        for code in ["20261111001", "007", "12E3", "1-2", "3/4", "MAR1", "true", "=A", "-5", "+1", "@x", "1.5"] {
            assert_eq!(wrapped(code), format!("=\"{code}\""));
        }
        for code in ["TEE-S", "#1001", "A1", "HGH", "红色T恤", "", "5\" nail"] {
            assert_eq!(wrapped(code), code);
        }
    }
}
