//! What orders are called outside.

use bincode::Encode;

use crate::heap::behind;
use crate::ids::{ChannelId, Code};

/// What identifies an order outside.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode)]
pub struct OrderKey {
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: Code,
}

behind! {
    OrderKey { number }
}
