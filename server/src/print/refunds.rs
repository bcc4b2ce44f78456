//! Refunds: one, and lists.

use stockade_core::reply::{RefundView, Refunded};

use super::page::{Page, Table};

/// A refund that was made due, or closed.
pub(super) fn refunded(told: &Refunded, page: &mut Page) {
    let RefundView { channel, number, refund, reason, order, .. } = &told.refund;
    let again = if told.replayed { " (told before; nothing changed)" } else { "" };
    let what = match &told.refund.closed {
        Some(closed) => format!("is closed with {}", closed.reference),
        None => format!("is due: {}", reason.name()),
    };
    page.line(format!("refund {refund} of {channel}/{number} {what}{again}"));
    if order.is_none() {
        page.line("no order has this number");
    }
}

/// Refunds, one line each.
pub(super) fn list(refunds: &[RefundView], page: &mut Page) {
    if refunds.is_empty() {
        page.line("no refunds like that");
        return;
    }
    page.table(&table(refunds));
}

/// The refunds of an order, if it has any.
pub(super) fn of_order(refunds: &[RefundView], page: &mut Page) {
    if !refunds.is_empty() {
        page.table(&table(refunds));
    }
}

fn table(refunds: &[RefundView]) -> Table {
    let mut table = Table::new(["order", "refund", "reason", "payment", "amount", "lines", "due", "closed", "by"]);
    for refund in refunds {
        let (reference, amount) = refund.payment.as_ref().map_or((None, None), |p| (p.reference.as_ref(), p.amount));
        let lines: Vec<String> = refund.lines.iter().map(|(sku, units)| format!("{sku}:{units}")).collect();
        let closed = refund.closed.as_ref();
        table.row([
            format!("{}/{}", refund.channel, refund.number),
            refund.refund.to_string(),
            refund.reason.name().to_owned(),
            reference.map_or("-".to_owned(), ToString::to_string),
            amount.map_or("-".to_owned(), |amount| amount.to_string()),
            if lines.is_empty() { "-".to_owned() } else { lines.join(" ") },
            refund.due.to_string(),
            closed.map_or("-".to_owned(), |closed| closed.reference.to_string()),
            closed.map_or("-".to_owned(), |closed| closed.by.to_string()),
        ]);
    }
    table
}
