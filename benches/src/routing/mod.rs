//! Distance of routing from the optimum, set by set of instances, compared with other policies.
//!
//! | set | what | reference |
//! |---|---|---|
//! | `orders` | generated orders with weight steps, one by one | the optimum |
//! | `ufl`, `holmberg` | published facility location: one order each | the optimum |
//! | `stored`, `fresh` | the multi-item fulfilment test of Jasin and Sinha (2015) and Ma (2023): whole seasons of orders | the LP bound (DLP) |
//! | `large` | the same with 99 cities, 10 warehouses, 100 SKUs | a Lagrangian bound |
//! | `national` | cities by population, receipts every two weeks, a sale peak | a Lagrangian bound |
//!
//! `make bench-routing` runs all sets; the table is in `docs/src/internals/routing-bench.md`.
//!
//! Stockade's figures are the engine's own: every order is a command, and every price comes from its price training.

mod draw;
mod facility;
mod fulfilment;
mod instance;
mod lagrangian;
mod linear;
mod national;
mod orders;
mod policies;
mod rounding;
mod shop;
mod stored;
mod table;

use std::path::PathBuf;

use table::Table;

/// Options of the report.
#[derive(Clone, Debug, clap::Parser)]
#[command(about = "Measure how far routing is from the optimum")]
pub struct Report {
    /// Folder of published instances; without it, only generated ones.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Run only these sets: orders, ufl, holmberg, stored, fresh, large, national.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// First seed of the fresh instances.
    #[arg(long, default_value_t = 101)]
    pub seed: u64,
    /// Number of fresh instances.
    #[arg(long, default_value_t = 20)]
    pub instances: u64,
    /// Run a short version: fewer instances, a shorter season of the large network.
    #[arg(long)]
    pub quick: bool,
}

impl Report {
    /// Runs the sets asked for and prints the table.
    ///
    /// # Errors
    /// When data cannot be read or a set's name is unknown.
    pub fn run(&self) -> Result<(), String> {
        const SETS: [&str; 7] = ["orders", "ufl", "holmberg", "stored", "fresh", "large", "national"];
        if let Some(unknown) = self.only.iter().find(|set| !SETS.contains(&set.as_str())) {
            return Err(format!("there is no set `{unknown}`: name some of {}", SETS.join(", ")));
        }
        let mut table = Table::new();
        let wanted = |set: &str| self.only.is_empty() || self.only.iter().any(|only| only == set);
        if wanted("orders") {
            orders::compare(self.seed, self.quick, &mut table)?;
        }
        if wanted("ufl") {
            facility::warehouse_location(self.data.as_deref(), &mut table)?;
        }
        if let Some(data) = self.data.as_deref().filter(|_| wanted("holmberg")) {
            facility::single_source(data, self.quick, &mut table)?;
        }
        if let Some(data) = self.data.as_deref().filter(|_| wanted("stored")) {
            fulfilment::stored(data, &mut table)?;
        }
        if wanted("fresh") {
            let count = if self.quick { 3 } else { self.instances };
            fulfilment::fresh(self.data.as_deref(), self.seed..self.seed + count, &mut table)?;
        }
        if wanted("large") {
            fulfilment::large(self.data.as_deref(), self.seed, self.quick, &mut table)?;
        }
        if wanted("national") {
            national::season(self.data.as_deref(), self.seed, self.quick, &mut table)?;
        }
        Ok(())
    }
}
