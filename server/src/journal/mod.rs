//! The homes of the history, the thread that writes to them, and recovery after a crash.
//!
//! ```text
//!   log.next_batch ──► driver ──► Journal: redis | local | memory ──► log.journaled ──► replies leave
//!                                   │
//!   log.resume ◄── recovery ◄───────┘  every batch from the first, checked, then an emergency file if there is one
//! ```

mod backup;
mod compare;
mod driver;
mod emergency;
mod lease;
mod linger;
mod local;
mod made;
mod mark;
mod recovery;
mod redis;
mod ring;
mod status;
mod trail;

pub use backup::{BackupError, BackupReader, BackupWriter, Live, NotAdded, NotCopied, may_be_backup};
pub use compare::{Comparison, EventFacts, Missing, Verdict, VisitBatch, compare};
pub use driver::{Driver, DriverConfig, HasLog};
pub use emergency::{EmergencyError, EmergencyFile};
pub use lease::Lease;
pub use local::{Layer, LocalJournal, LocalMade};
pub use made::Made;
pub use mark::{LostEvents, Mark, MarkKeeper};
pub use recovery::{Apart, Preview, Recovered, VisitEvent, read_emergency, recover, replay_events};
pub use redis::{Inspect, Notes, RedisConfig, RedisJournal, RedisMade, Safety, new_partition_id};
pub use ring::Ring;
pub use status::{Health, JournalStatus, Stopped};
pub use trail::Trail;
