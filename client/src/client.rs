//! The client: picks a lane for each call, retries what is safe to retry, and never hides an unknown outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use stockade_core::Durability;
use stockade_core::command::{Command, Request};
use stockade_core::ids::{Code, OrderId};
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;
use stockade_core::wire::body::BATCH_MESSAGES_MAX;
use stockade_core::wire::{ClientMessage, Features, ServerMessage};
use tokio::sync::watch;
use tokio::time::{sleep, timeout_at};

use crate::calls::{Answer, Stockade};
use crate::clock::ServerClock;
use crate::config::{Call, ClientConfig};
use crate::connection::{Connector, Live, State};
use crate::error::ClientError;
use crate::lane::{Answered, Messages, NoAnswer, NotSent};
use crate::retry::{Budget, Keys, jittered};

/// A client of a Stockade server. Cheap to clone: clones share connections, which close when the last clone is
/// dropped. The calls are the methods of [`Stockade`].
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: ClientConfig,
    connections: Vec<watch::Receiver<State>>,
    next: AtomicUsize,
    clock: Arc<ServerClock>,
    budget: Budget,
    keys: Keys,
    /// Dropping this ends the tasks that keep the connections.
    _open: watch::Sender<()>,
}

impl Client {
    /// Connects, and reconnects from then on whenever the connection is lost.
    ///
    /// # Errors
    /// [`ClientError::Config`], or the failure of the first connection: [`ClientError::Refused`] for a bad token,
    /// [`ClientError::OtherProtocol`] for a server of another build, [`ClientError::Untrusted`] for another certificate,
    /// [`ClientError::Unreachable`] without an answer within the connect timeout.
    pub async fn connect(config: ClientConfig) -> Result<Client, ClientError> {
        let patience = config.connect_timeout;
        let client = Client::start(config)?;
        let mut state = client.shared.connections[0].clone();
        let settled = |state: &State| !matches!(state, State::Connecting(None));
        match tokio::time::timeout(patience, state.wait_for(settled)).await {
            Ok(Ok(state)) => match &*state {
                State::Live(_) => {}
                State::Refused(error) => return Err(error.clone()),
                State::Connecting(Some(error)) => return Err(error.clone()),
                State::Connecting(None) => return Err(ClientError::Closed),
            },
            Ok(Err(_)) => return Err(ClientError::Closed),
            Err(_) => {
                let reason = format!("{}: no answer within {patience:?}", client.shared.config.addr);
                return Err(ClientError::Unreachable { reason });
            }
        }
        Ok(client)
    }

    /// Starts to connect and returns immediately; calls wait for a connection within their timeouts.
    ///
    /// # Errors
    /// [`ClientError::Config`].
    pub fn start(config: ClientConfig) -> Result<Client, ClientError> {
        config.check()?;
        let clock = Arc::new(ServerClock::new());
        let connector = Arc::new(Connector::new(config.clone(), Arc::clone(&clock))?);
        let (open, closing) = watch::channel(());
        let connections = (0..config.connections)
            .map(|_| {
                let (sender, state) = watch::channel(State::Connecting(None));
                tokio::spawn(Arc::clone(&connector).keep(sender, closing.clone()));
                state
            })
            .collect();
        let budget = Budget::new(&config.retry);
        let keys = Keys::new();
        let next = AtomicUsize::new(0);
        Ok(Client { shared: Arc::new(Shared { config, connections, next, clock, budget, keys, _open: open }) })
    }

    /// What the server announced when it accepted this client; `None` before that.
    pub fn server(&self) -> Option<stockade_core::wire::Welcome> {
        self.shared.connections.iter().find_map(|state| match &*state.borrow() {
            State::Live(live) => Some(live.welcome.clone()),
            State::Connecting(_) | State::Refused(_) => None,
        })
    }

    /// Checks that the server answers. Returns its time.
    ///
    /// # Errors
    /// As for any query.
    pub async fn ping(&self, call: &Call) -> Result<Time, ClientError> {
        let mut trial = Trial::new(None, call);
        loop {
            let error = match self.shared.attempt(&[ClientMessage::Ping], false, call, trial.until).await {
                Ok(answered) => return Ok(answered.server_time),
                Err(Attempt::Failed(error)) => return Err(error),
                Err(Attempt::NotSent(error) | Attempt::NoAnswer(_, error)) => error,
            };
            self.shared.again(&mut trial, error).await?;
        }
    }
}

impl Stockade for Client {
    fn defaults(&self) -> Call {
        self.shared.config.call.clone()
    }

    fn new_key(&self) -> Code {
        self.shared.keys.key()
    }

    async fn command(&self, request: Request, call: &Call) -> Result<Answer<Reply>, ClientError> {
        let (key, message) = self.shared.keyed(request);
        self.shared.call(&message, Some(&key), call).await
    }

    async fn query(&self, query: Query, call: &Call) -> Result<Answer<Reply>, ClientError> {
        let message = ClientMessage::Query { query, provisional: call.provisional };
        self.shared.call(&message, None, call).await
    }

    async fn commands(&self, requests: Vec<Request>, call: &Call) -> Vec<Result<Answer<Reply>, ClientError>> {
        let (keys, messages): (Vec<_>, Vec<_>) = requests.into_iter().map(|request| self.shared.keyed(request)).unzip();
        let frames = keys.chunks(FRAME_MESSAGES).zip(messages.chunks(FRAME_MESSAGES));
        // Frames travel on several lanes and are answered in any order.
        let calls = frames.map(|(keys, messages)| Box::pin(self.shared.batch(keys, messages, call))).collect();
        join(calls).await.into_iter().flatten().collect()
    }
}

/// Most messages of one batch frame: enough to spread the cost of a frame, few enough to spread frames over lanes.
const FRAME_MESSAGES: usize = 256;
const _: () = assert!(FRAME_MESSAGES <= BATCH_MESSAGES_MAX);

/// Why an attempt brought no answer.
enum Attempt {
    /// Nothing left this process.
    NotSent(ClientError),
    /// It may have arrived, and may still arrive until this instant.
    NoAnswer(Instant, ClientError),
    /// Another attempt would fail as well.
    Failed(ClientError),
}

/// A call with all its attempts.
struct Trial<'a> {
    key: Option<&'a Code>,
    call: &'a Call,
    until: Instant,
    attempts: u32,
    /// Until this instant, an unanswered attempt may still arrive; `None` if there is no such attempt.
    may_arrive: Option<Instant>,
    order: Option<OrderId>,
}

impl<'a> Trial<'a> {
    fn new(key: Option<&'a Code>, call: &'a Call) -> Trial<'a> {
        Trial { key, call, until: Instant::now() + call.timeout, attempts: 1, may_arrive: None, order: None }
    }

    /// The error that the caller gets: an unknown outcome, if any attempt may have had an effect.
    fn end(&self, error: ClientError) -> ClientError {
        match (self.may_arrive, self.key) {
            (Some(_), Some(key)) => ClientError::OutcomeUnknown { key: key.clone(), order: self.order },
            _ => error,
        }
    }

    /// The error that the caller gets when the answer of an attempt makes no sense.
    fn lost(&mut self, until: Instant, error: ClientError) -> ClientError {
        self.may_arrive = self.may_arrive.max(Some(until));
        self.end(error)
    }

    fn decided(&mut self, answer: ServerMessage, level: Durability, server_time: Time) -> Decided {
        match answer {
            ServerMessage::Reply(result) => match self.judge(result) {
                Ok(Ok(value)) => Decided::Yes(Ok(Answer { value, level, server_time })),
                Ok(Err(error)) => Decided::No(error),
                Err(error) => Decided::Yes(Err(error)),
            },
            ServerMessage::Pong => Decided::Yes(Err(self.end(mismatched()))),
        }
    }

    /// Judges the server's result: an answer, a final refusal (`Err`), or a reason to retry (`Ok(Err)`).
    fn judge(&mut self, result: Result<Reply, Reject>) -> Result<Result<Reply, ClientError>, ClientError> {
        let reject = match result {
            Ok(reply) => return Ok(Ok(reply)),
            Err(reject) => reject,
        };
        if let Reject::OutcomeUnknown { order } = reject {
            self.order = order.or(self.order);
            self.may_arrive = self.may_arrive.max(Some(Instant::now()));
            return Ok(Err(ClientError::Rejected(reject)));
        }
        if reject.is_transient() {
            return Ok(Err(ClientError::Rejected(reject)));
        }
        // "Too late" says nothing about an earlier attempt, and one that may still arrive may be decided otherwise.
        let open = |until: Instant| reject == Reject::TooLate || until > Instant::now();
        let open = self.may_arrive.is_some_and(open);
        let error = ClientError::Rejected(reject);
        Err(if open { self.end(error) } else { error })
    }
}

impl Shared {
    /// Ensures that the command has an idempotency key, and returns the key; that of an order is its number.
    fn keyed(&self, mut request: Request) -> (Code, ClientMessage) {
        let given = request.key.take();
        let key = if let Command::Place(place) = &request.command {
            place.number.clone()
        } else {
            let key = given.unwrap_or_else(|| self.keys.key());
            request.key = Some(key.clone());
            key
        };
        (key, ClientMessage::Command(request))
    }

    async fn call(
        &self,
        message: &ClientMessage,
        key: Option<&Code>,
        call: &Call,
    ) -> Result<Answer<Reply>, ClientError> {
        self.budget.earn(1);
        self.go_on(message, Trial::new(key, call)).await
    }

    /// Makes attempts until one is answered or no more are allowed.
    async fn go_on(&self, message: &ClientMessage, mut trial: Trial<'_>) -> Result<Answer<Reply>, ClientError> {
        loop {
            let error = match self.attempt(std::slice::from_ref(message), false, trial.call, trial.until).await {
                Ok(Answered { level, server_time, messages: Messages::One(ServerMessage::Reply(result)) }) => {
                    match trial.judge(result)? {
                        Ok(value) => return Ok(Answer { value, level, server_time }),
                        Err(error) => error,
                    }
                }
                Ok(_) => {
                    let until = trial.until;
                    return Err(trial.lost(until, mismatched()));
                }
                Err(Attempt::Failed(error)) => return Err(trial.end(error)),
                Err(Attempt::NotSent(error)) => error,
                Err(Attempt::NoAnswer(until, error)) => {
                    trial.may_arrive = trial.may_arrive.max(Some(until));
                    error
                }
            };
            self.again(&mut trial, error).await?;
        }
    }

    /// Sends several commands in one frame. Those that come back undecided are retried one by one.
    async fn batch(
        &self,
        keys: &[Code],
        messages: &[ClientMessage],
        call: &Call,
    ) -> Vec<Result<Answer<Reply>, ClientError>> {
        self.budget.earn(messages.len());
        let mut trials: Vec<Trial<'_>> = keys.iter().map(|key| Trial::new(Some(key), call)).collect();
        let until = Instant::now() + call.timeout;
        let decided: Vec<Decided> = match self.attempt(messages, true, call, until).await {
            Ok(Answered { level, server_time, messages: Messages::Many(answers) }) if answers.len() == keys.len() => {
                let each = trials.iter_mut().zip(answers);
                each.map(|(trial, answer)| trial.decided(answer, level, server_time)).collect()
            }
            // The batch was refused as a whole: nothing of it was decided.
            Ok(Answered { level, server_time, messages: Messages::One(message @ ServerMessage::Reply(Err(_))) }) => {
                trials.iter_mut().map(|trial| trial.decided(message.clone(), level, server_time)).collect()
            }
            Ok(_) => trials.iter_mut().map(|trial| Decided::Yes(Err(trial.lost(until, mismatched())))).collect(),
            Err(Attempt::Failed(error)) => trials.iter().map(|_| Decided::Yes(Err(error.clone()))).collect(),
            Err(Attempt::NotSent(error)) => trials.iter().map(|_| Decided::No(error.clone())).collect(),
            Err(Attempt::NoAnswer(until, error)) => {
                trials.iter_mut().for_each(|trial| trial.may_arrive = Some(until));
                trials.iter().map(|_| Decided::No(error.clone())).collect()
            }
        };
        let rest = trials.into_iter().zip(messages).zip(decided);
        join(rest.map(|((trial, message), decided)| Box::pin(self.settle(message, trial, decided))).collect()).await
    }

    async fn settle(
        &self,
        message: &ClientMessage,
        mut trial: Trial<'_>,
        decided: Decided,
    ) -> Result<Answer<Reply>, ClientError> {
        match decided {
            Decided::Yes(result) => result,
            Decided::No(error) => {
                self.again(&mut trial, error).await?;
                self.go_on(message, trial).await
            }
        }
    }

    /// Waits before the next attempt. Returns the final error when no more attempts are allowed.
    async fn again(&self, trial: &mut Trial<'_>, error: ClientError) -> Result<(), ClientError> {
        let retry = &self.config.retry;
        if trial.attempts >= retry.attempts || !self.budget.spend() {
            return Err(trial.end(error));
        }
        let mut wait = jittered(retry, trial.attempts);
        if let ClientError::Rejected(Reject::Overloaded { retry_after }) = &error {
            wait += Duration::from_micros(retry_after.0.0);
        }
        trial.attempts += 1;
        if Instant::now() + wait >= trial.until {
            return Err(trial.end(error));
        }
        sleep(wait).await;
        Ok(())
    }

    async fn attempt(
        &self,
        messages: &[ClientMessage],
        batch: bool,
        call: &Call,
        until: Instant,
    ) -> Result<Answered, Attempt> {
        let timed_out = || ClientError::TimedOut(call.timeout);
        let live = match self.ready() {
            Some(live) => live,
            None => match timeout_at(until.into(), self.live()).await {
                Ok(live) => live.map_err(Attempt::Failed)?,
                Err(_) => return Err(Attempt::NotSent(self.trouble().unwrap_or_else(timed_out))),
            },
        };
        if batch && !live.welcome.features.contains(Features::BATCH) {
            return Err(Attempt::NotSent(ClientError::Protocol("the server does not accept batches".to_owned())));
        }
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        let most = live.welcome.in_flight_max;
        if count > most {
            let reason = format!("{count} messages at once, but the server accepts at most {most}");
            return Err(Attempt::Failed(ClientError::Unsendable(reason)));
        }
        let _permit = match live.permits.try_acquire_many(count) {
            Ok(permit) => permit,
            Err(_) => match timeout_at(until.into(), live.permits.acquire_many(count)).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) => return Err(Attempt::NotSent(ClientError::Closed)),
                Err(_) => return Err(Attempt::NotSent(timed_out())),
            },
        };
        let now = Instant::now();
        let not_after = self.clock.not_after(now, until);
        let durability = call.durability.unwrap_or_else(|| live.welcome.best.ordinary());
        let ticket = match live.lane().send(messages, batch, durability, not_after, until) {
            Ok(ticket) => ticket,
            Err(NotSent::Lost(lost)) => {
                return Err(Attempt::NotSent(ClientError::Unreachable { reason: lost.reason().to_owned() }));
            }
            Err(NotSent::Unsendable(error)) => {
                return Err(Attempt::Failed(ClientError::Unsendable(error.to_string())));
            }
            Err(NotSent::TooLong { bytes, max }) => {
                let reason = format!("{bytes} bytes, but the server accepts at most {max}");
                return Err(Attempt::Failed(ClientError::Unsendable(reason)));
            }
        };
        ticket.answer().await.map_err(|missing| match missing {
            NoAnswer::TimedOut => Attempt::NoAnswer(until, timed_out()),
            NoAnswer::Lost(lost) => {
                Attempt::NoAnswer(until, ClientError::Unreachable { reason: lost.reason().to_owned() })
            }
        })
    }

    /// A connection that is ready, in rotation.
    fn ready(&self) -> Option<Arc<Live>> {
        let count = self.connections.len();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        (0..count).find_map(|n| match &*self.connections[(turn + n) % count].borrow() {
            State::Live(live) if live.is_open() => Some(Arc::clone(live)),
            State::Live(_) | State::Connecting(_) | State::Refused(_) => None,
        })
    }

    /// Waits for a connection to be ready.
    async fn live(&self) -> Result<Arc<Live>, ClientError> {
        let mut states = self.connections.clone();
        loop {
            // Marks the states as seen before reading them, so that no change is missed.
            states.iter_mut().for_each(|state| drop(state.borrow_and_update()));
            if let Some(live) = self.ready() {
                return Ok(live);
            }
            if let Some(refusal) = self.refusal() {
                return Err(refusal);
            }
            any_changed(&mut states).await.map_err(|_| ClientError::Closed)?;
        }
    }

    fn refusal(&self) -> Option<ClientError> {
        self.connections.iter().find_map(|state| match &*state.borrow() {
            State::Refused(refusal) => Some(refusal.clone()),
            State::Live(_) | State::Connecting(_) => None,
        })
    }

    /// Why there is no connection, if a reason is known.
    fn trouble(&self) -> Option<ClientError> {
        self.connections.iter().find_map(|state| match &*state.borrow() {
            State::Connecting(error) => error.clone(),
            State::Live(_) | State::Refused(_) => None,
        })
    }
}

/// Waits until the state of any connection changes.
async fn any_changed(states: &mut [watch::Receiver<State>]) -> Result<(), watch::error::RecvError> {
    let mut changes: Vec<_> = states.iter_mut().map(|state| Box::pin(state.changed())).collect();
    std::future::poll_fn(|context| {
        let done = changes.iter_mut().find_map(|change| match change.as_mut().poll(context) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        });
        done.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Whether a batch brought a final result for one of its commands.
enum Decided {
    Yes(Result<Answer<Reply>, ClientError>),
    No(ClientError),
}

fn mismatched() -> ClientError {
    ClientError::Protocol("the answer is of another kind than requested".to_owned())
}

/// Runs futures concurrently on this task.
async fn join<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    let mut slots: Vec<(F, Option<F::Output>)> = futures.into_iter().map(|future| (future, None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, result) in &mut slots {
            if result.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    slots.into_iter().filter_map(|(_, result)| result).collect()
}
