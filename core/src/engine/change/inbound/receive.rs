//! Goods come from a supplier.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::catalog::Config;
use crate::command::Receive;
use crate::engine::bounds::movement;
use crate::engine::change::Execute;
use crate::engine::change::inbound::changes::Changes;
use crate::engine::change::inbound::expect::unexpected;
use crate::engine::change::inbound::{numbered, settled};
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{SUPPLIER, push, skus};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::Decided;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::Asked;
use crate::event::{Event, InboundChanged, InboundReason, MoveReason};
use crate::ids::{PoolId, SkuId, WarehouseId};
use crate::limits::HANDED_MAX;
use crate::reject::Reject;
use crate::stock::{Bucket, ExpectedReceipt, Inbound};
use crate::units::Units;

impl Execute for Receive {
    /// Units arrive from a supplier. Those of an expected receipt are for whom they were promised, in order of promise;
    /// then for whom units of their pool were promised that no receipt is expected to bring; then for sale. Here they are
    /// only taken in; the handover follows, in commits of its own.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        pool(&config, self.pool.as_ref())?;
        let lines = engine.resolve_skus(&self.lines)?;
        let skus = skus(&lines);
        engine.settle(&skus, warehouse, asked.now)?;
        engine.change_stock(self, &skus, asked, |locked, config| {
            settled(locked, &skus, warehouse)?;
            Goods { receive: self, warehouse, lines: &lines }.event(locked, config)
        })
    }
}

/// Goods at the door.
struct Goods<'a> {
    receive: &'a Receive,
    warehouse: WarehouseId,
    lines: &'a [(SkuId, Units)],
}

/// What was received of one SKU.
struct Arrival<'a> {
    sku: SkuId,
    units: Units,
    inbound: &'a Inbound,
    /// The receipt they fulfil, if they are expected.
    receipt: Option<&'a ExpectedReceipt>,
    /// The pool that those join that are promised to nobody.
    pool: PoolId,
}

impl Goods<'_> {
    /// The event, decided under the locks of the stock.
    fn event(&self, locked: &EngineLocked<'_>, config: &Config) -> Result<Event, Reject> {
        let none = Inbound::default();
        let arrivals = self.arrivals(locked, config, &none)?;
        let Some(fulfils) = &self.receive.expected else {
            let mut moves = Vec::with_capacity(arrivals.len());
            for Arrival { sku, units, pool, .. } in arrivals {
                push(&mut moves, (sku, self.warehouse), SUPPLIER, Bucket::Available(pool), units);
            }
            return Ok(moved(MoveReason::Receipt, None, moves));
        };
        if arrivals.iter().all(|arrival| arrival.receipt.is_none()) {
            return Err(unexpected(&fulfils.reference));
        }
        let mut changed = InboundChanged {
            reason: InboundReason::Received,
            warehouse: self.warehouse,
            reference: Some(fulfils.reference.clone()),
            units: arrivals.iter().map(|arrival| arrival.units).sum(),
            opened: None,
            dated: None,
            moves: Vec::new(),
            made: Vec::new(),
            arrived: Vec::new(),
        };
        let mut room = HANDED_MAX;
        for arrival in arrivals {
            numbered(arrival.inbound)?;
            let mut changes = Changes::new(arrival.sku, self.warehouse, arrival.inbound);
            changes.room = room;
            changes.take_in(&arrival, fulfils.more);
            room = room.saturating_sub(changes.made.len());
            changed.moves.append(&mut changes.moves);
            changed.made.append(&mut changes.made);
        }
        Ok(Event::InboundChanged(Box::new(changed)))
    }

    /// What came, SKU by SKU.
    fn arrivals<'l>(
        &self,
        locked: &'l EngineLocked<'_>,
        config: &Config,
        none: &'l Inbound,
    ) -> Result<Vec<Arrival<'l>>, Reject> {
        let mut arrivals: Vec<Arrival<'l>> = Vec::with_capacity(self.lines.len());
        let mut known: HashMap<SkuId, usize, FixedState> = HashMap::default();
        for &(sku, units) in self.lines {
            let at = *known.entry(sku).or_insert(arrivals.len());
            if let Some(arrival) = arrivals.get_mut(at) {
                arrival.units = arrival.units.saturating_add(units);
                movement("lines", arrival.units)?;
                continue;
            }
            let inbound = locked.inbound(sku, self.warehouse).unwrap_or(none);
            let reference = self.receive.expected.as_ref().map(|fulfils| &fulfils.reference);
            let receipt = reference.and_then(|reference| inbound.referred(reference));
            let pool = match (&self.receive.pool, receipt) {
                (None, Some(receipt)) => receipt.pool,
                (named, _) => pool(config, named.as_ref())?,
            };
            arrivals.push(Arrival { sku, units, inbound, receipt, pool });
        }
        Ok(arrivals)
    }
}

impl Changes<'_> {
    /// Units of one SKU come in: those that its receipt's promises wait for stand ready for them; those that overdue
    /// promises wait for join their pool, where nobody else can draw them; all else goes on sale.
    fn take_in(&mut self, arrival: &Arrival<'_>, more: bool) {
        let Arrival { units, inbound, receipt, pool, .. } = *arrival;
        let Some(receipt) = receipt else { return self.push(SUPPLIER, Bucket::Available(pool), units) };
        let kept = units.min(receipt.promised);
        let rest = units.saturating_sub(kept);
        let for_overdue = rest.min(inbound.overdue(receipt.pool));
        let for_sale = rest.saturating_sub(for_overdue);
        // What was promised was announced as promised; all else uses up the free units of the receipt, as far as they go.
        let announced = receipt.free.min(for_overdue);
        let sold = receipt.free.saturating_sub(announced).min(for_sale);
        let left = receipt.free.saturating_sub(announced).saturating_sub(sold);
        self.push(SUPPLIER, Bucket::Arrived(receipt.no), kept);
        self.push(SUPPLIER, Bucket::Available(receipt.pool), for_overdue);
        self.push(Bucket::Inbound(receipt.no), SUPPLIER, announced);
        self.push(Bucket::Inbound(receipt.no), Bucket::Available(pool), sold);
        self.push(SUPPLIER, Bucket::Available(pool), for_sale.saturating_sub(sold));
        if more {
            return;
        }
        self.push(Bucket::Inbound(receipt.no), SUPPLIER, left);
        let failed = receipt.promised.saturating_sub(kept);
        if !failed.is_zero() {
            let homes = self.homes(receipt.pool, receipt.no);
            self.fail(receipt, failed, homes);
        }
    }
}
