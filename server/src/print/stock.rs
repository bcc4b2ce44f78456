//! Stock: what may be sold, every bucket, movements.

use stockade_core::reply::{Available, CellView, InboundView, Moved, PoolView};
use stockade_core::units::Units;

use super::page::{Page, Table};

/// What a channel may sell.
pub(super) fn availability(all: &[Available], page: &mut Page) {
    let mut table = Table::new(["SKU", "available"]);
    all.iter().for_each(|a| table.row([a.sku.to_string(), quantity(a.units)]));
    page.table(&table);
    for a in all.iter().filter(|a| !a.presale.is_empty()) {
        let days: Vec<String> = a.presale.iter().map(|(day, units)| format!("{units} due {day}")).collect();
        page.line(format!("{}: on presale {}", a.sku, days.join(", ")));
    }
}

/// The answer to a command on stock: so many units, and what they did, like `moved`.
pub(super) fn moved(moved: Moved, did: &str, page: &mut Page) {
    let again = if moved.replayed { " (first answer to this key, given again)" } else { "" };
    // What is said of several, of one: `are announced`, `is announced`.
    let did = did.strip_prefix("are ").map_or_else(|| did.to_owned(), |did| format!("{} {did}", moved.units.are()));
    page.line(format!("{} {did}{again}; watermark {}", moved.units.counted(), moved.seq));
    if !moved.short.is_zero() {
        let (short, are) = (moved.short.counted(), moved.short.are());
        page.line(format!("{short} {are} promised and not there: `stock` and `inbound list` show where"));
    }
}

/// Every bucket of cells.
pub(super) fn stock(cells: &[CellView], page: &mut Page) {
    if cells.is_empty() {
        page.line("no stock: nothing was ever received here");
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
        let sum = |of: fn(&PoolView) -> Units| cell.pools.iter().map(of).sum::<Units>();
        table.row([
            cell.sku.to_string(),
            cell.warehouse.to_string(),
            cell.on_hand.to_string(),
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
    page.table(&table);
    for cell in cells {
        pools_and_notes(cell, page);
    }
}

fn pools_and_notes(cell: &CellView, page: &mut Page) {
    let at = format!("{} at {}", cell.sku, cell.warehouse);
    if cell.pools.len() > 1 {
        let pools: Vec<String> = cell
            .pools
            .iter()
            .map(|pool| format!("{} {} free {} held", pool.pool, quantity(pool.available), pool.held))
            .collect();
        page.line(format!("{at}: pools {}", pools.join(", ")));
    }
    if !cell.inbound.is_empty() {
        let receipt = |r: &InboundView| {
            let promised =
                if r.promised.is_zero() { String::new() } else { format!(", {} of them promised", r.promised) };
            format!("{} on {} with {}{promised}", r.free.saturating_add(r.promised), r.day, r.reference)
        };
        let receipts: Vec<String> = cell.inbound.iter().map(receipt).collect();
        page.line(format!("{at}: expected {}", receipts.join("; ")));
    }
    if !cell.overdue.is_zero() {
        let (overdue, are) = (cell.overdue.counted(), cell.overdue.are());
        page.line(format!("{at}: {overdue} {are} promised and expected with no receipt"));
    }
    if !cell.affected.is_empty() {
        let orders: Vec<String> = cell.affected.iter().map(|order| format!("id:{order}")).collect();
        let more = if cell.affected_more { " and perhaps older ones" } else { "" };
        page.line(format!("{at}: short units affect orders {}{more}", orders.join(" ")));
    } else if cell.affected_more {
        page.line(format!("{at}: short units affect none of the latest orders, and perhaps older ones"));
    }
}

fn quantity(units: Units) -> String {
    if units == Units::UNLIMITED { "unlimited".into() } else { units.to_string() }
}
