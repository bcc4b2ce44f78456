//! Lateness of expiry: how long after its deadline each reservation hold is released, at a given rate.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use stockade_core::Actor;
use stockade_core::command::{Command, OrderRef, Request};
use stockade_core::ids::{Code, OrderId};
use stockade_core::orders::OrderState;
use stockade_core::query::Query;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use stockade_server::clock::Clock;
use stockade_server::service::start_expiry;

use super::home::Home;
use super::options::Load;
use super::report::histogram;
use super::world::Orders;

/// Time between the last order placed and the first deadline.
const AHEAD: Span = Span::from_secs(1);
/// Orders a second that any machine places; the first deadline is computed from it.
const PLACED_PER_SECOND: u64 = 10_000;

/// How long after their deadlines holds were released.
#[derive(Clone, Debug)]
pub struct Lateness {
    /// Holds that expire per second.
    pub rate: u64,
    late_micros: Histogram<u64>,
}

impl Lateness {
    /// The lateness that this share of holds (0 to 1) stayed within.
    pub fn within(&self, share: f64) -> Duration {
        Duration::from_micros(self.late_micros.value_at_quantile(share))
    }

    /// The figures as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let ms = |share| self.within(share).as_secs_f64() * 1e3;
        serde_json::json!({
            "expiries_per_second": self.rate,
            "holds": self.late_micros.len(),
            "late_ms": { "p50": ms(0.5), "p99": ms(0.99), "p99.9": ms(0.999), "max": ms(1.0) },
        })
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.within(share).as_secs_f64() * 1e3;
        writeln!(f, "{:>13} holds ran out, {} a second", self.late_micros.len(), self.rate)?;
        write!(f, "{:>13.1} ms late p50, {:.1} p99, {:.1} p99.9, {:.1} at most", ms(0.5), ms(0.99), ms(0.999), ms(1.0))
    }
}

/// Places orders whose holds then expire at `rate` per second for the measured time, and reads from each order how
/// late it was.
///
/// # Errors
/// A sentence that names what could not be started, or the order that did not expire.
pub fn run(load: &Load, rate: u64) -> Result<Lateness, String> {
    let clock = Arc::new(Clock::system(Time(0)));
    let home = Home::open(load, clock.now())?;
    let expiry = start_expiry(home.engine.clone(), Arc::clone(&clock))
        .map_err(|error| format!("the expiry thread cannot be started: {error}"))?;
    let count = (rate as f64 * load.seconds) as u64;
    let first = clock.now() + Span::from_secs(count / PLACED_PER_SECOND + 1) + AHEAD;
    let mut orders = Orders::new(load, 0);
    let actor = Actor::Named(Code::new("load").expect("a word is a code"));
    let mut placed = Vec::new();
    for number in 0..count {
        let due = first + Span(number * 1_000_000 / rate);
        let now = clock.now();
        if now >= first {
            return Err(format!("only {number} of {count} orders were placed in time: choose a lower rate"));
        }
        let mut place = orders.next();
        place.hold = Some(due.since(now));
        let request = Request { key: None, occurred: None, command: Command::Place(place) };
        let result = home.engine.execute(&request, &actor, now).result;
        let Ok(Reply::Placed(answer)) = &result else {
            return Err(format!("order {number} was not placed: {result:?}"));
        };
        placed.push((answer.order, due));
    }
    let over = first + Span(count * 1_000_000 / rate) + Span::from_secs(1);
    thread::sleep(Duration::from_micros(over.since(clock.now()).0));
    drop(expiry);
    let mut late_micros = histogram();
    for (order, due) in placed {
        late_micros.saturating_record(expired_at(&home, order)?.since(due).0);
    }
    home.close()?;
    Ok(Lateness { rate, late_micros })
}

fn expired_at(home: &Home, order: OrderId) -> Result<Time, String> {
    let result = home.engine.query(&Query::Order(OrderRef::Id(order)), Time(0)).result;
    if let Ok(Reply::Order(view)) = &result
        && view.state == OrderState::Expired
    {
        let last = view.timeline.last().ok_or("an expired order has an empty timeline")?;
        return Ok(last.arrived);
    }
    Err(format!("order {order} did not expire: {result:?}"))
}
