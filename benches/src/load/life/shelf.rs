//! What was shipped and is to be received anew.

use std::collections::BTreeMap;

use stockade_core::command::{Command, Line, Receive};
use stockade_core::ids::Code;
use stockade_core::reply::SubOrderView;
use stockade_core::units::Units;

use crate::load::world::RECEIVED_AT_ONCE;

/// Units that one caller's orders took away, by warehouse and SKU.
#[derive(Debug, Default)]
pub(super) struct Shelf(BTreeMap<Code, BTreeMap<Code, u64>>);

impl Shelf {
    /// A parcel left for good.
    pub(super) fn left(&mut self, parcel: &SubOrderView) {
        let gone = self.0.entry(parcel.warehouse.clone()).or_default();
        for line in &parcel.lines {
            *gone.entry(line.sku.clone()).or_default() += line.units.0;
        }
    }

    /// The receipt of a warehouse from which enough left; of any from which something did, at the end.
    pub(super) fn receipt(&mut self, at_the_end: bool) -> Option<Command> {
        let enough = if at_the_end { 1 } else { RECEIVED_AT_ONCE };
        let (warehouse, _) = self.0.iter().find(|(_, gone)| gone.values().sum::<u64>() >= enough)?;
        let warehouse = warehouse.clone();
        let gone = self.0.remove(&warehouse)?;
        let lines = gone.into_iter().map(|(sku, units)| Line { sku, units: Units(units) }).collect();
        Some(Command::Receive(Receive { warehouse, pool: None, expected: None, lines }))
    }
}
