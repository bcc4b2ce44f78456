//! The whole table of rights: every command and query against every role, and a storefront of another channel.

#[path = "../../core/tests/wire/samples.rs"]
mod samples;

use std::fmt::Write as _;

use stockade_core::ids::Code;
use stockade_core::reject::Reject;
use stockade_server::auth::{Identity, Role};

#[test]
fn every_command_and_query_meets_every_role() {
    let identity = |role, channel: Option<&str>| Identity {
        name: Code::new("x").unwrap(),
        role,
        channel: channel.map(|channel| Code::new(channel).unwrap()),
    };
    let callers = [
        ("web shop", identity(Role::Storefront, Some("web"))),
        ("live shop", identity(Role::Storefront, Some("live"))),
        ("warehouse", identity(Role::Warehouse, None)),
        ("support", identity(Role::Support, None)),
        ("admin", identity(Role::Admin, None)),
    ];
    let mut table = format!("{:<22}", "");
    callers.iter().for_each(|(name, _)| write!(table, "{name:<10}").unwrap());
    let mut row = |name: &str, cells: Vec<Result<(), Reject>>| {
        write!(table, "\n{name:<22}").unwrap();
        for cell in cells {
            let word = match cell {
                Ok(()) => "yes",
                Err(Reject::Forbidden { .. }) => "-",
                Err(other) => panic!("{name}: refused for another reason: {other}"),
            };
            write!(table, "{word:<10}").unwrap();
        }
    };
    for (name, command) in samples::commands() {
        row(name, callers.iter().map(|(_, caller)| caller.may(&command)).collect());
    }
    for (name, query) in samples::queries() {
        row(&format!("? {name}"), callers.iter().map(|(_, caller)| caller.may_ask(&query)).collect());
    }
    let table = table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(table);
}
