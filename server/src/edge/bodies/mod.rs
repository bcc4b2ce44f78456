//! Request and reply bodies: what HTTP takes and answers, and what `--json` prints. One file per resource.
//!
//! Names are `snake_case`. Money is a decimal string, and so is an engine id, which does not fit a JavaScript number;
//! times are RFC 3339 in UTC; quantities are numbers, `null` for "unlimited". Unknown fields of requests are refused,
//! so that a misspelt one is not silently ignored.

pub mod amend;
pub mod availability;
pub mod clock;
pub mod explanation;
pub mod inbound;
pub mod orders;
pub mod plan;
pub mod quantity;
pub mod refunds;
pub mod refusal;
pub mod reply;
pub mod routing;
pub mod steps;
pub mod stock;
pub mod stock_moves;
pub mod world;

pub use refusal::{Problem, RefusalBody};
pub use reply::ReplyBody;
