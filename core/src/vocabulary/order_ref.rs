//! How a caller names an order.

use std::fmt;

use bincode::{Decode, Encode};

use crate::ids::{Code, OrderId};

/// An order, by its shop's number or by the engine's id.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum OrderRef {
    /// The shop's own order number in its channel.
    Number {
        /// The channel.
        channel: Code,
        /// The number.
        number: Code,
    },
    /// The id from the place reply.
    Id(OrderId),
}

/// As the command line takes it: `channel/number`, or `id:` and the id.
impl fmt::Display for OrderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderRef::Number { channel, number } => write!(f, "{channel}/{number}"),
            OrderRef::Id(id) => write!(f, "id:{id}"),
        }
    }
}
