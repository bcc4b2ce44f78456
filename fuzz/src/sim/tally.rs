//! Counts of what commands led to.

use std::collections::BTreeMap;
use std::fmt;

use stockade_core::command::Command;
use stockade_core::decision::SubKind;
use stockade_core::orders::Change;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::units::Units;

/// How often each outcome occurred, by its name.
#[derive(Clone, Debug, Default)]
pub struct Tally(pub BTreeMap<String, u64>);

impl Tally {
    /// Counts one.
    pub fn add(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, n)| writeln!(f, "{n:>9}  {what}"))
    }
}

/// The outcome of a command, in two words.
pub(super) fn came_to(result: &Result<Reply, Reject>) -> &'static str {
    match result {
        Err(reject) => reject.code(),
        Ok(Reply::Placed(p)) if p.replayed => "replayed",
        Ok(Reply::Placed(p)) if p.plan.sub_orders.iter().all(|sub| sub.kind == SubKind::Regular) => "placed",
        Ok(Reply::Placed(_)) => "placed, promised",
        Ok(Reply::Changed(c)) if c.replayed => "replayed",
        Ok(Reply::Changed(c)) => match c.change {
            Change::Paid => "paid",
            Change::PaidLate { .. } => "paid late",
            Change::RefundDue => "refund due",
            Change::Cancelled { .. } => "cancelled",
            Change::Extended { .. } => "extended",
            Change::Stepped { stage, .. } => stage.name(),
            Change::Shorted { review: Units(0), .. } => "short, rerouted",
            Change::Shorted { .. } => "short, to review",
            Change::Returned { .. } => "returned",
            Change::Inspected { .. } => "inspected",
            Change::Rerouted { .. } => "rerouted",
        },
        Ok(Reply::Moved(m)) if m.replayed => "replayed",
        Ok(Reply::Moved(m)) if m.short.0 > 0 => "moved, short",
        Ok(
            Reply::Moved(_)
            | Reply::Configured(_)
            | Reply::Quoted(_)
            | Reply::Availability(_)
            | Reply::Stock(_)
            | Reply::Order(_)
            | Reply::Orders(_)
            | Reply::Text(_)
            | Reply::Explained(_)
            | Reply::Routing(_)
            | Reply::Inbound(_),
        ) => "done",
    }
}

/// The command's name.
pub(super) fn kind(command: &Command) -> &'static str {
    match command {
        Command::ApplyWorld(_) => "apply_world",
        Command::ApplyRules(_) => "apply_rules",
        Command::DefineSkus(_) => "define_skus",
        Command::Receive(_) => "receive",
        Command::Adjust(_) => "adjust",
        Command::Count(_) => "count",
        Command::Transfer(_) => "transfer",
        Command::Arrive(_) => "arrive",
        Command::MovePool(_) => "move_pool",
        Command::SetSafety(_) => "set_safety",
        Command::Expect(_) => "expect",
        Command::Place(_) => "place",
        Command::Pay(_) => "pay",
        Command::Cancel(_) => "cancel",
        Command::ExtendHold(_) => "extend_hold",
        Command::Step(_) => "step",
        Command::Reroute(_) => "reroute",
    }
}
