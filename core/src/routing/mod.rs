//! Which warehouses and carriers serve an order.

mod rates;

pub use rates::{Rate, Weights};
