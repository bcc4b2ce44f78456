//! Commands about stock.

use stockade_core::command::{
    Adjust, Arrive, Command, Count, Expect, Expectation, Fulfils, Line, MovePool, Receive, Request, SetSafety, Transfer,
};
use stockade_core::ids::{Code, PoolId, Seq, SkuId, WarehouseId};
use stockade_core::stock::Bucket;
use stockade_core::time::Day;
use stockade_core::units::Units;

use super::workload::{Workload, code};
use super::world::POOLS;
use crate::model::Model;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Receive,
    Adjust,
    Count,
    Transfer,
    Arrive,
    MovePool,
    Safety,
    Expect,
}

impl Workload {
    pub(super) fn stock(&mut self, model: &Model) -> Option<Request> {
        let kind = self.rng.weighted(&[
            (36, Kind::Receive),
            (10, Kind::Adjust),
            (18, Kind::Count),
            (9, Kind::Transfer),
            (9, Kind::Arrive),
            (12, Kind::MovePool),
            (5, Kind::Safety),
            (26, Kind::Expect),
        ])?;
        let sku = SkuId(self.rng.below(model.skus.len() as u64) as u32);
        let warehouse = self.warehouse(model)?;
        let mut command = match kind {
            Kind::Receive => self.receive(model, sku, warehouse),
            Kind::Adjust => self.adjust(model, sku, warehouse),
            Kind::Count => self.count(model, warehouse),
            Kind::Transfer => self.transfer(model, sku, warehouse)?,
            Kind::Arrive => self.arrive(model, sku, warehouse),
            Kind::MovePool => self.move_pool(model, sku, warehouse),
            Kind::Safety => Command::SetSafety(SetSafety {
                sku: sku_code(model, sku),
                warehouse: warehouse_code(model, warehouse)?,
                units: Units(self.rng.below(5)),
            }),
            Kind::Expect => self.expect(model, sku, warehouse)?,
        };
        if self.rng.percent(1) {
            spoil(&mut command);
        }
        Some(self.keyed(command))
    }

    fn receive(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Command {
        let promised = model.inbound.iter().filter(|(_, inbound)| !inbound.promises.is_empty());
        let promised: Vec<_> = promised.map(|(key, _)| *key).collect();
        let waited_for = if self.rng.percent(40) { self.rng.pick(&promised).copied() } else { None };
        let (sku, warehouse) = waited_for.unwrap_or((sku, warehouse));
        let most = if waited_for.is_some() { 4 } else { 15 };
        let mut lines = vec![Line { sku: sku_code(model, sku), units: Units(self.rng.within(1, most)) }];
        if self.rng.percent(30) {
            let other = SkuId(self.rng.below(model.skus.len() as u64) as u32);
            lines.push(Line { sku: sku_code(model, other), units: Units(self.rng.within(1, 9)) });
        }
        let references = references(model, sku, warehouse);
        let reference = if self.rng.percent(70) { self.rng.pick(&references).cloned() } else { None };
        let expected = reference.map(|reference| Fulfils { reference, more: self.rng.percent(30) });
        let pool = if self.rng.percent(40) { Some(self.pool()) } else { None };
        Command::Receive(Receive { warehouse: place(model, warehouse), pool, expected, lines })
    }

    /// A receipt announced, changed or withdrawn; now and then one that is there already, or is not.
    fn expect(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Option<Command> {
        let known = references(model, sku, warehouse);
        let announce = known.is_empty() || self.rng.percent(50);
        let reference = match self.rng.pick(&known).cloned().filter(|_| !announce || self.rng.percent(5)) {
            Some(reference) => reference,
            None => self.fresh("po"),
        };
        let units = Units(self.rng.within(1, 12));
        let change = match self.rng.below(10) {
            _ if announce => {
                let pool = self.rng.percent(30).then(|| self.pool());
                Expectation::Announce { day: self.day(), units, pool }
            }
            0..3 => Expectation::Withdraw,
            3..6 => Expectation::Change { day: Some(self.day()), units: None },
            _ => Expectation::Change { day: self.rng.percent(30).then(|| self.day()), units: Some(units) },
        };
        let (sku, warehouse) = (sku_code(model, sku), warehouse_code(model, warehouse)?);
        Some(Command::Expect(Expect { reference, sku, warehouse, change }))
    }

    fn adjust(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Command {
        let pool = self.pool();
        let id = pool_id(model, &pool);
        let there = model.ledger.units(sku, warehouse, Bucket::Available(id)) as i64;
        let delta = match self.rng.below(10) {
            0 => -there - 1,
            1..6 => -(self.rng.within(1, there.max(1) as u64) as i64),
            _ => self.rng.within(1, 4) as i64,
        };
        let pool = if pool.as_str() == "regular" && self.rng.percent(50) { None } else { Some(pool) };
        let reason = "found on the wrong shelf".to_owned();
        Command::Adjust(Adjust { sku: sku_code(model, sku), warehouse: place(model, warehouse), pool, delta, reason })
    }

    /// A count that is right, a little off, or far off; now, as of an earlier event, or with events it had not seen.
    fn count(&mut self, model: &Model, warehouse: WarehouseId) -> Command {
        let mut lines = Vec::new();
        for n in 0..model.skus.len() as u32 {
            if self.rng.percent(40) {
                let there = u64::try_from(model.ledger.cell(SkuId(n), warehouse).on_hand()).unwrap_or(0);
                let units = match self.rng.below(10) {
                    0..4 => there,
                    4..7 => there.saturating_sub(self.rng.within(1, 4)),
                    7 | 8 => there + self.rng.within(1, 4),
                    _ => there / 2,
                };
                lines.push(Line { sku: sku_code(model, SkuId(n)), units: Units(units) });
            }
        }
        if lines.is_empty() {
            lines.push(Line { sku: sku_code(model, SkuId(0)), units: Units(3) });
        }
        let seq = model.seq.0;
        let as_of = self.rng.percent(60).then(|| Seq(seq - self.rng.below(40.min(seq))));
        let mut except = Vec::new();
        if let Some(as_of) = as_of
            && self.rng.percent(40)
        {
            except.push(Seq(self.rng.within(as_of.0.saturating_sub(9).max(1), as_of.0)));
        }
        Command::Count(Count { warehouse: place(model, warehouse), as_of, except, lines })
    }

    fn transfer(&mut self, model: &Model, sku: SkuId, from: WarehouseId) -> Option<Command> {
        let to = self.warehouse(model)?;
        let pool = self.pool();
        let there = model.ledger.units(sku, from, Bucket::Available(pool_id(model, &pool)));
        let units = Units(self.some_of(there));
        let lines = vec![Line { sku: sku_code(model, sku), units }];
        Some(Command::Transfer(Transfer { from: place(model, from), to: place(model, to), pool: Some(pool), lines }))
    }

    fn arrive(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Command {
        let moving = model.ledger.cells.iter().filter(|(_, cell)| cell.units(Bucket::InTransit) > 0);
        let moving: Vec<_> = moving.map(|(key, _)| *key).collect();
        let (sku, warehouse) = self.rng.pick(&moving).copied().unwrap_or((sku, warehouse));
        let there = model.ledger.units(sku, warehouse, Bucket::InTransit);
        let lines = vec![Line { sku: sku_code(model, sku), units: Units(self.some_of(there)) }];
        let pool = self.rng.percent(30).then(|| self.pool());
        Command::Arrive(Arrive { warehouse: place(model, warehouse), pool, lines })
    }

    fn move_pool(&mut self, model: &Model, sku: SkuId, warehouse: WarehouseId) -> Command {
        let from = self.pool();
        let there = model.ledger.units(sku, warehouse, Bucket::Available(pool_id(model, &from)));
        let units = Units(self.some_of(there));
        Command::MovePool(MovePool {
            sku: sku_code(model, sku),
            warehouse: place(model, warehouse),
            from,
            to: self.pool(),
            units,
        })
    }

    /// Some of what is there, all of it, or one too many.
    fn some_of(&mut self, there: u64) -> u64 {
        match self.rng.below(10) {
            0 => there + 1,
            1 | 2 => there.max(1),
            _ => self.rng.within(1, there.max(1)),
        }
    }

    fn warehouse(&mut self, model: &Model) -> Option<WarehouseId> {
        let ids: Vec<WarehouseId> = model.world.as_ref()?.warehouses.keys().copied().collect();
        self.rng.pick(&ids).copied()
    }

    fn pool(&mut self) -> Code {
        let pool = if self.rng.percent(50) { POOLS.first() } else { self.rng.pick(&POOLS) };
        code(pool.copied().unwrap_or("regular"))
    }

    fn day(&mut self) -> Day {
        Day((self.now.0 / 86_400_000_000) as u32 + self.rng.below(4) as u32)
    }
}

/// Makes the command name something that does not exist or is nothing.
fn spoil(command: &mut Command) {
    match command {
        Command::Receive(c) => c.lines[0].sku = code("nothing"),
        Command::Adjust(c) => c.delta = 0,
        Command::Count(c) => c.warehouse = code("nowhere"),
        Command::Transfer(c) => c.to = code("nowhere"),
        Command::Arrive(c) => c.lines.clear(),
        Command::MovePool(c) => c.to = code("nothing"),
        Command::SetSafety(c) => c.sku = code("nothing"),
        Command::Expect(c) => c.warehouse = code("nowhere"),
        Command::ApplyWorld(_)
        | Command::ApplyRules(_)
        | Command::DefineSkus(_)
        | Command::Place(_)
        | Command::Pay(_)
        | Command::Cancel(_)
        | Command::ExtendHold(_)
        | Command::Step(_)
        | Command::Reroute(_) => {}
    }
}

/// What receipts of a cell are called.
fn references(model: &Model, sku: SkuId, warehouse: WarehouseId) -> Vec<Code> {
    model.inbound_of(sku, warehouse).receipts.into_values().map(|receipt| receipt.reference).collect()
}

fn sku_code(model: &Model, sku: SkuId) -> Code {
    model.skus[sku.index()].code.clone()
}

fn warehouse_code(model: &Model, id: WarehouseId) -> Option<Code> {
    model.world.as_ref()?.warehouse(id).map(|w| w.code.clone())
}

fn place(model: &Model, id: WarehouseId) -> Code {
    warehouse_code(model, id).unwrap_or_else(|| code("nowhere"))
}

fn pool_id(model: &Model, pool: &Code) -> PoolId {
    model.world.as_ref().and_then(|w| w.pool_id(pool)).unwrap_or(PoolId::REGULAR)
}
