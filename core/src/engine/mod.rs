//! The engine: decides commands, applies events, answers queries.
//!
//! ```text
//! execute(request, now)
//!    │ each command to its file                       (change/)
//!    │ admit: key, bounds, codes, room in the log      (transact/: refused here, nothing was touched)
//!    │ plan a route                                   (plan/: on a view, without locks, for larger orders)
//!    │ lock orders, recall the key, lock stock        (store/door.rs: one door, one order)
//!    │ decide: one event, or a Reject                 (change/)
//!    │ commit: encode · append · apply · publish      (transact/commit.rs)
//!    ▼ unlock
//! Outcome { reply or reject, the sequence it has seen }  → may leave once that is as durable as asked
//!
//! react(now): what commits made due for others        (transact/react.rs: commits of their own)
//! ```
//!
//! Entry points, in calling order: [`Engine::new`]; [`Engine::recover`] for each journaled event; then from any thread
//! [`Engine::execute`], [`Engine::query`], [`Engine::expire_due`], [`Engine::extend_due`], [`Engine::react`] and
//! [`Engine::learn_prices`]. [`Engine::extent`] and [`Engine::warehouses`] tell beforehand how much a command may be.
//! [`Engine::check`] and [`Engine::digest`] lock shard by shard, so they speak of a whole only while nothing else runs.

mod bounds;
mod change;
mod check;
mod codes;
mod digest;
mod entry;
mod explain;
mod memory;
mod outcome;
mod plan;
mod prices;
mod read;
mod store;
mod transact;

pub use change::{Extended, Released};
pub use explain::Gap;
pub use memory::Kept;
pub use outcome::Outcome;
pub use prices::Learned;
pub use read::Extent;
pub use store::Engine;
pub use transact::{Reacted, RecoveryError};
