//! Orders: plans, changes, one order, lists.

use std::borrow::Cow;
use std::io::Write;

use stockade_core::ids::Code;
use stockade_core::orders::{Change, OrderState, refund_phrase};
use stockade_core::reply::{Awaited, Changed, OrderSummary, OrderView, Placed, PlanView, SubOrderView, TimelineEntry};

use super::page::{Page, Table};
use super::refunds;

/// A placed order.
pub(super) fn placed(placed: &Placed, page: &mut Page) {
    let again = if placed.replayed { " (this order was placed before; nothing is held twice)" } else { "" };
    page.line(format!("order id:{} {}{again}", placed.order, placed.present.name()));
    page.line(format!("pay before {}", placed.expires_at));
    plan(&placed.plan, page);
}

/// How an order ships.
pub(super) fn plan(plan: &PlanView, page: &mut Page) {
    let mut table = Table::new(["sub", "warehouse", "carrier", "hours", "grams", "cost", "lines"]);
    for sub in &plan.sub_orders {
        table.row([
            sub.no.to_string(),
            sub.warehouse.to_string(),
            sub.carrier.to_string(),
            sub.hours.to_string(),
            sub.weight_g.to_string(),
            sub.cost.to_string(),
            lines(sub),
        ]);
    }
    page.table(&table);
    for sub in &plan.sub_orders {
        if let Some(day) = sub.kind.due() {
            page.line(format!("sub-order {} is a presale: its goods are due on {day}", sub.no));
        }
    }
    let proof = if plan.proven { "proven best".to_owned() } else { format!("no plan can score below {}", plan.bound) };
    page.line(format!("cost {}, score {} ({proof}), rules version {}", plan.cost, plan.score, plan.rules_version));
}

/// A changed order.
pub(super) fn changed(changed: &Changed, page: &mut Page) {
    let what = match &changed.change {
        Change::Paid => "paid; the stock is the customer's".to_owned(),
        Change::PaidLate { first_sub } => {
            format!("paid after expiry and held again; the new sub-orders begin with number {first_sub}")
        }
        Change::RefundDue { refund, reason } => format!("the money is owed back: {}", refund_phrase(*refund, *reason)),
        Change::Cancelled { units } if units.is_zero() => "cancelled: nothing of it was held any more".to_owned(),
        Change::Cancelled { units } => format!("cancelled: {}", units.counted()),
        Change::Extended { until } => format!("held until {until}"),
        Change::Stepped { sub, stage } => format!("sub-order {sub} is {}", stage.name()),
        Change::Shorted { missing, rerouted, review } => {
            format!("{} missing: {rerouted} routed elsewhere, {review} for a person to decide", missing.counted())
        }
        Change::Returned { units } => format!("{} returned, awaiting inspection", units.counted()),
        Change::Inspected { intact, damaged } => format!("{} back on sale, {damaged} damaged", intact.counted()),
        Change::Rerouted { units } => format!("{} routed", units.counted()),
        Change::Raised { units, first_sub } => {
            format!("{} added; the sub-orders that hold what was added begin with number {first_sub}", units.counted())
        }
        Change::Split { sub, units } => format!("{} split off, as sub-order {sub}", units.counted()),
    };
    let again = if changed.replayed { " (first answer to this key, given again)" } else { "" };
    page.line(format!("{what}{again}"));
    let stages: Vec<String> =
        changed.stages.iter().enumerate().map(|(n, stage)| format!("{} {}", n + 1, stage.name())).collect();
    page.line(format!("order id:{} is {}; sub-orders: {}", changed.order, changed.present.name(), stages.join(", ")));
}

/// One order with its sub-orders and timeline.
pub(super) fn order(order: &OrderView, page: &mut Page) {
    let to = order.zone.as_ref().map(|zone| format!(" to {zone}")).unwrap_or_default();
    page.line(format!("{}/{} (id:{}){to}: {}", order.channel, order.number, order.order, order.state.name()));
    page.line(format!("placed {}, cost {}, rules version {}", order.placed_at, order.cost, order.rules_version));
    if order.state == OrderState::Held {
        page.line(format!("pay before {}", order.expires_at));
    }
    let mut table = Table::new(["sub", "stage", "warehouse", "carrier", "waybill", "hours", "grams", "cost", "lines"]);
    for sub in &order.sub_orders {
        table.row([
            sub.promised.no.to_string(),
            sub.stage.name().to_owned(),
            sub.promised.warehouse.to_string(),
            sub.promised.carrier.to_string(),
            sub.waybill.as_ref().map_or("-".to_owned(), ToString::to_string),
            sub.promised.hours.to_string(),
            sub.promised.weight_g.to_string(),
            sub.promised.cost.to_string(),
            lines(&sub.promised),
        ]);
    }
    page.table(&table);
    for first in order.sub_orders.iter().filter_map(|sub| sub.first.as_ref()) {
        let SubOrderView { no, weight_g, cost, .. } = first;
        page.line(format!("sub-order {no} was first promised with {}: {weight_g} grams, cost {cost}", lines(first)));
    }
    for sub in order.sub_orders.iter().filter(|sub| !sub.awaits.is_empty()) {
        page.line(format!("sub-order {} waits for {}", sub.promised.no, awaited(&sub.awaits)));
    }
    for sub in &order.sub_orders {
        for (warehouse, units) in &sub.elsewhere {
            let no = sub.promised.no;
            page.line(format!(
                "{} of sub-order {no} came back to {warehouse} and must be inspected there",
                units.counted()
            ));
        }
    }
    for (sku, units) in &order.review {
        page.line(format!("in review: {units} of {sku}; `reroute` tries again, `cancel --units` gives them up"));
    }
    if !order.review.is_empty() {
        page.line("where the order's limit of parcels is in the way, `reroute --apart` routes them without it");
    }
    refunds::of_order(&order.refunds, page);
    page.table(&timeline(&order.timeline));
}

/// What happened, with a column of reasons where any was given.
fn timeline(entries: &[TimelineEntry]) -> Table {
    let why = entries.iter().any(|entry| entry.reason.is_some()).then_some("why");
    let mut table = Table::new(["when", "what", "sub", "by", "seq"].into_iter().chain(why));
    for entry in entries {
        let row = [
            entry.occurred.to_string(),
            entry.what.replace('_', " "),
            entry.sub.map_or("-".to_owned(), |sub| sub.to_string()),
            entry.actor.to_string(),
            entry.seq.to_string(),
        ];
        let reason = why.map(|_| on_one_line(entry.reason.as_deref().unwrap_or("-")));
        table.row(row.into_iter().chain(reason));
    }
    table
}

/// A text that anybody may have written: it moves no cursor and begins no line.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What is in a parcel.
fn lines(parcel: &SubOrderView) -> String {
    let lines: Vec<String> = parcel.lines.iter().map(|line| format!("{}:{}", line.sku, line.units)).collect();
    lines.join(" ")
}

fn awaited(awaits: &[Awaited]) -> String {
    let one = |a: &Awaited| match &a.receipt {
        Some((reference, day)) => format!("{} of {} due {day} with {reference}", a.units, a.sku),
        None => format!("{} of {}, expected with no receipt", a.units, a.sku),
    };
    awaits.iter().map(one).collect::<Vec<String>>().join("; ")
}

/// A list of sub-orders.
pub(super) fn list(orders: &[OrderSummary], page: &mut Page) {
    if orders.is_empty() {
        page.line("no orders like that");
        return;
    }
    let mut table = Table::new(["order", "sub", "stage", "order is", "warehouse", "carrier", "units", "placed"]);
    for order in orders {
        table.row([
            format!("{}/{}", order.channel, order.number),
            order.sub.to_string(),
            order.stage.name().to_owned(),
            order.state.name().to_owned(),
            order.warehouse.to_string(),
            order.carrier.to_string(),
            order.units.to_string(),
            order.placed_at.to_string(),
        ]);
    }
    page.table(&table);
}

/// Writes a list of sub-orders as CSV to standard output. Names that a spreadsheet would take for a formula begin with an
/// apostrophe.
///
/// # Errors
/// When standard output takes no more.
pub fn orders_csv(orders: &[OrderSummary]) -> Result<(), csv::Error> {
    write_csv(orders, std::io::stdout().lock())
}

fn write_csv(orders: &[OrderSummary], out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    let mut write = |row: [&str; 10]| writer.write_record(row);
    write(["channel", "number", "sub", "stage", "state", "warehouse", "carrier", "qty", "placed_at", "order_id"])?;
    for order in orders {
        write([
            &text_cell(&order.channel),
            &text_cell(&order.number),
            &order.sub.to_string(),
            order.stage.name(),
            order.state.name(),
            &text_cell(&order.warehouse),
            &text_cell(&order.carrier),
            &order.units.to_string(),
            &order.placed_at.to_string(),
            &order.order.to_string(),
        ])?;
    }
    writer.flush().map_err(csv::Error::from)
}

/// A name as a cell that no spreadsheet takes for a formula. Names come from shops, so anybody may have written them.
fn text_cell(name: &Code) -> Cow<'_, str> {
    let text = name.as_str();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_core::ids::{OrderId, SubNo};
    use stockade_core::orders::Stage;
    use stockade_core::time::Time;
    use stockade_core::units::Units;

    #[test]
    fn no_name_in_a_csv_file_is_a_formula() {
        let code = |text: &str| Code::new(text).unwrap();
        let order = |number: &str| OrderSummary {
            order: OrderId(7),
            channel: code("web"),
            number: code(number),
            sub: SubNo(1),
            warehouse: code("HGH"),
            carrier: code("@SUM(A1)"),
            state: OrderState::Held,
            stage: Stage::Held,
            placed_at: Time(0),
            units: Units(2),
        };
        let mut bytes = Vec::new();
        write_csv(&["=1+2", "+86", "-1", "1-2", "1001"].map(order), &mut bytes).unwrap();
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let numbers: Vec<&str> = rows.iter().map(|row| &row[1]).collect();
        assert_eq!(numbers, ["'=1+2", "'+86", "'-1", "1-2", "1001"]);
        assert!(rows.iter().all(|row| row[6] == *"'@SUM(A1)" && row[7] == *"2" && row[9] == *"7"), "{rows:?}");
    }
}
