//! What can be asked of the engine. Text codes here, dense ids in [`crate::event`].

mod configure;
mod inbound;
mod line;
mod order;
mod stock;

use bincode::{Decode, Encode};

use crate::ids::Code;
use crate::time::Time;
use crate::vocabulary::numbered::{numbered, owners};

pub use crate::vocabulary::order_ref::OrderRef;
pub use configure::{ApplyRules, ApplyWorld, ClearSkus, DefineSkus, SkuSpec};
pub use inbound::{Expect, Expectation};
pub use line::Line;
pub use order::{
    Cancel, CancelScope, CloseRefund, ExtendHold, InspectAt, Inspected, Pay, Place, Raise, Reroute, RerouteApart,
    ReturnTo, Split, StepAction, TakeStep,
};
pub use stock::{
    Adjust, Arrive, BookLoss, Count, CountShelf, Fulfils, Loss, MovePool, Recall, Receive, SetSafety, Transfer,
};

/// Who asks, and under which key.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Request {
    /// Chosen by the caller before it sends, so that a retry is recognised. See [`Command::needs_key`].
    pub key: Option<Code>,
    /// When it happened outside, if that was before it was sent.
    pub occurred: Option<Time>,
    /// What to do.
    pub command: Command,
}

/// Every kind of command, once: number, name, the right it needs, and its body. Numbers are grouped like those of
/// [`crate::event`]. The codec, the dispatch of the engine and the labels of metrics are made from this list.
macro_rules! each_command {
    ($make:ident) => {
        $make! {
            "command"
            /// A change to the state. Each is decided and applied in one commit or refused whole.
            pub enum Command: crate::vocabulary::Right {
            /// Replace warehouses' settings, carriers, channels, pools and rules by a world file; nothing in use may vanish.
            1 "apply_world" [crate::vocabulary::Right::Manage] ApplyWorld(ApplyWorld),
            /// Replace the rules by a rules file.
            2 "apply_rules" [crate::vocabulary::Right::Manage] ApplyRules(ApplyRules),
            /// Create SKUs, or change weight and category of known ones; what is not given stays.
            3 "define_skus" [crate::vocabulary::Right::Manage] DefineSkus(DefineSkus),
            /// Forget weight, category or both of known SKUs.
            4 "clear_skus" [crate::vocabulary::Right::Manage] ClearSkus(ClearSkus),
            /// Take in units from a supplier.
            20 "receive" [crate::vocabulary::Right::Floor] Receive(Receive),
            /// Correct a cell by hand, with a reason.
            21 "adjust" [crate::vocabulary::Right::Floor] Adjust(Adjust),
            /// Lay an absolute count under everything that moved since it was taken.
            22 "count" [crate::vocabulary::Right::Floor] Count(Count),
            /// Send units to another warehouse: they are in transit there until they arrive.
            23 "transfer" [crate::vocabulary::Right::Floor] Transfer(Transfer),
            /// Take in units that were in transit.
            24 "arrive" [crate::vocabulary::Right::Floor] Arrive(Arrive),
            /// Move free units between two pools of one cell.
            25 "move_pool" [crate::vocabulary::Right::Manage] MovePool(MovePool),
            /// Set the units that orders may not take.
            26 "set_safety" [crate::vocabulary::Right::Manage] SetSafety(SetSafety),
            /// Book units that are damaged, scrapped, or lost on the way, with a reason.
            27 "book_loss" [crate::vocabulary::Right::Floor] BookLoss(BookLoss),
            /// Take back units that are in transit: they are free again where they left.
            28 "recall" [crate::vocabulary::Right::Floor] Recall(Recall),
            /// Set right what the books say is on the shelves by a count of the shelves alone, as of now.
            29 "count_shelf" [crate::vocabulary::Right::Floor] CountShelf(CountShelf),
            /// Hold stock for an order and route it.
            40 "place" [crate::vocabulary::Right::Sell] Place(Place),
            /// Confirm that an order is paid. Money for which it can do nothing is owed back.
            41 "pay" [crate::vocabulary::Right::Sell] Pay(Pay),
            /// Give up an order, one of its sub-orders, or units of a line.
            42 "cancel" [crate::vocabulary::Right::Sell] Cancel(Cancel),
            /// Hold unpaid stock longer.
            43 "extend_hold" [crate::vocabulary::Right::Sell] ExtendHold(ExtendHold),
            /// Take a sub-order a step on its way to the customer and back.
            44 "step" [crate::vocabulary::Right::Ship] Step(TakeStep),
            /// Add units of a SKU to an unpaid order that has it: all of them are held, or none.
            46 "raise" [crate::vocabulary::Right::Sell] Raise(Raise),
            /// Send units of a paid sub-order that is not packed yet in a parcel of their own.
            47 "split" [crate::vocabulary::Right::Ship] Split(Split),
            /// Try again to route what stands in review.
            45 "reroute" [crate::vocabulary::Right::Manage] Reroute(Reroute),
            /// The same without the order's limit of parcels, which no longer holds for what stands in review.
            60 "reroute_apart" [crate::vocabulary::Right::Manage] RerouteApart(RerouteApart),
            /// Confirm that money which was owed back went back.
            61 "close_refund" [crate::vocabulary::Right::Sell] CloseRefund(CloseRefund),
            /// Announce, change or withdraw an expected receipt.
            80 "expect" [crate::vocabulary::Right::Manage] Expect(Expect),
            }
        }
    };
}

each_command!(numbered);
each_command!(owners);

impl Command {
    /// Whether it needs a key. An order is its own by channel and number, and the closing of a refund by the refund and its
    /// reference: these ignore one.
    pub fn needs_key(&self) -> bool {
        match self {
            Command::Place(_) | Command::CloseRefund(_) => false,
            Command::ApplyWorld(_)
            | Command::ApplyRules(_)
            | Command::DefineSkus(_)
            | Command::ClearSkus(_)
            | Command::Receive(_)
            | Command::Adjust(_)
            | Command::Count(_)
            | Command::Transfer(_)
            | Command::Arrive(_)
            | Command::MovePool(_)
            | Command::SetSafety(_)
            | Command::BookLoss(_)
            | Command::Recall(_)
            | Command::CountShelf(_)
            | Command::Pay(_)
            | Command::Cancel(_)
            | Command::ExtendHold(_)
            | Command::Step(_)
            | Command::Raise(_)
            | Command::Split(_)
            | Command::Reroute(_)
            | Command::RerouteApart(_)
            | Command::Expect(_) => true,
        }
    }
}

pub(crate) use each_command;
