//! Who causes what happens.

use bincode::enc::Encoder;
use bincode::error::EncodeError;
use bincode::{Decode, Encode};

use crate::heap::Heap;
use crate::ids::Code;
use crate::numbers::Numbers;

/// Who caused an event.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Decode)]
pub enum Actor {
    /// A deadline.
    Timer,
    /// A token's or a person's name.
    Named(Code),
    /// The engine itself: promised units were there.
    Engine,
}

impl Actor {
    /// Writes it among other numbers, as it is read by what bincode derives.
    pub(crate) fn put<E: Encoder>(&self, numbers: &mut Numbers<'_, E>) {
        match self {
            Actor::Timer => numbers.put(0u32),
            Actor::Named(name) => {
                numbers.put(1u32);
                numbers.put_code(name);
            }
            Actor::Engine => numbers.put(2u32),
        }
    }
}

impl Heap for Actor {
    fn heap(&self) -> usize {
        match self {
            Actor::Timer | Actor::Engine => 0,
            Actor::Named(name) => name.heap(),
        }
    }
}

impl Encode for Actor {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut numbers = Numbers::new(encoder);
        self.put(&mut numbers);
        numbers.finish()
    }
}
