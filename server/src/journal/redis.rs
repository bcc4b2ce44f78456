//! The history in Redis: one stream entry per batch, fenced by epoch and token. The only place that speaks to Redis.
//!
//! Every write goes through a function that compares epoch, token and last id before it writes, so that of two engines
//! that believe to own a partition only one goes on, and a write whose answer was lost is recognised when it is repeated.
//! What Redis forgot of this engine's own writes is told again from the ring.

mod check;
mod link;
mod reading;

use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::ids::Seq;
use stockade_core::limits::RING_BYTES;
use stockade_core::log::{Batch, History, Journal, JournalError, SealedBatch};
use stockade_core::reply::Durability;

use super::ring::Ring;
use check::Keeping;
use link::{Fault, Link};

/// Version of what is in stream and hash, declared by whoever creates a partition.
const FORMAT: &str = "1";
/// Entries read at once in a replay.
const PAGE: usize = 32;
/// How often one append may repair and go on before it comes back to the caller.
const REPAIRS_MAX: usize = 4;
/// How often an opening is tried while somebody else moves the partition.
const OPENINGS_MAX: usize = 200;

/// Where a partition is and who we are.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port[/db]`.
    pub url: String,
    /// The partition's name, part of its keys: `stockade:{name}:wal` and `stockade:{name}:own`.
    pub partition: String,
    /// The partition's id, given when it was created; without one, whatever id the partition has is taken.
    pub id: Option<String>,
    /// Who we are: the same text after a restart, another one on every other server.
    pub owner: String,
    /// Take the partition from an owner whose heartbeat has not run out.
    pub take_over: bool,
    /// Create the partition when it is missing: for development only.
    pub create: bool,
    /// How long to wait for a connection or an answer.
    pub timeout: Duration,
    /// How long ownership lasts without a sign of life.
    pub hold: Duration,
    /// Bytes of journaled batches to keep in memory.
    pub ring_bytes: usize,
}

impl RedisConfig {
    /// The usual settings: 2 s of patience, 10 s of ownership, 256 MiB of ring, no creation, no take-over.
    pub fn new(url: impl Into<String>, partition: impl Into<String>, owner: impl Into<String>) -> RedisConfig {
        RedisConfig {
            url: url.into(),
            partition: partition.into(),
            id: None,
            owner: owner.into(),
            take_over: false,
            create: false,
            timeout: Duration::from_secs(2),
            hold: Duration::from_secs(10),
            ring_bytes: RING_BYTES,
        }
    }
}

/// A partition of Redis that this process owns.
pub struct RedisJournal {
    link: Link,
    config: RedisConfig,
    keeping: Keeping,
    owned: Owned,
    /// Where the stream stands, as far as we know.
    position: Position,
    /// The last sequence Redis has acknowledged, even if it forgot it since.
    acknowledged: Seq,
    ring: Ring,
}

/// Proof of ownership, and what we saw when we took it.
#[derive(Clone, Debug)]
struct Owned {
    epoch: u64,
    token: String,
    before: Before,
}

/// What an opening compares.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Before {
    epoch: String,
    token: String,
    last_id: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Position {
    id: String,
    seq: Seq,
}

/// The hash as it stands.
#[derive(Debug)]
struct State {
    id: String,
    before: Before,
    seq: Seq,
    owner: String,
    entries: u64,
}

/// A new id for a partition: 128 random bits in hexadecimal.
///
/// # Errors
/// When the system has no randomness.
pub fn new_partition_id() -> Result<String, JournalError> {
    random_text()
}

impl RedisJournal {
    /// Creates the partition; doing it again with the same id does nothing. Answers its id.
    ///
    /// # Errors
    /// When there is a partition with another id, or Redis is away or not fit to hold history.
    pub fn init(config: &RedisConfig) -> Result<String, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        check::check(&mut link)?;
        link.load_library()?;
        create(&mut link, config)
    }

    /// Connects, checks Redis, and takes ownership of the partition. Replay comes next, then appends.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when the partition is missing, another's, held by another owner, or Redis is not fit to
    /// hold history; [`JournalError::Unavailable`] when Redis is away.
    pub fn open(config: RedisConfig) -> Result<RedisJournal, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        let keeping = check::check(&mut link)?;
        link.load_library()?;
        if config.create && read_state(&mut link)?.is_none() {
            create(&mut link, &config)?;
        }
        let (owned, position) = open_partition(&mut link, &config)?;
        let acknowledged = position.seq;
        let ring = Ring::new(config.ring_bytes);
        Ok(RedisJournal { link, config, keeping, owned, position, acknowledged, ring })
    }

    /// Deletes a partition with its whole history: for trials, which nobody will ask for again. A server that has it
    /// open finds its history lost.
    ///
    /// # Errors
    /// When Redis is away or refuses.
    pub fn delete_partition(config: &RedisConfig) -> Result<(), JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        let mut unlink = redis::cmd("UNLINK");
        unlink.arg(link.stream()).arg(link.hash());
        link.query::<()>(&unlink)?;
        Ok(())
    }

    /// What should be set otherwise at this Redis, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        self.keeping.warnings()
    }

    /// The epoch of this ownership: each opening counts one up.
    pub fn epoch(&self) -> u64 {
        self.owned.epoch
    }

    /// Brings Redis to where we are: tells it again what it forgot, then the batch.
    fn settle(&mut self, batch: Option<&SealedBatch>) -> Result<(), JournalError> {
        if self.position.seq < self.acknowledged {
            // It was behind when we last looked; somebody may have restored a better backup since.
            self.look(batch)?;
        }
        let mut fault = Fault::NotNow("Redis keeps moving".into());
        for _ in 0..REPAIRS_MAX {
            match self.advance(batch) {
                Ok(()) => return Ok(()),
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Fault(Fault::Gap { id, seq })) => {
                    self.moved(Position { id, seq: Seq(seq) }, batch)?;
                    fault = Fault::NotNow("Redis stands elsewhere than we believed".into());
                }
                Err(Setback::Fault(found @ (Fault::Fenced | Fault::Lost(_)))) => {
                    self.examine(&found)?;
                    fault = found;
                }
                Err(Setback::Fault(fault)) => return Err(fault.into()),
            }
        }
        Err(JournalError::Unavailable {
            reason: format!("repaired {REPAIRS_MAX} times without coming through: {fault:?}"),
        })
    }

    fn advance(&mut self, batch: Option<&SealedBatch>) -> Result<(), Setback> {
        if self.position.seq < self.acknowledged {
            let missing = self.ring.after(self.position.seq).ok_or_else(|| Setback::Final(self.forgotten()))?;
            tracing::warn!(
                from = self.position.seq.0 + 1,
                to = self.acknowledged.0,
                "Redis forgot acknowledged batches; they are written again from memory"
            );
            for kept in &missing {
                self.write(kept).map_err(Setback::Fault)?;
            }
        }
        if let Some(batch) = batch
            && self.position.seq < batch.last
        {
            self.write(batch).map_err(Setback::Fault)?;
        }
        Ok(())
    }

    fn write(&mut self, batch: &SealedBatch) -> Result<(), Fault> {
        let id = format!("{}-{}", self.owned.epoch, batch.last);
        let (epoch, hold) = (self.owned.epoch.to_string(), self.hold_ms());
        let args: [&[u8]; 6] = [
            epoch.as_bytes(),
            self.owned.token.as_bytes(),
            self.position.id.as_bytes(),
            id.as_bytes(),
            hold.as_bytes(),
            &batch.bytes,
        ];
        self.link.call::<String>(link::APPEND, &args)?;
        self.position = Position { id, seq: batch.last };
        Ok(())
    }

    /// Asks where Redis stands, which is a sign of life as well.
    fn look(&mut self, batch: Option<&SealedBatch>) -> Result<(), JournalError> {
        let hold = self.hold_ms();
        match self.beat(&hold) {
            Ok(position) => self.moved(position, batch),
            Err(fault @ (Fault::Fenced | Fault::Lost(_))) => self.examine(&fault),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Epoch and token are ours; the last entry may be another one than we believed.
    fn moved(&mut self, to: Position, batch: Option<&SealedBatch>) -> Result<(), JournalError> {
        let furthest = batch.map_or(self.acknowledged, |batch| batch.last.max(self.acknowledged));
        let whole = to.seq <= self.acknowledged || to.seq == furthest;
        if !whole {
            return Err(JournalError::Corrupt {
                reason: format!("Redis stands at {}, beyond or between our batches, which end at {furthest}", to.id),
            });
        }
        self.position = to;
        Ok(())
    }

    /// Finds out what a refusal means: that we are deposed, that Redis went back in time, or that all is well again.
    fn examine(&mut self, fault: &Fault) -> Result<(), JournalError> {
        let Some(state) = read_state(&mut self.link)? else { return Err(self.gone("the partition is gone")) };
        let entries: u64 = self.link.query(redis::cmd("XLEN").arg(self.link.stream()))?;
        if entries != state.entries {
            return Err(self.gone(&format!("the stream has {entries} entries instead of {}", state.entries)));
        }
        let epoch: u64 = state.before.epoch.parse().unwrap_or(0);
        if epoch > self.owned.epoch || epoch == self.owned.epoch && state.before.token != self.owned.token {
            let reason = format!("`{}` opened it with epoch {epoch}, ours was {}", state.owner, self.owned.epoch);
            return Err(JournalError::Deposed { reason });
        }
        if epoch == self.owned.epoch {
            self.position = Position { id: state.before.last_id, seq: state.seq };
            return Ok(());
        }
        if state.before != self.owned.before {
            let what = format!("it went back to epoch {epoch}, before ours ({}), by {fault:?}", self.owned.epoch);
            return Err(self.gone(&what));
        }
        tracing::warn!(epoch, "Redis went back to before this server opened it; opening again");
        (self.owned, self.position) = take(&mut self.link, &self.config, &state, true)?;
        Ok(())
    }

    fn gone(&self, what: &str) -> JournalError {
        JournalError::HistoryLost {
            reason: format!(
                "{what} (Redis at {}, partition `{}`). Nothing is acknowledged any more and this process keeps the state \
                 in memory: do not stop it; restore Redis from its newest backup, and it goes on by itself if its memory \
                 covers the rest",
                self.link.address(),
                self.config.partition
            ),
        }
    }

    fn forgotten(&self) -> JournalError {
        let from = self.ring.first().map_or_else(|| "nothing".into(), |first| format!("events from {first} on"));
        self.gone(&format!(
            "Redis forgot everything after event {}, of which {} were acknowledged, and memory keeps {from}",
            self.position.seq, self.acknowledged
        ))
    }

    fn hold_ms(&self) -> String {
        self.config.hold.as_millis().to_string()
    }

    fn beat(&mut self, hold: &str) -> Result<Position, Fault> {
        let epoch = self.owned.epoch.to_string();
        let args: [&[u8]; 3] = [epoch.as_bytes(), self.owned.token.as_bytes(), hold.as_bytes()];
        let (id, seq) = self.link.call::<(String, u64)>(link::BEAT, &args)?;
        Ok(Position { id, seq: Seq(seq) })
    }
}

enum Setback {
    Fault(Fault),
    Final(JournalError),
}

impl Journal for RedisJournal {
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let mut reader = Reader { previous: None, epoch: 0, last: Seq(0) };
        let mut from = "-".to_owned();
        let mut beaten = Instant::now();
        loop {
            let page = self.page(&from)?;
            let Some((last, _)) = page.last() else { break };
            from = format!("({last}");
            for (id, fields) in page {
                if let Some(bytes) = reader.read(&id, fields)? {
                    visit(&bytes)?;
                    self.keep(bytes, &id)?;
                }
            }
            if beaten.elapsed() > self.config.hold / 4 {
                let hold = self.hold_ms();
                self.beat(&hold)?;
                beaten = Instant::now();
            }
        }
        let end = reader.previous.unwrap_or_default();
        if end != self.position.id {
            let reason =
                format!("the stream ends with {end} instead of {}, where this server opened it", self.position.id);
            return Err(JournalError::Corrupt { reason });
        }
        Ok(())
    }

    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        if batch.first != self.acknowledged.next() {
            let reason = format!("batch {} to {} does not follow {}", batch.first, batch.last, self.acknowledged);
            return Err(JournalError::Corrupt { reason });
        }
        self.settle(Some(batch))?;
        self.acknowledged = batch.last;
        self.ring.push(batch.clone());
        Ok(())
    }

    fn idle(&mut self) -> Result<(), JournalError> {
        self.look(None)?;
        self.settle(None)
    }

    fn close(&mut self) -> Result<(), JournalError> {
        self.beat("0")?;
        Ok(())
    }

    fn kept(&self) -> Vec<SealedBatch> {
        self.ring.all()
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        // The address was good enough to open the partition.
        let history = reading::RedisHistory::new(&self.config).ok()?;
        Some(Arc::new(history))
    }

    fn kind(&self) -> &'static str {
        "redis"
    }

    fn best(&self) -> Durability {
        Durability::Journaled
    }

    fn what_could_be_lost(&self) -> String {
        let whole = match self.ring.first() {
            Some(first) if first > Seq(1) => {
                format!(". Memory covers events from {first} on: what a forgetful Redis loses before that is lost")
            }
            _ => String::new(),
        };
        self.keeping.what_could_be_lost() + &whole
    }
}

type Entry = (String, Vec<(String, Vec<u8>)>);

impl RedisJournal {
    fn page(&mut self, from: &str) -> Result<Vec<Entry>, JournalError> {
        let mut cmd = redis::cmd("XRANGE");
        cmd.arg(self.link.stream()).arg(from).arg("+").arg("COUNT").arg(PAGE);
        Ok(self.link.query(&cmd)?)
    }

    /// The end of what is replayed goes into the ring as well: it may be the last copy one day.
    fn keep(&mut self, bytes: Vec<u8>, id: &str) -> Result<(), JournalError> {
        let batch = Batch::decode(&bytes).map_err(|e| corrupt(id, &e.to_string()))?;
        let (first, last, chain) = (batch.first, batch.last, batch.chain);
        if self.ring.last().is_some_and(|known| known >= first) {
            return Ok(());
        }
        self.ring.push(SealedBatch { first, last, chain, bytes: bytes.into() });
        Ok(())
    }
}

/// Follows the ids of a stream from its first entry.
struct Reader {
    previous: Option<String>,
    epoch: u64,
    last: Seq,
}

impl Reader {
    /// The batch of an entry; nothing for an opening or the entry of creation.
    fn read(&mut self, id: &str, fields: Vec<(String, Vec<u8>)>) -> Result<Option<Vec<u8>>, JournalError> {
        let previous = self.previous.replace(id.to_owned());
        let (epoch, seq) = parse_id(id).ok_or_else(|| corrupt(id, "the id is not epoch-sequence"))?;
        let mut fields = fields.into_iter();
        let (name, value) = fields.next().ok_or_else(|| corrupt(id, "the entry is empty"))?;
        match (name.as_str(), previous) {
            ("u", None) => Ok(None),
            ("t", Some(previous)) => {
                let link = fields.next().filter(|(name, _)| name == "p").map(|(_, value)| value).unwrap_or_default();
                if link != previous.as_bytes() {
                    let link = String::from_utf8_lossy(&link).into_owned();
                    return Err(corrupt(id, &format!("this opening followed {link}, but {previous} comes before it")));
                }
                if epoch <= self.epoch || seq != 0 {
                    return Err(corrupt(id, &format!("an opening cannot follow epoch {}", self.epoch)));
                }
                self.epoch = epoch;
                Ok(None)
            }
            ("d", Some(_)) => {
                let (first, last) = Batch::span(&value).map_err(|e| corrupt(id, &e.to_string()))?;
                if epoch != self.epoch || last.0 != seq || first != self.last.next() {
                    let what = format!("it holds events {first} to {last} where {} should begin", self.last.next());
                    return Err(corrupt(id, &what));
                }
                self.last = last;
                Ok(Some(value))
            }
            (name, _) => Err(corrupt(id, &format!("a `{name}` entry is not known here: written by a newer version?"))),
        }
    }
}

fn parse_id(id: &str) -> Option<(u64, u64)> {
    let (epoch, seq) = id.split_once('-')?;
    Some((epoch.parse().ok()?, seq.parse().ok()?))
}

fn corrupt(id: &str, what: &str) -> JournalError {
    JournalError::Corrupt { reason: format!("stream entry {id}: {what}") }
}

fn missing(link: &Link, config: &RedisConfig) -> JournalError {
    JournalError::Refused {
        reason: format!(
            "there is no partition `{}` in Redis at {}. Create it with `stockade init` if it is new; if it was there before, \
             Redis lost it: restore Redis from its backup",
            config.partition,
            link.address()
        ),
    }
}

fn create(link: &mut Link, config: &RedisConfig) -> Result<String, JournalError> {
    let id = config.id.clone().map_or_else(random_text, Ok)?;
    link.call::<String>(link::INIT, &[id.as_bytes(), FORMAT.as_bytes()])?;
    Ok(id)
}

fn read_state(link: &mut Link) -> Result<Option<State>, JournalError> {
    let mut cmd = redis::cmd("HMGET");
    cmd.arg(link.hash()).arg(&["u", "e", "t", "l", "s", "o", "n"]);
    let fields: Vec<Option<String>> = link.query(&cmd)?;
    if fields.iter().all(Option::is_none) {
        return Ok(None);
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

/// Reads where the partition stands and opens it there. An owner that is writing all the while moves it in between.
fn open_partition(link: &mut Link, config: &RedisConfig) -> Result<(Owned, Position), JournalError> {
    let mut tries = 0;
    loop {
        let state = read_state(link)?.ok_or_else(|| missing(link, config))?;
        match take(link, config, &state, config.take_over) {
            Err(JournalError::Deposed { .. }) if tries < OPENINGS_MAX => tries += 1,
            answer => return answer,
        }
    }
}

/// Opens with a new token, comparing with what was seen. Asking again with the same token gets the first answer.
fn take(
    link: &mut Link,
    config: &RedisConfig,
    state: &State,
    take_over: bool,
) -> Result<(Owned, Position), JournalError> {
    let token = random_text()?;
    let id = config.id.as_ref().unwrap_or(&state.id);
    let hold = config.hold.as_millis().to_string();
    let args = [
        token.as_str(),
        &state.before.epoch,
        &state.before.token,
        &state.before.last_id,
        id,
        FORMAT,
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
            let owned = Owned { epoch, token, before: state.before.clone() };
            Ok((owned, Position { id: last_id, seq: state.seq }))
        }
        Err(Fault::Fenced) => {
            Err(JournalError::Deposed { reason: "another engine moved it at the same moment".into() })
        }
        Err(fault) => Err(fault.into()),
    }
}

fn random_text() -> Result<String, JournalError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|e| JournalError::Refused { reason: format!("the system gives no random numbers: {e}") })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
