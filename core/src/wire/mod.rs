//! What leaves the process: bytes with a version, a bound and a checked end.

pub mod codec;
