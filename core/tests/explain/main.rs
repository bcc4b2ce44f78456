//! Why an order ships the way it does, explained from the history as it was decided.

mod drawn;
mod kept;
mod prices;
mod reasons;
#[path = "../support/mod.rs"]
mod support;
