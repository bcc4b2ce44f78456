//! The first reading of the files: everything that could be refused is refused before anything is decided.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use stockade_core::command::SkuSpec;
use stockade_core::ids::{Code, RulesVersion};
use stockade_core::limits::HOLD_TTL;
use stockade_core::rules::{FileError, RuleSet, WorldCodes, WorldFile};
use stockade_core::time::{Span, Time};

use super::args::ReplayArgs;
use crate::failure::Failure;
use crate::files::{
    CATALOG, FileFault, INBOUND, InboundRow, ORDERS, OrderReading, OrderSheet, Reading, STOCK, StockRow, TableKind,
    read_catalog, read_inbound, read_stock,
};

/// What the files hold.
#[derive(Debug)]
pub(super) struct Survey {
    /// The world as text.
    pub(super) world: String,
    /// Warehouses that never run short.
    pub(super) unlimited: BTreeSet<Code>,
    /// Every SKU of stock, catalog and orders, by code.
    pub(super) skus: Vec<SkuSpec>,
    /// The stock.
    pub(super) stock: Vec<StockRow>,
    /// What suppliers announce and deliver.
    pub(super) inbound: Vec<InboundRow>,
    /// Orders and cancellations in the order file.
    pub(super) orders: u64,
    /// The time of the first row that has one.
    pub(super) first_ts: Option<Time>,
    /// The shortest time a channel holds unpaid orders.
    pub(super) shortest_hold: Span,
    /// The label of the world's money.
    pub(super) currency: String,
    /// The channel of orders that name none: the world's first.
    pub(super) channel: Code,
    /// How the order file is read.
    pub(super) reading: OrderReading,
    /// What the reader should know about the files.
    pub(super) notes: Vec<String>,
}

impl Survey {
    /// Reads all files once.
    pub(super) fn take(args: &ReplayArgs) -> Result<Survey, Failure> {
        let tables = tables(args);
        let reading = |kind: &TableKind| -> Result<Reading, Failure> {
            args.files.table.reading(kind, &tables).map_err(Failure::usage)
        };
        let orders = args.files.reading(&ORDERS, &tables).map_err(Failure::usage)?;
        let mut notes = Vec::new();
        let world = FileFault::read_text(&args.world)?;
        let fault = |e: FileError| FileFault::at_line_or_whole(&args.world, e.line, e.reason);
        let parsed = WorldFile::parse(&world).map_err(fault)?;
        let codes = parsed.codes();
        let rules = RuleSet::resolve(&parsed, None, &codes.numbered(), RulesVersion::default()).map_err(fault)?;
        let mut skus: BTreeMap<Code, SkuSpec> = BTreeMap::new();
        if let Some(catalog) = &args.catalog {
            let table = read_catalog(catalog, &reading(&CATALOG)?)?;
            notes.extend(table.notes);
            for row in table.rows {
                let spec = SkuSpec { sku: row.sku.clone(), weight_g: row.weight_g, category: row.category };
                skus.insert(row.sku, spec);
            }
        }
        let stock = read_stock(&args.stock, &reading(&STOCK)?)?;
        notes.extend(stock.notes);
        let stock = stock.rows;
        let mut inbound = Vec::new();
        if let Some(path) = &args.inbound {
            let table = read_inbound(path, &reading(&INBOUND)?)?;
            notes.extend(table.notes);
            inbound = table.rows;
        }
        check_stock(args, &codes, &stock)?;
        for row in &stock {
            add(&mut skus, &row.sku);
        }
        let mut survey = Survey {
            world,
            unlimited: rules.warehouses().filter(|w| w.unlimited).map(|w| w.code.clone()).collect(),
            skus: Vec::new(),
            stock,
            inbound,
            orders: 0,
            first_ts: None,
            shortest_hold: rules.channels().map(|channel| channel.hold_ttl).min().unwrap_or(HOLD_TTL),
            currency: rules.currency.clone(),
            channel: codes.channels[0].clone(),
            reading: orders.of_channel(Some(codes.channels[0].clone())),
            notes,
        };
        survey.read_orders(args, &codes, &mut skus)?;
        survey.check_inbound(args, &codes, &mut skus)?;
        survey.skus = skus.into_values().collect();
        Ok(survey)
    }

    /// Opens the order file for the second reading.
    pub(super) fn open_orders(&self, args: &ReplayArgs) -> Result<OrderSheet, Failure> {
        Ok(OrderSheet::open(&args.orders, &self.reading)?)
    }

    /// Checks that every row names known codes, and has a time only where orders have one.
    fn check_inbound(
        &mut self,
        args: &ReplayArgs,
        codes: &WorldCodes,
        skus: &mut BTreeMap<Code, SkuSpec>,
    ) -> Result<(), FileFault> {
        let Some(path) = &args.inbound else { return Ok(()) };
        let places = Places::of(codes);
        for row in &self.inbound {
            places.check(path, row.line, &row.warehouse, row.pool.as_ref())?;
            if row.ts.is_some() && self.first_ts.is_none() {
                let reason = "the row has a `ts`, the orders have none: leave it empty, and it happens before them";
                return Err(FileFault::at(path, row.line, reason));
            }
            add(skus, &row.sku);
        }
        self.first_ts = self.inbound.iter().filter_map(|row| row.ts).chain(self.first_ts).min();
        Ok(())
    }

    fn read_orders(
        &mut self,
        args: &ReplayArgs,
        codes: &WorldCodes,
        skus: &mut BTreeMap<Code, SkuSpec>,
    ) -> Result<(), Failure> {
        let channels: HashSet<&Code> = codes.channels.iter().collect();
        let mut orders = self.open_orders(args)?;
        while let Some(order) = orders.next_order()? {
            self.orders += 1;
            self.first_ts = self.first_ts.or(order.ts);
            if let Some(channel) = order.channel.as_ref().filter(|channel| !channels.contains(channel)) {
                let known: Vec<&str> = codes.channels.iter().map(Code::as_str).collect();
                let reason = format!("channel `{channel}` is not in the world, only {}", known.join(", "));
                return Err(FileFault::at(&args.orders, order.line, reason).into());
            }
            for line in &order.lines {
                add(skus, &line.sku);
            }
        }
        self.notes.extend(orders.notes());
        Ok(())
    }
}

/// The tables that a replay reads.
fn tables(args: &ReplayArgs) -> Vec<&'static TableKind> {
    let mut tables = vec![&STOCK, &ORDERS];
    tables.extend(args.catalog.as_ref().map(|_| &CATALOG));
    tables.extend(args.inbound.as_ref().map(|_| &INBOUND));
    tables
}

fn add(skus: &mut BTreeMap<Code, SkuSpec>, sku: &Code) {
    if !skus.contains_key(sku) {
        skus.insert(sku.clone(), SkuSpec { sku: sku.clone(), weight_g: None, category: None });
    }
}

fn check_stock(args: &ReplayArgs, codes: &WorldCodes, stock: &[StockRow]) -> Result<(), FileFault> {
    let places = Places::of(codes);
    stock.iter().try_for_each(|row| places.check(&args.stock, row.line, &row.warehouse, row.pool.as_ref()))
}

/// The codes that rows may name.
struct Places<'a> {
    warehouses: HashSet<&'a Code>,
    pools: HashSet<&'a Code>,
}

impl Places<'_> {
    fn of(codes: &WorldCodes) -> Places<'_> {
        Places { warehouses: codes.warehouses.iter().collect(), pools: codes.pools.iter().collect() }
    }

    fn check(&self, file: &Path, line: u64, warehouse: &Code, pool: Option<&Code>) -> Result<(), FileFault> {
        if !self.warehouses.contains(warehouse) {
            return Err(FileFault::at(file, line, format!("warehouse `{warehouse}` is not in the world")));
        }
        if let Some(pool) = pool.filter(|pool| !self.pools.contains(pool)) {
            let reason = format!("pool `{pool}` is not in the world: name it in a channel's pools or a [[pool]]");
            return Err(FileFault::at(file, line, reason));
        }
        Ok(())
    }
}
