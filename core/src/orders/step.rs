//! The steps of a sub-order on its way to the customer and back: each declared once.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::codec::unknown_kind;

/// Declares the steps, with the number that events hold, the name at the border and the verb in sentences.
macro_rules! steps {
    ($($(#[$doc:meta])+ $number:literal $text:literal $verb:literal $step:ident,)+) => {
        /// A step of a sub-order. Encoded by number.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Step {
            $($(#[$doc])+ $step = $number,)+
        }

        impl Step {
            /// Every step, in the usual order.
            pub const ALL: &'static [Step] = &[$(Step::$step),+];

            /// The step's name at the border.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Step::$step => $text,)+
                }
            }

            /// The step as a verb, for sentences: "cannot scan out a sub-order that …".
            pub const fn verb(self) -> &'static str {
                match self {
                    $(Step::$step => $verb,)+
                }
            }
        }

        impl Encode for Step {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                Encode::encode(&(*self as u16), encoder)
            }
        }

        impl<C> Decode<C> for Step {
            fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
                match <u16 as Decode<C>>::decode(decoder)? {
                    $($number => Ok(Step::$step),)+
                    other => Err(unknown_kind("step", other)),
                }
            }
        }

        bincode::impl_borrow_decode!(Step);
    };
}

steps! {
    /// The pick ticket is printed.
    1 "pick" "pick" Pick,
    /// Fewer units are found than asked.
    2 "short" "report a short pick for" Short,
    /// Packed.
    3 "pack" "pack" Pack,
    /// Weighed.
    4 "weigh" "weigh" Weigh,
    /// Labelled with a waybill.
    5 "label" "label" Label,
    /// Scanned out of the warehouse.
    6 "scan" "scan out" Scan,
    /// The courier takes it.
    7 "pickup" "hand over to the courier" Pickup,
    /// Delivered.
    8 "deliver" "deliver" Deliver,
    /// The customer confirms receipt.
    9 "confirm" "confirm receipt of" Confirm,
    /// Units come back.
    10 "return" "take back" Return,
    /// Returned units are inspected.
    11 "inspect" "inspect returns of" Inspect,
    /// The parcel is undone: it is packed, weighed and labelled anew.
    12 "unpack" "unpack" Unpack,
    /// The scan is undone: the parcel is still in the warehouse.
    13 "unscan" "take back the scan of" Unscan,
    /// The carrier could not deliver it and brings it back.
    14 "undelivered" "record a failed delivery of" Undelivered,
    /// The customer refused it at the door.
    15 "refused" "record a refusal at the door of" Refused,
    /// The carrier lost it.
    16 "lost" "record the loss of" Lost,
}

impl Step {
    /// The step with this name, if there is one.
    pub fn named(name: &str) -> Option<Step> {
        Step::ALL.iter().copied().find(|step| step.name() == name)
    }

    /// The step with this number, if there is one.
    pub(super) fn numbered(number: u16) -> Option<Step> {
        Step::ALL.iter().copied().find(|step| *step as u16 == number)
    }

    /// Whether it is about a parcel that is on its way with something in it.
    pub const fn needs_contents(self) -> bool {
        matches!(self, Step::Pickup | Step::Deliver | Step::Undelivered | Step::Refused | Step::Lost)
    }

    /// Whether rules may say what has to precede it: it is done in the warehouse, once for each parcel.
    pub const fn is_ordered(self) -> bool {
        matches!(self, Step::Pick | Step::Pack | Step::Weigh | Step::Label | Step::Scan)
    }
}

/// A set of steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
pub struct StepSet(u32);

impl StepSet {
    /// No step.
    pub const EMPTY: StepSet = StepSet(0);

    /// A bit for each step, by number.
    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    /// The set with these bits.
    pub(super) const fn of_bits(bits: u32) -> StepSet {
        StepSet(bits)
    }

    /// These steps and one more.
    #[must_use]
    pub const fn with(self, step: Step) -> StepSet {
        StepSet(self.0 | 1 << step as u16)
    }

    /// What is done after one more step, which may undo others.
    #[must_use]
    pub const fn after(self, step: Step) -> StepSet {
        match step {
            Step::Unpack => StepSet(self.0 & StepSet::EMPTY.with(Step::Pick).0),
            Step::Unscan => StepSet(self.0 & !StepSet::EMPTY.with(Step::Scan).0),
            Step::Pick
            | Step::Short
            | Step::Pack
            | Step::Weigh
            | Step::Label
            | Step::Scan
            | Step::Pickup
            | Step::Deliver
            | Step::Confirm
            | Step::Return
            | Step::Inspect
            | Step::Undelivered
            | Step::Refused
            | Step::Lost => self.with(step),
        }
    }

    /// Whether the step is in the set.
    pub const fn contains(self, step: Step) -> bool {
        self.0 & 1 << step as u16 != 0
    }

    /// The steps of both sets.
    #[must_use]
    pub const fn union(self, other: StepSet) -> StepSet {
        StepSet(self.0 | other.0)
    }

    /// The steps, in the usual order.
    pub fn iter(self) -> impl Iterator<Item = Step> {
        Step::ALL.iter().copied().filter(move |step| self.contains(*step))
    }
}

impl FromIterator<Step> for StepSet {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> StepSet {
        steps.into_iter().fold(StepSet::EMPTY, StepSet::with)
    }
}
