//! `import stock` and `import catalog`: what there is and what it weighs, for a running server.

use std::collections::{BTreeMap, HashMap};

use clap::Args;
use stockade_client::ClientError;
use stockade_core::command::{Command, Count, DefineSkus, Line, SetSafety, SkuSpec};
use stockade_core::ids::{Code, Seq};
use stockade_core::query::{Query, StockQuery};
use stockade_core::reject::{CodeKind, Reject};

use super::connect::{Connect, KeyFlags, Session};
use super::refused::{ImportFlags, Imported, Refused, about_the_row, interrupted};
use super::stock::{AsOf, watermark};
use crate::failure::Failure;
use crate::files::{CATALOG, CatalogRow, FileFault, STOCK, StockRow, TableFlags, read_catalog, read_stock};
use crate::terminal::{Output, progress_bar};

/// Rows of one command: enough to be fast, few enough to see progress.
const PART: usize = 1_000;
const STOCK_COLUMNS: &[&str] = &["sku", "warehouse", "on_hand", "safety"];
const CATALOG_COLUMNS: &[&str] = &["sku", "weight_g", "category"];

/// See [`stock`].
#[derive(Debug, Args)]
pub(super) struct StockArgs {
    #[command(flatten)]
    import: ImportFlags,
    /// The watermark that the figures include, as `stock` shows it, or now.
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

/// Sets cells to the units of a file. Doing so again changes nothing, so it needs no key.
///
/// # Errors
/// When the file is wrong (nothing was sent), rows were refused, or the server cannot be reached.
pub(super) fn stock(args: &StockArgs, out: Output) -> Result<(), Failure> {
    let reading = args.table.reading(&STOCK, &[&STOCK]).map_err(Failure::usage)?;
    let table = read_stock(&args.import.file, &reading)?;
    check(args, &table.rows)?;
    table.notes.iter().for_each(|note| eprintln!("stockade: {note}"));
    let session = args.connect.open()?;
    let mut refused = Refused::new(STOCK_COLUMNS);
    let mut imported = imported(&args.import, table.rows.len());
    let bar = progress_bar(table.rows.len() as u64, "cells");
    let mut by_warehouse: BTreeMap<&Code, Vec<&StockRow>> = BTreeMap::new();
    for row in &table.rows {
        by_warehouse.entry(&row.warehouse).or_default().push(row);
    }
    for rows in by_warehouse.values() {
        for rows in rows.chunks(PART) {
            let done = imported.done;
            let ended = |error| interrupted(error, done, "cells");
            let taken = match args.import.dry_run {
                true => sifted(rows, &mut refused, |rows| known(&session, rows)),
                false => sifted(rows, &mut refused, |rows| count(&session, rows, args.as_of.seq())),
            };
            imported.done += taken.map_err(ended)?.len() as u64;
            bar.inc(rows.len() as u64);
        }
    }
    bar.finish_and_clear();
    imported.refused = imported.read - imported.done;
    args.import.report(&imported, &refused, "cells", out)
}

/// Creates or changes the SKUs of a file. Doing so again changes nothing, so it needs no key.
///
/// # Errors
/// When the file is wrong (nothing was sent), rows were refused, or the server cannot be reached.
pub(super) fn catalog(args: &CatalogArgs, out: Output) -> Result<(), Failure> {
    let reading = args.table.reading(&CATALOG, &[&CATALOG]).map_err(Failure::usage)?;
    let table = read_catalog(&args.import.file, &reading)?;
    table.notes.iter().for_each(|note| eprintln!("stockade: {note}"));
    let session = args.connect.open()?;
    let mut refused = Refused::new(CATALOG_COLUMNS);
    let mut imported = imported(&args.import, table.rows.len());
    let bar = progress_bar(table.rows.len() as u64, "SKUs");
    let spec =
        |row: &CatalogRow| SkuSpec { sku: row.sku.clone(), weight_g: row.weight_g, category: row.category.clone() };
    for rows in table.rows.chunks(PART) {
        let define = Command::DefineSkus(DefineSkus { skus: rows.iter().map(spec).collect() });
        let answer = if args.import.dry_run { Ok(()) } else { tell(&session, define) };
        match answer {
            Ok(()) => imported.done += rows.len() as u64,
            Err(error) => {
                let Some(reject) = about_the_row(&error) else { return Err(interrupted(error, imported.done, "SKUs")) };
                for row in rows {
                    let weight = row.weight_g.map_or(String::new(), |grams| grams.to_string());
                    let category = row.category.as_ref().map_or(String::new(), |code| code.as_str().to_owned());
                    refused.add(row.line, vec![row.sku.as_str().to_owned(), weight, category], reject);
                }
            }
        }
        bar.inc(rows.len() as u64);
    }
    bar.finish_and_clear();
    imported.refused = imported.read - imported.done;
    args.import.report(&imported, &refused, "SKUs", out)
}

fn imported(import: &ImportFlags, read: usize) -> Imported {
    let file = import.file.display().to_string();
    Imported { file, dry_run: import.dry_run, read: read as u64, done: 0, before: 0, refused: 0 }
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

/// Tries rows until those that stand in the way are sifted out; returns the rest.
fn sifted<'a>(
    rows: &[&'a StockRow],
    refused: &mut Refused,
    attempt: impl Fn(&[&StockRow]) -> Result<(), ClientError>,
) -> Result<Vec<&'a StockRow>, ClientError> {
    let mut rows = rows.to_vec();
    while !rows.is_empty() {
        let Err(error) = attempt(&rows) else { break };
        let Some(reject) = about_the_row(&error) else { return Err(error) };
        let meant = meant(reject, &rows);
        for (_, row) in rows.iter().enumerate().filter(|(at, _)| meant[*at]) {
            let safety = row.safety.map_or(String::new(), |units| units.to_string());
            let (sku, warehouse) = (row.sku.as_str().to_owned(), row.warehouse.as_str().to_owned());
            refused.add(row.line, vec![sku, warehouse, row.on_hand.0.to_string(), safety], reject);
        }
        let mut meant = meant.iter();
        rows.retain(|_| !meant.next().copied().unwrap_or_default());
    }
    Ok(rows)
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

/// Counts the rows of one warehouse, and keeps back what they say.
fn count(session: &Session, rows: &[&StockRow], as_of: Option<Seq>) -> Result<(), ClientError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let lines = rows.iter().map(|row| Line { sku: row.sku.clone(), units: row.on_hand }).collect();
    tell(session, Command::Count(Count { warehouse: first.warehouse.clone(), as_of, except: Vec::new(), lines }))?;
    for row in rows {
        if let Some(units) = row.safety {
            let (sku, warehouse) = (row.sku.clone(), row.warehouse.clone());
            tell(session, Command::SetSafety(SetSafety { sku, warehouse, units }))?;
        }
    }
    Ok(())
}

/// Asks whether the server knows the SKUs and the warehouse.
fn known(session: &Session, rows: &[&StockRow]) -> Result<(), ClientError> {
    let skus = rows.iter().map(|row| row.sku.clone()).collect();
    let warehouse = rows.first().map(|row| row.warehouse.clone());
    session.try_query(Query::Stock(StockQuery { skus, warehouse, after: None, limit: PART as u32 })).map(drop)
}

fn tell(session: &Session, command: Command) -> Result<(), ClientError> {
    session.try_command(&KeyFlags::default(), command).map(drop)
}
