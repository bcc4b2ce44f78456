//! Questions, one file each. Each answer says the latest event it depends on, so that it can wait until that is durable.

mod availability;
mod extent;
mod inbound;
mod order;
mod orders;
mod quote;
mod refunds;
mod stock;
mod times;
mod view;
mod world;

pub use extent::Extent;

use crate::engine::outcome::Decided;
use crate::engine::store::Engine;
use crate::ids::{Code, SkuId};
use crate::query::{Query, each_query};
use crate::reject::Reject;
use crate::time::Time;

/// A query that the engine can answer.
pub(in crate::engine) trait Ask {
    /// Answers it. Changes nothing.
    fn ask(&self, engine: &Engine, now: Time) -> Decided;
}

/// Gives every kind of query to its file.
macro_rules! dispatch {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $name:ident: $class:ty {
            $($(#[doc = $about:literal])+ $number:literal $text:literal $([$is:expr])? $variant:ident($body:ty),)+
        }
    ) => {
        impl Ask for $name {
            fn ask(&self, engine: &Engine, now: Time) -> Decided {
                match self {
                    $($name::$variant(query) => query.ask(engine, now),)+
                }
            }
        }
    };
}

each_query!(dispatch);

impl Query {
    /// Answers a query.
    pub(in crate::engine) fn answer(&self, engine: &Engine, now: Time) -> Decided {
        Ask::ask(self, engine, now)
    }
}

impl Engine {
    /// The SKUs named; when none is, `limit` of all, from the one after `after` on.
    fn page_of_skus(&self, named: &[Code], after: Option<&Code>, limit: usize) -> Result<Vec<SkuId>, Reject> {
        if !named.is_empty() {
            return self.known_skus(named.iter());
        }
        let first = after.map(|code| self.known_sku(code)).transpose()?.map_or(0, |sku| sku.index() + 1);
        Ok((first..self.skus.count()).take(limit).map(|id| SkuId(u32::try_from(id).unwrap_or(u32::MAX))).collect())
    }
}
