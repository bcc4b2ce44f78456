//! Parts that most orders never need: one word of the order until it does.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::heap::{Heap, behind};
use crate::ids::{PoolId, SkuId, SubNo, WarehouseId};
use crate::orders::Elsewhere;
use crate::units::Units;

/// What few orders have. Reads like [`Since`]; there is nothing behind it until it is written to.
#[derive(Clone, Debug, Default)]
pub struct Later(Option<Box<Since>>);

/// What befell an order and is not over.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode)]
pub struct Since {
    /// Units no warehouse could serve after a short pick, by SKU.
    pub review: Vec<(SkuId, Units)>,
    /// Those of the units in inspection that wait at other warehouses than those that shipped them. Never none of a line.
    pub elsewhere: Vec<Elsewhere>,
}

static NOTHING: Since = Since { review: Vec::new(), elsewhere: Vec::new() };

/// What tells units in inspection elsewhere apart.
type Place = (SubNo, SkuId, PoolId, WarehouseId);

impl Since {
    /// Those of a sub-order's units in inspection that wait at other warehouses than the one that shipped them.
    pub fn elsewhere_of(&self, sub: SubNo) -> impl Iterator<Item = &Elsewhere> {
        self.elsewhere.iter().filter(move |there| there.take.sub == sub)
    }

    /// Notes where units in inspection wait.
    pub fn wait_elsewhere(&mut self, units: &[Elsewhere]) {
        let mut places = self.places();
        for came in units {
            let at = *places.entry(place(came)).or_insert(self.elsewhere.len());
            match self.elsewhere.get_mut(at) {
                Some(there) => there.take.units = there.take.units.saturating_add(came.take.units),
                None => self.elsewhere.push(*came),
            }
        }
    }

    /// Takes units out of those that wait elsewhere, when they are among them.
    pub fn leave_elsewhere(&mut self, units: &[Elsewhere]) -> Option<()> {
        let places = self.places();
        for gone in units {
            let there = &mut self.elsewhere[*places.get(&place(gone))?];
            there.take.units = there.take.units.checked_sub(gone.take.units)?;
        }
        self.elsewhere.retain(|there| !there.take.units.is_zero());
        Some(())
    }

    fn places(&self) -> BTreeMap<Place, usize> {
        self.elsewhere.iter().enumerate().map(|(at, there)| (place(there), at)).collect()
    }
}

fn place(Elsewhere { warehouse, take }: &Elsewhere) -> Place {
    (take.sub, take.sku, take.pool, *warehouse)
}

impl Later {
    /// An order has this.
    pub(super) fn new(since: Since) -> Later {
        Later(Some(Box::new(since)))
    }

    /// What it has, if it was ever written to.
    pub(super) fn as_ref(&self) -> Option<&Since> {
        self.0.as_deref()
    }
}

behind! {
    Since { review, elsewhere }
}

impl Heap for Later {
    fn heap(&self) -> usize {
        self.0.heap()
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
        self.0.get_or_insert_default()
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
