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
//! | [`auth`] | tokens, roles and what each may do |
//! | [`cli`] | the command line: one file per family of verbs |
//! | [`clock`] | the only reader of clocks |
//! | [`config`] | settings with their origins, and the refusal of unsafe ones |
//! | [`files`] | stock, catalog and orders from spreadsheets |
//! | [`invent`] | what can be invented from a seed: draws, places, tariffs, world files |
//! | [`quic`] | the QUIC listener: connections, lanes, frames |
//! | [`service`] | what every way in shares: rights, deadlines, answers that wait until they last |
//! | [`replay`] | an order file decided order by order, every decision written down |
//! | [`sketch`] | a world and stock for any order file |
//! | [`failure`] | why a command ends, and the exit code that says so |
//! | [`local`] | what a running server leaves for commands on the same machine |
//! | [`journal`] | the homes of the history, the thread that writes to them, and recovery |
//! | [`json`] | commands and answers as JSON, for HTTP and `--json` |
//! | [`tls`] | the certificate the server shows |

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod failure;
pub mod files;
pub mod invent;
pub mod journal;
pub mod json;
pub mod local;
pub mod quic;
pub mod replay;
pub mod service;
pub mod sketch;
pub mod tls;
