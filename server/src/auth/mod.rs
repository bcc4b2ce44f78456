//! Callers and what they may do.
//!
//! A caller shows a bearer token. [`TokenStore`] knows tokens by their hash only and answers with an [`Identity`]: a
//! name for the audit, a [`Role`], and for storefronts their channel. [`Identity::may`] and [`Identity::may_ask`]
//! decide before anything reaches the engine.

mod rights;
mod store;

pub use rights::{Identity, Role};
pub use store::{Entry, NewToken, TokenError, TokenHash, TokenStore, Tokens};
