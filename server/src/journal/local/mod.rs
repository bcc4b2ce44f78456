//! The history in a file of this machine: one redb transaction per batch, on disk before it is acknowledged.
//!
//! ```text
//!   append ──► commit, two syncs ──► acknowledged, kept in the ring
//!                │ a write failed, a sync then succeeds      │ a sync failed
//!                ▼                                           ▼
//!              opened again, its end tells                 believed no more: JOURNAL.unsynced is left next to it
//!                                                            │ all up to the last acknowledged batch, from the file
//!                                                            ▼ and the ring, along the chain of hashes
//!                                                          JOURNAL.new: written, synced, verified ──► renamed to JOURNAL
//! ```

mod faults;
mod file;
mod fresh;
mod journal;
mod made;
mod newer;
mod storage;
mod store;
mod untouched;

pub use journal::LocalJournal;
pub use made::LocalMade;
pub use storage::Layer;
