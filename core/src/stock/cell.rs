//! One SKU at one warehouse: its buckets, and what moves between them.

use bincode::Encode;
use smallvec::SmallVec;

use crate::heap::{COMPARED, Heap, spilled};
use crate::ids::{PoolId, Seq, WarehouseId};
use crate::stock::history::History;
use crate::stock::{Bucket, Inbound, Outside, Overdrawn};
use crate::units::Units;

/// Free and held units of one pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode)]
pub struct PoolStock {
    /// The pool.
    pub pool: PoolId,
    /// Free.
    pub available: Units,
    /// Held by unpaid orders.
    pub held: Units,
}

/// Units that crossed the border between a cell and the world outside, ever. What came in less what went out is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode)]
pub struct Crossed {
    /// Into the cell. Wider than any sum of units that is there, because it never falls.
    pub came_in: u128,
    /// Out of the cell.
    pub went_out: u128,
}

/// The double-entry account of one SKU at one warehouse.
///
/// What every order reads and writes stands together in one cache line; the rest is behind a pointer, once there is any:
/// a cell that only received units, all with one event, and whose orders are only held or let go has none.
///
/// Invariant: without a rest, all units that ever came in stand in the pools, and nothing went out.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Cell {
    pools: SmallVec<[PoolStock; 1]>,
    version: Seq,
    rest: Option<Box<Rest>>,
    /// The event that brought what there is, while there is no rest; 0 while nothing came.
    received: Seq,
    /// Bytes of memory behind the cell, as long as they fit.
    behind: u32,
    warehouse: WarehouseId,
    /// Whether units are short, kept safe or owed to promises, so that the free ones are not all available.
    withheld: bool,
    /// Whether physical changes wait for their sequence.
    moved: bool,
}

/// What only payment, picking, shipping, counts and returns touch.
#[derive(Clone, Debug, Default)]
pub(super) struct Rest {
    allocated: Units,
    picked: Units,
    shipped: Units,
    awaiting: Units,
    inspection: Units,
    damaged: Units,
    in_transit: Units,
    /// What is expected, once anything was.
    inbound: Option<Box<Inbound>>,
    short: Units,
    safety: Units,
    crossed: Crossed,
    history: History,
}

const _: () = assert!(size_of::<Cell>() == 64, "a cell's hot part is one cache line");

static NOTHING: Rest = Rest {
    allocated: Units::ZERO,
    picked: Units::ZERO,
    shipped: Units::ZERO,
    awaiting: Units::ZERO,
    inspection: Units::ZERO,
    damaged: Units::ZERO,
    in_transit: Units::ZERO,
    inbound: None,
    short: Units::ZERO,
    safety: Units::ZERO,
    crossed: Crossed { came_in: 0, went_out: 0 },
    history: History::NONE,
};

impl Cell {
    /// An empty cell.
    pub fn new(warehouse: WarehouseId) -> Cell {
        Cell {
            pools: SmallVec::new(),
            version: Seq(0),
            rest: None,
            received: Seq(0),
            behind: 0,
            warehouse,
            withheld: false,
            moved: false,
        }
    }

    /// The warehouse.
    pub fn warehouse(&self) -> WarehouseId {
        self.warehouse
    }

    /// The pools that ever held units, by id.
    pub fn pools(&self) -> &[PoolStock] {
        &self.pools
    }

    /// Free units of a pool.
    pub fn available(&self, pool: PoolId) -> Units {
        self.pools.iter().find(|p| p.pool == pool).map_or(Units::ZERO, |p| p.available)
    }

    /// Units in a bucket; for [`Bucket::Outside`], units that crossed the border in either direction are not told apart
    /// by place, so it answers none.
    pub fn units(&self, bucket: Bucket) -> Units {
        match bucket {
            Bucket::Available(pool) => self.available(pool),
            Bucket::Held(pool) => self.pools.iter().find(|p| p.pool == pool).map_or(Units::ZERO, |p| p.held),
            Bucket::Allocated => self.rest().allocated,
            Bucket::Picked => self.rest().picked,
            Bucket::Shipped => self.rest().shipped,
            Bucket::Awaiting => self.rest().awaiting,
            Bucket::Inspection => self.rest().inspection,
            Bucket::Damaged => self.rest().damaged,
            Bucket::InTransit => self.rest().in_transit,
            Bucket::Inbound(receipt) => self.inbound().map_or(Units::ZERO, |inbound| inbound.free(receipt)),
            Bucket::Promised(ticket) => self.inbound().map_or(Units::ZERO, |inbound| inbound.promised(ticket)),
            Bucket::Arrived(receipt) => {
                let receipt = self.inbound().and_then(|inbound| inbound.receipt(receipt));
                receipt.map_or(Units::ZERO, |receipt| receipt.arrived)
            }
            Bucket::Missing(receipt) => {
                let receipt = self.inbound().and_then(|inbound| inbound.receipt(receipt));
                receipt.map_or(Units::ZERO, |receipt| receipt.missing)
            }
            Bucket::Short => self.rest().short,
            Bucket::Outside(_) => Units::ZERO,
        }
    }

    /// Expected receipts and promises, if there ever were any.
    pub fn inbound(&self) -> Option<&Inbound> {
        self.rest().inbound.as_deref()
    }

    /// Expected receipts and promises, to be changed.
    pub fn inbound_mut(&mut self) -> &mut Inbound {
        self.unfold().inbound.get_or_insert_default()
    }

    /// Units of the regular pool that orders may not take.
    pub fn safety(&self) -> Units {
        self.rest().safety
    }

    /// The last event that touched the cell.
    pub fn version(&self) -> Seq {
        self.version
    }

    /// What the books say is physically here: free, held, allocated, picked, in inspection and damaged units, less the
    /// short ones. Below zero when units left that stood as missing: a count makes up for that as well.
    pub fn balance(&self) -> i128 {
        let claimed: Units = self.pools.iter().map(|p| p.available.saturating_add(p.held)).sum();
        let Rest { allocated, picked, inspection, damaged, short, .. } = self.rest();
        let rest: Units = [*allocated, *picked, *inspection, *damaged].into_iter().sum();
        let arrived = self.inbound().map_or(Units::ZERO, Inbound::arrived);
        i128::from(claimed.saturating_add(rest).saturating_add(arrived).0) - i128::from(short.0)
    }

    /// The change of units on hand since a watermark, events in `except`, which is sorted, counted as later; `Err` holds the
    /// oldest watermark that is still remembered.
    pub fn changed_since(&self, as_of: Seq, except: &[Seq]) -> Result<i64, Seq> {
        let oldest_needed = except.first().map_or(as_of, |first| Seq(first.0.saturating_sub(1))).min(as_of);
        let forgotten = self.rest().history.forgotten;
        if oldest_needed < forgotten {
            return Err(forgotten);
        }
        let unseen = |seq: Seq| seq > as_of || except.binary_search(&seq).is_ok();
        Ok(self.changes().filter(|(seq, _)| unseen(*seq)).map(|(_, change)| change).sum())
    }

    /// Moves units between two buckets.
    #[inline]
    pub fn post(&mut self, from: Bucket, to: Bucket, units: Units) -> Result<(), Overdrawn> {
        match (from, to) {
            (Bucket::Available(pool), Bucket::Held(into)) if pool == into => self.hold(pool, units),
            _ => self.post_any(from, to, units),
        }
    }

    /// What [`Cell::post`] does for every order: a hold moves nothing on the floor.
    #[inline]
    fn hold(&mut self, pool: PoolId, units: Units) -> Result<(), Overdrawn> {
        let (from, to) = (Bucket::Available(pool), Bucket::Held(pool));
        let stock = self.pool_mut(pool);
        let there = |there| Overdrawn { from, to, units, there };
        let available = stock.available.checked_sub(units).ok_or(there(stock.available))?;
        stock.held = stock.held.checked_add(units).ok_or(there(stock.held))?;
        stock.available = available;
        Ok(())
    }

    fn post_any(&mut self, from: Bucket, to: Bucket, units: Units) -> Result<(), Overdrawn> {
        if let (Bucket::Outside(_), Bucket::Available(pool)) = (from, to)
            && self.is_untouched()
            && !units.is_zero()
        {
            self.pool_mut(pool).available = units;
            self.moved = true;
            return Ok(());
        }
        self.correct(from, to, units)?;
        // `Short` is a contra-account: what leaves it makes it grow, so it stands on the same side as units on hand.
        let on_hand = |bucket: Bucket| i64::from(bucket.is_on_hand() || bucket == Bucket::Short);
        let physical = on_hand(to) - on_hand(from);
        if physical != 0 {
            self.moved = true;
            self.unfold().history.pending += physical * i64::try_from(units.0).unwrap_or(i64::MAX);
        }
        Ok(())
    }

    /// Whether nothing ever happened in it that an empty pool does not say.
    fn is_untouched(&self) -> bool {
        self.rest.is_none() && self.received == Seq(0) && !self.moved
    }

    /// Moves units between two buckets without anything having moved on the floor: the books were wrong. Not laid over
    /// counts taken earlier, which have seen the same.
    pub fn correct(&mut self, from: Bucket, to: Bucket, units: Units) -> Result<(), Overdrawn> {
        let overdrawn = |there| Overdrawn { from, to, units, there };
        let is_pool = |bucket| matches!(bucket, Bucket::Available(_) | Bucket::Held(_));
        if !is_pool(from) || !is_pool(to) {
            // Before anything leaves the pools, which say what came in.
            self.unfold();
        }
        self.take(from, units).map_err(overdrawn)?;
        self.put(to, units).map_err(overdrawn)?;
        let is_ahead = |bucket| {
            matches!(bucket, Bucket::Inbound(_) | Bucket::Promised(_) | Bucket::Arrived(_) | Bucket::Missing(_))
        };
        if is_ahead(from) || is_ahead(to) {
            if let Some(inbound) = self.unfold().inbound.as_deref_mut().filter(|_| is_ahead(from)) {
                inbound.tidy();
            }
            self.note_withheld();
            self.note_behind();
        }
        Ok(())
    }

    /// Sets the units of the regular pool that orders may not take.
    pub fn set_safety(&mut self, units: Units) {
        if self.safety() != units {
            self.unfold().safety = units;
            self.note_withheld();
        }
    }

    /// Whether units are short, kept safe or owed to promises, so that the free ones are not all available.
    #[inline]
    pub fn withholds(&self) -> bool {
        self.withheld
    }

    /// Notes that the event with this sequence touched the cell.
    pub fn stamp(&mut self, seq: Seq) {
        self.version = seq;
        if !std::mem::take(&mut self.moved) {
            return;
        }
        match self.rest.as_mut() {
            Some(rest) => {
                rest.history.note(seq);
                self.note_behind();
            }
            None => self.received = seq,
        }
    }

    /// Bytes of memory behind it, as of the last movement.
    #[inline]
    pub(super) fn behind(&self) -> u32 {
        self.behind
    }

    /// Units in all buckets together: what came in less what went out, and what is claimed without being there.
    pub fn total(&self) -> u128 {
        let Crossed { came_in, went_out } = self.crossed();
        let missing = self.inbound().map_or(Units::ZERO, Inbound::missing);
        (came_in + u128::from(self.rest().short.0) + u128::from(missing.0)).saturating_sub(went_out)
    }

    /// What is wrong with the cell, if anything: units in must be units out and units here, and short ones are claimed.
    pub fn check(&self) -> Result<(), String> {
        let pools: Units = self.pools.iter().map(|p| p.available.saturating_add(p.held)).sum();
        let Rest { allocated, picked, shipped, awaiting, inspection, damaged, in_transit, .. } = self.rest();
        let stages: Units = [*allocated, *picked, *shipped, *awaiting].into_iter().sum();
        let rest: Units = [*inspection, *damaged, *in_transit].into_iter().sum();
        if let Some(inbound) = self.inbound() {
            inbound.check()?;
        }
        let inbound = self.inbound().map_or(Units::ZERO, Inbound::units);
        let here = pools.saturating_add(stages).saturating_add(rest).saturating_add(inbound);
        if self.total() != u128::from(here.0) {
            let (Crossed { came_in, went_out }, short) = (self.crossed(), self.rest().short);
            return Err(format!("units in {came_in} + short {short} are not units out {went_out} + units here {here}"));
        }
        if !self.pools.is_sorted_by(|a, b| a.pool < b.pool) {
            return Err("pools are not sorted".to_owned());
        }
        if self.rest().history.pending != 0 || self.moved {
            return Err(format!("a physical change of {} has no sequence", self.rest().history.pending));
        }
        if COMPARED && self.behind != saturated(self.measured()) {
            return Err(format!("{} bytes are behind it, it says {}", self.measured(), self.behind));
        }
        Ok(())
    }

    fn take(&mut self, bucket: Bucket, units: Units) -> Result<(), Units> {
        let slot = match bucket {
            Bucket::Outside(_) => {
                self.unfold().crossed.came_in += u128::from(units.0);
                return Ok(());
            }
            Bucket::Short => {
                let short = &mut self.unfold().short;
                *short = short.checked_add(units).ok_or(*short)?;
                self.note_withheld();
                return Ok(());
            }
            Bucket::Missing(receipt) => return self.inbound_mut().set_missing(receipt, |n| n.checked_add(units)),
            Bucket::Inbound(receipt) => return self.inbound_mut().set_free(receipt, |n| n.checked_sub(units)),
            Bucket::Promised(ticket) => return self.inbound_mut().set_promised(ticket, |n| n.checked_sub(units)),
            Bucket::Arrived(receipt) => return self.inbound_mut().set_arrived(receipt, |n| n.checked_sub(units)),
            other => self.slot(other),
        };
        *slot = slot.checked_sub(units).ok_or(*slot)?;
        Ok(())
    }

    fn put(&mut self, bucket: Bucket, units: Units) -> Result<(), Units> {
        let slot = match bucket {
            Bucket::Outside(_) => {
                self.unfold().crossed.went_out += u128::from(units.0);
                return Ok(());
            }
            Bucket::Short => {
                let short = &mut self.unfold().short;
                *short = short.checked_sub(units).ok_or(*short)?;
                self.note_withheld();
                return Ok(());
            }
            Bucket::Missing(receipt) => return self.inbound_mut().set_missing(receipt, |n| n.checked_sub(units)),
            Bucket::Inbound(receipt) => return self.inbound_mut().set_free(receipt, |n| n.checked_add(units)),
            Bucket::Promised(ticket) => return self.inbound_mut().set_promised(ticket, |n| n.checked_add(units)),
            Bucket::Arrived(receipt) => return self.inbound_mut().set_arrived(receipt, |n| n.checked_add(units)),
            other => self.slot(other),
        };
        *slot = slot.checked_add(units).ok_or(*slot)?;
        Ok(())
    }

    fn note_withheld(&mut self) {
        let is_owed = self.inbound().is_some_and(Inbound::is_owed);
        let Rest { short, safety, .. } = self.rest();
        self.withheld = !short.is_zero() || !safety.is_zero() || is_owed;
    }

    fn rest(&self) -> &Rest {
        self.rest.as_deref().unwrap_or(&NOTHING)
    }

    /// Units that crossed the border.
    fn crossed(&self) -> Crossed {
        match &self.rest {
            Some(rest) => rest.crossed,
            None => Crossed { came_in: self.pooled().into(), went_out: 0 },
        }
    }

    /// The physical changes that are remembered, oldest first.
    fn changes(&self) -> impl Iterator<Item = (Seq, i64)> {
        let first = (self.rest.is_none() && self.received != Seq(0)).then(|| (self.received, signed(self.pooled())));
        self.rest().history.changes.iter().copied().chain(first)
    }

    /// Units in the pools.
    fn pooled(&self) -> u64 {
        self.pools.iter().map(|stock| stock.available.saturating_add(stock.held)).sum::<Units>().0
    }

    /// The rest, made out of what the pools say when there is none yet.
    pub(super) fn unfold(&mut self) -> &mut Rest {
        if self.rest.is_none() {
            let mut rest = Rest { crossed: self.crossed(), ..Rest::default() };
            match self.moved {
                true => rest.history.pending = signed(self.pooled()),
                false => rest.history.changes.extend(self.changes()),
            }
            self.rest = Some(Box::new(rest));
            self.note_behind();
        }
        self.rest.get_or_insert_default()
    }

    fn measured(&self) -> usize {
        let rest = |rest: &Rest| size_of::<Rest>() + rest.inbound.heap() + rest.history.heap();
        let rest = self.rest.as_deref().map_or(0, rest);
        spilled(&self.pools) + rest
    }

    fn note_behind(&mut self) {
        self.behind = saturated(self.measured());
    }

    #[inline]
    fn slot(&mut self, bucket: Bucket) -> &mut Units {
        match bucket {
            Bucket::Available(pool) => &mut self.pool_mut(pool).available,
            Bucket::Held(pool) => &mut self.pool_mut(pool).held,
            Bucket::Allocated => &mut self.unfold().allocated,
            Bucket::Picked => &mut self.unfold().picked,
            Bucket::Shipped => &mut self.unfold().shipped,
            Bucket::Awaiting => &mut self.unfold().awaiting,
            Bucket::Inspection => &mut self.unfold().inspection,
            Bucket::Damaged => &mut self.unfold().damaged,
            Bucket::InTransit => &mut self.unfold().in_transit,
            Bucket::Inbound(_)
            | Bucket::Promised(_)
            | Bucket::Arrived(_)
            | Bucket::Missing(_)
            | Bucket::Short
            | Bucket::Outside(Outside::Supplier | Outside::Customer)
            | Bucket::Outside(Outside::WriteOff | Outside::Transfer) => unreachable!("handled by take and put"),
        }
    }

    #[inline]
    fn pool_mut(&mut self, pool: PoolId) -> &mut PoolStock {
        let at = match self.pools.iter().position(|p| p.pool >= pool) {
            Some(at) if self.pools[at].pool == pool => at,
            found => {
                let at = found.unwrap_or(self.pools.len());
                self.pools.insert(at, PoolStock { pool, ..PoolStock::default() });
                self.note_behind();
                at
            }
        };
        &mut self.pools[at]
    }
}

impl Encode for Cell {
    /// The whole state of the cell, for the digest.
    fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.warehouse.encode(encoder)?;
        // A pool without units is the same as a pool never seen.
        for pool in self.pools.iter().filter(|p| !p.available.is_zero() || !p.held.is_zero()) {
            pool.encode(encoder)?;
        }
        let rest = self.rest();
        (rest.allocated, rest.picked, rest.shipped, rest.awaiting, rest.inspection, rest.damaged).encode(encoder)?;
        (rest.in_transit, &rest.inbound, rest.short, rest.safety, self.crossed(), self.version).encode(encoder)?;
        rest.history.forgotten.encode(encoder)?;
        for change in self.changes() {
            change.encode(encoder)?;
        }
        Ok(())
    }
}

/// Units of a cell fit: see [`crate::limits::CELL_UNITS_MAX`].
fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

fn saturated(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
