//! The way of a sub-order, written down a second time.

use stockade_core::event::PlainStep;
use stockade_core::reply::Stage;
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
pub fn step(stage: Stage, step: &PlainStep) -> Walk {
    let (is_open, walk) = match step {
        PlainStep::Pick => (stage == Stage::Allocated, Walk::To(Stage::Picking)),
        PlainStep::Pack => (stage == Stage::Picking, Walk::To(Stage::Packed)),
        PlainStep::Weigh(_) | PlainStep::Label(_) => (matches!(stage, Stage::Picking | Stage::Packed), Walk::Stays),
        PlainStep::Scan => (stage == Stage::Packed, Walk::To(Stage::Outbound)),
        PlainStep::Pickup => (stage == Stage::Outbound, Walk::To(Stage::PickedUp)),
        PlainStep::Deliver => (matches!(stage, Stage::Outbound | Stage::PickedUp), Walk::To(Stage::Delivered)),
        PlainStep::Confirm => (stage == Stage::Delivered, Walk::To(Stage::Confirmed)),
    };
    if is_open { walk } else { Walk::No }
}

/// The buckets a step moves the units of a sub-order between, if any.
pub fn moves_of(step: &PlainStep) -> Option<(Bucket, Bucket)> {
    match step {
        PlainStep::Pick => Some((Bucket::Allocated, Bucket::Picked)),
        PlainStep::Scan => Some((Bucket::Picked, Bucket::Shipped)),
        PlainStep::Deliver => Some((Bucket::Shipped, Bucket::Awaiting)),
        PlainStep::Confirm => Some((Bucket::Awaiting, Bucket::Outside(Outside::Customer))),
        PlainStep::Pack | PlainStep::Weigh(_) | PlainStep::Label(_) | PlainStep::Pickup => None,
    }
}

/// The step's name.
pub fn name(step: &PlainStep) -> &'static str {
    match step {
        PlainStep::Pick => "pick",
        PlainStep::Pack => "pack",
        PlainStep::Weigh(_) => "weigh",
        PlainStep::Label(_) => "label",
        PlainStep::Scan => "scan",
        PlainStep::Pickup => "pickup",
        PlainStep::Deliver => "deliver",
        PlainStep::Confirm => "confirm",
    }
}

/// Whether the order of the step among others is up to the rules.
pub fn is_warehouse_step(name: &str) -> bool {
    matches!(name, "pick" | "pack" | "weigh" | "label" | "scan")
}
