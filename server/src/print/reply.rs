//! Every kind of reply as a page.

use stockade_core::reply::{Configured, Reply};

use super::page::Page;
use super::{explanation, inbound, orders, refunds, routing, stock};

/// A reply for a person.
pub fn page(reply: &Reply) -> Page {
    let mut page = Page::default();
    match reply {
        Reply::Placed(placed) => orders::placed(placed, &mut page),
        Reply::Changed(changed) => orders::changed(changed, &mut page),
        Reply::Refunded(told) => refunds::refunded(told, &mut page),
        Reply::Refunds(list) => refunds::list(&list.refunds, &mut page),
        Reply::Moved(moved) => stock::moved(*moved, "moved", &mut page),
        Reply::Configured(done) => configured(*done, &mut page),
        Reply::Quoted(plan) => orders::plan(plan, &mut page),
        Reply::Availability(all) => stock::availability(all, &mut page),
        Reply::Stock(cells) => stock::stock(cells, &mut page),
        Reply::Order(order) => orders::order(order, &mut page),
        Reply::Orders(list) => orders::list(&list.orders, &mut page),
        Reply::Text(text) => page.line(text.text.trim_end()),
        Reply::Inbound(cells) => inbound::inbound(cells, &mut page),
        Reply::Times(times) => {
            page.line(format!("engine time {}; clocks of other systems may differ by {}", times.now, times.skew))
        }
        Reply::Routing(report) => routing::told(report, &mut page),
        Reply::Explained(told) => explanation::told(told, &mut page),
    }
    page
}

fn configured(done: Configured, page: &mut Page) {
    let again = if done.replayed { " (it already was)" } else { "" };
    page.line(format!("done{again}; rules version {} in force, watermark {}", done.rules_version, done.seq));
}
