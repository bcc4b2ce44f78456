//! How a vocabulary is declared: each kind once, with its number, its name and its class. Codecs, metric labels, digests,
//! rights and help texts take them from there.

use crate::ids::Code;
use crate::vocabulary::order_ref::OrderRef;

/// What is declared of one kind of command, query, reply, refusal or event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind<C = ()> {
    /// Its number on the wire and in journals. Never changes its meaning.
    pub number: u16,
    /// Its name in JSON, metrics and timelines: lower case, words joined by `_`. Never changes its meaning.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// What it belongs to: the right it needs, or nothing.
    pub class: C,
}

/// A body that a vocabulary declares a kind for.
pub trait BodyOf<Vocabulary> {
    /// The number of its kind.
    const NUMBER: u16;
    /// The name of its kind.
    const NAME: &'static str;
}

/// Which callers may send a kind of command or query.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Right {
    /// Change the world, the rules, SKUs, pools, inbound receipts and reviews.
    Manage,
    /// Receive, correct, count and transfer stock.
    Floor,
    /// Move sub-orders along.
    Ship,
    /// Place, pay, extend and cancel orders of one's own channel.
    Sell,
    /// Read what concerns one's own channel.
    ReadOwn,
    /// Read everything.
    Read,
}

/// Whose a command or query is: what decides whether a caller that is bound to one channel may send it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner<'a> {
    /// Of this channel.
    Channel(&'a Code),
    /// Of the channel of this order.
    Order(&'a OrderRef),
    /// Of no channel in particular.
    Nobody,
}

/// A body that is about one channel, or about none in particular.
pub trait Owned {
    /// Whose it is.
    fn owner(&self) -> Owner<'_>;
}

/// Says whose bodies are: `Pay => Order(order)` is the owner of the order in its field `order`.
macro_rules! owned {
    ($($body:ident => $owner:ident $(($($field:tt)+))?,)+) => {
        $(impl $crate::vocabulary::Owned for $body {
            fn owner(&self) -> $crate::vocabulary::Owner<'_> {
                $crate::vocabulary::Owner::$owner $((&self.$($field)+))?
            }
        })+
    };
}

/// Gives a vocabulary the owners of its bodies.
macro_rules! owners {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $name:ident: $class:ty {
            $($(#[doc = $about:literal])+ $number:literal $text:literal $([$is:expr])? $variant:ident($body:ty),)+
        }
    ) => {
        impl $crate::vocabulary::Owned for $name {
            fn owner(&self) -> $crate::vocabulary::Owner<'_> {
                match self {
                    $($name::$variant(body) => $crate::vocabulary::Owned::owner(body),)+
                }
            }
        }
    };
}

/// Declares a vocabulary: an enum of bodies that is encoded by number. bincode's own derive would count positions
/// instead, and a kind added in the middle would change the meaning of every later one.
macro_rules! numbered {
    (
        $what:literal
        $(#[$doc:meta])*
        pub enum $name:ident: $class:ty {
            $(
                $(#[doc = $about:literal])+
                $number:literal $text:literal $([$is:expr])? $variant:ident($body:ty),
            )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum $name {
            $($(#[doc = $about])+ $variant($body) = $number,)+
        }

        impl $name {
            /// Every kind there is, in the order of declaration.
            pub const KINDS: &'static [$crate::vocabulary::Kind<$class>] = &[$($crate::vocabulary::Kind {
                number: $number,
                name: $text,
                about: concat!($($about),+).trim_ascii_start(),
                class: $crate::vocabulary::numbered::class!($($is)?),
            }),+];

            /// What is declared of its kind.
            pub const fn kind(&self) -> &'static $crate::vocabulary::Kind<$class> {
                &Self::KINDS[self.index()]
            }

            /// The place of its kind in [`Self::KINDS`].
            pub const fn index(&self) -> usize {
                #[derive(Clone, Copy)]
                enum KindIndex { $($variant),+ }
                match self {
                    $($name::$variant(_) => KindIndex::$variant as usize,)+
                }
            }

            /// The name of its kind.
            pub const fn name(&self) -> &'static str {
                self.kind().name
            }

            /// The name of the kind that has this body.
            pub const fn name_of<B: $crate::vocabulary::BodyOf<$name>>() -> &'static str {
                B::NAME
            }
        }

        $(impl $crate::vocabulary::BodyOf<$name> for $body {
            const NUMBER: u16 = $number;
            const NAME: &'static str = $text;
        })+

        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
                match self {
                    $($name::$variant(body) => {
                        bincode::Encode::encode(&($number as u16), encoder)?;
                        bincode::Encode::encode(body, encoder)
                    })+
                }
            }
        }

        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                match <u16 as bincode::Decode<C>>::decode(decoder)? {
                    $($number => Ok($name::$variant(bincode::Decode::decode(decoder)?)),)+
                    other => Err($crate::codec::unknown_kind($what, other)),
                }
            }
        }

        bincode::impl_borrow_decode!($name);
    };
}

/// The class of a kind; nothing where none is declared.
macro_rules! class {
    () => {
        ()
    };
    ($is:expr) => {
        $is
    };
}

pub(crate) use class;
pub(crate) use numbered;
pub(crate) use owned;
pub(crate) use owners;
