//! The tables of world and rules files, one file each: its keys, its entry as written, how it is read, and what it means
//! once codes are ids.
//!
//! A new rule table is a file with a [`RuleTable`] in it and a line in the list below.

mod ban;
mod carrier;
mod ceiling;
mod channel;
mod contract;
mod lane;
mod policy;
mod pool;
mod prefer;
mod prices;
mod rate;
mod split;
mod step;
mod warehouse;
mod weights;

pub use channel::ChannelRules;
pub use lane::{LaneRules, NoLane, ZoneLanes};
pub use prices::PriceRules;
pub use step::StepRules;
pub use warehouse::{WarehouseKind, WarehouseRules};

pub(super) use carrier::read_carriers;
pub(super) use channel::{ChannelEntry, read_channels, resolve_channels};
pub(super) use lane::{LaneBook, LaneTables};
pub(super) use pool::read_pools;
pub(super) use warehouse::{WarehouseEntry, read_warehouses, resolve_warehouses};

use super::codes::Scope;
use super::reader::{FileError, Table};
use crate::heap::behind;
use contract::RuleTable;

/// Declares every rule table: what it is for, its key in files, and its type when resolved.
macro_rules! rule_tables {
    ($($(#[$purpose:meta])+ $key:ident: $table:ty,)+) => {
        /// The keys of the rule tables.
        pub(super) const RULE_KEYS: &[&str] = &[$(stringify!($key)),+];

        /// The rule tables of a file as written; `None` where the file does not have the table.
        #[derive(Clone, Debug)]
        pub(super) struct RuleTables {
            $($key: Option<<$table as RuleTable>::Written>,)+
        }

        /// Every rule table, resolved to ids.
        #[derive(Debug)]
        pub(crate) struct ResolvedTables {
            $($(#[$purpose])+ pub(crate) $key: $table,)+
        }

        behind! {
            RuleTables { $($key),+ }
            ResolvedTables { $($key),+ }
        }

        impl RuleTables {
            /// Takes the rule tables out of a file, in the order of the list.
            pub(super) fn take(file: &mut Table<'_, '_>) -> Result<RuleTables, FileError> {
                Ok(RuleTables { $($key: <$table>::take(file, stringify!($key))?,)+ })
            }

            /// Resolves these tables, and in place of each that `over` has, the one of `over`.
            pub(super) fn resolve(
                &self,
                over: Option<&RuleTables>,
                scope: &mut Scope<'_>,
            ) -> Result<ResolvedTables, FileError> {
                Ok(ResolvedTables {
                    $($key: {
                        let replaced = over.and_then(|over| over.$key.as_ref());
                        <$table>::resolve(replaced.or(self.$key.as_ref()), scope)?
                    },)+
                })
            }
        }
    };
}

rule_tables! {
    /// What counts for every order where nothing more specific says otherwise.
    policy: policy::Policy,
    /// Other weights for a channel, zone or category.
    weights: weights::WeightTable,
    /// Price and hours of a carrier from a warehouse to a zone.
    rate: rate::Rates,
    /// The warehouses that a zone is served from first.
    prefer: prefer::Preferences,
    /// The most a parcel of a carrier may cost.
    ceiling: ceiling::Ceilings,
    /// What may not ship.
    ban: ban::Bans,
    /// Which warehouse steps must precede which.
    step: step::StepRules,
    /// Whether stock has a price, and how it is learned.
    prices: prices::Prices,
}
