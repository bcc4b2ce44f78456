//! The check of a day: everything acknowledged is known to the server, and nothing is promised twice.

use std::collections::HashMap;
use std::sync::Arc;

use stockade_core::ids::Code;
use stockade_core::orders::Stage;

use super::books::{Acknowledged, Books, Known};
use super::day::Day;
use super::play::Crew;

/// The result of comparing the server with everything acknowledged.
#[derive(Default)]
pub struct Found {
    /// Orders compared.
    pub checked: u64,
    /// One sentence for each order that the server does not know as acknowledged.
    pub missing: Vec<String>,
}

/// Compares each of these orders with the one the server knows.
pub(super) async fn check(crew: &Arc<Crew>, orders: Vec<(Code, Acknowledged)>) -> Found {
    const TASKS: usize = 64;
    let mut found = Found { checked: orders.len() as u64, missing: Vec::new() };
    let orders = Arc::new(orders);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (crew, orders) = (Arc::clone(crew), Arc::clone(&orders));
            tokio::spawn(async move {
                let mut missing = Vec::new();
                for (number, acknowledged) in orders.iter().skip(task).step_by(TASKS) {
                    match crew.order(&acknowledged.channel, number).await {
                        Ok(now) => missing.extend(acknowledged.lost(&now).map(|why| format!("order {number} {why}"))),
                        Err(error) => missing.push(format!("order {number}: {error}")),
                    }
                }
                missing
            })
        })
        .collect();
    for task in tasks {
        match task.await {
            Ok(missing) => found.missing.extend(missing),
            Err(error) => found.missing.push(error.to_string()),
        }
    }
    found
}

/// Units promised to customers beyond what was ever received, over all SKUs and warehouses.
pub(super) fn oversold(day: &Day, books: &Books) -> u64 {
    let mut left: HashMap<(Code, Code), i128> = HashMap::new();
    for stock in day.stock() {
        *left.entry((stock.sku, stock.warehouse)).or_default() += i128::from(stock.units.0);
    }
    for (_, order) in books.orders().into_iter().filter(|(_, order)| order.known != Known::Cancelled) {
        // Returned units may have been sold again: an order that is confirmed may have come back.
        if order.stages.iter().all(|stage| *stage < Stage::Delivered) {
            for (sku, warehouse, units) in order.units {
                *left.entry((sku, warehouse)).or_default() -= i128::from(units);
            }
        }
    }
    left.values().map(|units| u64::try_from(-units).unwrap_or(0)).sum()
}
