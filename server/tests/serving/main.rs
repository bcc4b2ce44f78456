//! A running server as its users meet it: the command line, JSON over HTTP, and the way out.

mod amends;
#[cfg(debug_assertions)]
mod clock;
#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(debug_assertions)]
mod fatal;
mod files;
mod handover;
mod http;
mod imports;
mod life;
mod memory;
mod numbers;
mod pages;
mod presale;
mod python;
mod queue;
mod refunds;
#[allow(dead_code, reason = "every test binary uses the part it needs")]
mod rig;
#[cfg(debug_assertions)]
mod silent_log;
mod starting;
#[cfg(debug_assertions)]
mod stuck_log;
mod verbs;
mod went_back;
