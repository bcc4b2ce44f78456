//! Placing orders that what is on hand does not serve: the rest is promised out of expected receipts.

use crate::catalog::Config;
use crate::engine::change::order::place::Asking;
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::ahead::Parts;
use crate::engine::plan::scratch::Scratch;
use crate::engine::plan::size::promises_sized;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, OrderPromised, Promised};
use crate::log::Room;
use crate::orders::{KeyShard, Stage};
use crate::stock::{Bucket, Move};

impl Engine {
    /// Holds and promises what was planned for an order that what is on hand does not serve.
    pub(super) fn promise_order(
        &self,
        order: &Asking<'_>,
        config: &Config,
        mut locked: EngineLocked<'_>,
        room: Room<'_>,
        (scratch, parts): (&mut Scratch, Parts),
    ) -> Decided {
        let number = KeyShard::of_order(&order.key());
        let id = locked.orders(number).next_id(number);
        let parts = parts.of_order(id);
        if let Err(reject) = promises_sized(&[], &parts) {
            let seen = locked.seen(order.demand.lines.iter().map(|line| line.sku));
            return Err(Refusal::seen(reject, seen.max(config.seq)));
        }
        let Parts { decision, ahead, made, .. } = parts;
        let placed = order.placed(id, decision);
        let event = Event::OrderPromised(Box::new(OrderPromised { placed, ahead, made }));
        let envelope = order.envelope(event);
        let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
        drop(locked);
        let Event::OrderPromised(promised) = &envelope.event else { unreachable!("the event that was made above") };
        let plan = self.plan_view(&promised.placed.decision.joined(&promised.ahead), &order.demand, config);
        Ok((self.placed_reply(&promised.placed, plan, envelope.arrived, seq), seq))
    }
}

impl Body for OrderPromised {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.placed.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.placed.decision.each_move(Bucket::Held, f);
        self.made.iter().map(Promised::movement).for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.promise(&self.made)?;
        self.post(state, at)?;
        let mut order = self.placed.order(at);
        for decision in &self.ahead {
            order.plan(decision, Stage::Promised);
        }
        state.insert(order)
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        engine.hint_deadline(self.placed.order, at.arrived() + self.placed.hold);
        // What is promised before it comes takes nothing of the stock that has a price.
        if !self.placed.decision.seen.is_empty() {
            engine.prices.note_order(&self.placed, at.arrived(), at.seq);
        }
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions {
            here: Some(&self.placed.decision),
            ahead: &self.ahead,
            scope: Scope::New,
            most: None,
            without: None,
        }
    }
}
