//! States of orders and stages of sub-orders.

use bincode::{Decode, Encode};

/// Where an order stands as a whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum OrderState {
    /// Stock is held, payment is awaited.
    Held,
    /// Paid; the sub-orders go their ways.
    Paid,
    /// Not paid in time: the stock is back on sale.
    Expired,
    /// Paid after expiry and the stock was gone: the money is owed back.
    RefundDue,
    /// Given up.
    Cancelled,
}

impl OrderState {
    /// All of them, in the order of an order's life.
    pub const ALL: [OrderState; 5] =
        [OrderState::Held, OrderState::Paid, OrderState::Expired, OrderState::RefundDue, OrderState::Cancelled];

    /// The state's name at the border: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Held => "held",
            OrderState::Paid => "paid",
            OrderState::Expired => "expired",
            OrderState::RefundDue => "refund_due",
            OrderState::Cancelled => "cancelled",
        }
    }
}

/// Where a sub-order stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Stage {
    /// Stock held, unpaid.
    Held,
    /// Paid: stock is the customer's.
    Allocated,
    /// The pick ticket is printed.
    Picking,
    /// In its box.
    Packed,
    /// Scanned out of the warehouse.
    Outbound,
    /// With the courier.
    PickedUp,
    /// With the customer, not confirmed.
    Delivered,
    /// Confirmed by the customer.
    Confirmed,
    /// Given up before it left.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Goods that are yet to come are promised to it, unpaid.
    Promised,
    /// Paid, and goods that were promised to it are yet to come.
    Waiting,
    /// Not delivered: on its way back with the carrier, or back.
    Undelivered,
    /// Lost by the carrier: what was in it stands in review.
    Lost,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 14] = [
        Stage::Held,
        Stage::Allocated,
        Stage::Picking,
        Stage::Packed,
        Stage::Outbound,
        Stage::PickedUp,
        Stage::Delivered,
        Stage::Confirmed,
        Stage::Cancelled,
        Stage::Expired,
        Stage::Promised,
        Stage::Waiting,
        Stage::Undelivered,
        Stage::Lost,
    ];

    /// Whether some of its goods are yet to come.
    #[inline]
    pub const fn is_ahead(self) -> bool {
        matches!(self, Stage::Promised | Stage::Waiting)
    }

    /// The stage's name at the border: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Held => "held",
            Stage::Allocated => "allocated",
            Stage::Picking => "picking",
            Stage::Packed => "packed",
            Stage::Outbound => "outbound",
            Stage::PickedUp => "picked_up",
            Stage::Delivered => "delivered",
            Stage::Confirmed => "confirmed",
            Stage::Cancelled => "cancelled",
            Stage::Expired => "expired",
            Stage::Promised => "promised",
            Stage::Waiting => "waiting",
            Stage::Undelivered => "undelivered",
            Stage::Lost => "lost",
        }
    }

    /// Whether a parcel in this stage went out of the warehouse and was not lost.
    pub const fn has_left(self) -> bool {
        match self {
            Stage::Outbound | Stage::PickedUp | Stage::Undelivered | Stage::Delivered | Stage::Confirmed => true,
            Stage::Held
            | Stage::Promised
            | Stage::Waiting
            | Stage::Allocated
            | Stage::Picking
            | Stage::Packed
            | Stage::Cancelled
            | Stage::Expired
            | Stage::Lost => false,
        }
    }
}
