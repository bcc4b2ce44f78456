//! What a commit makes due for others: one queue, each reaction a commit of its own.
//!
//! No caller waits for a reaction. A thread of its own calls [`Engine::react`] and waits in [`Engine::await_reaction`];
//! where there is no such thread, the caller of the engine calls it for a bounded number of steps. A crash in between
//! loses nothing: recovery finds the same reactions due, since they follow from the state.

use std::time::Duration;

use crate::engine::store::{Engine, Reaction};
use crate::reject::Reject;
use crate::time::Time;

/// The result of one step of a reaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine) enum Progress {
    /// Nothing is left to do.
    Done,
    /// A step was committed; more may follow.
    More,
}

/// What [`Engine::react`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reacted {
    /// Steps committed.
    pub steps: usize,
    /// Whether more is due.
    pub more: bool,
}

impl Engine {
    /// Whether any reaction is due. Costs a look.
    pub fn has_reactions(&self) -> bool {
        self.door.counters().reactions.any()
    }

    /// Waits until a reaction is due, but no longer than `patience`; returns whether one is.
    pub fn await_reaction(&self, patience: Duration) -> bool {
        self.door.counters().reactions.wait(patience)
    }

    /// Commits up to `most` steps of the reactions that are due. What the log has no room for stays due.
    pub fn react(&self, now: Time, most: usize) -> Reacted {
        let reactions = &self.door.counters().reactions;
        let mut reacted = Reacted::default();
        while reacted.steps < most
            && let Some(reaction) = reactions.take()
        {
            match self.step_reaction(reaction, now) {
                Ok(Progress::Done) => {}
                Ok(Progress::More) => {
                    reacted.steps += 1;
                    reactions.note(reaction);
                }
                Err(_) => {
                    reactions.note(reaction);
                    break;
                }
            }
        }
        reacted.more = reactions.any();
        reacted
    }

    fn step_reaction(&self, reaction: Reaction, now: Time) -> Result<Progress, Reject> {
        match reaction {
            Reaction::HandOver { sku, warehouse } => self.hand_over(sku, warehouse, now),
            Reaction::MakeUp { sku, warehouse } => self.make_up(sku, warehouse, now),
        }
    }
}
