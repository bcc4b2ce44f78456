//! Price training in the engine: orders feed it, it runs periodically, planning reads the prices it found.
//!
//! ```text
//!   OrderPlaced applied ──► bounded queue ──► training (a thread of its own, or a replay between two orders) ──► table
//!   goods received      ──► when, by cell ──┘                                                                    │
//!   planning: reads the table, no lock ◄─────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! No order waits for a training, and nothing of it is state: a lost sample costs foresight, not correctness. The prices
//! that a decision saw are in the decision. What is kept between trainings is in `store/prices.rs` and `store/trainer.rs`.

mod kinds;
mod survey;
mod training;

pub use training::Learned;
