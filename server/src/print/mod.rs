//! How results look: pages for people, and the bodies of the HTTP side, one JSON object a line, for programs.
//!
//! Verbs hand over what they received; nothing here decides or asks the server.

mod clock;
mod day;
mod explanation;
mod files;
mod history;
mod inbound;
mod orders;
mod page;
mod refunds;
mod replay;
mod reply;
mod routing;
mod server;
mod settings;
mod stock;
mod survey;

use serde_json::Value;
use stockade_core::reply::Reply;

use crate::edge::bodies::ReplyBody;
use crate::terminal::Output;

pub use clock::{clock, clock_confirmed};
pub use day::day;
pub use files::{FileBody, FolderBody, WorldCheckedBody, folder, rules_are_silent, sketched, world_checked};
pub use history::{compared, settled};
pub use orders::orders_csv;
pub use page::{Page, Table};
pub use replay::replay;
pub use reply::page;
pub use server::{rebuilt, serving};
pub use settings::{NewTokenBody, settings, settings_checked, token_added, token_revoked, tokens};
pub use survey::{backed_up, inspected, restored, verified};

/// Prints a reply: one JSON object a line, or words and tables.
pub fn reply(reply: &Reply, out: Output) {
    if !out.json {
        return page(reply).print(out);
    }
    match serde_json::to_value(ReplyBody::from(reply)) {
        Ok(Value::Array(rows)) => rows.iter().for_each(|row| out.object(row)),
        Ok(object) => out.object(&object),
        Err(error) => eprintln!("stockade: the reply cannot be written as JSON: {error}"),
    }
}

/// Prints the answer to a command on stock that moves nothing: so many units, and what they did, like `are announced`.
pub fn stock_reply(answer: &Reply, did: &str, out: Output) {
    let Reply::Moved(moved) = answer else { return reply(answer, out) };
    if out.json {
        return reply(answer, out);
    }
    let mut page = Page::default();
    stock::moved(*moved, did, &mut page);
    page.print(out);
}
