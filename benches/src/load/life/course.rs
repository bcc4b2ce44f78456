//! The course of one order's life: what is told of it next, and whether it ended as it was meant to.

use stockade_core::command::{Cancel, CancelScope, CloseRefund, Command, OrderRef, Pay, Place, StepAction, TakeStep};
use stockade_core::ids::{Code, OrderId, RefundNo, SubNo};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::reply::{OrderView, Placed, SubOrderView};
use stockade_core::time::{Span, Time};

use crate::load::world::code;

/// How a life is meant to end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ending {
    /// Every parcel reached the customer, who confirmed it.
    Confirmed,
    /// Given up before it was paid.
    Cancelled,
    /// Given up after it was paid; the money went back.
    Repaid,
    /// Never paid: its hold ran out.
    Expired,
    /// Every parcel reached the customer and came back whole; the money went back.
    Returned,
}

impl Ending {
    /// All of them.
    pub const ALL: [Ending; 5] =
        [Ending::Confirmed, Ending::Cancelled, Ending::Repaid, Ending::Expired, Ending::Returned];

    /// One of them by a number below 100, so that each has its share.
    pub(super) fn drawn(percent: usize) -> Ending {
        match percent {
            0..75 => Ending::Confirmed,
            75..80 => Ending::Cancelled,
            80..85 => Ending::Repaid,
            85..90 => Ending::Expired,
            _ => Ending::Returned,
        }
    }

    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Ending::Confirmed => "confirmed",
            Ending::Cancelled => "cancelled",
            Ending::Repaid => "repaid",
            Ending::Expired => "expired",
            Ending::Returned => "returned",
        }
    }
}

/// The hold of orders that are meant to expire.
pub(super) const BRIEF: Span = Span::from_millis(300);
/// How long after its deadline a hold is asked about first.
const GRACE: Span = Span::from_millis(100);
/// Steps of a parcel up to its delivery.
const STEPS: usize = 7;

/// A life under way.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) ending: Ending,
    /// Before it is placed.
    place: Option<Place>,
    order: OrderId,
    parcels: Vec<SubOrderView>,
    /// Commands done since it was placed.
    done: usize,
    /// When it goes on.
    pub(super) from: Time,
}

/// What comes next in a life.
#[derive(Debug)]
pub(super) enum Next {
    /// A command.
    Tell(Command),
    /// It should have ended: the order is to be read.
    Read(OrderRef),
}

impl Life {
    /// A life that begins with this order.
    pub(super) fn new(mut place: Place, ending: Ending) -> Life {
        if ending == Ending::Expired {
            place.hold = Some(BRIEF);
        }
        Life { ending, place: Some(place), order: OrderId(0), parcels: Vec::new(), done: 0, from: Time(0) }
    }

    /// What comes next.
    pub(super) fn next(&self) -> Next {
        if let Some(place) = &self.place {
            return Next::Tell(Command::Place(place.clone()));
        }
        match self.command() {
            Some(command) => Next::Tell(command),
            None => Next::Read(self.order()),
        }
    }

    /// The order was placed.
    pub(super) fn placed(&mut self, placed: Placed) {
        self.place = None;
        (self.order, self.parcels) = (placed.order, placed.plan.sub_orders);
        if self.ending == Ending::Expired {
            self.from = placed.expires_at + GRACE;
        }
    }

    /// A command was done; answers the parcel that left with it for good, if one did.
    pub(super) fn went_on(&mut self) -> Option<&SubOrderView> {
        self.done += 1;
        let parcels = self.parcels.len();
        // The first command is the payment, the fifth step of each parcel is the scan.
        let scanned = (self.done.checked_sub(2)?).checked_sub(4 * parcels).filter(|parcel| *parcel < parcels)?;
        (self.ending == Ending::Confirmed).then(|| &self.parcels[scanned])
    }

    /// The idempotency key of the next command.
    pub(super) fn key(&self) -> Code {
        code(&format!("{}.{}", self.order, self.done))
    }

    /// Whether the order as it stands ended as it was meant to; `None` when its hold may still run out.
    pub(super) fn has_ended(&self, order: &OrderView) -> Option<bool> {
        let all = |is_so: fn(Stage) -> bool| order.sub_orders.iter().all(|sub| is_so(sub.stage));
        let is_repaid = !order.refunds.is_empty() && order.refunds.iter().all(|refund| refund.closed.is_some());
        let units = |sub: &SubOrderView| sub.lines.iter().map(|line| line.units.0).sum::<u64>();
        let is_back = order.sub_orders.iter().all(|sub| {
            sub.returned.0 == units(&sub.promised) && sub.in_inspection.is_zero() && sub.stage == Stage::Delivered
        });
        Some(match self.ending {
            Ending::Confirmed => order.state == OrderState::Paid && all(|stage| stage == Stage::Confirmed),
            Ending::Cancelled => order.state == OrderState::Cancelled && order.refunds.is_empty(),
            Ending::Repaid => order.state == OrderState::Cancelled && is_repaid,
            Ending::Expired if order.state == OrderState::Held => return None,
            Ending::Expired => order.state == OrderState::Expired && all(|stage| stage == Stage::Expired),
            Ending::Returned => order.state == OrderState::Paid && is_back && is_repaid,
        })
    }

    fn order(&self) -> OrderRef {
        OrderRef::Id(self.order)
    }

    /// The command that comes next, if any.
    fn command(&self) -> Option<Command> {
        let pay = || Command::Pay(Pay::new(self.order()));
        let cancel = || Command::Cancel(Cancel { order: self.order(), scope: CancelScope::Order, reason: None });
        match (self.ending, self.done) {
            (Ending::Expired, _) => None,
            (Ending::Cancelled, 0) => Some(cancel()),
            (Ending::Cancelled, _) => None,
            (_, 0) => Some(pay()),
            (Ending::Repaid, 1) => Some(cancel()),
            (Ending::Repaid, done) => (done == 2).then(|| self.repay(1)),
            (Ending::Confirmed, done) => self.on_the_way(done - 1, 1),
            (Ending::Returned, done) => self.on_the_way(done - 1, 3),
        }
    }

    /// The steps of all parcels, side by side, and then so many `rounds` more.
    fn on_the_way(&self, done: usize, rounds: usize) -> Option<Command> {
        let (round, at) = (done / self.parcels.len(), done % self.parcels.len());
        let parcel = &self.parcels[at];
        if round >= STEPS + rounds {
            return None;
        }
        let waybill = || code(&format!("{}-{}", self.order, parcel.no));
        let action = match (round, self.ending) {
            (0, _) => StepAction::Pick,
            (1, _) => StepAction::Pack,
            (2, _) => StepAction::Weigh(u32::try_from(parcel.weight_g).unwrap_or(u32::MAX)),
            (3, _) => StepAction::Label(waybill()),
            (4, _) => StepAction::Scan(Some(waybill())),
            (5, _) => StepAction::Pickup,
            (6, _) => StepAction::Deliver,
            (7, Ending::Returned) => StepAction::Return(Vec::new()),
            (8, Ending::Returned) => StepAction::Inspect(Vec::new()),
            (9, Ending::Returned) => return Some(self.repay(at as u32 + 1)),
            (_, _) => StepAction::Confirm,
        };
        Some(self.step(parcel.no, action))
    }

    fn step(&self, sub: SubNo, action: StepAction) -> Command {
        Command::Step(TakeStep { order: self.order(), sub, action })
    }

    fn repay(&self, refund: u32) -> Command {
        let reference = code(&format!("R{}-{refund}", self.order));
        Command::CloseRefund(CloseRefund { order: self.order(), refund: RefundNo(refund), reference })
    }
}
