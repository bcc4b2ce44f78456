//! The stages of a sub-order and its steps, written down independently of the engine.

use stockade_core::orders::{Stage, Step};
use stockade_core::stock::{Bucket, Outside};

/// What a step does to the stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Walk {
    /// To another stage.
    To(Stage),
    /// Noted, the stage stays.
    Stays,
    /// Not from here.
    No,
}

/// Where a step leads from a stage.
pub fn step(stage: Stage, step: Step) -> Walk {
    let (is_open, walk) = match step {
        Step::Pick => (stage == Stage::Allocated, Walk::To(Stage::Picking)),
        Step::Pack => (stage == Stage::Picking, Walk::To(Stage::Packed)),
        Step::Weigh | Step::Label => (matches!(stage, Stage::Picking | Stage::Packed), Walk::Stays),
        Step::Scan => (stage == Stage::Packed, Walk::To(Stage::Outbound)),
        Step::Unpack => (stage == Stage::Packed, Walk::To(Stage::Picking)),
        Step::Unscan => (stage == Stage::Outbound, Walk::To(Stage::Packed)),
        Step::Pickup => (matches!(stage, Stage::Outbound | Stage::Undelivered), Walk::To(Stage::PickedUp)),
        Step::Deliver => (is_away(stage), Walk::To(Stage::Delivered)),
        Step::Undelivered | Step::Refused => {
            (matches!(stage, Stage::Outbound | Stage::PickedUp | Stage::Delivered), Walk::To(Stage::Undelivered))
        }
        Step::Lost => (is_away(stage) || stage == Stage::Delivered, Walk::To(Stage::Lost)),
        Step::Confirm => (stage == Stage::Delivered, Walk::To(Stage::Confirmed)),
        // These have events of their own.
        Step::Short | Step::Return | Step::Inspect => (false, Walk::No),
    };
    if is_open { walk } else { Walk::No }
}

/// Whether a parcel is under way: to the customer or back.
fn is_away(stage: Stage) -> bool {
    matches!(stage, Stage::Outbound | Stage::PickedUp | Stage::Undelivered)
}

/// Whether a parcel in this stage may hold goods that came back.
pub fn takes_returns(stage: Stage) -> bool {
    matches!(stage, Stage::PickedUp | Stage::Undelivered | Stage::Delivered | Stage::Confirmed)
}

/// Whether a step is one of a parcel with something in it.
pub fn moves_goods(step: Step) -> bool {
    matches!(step, Step::Pickup | Step::Deliver | Step::Undelivered | Step::Refused | Step::Lost)
}

/// The buckets a step moves the units of a sub-order in this stage between, if any.
pub fn moves_of(stage: Stage, step: Step) -> Option<(Bucket, Bucket)> {
    let is_delivered = stage == Stage::Delivered;
    match step {
        Step::Unscan => Some((Bucket::Shipped, Bucket::Picked)),
        Step::Undelivered | Step::Refused => is_delivered.then_some((Bucket::Awaiting, Bucket::Shipped)),
        Step::Lost => {
            let from = if is_delivered { Bucket::Awaiting } else { Bucket::Shipped };
            Some((from, Bucket::Outside(Outside::WriteOff)))
        }
        Step::Pick => Some((Bucket::Allocated, Bucket::Picked)),
        Step::Scan => Some((Bucket::Picked, Bucket::Shipped)),
        Step::Deliver => Some((Bucket::Shipped, Bucket::Awaiting)),
        Step::Confirm => Some((Bucket::Awaiting, Bucket::Outside(Outside::Customer))),
        Step::Pack | Step::Unpack | Step::Weigh | Step::Label | Step::Pickup => None,
        Step::Short | Step::Return | Step::Inspect => None,
    }
}

/// The step's name.
pub fn name(step: Step) -> &'static str {
    match step {
        Step::Pick => "pick",
        Step::Pack => "pack",
        Step::Weigh => "weigh",
        Step::Label => "label",
        Step::Scan => "scan",
        Step::Pickup => "pickup",
        Step::Deliver => "deliver",
        Step::Confirm => "confirm",
        Step::Short => "short",
        Step::Return => "return",
        Step::Inspect => "inspect",
        Step::Unpack => "unpack",
        Step::Unscan => "unscan",
        Step::Undelivered => "undelivered",
        Step::Refused => "refused",
        Step::Lost => "lost",
    }
}

/// Whether the order of the step among others is up to the rules.
pub fn is_warehouse_step(name: &str) -> bool {
    matches!(name, "pick" | "pack" | "weigh" | "label" | "scan")
}
