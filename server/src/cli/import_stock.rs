//! `import stock` and `import catalog`: what there is and what it weighs, for a running server.

use std::collections::{BTreeMap, HashMap};

use clap::Args;
use sha2::{Digest, Sha256};
use stockade_client::ClientError;
use stockade_core::command::{Command, Count, DefineSkus, Line, Request, SetSafety, SkuSpec};
use stockade_core::ids::{Code, Seq};
use stockade_core::reject::{CodeKind, Reject};
use stockade_core::reply::Reply;
use stockade_core::units::{Units, counted};

use super::connect::{Connect, KeyFlags, Session};
use super::known::Known;
use super::refused::{ImportFlags, Imported, Refused, Subject, about_the_row};
use super::stock::{AsOf, watermark};
use crate::failure::Failure;
use crate::files::{CATALOG, CatalogRow, FileFault, STOCK, StockRow, TableFlags, read_catalog, read_stock};
use crate::terminal::{Output, progress_bar};

/// Rows of one command: enough to be fast, few enough to see progress.
const PART: usize = 1_000;
/// Changes of safety stock that are sent together.
const WAVE: usize = 2_048;
const STOCK_SUBJECT: Subject = Subject {
    one: "cell",
    unseen: "whether the server still knows what moved since the watermark, and whether this token may count and set safety \
             stock",
};
const CATALOG_SUBJECT: Subject = Subject {
    one: "SKU",
    unseen: "whether the server has room for so many SKUs, and whether this token may define them: only the file is checked",
};
const STOCK_COLUMNS: &[&str] = &["sku", "warehouse", "on_hand", "safety"];
const CATALOG_COLUMNS: &[&str] = &["sku", "weight_g", "category"];

/// See [`stock`].
#[derive(Debug, Args)]
pub(super) struct StockArgs {
    #[command(flatten)]
    import: ImportFlags,
    /// The watermark that the figures include, as `stock` shows it, or now. An import says which one it took: with that, the
    /// same file changes nothing any more.
    #[arg(long, value_name = "WATERMARK|now", default_value = "now", value_parser = watermark)]
    as_of: AsOf,
    #[command(flatten)]
    table: TableFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`catalog`].
#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    #[command(flatten)]
    import: ImportFlags,
    #[command(flatten)]
    table: TableFlags,
    #[command(flatten)]
    connect: Connect,
}

/// An import of stock under way.
struct Import<'a> {
    session: &'a Session,
    /// The last event that the figures include.
    as_of: Seq,
    refused: Refused,
    imported: Imported,
    /// What became of the safety stock of rows, by line. Rows that leave it as it is have none.
    safety: HashMap<u64, Safety>,
    /// Cells that are counted.
    counted: u64,
}

/// What became of the safety stock of a row.
enum Safety {
    Refused,
    Set { before: bool },
}

/// Sets cells to the units that a file says they had as of a watermark. The same file as of the same watermark changes nothing
/// any more: what it sends has the same keys.
///
/// # Errors
/// When the file is wrong (nothing was sent), rows were refused, or the server cannot be reached.
pub(super) fn stock(args: &StockArgs, out: Output) -> Result<(), Failure> {
    let reading = args.table.reading(&STOCK, &[&STOCK]).map_err(Failure::usage)?;
    let table = read_stock(&args.import.file, &reading)?;
    check(args, &table.rows)?;
    table.notes.iter().for_each(|note| eprintln!("stockade: {note}"));
    let session = args.connect.open()?;
    let mut by_warehouse: BTreeMap<&Code, Vec<&StockRow>> = BTreeMap::new();
    for row in &table.rows {
        by_warehouse.entry(&row.warehouse).or_default().push(row);
    }
    let imported = Imported::none(&args.import, table.rows.len());
    let refused = Refused::new(STOCK_COLUMNS);
    let mut import = Import { session: &session, as_of: Seq(0), refused, imported, safety: HashMap::new(), counted: 0 };
    let asks = args.import.dry_run || args.as_of.seq().is_none();
    let last = if asks { import.ask(&by_warehouse)? } else { Seq(0) };
    if !args.import.dry_run {
        import.as_of = args.as_of.seq().unwrap_or(last);
        import.imported.as_of = Some(import.as_of.0);
        eprintln!(
            "stockade: the figures count as of {0}; to import them again, say --as-of {0}: what is done stays as it is",
            import.as_of
        );
        import.lay(&by_warehouse)?;
    }
    let Import { mut refused, imported, .. } = import;
    if !imported.dry_run {
        refused.complete(&args.import.file, &STOCK, &reading);
    }
    args.import.report(&imported, &refused, &STOCK_SUBJECT, out)
}

/// Creates or changes the SKUs of a file. Doing so again sets the same, so it needs no key.
///
/// # Errors
/// When the file is wrong (nothing was sent), rows were refused, or the server cannot be reached.
pub(super) fn catalog(args: &CatalogArgs, out: Output) -> Result<(), Failure> {
    let reading = args.table.reading(&CATALOG, &[&CATALOG]).map_err(Failure::usage)?;
    let table = read_catalog(&args.import.file, &reading)?;
    table.notes.iter().for_each(|note| eprintln!("stockade: {note}"));
    let session = args.connect.open()?;
    let mut refused = Refused::new(CATALOG_COLUMNS);
    let mut imported = Imported::none(&args.import, table.rows.len());
    let bar = progress_bar(table.rows.len() as u64, "SKUs");
    let spec =
        |row: &CatalogRow| SkuSpec { sku: row.sku.clone(), weight_g: row.weight_g, category: row.category.clone() };
    for rows in table.rows.chunks(PART) {
        let define = Command::DefineSkus(DefineSkus { skus: rows.iter().map(spec).collect() });
        let answer = if args.import.dry_run { Ok(()) } else { tell(&session, define) };
        match answer {
            Ok(()) => imported.done += rows.len() as u64,
            Err(error) => {
                let Some(reject) = about_the_row(&error) else {
                    return Err(imported.interrupted(error, &format!("done: {}", counted(imported.done, "SKU")), ""));
                };
                let cells = |row: &CatalogRow| {
                    let weight = row.weight_g.map_or(String::new(), |grams| grams.to_string());
                    let category = row.category.as_ref().map_or(String::new(), |code| code.as_str().to_owned());
                    (row.line, vec![row.sku.as_str().to_owned(), weight, category])
                };
                refused.add_all(rows.iter().map(cells), reject);
            }
        }
        bar.inc(rows.len() as u64);
    }
    bar.finish_and_clear();
    imported.refused = imported.read - imported.done;
    if !imported.dry_run {
        refused.complete(&args.import.file, &CATALOG, &reading);
    }
    args.import.report(&imported, &refused, &CATALOG_SUBJECT, out)
}

/// What is wrong with the rows together.
fn check(args: &StockArgs, rows: &[StockRow]) -> Result<(), FileFault> {
    let mut lines: HashMap<(&Code, &Code), u64> = HashMap::new();
    for row in rows {
        let fault = |column: &str, reason: String| FileFault {
            column: Some(column.to_owned()),
            ..FileFault::at(&args.import.file, row.line, reason)
        };
        if let Some(pool) = &row.pool {
            let reason =
                format!("stock is set for all pools together, not for {pool}: `receive --file` adds units to pools");
            return Err(fault("pool", reason));
        }
        if let Some(first) = lines.insert((&row.warehouse, &row.sku), row.line) {
            return Err(fault(
                "sku",
                format!("{} at {} is in line {first} already: add the rows up", row.sku, row.warehouse),
            ));
        }
    }
    Ok(())
}

impl Import<'_> {
    /// Asks about all rows: the last event of their cells, which is the watermark of now. In a dry run, rows of SKUs and
    /// warehouses that are unknown are refused, and the others would be done.
    fn ask(&mut self, by_warehouse: &BTreeMap<&Code, Vec<&StockRow>>) -> Result<Seq, Failure> {
        let mut last = Seq(0);
        for (warehouse, rows) in by_warehouse {
            match Known::of(self.session, warehouse, rows.iter().map(|row| &row.sku)) {
                Ok(known) => {
                    last = last.max(known.watermark);
                    if self.imported.dry_run {
                        rows.iter().for_each(|row| self.try_row(row, &known));
                    }
                }
                Err(error) => {
                    let Some(reject) = about_the_row(&error) else { return Err(error.into()) };
                    if self.imported.dry_run {
                        rows.iter().for_each(|row| self.refuse(row, "", reject));
                    }
                }
            }
        }
        Ok(last)
    }

    fn try_row(&mut self, row: &StockRow, known: &Known) {
        if known.unknown.contains(&row.sku) {
            let reject = Reject::Unknown { kind: CodeKind::Sku, codes: vec![row.sku.clone()] };
            self.refuse(row, "", &reject);
        } else {
            self.imported.count(false);
        }
    }

    /// Sets all safety stock, then counts all units. Whoever may set safety stock may count, but not the other way round:
    /// in this order, a missing right shows before anything is changed. Besides, a cell never sells what is kept safe.
    fn lay(&mut self, by_warehouse: &BTreeMap<&Code, Vec<&StockRow>>) -> Result<(), Failure> {
        let rows = by_warehouse.values().flatten();
        let safety: Vec<(&StockRow, Units)> = rows.filter_map(|row| Some((*row, row.safety?))).collect();
        for wave in safety.chunks(WAVE) {
            self.set_safety(wave)?;
        }
        let bar = progress_bar(self.imported.read, "cells");
        for rows in by_warehouse.values() {
            for part in rows.chunks(PART) {
                self.count(part)?;
                bar.inc(part.len() as u64);
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Sets the safety stock of rows.
    fn set_safety(&mut self, rows: &[(&StockRow, Units)]) -> Result<(), Failure> {
        let request = |(row, units): &(&StockRow, Units)| {
            let (sku, warehouse, units) = (row.sku.clone(), row.warehouse.clone(), *units);
            let key = self.key("safety", &format!("{warehouse}\0{sku}\0{units}"));
            Request { key, occurred: None, command: Command::SetSafety(SetSafety { sku, warehouse, units }) }
        };
        let answers = self.session.commands(rows.iter().map(request).collect())?;
        // What ends the import; the other answers count nevertheless.
        let mut end = None;
        for ((row, _), answer) in rows.iter().zip(answers) {
            let step = match answer {
                Ok(reply) => {
                    self.imported.begun = true;
                    Safety::Set { before: is_replayed(&reply) }
                }
                Err(error) => {
                    match about_the_row(&error) {
                        Some(reject) => self.refuse(row, "", reject),
                        None => end = end.or(Some(error)),
                    }
                    Safety::Refused
                }
            };
            self.safety.insert(row.line, step);
        }
        end.map_or(Ok(()), |error| Err(self.ended(error)))
    }

    /// Counts rows of one warehouse, but for those whose safety stock was refused. Rows that a refusal names are sifted out
    /// until the others go in.
    fn count(&mut self, rows: &[&StockRow]) -> Result<(), Failure> {
        let mut rows = rows.to_vec();
        rows.retain(|row| !matches!(self.safety.get(&row.line), Some(Safety::Refused)));
        while let Some(first) = rows.first() {
            let warehouse = first.warehouse.clone();
            let cells: String = rows.iter().map(|row| format!("\0{}\0{}", row.sku, row.on_hand)).collect();
            let key = KeyFlags { key: self.key("count", &format!("{warehouse}{cells}")), occurred: None };
            let lines = rows.iter().map(|row| Line { sku: row.sku.clone(), units: row.on_hand }).collect();
            let count = Count { warehouse, as_of: Some(self.as_of), except: Vec::new(), lines };
            match self.session.try_command(&key, Command::Count(count)) {
                Ok(reply) => {
                    let before = is_replayed(&reply);
                    for row in &rows {
                        let set_now = matches!(self.safety.get(&row.line), Some(Safety::Set { before: false }));
                        self.imported.count(before && !set_now);
                    }
                    self.counted += rows.len() as u64;
                    break;
                }
                Err(error) => {
                    let Some(reject) = about_the_row(&error) else { return Err(self.ended(error)) };
                    let meant = meant(reject, &rows);
                    for (row, _) in rows.iter().zip(&meant).filter(|(_, meant)| **meant) {
                        let is_set = self.safety.contains_key(&row.line);
                        let step = if is_set { "safety stock is set, but units are not: " } else { "" };
                        self.refuse(row, step, reject);
                    }
                    let mut meant = meant.iter();
                    rows.retain(|_| !meant.next().copied().unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, row: &StockRow, step: &str, reject: &Reject) {
        self.imported.refused += 1;
        let safety = row.safety.map_or(String::new(), |units| units.to_string());
        let (sku, warehouse) = (row.sku.as_str().to_owned(), row.warehouse.as_str().to_owned());
        let cells = vec![sku, warehouse, row.on_hand.0.to_string(), safety];
        // Of many SKUs that a refusal names, each row says its own.
        let own = if let Reject::Unknown { kind: CodeKind::Sku, codes } = reject
            && codes.contains(&row.sku)
        {
            Some(Reject::Unknown { kind: CodeKind::Sku, codes: vec![row.sku.clone()] })
        } else {
            None
        };
        let reject = own.as_ref().unwrap_or(reject);
        self.refused.add(row.line, cells, format!("{step}{reject}"));
    }

    /// Why the import ends before its end, with what is done of each of its two steps.
    fn ended(&self, error: ClientError) -> Failure {
        let set = self.safety.values().filter(|safety| matches!(safety, Safety::Set { .. })).count();
        let is_done = match (set, self.counted) {
            (0, 0) => "nothing is changed".to_owned(),
            (set, cells) => format!("counted: {}; safety stock set: {set}", counted(cells, "cell")),
        };
        self.imported.interrupted(error, &is_done, &format!(" with --as-of {}", self.as_of))
    }

    /// A key that is the same whenever the same is said as of the same watermark.
    fn key(&self, what: &str, content: &str) -> Option<Code> {
        let content = Sha256::digest(format!("{}\0{content}", self.as_of));
        let content: String = content.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Code::new(&format!("import-{what}-{content}")).ok()
    }
}

fn is_replayed(reply: &Reply) -> bool {
    matches!(reply, Reply::Moved(moved) if moved.replayed)
}

/// Which rows a refusal is about: those that it names, or all of them.
fn meant(reject: &Reject, rows: &[&StockRow]) -> Vec<bool> {
    let codes = if let Reject::Unknown { kind: CodeKind::Sku, codes } = reject {
        codes.as_slice()
    } else if let Reject::CountTooOld { sku, .. } = reject {
        std::slice::from_ref(sku)
    } else {
        &[]
    };
    let named: Vec<bool> = rows.iter().map(|row| codes.contains(&row.sku)).collect();
    if named.contains(&true) { named } else { vec![true; rows.len()] }
}

fn tell(session: &Session, command: Command) -> Result<(), ClientError> {
    session.try_command(&KeyFlags::default(), command).map(drop)
}
