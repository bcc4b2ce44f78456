//! Rows of a file that were refused, written to a file of their own with the reason, so that they can be corrected and imported
//! again.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stockade_client::ClientError;
use stockade_core::reject::Reject;

use crate::disk::{self, Access};
use crate::failure::{Exit, Failure};
use crate::terminal::Output;

/// What every import is told.
#[derive(Debug, Args)]
pub(super) struct ImportFlags {
    /// The file: CSV, TSV, .xlsx or .ods.
    pub(super) file: PathBuf,
    /// Read and check everything, ask the server what it knows, and change nothing.
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
    /// Reports what became of the file, and writes the refused rows.
    ///
    /// # Errors
    /// When rows were refused, or cannot be written.
    pub(super) fn report(
        &self,
        imported: &Imported,
        refused: &Refused,
        things: &str,
        out: Output,
    ) -> Result<(), Failure> {
        if out.json {
            out.object(imported);
        } else {
            let Imported { read, done, before, refused, dry_run, .. } = imported;
            let verb = if *dry_run { "would be done" } else { "done" };
            out.line(format!("{read} {things}: {done} {verb}, {before} done before, {refused} refused"));
        }
        if refused.rows.is_empty() {
            return Ok(());
        }
        let path = self.refused.clone().unwrap_or_else(|| beside(&self.file));
        let text = refused.to_csv().map_err(Failure::failed)?;
        disk::replace(&path, &text, Access::Public)
            .map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))?;
        let message = format!(
            "{} rows of {} are refused: they are in {} with the reasons; correct and import that file, whose columns have \
             the names used here",
            refused.rows.len(),
            self.file.display(),
            path.display()
        );
        Err(Failure { exit: Exit::Refused, code: "refused_rows", ..Failure::failed(message) })
    }
}

/// Whether a failed command says something about its row. Others end the import.
pub(super) fn about_the_row(error: &ClientError) -> Option<&Reject> {
    error.reject().filter(|reject| match reject {
        Reject::InsufficientStock { .. }
        | Reject::Unroutable { .. }
        | Reject::CarrierNotEligible { .. }
        | Reject::Unknown { .. }
        | Reject::UnknownOrder { .. }
        | Reject::UnknownSubOrder { .. }
        | Reject::Conflict { .. }
        | Reject::IllegalStep { .. }
        | Reject::Invalid { .. }
        | Reject::NotEnoughUnits { .. }
        | Reject::CountTooOld { .. } => true,
        Reject::BadFile { .. }
        | Reject::StaleRules { .. }
        | Reject::Forbidden { .. }
        | Reject::Unauthenticated
        | Reject::TooLate
        | Reject::Overloaded { .. }
        | Reject::Unavailable { .. }
        | Reject::DurabilityUnavailable { .. }
        | Reject::OutcomeUnknown { .. }
        | Reject::Halted { .. } => false,
    })
}

/// Why an import ends before its end.
pub(super) fn interrupted(error: ClientError, done: u64, things: &str) -> Failure {
    let failure = Failure::from(error);
    let message = format!("{failure} ({done} {things} are done; the same import again does the rest)");
    Failure { message, ..failure }
}

fn beside(file: &Path) -> PathBuf {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{stem}.refused.csv"))
}
