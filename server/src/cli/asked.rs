//! An order of a file, and the commands that it becomes.

use sha2::{Digest, Sha256};
use stockade_client::ClientError;
use stockade_core::command::{Cancel, CancelScope, Command, Line, OrderRef, Pay, Place, Request};
use stockade_core::ids::Code;
use stockade_core::limits::LINE_UNITS_MAX;
use stockade_core::orders::OrderState;
use stockade_core::reject::Reject;
use stockade_core::units::Units;

use crate::files::{OrderKind, OrderRecord};

/// An order with its channel.
pub(super) struct Asked {
    pub(super) channel: Code,
    pub(super) order: OrderRecord,
}

impl Asked {
    /// What is wrong with it that needs no server.
    pub(super) fn fault(&self) -> Option<String> {
        if self.order.kind == OrderKind::Cancel {
            return None;
        }
        let wrong = |qty: i64| !u64::try_from(qty).is_ok_and(|units| (1..=LINE_UNITS_MAX).contains(&units));
        let bad = self.order.lines.iter().find(|line| wrong(line.qty));
        bad.map(|line| format!("line {}: a line has 1 to {LINE_UNITS_MAX} units, not {}", line.line, line.qty))
    }

    /// An order is recognised by its number; a cancellation by a key made of what it cancels.
    pub(super) fn request(&self) -> Request {
        let order = &self.order;
        match order.kind {
            OrderKind::Sale => Request { key: None, occurred: order.ts, command: Command::Place(self.place()) },
            OrderKind::Cancel => {
                let cancel = Cancel { order: self.reference(), scope: CancelScope::Order, reason: None };
                Request { key: self.key("cancel"), occurred: order.ts, command: Command::Cancel(cancel) }
            }
        }
    }

    /// The order of a sale.
    pub(super) fn place(&self) -> Place {
        let Asked { channel, order } = self;
        let units = |qty: i64| Units(u64::try_from(qty).unwrap_or_default());
        let lines = order.lines.iter().map(|line| Line { sku: line.sku.clone(), units: units(line.qty) });
        Place {
            zone: order.zone.clone(),
            customer: order.customer.clone(),
            ..Place::new(channel.clone(), order.number.clone(), lines.collect())
        }
    }

    /// The confirmation that it is paid, with what the file says of the payment.
    pub(super) fn payment(&self) -> Request {
        let OrderRecord { payment, amount, .. } = &self.order;
        let pay = Command::Pay(Pay { order: self.reference(), payment: payment.clone(), amount: *amount });
        Request { key: self.key("pay"), occurred: self.order.ts, command: pay }
    }

    /// Whether it is a cancellation of an order of which nothing is left to cancel: that is done before.
    pub(super) fn is_done_before(&self, error: &ClientError) -> bool {
        self.order.kind == OrderKind::Cancel
            && matches!(error.reject(), Some(Reject::IllegalStep { state, .. }) if is_over(*state))
    }

    /// Channel and number: no two orders share them.
    pub(super) fn name(&self) -> (Code, Code) {
        (self.channel.clone(), self.order.number.clone())
    }

    /// What the order is found by.
    pub(super) fn reference(&self) -> OrderRef {
        OrderRef::Number { channel: self.channel.clone(), number: self.order.number.clone() }
    }

    /// A key that is the same whenever the same thing is imported.
    fn key(&self, what: &str) -> Option<Code> {
        let content = Sha256::digest(format!("{}\0{}", self.channel, self.order.number));
        let content: String = content.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Code::new(&format!("import-{what}-{content}")).ok()
    }
}

/// Whether nothing of an order in this state is left to cancel or to ship.
pub(super) fn is_over(state: OrderState) -> bool {
    match state {
        OrderState::Cancelled | OrderState::RefundDue => true,
        OrderState::Held | OrderState::Paid | OrderState::Expired => false,
    }
}
