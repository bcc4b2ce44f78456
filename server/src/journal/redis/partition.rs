//! A partition's hash in Redis: creating it, reading it, and taking its ownership.

use std::time::{Duration, Instant};

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, JournalError};

use super::config::RedisConfig;
use super::link::{self, Fault, LAYOUT, Link, other_layout};
use super::stream::{Entry, Position, unreadable};
use super::walk::Walk;
use crate::journal::lease::Lease;

/// Entries read at once to find the first batch.
const FIRST: usize = 8;
/// How often an opening is tried while somebody else moves the partition.
const OPENINGS_MAX: usize = 200;
/// Pause between two looks at an ownership that runs out.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// An ownership that lasts this much longer than it did at first was renewed.
const RENEWED: Duration = Duration::from_millis(500);

/// Judges the history of a partition before it is taken from another server.
pub trait Inspect {
    /// The next batch, in order.
    ///
    /// # Errors
    /// When a history with this batch cannot be served: the partition is not taken then.
    fn add(&mut self, batch: &[u8]) -> Result<(), JournalError>;

    /// The history ends here, and is taken if that is still so when the partition is opened. Otherwise more batches follow,
    /// and then an end again.
    ///
    /// # Errors
    /// When this history cannot be served: the partition is not taken then.
    fn end(&mut self) -> Result<(), JournalError>;
}

/// Proof of ownership, and the state in which it was taken.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    /// The id of the partition.
    pub(super) id: String,
    pub(super) epoch: u64,
    pub(super) token: String,
    pub(super) before: Before,
}

/// The state that an opening compares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Before {
    pub(super) epoch: String,
    pub(super) token: String,
    pub(super) last_id: String,
}

/// Why a partition was not opened.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// Another engine changed it at the same moment.
    Moved,
    /// The ownership of another server has not run out.
    Held {
        /// How long it still lasts.
        left: Duration,
        /// The other owner.
        owner: String,
    },
    /// For another reason.
    Never(JournalError),
}

impl From<NotTaken> for JournalError {
    fn from(not_taken: NotTaken) -> JournalError {
        match not_taken {
            NotTaken::Moved => JournalError::Deposed { reason: "another engine moved it at the same moment".into() },
            NotTaken::Held { left, owner } => JournalError::Refused {
                reason: format!(
                    "`{owner}` holds it for another {} ms: stop it, wait until its heartbeat has run out, or start with \
                     `--take-over`",
                    left.as_millis()
                ),
            },
            NotTaken::Never(error) => error,
        }
    }
}

/// The fields of the hash.
#[derive(Debug)]
pub(super) struct State {
    pub(super) id: String,
    pub(super) before: Before,
    pub(super) seq: Seq,
    pub(super) owner: String,
    pub(super) entries: u64,
}

impl State {
    /// Whether it is the partition of these settings, and another server opened it last. That one may live: this server
    /// itself has only one process at a time.
    fn is_anothers(&self, config: &RedisConfig) -> bool {
        let is_meant = config.id.as_ref().is_none_or(|id| *id == self.id);
        is_meant && !self.owner.is_empty() && self.owner != config.owner
    }
}

/// A new id for a partition: 128 random bits in hexadecimal.
///
/// # Errors
/// When the system gives no random numbers.
pub fn new_partition_id() -> Result<String, JournalError> {
    random_text()
}

/// The refusal of a partition that is not there.
pub(super) fn missing(link: &Link, config: &RedisConfig) -> JournalError {
    JournalError::Refused {
        reason: format!(
            "there is no partition `{}` in Redis at {}. Create it with `stockade init` if it is new; if it was there before, \
             Redis lost it: restore Redis from its backup",
            config.partition,
            link.address()
        ),
    }
}

/// Creates the partition; with the id it already has, nothing changes. Returns the id.
pub(super) fn create(link: &mut Link, config: &RedisConfig) -> Result<String, JournalError> {
    if read_state(link)?.is_none() {
        has_no_history(link)?;
    }
    link.load_library()?;
    let id = config.id.clone().map_or_else(random_text, Ok)?;
    link.call::<String>(link::INIT, &[id.as_bytes(), LAYOUT.as_bytes()])?;
    Ok(id)
}

/// Reads the hash; `None` when there is no partition.
pub(super) fn read_state(link: &mut Link) -> Result<Option<State>, JournalError> {
    let mut cmd = redis::cmd("HMGET");
    cmd.arg(link.hash()).arg(&["u", "e", "t", "l", "s", "o", "n"]);
    let fields: Vec<Option<String>> = link.query(&cmd)?;
    if fields.iter().all(Option::is_none) {
        return Ok(None);
    }
    if fields.first().is_some_and(Option::is_none) {
        return Err(without_identity(link));
    }
    let [Some(id), Some(epoch), Some(token), Some(last_id), Some(seq), Some(owner), Some(entries)] = &fields[..] else {
        return Err(JournalError::Corrupt { reason: format!("the hash {} lacks fields: {fields:?}", link.hash()) });
    };
    let number = |text: &str| {
        text.parse().map_err(|_| JournalError::Corrupt {
            reason: format!("the hash {} holds `{text}` where a number should be", link.hash()),
        })
    };
    let before = Before { epoch: epoch.clone(), token: token.clone(), last_id: last_id.clone() };
    let (seq, entries) = (Seq(number(seq)?), number(entries)?);
    Ok(Some(State { id: id.clone(), before, seq, owner: owner.clone(), entries }))
}

/// Reads the state of the partition and opens it there. Retried, because an owner that still writes changes the state.
/// The history of another server is opened exactly where `inspect` saw its end.
pub(super) fn open(
    link: &mut Link,
    config: &RedisConfig,
    lease: &Lease,
    mut inspect: Option<&mut dyn Inspect>,
) -> Result<(Owned, Position), JournalError> {
    let (mut tries, mut waiting) = (0, None);
    let mut walk = Walk::new(link.place());
    loop {
        let mut state = read_state(link)?.ok_or_else(|| missing(link, config))?;
        if let Some(inspect) = inspect.as_deref_mut()
            && state.is_anothers(config)
        {
            same_layout(link)?;
            walk.go_on(link, &mut |batch| inspect.add(batch))?;
            if let Some(Position { id, seq }) = walk.position() {
                (state.before.last_id, state.seq) = (id, seq);
            }
            inspect.end()?;
        }
        let (token, sent) = (new_token()?, Instant::now());
        match take(link, config, (&state, &token), config.take_over) {
            Err(NotTaken::Moved) if tries < OPENINGS_MAX => tries += 1,
            Err(NotTaken::Held { left, owner }) if config.wait => {
                let until = *waiting.get_or_insert_with(|| {
                    let ms = left.as_millis() as u64;
                    tracing::warn!(owner, ms, "another server owned the history: waiting for its heartbeat to run out");
                    sent + left
                });
                if sent + left > until + RENEWED {
                    return Err(alive(&owner));
                }
                std::thread::sleep(left.clamp(Duration::from_millis(1), LOOK_AGAIN));
            }
            opened => {
                if opened.is_ok() {
                    lease.extend(sent, config.hold);
                }
                return opened.map_err(JournalError::from);
            }
        }
    }
}

fn alive(owner: &str) -> JournalError {
    JournalError::Refused {
        reason: format!(
            "`{owner}` holds it and is alive: it renewed its heartbeat while this server waited for that to run out. Stop it \
             first; if this folder is a copy of that server's, give this one a partition of its own; to depose it, start with \
             `--take-over`"
        ),
    }
}

/// A token for an opening: nobody else has the same.
pub(super) fn new_token() -> Result<String, JournalError> {
    random_text()
}

/// Opens with a token, if the state is still the one seen. A repeat with the same token gets the first answer.
pub(super) fn take(
    link: &mut Link,
    config: &RedisConfig,
    (state, token): (&State, &str),
    take_over: bool,
) -> Result<(Owned, Position), NotTaken> {
    let id = config.id.as_ref().unwrap_or(&state.id);
    let hold = config.hold.as_millis().to_string();
    let args = [
        token,
        &state.before.epoch,
        &state.before.token,
        &state.before.last_id,
        id,
        LAYOUT,
        &config.owner,
        &hold,
        if take_over { "1" } else { "0" },
    ]
    .map(str::as_bytes);
    let answer = match link.call::<(u64, String)>(link::OPEN, &args) {
        Err(Fault::Unknown(_)) => link.call(link::OPEN, &args),
        answer => answer,
    };
    match answer {
        Ok((epoch, last_id)) => {
            let owned = Owned { id: id.clone(), epoch, token: token.to_owned(), before: state.before.clone() };
            Ok((owned, Position { id: last_id, seq: state.seq }))
        }
        Err(Fault::Fenced) => Err(NotTaken::Moved),
        Err(Fault::Held { left_ms, owner }) => Err(NotTaken::Held { left: Duration::from_millis(left_ms), owner }),
        Err(Fault::OtherLayout(found)) => Err(NotTaken::Never(other_layout(&link.place(), &found))),
        Err(fault) => Err(NotTaken::Never(fault.into())),
    }
}

/// Finds out, without writing anything to Redis, whether this build reads the partition and whether it is the one that is
/// meant; answers whether there is one.
///
/// # Errors
/// [`JournalError::OtherFormat`]; [`JournalError::Refused`] when it has another identity; [`JournalError::Corrupt`] when
/// there is a history without one.
pub(super) fn look_at(link: &mut Link, config: &RedisConfig) -> Result<bool, JournalError> {
    same_layout(link)?;
    look_at_batches(link)?;
    match read_state(link)? {
        Some(state) if config.id.as_ref().is_some_and(|id| *id != state.id) => {
            Err(link::other_partition(&state.id).into())
        }
        Some(_) => Ok(true),
        None => has_no_history(link).map(|()| false),
    }
}

/// Refuses a stream that is there without the hash that says whose it is.
fn has_no_history(link: &mut Link) -> Result<(), JournalError> {
    let mut exists = redis::cmd("EXISTS");
    exists.arg(link.stream());
    if link.query::<bool>(&exists)? { Err(without_identity(link)) } else { Ok(()) }
}

fn without_identity(link: &Link) -> JournalError {
    JournalError::Corrupt {
        reason: format!(
            "{}: the stream {} holds a history, and its identity is gone from the hash {}: restore Redis from its backup",
            link.place(),
            link.stream(),
            link.hash()
        ),
    }
}

/// Finds out whether this build reads the batches of the partition, if it has any.
fn look_at_batches(link: &mut Link) -> Result<(), JournalError> {
    let mut from = "-".to_owned();
    loop {
        let mut range = redis::cmd("XRANGE");
        range.arg(link.stream()).arg(&from).arg("+").arg("COUNT").arg(FIRST);
        let page: Vec<Entry> = link.query(&range)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = format!("({last}");
        let batch = |(id, fields): Entry| Some((id, fields.into_iter().find(|(name, _)| name == "d")?.1));
        if let Some((id, bytes)) = page.into_iter().find_map(batch) {
            return Batch::span(&bytes).map(drop).map_err(|e| unreadable(&link.place(), &id, &e));
        }
    }
}

/// Refuses a partition of another layout, whose entries mean something else. Writes nothing.
pub(super) fn same_layout(link: &mut Link) -> Result<(), JournalError> {
    let mut get = redis::cmd("HGET");
    get.arg(link.hash()).arg("f");
    match link.query::<Option<String>>(&get)? {
        Some(found) if found != LAYOUT => Err(other_layout(&link.place(), &found)),
        Some(_) | None => Ok(()),
    }
}

fn random_text() -> Result<String, JournalError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|e| JournalError::Refused { reason: format!("the system gives no random numbers: {e}") })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
