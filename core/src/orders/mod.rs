//! Orders, sub-orders and their lives, sharded by channel and number. Knows nothing of routing or rules.

mod index;
mod later;
mod lifecycle;
mod line;
pub mod lists;
mod memo;
mod order;
mod shard;
mod slots;
mod timeline;
mod timers;

pub use later::{Later, Since};
pub use lifecycle::{Action, Verdict, bucket_of, order_verdict, verdict};
pub use memo::{Digest, Memo, Memory, Recalled};
pub use order::{Order, SubLine, SubOrder};
pub use shard::{KeyShard, OrderKey};
pub use timeline::Moment;
pub use timers::{Due, TimerKind, Timers};
