//! `stockade replay`: the lines it writes can be trusted by a reader who has nothing but the files.

mod engines;
mod presale;
mod prices;
mod reader;
#[allow(dead_code, reason = "shared with the tests of the journals, which do more to it")]
#[path = "../support/redis_server.rs"]
mod redis_server;
mod rig;
mod scenarios;
mod shapes;
