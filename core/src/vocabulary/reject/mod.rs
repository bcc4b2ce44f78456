//! Refusals: results, not errors. Each has a stable code, a sentence a person can act on, and says whether trying the
//! same again later may succeed.

use std::fmt;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::codec::unknown_kind;
use crate::durability::Durability;
use crate::ids::{Code, OrderId, RulesVersion, Seq, SubNo};
use crate::orders::{OrderState, Stage};
use crate::time::Span;
use crate::units::Units;
use crate::vocabulary::Kind;
use crate::vocabulary::command::OrderRef;

/// A SKU of which there was too little.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Short {
    /// The SKU.
    pub sku: Code,
    /// Units ordered.
    pub wanted: Units,
    /// Units the channel could draw at that moment.
    pub available: Units,
}

/// What a code should have named.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum CodeKind {
    /// A warehouse or store.
    Warehouse,
    /// A channel.
    Channel,
    /// A pool.
    Pool,
    /// A carrier.
    Carrier,
    /// A SKU.
    Sku,
}

impl CodeKind {
    const fn code(self) -> &'static str {
        match self {
            CodeKind::Warehouse => "unknown_warehouse",
            CodeKind::Channel => "unknown_channel",
            CodeKind::Pool => "unknown_pool",
            CodeKind::Carrier => "unknown_carrier",
            CodeKind::Sku => "unknown_sku",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            CodeKind::Warehouse => "warehouse",
            CodeKind::Channel => "channel",
            CodeKind::Pool => "pool",
            CodeKind::Carrier => "carrier",
            CodeKind::Sku => "SKU",
        }
    }
}

/// How long a caller should wait before it tries again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RetryAfter(pub Span);

/// Declares the refusals: each once, with its number, its name, and whether trying the same again later may succeed.
/// Encoded by number, like the other vocabularies.
macro_rules! refusals {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $(
                $(#[doc = $about:literal])+
                $number:literal $text:literal $lasts:ident $variant:ident
                $({$($(#[$of_field:meta])+ $field:ident: $content:ty,)+})?,
            )+
        }
    ) => {
        $(#[$doc])*
        #[repr(u16)]
        pub enum $name {
            $($(#[doc = $about])+ $variant $({$($(#[$of_field])+ $field: $content,)+})? = $number,)+
        }

        impl $name {
            /// Every kind of refusal, in the order of declaration.
            pub const KINDS: &'static [Kind<Lasting>] = &[$(Kind {
                number: $number,
                name: $text,
                about: concat!($($about),+).trim_ascii_start(),
                class: lasting!($lasts),
            }),+];

            /// What is declared of its kind.
            pub const fn kind(&self) -> &'static Kind<Lasting> {
                #[derive(Clone, Copy)]
                enum Place { $($variant),+ }
                match self {
                    $($name::$variant { .. } => &Self::KINDS[Place::$variant as usize],)+
                }
            }
        }

        impl Encode for $name {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                match self {
                    $($name::$variant $({$($field),+})? => {
                        Encode::encode(&($number as u16), encoder)?;
                        $($(Encode::encode($field, encoder)?;)+)?
                    })+
                }
                Ok(())
            }
        }

        impl<C> Decode<C> for $name {
            fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
                match <u16 as Decode<C>>::decode(decoder)? {
                    $($number => Ok($name::$variant $({$($field: Decode::decode(decoder)?),+})?),)+
                    other => Err(unknown_kind("refusal", other)),
                }
            }
        }

        bincode::impl_borrow_decode!($name);
    };
}

macro_rules! lasting {
    (transient) => {
        Lasting::Transient
    };
    (final) => {
        Lasting::Final
    };
}

/// Whether the same request may succeed later without anybody changing it or the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lasting {
    /// It may.
    Transient,
    /// It does not.
    Final,
}

refusals! {
    /// A refused command or query. Nothing was changed.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub enum Reject {
        /// Too little stock for some lines; nothing is held.
        1 "insufficient_stock" final InsufficientStock {
            /// Each short SKU.
            short: Vec<Short>,
        },
        /// There is stock, but no allowed way to ship it.
        2 "unroutable" final Unroutable {
            /// What stood in the way.
            reason: String,
        },
        /// The carrier the order names does not reach its zone from any warehouse that holds goods.
        3 "carrier_not_eligible" final CarrierNotEligible {
            /// The carrier.
            carrier: Code,
            /// The destination zone.
            zone: Option<Code>,
        },
        /// Codes that were never defined.
        4 "unknown" final Unknown {
            /// What they should name.
            kind: CodeKind,
            /// The codes.
            codes: Vec<Code>,
        },
        /// No such order.
        5 "unknown_order" final UnknownOrder {
            /// As it was asked for.
            order: OrderRef,
            /// Whether it is a payment for a number, without a reference: with one it is recorded.
            unnamed: bool,
        },
        /// The order has no such sub-order.
        6 "unknown_sub_order" final UnknownSubOrder {
            /// The number asked for.
            sub: SubNo,
            /// How many it has.
            count: u16,
        },
        /// The key, the order number or the reference of a payment was used before with other content.
        7 "conflict" final Conflict {
            /// What differs or where to look.
            reason: String,
        },
        /// The step is not allowed in this state.
        8 "illegal_step" final IllegalStep {
            /// What was tried.
            step: String,
            /// Where the order stands.
            state: OrderState,
            /// Where the sub-order stands, when it was about one.
            stage: Option<Stage>,
            /// Why not, and what can still be done.
            reason: String,
        },
        /// A field is out of bounds.
        9 "invalid" final Invalid {
            /// The field, as the command names it.
            field: String,
            /// What is wrong and what would be right.
            reason: String,
        },
        /// A file is refused whole.
        10 "bad_file" final BadFile {
            /// The line, from 1; 0 when it is about the whole.
            line: u32,
            /// What is wrong and what would be right.
            reason: String,
        },
        /// Fewer units in the bucket than the movement takes.
        11 "not_enough_units" final NotEnoughUnits {
            /// The SKU.
            sku: Code,
            /// The warehouse.
            warehouse: Code,
            /// The bucket.
            bucket: String,
            /// Units asked.
            wanted: Units,
            /// Units there.
            available: Units,
        },
        /// The rules changed since the caller read them.
        12 "stale_rules" final StaleRules {
            /// The version asked for.
            expected: RulesVersion,
            /// The version in force.
            actual: RulesVersion,
        },
        /// The count is older than what the cell remembers.
        13 "count_too_old" final CountTooOld {
            /// The SKU.
            sku: Code,
            /// The oldest watermark that can still be laid under.
            oldest: Seq,
        },
        /// The caller may not do this.
        20 "forbidden" final Forbidden {
            /// Which right is missing.
            reason: String,
        },
        /// The caller is not known.
        21 "unauthenticated" final Unauthenticated,
        /// The not-after time had passed before anything was done.
        22 "too_late" final TooLate,
        /// Too much at once.
        30 "overloaded" transient Overloaded {
            /// When to try again.
            retry_after: RetryAfter,
        },
        /// Nothing was done and nothing can be at the moment.
        31 "unavailable" transient Unavailable {
            /// What is missing or has failed, and what to wait for.
            reason: String,
        },
        /// This journal cannot give the durability asked for.
        32 "durability_unavailable" final DurabilityUnavailable {
            /// What was asked.
            asked: Durability,
            /// The most it can give.
            best: Durability,
        },
        /// Applied in memory but not as durable as asked before the deadline: it may or may not last. Retry with the same key.
        33 "outcome_unknown" transient OutcomeUnknown {
            /// The order, when one is known.
            order: Option<OrderId>,
        },
        /// The engine stopped itself because an invariant broke.
        34 "halted" final Halted {
            /// The evidence.
            reason: String,
        },
    }
}

impl Reject {
    /// The stable code: the name of its kind; of a code that names nothing, what it should have named as well.
    pub const fn code(&self) -> &'static str {
        if let Reject::Unknown { kind, .. } = self {
            return kind.code();
        }
        self.kind().name
    }

    /// Whether the same request may succeed later without anybody changing it or the stock.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind().class, Lasting::Transient)
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reject::InsufficientStock { short } => short_of(short, f),
            Reject::Unroutable { reason } => write!(f, "there is stock but no allowed way to ship it: {reason}"),
            Reject::CarrierNotEligible { carrier, zone: Some(zone) } => {
                write!(
                    f,
                    "carrier {carrier} has no rate to zone {zone} from any warehouse; choose another or leave it open"
                )
            }
            Reject::CarrierNotEligible { carrier, zone: None } => {
                write!(f, "carrier {carrier} has no rate without a destination zone; name the zone or another carrier")
            }
            Reject::Unknown { kind, codes } => {
                write!(f, "unknown {}", kind.noun())?;
                for (n, code) in codes.iter().enumerate() {
                    write!(f, "{} {code}", if n == 0 { "" } else { "," })?;
                }
                f.write_str(": define it first or correct the code")
            }
            Reject::UnknownOrder { order, unnamed: false } => write!(f, "no such order: {order}"),
            Reject::UnknownOrder { order, unnamed: true } => {
                write!(f, "no such order: {order}; money that came for it is recorded when you name the payment")
            }
            Reject::UnknownSubOrder { sub, count } => {
                write!(f, "the order has no sub-order {sub}, only 1 to {count}")
            }
            Reject::Conflict { reason } => write!(f, "the same was sent before with other content: {reason}"),
            Reject::IllegalStep { step, state, stage: Some(stage), reason } => {
                write!(f, "cannot {step} a sub-order that is {} (order {}): {reason}", stage.name(), state.name())
            }
            Reject::IllegalStep { step, state, stage: None, reason } => {
                write!(f, "cannot {step} an order that is {}: {reason}", state.name())
            }
            Reject::Invalid { field, reason } => write!(f, "{field}: {reason}"),
            Reject::BadFile { line: 0, reason } => write!(f, "the file is refused whole: {reason}"),
            Reject::BadFile { line, reason } => write!(f, "the file is refused whole: line {line}: {reason}"),
            Reject::NotEnoughUnits { sku, warehouse, bucket, wanted, available } => {
                let wanted = wanted.counted();
                write!(f, "{wanted} of {sku} wanted from {bucket} at {warehouse}, {available} can be taken")
            }
            Reject::StaleRules { expected, actual } => {
                write!(f, "rules version {expected} was expected but {actual} is in force: read them again")
            }
            Reject::CountTooOld { sku, oldest } => {
                write!(
                    f,
                    "the count of {sku} is older than the movements its cell remembers: count again as of {oldest} or later"
                )
            }
            Reject::Forbidden { reason } => write!(f, "not allowed: {reason}"),
            Reject::Unauthenticated => f.write_str("the token is not known: create one with `stockade token add`"),
            Reject::TooLate => f.write_str("the request's not-after time had passed; nothing was done"),
            Reject::Overloaded { retry_after } => write!(f, "too much at once; try again in {}", retry_after.0),
            Reject::Unavailable { reason } => write!(f, "not available now, nothing was done: {reason}"),
            Reject::DurabilityUnavailable { asked, best } => {
                write!(f, "this server does not give durability {}, at most {}", asked.name(), best.name())
            }
            Reject::OutcomeUnknown { .. } => f.write_str(
                "applied but not confirmed durable in time: ask again with the same key to learn the outcome",
            ),
            Reject::Halted { reason } => write!(f, "the engine stopped itself: {reason}"),
        }
    }
}

fn short_of(short: &[Short], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("too little stock, nothing is held:")?;
    for (n, s) in short.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        write!(f, "{comma} {} of {} wanted, {} available", s.wanted, s.sku, s.available)?;
    }
    Ok(())
}

impl std::error::Error for Reject {}
