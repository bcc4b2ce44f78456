//! Rows of a file that were refused, written to a file of their own with the reason, so that they can be corrected and imported
//! again.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stockade_client::ClientError;
use stockade_core::reject::Reject;

use crate::disk::{self, Access};
use crate::failure::{Exit, Failure};
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

/// The refused rows of a file.
pub(super) struct Refused {
    columns: &'static [&'static str],
    rows: Vec<(u64, Vec<String>, String)>,
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
    /// What is counted.
    pub(super) things: &'static str,
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
        Refused { columns, rows: Vec::new() }
    }

    /// Notes a row of a line.
    pub(super) fn add(&mut self, line: u64, cells: Vec<String>, reason: impl std::fmt::Display) {
        self.rows.push((line, cells, reason.to_string()));
    }

    /// Whether a file is one of refused rows with these columns.
    fn is_ours(&self, path: &Path) -> io::Result<bool> {
        let header = self.columns.iter().chain(&["line", "reason"]).copied().collect::<Vec<_>>().join(",");
        let mut begin = Vec::new();
        std::fs::File::open(path)?.take(header.len() as u64 + 1).read_to_end(&mut begin)?;
        Ok(begin == format!("{header}\n").as_bytes())
    }

    fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(line, ..)| *line);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.columns.iter().chain(&["line", "reason"]))?;
        for (line, cells, reason) in rows {
            let line = line.to_string();
            writer.write_record(cells.iter().map(String::as_str).chain([line.as_str(), reason]))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
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
            let things = subject.things;
            out.line(format!("{read} {things}: {done} {verb}, {before} done before, {refused} refused"));
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
            let (line, _, reason) = &refused.rows[0];
            format!("{count} rows of {file} would be refused, the first in line {line}: {reason}")
        } else {
            let text = refused.to_csv().map_err(Failure::failed)?;
            disk::replace(&path, &text, Access::Public)
                .map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))?;
            let again = imported.as_of.map_or(String::new(), |seq| format!(" with --as-of {seq}"));
            format!(
                "{count} rows of {file} are refused: they are in {} with the reasons; correct and import that file{again}, \
                 whose columns have the names used here",
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
