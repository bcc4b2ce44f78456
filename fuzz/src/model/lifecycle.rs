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
        Step::Pickup => (stage == Stage::Outbound, Walk::To(Stage::PickedUp)),
        Step::Deliver => (matches!(stage, Stage::Outbound | Stage::PickedUp), Walk::To(Stage::Delivered)),
        Step::Confirm => (stage == Stage::Delivered, Walk::To(Stage::Confirmed)),
        // These have events of their own.
        Step::Short | Step::Return | Step::Inspect => (false, Walk::No),
    };
    if is_open { walk } else { Walk::No }
}

/// The buckets a step moves the units of a sub-order between, if any.
pub fn moves_of(step: Step) -> Option<(Bucket, Bucket)> {
    match step {
        Step::Pick => Some((Bucket::Allocated, Bucket::Picked)),
        Step::Scan => Some((Bucket::Picked, Bucket::Shipped)),
        Step::Deliver => Some((Bucket::Shipped, Bucket::Awaiting)),
        Step::Confirm => Some((Bucket::Awaiting, Bucket::Outside(Outside::Customer))),
        Step::Pack | Step::Weigh | Step::Label | Step::Pickup => None,
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
    }
}

/// Whether the order of the step among others is up to the rules.
pub fn is_warehouse_step(name: &str) -> bool {
    matches!(name, "pick" | "pack" | "weigh" | "label" | "scan")
}
