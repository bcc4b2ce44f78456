//! Client library for shops and services that use a Stockade server.
//!
//! ```no_run
//! use stockade_client::{Client, ClientConfig, Stockade, Trust, by_number, code};
//! use stockade_client::core::command::{Line, Place};
//! use stockade_client::core::units::Units;
//!
//! # async fn shop() -> Result<(), Box<dyn std::error::Error>> {
//! let pin = "5f0c…".parse()?; // the server prints it on its first start
//! let client = Client::connect(ClientConfig::new("127.0.0.1:7470", Trust::Pinned(pin), "stk_…")).await?;
//! let lines = vec![Line { sku: code("TEA-250")?, units: Units(2) }];
//! let placed = client.place(Place { zone: Some(code("CN-44")?), ..Place::new(code("web")?, code("1001")?, lines) }).await?;
//! println!("held until {}, {} parcels, {}", placed.expires_at, placed.plan.sub_orders.len(), placed.plan.cost);
//! client.pay(by_number(code("web")?, code("1001")?)).await?;
//! # Ok(()) }
//! ```
//!
//! Calls from any number of tasks share a few connections, and requests made at the same moment travel together. A
//! call is retried automatically while that is safe and useful, always under the same idempotency key. If its outcome
//! then remains unknown, the error is [`ClientError::OutcomeUnknown`].

mod calls;
mod client;
mod clock;
mod config;
mod connection;
pub mod embedded;
mod error;
mod lane;
mod picks;
mod retry;
mod tls;

pub use calls::{Answer, Stockade, With, by_id, by_number};
pub use client::Client;
pub use config::{Call, ClientConfig, Retry};
pub use embedded::Embedded;
pub use error::ClientError;
pub use stockade_core as core;
pub use tls::{Fingerprint, FingerprintError, Trust};

/// Checks a text and makes it a code.
///
/// # Errors
/// When the text is empty, longer than 64 characters, or has a character that cannot be seen.
pub fn code(text: &str) -> Result<core::ids::Code, core::ids::CodeError> {
    core::ids::Code::new(text)
}

/// The examples of the README, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the guide, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/guide/client.md")]
struct Guide;
