//! The page of operations, walked: each failure it lists is caused in a real server, and what the page says to do is done,
//! to the letter, until the server serves and everything acknowledged is there.
//!
//! A test is named after its row.

mod fit;
mod journal;
mod page;
mod parts;
mod preload;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
#[path = "../support/redis_server.rs"]
mod redis_server;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
#[path = "../serving/rig.rs"]
mod rig;
mod shop;
mod start;
mod stopping;
