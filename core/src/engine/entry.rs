//! Commands and questions from outside.

use crate::Actor;
use crate::command::Request;
use crate::engine::bounds::Bounded;
use crate::engine::outcome::{Decided, Outcome, Refusal};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::query::Query;
use crate::time::Time;

impl Engine {
    /// Decides a command and, when it is allowed, applies it. Takes microseconds and never waits for I/O.
    ///
    /// `now` is engine time; an event's time is never earlier than the last event of the same order.
    pub fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        let kind = request.command.kind().number;
        let asked = Asked { actor, now, occurred: request.occurred, key: request.key.as_ref(), kind };
        let keyed = || if request.command.needs_key() { asked.key().map(drop) } else { Ok(()) };
        let timely = || request.occurred.map_or(Ok(()), |occurred| self.timely(occurred, now));
        if let Err(reject) = keyed().and_then(|()| request.bounded()).and_then(|()| timely()) {
            return Decided::Err(reject.into()).into();
        }
        request.command.carry_out(self, asked).into()
    }

    /// Answers a question. Changes nothing.
    pub fn query(&self, query: &Query, now: Time) -> Outcome {
        let bounded = query.bounded().map_err(Refusal::from);
        bounded.and_then(|()| query.answer(self, now)).into()
    }
}
