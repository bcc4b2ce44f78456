//! Lines of a stock command, on the command line or in a file: a file of several warehouses or pools makes several commands.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};
use stockade_client::ClientError;
use stockade_core::command::{Command, Line};
use stockade_core::ids::Code;
use stockade_core::limits::COMMAND_LINES_MAX;
use stockade_core::reject::{CodeKind, Reject};
use stockade_core::reply::Reply;
use stockade_core::units::{Units, counted};

use super::connect::{KeyFlags, Session};
use super::known::Known;
use super::order_ref::LineArg;
use crate::failure::Failure;
use crate::files::{FileFault, QUANTITIES, QuantityRow, TableFlags, read_quantities};

/// Lines, on the command line or in a file.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct LinesArgs {
    /// SKU:units, or SKU for one, after the warehouse.
    #[arg(value_name = "SKU[:UNITS]")]
    lines: Vec<LineArg>,
    /// A table with the columns sku and qty, optionally warehouse and pool: CSV, TSV, .xlsx or .ods.
    #[arg(long, value_name = "CSV")]
    file: Option<PathBuf>,
}

/// What a command does with lines of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// They move units: a row of none moves nothing and is left out.
    Move,
    /// They count units, of all pools together: none is a count, and a SKU is counted once.
    Count,
}

/// Where lines go when the file does not say.
pub(super) struct Place {
    pub(super) warehouse: Option<Code>,
    pub(super) pool: Option<Code>,
}

/// Lines that go into one command.
pub(super) struct Batch {
    pub(super) warehouse: Code,
    pub(super) pool: Option<Code>,
    pub(super) lines: Vec<Line>,
    /// The line of the file of each.
    rows: Vec<u64>,
    /// The number of this batch among those of its warehouse and pool.
    nth: usize,
}

/// Lines of a command with their lines in the file.
type NumberedLines = Vec<(u64, Line)>;

/// All lines of a command line or file.
pub(super) struct Batches {
    file: Option<PathBuf>,
    batches: Vec<Batch>,
}

impl LinesArgs {
    /// Reads the lines, and checks all that can be checked without a server.
    ///
    /// # Errors
    /// When the file is wrong, or no warehouse is named.
    pub(super) fn read(self, table: &TableFlags, place: Place, purpose: Purpose) -> Result<Batches, Failure> {
        let Some(path) = self.file else {
            let warehouse = place.warehouse.ok_or_else(|| Failure::usage("name the warehouse before the lines"))?;
            let lines = self.lines.into_iter().map(|line| line.0).collect();
            let batch = Batch { warehouse, pool: place.pool, lines, rows: Vec::new(), nth: 0 };
            return Ok(Batches { file: None, batches: vec![batch] });
        };
        let reading = table.reading(&QUANTITIES, &[&QUANTITIES]).map_err(Failure::usage)?;
        let table = read_quantities(&path, &reading)?;
        table.notes.iter().for_each(|note| eprintln!("stockade: {note}"));
        let batches = batches(&path, table.rows, place, purpose)?;
        Ok(Batches { file: Some(path), batches })
    }
}

fn batches(path: &Path, rows: Vec<QuantityRow>, place: Place, purpose: Purpose) -> Result<Vec<Batch>, FileFault> {
    let mut by_place: BTreeMap<(Code, Option<Code>), NumberedLines> = BTreeMap::new();
    let mut seen: HashMap<(Code, Code), u64> = HashMap::new();
    let mut empty = 0;
    for row in rows {
        let warehouse = place.warehouse.clone().or(row.warehouse);
        let fault = |reason: String| FileFault::at(path, row.line, reason);
        let warehouse = warehouse.ok_or_else(|| fault("no warehouse here, and none on the command line".to_owned()))?;
        match (purpose, &row.pool) {
            (Purpose::Move, _) if row.units == Units::ZERO => {
                empty += 1;
                continue;
            }
            (Purpose::Count, Some(pool)) => {
                let reason = format!("a count is of all pools together; leave out the column pool ({pool})");
                return Err(FileFault { column: Some("pool".to_owned()), ..fault(reason) });
            }
            (Purpose::Count, None) => {
                let before = seen.insert((warehouse.clone(), row.sku.clone()), row.line);
                if let Some(before) = before {
                    let reason = format!("{} is counted in line {before} already: add its rows up", row.sku);
                    return Err(fault(reason));
                }
            }
            (Purpose::Move, _) => {}
        }
        let line = Line { sku: row.sku, units: row.units };
        by_place.entry((warehouse, place.pool.clone().or(row.pool))).or_default().push((row.line, line));
    }
    if empty > 0 {
        eprintln!("stockade: {}: {} of 0 units: nothing moves by that", path.display(), counted(empty, "row"));
    }
    let mut batches = Vec::new();
    for ((warehouse, pool), lines) in by_place {
        batches.extend(lines.chunks(COMMAND_LINES_MAX).enumerate().map(|(nth, lines)| Batch {
            warehouse: warehouse.clone(),
            pool: pool.clone(),
            lines: lines.iter().map(|(_, line)| line.clone()).collect(),
            rows: lines.iter().map(|(row, _)| *row).collect(),
            nth,
        }));
    }
    Ok(batches)
}

impl Batches {
    /// Sends a command for each batch, one after the other, and shows the answers. Before the first of several, the server
    /// is asked whether it knows every warehouse and SKU.
    ///
    /// # Errors
    /// The first refusal, by file and line; what comes before it is done, and the corrected file under the same key does the
    /// rest only.
    pub(super) fn send(
        self,
        session: &Session,
        key: &KeyFlags,
        command: impl Fn(&Batch) -> Command,
        show: impl Fn(&Reply),
    ) -> Result<(), Failure> {
        let base = match &key.key {
            Some(key) => key.clone(),
            None => session.new_key()?,
        };
        let parts = self.batches.len();
        if parts > 1 {
            self.batches.iter().try_for_each(|batch| self.known(session, batch))?;
        }
        for (done, batch) in self.batches.iter().enumerate() {
            let part = if self.file.is_some() { batch.key(&base)? } else { base.clone() };
            let part = KeyFlags { key: Some(part), occurred: key.occurred };
            let reply = session.try_command(&part, command(batch)).map_err(|error| {
                let again = format!("{done} of {parts} parts are done; the same again with --key {base} does the rest");
                let failure = self.failure(batch, error);
                let failure = if done == 0 { failure } else { failure.partly() };
                if parts == 1 { failure } else { Failure { message: format!("{failure} ({again})"), ..failure } }
            })?;
            show(&reply);
        }
        Ok(())
    }

    /// Asks whether the server knows what a batch names. A caller that may not ask finds out when it sends.
    fn known(&self, session: &Session, batch: &Batch) -> Result<(), Failure> {
        let known = Known::of(session, &batch.warehouse, batch.lines.iter().map(|line| &line.sku));
        let known = match known {
            Ok(known) => known,
            Err(error) if matches!(error.reject(), Some(Reject::Unknown { .. })) => {
                return Err(self.failure(batch, error));
            }
            Err(_) => return Ok(()),
        };
        if known.unknown.is_empty() {
            return Ok(());
        }
        let unknown = Reject::Unknown { kind: CodeKind::Sku, codes: known.unknown.into_iter().collect() };
        Err(self.failure(batch, ClientError::Rejected(unknown)))
    }

    /// Why a batch is not done, with its place in the file.
    fn failure(&self, batch: &Batch, error: ClientError) -> Failure {
        let Some(path) = &self.file else { return error.into() };
        let place = error.reject().and_then(|reject| batch.place(reject));
        let failure = Failure::from(error);
        let message = match place {
            Some((line, column)) => {
                let at = FileFault::at(path, line, &failure);
                FileFault { column: Some(column.to_owned()), ..at }.to_string()
            }
            None => {
                let (first, last) = (batch.rows.iter().min(), batch.rows.iter().max());
                let pool = batch.pool.as_ref().map_or(String::new(), |pool| format!(", pool {pool}"));
                let (first, last) = (first.copied().unwrap_or_default(), last.copied().unwrap_or_default());
                format!("{}, lines {first} to {last} (warehouse {}{pool}): {failure}", path.display(), batch.warehouse)
            }
        };
        Failure { message, ..failure }
    }
}

impl Batch {
    /// The key of this batch: it depends on where the units are and not on what else is in the file, so that a batch that is
    /// done keeps it when the others are corrected.
    fn key(&self, base: &Code) -> Result<Code, Failure> {
        let pool = self.pool.as_ref().map_or("", Code::as_str);
        let place = Sha256::digest(format!("{}\0{pool}\0{}", self.warehouse, self.nth));
        let suffix: String = place.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        Code::new(&format!("{base}.{suffix}")).map_err(|error| {
            Failure::usage(format!("--key {base}: {error}; 11 more are needed for the parts of a file"))
        })
    }

    /// The line and column that a refusal is about, if it is about one.
    fn place(&self, reject: &Reject) -> Option<(u64, &'static str)> {
        let of = |codes: &[Code]| self.lines.iter().position(|line| codes.contains(&line.sku));
        match reject {
            Reject::Unknown { kind: CodeKind::Sku, codes } => Some((self.rows[of(codes)?], "sku")),
            Reject::Unknown { kind: CodeKind::Warehouse, .. } => Some((*self.rows.first()?, "warehouse")),
            Reject::Unknown { kind: CodeKind::Pool, .. } => Some((*self.rows.first()?, "pool")),
            Reject::NotEnoughUnits { sku, .. } | Reject::CountTooOld { sku, .. } => {
                Some((self.rows[of(std::slice::from_ref(sku))?], "sku"))
            }
            Reject::Invalid { field, .. } => {
                let at = field.strip_prefix("lines[")?.split_once(']')?.0.parse::<usize>().ok()?;
                Some((*self.rows.get(at)?, "qty"))
            }
            Reject::Unknown { kind: CodeKind::Channel | CodeKind::Carrier, .. }
            | Reject::InsufficientStock { .. }
            | Reject::Unroutable { .. }
            | Reject::CarrierNotEligible { .. }
            | Reject::UnknownOrder { .. }
            | Reject::UnknownSubOrder { .. }
            | Reject::Conflict { .. }
            | Reject::IllegalStep { .. }
            | Reject::BadFile { .. }
            | Reject::StaleRules { .. }
            | Reject::Forbidden { .. }
            | Reject::Unauthenticated
            | Reject::TooLate
            | Reject::Overloaded { .. }
            | Reject::Unavailable { .. }
            | Reject::DurabilityUnavailable { .. }
            | Reject::OutcomeUnknown { .. }
            | Reject::Halted { .. } => None,
        }
    }
}
