//! The Stockade server and the `stockade` command.
//!
//! The engine itself lives in `stockade-core`, which knows no clock, no network and no disk. This crate brings it into
//! the world:
//!
//! ```text
//!   cli ──► config ──► serve ──► journal ──► recovery ──► engine (core)
//!                        ├─────► QUIC listener ─────────────▲
//!                        ├─────► edge ──────────────────────┤
//!                        └─────► expiry by the clock ───────┘
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`auth`] | tokens, roles and what each may do |
//! | [`cli`] | the command line: one file per family of verbs |
//! | [`clock`] | the only reader of clocks |
//! | [`config`] | settings with their origins, and the refusal of unsafe ones |
//! | [`demo`] | the generated order day |
//! | [`disk`] | the one place that writes files |
//! | [`edge`] | the HTTP side: probes, metrics, JSON calls and their bodies |
//! | [`failure`] | why a command ends, and the exit code that says so |
//! | [`files`] | stock, catalog and orders from spreadsheets |
//! | [`invent`] | what can be invented from a seed: draws, places, tariffs, world files |
//! | [`journal`] | the homes of the history, the thread that writes to them, and recovery |
//! | [`local`] | what a running server leaves for commands on the same machine |
//! | [`metrics`] | what is counted |
//! | [`print`] | how results look on the command line |
//! | [`quality`] | how good routing is, measured on live traffic |
//! | [`quic`] | the QUIC listener: connections, lanes, frames |
//! | [`replay`] | an order file decided order by order, every decision written down |
//! | [`serve`] | a server from its settings to its end |
//! | [`service`] | what every way in shares: rights, deadlines, answers that wait until they last |
//! | [`sketch`] | a world and stock for any order file |
//! | [`terminal`] | standard output |
//! | [`times`] | times and days as people write them |
//! | [`tls`] | the certificate the server shows |

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod disk;
pub mod edge;
pub mod failure;
pub mod files;
pub mod invent;
pub mod journal;
pub mod local;
pub mod metrics;
pub mod print;
pub mod quality;
pub mod quic;
pub mod replay;
pub mod serve;
pub mod service;
pub mod sketch;
pub mod terminal;
pub mod times;
pub mod tls;
