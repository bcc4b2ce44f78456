//! Compares what may be sold, and what is quoted.

use std::collections::BTreeMap;

use stockade_core::command::{Command, Line, Place, Request};
use stockade_core::decision::SubKind;
use stockade_core::ids::{ChannelId, Code, SkuId, WarehouseId};
use stockade_core::query::{Query, Quote, QuoteExact};
use stockade_core::reject::Reject;
use stockade_core::reply::{PlanView, Reply};
use stockade_core::time::{Day, Time};
use stockade_core::units::Units;

use super::Model;
use super::asking::Asking;

impl Model {
    /// What a channel may sell of a SKU over all warehouses.
    pub fn sellable(&self, sku: SkuId, channel: ChannelId) -> Units {
        let pools = self.pools_for(channel, false);
        let warehouses = self.world.iter().flat_map(|w| w.warehouses.keys());
        let each = warehouses.map(|w: &WarehouseId| self.drawable(sku, *w, &pools));
        each.fold(Units::ZERO, |sum, n| n.map_or(Units::UNLIMITED, |n| sum.saturating_add(Units(n))))
    }

    /// What a channel may promise of a SKU over all warehouses, by day.
    pub(super) fn presale(&self, sku: SkuId, channel: ChannelId) -> Vec<(Day, Units)> {
        let pools = self.pools_for(channel, false);
        let mut days: BTreeMap<Day, u64> = BTreeMap::new();
        for warehouse in self.world.iter().flat_map(|w| w.warehouses.keys()) {
            for (day, _, _, units) in self.promisable(sku, *warehouse, &pools) {
                *days.entry(day).or_default() += units;
            }
        }
        days.into_iter().map(|(day, units)| (day, Units(units))).collect()
    }

    /// Quotes of orders that can be served, and of one that is short by a unit.
    pub(super) fn compare_quotes(&self, asking: &Asking<'_>, now: Time) -> Result<(), String> {
        let Some(world) = &self.world else { return Ok(()) };
        for (id, channel) in &world.channels {
            let skus = (0..self.skus.len()).map(|n| SkuId(n as u32));
            let sellable: Vec<SkuId> = skus.filter(|sku| self.sellable(*sku, *id).0 > 0).take(2).collect();
            let line = |sku: &SkuId, units| Line { sku: self.skus[sku.index()].code.clone(), units: Units(units) };
            let mut baskets = vec![sellable.iter().map(|sku| line(sku, 1)).collect::<Vec<_>>()];
            baskets.push(vec![line(&SkuId(0), self.sellable(SkuId(0), *id).0.min(1_000) + 1)]);
            for lines in baskets.into_iter().filter(|lines| !lines.is_empty()) {
                let number = Code::new("quoted").map_err(|e| e.to_string())?;
                self.compare_quote(asking, Place::new(channel.code.clone(), number, lines), now)?;
            }
        }
        Ok(())
    }

    fn compare_quote(&self, asking: &Asking<'_>, place: Place, now: Time) -> Result<(), String> {
        let plain = self.quoted(asking.answer(&Query::Quote(Quote(place.clone()))), &place, now)?;
        let exact = self.quoted(asking.answer(&Query::QuoteExact(QuoteExact(place.clone()))), &place, now)?;
        let (Some(plain), Some(exact)) = (plain, exact) else { return Ok(()) };
        // Only a plan over stock on hand is one problem with one best score.
        let on_hand = |plan: &PlanView| plan.sub_orders.iter().all(|sub| sub.kind == SubKind::Regular);
        let fits = exact.score <= plain.score && (!plain.proven || exact.score == plain.score);
        if on_hand(&plain) && on_hand(&exact) && !fits {
            return Err(format!("{place:?} is quoted as {plain:?}, and exactly as {exact:?}"));
        }
        Ok(())
    }

    /// A quote must be what placing the order would be: a plan that serves all of it, or the same refusal.
    fn quoted(&self, answer: Result<Reply, Reject>, place: &Place, now: Time) -> Result<Option<PlanView>, String> {
        let request = Request { key: None, occurred: None, command: Command::Place(place.clone()) };
        let allowed = self.judge(&request, now);
        let wrong = |what: &str| Err(format!("{what}: {answer:?} to {place:?}; allowed is {allowed:?}"));
        if answer.as_ref().is_err_and(|reject| allowed.refused.contains(reject.code())) {
            return Ok(None);
        }
        let (Ok(Reply::Quoted(plan)), true) = (&answer, allowed.done) else { return wrong("wrongly quoted") };
        let mut served: BTreeMap<SkuId, u64> = BTreeMap::new();
        for line in plan.sub_orders.iter().flat_map(|sub| &sub.lines) {
            *served.entry(self.sku(&line.sku).ok_or("a SKU without an id")?).or_default() += line.units.0;
        }
        if served != self.merged(&place.lines) { wrong("quotes other units") } else { Ok(Some((**plan).clone())) }
    }
}
