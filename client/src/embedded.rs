//! An engine in this process behind the same calls, so that code that uses Stockade can be tested without a server.
//!
//! State lives in memory only and is gone when the engine is dropped; explanations reach back 16 MiB of history. The
//! clock stands still until [`Embedded::advance`] moves it, unless the engine was made with [`Embedded::ticking`].

use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use stockade_core::command::Request;
use stockade_core::engine::{Engine, Outcome, Released};
use stockade_core::ids::Code;
use stockade_core::log::{Journal, MemoryJournal};
use stockade_core::query::Query;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use stockade_core::{Actor, Durability};

use crate::calls::{Answer, Stockade};
use crate::config::Call;
use crate::error::ClientError;
use crate::retry::Keys;

/// An engine in this process. Share it by reference or `Arc`.
#[derive(Debug)]
pub struct Embedded {
    engine: Engine,
    actor: Actor,
    keys: Keys,
    /// The time of a clock that stands still; `None` follows the machine's clock.
    standing: Mutex<Option<Time>>,
    journal: Mutex<MemoryJournal>,
}

impl Embedded {
    /// An engine without a world whose clock stands still at `now`.
    pub fn new(now: Time) -> Embedded {
        Embedded::with(Some(now))
    }

    /// An engine without a world that follows the machine's clock.
    pub fn ticking() -> Embedded {
        Embedded::with(None)
    }

    fn with(standing: Option<Time>) -> Embedded {
        let name = Code::new("embedded").expect("a word is a code");
        Embedded {
            engine: Engine::new(),
            actor: Actor::Named(name),
            keys: Keys::new(),
            standing: Mutex::new(standing),
            journal: Mutex::new(MemoryJournal::recent(HISTORY_BYTES)),
        }
    }

    /// The current time, at which the next command is decided.
    pub fn now(&self) -> Time {
        self.standing.lock().unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Time(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
        })
    }

    /// Moves a clock that stands still forward by `span`, and releases the reservation holds that are due by then.
    pub fn advance(&self, span: Span) -> Vec<Released> {
        let now = {
            let mut standing = self.standing.lock();
            *standing = standing.map(|now| now + span);
            *standing
        };
        self.expire(now.unwrap_or_else(|| self.now()))
    }

    /// The engine itself, for what no call shows: its checks and its digest.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn expire(&self, now: Time) -> Vec<Released> {
        let mut released = Vec::new();
        while self.engine.next_deadline().is_some_and(|next| next <= now) {
            let some = self.engine.expire_due(now, BITE);
            let done = some.len() < BITE;
            released.extend(some);
            self.drain();
            if done {
                break;
            }
        }
        self.engine.react(now, REACTIONS);
        self.drain();
        released
    }

    /// Moves decided events from the log to the journal, so that the log never fills. Does nothing while another
    /// thread is at it.
    fn drain(&self) {
        let Some(mut journal) = self.journal.try_lock() else { return };
        while let Some(batch) = self.engine.log().next_batch(std::time::Duration::ZERO) {
            match journal.append(&batch) {
                Ok(()) => self.engine.log().journaled(batch.last),
                Err(error) => self.engine.log().halt(error.to_string()),
            }
        }
    }

    fn answered(&self, outcome: Outcome, now: Time) -> Result<Answer<Reply>, ClientError> {
        let value = outcome.result.map_err(ClientError::Rejected)?;
        Ok(Answer { value, level: Durability::Memory, server_time: now })
    }

    fn decide(&self, mut request: Request) -> Result<Answer<Reply>, ClientError> {
        if request.key.is_none() && request.command.needs_key() {
            request.key = Some(self.keys.key());
        }
        let now = self.now();
        self.expire(now);
        let outcome = self.engine.execute(&request, &self.actor, now);
        self.engine.react(now, REACTIONS);
        self.drain();
        self.answered(outcome, now)
    }
}

impl Stockade for Embedded {
    fn defaults(&self) -> Call {
        Call { durability: Some(Durability::Memory), ..Call::default() }
    }

    fn new_key(&self) -> Code {
        self.keys.key()
    }

    async fn command(&self, request: Request, _: &Call) -> Result<Answer<Reply>, ClientError> {
        self.decide(request)
    }

    async fn query(&self, query: Query, _: &Call) -> Result<Answer<Reply>, ClientError> {
        let now = self.now();
        self.expire(now);
        let history = self.journal.lock().history();
        let outcome = if let (Query::Explain(ask), Some(history)) = (&query, history) {
            self.engine.explain(ask, &*history)
        } else {
            self.engine.query(&query, now)
        };
        self.answered(outcome, now)
    }

    async fn commands(&self, requests: Vec<Request>, _: &Call) -> Vec<Result<Answer<Reply>, ClientError>> {
        requests.into_iter().map(|request| self.decide(request)).collect()
    }
}

/// Steps of reactions that one call commits: an embedded engine has no thread of its own.
const REACTIONS: usize = 64;
const BITE: usize = 256;
const HISTORY_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use stockade_core::command::{Line, Place, Receive, SkuSpec};
    use stockade_core::orders::OrderState;
    use stockade_core::units::Units;

    use super::*;
    use crate::{by_number, code};

    const WORLD: &str = r#"
currency = "CNY"
[[warehouse]]
code = "A"
zone = "east"
[[carrier]]
code = "X"
[[rate]]
carrier = "X"
from = "A"
to = "*"
parcel = "5"
hours = 24
[[channel]]
code = "web"
pools = ["regular"]
hold_ttl = "30m"
"#;

    /// Code under test: it knows only the trait.
    async fn sell(stockade: &impl Stockade, number: &str, units: u64) -> Result<OrderState, ClientError> {
        let lines = vec![Line { sku: code("TEA").unwrap(), units: Units(units) }];
        let place = Place::new(code("web").unwrap(), code(number).unwrap(), lines);
        stockade.place(place).await.map(|placed| placed.present)
    }

    #[tokio::test]
    async fn holds_sell_out_and_come_back_when_time_moves() {
        let shop = Embedded::new(Time(1_000_000_000));
        shop.apply_world(WORLD.to_owned()).await.unwrap();
        shop.define_skus(vec![SkuSpec { sku: code("TEA").unwrap(), weight_g: None, category: None }]).await.unwrap();
        let lines = vec![Line { sku: code("TEA").unwrap(), units: Units(3) }];
        let receive = Receive { warehouse: code("A").unwrap(), pool: None, expected: None, lines };
        shop.receive(receive).await.unwrap();
        assert_eq!(sell(&shop, "1", 2).await, Ok(OrderState::Held));
        let refused = sell(&shop, "2", 2).await.unwrap_err();
        assert_eq!(refused.reject().unwrap().code(), "insufficient_stock");
        let left = shop.availability(code("web").unwrap(), vec![code("TEA").unwrap()]).await.unwrap();
        assert_eq!(left[0].units, Units(1));
        assert_eq!(shop.advance(Span::from_mins(29)).len(), 0);
        assert_eq!(shop.advance(Span::from_mins(1)).len(), 1);
        assert_eq!(sell(&shop, "2", 3).await, Ok(OrderState::Held));
        let explanation = shop.explain(by_number(code("web").unwrap(), code("2").unwrap()), None).await.unwrap();
        assert_eq!((explanation.differs, explanation.proven), (None, true));
        let order = shop.order(by_number(code("web").unwrap(), code("1").unwrap())).await.unwrap();
        assert_eq!(order.state, OrderState::Expired);
        shop.engine().check().unwrap();
    }
}
