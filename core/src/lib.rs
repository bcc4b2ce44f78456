//! The stock and routing engine of Stockade: no I/O, no clock, no randomness; time is an argument.
//!
//! Rooms from the top down; each uses only rooms below it (`core/tests/architecture` checks that):
//!
//! | room | holds |
//! |---|---|
//! | `engine` | entry points; how commands are decided and committed, queries answered, a history recovered |
//! | `wire` | frames and messages between client and server |
//! | `log` | the open batch, the gate that replies wait at, the journal format |
//! | `explain` | alternatives to a decision, and why warehouses were left out |
//! | `catalog` | codes and ids, SKUs, the world and rules in force |
//! | `vocabulary` | commands, queries, replies, refusals and events, each kind declared once |
//! | `rules` | world and rules files: reading, resolving, checking |
//! | `prices` | opportunity costs of stock, trained on orders |
//! | `routing` | the solver: which warehouse sends what, at the least score |
//! | `orders` | orders and sub-orders, their stages, lists and timers |
//! | `decision` | a plan as it was decided |
//! | `stock` | the ledger: buckets per SKU and warehouse, expected receipts and promises |
//! | `actor`, `codec`, `durability`, `heap`, `ids`, `invisible`, `limits`, `money`, `numbers`, `sync`, `time`, `units` | the ground that all others stand on |

mod actor;
pub(crate) mod catalog;
mod codec;
pub mod decision;
mod durability;
pub mod engine;
pub(crate) mod explain;
pub mod heap;
pub mod ids;
mod invisible;
pub mod limits;
pub mod log;
pub mod money;
mod numbers;
pub mod orders;
pub mod prices;
pub mod routing;
pub mod rules;
pub mod stock;
pub(crate) mod sync;
pub mod time;
pub mod units;
pub mod vocabulary;
pub mod wire;

pub use actor::Actor;
pub use durability::Durability;
pub use vocabulary::{command, event, query, reject, reply};
