//! The whole table of rights: every command and query against every role, and a storefront of another channel.

#[path = "../../core/tests/wire/samples.rs"]
mod samples;

use std::fmt::Write as _;

use stockade_core::command::{Command, OrderRef, StepAction};
use stockade_core::ids::Code;
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::vocabulary::{Owned, Owner, Right};
use stockade_server::auth::{Identity, Role};

fn identity(role: Role, channel: Option<&str>) -> Identity {
    let channel = channel.map(|channel| Code::new(channel).unwrap());
    Identity { name: Code::new("x").unwrap(), role, channel }
}

/// Whether a request names the channel `web`, or an order of it.
fn is_of_web(owner: Owner<'_>) -> bool {
    match owner {
        Owner::Channel(channel) | Owner::Order(OrderRef::Number { channel, .. }) => channel.as_str() == "web",
        Owner::Order(OrderRef::Id(_)) | Owner::Nobody => false,
    }
}

/// Whether a role may do what needs this right; `own` when it is about the caller's own channel.
fn is_allowed(role: Role, right: Right, own: bool) -> bool {
    match (role, right) {
        (Role::Admin, _) => true,
        (Role::Support, right) => matches!(right, Right::Read | Right::ReadOwn),
        (Role::Warehouse, right) => matches!(right, Right::Read | Right::ReadOwn | Right::Floor | Right::Ship),
        (Role::Storefront, right) => own && matches!(right, Right::Sell | Right::ReadOwn),
    }
}

/// Every kind there is, so that a new one cannot come without rights.
#[test]
fn every_kind_is_allowed_to_the_roles_that_have_its_right_and_to_no_other() {
    let caller = |role| identity(role, (role == Role::Storefront).then_some("web"));
    for kind in Command::KINDS {
        let samples: Vec<Command> = samples::commands().into_iter().map(|(_, command)| command).collect();
        let ours: Vec<&Command> = samples.iter().filter(|command| command.kind().number == kind.number).collect();
        assert!(!ours.is_empty(), "no sample of {}", kind.name);
        for (command, role) in ours.into_iter().flat_map(|command| Role::ALL.map(|role| (command, role))) {
            // The one step that a storefront may record.
            let confirms = matches!(command, Command::Step(step) if step.action == StepAction::Confirm);
            let own = is_of_web(command.owner());
            let wanted = is_allowed(role, kind.class, own) || role == Role::Storefront && confirms && own;
            assert_eq!(caller(role).may(command).is_ok(), wanted, "{role}: {command:?}");
        }
    }
    for kind in Query::KINDS {
        let samples: Vec<Query> = samples::queries().into_iter().map(|(_, query)| query).collect();
        let ours: Vec<&Query> = samples.iter().filter(|query| query.kind().number == kind.number).collect();
        assert!(!ours.is_empty(), "no sample of {}", kind.name);
        for (query, role) in ours.into_iter().flat_map(|query| Role::ALL.map(|role| (query, role))) {
            let wanted = is_allowed(role, kind.class, is_of_web(query.owner()));
            assert_eq!(caller(role).may_ask(query).is_ok(), wanted, "{role}: {query:?}");
        }
    }
}

#[test]
fn every_command_and_query_meets_every_role() {
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
