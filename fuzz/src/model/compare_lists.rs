//! Compares lists of orders under every filter.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::ids::{Code, OrderId, Seq};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::query::{OrdersQuery, Query};
use stockade_core::reply::{OrderSummary, Reply};

use super::Model;
use super::asking::{Asking, same};
use super::orders::Order;

/// Sub-orders by order and number.
type Rows = BTreeMap<(OrderId, u16), OrderSummary>;

impl Model {
    pub(super) fn compare_lists(&self, asking: &Asking<'_>) -> Result<(), String> {
        let mut all = Rows::new();
        for order in self.orders.all() {
            for index in 0..order.subs.len() {
                let summary = self.summary(order, index).ok_or("a sub-order without a name")?;
                all.insert((order.id, index as u16 + 1), summary);
            }
        }
        for filter in self.filters() {
            let shown = self.list(asking, &filter)?;
            let fits =
                |order, row| self.orders.get(order).is_some_and(|order| fits(order, self.owes(order), row, &filter));
            let fitting = all.iter().filter(|((order, _), row)| fits(*order, row));
            let expected = fitting.map(|(key, row)| (*key, row.clone())).collect();
            same(&format!("the list of {filter:?}"), &shown, &expected)?;
        }
        Ok(())
    }

    /// Each sub-order of an order is found where it stands: by all that it fits, right behind what was placed before.
    pub(super) fn compare_place(&self, asking: &Asking<'_>, order: &Order) -> Result<(), String> {
        for index in 0..order.subs.len() {
            let row = self.summary(order, index).ok_or("a sub-order without a name")?;
            let query = OrdersQuery { after: Some(Seq(order.placed().0 - 1)), limit: 1, ..exactly(order, &row) };
            let Reply::Orders(page) = asking.ask(&Query::Orders(query))? else { return Err("no list".to_owned()) };
            if !page.orders.contains(&row) {
                return Err(format!("the list from event {} on shows {:?}, not {row:?}", order.placed(), page.orders));
            }
        }
        Ok(())
    }

    /// All pages of a list, which must go from the earliest order to the latest.
    fn list(&self, asking: &Asking<'_>, filter: &OrdersQuery) -> Result<Rows, String> {
        let mut shown = Rows::new();
        let (mut after, mut last) = (None, Seq(0));
        loop {
            let query = OrdersQuery { after, limit: 16, ..filter.clone() };
            let Reply::Orders(page) = asking.ask(&Query::Orders(query))? else { return Err("no list".to_owned()) };
            for summary in page.orders {
                let key = (summary.order, summary.sub.0);
                let order = self.orders.get(summary.order).ok_or("the list shows an order that is not there")?;
                if order.placed() < last {
                    return Err(format!("the list shows sub-order {key:?} behind one that was placed later"));
                }
                last = order.placed();
                if shown.insert(key, summary).is_some() {
                    return Err(format!("the list shows sub-order {key:?} twice"));
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(shown);
            }
        }
    }

    /// No filter, each value of each filter, pairs of them, and all that the latest order fits.
    fn filters(&self) -> Vec<OrdersQuery> {
        let world = self.world.iter();
        let warehouses: Vec<Code> = world.clone().flat_map(|w| w.warehouses.values()).map(|w| w.code.clone()).collect();
        let channels: Vec<Code> = world.flat_map(|w| w.channels.values()).map(|c| c.code.clone()).collect();
        let customers: BTreeSet<&Code> = self.orders.all().filter_map(|order| order.customer.as_ref()).collect();
        let any = OrdersQuery::default();
        let at = |warehouse: &Code| OrdersQuery { warehouse: Some(warehouse.clone()), ..any.clone() };
        let of = |channel: &Code| OrdersQuery { channel: Some(channel.clone()), ..any.clone() };
        let by = |customer: &&Code| OrdersQuery { customer: Some((*customer).clone()), ..any.clone() };
        let mut filters = vec![any.clone()];
        filters.extend(warehouses.iter().map(at));
        filters.extend(channels.iter().map(of));
        filters.extend(customers.iter().map(by));
        filters.extend(Stage::ALL.map(|stage| OrdersQuery { stage: Some(stage), ..any.clone() }));
        filters.extend(OrderState::ALL.map(|state| OrdersQuery { state: Some(state), ..any.clone() }));
        let staged = |warehouse| Stage::ALL.map(|stage| OrdersQuery { stage: Some(stage), ..at(warehouse) });
        filters.extend(warehouses.iter().flat_map(staged));
        let stated = channels.iter().map(of).chain(customers.iter().map(by));
        let stated =
            stated.flat_map(|filter| OrderState::ALL.map(|state| OrdersQuery { state: Some(state), ..filter.clone() }));
        filters.extend(stated);
        let latest = self.orders.all().max_by_key(|order| order.placed());
        filters.extend(latest.and_then(|order| self.summary(order, 0).map(|row| exactly(order, &row))));
        filters
    }
}

/// Every filter set to what a sub-order fits.
fn exactly(order: &Order, row: &OrderSummary) -> OrdersQuery {
    OrdersQuery {
        warehouse: Some(row.warehouse.clone()),
        channel: Some(row.channel.clone()),
        stage: Some(row.stage),
        state: Some(row.state),
        customer: order.customer.clone(),
        after: None,
        limit: 0,
    }
}

/// Whether a sub-order fits a filter. A new filter has no way around this and [`exactly`].
fn fits(order: &Order, is_owed: bool, row: &OrderSummary, filter: &OrdersQuery) -> bool {
    let OrdersQuery { warehouse, channel, stage, state, customer, after: _, limit: _ } = filter;
    warehouse.as_ref().is_none_or(|warehouse| *warehouse == row.warehouse)
        && channel.as_ref().is_none_or(|channel| *channel == row.channel)
        && stage.is_none_or(|stage| stage == row.stage)
        && state.is_none_or(|state| state == row.state || (is_owed && state == OrderState::RefundDue))
        && customer.as_ref().is_none_or(|customer| Some(customer) == order.customer.as_ref())
}
