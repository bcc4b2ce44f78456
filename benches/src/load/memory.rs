//! Where the memory of a run is, next to what the process holds.

use std::fmt;
use std::time::{Duration, Instant};

use stockade_core::engine::{Engine, Kept};
use stockade_core::heap::{Room, Rooms};

/// Bytes by room, what is in the rooms, and the resident size of the process.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    /// Bytes that each room asked the allocator for.
    pub rooms: Rooms,
    /// Orders and cells of stock.
    pub kept: Kept,
    /// Resident bytes of the process.
    pub resident: usize,
    /// How long the rooms took to count it.
    pub took: Duration,
}

/// Rooms whose bytes are shared out to orders.
const OF_ORDERS: [Room; 5] = [Room::Orders, Room::OrderIndex, Room::Timers, Room::Lists, Room::Accounts];

impl Footprint {
    /// As it is now.
    pub fn of(engine: &Engine) -> Footprint {
        let began = Instant::now();
        let rooms = engine.memory();
        Footprint { rooms, took: began.elapsed(), kept: engine.kept(), resident: resident() }
    }

    /// Bytes per order in memory of a room that orders fill.
    pub fn per_order(&self, room: Room) -> Option<f64> {
        (OF_ORDERS.contains(&room) && self.kept.orders > 0)
            .then(|| self.rooms.of(room) as f64 / self.kept.orders as f64)
    }

    /// Bytes per order in memory.
    pub fn order(&self) -> f64 {
        OF_ORDERS.iter().filter_map(|room| self.per_order(*room)).sum()
    }

    /// Bytes per cell of stock.
    pub fn cell(&self) -> f64 {
        self.rooms.of(Room::StockCells) as f64 / self.kept.cells.max(1) as f64
    }

    /// The figures as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let rooms: serde_json::Map<_, _> =
            self.rooms.iter().map(|(room, bytes)| (room.name().to_owned(), bytes.into())).collect();
        serde_json::json!({
            "rooms": rooms,
            "rooms_total": self.rooms.total(),
            "resident": self.resident,
            "counted_in_us": self.took.as_secs_f64() * 1e6,
            "orders": self.kept.orders,
            "bytes_per_order": self.order(),
            "cells": self.kept.cells,
            "bytes_per_cell": self.cell(),
        })
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>14} {:>16} {:>10}", "room", "bytes", "per order")?;
        for (room, bytes) in self.rooms.iter() {
            let per_order = self.per_order(room).map_or(String::new(), |bytes| format!("{bytes:.1}"));
            writeln!(f, "{:>14} {bytes:>16} {per_order:>10}", room.name())?;
        }
        writeln!(f, "{:>14} {:>16} {:>10.1}", "all rooms", self.rooms.total(), self.order())?;
        writeln!(f, "{:>14} {:>16}", "resident", self.resident)?;
        writeln!(f, "{:>14} {:>13.0} µs", "counted in", self.took.as_secs_f64() * 1e6)?;
        let (orders, cells) = (self.kept.orders, self.kept.cells);
        write!(f, "{orders:>14} orders, {cells} stock cells of {:.1} bytes", self.cell())
    }
}

/// Resident bytes of this process.
pub fn resident() -> usize {
    // The second field counts pages of 4 KiB, which all machines that this runs on have.
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4_096
}
