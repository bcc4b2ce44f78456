//! One SKU at one warehouse: its buckets, and what moves between them.

use std::collections::VecDeque;

use bincode::Encode;
use smallvec::SmallVec;

use crate::ids::{PoolId, Seq, WarehouseId};
use crate::limits::CELL_HISTORY;
use crate::stock::{Bucket, Inbound, Outside};
use crate::units::Units;

/// A movement the ledger cannot make: the bucket does not hold the units, or they do not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{units} units cannot move from {from} to {to}: {there} are there")]
pub struct Overdrawn {
    /// Out of this bucket.
    pub from: Bucket,
    /// Into this bucket.
    pub to: Bucket,
    /// Units asked.
    pub units: Units,
    /// Units there.
    pub there: Units,
}

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
/// What every order reads and writes stands together in one cache line; the rest is behind a pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
#[repr(align(64))]
pub struct Cell {
    pools: SmallVec<[PoolStock; 1]>,
    version: Seq,
    rest: Box<Rest>,
    warehouse: WarehouseId,
    /// Whether units are short, kept safe or owed to promises, so that the free ones are not all available.
    withheld: bool,
    /// Whether physical changes wait for their sequence.
    moved: bool,
}

/// What only payment, picking, shipping, counts and returns touch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Rest {
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

/// The latest physical changes of a cell, so that a count taken in the past can be laid under them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct History {
    changes: VecDeque<(Seq, i64)>,
    forgotten: Seq,
    pending: i64,
}

impl History {
    /// Gives what is pending to the event with this sequence, which may have moved units before.
    fn note(&mut self, seq: Seq) {
        let mut change = std::mem::take(&mut self.pending);
        if let Some((_, earlier)) = self.changes.pop_back_if(|(last, _)| *last == seq) {
            change += earlier;
        }
        if change == 0 {
            return;
        }
        self.changes.push_back((seq, change));
        if self.changes.len() > CELL_HISTORY
            && let Some((oldest, _)) = self.changes.pop_front()
        {
            self.forgotten = oldest;
        }
    }
}

impl Cell {
    /// An empty cell.
    pub fn new(warehouse: WarehouseId) -> Cell {
        Cell { pools: SmallVec::new(), version: Seq(0), rest: Box::default(), warehouse, withheld: false, moved: false }
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
            Bucket::Allocated => self.rest.allocated,
            Bucket::Picked => self.rest.picked,
            Bucket::Shipped => self.rest.shipped,
            Bucket::Awaiting => self.rest.awaiting,
            Bucket::Inspection => self.rest.inspection,
            Bucket::Damaged => self.rest.damaged,
            Bucket::InTransit => self.rest.in_transit,
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
            Bucket::Short => self.rest.short,
            Bucket::Outside(_) => Units::ZERO,
        }
    }

    /// Expected receipts and promises, if there ever were any.
    pub fn inbound(&self) -> Option<&Inbound> {
        self.rest.inbound.as_deref()
    }

    /// Expected receipts and promises, to be changed.
    pub fn inbound_mut(&mut self) -> &mut Inbound {
        self.rest.inbound.get_or_insert_default()
    }

    /// Units of the regular pool that orders may not take.
    pub fn safety(&self) -> Units {
        self.rest.safety
    }

    /// The last event that touched the cell.
    pub fn version(&self) -> Seq {
        self.version
    }

    /// What the books say is physically here: free, held, allocated, picked, in inspection and damaged units, less the
    /// short ones. Below zero when units left that stood as missing: a count makes up for that as well.
    pub fn balance(&self) -> i128 {
        let claimed: Units = self.pools.iter().map(|p| p.available.saturating_add(p.held)).sum();
        let rest: Units =
            [self.rest.allocated, self.rest.picked, self.rest.inspection, self.rest.damaged].into_iter().sum();
        let arrived = self.inbound().map_or(Units::ZERO, Inbound::arrived);
        i128::from(claimed.saturating_add(rest).saturating_add(arrived).0) - i128::from(self.rest.short.0)
    }

    /// The change of units on hand since a watermark, events in `except`, which is sorted, counted as later; `Err` holds the
    /// oldest watermark that is still remembered.
    pub fn changed_since(&self, as_of: Seq, except: &[Seq]) -> Result<i64, Seq> {
        let oldest_needed = except.first().map_or(as_of, |first| Seq(first.0.saturating_sub(1))).min(as_of);
        if oldest_needed < self.rest.history.forgotten {
            return Err(self.rest.history.forgotten);
        }
        let unseen = |seq: Seq| seq > as_of || except.binary_search(&seq).is_ok();
        Ok(self.rest.history.changes.iter().filter(|(seq, _)| unseen(*seq)).map(|(_, change)| change).sum())
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
        self.correct(from, to, units)?;
        // `Short` is a contra-account: what leaves it makes it grow, so it stands on the same side as units on hand.
        let on_hand = |bucket: Bucket| i64::from(bucket.is_on_hand() || bucket == Bucket::Short);
        let physical = on_hand(to) - on_hand(from);
        if physical != 0 {
            self.moved = true;
            self.rest.history.pending += physical * i64::try_from(units.0).unwrap_or(i64::MAX);
        }
        Ok(())
    }

    /// Moves units between two buckets without anything having moved on the floor: the books were wrong. Not laid over
    /// counts taken earlier, which have seen the same.
    pub fn correct(&mut self, from: Bucket, to: Bucket, units: Units) -> Result<(), Overdrawn> {
        let overdrawn = |there| Overdrawn { from, to, units, there };
        self.take(from, units).map_err(overdrawn)?;
        self.put(to, units).map_err(overdrawn)?;
        let is_ahead = |bucket| {
            matches!(bucket, Bucket::Inbound(_) | Bucket::Promised(_) | Bucket::Arrived(_) | Bucket::Missing(_))
        };
        if is_ahead(from) || is_ahead(to) {
            if let Some(inbound) = self.rest.inbound.as_deref_mut().filter(|_| is_ahead(from)) {
                inbound.tidy();
            }
            self.note_withheld();
        }
        Ok(())
    }

    /// Sets the units of the regular pool that orders may not take.
    pub fn set_safety(&mut self, units: Units) {
        self.rest.safety = units;
        self.note_withheld();
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
        self.rest.history.note(seq);
    }

    /// Units in all buckets together: what came in less what went out, and what is claimed without being there.
    pub fn total(&self) -> u128 {
        let Crossed { came_in, went_out } = self.rest.crossed;
        let missing = self.inbound().map_or(Units::ZERO, Inbound::missing);
        (came_in + u128::from(self.rest.short.0) + u128::from(missing.0)).saturating_sub(went_out)
    }

    /// What is wrong with the cell, if anything: units in must be units out and units here, and short ones are claimed.
    pub fn check(&self) -> Result<(), String> {
        let pools: Units = self.pools.iter().map(|p| p.available.saturating_add(p.held)).sum();
        let stages: Units =
            [self.rest.allocated, self.rest.picked, self.rest.shipped, self.rest.awaiting].into_iter().sum();
        let rest: Units = [self.rest.inspection, self.rest.damaged, self.rest.in_transit].into_iter().sum();
        if let Some(inbound) = self.inbound() {
            inbound.check()?;
        }
        let inbound = self.inbound().map_or(Units::ZERO, Inbound::units);
        let here = pools.saturating_add(stages).saturating_add(rest).saturating_add(inbound);
        if self.total() != u128::from(here.0) {
            return Err(format!(
                "units in {} + short {} are not units out {} + units here {here}",
                self.rest.crossed.came_in, self.rest.short, self.rest.crossed.went_out
            ));
        }
        if !self.pools.is_sorted_by(|a, b| a.pool < b.pool) {
            return Err("pools are not sorted".to_owned());
        }
        if self.rest.history.pending != 0 {
            return Err(format!("a physical change of {} has no sequence", self.rest.history.pending));
        }
        Ok(())
    }

    fn take(&mut self, bucket: Bucket, units: Units) -> Result<(), Units> {
        let slot = match bucket {
            Bucket::Outside(_) => {
                self.rest.crossed.came_in += u128::from(units.0);
                return Ok(());
            }
            Bucket::Short => {
                self.rest.short = self.rest.short.checked_add(units).ok_or(self.rest.short)?;
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
                self.rest.crossed.went_out += u128::from(units.0);
                return Ok(());
            }
            Bucket::Short => {
                self.rest.short = self.rest.short.checked_sub(units).ok_or(self.rest.short)?;
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
        self.withheld = !self.rest.short.is_zero() || !self.rest.safety.is_zero() || is_owed;
    }

    #[inline]
    fn slot(&mut self, bucket: Bucket) -> &mut Units {
        match bucket {
            Bucket::Available(pool) => &mut self.pool_mut(pool).available,
            Bucket::Held(pool) => &mut self.pool_mut(pool).held,
            Bucket::Allocated => &mut self.rest.allocated,
            Bucket::Picked => &mut self.rest.picked,
            Bucket::Shipped => &mut self.rest.shipped,
            Bucket::Awaiting => &mut self.rest.awaiting,
            Bucket::Inspection => &mut self.rest.inspection,
            Bucket::Damaged => &mut self.rest.damaged,
            Bucket::InTransit => &mut self.rest.in_transit,
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
        let stages = (
            self.rest.allocated,
            self.rest.picked,
            self.rest.shipped,
            self.rest.awaiting,
            self.rest.inspection,
            self.rest.damaged,
        );
        stages.encode(encoder)?;
        (self.rest.in_transit, &self.rest.inbound, self.rest.short, self.rest.safety, self.rest.crossed, self.version)
            .encode(encoder)?;
        self.rest.history.forgotten.encode(encoder)?;
        for change in &self.rest.history.changes {
            change.encode(encoder)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);
    const LOST: Bucket = Bucket::Outside(Outside::WriteOff);
    const FREE: Bucket = Bucket::Available(PoolId::REGULAR);
    const HELD: Bucket = Bucket::Held(PoolId::REGULAR);

    fn cell_with(units: u64) -> Cell {
        let mut cell = Cell::new(WarehouseId(0));
        cell.post(SUPPLIER, FREE, Units(units)).unwrap();
        cell.stamp(Seq(1));
        cell
    }

    #[test]
    fn overdraft_is_refused_and_named() {
        let mut cell = cell_with(2);
        let error = cell.post(FREE, HELD, Units(3)).unwrap_err();
        assert_eq!(error.there, Units(2));
        assert_eq!(cell.available(PoolId::REGULAR), Units(2));
        cell.check().unwrap();
    }

    #[test]
    fn short_grows_when_units_vanish_and_shrinks_when_they_turn_up() {
        let mut cell = cell_with(5);
        cell.post(FREE, HELD, Units(5)).unwrap();
        cell.post(Bucket::Short, LOST, Units(2)).unwrap();
        cell.stamp(Seq(2));
        assert_eq!((cell.balance(), cell.units(Bucket::Short)), (3, Units(2)));
        cell.check().unwrap();
        cell.post(LOST, Bucket::Short, Units(2)).unwrap();
        cell.stamp(Seq(3));
        assert_eq!((cell.balance(), cell.units(Bucket::Short)), (5, Units::ZERO));
        cell.check().unwrap();
        assert_eq!(cell.changed_since(Seq(1), &[]), Ok(0));
        assert_eq!(cell.changed_since(Seq(2), &[]), Ok(2));
        assert_eq!(cell.changed_since(Seq(2), &[Seq(2)]), Ok(0));
    }

    #[test]
    fn holds_are_not_physical_changes() {
        let mut cell = cell_with(5);
        cell.post(FREE, HELD, Units(4)).unwrap();
        cell.post(HELD, Bucket::Allocated, Units(4)).unwrap();
        cell.stamp(Seq(2));
        assert_eq!(cell.changed_since(Seq(1), &[]), Ok(0));
        cell.post(Bucket::Allocated, Bucket::Picked, Units(4)).unwrap();
        cell.post(Bucket::Picked, Bucket::Shipped, Units(4)).unwrap();
        cell.stamp(Seq(3));
        assert_eq!(cell.changed_since(Seq(1), &[]), Ok(-4));
        assert_eq!(cell.balance(), 1);
    }

    #[test]
    fn corrections_are_not_physical_changes() {
        let mut cell = cell_with(5);
        cell.correct(FREE, LOST, Units(2)).unwrap();
        cell.stamp(Seq(2));
        assert_eq!(cell.balance(), 3);
        assert_eq!(
            cell.changed_since(Seq(1), &[]),
            Ok(0),
            "a second count of the same shelf must not deduct them again"
        );
        cell.check().unwrap();
    }

    #[test]
    fn old_watermarks_are_refused_with_the_oldest_remembered() {
        let mut cell = cell_with(1);
        for n in 0..CELL_HISTORY as u64 + 3 {
            cell.post(SUPPLIER, FREE, Units(1)).unwrap();
            cell.stamp(Seq(2 + n));
        }
        let oldest = cell.changed_since(Seq(1), &[]).unwrap_err();
        assert!(cell.changed_since(oldest, &[]).is_ok());
    }
}
