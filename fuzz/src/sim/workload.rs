//! What every generator of commands uses: chance, the time, the shape of the world, keys.

use stockade_core::command::{Command, Request};
use stockade_core::ids::{Code, SkuId, WarehouseId};
use stockade_core::limits::SKEW;
use stockade_core::time::{Span, Time};

use super::rng::Rng;
use super::world::Shape;
use crate::model::Model;

/// Makes commands out of chance and the state they meet.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Chance.
    pub rng: Rng,
    /// The world it plays in.
    pub shape: Shape,
    /// Now.
    pub now: Time,
    /// Distinguishes the keys and order numbers of one workload from those of others.
    pub prefix: String,
    /// What it has sent.
    pub(super) sent: Vec<Request>,
    /// Commands between two crowds, on average; 0 for no crowds.
    pub crowd_every: u64,
    pub(super) crowd: Option<Crowd>,
    made: u64,
}

/// Orders that are about to be promised one receipt.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    /// The cell that expects it.
    pub(super) sku: SkuId,
    pub(super) warehouse: WarehouseId,
    /// What it is called.
    pub(super) reference: Code,
    /// Where they are placed.
    pub(super) channel: Code,
    /// Orders yet to be placed.
    pub(super) left: u64,
}

/// Midnight of an ordinary day.
const BEGIN: Time = Time(1_794_355_200_000_000);

/// Makes a command, if the state allows one.
pub(super) type Make = fn(&mut Workload, &Model) -> Option<Request>;

impl Workload {
    /// The workload of a generator.
    pub fn new(mut rng: Rng) -> Workload {
        let shape = Shape::random(&mut rng);
        let prefix = String::new();
        Workload { rng, shape, now: BEGIN, prefix, made: 0, sent: Vec::new(), crowd_every: 0, crowd: None }
    }

    /// Another workload in the same world, with chance and keys of its own.
    pub fn fork(&mut self, prefix: String) -> Workload {
        let mut fork = Workload { prefix, made: 0, sent: Vec::new(), crowd: None, ..self.clone() };
        fork.rng = self.rng.split();
        fork
    }

    /// A request under a key of its own.
    pub(super) fn keyed(&mut self, command: Command) -> Request {
        let key = Some(self.fresh("k"));
        let occurred = self.occurred();
        Request { key, occurred, command }
    }

    /// When it happened: mostly not told, now and then at a time that cannot be.
    pub(super) fn occurred(&mut self) -> Option<Time> {
        match self.rng.below(40) {
            0..3 => Some(self.now - Span::from_secs(self.rng.below(600))),
            3 => Some(self.now + SKEW + Span(self.rng.below(2))),
            _ => None,
        }
    }

    /// The code that is made next.
    pub(super) fn upcoming(&self, kind: &str) -> Code {
        code(&format!("{}{kind}{}", self.prefix, self.made + 2))
    }

    /// A code that was not used before.
    pub(super) fn fresh(&mut self, kind: &str) -> Code {
        self.made += 1;
        code(&format!("{}{kind}{}", self.prefix, self.made))
    }
}

/// A code that is known to be one.
pub(super) fn code(text: &str) -> Code {
    Code::new(text).unwrap_or_else(|e| panic!("`{text}`: {e}"))
}
