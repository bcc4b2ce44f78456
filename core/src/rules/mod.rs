//! The rules of the world: which warehouse ships what where, with which carrier and at what cost, and what a plan is judged by.
//!
//! A **world file** names warehouses, carriers, channels and pools, and holds rule tables; a **rules file** holds rule
//! tables only. Both are TOML, read whole or refused whole with the first fault, its line and what would be right.
//!
//! ```text
//!            read                        resolve
//!   text ───────────► WorldFile ──┬──────────────────► RuleSet
//!   text ───────────► RulesFile ──┤  codes become ids,
//!                     Assignments ┘  tables are checked
//! ```
//!
//! Ids come from outside: [`WorldFile::codes`] lists what needs one, [`Assignments`] says which. A [`RuleSet`] is
//! immutable and holds ids only. Rules change by replacing the whole set.
//!
//! A rules file **replaces** each table it contains: with one `[[rate]]` in it, none of the world's rates are left. Tables
//! it does not name stay as they are in the world file; `ban = []` replaces a table by nothing.
//!
//! | folder | holds |
//! |---|---|
//! | `reader/` | typed reading of TOML, faults |
//! | `codes/` | codes of a kind with their ids, zones |
//! | `tables/` | every table, one file each, and the list of rule tables |

mod codes;
mod load;
mod reader;
mod ruleset;
mod tables;

pub use codes::{Assignments, WorldCodes};
pub use load::{RulesFile, WorldFile};
pub use reader::{Fault, FileError};
pub use ruleset::RuleSet;
pub use tables::{ChannelRules, LaneRules, NoLane, PriceRules, StepRules, WarehouseKind, WarehouseRules, ZoneLanes};

#[cfg(test)]
mod tests;
