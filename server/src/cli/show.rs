//! Answers in plain words and tables.

use serde_json::Value;
use stockade_core::reply::{
    Awaited, CellView, Change, Changed, InboundCell, InboundView, Moved, OrderSummary, OrderView, Placed, PlanView,
    Reply,
};
use stockade_core::units::Units;

use super::output::{Output, Table};
use crate::edge::bodies::ReplyBody;

/// Prints an answer: one JSON object a line, or words and tables.
pub fn reply(reply: &Reply, out: Output) {
    if out.json {
        match serde_json::to_value(ReplyBody::from(reply)) {
            Ok(Value::Array(rows)) => rows.iter().for_each(|row| out.object(row)),
            Ok(object) => out.object(&object),
            Err(error) => eprintln!("stockade: {error}"),
        }
        return;
    }
    match reply {
        Reply::Placed(placed) => self::placed(placed, out),
        Reply::Changed(changed) => self::changed(changed, out),
        Reply::Moved(moved) => self::moved(*moved, out),
        Reply::Configured(done) => {
            let again = if done.replayed { " (it already was)" } else { "" };
            out.line(format!("done{again}; rules version {} in force, watermark {}", done.rules_version, done.seq));
        }
        Reply::Quoted(plan) => self::plan(plan, out),
        Reply::Availability(all) => {
            let mut table = Table::new(["SKU", "available"]);
            all.iter().for_each(|a| table.row([a.sku.to_string(), quantity(a.units)]));
            out.table(&table);
            for a in all.iter().filter(|a| !a.presale.is_empty()) {
                let days: Vec<String> = a.presale.iter().map(|(day, units)| format!("{units} due {day}")).collect();
                out.line(format!("{}: on presale {}", a.sku, days.join(", ")));
            }
        }
        Reply::Stock(cells) => stock(cells, out),
        Reply::Order(order) => self::order(order, out),
        Reply::Orders(orders) => list(orders, out),
        Reply::Text(text) => out.line(text.text.trim_end()),
        Reply::Inbound(cells) => inbound(cells, out),
        Reply::Routing(report) => super::report::told(report, out),
        Reply::Explained(told) => super::explain::told(told, out),
    }
}

fn quantity(units: Units) -> String {
    if units == Units::UNLIMITED { "unlimited".into() } else { units.to_string() }
}

fn placed(placed: &Placed, out: Output) {
    let again = if placed.replayed { " (this order was placed before; nothing is held twice)" } else { "" };
    out.line(format!("order id:{} {}{again}", placed.order, placed.present.name()));
    out.line(format!("pay before {}", placed.expires_at));
    plan(&placed.plan, out);
}

fn plan(plan: &PlanView, out: Output) {
    let mut table = Table::new(["sub", "warehouse", "carrier", "hours", "grams", "cost", "lines"]);
    for sub in &plan.sub_orders {
        let lines: Vec<String> = sub.lines.iter().map(|line| format!("{}:{}", line.sku, line.units)).collect();
        table.row([
            sub.no.to_string(),
            sub.warehouse.to_string(),
            sub.carrier.to_string(),
            sub.hours.to_string(),
            sub.weight_g.to_string(),
            sub.cost.to_string(),
            lines.join(" "),
        ]);
    }
    out.table(&table);
    for sub in &plan.sub_orders {
        if let Some(day) = sub.kind.due() {
            out.line(format!("sub-order {} is a presale: its goods are due on {day}", sub.no));
        }
    }
    let proof = if plan.proven { "proven best".to_owned() } else { format!("no plan can score below {}", plan.bound) };
    out.line(format!("cost {}, score {} ({proof}), rules version {}", plan.cost, plan.score, plan.rules_version));
}

fn changed(changed: &Changed, out: Output) {
    let what = match &changed.change {
        Change::Paid => "paid; the stock is the customer's".to_owned(),
        Change::PaidLate { first_sub } => {
            format!("paid after expiry and held anew; the new sub-orders begin with number {first_sub}")
        }
        Change::RefundDue => "paid after expiry, and the stock is gone: a refund is due".to_owned(),
        Change::Cancelled { units } => format!("cancelled; {units} units are free again"),
        Change::Extended { until } => format!("held until {until}"),
        Change::Stepped { sub, stage } => format!("sub-order {sub} is {}", stage.name()),
        Change::Shorted { missing, rerouted, review } => {
            format!("{missing} units missing: {rerouted} routed elsewhere, {review} wait for a person")
        }
        Change::Returned { units } => format!("{units} units returned, awaiting inspection"),
        Change::Inspected { intact, damaged } => format!("{intact} units back on sale, {damaged} damaged"),
        Change::Rerouted { units } => format!("{units} units routed"),
    };
    let again = if changed.replayed { " (first answer to this key, given again)" } else { "" };
    out.line(format!("{what}{again}"));
    let stages: Vec<String> =
        changed.stages.iter().enumerate().map(|(n, stage)| format!("{} {}", n + 1, stage.name())).collect();
    out.line(format!("order id:{} is {}; sub-orders: {}", changed.order, changed.present.name(), stages.join(", ")));
}

fn moved(moved: Moved, out: Output) {
    let again = if moved.replayed { " (first answer to this key, given again)" } else { "" };
    out.line(format!("{} units moved{again}; watermark {}", moved.units, moved.seq));
    if !moved.short.is_zero() {
        out.line(format!("{} units are promised and not there: `stock` and `inbound list` show where", moved.short));
    }
}

fn stock(cells: &[CellView], out: Output) {
    if cells.is_empty() {
        out.line("no stock: nothing was ever received here");
        return;
    }
    let mut table = Table::new([
        "SKU",
        "warehouse",
        "on hand",
        "free",
        "held",
        "paid",
        "picked",
        "inspect",
        "damaged",
        "transit",
        "short",
        "safety",
        "watermark",
    ]);
    for cell in cells {
        let sum = |of: fn(&stockade_core::reply::PoolView) -> Units| cell.pools.iter().map(of).sum::<Units>();
        table.row([
            cell.sku.to_string(),
            cell.warehouse.to_string(),
            quantity(cell.on_hand),
            quantity(sum(|pool| pool.available)),
            sum(|pool| pool.held).to_string(),
            cell.allocated.to_string(),
            cell.picked.to_string(),
            cell.inspection.to_string(),
            cell.damaged.to_string(),
            cell.in_transit.to_string(),
            cell.short.to_string(),
            cell.safety.to_string(),
            cell.watermark.to_string(),
        ]);
    }
    out.table(&table);
    for cell in cells {
        pools_and_notes(cell, out);
    }
}

fn pools_and_notes(cell: &CellView, out: Output) {
    let at = format!("{} at {}", cell.sku, cell.warehouse);
    if cell.pools.len() > 1 {
        let pools: Vec<String> = cell
            .pools
            .iter()
            .map(|pool| format!("{} {} free {} held", pool.pool, quantity(pool.available), pool.held))
            .collect();
        out.line(format!("{at}: pools {}", pools.join(", ")));
    }
    if !cell.inbound.is_empty() {
        let receipt = |r: &InboundView| {
            let promised =
                if r.promised.is_zero() { String::new() } else { format!(", {} of them promised", r.promised) };
            format!("{} on {} with {}{promised}", r.free.saturating_add(r.promised), r.day, r.reference)
        };
        let receipts: Vec<String> = cell.inbound.iter().map(receipt).collect();
        out.line(format!("{at}: expected {}", receipts.join("; ")));
    }
    if !cell.overdue.is_zero() {
        out.line(format!("{at}: {} units are promised and expected with no receipt", cell.overdue));
    }
    if !cell.affected.is_empty() {
        let orders: Vec<String> = cell.affected.iter().map(|order| format!("id:{order}")).collect();
        out.line(format!("{at}: short units affect orders {}", orders.join(" ")));
    }
}

fn order(order: &OrderView, out: Output) {
    let to = order.zone.as_ref().map(|zone| format!(" to {zone}")).unwrap_or_default();
    out.line(format!("{}/{} (id:{}){to}: {}", order.channel, order.number, order.order, order.state.name()));
    out.line(format!("placed {}, cost {}, rules version {}", order.placed_at, order.cost, order.rules_version));
    if order.state == stockade_core::reply::OrderState::Held {
        out.line(format!("pay before {}", order.expires_at));
    }
    let mut table = Table::new(["sub", "stage", "warehouse", "carrier", "waybill", "hours", "cost", "lines"]);
    for sub in &order.sub_orders {
        let lines: Vec<String> = sub.promised.lines.iter().map(|line| format!("{}:{}", line.sku, line.units)).collect();
        table.row([
            sub.promised.no.to_string(),
            sub.stage.name().to_owned(),
            sub.promised.warehouse.to_string(),
            sub.promised.carrier.to_string(),
            sub.waybill.as_ref().map_or("-".to_owned(), ToString::to_string),
            sub.promised.hours.to_string(),
            sub.promised.cost.to_string(),
            lines.join(" "),
        ]);
    }
    out.table(&table);
    for sub in order.sub_orders.iter().filter(|sub| !sub.awaits.is_empty()) {
        out.line(format!("sub-order {} waits for {}", sub.promised.no, awaited(&sub.awaits)));
    }
    for (sku, units) in &order.review {
        out.line(format!("in review: {units} of {sku}; `reroute` tries again, `cancel --units` gives them up"));
    }
    let mut table = Table::new(["when", "what", "sub", "by", "seq"]);
    for entry in &order.timeline {
        table.row([
            entry.occurred.to_string(),
            entry.what.replace('_', " "),
            entry.sub.map_or("-".to_owned(), |sub| sub.to_string()),
            entry.actor.to_string(),
            entry.seq.to_string(),
        ]);
    }
    out.table(&table);
}

fn awaited(awaits: &[Awaited]) -> String {
    let one = |a: &Awaited| match &a.receipt {
        Some((reference, day)) => format!("{} of {} due {day} with {reference}", a.units, a.sku),
        None => format!("{} of {}, expected with no receipt", a.units, a.sku),
    };
    awaits.iter().map(one).collect::<Vec<String>>().join("; ")
}

fn inbound(cells: &[InboundCell], out: Output) {
    if cells.is_empty() {
        out.line("nothing is expected");
        return;
    }
    let mut table = Table::new(["SKU", "warehouse", "reference", "due", "pool", "free", "promised"]);
    for cell in cells {
        let at = [cell.sku.to_string(), cell.warehouse.to_string()];
        for receipt in &cell.receipts {
            let [sku, warehouse] = at.clone();
            table.row([
                sku,
                warehouse,
                receipt.reference.to_string(),
                receipt.day.to_string(),
                receipt.pool.to_string(),
                receipt.free.to_string(),
                receipt.promised.to_string(),
            ]);
        }
        if !cell.overdue.is_zero() {
            let [sku, warehouse] = at;
            let none = || "-".to_owned();
            table.row([sku, warehouse, none(), "overdue".to_owned(), none(), none(), cell.overdue.to_string()]);
        }
    }
    out.table(&table);
}

fn list(orders: &[OrderSummary], out: Output) {
    if orders.is_empty() {
        out.line("no orders like that");
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
    out.table(&table);
}
