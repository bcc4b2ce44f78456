//! What an operator does with a history besides serving it: look it over, export it, back it up, restore it.

#[cfg(target_os = "linux")]
mod bounded;
mod cut;
mod damaged;
mod exported;
mod formats;
#[cfg(debug_assertions)]
mod killed;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
#[path = "../support/redis_server.rs"]
mod redis_server;
mod restored;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
#[path = "../serving/rig.rs"]
mod rig;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
#[path = "../operations/shop.rs"]
mod shop;
mod surveyed;
