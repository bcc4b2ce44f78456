//! The bounds of everything that comes from outside, checked in one place before anything else is looked at. The figures are
//! those of [`crate::limits`].
//!
//! What depends on the state has its bound where it is decided: see [`crate::engine::transact::room`] for sums.

use crate::command::{self, *};
use crate::engine::outcome::invalid;
use crate::ids::Code;
use crate::limits::*;
use crate::money::Money;
use crate::query::{self, *};
use crate::reject::Reject;
use crate::time::{Day, Span, Time};
use crate::units::{Units, counted};

/// Something that comes from outside.
pub(in crate::engine) trait Bounded {
    /// Refuses it when a list, number, text, day or time of it is out of bounds.
    fn bounded(&self) -> Result<(), Reject>;
}

/// Gives every kind of command and query to its bounds.
macro_rules! dispatch {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $name:ident: $class:ty {
            $($(#[doc = $about:literal])+ $number:literal $text:literal $([$is:expr])? $variant:ident($body:ty),)+
        }
    ) => {
        impl Bounded for $name {
            fn bounded(&self) -> Result<(), Reject> {
                match self {
                    $($name::$variant(body) => body.bounded(),)+
                }
            }
        }
    };
}

command::each_command!(dispatch);
query::each_query!(dispatch);

/// Bodies of codes, sub-order numbers and choices only: their types are their bounds.
macro_rules! bounded_by_type {
    ($($body:ty),+ $(,)?) => {
        $(impl Bounded for $body {
            fn bounded(&self) -> Result<(), Reject> {
                Ok(())
            }
        })+
    };
}

bounded_by_type!(Reroute, RerouteApart, OrderRef, Rules, World, Routing, OrdersQuery, RefundsQuery, Times, Explain);

impl Bounded for Request {
    fn bounded(&self) -> Result<(), Reject> {
        self.occurred.map_or(Ok(()), |occurred| nameable("occurred", occurred))?;
        self.key.as_ref().map_or(Ok(()), |key| legible("key", key))?;
        self.command.bounded()
    }
}

impl Bounded for ApplyWorld {
    fn bounded(&self) -> Result<(), Reject> {
        file("world", &self.text)
    }
}

impl Bounded for ApplyRules {
    fn bounded(&self) -> Result<(), Reject> {
        file("rules", &self.text)
    }
}

impl Bounded for ClearSkus {
    fn bounded(&self) -> Result<(), Reject> {
        if !self.weight && !self.category {
            return Err(invalid("weight", "say what is forgotten: weight, category or both".to_owned()));
        }
        named_skus(&self.skus)
    }
}

impl Bounded for DefineSkus {
    fn bounded(&self) -> Result<(), Reject> {
        lines(self.skus.len())?;
        for (at, spec) in self.skus.iter().enumerate() {
            legible_in(|| format!("skus[{at}].sku"), &spec.sku)?;
            spec.category.as_ref().map_or(Ok(()), |code| legible_in(|| format!("skus[{at}].category"), code))?;
        }
        Ok(())
    }
}

impl Bounded for Receive {
    fn bounded(&self) -> Result<(), Reject> {
        movements(&self.lines)
    }
}

impl Bounded for Adjust {
    fn bounded(&self) -> Result<(), Reject> {
        reason(&self.reason)?;
        movement("delta", Units(self.delta.unsigned_abs()))
    }
}

impl Bounded for BookLoss {
    fn bounded(&self) -> Result<(), Reject> {
        reason(&self.reason)?;
        movements(&self.lines)
    }
}

impl Bounded for Recall {
    fn bounded(&self) -> Result<(), Reject> {
        movements(&self.lines)
    }
}

impl Bounded for CountShelf {
    fn bounded(&self) -> Result<(), Reject> {
        lines(self.lines.len())?;
        levels(&self.lines)
    }
}

impl Bounded for Count {
    fn bounded(&self) -> Result<(), Reject> {
        lines(self.lines.len())?;
        if self.except.len() > COUNT_EXCEPT_MAX {
            let reason =
                format!("names {}, at most {COUNT_EXCEPT_MAX} are allowed", counted(self.except.len(), "event"));
            return Err(invalid("except", reason));
        }
        levels(&self.lines)
    }
}

impl Bounded for Transfer {
    fn bounded(&self) -> Result<(), Reject> {
        movements(&self.lines)
    }
}

impl Bounded for Arrive {
    fn bounded(&self) -> Result<(), Reject> {
        movements(&self.lines)
    }
}

impl Bounded for MovePool {
    fn bounded(&self) -> Result<(), Reject> {
        movement("units", self.units)
    }
}

impl Bounded for SetSafety {
    fn bounded(&self) -> Result<(), Reject> {
        level(&format_args!("units"), self.units)
    }
}

impl Bounded for Place {
    fn bounded(&self) -> Result<(), Reject> {
        legible("number", &self.number)?;
        self.customer.as_ref().map_or(Ok(()), |customer| legible("customer", customer))?;
        let count = self.lines.len();
        if count == 0 || count > ORDER_LINES_MAX {
            return Err(invalid("lines", format!("an order has 1 to {ORDER_LINES_MAX} lines, this one has {count}")));
        }
        if self.max_parcels == Some(0) {
            return Err(invalid("max_parcels", "must be at least 1; leave it out for no bound".to_owned()));
        }
        if self.hold.is_some_and(|hold| hold == Span::ZERO || hold > HOLD_TTL_MAX) {
            return Err(invalid("hold", format!("must be more than nothing and at most {HOLD_TTL_MAX}")));
        }
        for (at, line) in self.lines.iter().enumerate() {
            if !(1..=LINE_UNITS_MAX).contains(&line.units.0) {
                return line_units(&format!("lines[{at}].units"), line.units);
            }
        }
        Ok(())
    }
}

impl Bounded for Pay {
    fn bounded(&self) -> Result<(), Reject> {
        if let (OrderRef::Number { number, .. }, Some(_)) = (&self.order, &self.payment) {
            legible("number", number)?;
        }
        self.payment.as_ref().map_or(Ok(()), |payment| legible("payment", payment))?;
        if self.amount.is_some_and(|amount| !(0..=AMOUNT_MICROS_MAX).contains(&amount.0)) {
            let most = Money(AMOUNT_MICROS_MAX);
            return Err(invalid("amount", format!("is what arrived: nothing to {most}")));
        }
        Ok(())
    }
}

impl Bounded for CloseRefund {
    fn bounded(&self) -> Result<(), Reject> {
        legible("reference", &self.reference)
    }
}

impl Bounded for Cancel {
    /// Units are at most those that the order still has: the refusal says how many these are.
    fn bounded(&self) -> Result<(), Reject> {
        if self.reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
            return Err(invalid("reason", format!("has at most {REASON_BYTES_MAX} bytes")));
        }
        match &self.scope {
            CancelScope::Units(line) if line.units.is_zero() => Err(invalid("units", "must be at least 1".to_owned())),
            CancelScope::Order | CancelScope::Sub(_) | CancelScope::Units(_) => Ok(()),
        }
    }
}

impl Bounded for ExtendHold {
    fn bounded(&self) -> Result<(), Reject> {
        nameable("until", self.until)
    }
}

impl Bounded for Raise {
    /// The units that the order has of the SKU then are bounded where that is decided.
    fn bounded(&self) -> Result<(), Reject> {
        line_units("units", self.line.units)
    }
}

impl Bounded for Split {
    /// Units are fewer than those that the sub-order has: the refusals say how many these are.
    fn bounded(&self) -> Result<(), Reject> {
        named("lines", self.lines.len())?;
        each(&self.lines, |line| line.units)
    }
}

impl Bounded for TakeStep {
    /// Units are at most those that the sub-order has: the refusals say how many these are.
    fn bounded(&self) -> Result<(), Reject> {
        match &self.action {
            StepAction::Short(found) => named("found", found.len()),
            StepAction::Return(back) | StepAction::ReturnTo(ReturnTo { lines: back, .. }) => {
                named("lines", back.len())?;
                each(back, |line| line.units)
            }
            StepAction::Inspect(results) | StepAction::InspectAt(InspectAt { lines: results, .. }) => {
                named("lines", results.len())?;
                each(results, |result| result.intact.saturating_add(result.damaged))
            }
            StepAction::Label(waybill) => legible("waybill", waybill),
            StepAction::Pick
            | StepAction::Pack
            | StepAction::Weigh(_)
            | StepAction::Scan(_)
            | StepAction::Pickup
            | StepAction::Deliver
            | StepAction::Confirm
            | StepAction::Unpack
            | StepAction::Unscan
            | StepAction::Undelivered
            | StepAction::Refused
            | StepAction::Lost => Ok(()),
        }
    }
}

impl Bounded for Expect {
    fn bounded(&self) -> Result<(), Reject> {
        match &self.change {
            Expectation::Announce { day, units, pool: _ } => {
                legible("reference", &self.reference)?;
                movement("units", *units)?;
                dated(*day)
            }
            Expectation::Change { day: None, units: None } => {
                Err(invalid("change", "changes nothing: name a day, units or both".to_owned()))
            }
            Expectation::Change { day, units } => {
                units.map_or(Ok(()), |units| movement("units", units))?;
                day.map_or(Ok(()), dated)
            }
            Expectation::Withdraw => Ok(()),
        }
    }
}

impl Bounded for AvailabilityQuery {
    fn bounded(&self) -> Result<(), Reject> {
        named_skus(&self.skus)
    }
}

impl Bounded for StockQuery {
    fn bounded(&self) -> Result<(), Reject> {
        skus(&self.skus)
    }
}

impl Bounded for InboundQuery {
    fn bounded(&self) -> Result<(), Reject> {
        skus(&self.skus)
    }
}

impl Bounded for Quote {
    fn bounded(&self) -> Result<(), Reject> {
        self.0.bounded()
    }
}

impl Bounded for QuoteExact {
    fn bounded(&self) -> Result<(), Reject> {
        self.0.bounded()
    }
}

/// A code that comes to stay: what older builds took stays readable in histories, and no more of it comes in.
pub(in crate::engine) fn legible(field: &str, code: &Code) -> Result<(), Reject> {
    legible_in(|| field.to_owned(), code)
}

fn legible_in(field: impl FnOnce() -> String, code: &Code) -> Result<(), Reject> {
    // What `Code` is made of is never a control character.
    if code.as_str().is_ascii() {
        return Ok(());
    }
    Code::new(code.as_str()).map(drop).map_err(|error| invalid(&field(), error.to_string()))
}

/// Units of one movement.
pub(in crate::engine) fn movement(field: &str, units: Units) -> Result<(), Reject> {
    if (1..=MOVEMENT_UNITS_MAX).contains(&units.0) {
        return Ok(());
    }
    Err(invalid(field, format!("must be 1 to {MOVEMENT_UNITS_MAX}, not {units}")))
}

/// Units of one line of an order.
pub(in crate::engine) fn line_units(field: &str, units: Units) -> Result<(), Reject> {
    if (1..=LINE_UNITS_MAX).contains(&units.0) {
        return Ok(());
    }
    Err(invalid(field, format!("a line has 1 to {LINE_UNITS_MAX} units, this one has {units}")))
}

/// Rows of a page: as many as asked for, at most [`PAGE_ROWS_MAX`].
pub(in crate::engine) fn page(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX).min(PAGE_ROWS_MAX)
}

fn movements(given: &[Line]) -> Result<(), Reject> {
    lines(given.len())?;
    for (at, line) in given.iter().enumerate() {
        if !(1..=MOVEMENT_UNITS_MAX).contains(&line.units.0) {
            return movement(&format!("lines[{at}].units"), line.units);
        }
    }
    Ok(())
}

fn lines(count: usize) -> Result<(), Reject> {
    if (1..=COMMAND_LINES_MAX).contains(&count) {
        return Ok(());
    }
    Err(invalid("lines", format!("a command has 1 to {COMMAND_LINES_MAX} lines, this one has {count}: split it")))
}

/// Why something is so, for the auditor.
fn reason(given: &str) -> Result<(), Reject> {
    if given.trim().is_empty() || given.len() > REASON_BYTES_MAX {
        return Err(invalid("reason", format!("say why, in 1 to {REASON_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Lines of units that are there.
fn levels(given: &[Line]) -> Result<(), Reject> {
    given.iter().enumerate().try_for_each(|(at, line)| level(&format_args!("lines[{at}].units"), line.units))
}

/// Units that are there or stay there: none is a number as well.
fn level(field: &std::fmt::Arguments<'_>, units: Units) -> Result<(), Reject> {
    if units.0 <= MOVEMENT_UNITS_MAX {
        return Ok(());
    }
    Err(invalid(&field.to_string(), format!("must be at most {MOVEMENT_UNITS_MAX}, not {units}")))
}

/// Lines about a sub-order: no more than an order has.
fn named(field: &str, count: usize) -> Result<(), Reject> {
    if count <= ORDER_LINES_MAX {
        return Ok(());
    }
    Err(invalid(field, format!("names {}, an order has at most {ORDER_LINES_MAX}", counted(count, "SKU"))))
}

fn each<L>(lines: &[L], units: impl Fn(&L) -> Units) -> Result<(), Reject> {
    match lines.iter().position(|line| units(line).is_zero()) {
        Some(at) => Err(invalid(&format!("lines[{at}]"), "names no units: leave the SKU out".to_owned())),
        None => Ok(()),
    }
}

fn file(field: &str, text: &str) -> Result<(), Reject> {
    if text.len() > RULES_BYTES_MAX {
        return Err(invalid(field, format!("has {} bytes, at most {RULES_BYTES_MAX} are allowed", text.len())));
    }
    Ok(())
}

fn named_skus(codes: &[Code]) -> Result<(), Reject> {
    if codes.is_empty() {
        return Err(invalid("skus", format!("name 1 to {COMMAND_LINES_MAX} SKUs, not 0")));
    }
    skus(codes)
}

fn skus(codes: &[Code]) -> Result<(), Reject> {
    if codes.len() > COMMAND_LINES_MAX {
        return Err(invalid("skus", format!("name 1 to {COMMAND_LINES_MAX} SKUs, not {}", codes.len())));
    }
    Ok(())
}

fn dated(day: Day) -> Result<(), Reject> {
    if day > DAY_MAX {
        return Err(invalid("day", format!("is {day}, the last day that can be named is {DAY_MAX}")));
    }
    Ok(())
}

fn nameable(field: &str, time: Time) -> Result<(), Reject> {
    if time > TIME_MAX {
        return Err(invalid(field, format!("is {time}, the last instant that can be named is {TIME_MAX}")));
    }
    Ok(())
}
