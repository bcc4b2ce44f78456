//! What the engine knows of every kind of event, and nothing of any kind by name: each body says it itself, next to the
//! command that leads to it (see [`crate::engine::change`]).

use smallvec::SmallVec;

use crate::decision::Decision;
use crate::engine::store::Engine;
use crate::engine::transact::state::{At, Broken, State};
use crate::event::*;
use crate::ids::{OrderId, SkuId, WarehouseId};
use crate::orders::KeyShard;
use crate::stock::{Move, StockShard};

/// What a body of an event has to say. Live commits and recovery ask the same.
pub(in crate::engine) trait Body {
    /// Whether it may hold decisions.
    const DECIDES: bool = false;

    /// The orders it changes, and the SKUs it touches besides those it moves units of.
    fn touches(&self, footprint: &mut Footprint);

    /// The units it moves, in the order in which they move.
    fn each_move(&self, f: &mut impl FnMut(Move));

    /// All of the change to orders, keys and stock. Reads nothing but the event and what it changes: no rules, no clock,
    /// no configuration.
    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken>;

    /// Makes all of its movements: the part of applying that most kinds begin with.
    fn post(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let mut result = Ok(());
        self.each_move(&mut |m| {
            if result.is_ok() {
                result = state.post(&m, at.seq);
            }
        });
        result
    }

    /// Makes visible what is read without locks: SKUs, rules, hints of deadlines, signals for prices.
    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken>;

    /// The decisions it holds.
    fn decisions(&self) -> Decisions<'_> {
        Decisions::NONE
    }
}

impl<B: Body> Body for Box<B> {
    const DECIDES: bool = B::DECIDES;

    fn touches(&self, footprint: &mut Footprint) {
        (**self).touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        (**self).each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        (**self).apply(state, at)
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        (**self).publish(engine, at)
    }

    fn decisions(&self) -> Decisions<'_> {
        (**self).decisions()
    }
}

/// Which shards an event touches.
#[derive(Clone, Default, Debug)]
pub(in crate::engine) struct Footprint {
    /// The orders it changes, each once.
    pub orders: SmallVec<[OrderId; 1]>,
    /// The shard of an order number whose account it changes and that no order has.
    pub number: Option<usize>,
    /// The SKUs whose stock it touches; some may be there more than once.
    pub skus: SmallVec<[SkuId; 8]>,
}

impl Footprint {
    /// The order shards.
    pub fn order_shards(&self) -> impl Iterator<Item = usize> {
        self.orders.iter().map(|order| KeyShard::of_id(*order)).chain(self.number)
    }

    /// The stock shards.
    pub fn stock_shards(&self) -> impl Iterator<Item = usize> {
        self.skus.iter().map(|sku| StockShard::of(*sku))
    }
}

/// The decisions that an event holds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Decisions<'a> {
    /// What was served from stock on hand.
    pub here: Option<&'a Decision>,
    /// What was served from goods that are yet to come, by the day they are due.
    pub ahead: &'a [Decision],
    /// What the decisions were about.
    pub scope: Scope,
    /// The parcels that the order's limit left for a part of it; none in particular when it did not hold.
    pub most: Option<u16>,
    /// The warehouse that was left out because units were missing there.
    pub without: Option<WarehouseId>,
}

/// What a decision was asked to serve.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::engine) enum Scope {
    /// A new order.
    #[default]
    New,
    /// All of an order once more.
    Whole,
    /// A part of an order, which the channel's rules on splits do not bind.
    Part,
}

impl<'a> Decisions<'a> {
    /// None.
    pub const NONE: Decisions<'static> =
        Decisions { here: None, ahead: &[], scope: Scope::New, most: None, without: None };

    /// One decision over stock on hand.
    pub fn one(decision: &'a Decision, scope: Scope) -> Decisions<'a> {
        Decisions { here: Some(decision), ahead: &[], scope, most: None, without: None }
    }
}

/// Gives every kind of event what its body has to say.
macro_rules! bodies {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $name:ident: $class:ty {
            $($(#[doc = $about:literal])+ $number:literal $text:literal $([$is:expr])? $variant:ident($body:ty),)+
        }
    ) => {
        /// The kinds of events by number, and whether they may hold decisions.
        pub(in crate::engine) const DECIDING: &[(u16, bool)] = &[$(($number, <$body as Body>::DECIDES)),+];

        impl $name {
            /// What it touches.
            pub(in crate::engine) fn footprint(&self) -> Footprint {
                let mut footprint = self.touches();
                self.each_move(|m| footprint.skus.push(m.sku));
                footprint
            }

            /// What it touches, but for the SKUs that it moves units of.
            pub(in crate::engine) fn touches(&self) -> Footprint {
                let mut footprint = Footprint::default();
                match self {
                    $($name::$variant(body) => body.touches(&mut footprint),)+
                }
                footprint
            }

            pub(in crate::engine) fn each_move(&self, mut f: impl FnMut(Move)) {
                match self {
                    $($name::$variant(body) => body.each_move(&mut f),)+
                }
            }

            pub(in crate::engine) fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
                match self {
                    $($name::$variant(body) => body.apply(state, at),)+
                }
            }

            pub(in crate::engine) fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
                match self {
                    $($name::$variant(body) => body.publish(engine, at),)+
                }
            }

            pub(in crate::engine) fn decisions(&self) -> Decisions<'_> {
                match self {
                    $($name::$variant(body) => body.decisions(),)+
                }
            }
        }
    };
}

each_event!(bodies);
