//! Loading the world, the SKUs and the stock that a replay begins with.

use std::collections::BTreeMap;

use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Receive, Request, SetSafety};
use stockade_core::ids::{Code, RulesVersion};
use stockade_core::limits::COMMAND_LINES_MAX;
use stockade_core::reply::{Configured, Reply};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::survey::Survey;
use super::target::Target;
use crate::failure::Failure;

/// Brings the world, SKUs and stock into an empty engine; returns the version of the rules.
pub(super) fn load(target: &dyn Target, survey: &Survey, now: Time) -> Result<RulesVersion, Failure> {
    let mut loader = Loader { target, now, commands: 0 };
    let world = Command::ApplyWorld(ApplyWorld { text: survey.world.clone() });
    let reply = loader.send(world)?;
    let Reply::Configured(Configured { rules_version, .. }) = reply else {
        return Err(Failure::failed(format!("the engine answered a world with {reply:?}")));
    };
    for skus in survey.skus.chunks(COMMAND_LINES_MAX) {
        loader.send(Command::DefineSkus(DefineSkus { skus: skus.to_vec() }))?;
    }
    for ((warehouse, pool), cells) in receipts(survey) {
        let lines: Vec<Line> = cells.into_iter().map(|(sku, units)| Line { sku: sku.clone(), units }).collect();
        for lines in lines.chunks(COMMAND_LINES_MAX) {
            let (warehouse, pool) = (warehouse.clone(), pool.cloned());
            loader.send(Command::Receive(Receive { warehouse, pool, expected: None, lines: lines.to_vec() }))?;
        }
    }
    for row in survey.stock.iter() {
        if let Some(units) = row.safety {
            let (sku, warehouse) = (row.sku.clone(), row.warehouse.clone());
            loader.send(Command::SetSafety(SetSafety { sku, warehouse, units }))?;
        }
    }
    Ok(rules_version)
}

/// Units by warehouse and pool, then by SKU; several rows of one cell add up.
type Receipts<'a> = BTreeMap<(&'a Code, Option<&'a Code>), BTreeMap<&'a Code, Units>>;

fn receipts(survey: &Survey) -> Receipts<'_> {
    let mut receipts = Receipts::new();
    for row in survey.stock.iter().filter(|row| !row.on_hand.is_zero()) {
        let cells = receipts.entry((&row.warehouse, row.pool.as_ref())).or_default();
        let units = cells.entry(&row.sku).or_default();
        *units = units.saturating_add(row.on_hand);
    }
    receipts
}

struct Loader<'a> {
    target: &'a dyn Target,
    now: Time,
    commands: u64,
}

impl Loader<'_> {
    fn send(&mut self, command: Command) -> Result<Reply, Failure> {
        self.commands += 1;
        let key = Code::new(&format!("replay-load-{}", self.commands)).map_err(Failure::failed)?;
        let request = Request { key: Some(key), occurred: None, command };
        Ok(self.target.execute(&request, self.now)?.result?)
    }
}
