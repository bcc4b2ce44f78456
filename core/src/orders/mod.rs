//! Orders, sub-orders and their lives, sharded by channel and number. Knows nothing of routing or rules.

mod account;
mod change;
mod chunks;
mod index;
mod key;
mod large;
mod later;
mod lifecycle;
mod line;
pub mod lists;
mod memo;
mod opened;
mod order;
mod record;
mod refund;
mod shard;
mod slots;
mod stage;
mod step;
mod take;
mod timeline;
mod timers;

pub use account::{Account, Told};
pub use change::Change;
pub use key::OrderKey;
pub use later::{Later, Since};
pub use lifecycle::{Action, Verdict, bucket_of, order_verdict, verdict};
pub use memo::{Answer, Digest, Memo, Memory, Recalled};
pub use order::{NewOrder, Order, SubLine, SubOrder};
pub use refund::{Basis, Closing, Payment, Refund, RefundReason, refund_phrase};
pub use shard::{KeyShard, MovementKey};
pub use stage::{OrderState, Stage};
pub use step::{Step, StepSet};
pub use take::{Elsewhere, SubTake};
pub use timeline::{Moment, What};
pub use timers::{Due, TimerKind, Timers};
