//! The allowed outcomes of stock and configuration commands.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::command::{
    Adjust, ApplyRules, ApplyWorld, Arrive, ClearSkus, Command, Count, DefineSkus, Expect, Expectation, Line, MovePool,
    Receive, Request, SetSafety, Transfer,
};
use stockade_core::event::{Event, InboundChanged};
use stockade_core::ids::{Code, OrderId, PoolId, ReceiptNo, SkuId, WarehouseId};
use stockade_core::limits::CELL_HISTORY;
use stockade_core::orders::{OrderState, Stage};
use stockade_core::stock::{Bucket, HANDED_MAX, Outside};
use stockade_core::time::{Day, Time};

use super::Model;
use super::allowed::Allowed;
use super::ledger::Cell;

const WRITE_OFF: Bucket = Bucket::Outside(Outside::WriteOff);

impl Model {
    /// Judges a command that names things of the world; what it names wrongly refuses it.
    pub(super) fn judge_named(&self, verdict: impl FnOnce(&mut Names<'_>) -> Allowed) -> Allowed {
        if self.world.is_none() {
            return Allowed::refuse("unavailable");
        }
        let mut names = Names { model: self, wrong: BTreeSet::new() };
        let allowed = verdict(&mut names);
        if names.wrong.is_empty() { allowed } else { Allowed { refused: names.wrong, ..Allowed::default() } }
    }

    pub(super) fn judge_receive(&self, c: &Receive, names: &mut Names<'_>) -> Allowed {
        let warehouse = names.warehouse(&c.warehouse);
        names.pool(c.pool.as_ref());
        let lines = names.lines(&c.lines);
        let expected = |reference| lines.keys().any(|sku| self.referred(*sku, warehouse, reference).is_some());
        match &c.expected {
            Some(fulfils) if !expected(&fulfils.reference) => Allowed::refuse("invalid"),
            Some(_) | None => Allowed::must(),
        }
    }

    pub(super) fn judge_adjust(&self, c: &Adjust, names: &mut Names<'_>) -> Allowed {
        let cell = (names.sku(&c.sku), names.warehouse(&c.warehouse), names.pool(c.pool.as_ref()));
        match c.delta {
            0 => Allowed::refuse("invalid"),
            1.. => Allowed::must(),
            lost => self.enough(cell, lost.unsigned_abs()),
        }
    }

    pub(super) fn judge_transfer(&self, c: &Transfer, names: &mut Names<'_>) -> Allowed {
        let (from, to) = (names.warehouse(&c.from), names.warehouse(&c.to));
        let pool = names.pool(c.pool.as_ref());
        let wanted = names.lines(&c.lines);
        names.once(&c.lines);
        if from == to {
            names.wrong.insert("invalid");
        }
        self.all_enough(&wanted, |sku| self.movable(sku, from, pool))
    }

    pub(super) fn judge_arrive(&self, c: &Arrive, names: &mut Names<'_>) -> Allowed {
        let warehouse = names.warehouse(&c.warehouse);
        names.pool(c.pool.as_ref());
        let wanted = names.lines(&c.lines);
        names.once(&c.lines);
        self.all_enough(&wanted, |sku| self.units_at(sku, warehouse, Some(Bucket::InTransit)))
    }

    pub(super) fn judge_move_pool(&self, c: &MovePool, names: &mut Names<'_>) -> Allowed {
        let (from, to) = (names.pool(Some(&c.from)), names.pool(Some(&c.to)));
        let cell = (names.sku(&c.sku), names.warehouse(&c.warehouse), from);
        if from == to || c.units.is_zero() {
            names.wrong.insert("invalid");
        }
        self.enough(cell, c.units.0)
    }

    pub(super) fn judge_expect(&self, c: &Expect, now: Time, names: &mut Names<'_>) -> Allowed {
        let is_over = |day: Day| day.start().0 + 86_400_000_000 <= now.0;
        let (sku, warehouse) = (names.sku(&c.sku), names.warehouse(&c.warehouse));
        let known = sku.is_some_and(|sku| self.referred(sku, warehouse, &c.reference).is_some());
        let fits = match &c.change {
            Expectation::Announce { day, units, pool } => {
                names.pool(pool.as_ref());
                units.0 > 0 && !known && !is_over(*day)
            }
            Expectation::Change { day, units } => {
                known && units.map_or(day.is_some(), |units| units.0 > 0) && !day.is_some_and(is_over)
            }
            Expectation::Withdraw => known,
        };
        if fits { Allowed::must() } else { Allowed::refuse("invalid") }
    }

    pub(super) fn judge_world(&self, c: &ApplyWorld) -> Allowed {
        let known = self.world.iter().flat_map(|w| w.warehouses.values());
        let vanished = known.filter(|w| !c.text.contains(&format!("[[warehouse]]\ncode = \"{}\"", w.code))).count();
        if vanished > 0 { Allowed::refuse("bad_file") } else { judge_text(&c.text) }
    }

    pub(super) fn judge_rules(&self, c: &ApplyRules) -> Allowed {
        match c.expect.is_some_and(|version| version != self.rules_version) {
            true => Allowed::refuse("stale_rules"),
            false => judge_text(&c.text),
        }
    }

    pub(super) fn units_at(&self, sku: SkuId, warehouse: Option<WarehouseId>, bucket: Option<Bucket>) -> u64 {
        match (warehouse, bucket) {
            (Some(warehouse), Some(bucket)) => self.ledger.units(sku, warehouse, bucket),
            _ => 0,
        }
    }

    /// Free units of a pool that are neither missing nor owed to promises.
    pub(super) fn movable(&self, sku: SkuId, warehouse: Option<WarehouseId>, pool: Option<PoolId>) -> u64 {
        let (Some(warehouse), Some(pool)) = (warehouse, pool) else { return 0 };
        let (cell, owed) = (self.ledger.cell(sku, warehouse), self.owed(sku, warehouse));
        let there = cell.free().saturating_sub(cell.short()).saturating_sub(owed.values().sum());
        cell.units(Bucket::Available(pool)).saturating_sub(owed.get(&pool).copied().unwrap_or(0)).min(there)
    }

    fn referred(&self, sku: SkuId, warehouse: Option<WarehouseId>, reference: &Code) -> Option<ReceiptNo> {
        let inbound = self.inbound_of(sku, warehouse?);
        inbound.receipts.iter().find(|(_, receipt)| receipt.reference == *reference).map(|(no, _)| *no)
    }

    fn enough(&self, cell: (Option<SkuId>, Option<WarehouseId>, Option<PoolId>), units: u64) -> Allowed {
        let (sku, warehouse, pool) = cell;
        let there = sku.map_or(0, |sku| self.movable(sku, warehouse, pool));
        if units <= there { Allowed::must() } else { Allowed::refuse("not_enough_units") }
    }

    pub(super) fn all_enough(&self, wanted: &BTreeMap<SkuId, u64>, there: impl Fn(SkuId) -> u64) -> Allowed {
        match wanted.iter().all(|(sku, units)| *units <= there(*sku)) {
            true => Allowed::must(),
            false => Allowed::refuse("not_enough_units"),
        }
    }

    pub(super) fn judge_count(&self, count: &Count, names: &mut Names<'_>) -> Allowed {
        names.warehouse(&count.warehouse);
        names.lines_of(&count.lines, 0);
        names.once(&count.lines);
        if count.as_of.is_some_and(|seq| seq > self.seq) {
            names.wrong.insert("invalid");
        }
        let mut allowed = Allowed::must();
        let Some(warehouse) = self.world.as_ref().and_then(|w| w.warehouse_id(&count.warehouse)) else {
            return allowed;
        };
        let oldest = count.except.iter().map(|s| s.0.saturating_sub(1)).chain(count.as_of.map(|s| s.0)).min();
        for line in &count.lines {
            let Some(sku) = self.sku(&line.sku) else { continue };
            let cell = self.ledger.cell(sku, warehouse);
            let later = cell.physical.keys().filter(|seq| oldest.is_some_and(|o| seq.0 > o)).count();
            if later >= CELL_HISTORY {
                allowed.refused.insert("count_too_old");
            }
        }
        allowed
    }

    /// Goods must go to exactly whom they are due, by what the command says of them.
    fn check_received(&self, receive: &Receive, event: &InboundChanged) -> Result<(), String> {
        let world = self.world.as_ref().ok_or("there is no world yet")?;
        let warehouse = world.warehouse_id(&receive.warehouse).ok_or("no such warehouse")?;
        let (mut kept, mut shelved) = (BTreeMap::new(), BTreeMap::new());
        for (sku, units) in self.merged(&receive.lines) {
            let mut plain = self.plain_of(sku, warehouse);
            let known = receive
                .expected
                .as_ref()
                .and_then(|f| Some((self.referred(sku, Some(warehouse), &f.reference)?, f.more)));
            let named = receive.pool.as_ref().and_then(|pool| world.pool_id(pool));
            let announced = known.and_then(|(no, _)| self.inbound_of(sku, warehouse).receipts.get(&no).map(|r| r.pool));
            let pool = named.or(announced).unwrap_or(PoolId::REGULAR);
            let came = match known {
                Some((no, more)) => plain.fulfil(no, (pool, units), more, HANDED_MAX),
                None => plain.come(pool, units),
            };
            if came.kept > 0 {
                kept.insert(sku, came.kept);
            }
            shelved.extend(came.shelved.into_iter().map(|(pool, units)| ((sku, pool), units)));
        }
        let mut ready: BTreeMap<SkuId, u64> = BTreeMap::new();
        let mut sold: BTreeMap<(SkuId, PoolId), u64> = BTreeMap::new();
        for m in &event.moves {
            match m.to {
                Bucket::Available(pool) => *sold.entry((m.sku, pool)).or_default() += m.units.0,
                Bucket::Arrived(_) => *ready.entry(m.sku).or_default() += m.units.0,
                _ => {}
            }
        }
        if (&ready, &sold) == (&kept, &shelved) {
            return Ok(());
        }
        Err(format!("keeps {ready:?} and shelves {sold:?}, it should be {kept:?} and {shelved:?}"))
    }

    /// A count must correct by exactly what is missing or too many, from where it is due; goods must go where they are due.
    pub(super) fn check_correction(&self, request: &Request, event: &Event) -> Result<(), String> {
        if let (Command::Receive(receive), Event::InboundChanged(e)) = (&request.command, event) {
            return self.check_received(receive, e);
        }
        if let (Command::CountShelf(count), Event::ShelfCounted(e)) = (&request.command, event) {
            return self.check_shelf(count, e);
        }
        let (Command::Count(count), Event::StockCounted(e)) = (&request.command, event) else { return Ok(()) };
        if (e.as_of, &e.except) != (count.as_of, &count.except) {
            return Err(format!("the count had seen {:?} except {:?}: {e:?}", count.as_of, count.except));
        }
        let mut counted: BTreeMap<SkuId, u64> = BTreeMap::new();
        for line in &count.lines {
            if let Some(sku) = self.sku(&line.sku) {
                *counted.entry(sku).or_default() += line.units.0;
            }
        }
        let mut found: BTreeMap<(SkuId, Bucket, Bucket), u64> = BTreeMap::new();
        for m in &e.moves {
            *found.entry((m.sku, m.from, m.to)).or_default() += m.units.0;
        }
        let mut must = BTreeMap::new();
        for (sku, units) in counted {
            for (from, to, units) in self.correction(sku, e.warehouse, units, count) {
                must.insert((sku, from, to), units);
            }
        }
        if found == must { Ok(()) } else { Err(format!("the count corrects {found:?}, it should correct {must:?}")) }
    }

    fn correction(
        &self,
        sku: SkuId,
        warehouse: WarehouseId,
        counted: u64,
        count: &Count,
    ) -> Vec<(Bucket, Bucket, u64)> {
        let cell = self.ledger.cell(sku, warehouse);
        let except: BTreeSet<_> = count.except.iter().copied().collect();
        let later = count.as_of.map_or(0, |as_of| cell.changed_since(as_of, &except));
        corrections(cell, (i128::from(counted) + later).max(0))
    }

    /// Gives the stock of a lapsed order back, as its expiry will.
    pub(super) fn release(&mut self, id: OrderId) {
        let Some(order) = self.orders.get(id) else { return };
        for m in self.unpaid_moves(order, |at| at.free) {
            let _ = self.ledger.book(self.seq, m, false);
        }
        self.tidy();
        let Ok(order) = self.order_mut(id) else { return };
        order.state = OrderState::Expired;
        for sub in order.subs.iter_mut().filter(|s| matches!(s.stage, Stage::Held | Stage::Promised)) {
            sub.stage = Stage::Expired;
            sub.waiting = 0;
        }
    }
}

/// What sets the books of a cell right, so that they say `target` units are there: from where, to where, how many.
pub(super) fn corrections(cell: &Cell, target: i128) -> Vec<(Bucket, Bucket, u64)> {
    let mut moves = Vec::new();
    let mut surplus = u64::try_from(target - cell.on_hand()).unwrap_or(0);
    let found = surplus.min(cell.short());
    moves.push((WRITE_OFF, Bucket::Short, found));
    surplus -= found;
    moves.push((WRITE_OFF, Bucket::Available(PoolId::REGULAR), surplus));
    let mut lost = u64::try_from(cell.on_hand() - target).unwrap_or(0);
    let free = cell.balance.iter().filter(|(b, _)| matches!(b, Bucket::Available(_)));
    for (bucket, units) in free {
        let taken = lost.min(*units as u64);
        moves.push((*bucket, WRITE_OFF, taken));
        lost -= taken;
    }
    // Of what is left, on hand says how many units that are not damaged are claimed and not short yet.
    let damaged = cell.units(Bucket::Damaged);
    let sound = u64::try_from(cell.on_hand() - i128::from(cell.free()) - i128::from(damaged)).unwrap_or(0);
    let gone = lost.saturating_sub(sound).min(damaged);
    moves.push((Bucket::Damaged, WRITE_OFF, gone));
    moves.push((Bucket::Short, WRITE_OFF, lost - gone));
    moves.retain(|(_, _, units)| *units > 0);
    moves
}

impl Model {
    /// Only what is known can be forgotten.
    pub(super) fn judge_clear(&self, c: &ClearSkus) -> Allowed {
        let codes: BTreeSet<&Code> = c.skus.iter().collect();
        match c.skus.iter().all(|sku| self.sku(sku).is_some()) {
            _ if codes.len() != c.skus.len() => Allowed::refuse("invalid"),
            true => Allowed::must(),
            false => Allowed::refuse("unknown_sku"),
        }
    }
}

pub(super) fn judge_skus(c: &DefineSkus) -> Allowed {
    let codes: BTreeSet<&Code> = c.skus.iter().map(|s| &s.sku).collect();
    if codes.len() == c.skus.len() { Allowed::must() } else { Allowed::refuse("invalid") }
}

pub(super) fn judge_safety(c: &SetSafety, names: &mut Names<'_>) -> Allowed {
    names.sku(&c.sku);
    names.warehouse(&c.warehouse);
    Allowed::must()
}

/// Files in runs are sound but for one section, which must refuse them whole.
fn judge_text(text: &str) -> Allowed {
    if text.contains("[nonsense]") { Allowed::refuse("bad_file") } else { Allowed::must() }
}

/// Looks codes up and notes what is wrong with them.
pub(super) struct Names<'a> {
    model: &'a Model,
    pub(super) wrong: BTreeSet<&'static str>,
}

impl Names<'_> {
    pub(super) fn sku(&mut self, code: &Code) -> Option<SkuId> {
        let found = self.model.sku(code);
        self.note(found, "unknown_sku")
    }

    pub(super) fn warehouse(&mut self, code: &Code) -> Option<WarehouseId> {
        let found = self.model.world.as_ref().and_then(|w| w.warehouse_id(code));
        self.note(found, "unknown_warehouse")
    }

    pub(super) fn pool(&mut self, code: Option<&Code>) -> Option<PoolId> {
        let world = self.model.world.as_ref();
        let found = code.map_or(Some(PoolId::REGULAR), |code| world.and_then(|w| w.pool_id(code)));
        self.note(found, "unknown_pool")
    }

    pub(super) fn lines(&mut self, lines: &[Line]) -> BTreeMap<SkuId, u64> {
        self.lines_of(lines, 1)
    }

    pub(super) fn lines_of(&mut self, lines: &[Line], least: u64) -> BTreeMap<SkuId, u64> {
        if lines.is_empty() || lines.iter().any(|l| l.units.0 < least) {
            self.wrong.insert("invalid");
        }
        for line in lines {
            self.sku(&line.sku);
        }
        self.model.merged(lines)
    }

    /// Where each SKU may be named once only.
    pub(super) fn once(&mut self, lines: &[Line]) {
        let codes: BTreeSet<&Code> = lines.iter().map(|l| &l.sku).collect();
        if codes.len() < lines.len() {
            self.wrong.insert("invalid");
        }
    }

    fn note<T>(&mut self, found: Option<T>, code: &'static str) -> Option<T> {
        if found.is_none() {
            self.wrong.insert(code);
        }
        found
    }
}
