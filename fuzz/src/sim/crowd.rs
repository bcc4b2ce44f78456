//! Crowds: hundreds of orders are promised one receipt, and then it fails them. More promises lose it than one event may
//! move.

use stockade_core::command::{Command, Expect, Expectation, Fulfils, Line, Place, Receive, Request};
use stockade_core::ids::SkuId;
use stockade_core::time::{Day, Span};
use stockade_core::units::Units;

use super::workload::{Crowd, Workload, code};
use super::world::{CHANNELS, ZONES};
use crate::model::Model;

/// Units announced: more than a crowd buys.
const ANNOUNCED: u64 = 900;

impl Workload {
    /// The next command of a crowd, if there is one or one begins.
    pub(super) fn crowd(&mut self, model: &Model) -> Option<Request> {
        let Some(mut crowd) = self.crowd.take() else {
            let begins = self.crowd_every > 0 && self.rng.below(self.crowd_every) == 0;
            return if begins { self.gather(model) } else { None };
        };
        let expected = model.inbound_of(crowd.sku, crowd.warehouse).receipts;
        if !expected.values().any(|receipt| receipt.reference == crowd.reference) {
            // Not announced yet, as a thread sees it, or over.
            crowd.left -= 1;
            self.crowd = (crowd.left > 0).then_some(crowd);
            return None;
        }
        if crowd.left == 0 {
            return self.fail(model, &crowd);
        }
        let others = self.rng.percent(8);
        crowd.left -= u64::from(!others);
        let request = (!others).then(|| self.join(model, &crowd));
        self.crowd = Some(crowd);
        request
    }

    /// Announces a receipt of a SKU that is nowhere on hand.
    fn gather(&mut self, model: &Model) -> Option<Request> {
        let world = model.world.as_ref()?;
        let channel = code(self.rng.pick(&CHANNELS[..2])?);
        let id = world.channel_id(&channel).filter(|id| world.channels[id].presale)?;
        let skus = (0..model.skus.len()).map(|n| SkuId(n as u32));
        let skus: Vec<SkuId> = skus.filter(|sku| model.sellable(*sku, id).is_zero()).collect();
        let sku = self.rng.pick(&skus).copied()?;
        let limited = world.warehouses.iter().filter(|(_, warehouse)| !warehouse.unlimited);
        let limited: Vec<_> = limited.map(|(id, warehouse)| (*id, warehouse.code.clone())).collect();
        let (warehouse, name) = self.rng.pick(&limited).cloned()?;
        let reference = self.fresh("crowd");
        let day = Day((self.now.0 / 86_400_000_000) as u32 + 1);
        let change = Expectation::Announce { day, units: Units(ANNOUNCED), pool: None };
        let left = self.rng.within(260, 420);
        self.crowd = Some(Crowd { sku, warehouse, reference: reference.clone(), channel, left });
        let sku = model.skus[sku.index()].code.clone();
        Some(self.keyed(Command::Expect(Expect { reference, sku, warehouse: name, change })))
    }

    fn join(&mut self, model: &Model, crowd: &Crowd) -> Request {
        let sku = model.skus[crowd.sku.index()].code.clone();
        let lines = vec![Line { sku, units: Units(1 + self.rng.below(2)) }];
        let mut place = Place::new(crowd.channel.clone(), self.fresh("o"), lines);
        place.zone = self.rng.pick(&ZONES).map(|zone| code(zone));
        place.hold = Some(Span::from_mins(self.rng.within(60, 180)));
        Request { key: None, occurred: None, command: Command::Place(place) }
    }

    /// The receipt is withdrawn, reduced, or brings too little.
    fn fail(&mut self, model: &Model, crowd: &Crowd) -> Option<Request> {
        let sku = model.skus[crowd.sku.index()].code.clone();
        let warehouse = model.world.as_ref()?.warehouse(crowd.warehouse)?.code.clone();
        let reference = crowd.reference.clone();
        let units = Units(self.rng.within(1, 20));
        let change = match self.rng.below(3) {
            0 => Expectation::Withdraw,
            1 => Expectation::Change { day: None, units: Some(units) },
            _ => {
                let expected = Some(Fulfils { reference, more: false });
                let lines = vec![Line { sku, units }];
                return Some(self.keyed(Command::Receive(Receive { warehouse, pool: None, expected, lines })));
            }
        };
        Some(self.keyed(Command::Expect(Expect { reference, sku, warehouse, change })))
    }
}
