//! Stock commands: corrections, transfers, pools, safety stock.

use crate::catalog::Config;
use crate::command::{Adjust, Arrive, Line, MovePool, SetSafety, Transfer};
use crate::engine::commit::EngineLocked;
use crate::engine::demand::invalid;
use crate::engine::{Asked, Decided, Engine};
use crate::event::{Event, Move, MoveReason, SafetySet, StockMoved};
use crate::ids::{Code, PoolId, SkuId, WarehouseId};
use crate::limits::{COMMAND_LINES_MAX, MOVEMENT_UNITS_MAX, REASON_BYTES_MAX};
use crate::reject::{CodeKind, Reject};
use crate::stock::{Bucket, Outside, StockShard};
use crate::units::Units;

pub(super) const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);
const ELSEWHERE: Bucket = Bucket::Outside(Outside::Transfer);
pub(super) const WRITE_OFF: Bucket = Bucket::Outside(Outside::WriteOff);

impl Engine {
    /// Corrects a cell by hand. Units found make up for short ones first.
    pub(super) fn adjust(&self, adjust: &Adjust, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &adjust.warehouse)?;
        let pool = pool(&config, adjust.pool.as_ref())?;
        let sku = self.known_sku(&adjust.sku)?;
        if adjust.reason.trim().is_empty() || adjust.reason.len() > REASON_BYTES_MAX {
            return Err(invalid("reason", format!("say why, in 1 to {REASON_BYTES_MAX} bytes")).into());
        }
        let units = Units(adjust.delta.unsigned_abs());
        bounded("delta", units)?;
        self.change_stock(b'a', adjust, &[sku], asked, |locked, config| {
            let mut moves = Vec::new();
            let free = Bucket::Available(pool);
            if adjust.delta > 0 {
                let short = there(locked, sku, warehouse, Bucket::Short).min(units);
                push(&mut moves, sku, warehouse, WRITE_OFF, Bucket::Short, short);
                push(&mut moves, sku, warehouse, WRITE_OFF, free, units.saturating_sub(short));
            } else {
                enough(locked, config, &adjust.sku, sku, warehouse, pool, units)?;
                push(&mut moves, sku, warehouse, free, WRITE_OFF, units);
            }
            Ok(moved(MoveReason::Adjustment, Some(adjust.reason.clone()), moves))
        })
    }

    /// Sends units on their way to another warehouse, where they are in transit until they arrive.
    pub(super) fn transfer(&self, transfer: &Transfer, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let (from, to) = (warehouse(&config, &transfer.from)?, warehouse(&config, &transfer.to)?);
        if from == to {
            return Err(invalid("to", format!("is {} as well: name another warehouse", transfer.to)).into());
        }
        let pool = pool(&config, transfer.pool.as_ref())?;
        let lines = self.stock_lines(&transfer.lines)?;
        once(&transfer.lines)?;
        self.change_stock(b't', transfer, &skus(&lines), asked, |locked, config| {
            let mut moves = Vec::with_capacity(2 * lines.len());
            for (line, &(sku, units)) in transfer.lines.iter().zip(&lines) {
                enough(locked, config, &line.sku, sku, from, pool, units)?;
                push(&mut moves, sku, from, Bucket::Available(pool), ELSEWHERE, units);
                push(&mut moves, sku, to, ELSEWHERE, Bucket::InTransit, units);
            }
            Ok(moved(MoveReason::Transfer, None, moves))
        })
    }

    /// Units in transit arrive.
    pub(super) fn arrive(&self, arrive: &Arrive, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &arrive.warehouse)?;
        let pool = pool(&config, arrive.pool.as_ref())?;
        let lines = self.stock_lines(&arrive.lines)?;
        once(&arrive.lines)?;
        self.change_stock(b'v', arrive, &skus(&lines), asked, |locked, _| {
            let mut moves = Vec::with_capacity(lines.len());
            for (line, &(sku, units)) in arrive.lines.iter().zip(&lines) {
                let available = there(locked, sku, warehouse, Bucket::InTransit);
                if available < units {
                    let (sku, warehouse) = (line.sku.clone(), arrive.warehouse.clone());
                    let bucket = Bucket::InTransit.to_string();
                    return Err(Reject::NotEnoughUnits { sku, warehouse, bucket, wanted: units, available });
                }
                push(&mut moves, sku, warehouse, Bucket::InTransit, Bucket::Available(pool), units);
            }
            Ok(moved(MoveReason::Arrival, None, moves))
        })
    }

    /// Moves free units between two pools of one cell.
    pub(super) fn move_pool(&self, command: &MovePool, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &command.warehouse)?;
        let (from, to) = (pool(&config, Some(&command.from))?, pool(&config, Some(&command.to))?);
        if from == to {
            return Err(invalid("to", format!("is {} as well: name another pool", command.to)).into());
        }
        let sku = self.known_sku(&command.sku)?;
        bounded("units", command.units)?;
        self.change_stock(b'm', command, &[sku], asked, |locked, config| {
            enough(locked, config, &command.sku, sku, warehouse, from, command.units)?;
            let mut moves = Vec::new();
            push(&mut moves, sku, warehouse, Bucket::Available(from), Bucket::Available(to), command.units);
            Ok(moved(MoveReason::PoolMove, None, moves))
        })
    }

    /// Sets the units of the regular pool that orders may not take.
    pub(super) fn set_safety(&self, command: &SetSafety, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &command.warehouse)?;
        let sku = self.known_sku(&command.sku)?;
        if command.units.0 > MOVEMENT_UNITS_MAX {
            return Err(invalid("units", format!("must be at most {MOVEMENT_UNITS_MAX}")).into());
        }
        self.change_stock(b's', command, &[sku], asked, |_, _| {
            Ok(Event::SafetySet(SafetySet { sku, warehouse, units: command.units }))
        })
    }

    pub(super) fn known_sku(&self, code: &Code) -> Result<SkuId, Reject> {
        let unknown = || Reject::Unknown { kind: CodeKind::Sku, codes: vec![code.clone()] };
        self.skus.find(code).map(|sku| sku.id).ok_or_else(unknown)
    }

    /// The lines of a stock command with ids, each within bounds; unknown SKUs are named together.
    pub(super) fn stock_lines(&self, lines: &[Line]) -> Result<Vec<(SkuId, Units)>, Reject> {
        count_lines(lines.len())?;
        for (at, line) in lines.iter().enumerate() {
            bounded(&format!("lines[{at}].units"), line.units)?;
        }
        self.resolve_skus(lines)
    }

    pub(super) fn resolve_skus(&self, lines: &[Line]) -> Result<Vec<(SkuId, Units)>, Reject> {
        let mut resolved = Vec::with_capacity(lines.len());
        let mut unknown = Vec::new();
        for line in lines {
            match self.skus.find(&line.sku) {
                Some(sku) => resolved.push((sku.id, line.units)),
                None => unknown.push(line.sku.clone()),
            }
        }
        if unknown.is_empty() { Ok(resolved) } else { Err(Reject::Unknown { kind: CodeKind::Sku, codes: unknown }) }
    }
}

pub(super) fn warehouse(config: &Config, code: &Code) -> Result<WarehouseId, Reject> {
    let unknown = || Reject::Unknown { kind: CodeKind::Warehouse, codes: vec![code.clone()] };
    config.codes.warehouse(code).ok_or_else(unknown)
}

pub(super) fn count_lines(count: usize) -> Result<(), Reject> {
    if (1..=COMMAND_LINES_MAX).contains(&count) {
        return Ok(());
    }
    Err(invalid("lines", format!("a command has 1 to {COMMAND_LINES_MAX} lines, this one has {count}: split it")))
}

/// Refuses a SKU that is named twice: which line is meant first would not be clear.
pub(super) fn once(lines: &[Line]) -> Result<(), Reject> {
    let mut codes: Vec<&Code> = lines.iter().map(|line| &line.sku).collect();
    codes.sort_unstable();
    match codes.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(invalid("lines", format!("{} is named twice: add its lines up", pair[0]))),
        None => Ok(()),
    }
}

pub(super) fn there(locked: &EngineLocked<'_>, sku: SkuId, warehouse: WarehouseId, bucket: Bucket) -> Units {
    let cell = locked.stock(StockShard::of(sku)).sku(sku).cell(warehouse);
    cell.map_or(Units::ZERO, |cell| cell.units(bucket))
}

/// Adds a movement unless it moves nothing.
pub(super) fn push(moves: &mut Vec<Move>, sku: SkuId, warehouse: WarehouseId, from: Bucket, to: Bucket, units: Units) {
    if !units.is_zero() {
        moves.push(Move { sku, warehouse, from, to, units });
    }
}

pub(super) fn pool(config: &Config, code: Option<&Code>) -> Result<PoolId, Reject> {
    let Some(code) = code else { return Ok(PoolId::REGULAR) };
    config.codes.pool(code).ok_or_else(|| Reject::Unknown { kind: CodeKind::Pool, codes: vec![code.clone()] })
}

pub(super) fn bounded(field: &str, units: Units) -> Result<(), Reject> {
    if (1..=MOVEMENT_UNITS_MAX).contains(&units.0) {
        return Ok(());
    }
    Err(invalid(field, format!("must be 1 to {MOVEMENT_UNITS_MAX}, not {units}")))
}

/// Refuses to take more out of a pool than is free in it.
fn enough(
    locked: &EngineLocked<'_>,
    config: &Config,
    code: &Code,
    sku: SkuId,
    warehouse: WarehouseId,
    pool: PoolId,
    wanted: Units,
) -> Result<(), Reject> {
    let available = there(locked, sku, warehouse, Bucket::Available(pool));
    if available >= wanted {
        return Ok(());
    }
    let bucket = format!("pool {}", config.codes.of_pool(pool));
    let (sku, warehouse) = (code.clone(), config.codes.of_warehouse(warehouse));
    Err(Reject::NotEnoughUnits { sku, warehouse, bucket, wanted, available })
}

fn skus(lines: &[(SkuId, Units)]) -> Vec<SkuId> {
    lines.iter().map(|(sku, _)| *sku).collect()
}

fn moved(reason: MoveReason, note: Option<String>, moves: Vec<Move>) -> Event {
    Event::StockMoved(StockMoved { reason, note, moves })
}
