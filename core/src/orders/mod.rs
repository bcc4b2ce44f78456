//! Orders, sub-orders and their lives, sharded by channel and number. Knows nothing of routing or rules.

mod deadline;
mod index;
mod later;
mod lifecycle;
mod memo;
mod order;
mod shard;
mod timeline;

pub use deadline::Deadlines;
pub use later::{Later, Since};
pub use lifecycle::{Action, Verdict, bucket_of, order_verdict, verdict};
pub use memo::{Digest, Memo, Memory, Recalled};
pub use order::{Order, SubLine, SubOrder};
pub use shard::{KeyShard, OrderKey};
pub use timeline::Moment;
