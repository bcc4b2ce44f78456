//! The real server under load, and everything that can be done to it: killed, its Redis frozen, killed or emptied,
//! deposed by another server, asked to stop. What it acknowledged is there afterwards, and what the reference model makes
//! of the journal is what the server recovered.
//!
//! Every run prints its seed; `CRASH_SEED=n` repeats its choices (not its timing).

mod backups;
mod beforehand;
mod book;
mod fencing;
#[cfg(debug_assertions)]
mod first_start;
mod history;
mod kills;
mod load;
mod loss;
mod outage;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
#[path = "../support/redis_server.rs"]
mod redis_server;
mod rig;
mod second;
mod settings;
mod settle;
mod stop;
mod went_back;
