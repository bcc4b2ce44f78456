//! Parts that most orders never need: one word of the order until it does.

use std::ops::{Deref, DerefMut};

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::ids::SkuId;
use crate::orders::{Change, Memory, Moment};
use crate::units::Units;

/// What happened to an order after it was placed. Reads like [`Since`]; there is nothing behind it until it is written to.
#[derive(Clone, Debug, Default)]
pub struct Later(Option<Box<Since>>);

/// What happened to an order.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Since {
    /// Units no warehouse could serve after a short pick, by SKU.
    pub review: Vec<(SkuId, Units)>,
    /// Answers by key.
    pub memory: Memory<Change>,
    /// What happened after it was placed.
    pub moments: Vec<Moment>,
}

/// Moments there is room for at first. Most orders are paid, picked, packed and sent.
const MOMENTS: usize = 4;

static NOTHING: Since = Since::new(Vec::new());

impl Since {
    const fn new(moments: Vec<Moment>) -> Since {
        Since { review: Vec::new(), memory: Memory::new(), moments }
    }
}

impl Deref for Later {
    type Target = Since;

    fn deref(&self) -> &Since {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Later {
    fn deref_mut(&mut self) -> &mut Since {
        self.0.get_or_insert_with(|| Box::new(Since::new(Vec::with_capacity(MOMENTS))))
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Later) -> bool {
        **self == **other
    }
}

impl Eq for Later {}

impl Encode for Later {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }
}
