//! The Stockade server and the `stockade` command.
//!
//! The engine itself lives in `stockade-core`, which knows no clock, no network and no disk. This crate brings it into
//! the world:
//!
//! ```text
//!   cli ──► config ──► serve ──► journal ──► recovery ──► engine (core)
//!                        ├─────► QUIC listener ─────────────▲
//!                        ├─────► http ──────────────────────┤
//!                        └─────► expiry by the clock ───────┘
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`cli`] | the command line: one file per family of verbs |
//! | [`config`] | settings with their origins, and the refusal of unsafe ones |
//! | [`files`] | stock, catalog and orders from spreadsheets |
//! | [`failure`] | why a command ends, and the exit code that says so |

pub mod cli;
pub mod config;
pub mod failure;
pub mod files;
