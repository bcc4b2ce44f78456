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
        before.into_iter().chain(Step::ALL.iter().copied().map(Action::Step)).chain([Action::Arrive])
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
        }
    }
}

const UNPAID: &str = "it is not paid yet";
const GIVEN_UP: &str = "it was cancelled; stop the parcel";
const LAPSED: &str = "its hold expired unpaid; pay it again to hold stock anew";
const IS_PAID: &str = "it is paid already";
const HAS_LEFT: &str = "it has left the warehouse; ask the courier to intercept it, or take it back as a return";
const NOT_LEFT: &str = "it has not left the warehouse";
const NO_PICKUP: &str = "no courier has it yet";
const PACKED: &str = "it is packed already; unpack and count again";
const DONE: &str = "that was done already";
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
        (S::Promised | S::Waiting, A::Cancel) => To(S::Cancelled),
        (S::Held, A::Arrive) => No(ALL_HERE),
        (S::Held | S::Promised, _) => No(UNPAID),

        (S::Cancelled, _) => No(GIVEN_UP),
        (S::Expired, _) => No(LAPSED),
        (_, A::Pay | A::Expire | A::Extend) => No(IS_PAID),
        (S::Waiting, A::Arrive) => To(S::Allocated),
        (S::Waiting, _) => No(NOT_HERE),
        (_, A::Arrive) => No(ALL_HERE),
        (_, A::Cancel) => No(HAS_LEFT),

        (_, A::Step(step)) => step_verdict(stage, step),
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
        (S::Allocated | S::Picking | S::Packed, T::Weigh | T::Label) => To(stage),
        (S::Allocated | S::Picking | S::Packed, T::Scan) => To(S::Outbound),
        (S::Allocated | S::Picking | S::Packed, _) => No(NOT_LEFT),

        (_, T::Pick | T::Short | T::Pack | T::Weigh | T::Label) => No(HAS_LEFT),
        (S::Outbound, T::Pickup) => To(S::PickedUp),
        (S::Outbound, T::Return | T::Inspect) => No(NO_PICKUP),
        (S::Outbound | S::PickedUp, T::Deliver) => To(S::Delivered),
        (S::Outbound | S::PickedUp, T::Confirm) => No(NOT_DELIVERED),
        (S::Delivered, T::Confirm) => To(S::Confirmed),
        (_, T::Return | T::Inspect) => To(stage),
        (_, T::Scan | T::Pickup | T::Deliver | T::Confirm) => No(DONE),
    }
}

/// What an action on the whole order meets.
pub const fn order_verdict(state: OrderState, action: Action) -> Result<(), &'static str> {
    match (state, action) {
        (OrderState::Held, Action::Pay | Action::Expire | Action::Extend | Action::Cancel | Action::Arrive) => Ok(()),
        (OrderState::Held, _) => Err(UNPAID),
        (OrderState::Expired, Action::Pay) => Ok(()),
        (OrderState::Expired, _) => Err(LAPSED),
        (OrderState::RefundDue, _) => Err("its payment came too late and is owed back; place a new order"),
        (OrderState::Cancelled, _) => Err(GIVEN_UP),
        (OrderState::Paid, Action::Pay | Action::Expire | Action::Extend) => Err(IS_PAID),
        (OrderState::Paid, _) => Ok(()),
    }
}

/// The bucket in which the units of a sub-order stand, if they stand in any. Where some are yet to come: those that are here.
pub const fn bucket_of(stage: Stage, pool: PoolId) -> Option<Bucket> {
    Some(match stage {
        Stage::Held | Stage::Promised => Bucket::Held(pool),
        Stage::Allocated | Stage::Waiting => Bucket::Allocated,
        Stage::Picking | Stage::Packed => Bucket::Picked,
        Stage::Outbound | Stage::PickedUp => Bucket::Shipped,
        Stage::Delivered => Bucket::Awaiting,
        Stage::Confirmed => Bucket::Outside(Outside::Customer),
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
