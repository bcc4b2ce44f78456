//! The HTTP side: probes, metrics, and the JSON calls with which a shop in any language can start.
//!
//! ```text
//!   request ──► Caller (token, key, terms) ──► body ──► Service::command / query ──► Service::answer ──► JSON
//!                     └── a problem (RFC 9457) at every step that says no
//! ```
//!
//! The same service as behind QUIC decides, so that keys, roles, deadlines and durability mean the same on both.
//!
//! | module | what it holds |
//! |---|---|
//! | `api` | the calls, one file per resource |
//! | [`bodies`] | the bodies they take and answer, one file per resource; the command line prints the same |
//! | `caller`, `parameters` | what a request says besides its body |
//! | `objects` | JSON in which an array is no object |
//! | `calls` | a call from its command or query to its response |
//! | `connection`, `heads`, `paced`, `visit` | a connection, its bounds and its orderly end |
//! | `problem` | refusals as responses |
//! | `probes` | liveness, readiness and metrics |
//! | `starting` | the probes while a server takes up its history |

mod api;
pub mod bodies;
mod caller;
mod calls;
mod connection;
mod heads;
mod objects;
mod paced;
mod parameters;
mod probes;
mod problem;
mod server;
mod starting;
mod state;
mod visit;

pub use server::{listen, serve};
pub use starting::{Progress, serve_starting};
pub use state::{Backups, Http};
pub use visit::HttpLimits;
