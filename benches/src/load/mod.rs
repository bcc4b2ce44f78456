//! The load generator: orders of three lines over many SKUs of very unequal demand, against an engine in this process
//! or a server over QUIC.

mod embedded;
mod expire;
mod home;
mod life;
mod memory;
mod options;
mod quic;
mod report;
mod world;

pub use expire::{Lateness, run as expire};
pub use life::{Ending, Lived, Lives, run as live};
pub use memory::{Footprint, resident};
pub use options::{Load, Place};
pub use report::Report;

/// Runs the load and returns its report.
///
/// # Errors
/// A sentence that names what could not be started, or the order that failed.
pub fn run(load: &Load) -> Result<Report, String> {
    match load.engine {
        Place::Embedded => embedded::run(load),
        Place::Quic => quic::run(load),
    }
}
