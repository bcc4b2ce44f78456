//! What is refused whatever the state: lists, numbers, days and times that no command may have.

use stockade_core::command::{CancelScope, Command, Expectation, Inspected, Line, Place, Request, StepAction};
use stockade_core::limits::{
    AMOUNT_MICROS_MAX, COMMAND_LINES_MAX, COUNT_EXCEPT_MAX, DAY_MAX, HOLD_TTL_MAX, LINE_UNITS_MAX, MOVEMENT_UNITS_MAX,
    ORDER_LINES_MAX, REASON_BYTES_MAX, RULES_BYTES_MAX, TIME_MAX,
};
use stockade_core::time::Span;
use stockade_core::units::Units;

/// Whether a request is out of bounds. Then it is refused as `invalid`, whatever else is wrong with it.
pub(super) fn exceeded(request: &Request) -> bool {
    if request.occurred.is_some_and(|occurred| occurred > TIME_MAX) {
        return true;
    }
    match &request.command {
        Command::CloseRefund(_) | Command::Reroute(_) | Command::RerouteApart(_) => false,
        Command::Pay(c) => c.amount.is_some_and(|amount| !(0..=AMOUNT_MICROS_MAX).contains(&amount.0)),
        Command::ApplyWorld(c) => c.text.len() > RULES_BYTES_MAX,
        Command::ApplyRules(c) => c.text.len() > RULES_BYTES_MAX,
        Command::DefineSkus(c) => !count(c.skus.len()),
        Command::ClearSkus(c) => !count(c.skus.len()) || !(c.weight || c.category),
        Command::Receive(c) => !movements(&c.lines),
        Command::Transfer(c) => !movements(&c.lines),
        Command::Arrive(c) => !movements(&c.lines),
        Command::Recall(c) => !movements(&c.lines),
        Command::BookLoss(c) => !movements(&c.lines) || !reason(&c.reason),
        Command::Adjust(c) => !movement(Units(c.delta.unsigned_abs())) || !reason(&c.reason),
        Command::Count(c) => !levels(&c.lines) || c.except.len() > COUNT_EXCEPT_MAX,
        Command::CountShelf(c) => !levels(&c.lines),
        Command::MovePool(c) => !movement(c.units),
        Command::SetSafety(c) => c.units.0 > MOVEMENT_UNITS_MAX,
        Command::Place(c) => placed(c),
        Command::Cancel(c) => {
            let nothing = matches!(&c.scope, CancelScope::Units(line) if line.units.is_zero());
            nothing || c.reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX)
        }
        Command::ExtendHold(c) => c.until > TIME_MAX,
        Command::Step(c) => stepped(&c.action),
        Command::Raise(c) => !(1..=LINE_UNITS_MAX).contains(&c.line.units.0),
        Command::Split(c) => named(&c.lines),
        Command::Expect(c) => expected(&c.change),
    }
}

fn placed(place: &Place) -> bool {
    let fits = |line: &Line| (1..=LINE_UNITS_MAX).contains(&line.units.0);
    !(1..=ORDER_LINES_MAX).contains(&place.lines.len())
        || !place.lines.iter().all(fits)
        || place.max_parcels == Some(0)
        || place.hold.is_some_and(|hold| hold == Span::ZERO || hold > HOLD_TTL_MAX)
}

fn stepped(action: &StepAction) -> bool {
    match action {
        StepAction::Short(found) => found.len() > ORDER_LINES_MAX,
        StepAction::Return(back) => named(back),
        StepAction::ReturnTo(back) => named(&back.lines),
        StepAction::Inspect(results) => inspected(results),
        StepAction::InspectAt(there) => inspected(&there.lines),
        StepAction::Pick
        | StepAction::Pack
        | StepAction::Weigh(_)
        | StepAction::Label(_)
        | StepAction::Scan(_)
        | StepAction::Pickup
        | StepAction::Deliver
        | StepAction::Confirm
        | StepAction::Unpack
        | StepAction::Unscan
        | StepAction::Undelivered
        | StepAction::Refused
        | StepAction::Lost => false,
    }
}

fn named(lines: &[Line]) -> bool {
    lines.len() > ORDER_LINES_MAX || lines.iter().any(|line| line.units.is_zero())
}

fn inspected(results: &[Inspected]) -> bool {
    results.len() > ORDER_LINES_MAX || results.iter().any(|result| result.intact.is_zero() && result.damaged.is_zero())
}

fn expected(change: &Expectation) -> bool {
    match change {
        Expectation::Announce { day, units, .. } => !movement(*units) || *day > DAY_MAX,
        Expectation::Change { day, units } => {
            day.is_none() && units.is_none()
                || units.is_some_and(|units| !movement(units))
                || day.is_some_and(|day| day > DAY_MAX)
        }
        Expectation::Withdraw => false,
    }
}

fn movements(lines: &[Line]) -> bool {
    count(lines.len()) && lines.iter().all(|line| movement(line.units))
}

fn levels(lines: &[Line]) -> bool {
    count(lines.len()) && lines.iter().all(|line| line.units.0 <= MOVEMENT_UNITS_MAX)
}

fn reason(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= REASON_BYTES_MAX
}

fn movement(units: Units) -> bool {
    (1..=MOVEMENT_UNITS_MAX).contains(&units.0)
}

fn count(lines: usize) -> bool {
    (1..=COMMAND_LINES_MAX).contains(&lines)
}
