//! The Stockade server and the `stockade` command.
//!
//! The engine is in `stockade-core`, which knows no clock, no network and no disk. This crate connects it to them:
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
//! | [`clock`] | the only reader of the wall clock |
//! | [`config`] | settings with their origins, and the refusal of unsafe ones |
//! | [`demo`] | the generated order day |
//! | [`disk`] | the one place that writes files |
//! | [`edge`] | the HTTP side: probes, metrics, JSON calls and their bodies |
//! | [`export`] | events as lines of JSON |
//! | [`failure`] | failures of commands, and their exit codes |
//! | `faults` | faults that a test causes in a server process |
//! | [`fetch`] | one question to the HTTP side of a server |
//! | [`files`] | stock, catalog and orders from spreadsheets |
//! | [`invent`] | inventions fixed by a seed: draws, places, tariffs, world files |
//! | [`journal`] | the homes of the history, the thread that writes to them, and recovery |
//! | [`levels`] | names of durability levels |
//! | [`local`] | the file by which commands on the same machine reach a server |
//! | `logging` | the log of a server, and its limits |
//! | [`metrics`] | what is counted |
//! | [`networks`] | networks of addresses |
//! | `panics` | what a panic of a thread said |
//! | [`print`] | how results look on the command line |
//! | [`quality`] | how good routing is, measured on live traffic |
//! | [`quic`] | the QUIC listener: connections, lanes, frames |
//! | [`replay`] | an order file decided order by order, every decision written down |
//! | [`serve`] | a server from its settings to its end |
//! | [`service`] | what every listener shares: dispatch, budgets, deadlines, answers that wait for durability |
//! | [`sketch`] | a world and stock for any order file |
//! | [`terminal`] | standard output |
//! | [`throttle`] | log lines that strangers can cause, limited in rate |
//! | [`times`] | times and days as people write them |
//! | [`tls`] | the certificate of the server |

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod disk;
pub mod edge;
pub mod export;
pub mod failure;
pub(crate) mod faults;
pub mod fetch;
pub mod files;
pub mod invent;
pub mod journal;
pub mod levels;
pub mod local;
pub(crate) mod logging;
pub mod metrics;
pub mod networks;
pub(crate) mod panics;
pub mod print;
pub mod quality;
pub mod quic;
pub mod replay;
pub mod serve;
pub mod service;
pub mod sketch;
pub mod terminal;
pub mod throttle;
pub mod times;
pub mod tls;
