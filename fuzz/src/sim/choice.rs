//! Which command comes next, and when.

use stockade_core::command::{Command, Request};
use stockade_core::time::Span;

use super::orders::ORDERS;
use super::workload::{Make, Workload};
use crate::model::Model;

/// Commands on what is not an order, by how often they occur; those on orders are in [`ORDERS`].
const OTHERS: [(u64, Make); 3] = [(20, Workload::stock), (1, Workload::configure), (6, |w, _| w.repeat())];

impl Workload {
    /// The next command.
    pub fn next(&mut self, model: &Model) -> Option<Request> {
        self.let_time_pass(model);
        let kinds = [&ORDERS[..], &OTHERS[..]].concat();
        while !self.rng.is_at_end() {
            let request = match self.crowd(model) {
                Some(request) => Some(request),
                None => self.rng.weighted(&kinds).unwrap_or(Workload::place)(self, model),
            };
            if let Some(request) = request {
                self.sent.push(request.clone());
                return Some(request);
            }
        }
        None
    }

    /// Mostly a little, and always in a crowd; sometimes to the instant a hold ends, just before it, or far past it.
    fn let_time_pass(&mut self, model: &Model) {
        if self.crowd.is_some() {
            self.now = self.now + Span(self.rng.below(200_000));
            return;
        }
        let deadline = model.next_deadline().filter(|at| *at >= self.now);
        match (self.rng.below(100), deadline) {
            (0..2, Some(at)) => self.now = at,
            (2..4, Some(at)) => self.now = self.now.max(at - Span(1)),
            (4, _) => self.now = self.now + Span::from_mins(self.rng.within(1, 90)),
            _ => self.now = self.now + Span(self.rng.below(2_000_000)),
        }
    }

    /// An old request again, as it was or with other content under its key.
    fn repeat(&mut self) -> Option<Request> {
        let mut request = self.rng.pick(&self.sent)?.clone();
        if self.rng.percent(30) {
            let other = self.rng.pick(&self.sent)?.clone();
            if let Command::Place(place) = &mut request.command {
                place.lines.iter_mut().for_each(|l| l.units.0 += 1);
            } else {
                request.command = other.command;
            }
        }
        Some(request)
    }
}
