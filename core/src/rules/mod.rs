//! The rules of the world: who ships what to whom, for how much, and what counts.
//!
//! A **world file** names warehouses, carriers, channels and pools, and holds rule tables; a **rules file** holds rule
//! tables only. Both are TOML, read whole or refused whole with the line that is wrong. Reading has two stages, because
//! ids are given by the engine:
//!
//! ```text
//! text ──► WorldFile::parse ──► codes in file order ──► the engine gives ids (Assignments)
//!                │                                                │
//!                └──────────────► RuleSet::resolve ◄──────────────┘
//!          RulesFile::parse ─────────────┘
//! ```
//!
//! A [`RuleSet`] is immutable and speaks dense ids only. Swapping rules is swapping the whole set.
//!
//! # The rule tables
//!
//! | table | says | most specific entry |
//! |---|---|---|
//! | `[policy]` | `w_money`, `w_time`, `w_balance`; `ship_complete`, `max_parcels`, `split_…` of channels that do not say | there is one |
//! | `[[weights]]` | other weights for a `channel`, `zone` or `category`; what it leaves out is the policy's | more conditions first; then channel, zone, category |
//! | `[[rate]]` | price and hours of a `carrier` `from` a warehouse, a warehouse zone or `"*"`, `to` a zone or `"*"` | warehouse, its zone, `"*"`; then zone before `"*"` |
//! | `[[prefer]]` | `warehouses` in order for a `zone` (or `"*"`) | zone before `"*"` |
//! | `[[ceiling]]` | a `carrier` may not take a parcel that costs more than `above`, to a `zone` or anywhere | zone before `"*"` |
//! | `[[ban]]` | no parcel matches all of `warehouse`, `carrier`, `zone` that it names | all apply |
//! | `[[step]]` | the warehouse step `name` comes `after` others | all apply |
//! | `[prices]` | stock has a price, learned from orders: `cover`, `history`, `sample`, `recompute_every`, `pass_over_own` | there is one |
//!
//! In `[[prefer]]` each rank after the first adds `penalty` to the score of a parcel from there, and a warehouse that is
//! not listed ranks behind those that are. Without `penalty` the order is strict: no saving makes up for a rank.
//! `hours`, one per warehouse, replaces the hours of the rates.
//!
//! A rules file **replaces** each table it contains: with one `[[rate]]` in it, none of the world's rates are left. Tables
//! it does not name stay as they are in the world file. `ban = []` replaces a table by nothing. Applying a world file drops the rules file.

mod codes;
mod load;
mod reader;
mod ruleset;
mod tables;

pub use codes::{Assignments, WorldCodes};
pub use load::{RulesFile, WorldFile};
pub use reader::{Fault, FileError};
pub use ruleset::RuleSet;
pub use tables::{
    ChannelRules, LaneRules, NoLane, PriceRules, StepRules, StepSet, WarehouseKind, WarehouseRules, WarehouseStep,
    ZoneLanes,
};

#[cfg(test)]
mod tests;
