//! Permitted transitions: one table for sub-orders, one for orders. Rules add guards on warehouse steps; nothing else
//! decides whether a step is allowed.

use crate::ids::PoolId;
use crate::orders::{OrderState, Stage, Step};
use crate::stock::{Bucket, Outside};

/// Something that happens to an order or one of its sub-orders.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Payment is confirmed.
    Pay,
    /// The hold runs out.
    Expire,
    /// The hold is extended.
    Extend,
    /// Units are given up.
    Cancel,
    /// A sub-order goes a step.
    Step(Step),
    /// The last goods that were promised before they came are here.
    Arrive,
    /// What stands in review is routed anew.
    Reroute,
    /// Units are added to the order.
    Raise,
    /// Units of a sub-order go in a parcel of their own.
    Split,
}

/// What the table says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Allowed; the sub-order reaches this stage.
    To(Stage),
    /// Not allowed, and why.
    No(&'static str),
}

impl Action {
    /// Every action.
    pub fn all() -> impl Iterator<Item = Action> {
        let before = [Action::Pay, Action::Expire, Action::Extend, Action::Cancel];
        before.into_iter().chain(Step::ALL.iter().copied().map(Action::Step)).chain([
            Action::Arrive,
            Action::Reroute,
            Action::Raise,
            Action::Split,
        ])
    }

    /// The action's name in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Pay => "pay",
            Action::Expire => "expire",
            Action::Extend => "extend",
            Action::Cancel => "cancel",
            Action::Step(step) => step.name(),
            Action::Arrive => "arrive",
            Action::Reroute => "reroute",
            Action::Raise => "raise",
            Action::Split => "split",
        }
    }

    /// The action as a verb, for sentences: "cannot scan out a sub-order that …".
    pub const fn verb(self) -> &'static str {
        match self {
            Action::Pay => "pay",
            Action::Expire => "expire",
            Action::Extend => "extend the hold of",
            Action::Cancel => "cancel",
            Action::Step(step) => step.verb(),
            Action::Arrive => "receive the goods of",
            Action::Reroute => "reroute",
            Action::Raise => "raise",
            Action::Split => "split",
        }
    }
}

const UNPAID: &str = "it is not paid yet";
const CANCELLED: &str = "it was cancelled";
const GIVEN_UP: &str = "it was cancelled; stop the parcel";
const LAPSED: &str = "its hold expired unpaid; `pay` it again to hold stock anew";
const REPLACED: &str = "its hold expired; the order was paid later and ships in other sub-orders";
const IS_PAID: &str = "it is paid already";
const SCANNED: &str = "it was scanned out; `unscan` it if it is still here";
const WITH_COURIER: &str =
    "the courier has it; if it comes back, record `undelivered` or `refused`, and `return` when it is here";
const COMES_BACK: &str = "it was not delivered and comes back; record `return` when it is here";
const WITH_CUSTOMER: &str = "the customer has it; if it comes back, record `return`";
const LOST: &str = "it was lost by the carrier";
const NOT_LEFT: &str = "it has not left the warehouse";
const NO_PICKUP: &str =
    "no courier has it yet; `unscan` it if it is still here, or record `undelivered` if it comes back";
const NOT_BACK: &str = "nothing of it came back";
const PACKED: &str = "it is packed already; `unpack` it and count again";
const NOT_PACKED: &str = "it is not packed";
const AS_A_WHOLE: &str = "what stands in review is rerouted for the whole order";
const NO_MORE: &str = "it is paid already; place another order for more";
const IN_ITS_BOX: &str = "it is packed already; `unpack` it first";
const DONE: &str = "that was done already";
const BACK: &str = "all of it came back";
const NOT_HERE: &str = "its goods are yet to come; it goes on when they are received";
const ALL_HERE: &str = "its goods are here already";
const NOT_DELIVERED: &str = "it is not delivered yet";

/// The transition table of sub-orders: what an action does to a sub-order in a stage.
pub const fn verdict(stage: Stage, action: Action) -> Verdict {
    use Action as A;
    use Stage as S;
    use Verdict::{No, To};
    match (stage, action) {
        (S::Held, A::Pay) => To(S::Allocated),
        (S::Held, A::Expire) => To(S::Expired),
        (S::Held, A::Extend) => To(S::Held),
        (S::Held | S::Allocated | S::Picking | S::Packed, A::Cancel) => To(S::Cancelled),
        (S::Promised, A::Pay) => To(S::Waiting),
        (S::Promised, A::Expire) => To(S::Expired),
        (S::Promised, A::Extend) => To(S::Promised),
        (S::Promised, A::Arrive) => To(S::Held),
        (S::Held | S::Promised, A::Raise) => To(stage),
        (S::Promised | S::Waiting, A::Cancel) => To(S::Cancelled),
        (S::Held, A::Arrive) => No(ALL_HERE),
        (S::Held | S::Promised, _) => No(UNPAID),

        (S::Cancelled, A::Step(_)) => No(GIVEN_UP),
        (S::Cancelled, _) => No(CANCELLED),
        (S::Expired, _) => No(REPLACED),
        (_, A::Pay | A::Expire | A::Extend) => No(IS_PAID),
        (_, A::Raise) => No(NO_MORE),
        (S::Waiting, A::Arrive) => To(S::Allocated),
        (S::Waiting, _) => No(NOT_HERE),
        (_, A::Arrive) => No(ALL_HERE),
        (_, A::Cancel) => No(left(stage)),
        (_, A::Reroute) => No(AS_A_WHOLE),
        (S::Allocated | S::Picking, A::Split) => To(stage),
        (S::Packed, A::Split) => No(IN_ITS_BOX),
        (_, A::Split) => No(left(stage)),

        (_, A::Step(step)) => step_verdict(stage, step),
    }
}

/// What the table says of an action on a sub-order of which all came back, or not: one that is back goes nowhere.
pub const fn verdict_of(stage: Stage, is_back: bool, action: Action) -> Verdict {
    let verdict = verdict(stage, action);
    match (verdict, action) {
        (Verdict::No(_), _) if is_back => Verdict::No(BACK),
        (Verdict::To(_), Action::Step(step)) if is_back && step.needs_contents() => Verdict::No(BACK),
        (Verdict::No(_) | Verdict::To(_), _) => verdict,
    }
}

/// What a step meets once the sub-order is paid and its goods are here.
const fn step_verdict(stage: Stage, step: Step) -> Verdict {
    use Stage as S;
    use Step as T;
    use Verdict::{No, To};
    match (stage, step) {
        (S::Allocated, T::Pick) => To(S::Picking),
        (S::Allocated | S::Picking, T::Pack) => To(S::Packed),
        (S::Picking | S::Packed, T::Pick) | (S::Packed, T::Pack) => No(DONE),
        (S::Allocated | S::Picking, T::Short) => To(stage),
        (S::Packed, T::Short) => No(PACKED),
        (S::Packed, T::Unpack) => To(S::Picking),
        (S::Allocated | S::Picking, T::Unpack) => No(NOT_PACKED),
        (S::Allocated | S::Picking | S::Packed, T::Weigh | T::Label) => To(stage),
        (S::Allocated | S::Picking | S::Packed, T::Scan) => To(S::Outbound),
        (S::Allocated | S::Picking | S::Packed, _) => No(NOT_LEFT),

        (S::Lost, T::Inspect) => To(S::Lost),
        (S::Lost, T::Lost) => No(DONE),
        (S::Lost, _) => No(LOST),
        (S::Outbound, T::Unscan) => To(S::Packed),
        (_, T::Pick | T::Short | T::Pack | T::Unpack | T::Weigh | T::Label | T::Unscan) => No(left(stage)),
        (S::Outbound | S::Undelivered, T::Pickup) => To(S::PickedUp),
        (S::Outbound, T::Return) => No(NO_PICKUP),
        (S::Outbound, T::Inspect) => No(NOT_BACK),
        (S::Outbound | S::PickedUp | S::Undelivered, T::Deliver) => To(S::Delivered),
        (S::Outbound | S::PickedUp | S::Undelivered, T::Confirm) => No(NOT_DELIVERED),
        (S::Outbound | S::PickedUp | S::Delivered, T::Undelivered | T::Refused) => To(S::Undelivered),
        (S::Undelivered, T::Undelivered | T::Refused) => No(DONE),
        (S::Outbound | S::PickedUp | S::Undelivered | S::Delivered, T::Lost) => To(S::Lost),
        (_, T::Undelivered | T::Refused | T::Lost) => No(left(stage)),
        (S::Delivered, T::Confirm) => To(S::Confirmed),
        (_, T::Return | T::Inspect) => To(stage),
        (_, T::Scan | T::Pickup | T::Deliver | T::Confirm) => No(DONE),
    }
}

/// Why what is done before a parcel leaves is too late for one in this stage, and what can be done instead.
const fn left(stage: Stage) -> &'static str {
    match stage {
        Stage::Outbound => SCANNED,
        Stage::PickedUp => WITH_COURIER,
        Stage::Undelivered => COMES_BACK,
        Stage::Delivered | Stage::Confirmed => WITH_CUSTOMER,
        Stage::Lost => LOST,
        Stage::Cancelled => GIVEN_UP,
        Stage::Expired => REPLACED,
        Stage::Held | Stage::Promised | Stage::Waiting | Stage::Allocated | Stage::Picking | Stage::Packed => NOT_LEFT,
    }
}

/// What an action on the whole order meets.
pub const fn order_verdict(state: OrderState, action: Action) -> Result<(), &'static str> {
    match (state, action) {
        // Money that comes is taken note of in every state.
        (_, Action::Pay) => Ok(()),
        (OrderState::Held, Action::Expire | Action::Extend | Action::Cancel | Action::Arrive | Action::Raise) => Ok(()),
        (OrderState::Held, _) => Err(UNPAID),
        // It holds nothing, but a late payment would hold it anew.
        (OrderState::Expired, Action::Cancel) => Ok(()),
        (OrderState::Expired, _) => Err(LAPSED),
        (OrderState::RefundDue, _) => Err("its payment came too late and is owed back; place a new order"),
        (OrderState::Cancelled, Action::Step(_)) => Err(GIVEN_UP),
        (OrderState::Cancelled, _) => Err(CANCELLED),
        (OrderState::Paid, Action::Expire | Action::Extend) => Err(IS_PAID),
        (OrderState::Paid, Action::Raise) => Err(NO_MORE),
        (OrderState::Paid, _) => Ok(()),
    }
}

/// The bucket in which the units of a sub-order stand, if they stand in any. Where some are yet to come: those that are here.
pub const fn bucket_of(stage: Stage, pool: PoolId) -> Option<Bucket> {
    Some(match stage {
        Stage::Held | Stage::Promised => Bucket::Held(pool),
        Stage::Allocated | Stage::Waiting => Bucket::Allocated,
        Stage::Picking | Stage::Packed => Bucket::Picked,
        Stage::Outbound | Stage::PickedUp | Stage::Undelivered => Bucket::Shipped,
        Stage::Delivered => Bucket::Awaiting,
        Stage::Confirmed => Bucket::Outside(Outside::Customer),
        Stage::Lost => Bucket::Outside(Outside::WriteOff),
        Stage::Cancelled | Stage::Expired => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// Every stage × every action, so that a change of the table is a visible cell.
    #[test]
    fn every_stage_meets_every_action() {
        let mut table = String::new();
        for stage in Stage::ALL {
            for action in Action::all() {
                let cell = match verdict(stage, action) {
                    Verdict::To(next) => format!("-> {}", next.name()),
                    Verdict::No(reason) => format!("no: {reason}"),
                };
                writeln!(table, "{:<10} {:<8} {cell}", stage.name(), action.name()).unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn every_order_state_meets_every_action() {
        let states =
            [OrderState::Held, OrderState::Paid, OrderState::Expired, OrderState::RefundDue, OrderState::Cancelled];
        let mut table = String::new();
        for state in states {
            for action in Action::all() {
                let cell = order_verdict(state, action).map_or_else(|no| format!("no: {no}"), |()| "ok".to_owned());
                writeln!(table, "{:<10} {:<8} {cell}", state.name(), action.name()).unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }
}
