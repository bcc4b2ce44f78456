//! One file for each change: the command that asks for it, how it is decided, the event it makes, and how that applies.
//!
//! | folder | changes |
//! |---|---|
//! | `order/` | place, promise, pay, refunds, extend, expire, grace after an outage, cancel, steps, short picks, returns, reviews |
//! | `stock/` | receive, adjust, count, transfer, arrive, pools, safety stock |
//! | `inbound/` | announce, change and withdraw receipts, hand over what came |
//! | `configure/` | world, rules, SKUs |

mod configure;
mod inbound;
mod order;
mod stock;

use crate::command::{Command, each_command};
use crate::engine::outcome::Decided;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;

pub use order::expire::Released;
pub use order::grace::Extended;

/// A command that the engine can carry out.
pub(in crate::engine) trait Execute {
    /// Decides it and, when it is allowed, commits it.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided;
}

/// Gives every kind of command to its file.
macro_rules! dispatch {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $name:ident: $class:ty {
            $($(#[doc = $about:literal])+ $number:literal $text:literal $([$is:expr])? $variant:ident($body:ty),)+
        }
    ) => {
        impl Execute for $name {
            fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
                match self {
                    $($name::$variant(command) => command.execute(engine, asked),)+
                }
            }
        }
    };
}

each_command!(dispatch);

impl Command {
    /// Decides a command and, when it is allowed, commits it.
    pub(in crate::engine) fn carry_out(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        Execute::execute(self, engine, asked)
    }
}
