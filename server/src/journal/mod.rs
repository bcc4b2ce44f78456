//! The homes of the history, the thread that writes to them, and recovery after a crash.
//!
//! ```text
//!   log.next_batch ──► driver ──► Journal: redis | local | memory ──► log.journaled ──► replies leave
//!                                   │
//!   log.resume ◄── recovery ◄───────┘  every batch from the first, checked, then an emergency file if there is one
//! ```

mod compare;
mod driver;
mod emergency;
mod lease;
mod linger;
mod local;
mod mark;
mod recovery;
mod redis;
mod ring;
mod status;

pub use compare::{Comparison, EventFacts, Missing, Verdict, compare};
pub use driver::{Driver, DriverConfig, HasLog};
pub use emergency::{EmergencyError, EmergencyFile};
pub use lease::Lease;
pub use local::{Layer, LocalJournal};
pub use mark::{LostEvents, Mark, MarkKeeper};
pub use recovery::{Apart, Preview, Recovered, VisitEvent, read_emergency, recover, replay_events};
pub use redis::{Inspect, Notes, RedisConfig, RedisJournal, Safety, new_partition_id};
pub use ring::Ring;
pub use status::{Health, JournalStatus, Stopped};
