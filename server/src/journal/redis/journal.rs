//! The journal over a partition that this process owns: append, repair from the ring, replay.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, ChainHash, History, Journal, JournalError, SealedBatch};

use super::check;
use super::config::RedisConfig;
use super::link::{self, Fault, Link};
use super::partition::{self, Inspect, NotTaken, Owned, State, read_state};
use super::reading;
use super::safety::Safety;
use super::stream::{Entry, Position, Reader, unreadable};
use super::successor;
use super::walk::page;
use crate::journal::lease::Lease;
use crate::journal::ring::Ring;

/// Repairs within one append before the error goes to the caller.
const REPAIRS_MAX: usize = 4;

/// A partition of Redis that this process owns.
pub struct RedisJournal {
    link: Link,
    config: RedisConfig,
    safety: Arc<Safety>,
    owned: Owned,
    /// The last entry of the stream, as far as known.
    position: Position,
    /// The last sequence that Redis acknowledged, even if it has forgotten it since.
    acknowledged: Seq,
    /// The entry of the stream that had it then.
    acknowledged_in: String,
    /// The hash of the history up to there, if a batch was acknowledged.
    acknowledged_chain: Option<ChainHash>,
    /// The token of an opening whose answer has not come: it may have been carried out.
    pending: Option<String>,
    ring: Ring,
    lease: Arc<Lease>,
}

impl RedisJournal {
    /// Connects, checks Redis, and takes ownership of the partition. Replay comes next, then appends.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when the partition is missing, has another id, or is held by another owner, or when
    /// Redis is unfit to hold history; [`JournalError::Unavailable`] when Redis cannot be reached;
    /// [`JournalError::OtherFormat`] when another build wrote the partition, which is not changed then.
    pub fn open(config: RedisConfig) -> Result<RedisJournal, JournalError> {
        RedisJournal::open_inspected(config, None)
    }

    /// Does the same, and takes the partition from another server only as `inspect` finds it. What that refuses is left to
    /// its owner.
    ///
    /// # Errors
    /// As [`RedisJournal::open`], and what `inspect` returns.
    pub fn open_inspected(
        config: RedisConfig,
        inspect: Option<&mut dyn Inspect>,
    ) -> Result<RedisJournal, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        link.be_patient(config.patience);
        let keeping = check::check(&mut link)?;
        match partition::look_at(&mut link, &config)? {
            false if config.create => drop(partition::create(&mut link, &config)?),
            false => return Err(partition::missing(&link, &config)),
            true => link.load_library()?,
        }
        let lease = Arc::new(Lease::default());
        // Whatever may fail comes before the partition is taken from somebody.
        let safety = Safety::watch(&config, keeping)?;
        let (owned, position) = partition::open(&mut link, &config, &lease, inspect)?;
        let (acknowledged, acknowledged_in) = (position.seq, position.id.clone());
        let ring = Ring::new(config.ring_bytes);
        let pending = None;
        Ok(RedisJournal {
            link,
            config,
            safety,
            owned,
            position,
            acknowledged,
            acknowledged_in,
            acknowledged_chain: None,
            pending,
            ring,
            lease,
        })
    }

    /// Settings of this Redis that should be changed, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        self.safety.warnings()
    }

    /// How safely this Redis keeps history, looked at again and again.
    pub fn safety(&self) -> Arc<Safety> {
        Arc::clone(&self.safety)
    }

    /// How long this process owns the partition, as far as it can know.
    pub fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }

    /// The id of the partition.
    pub fn identity(&self) -> String {
        self.owned.id.clone()
    }

    /// The epoch of this ownership: each opening increments it.
    pub fn epoch(&self) -> u64 {
        self.owned.epoch
    }

    /// Brings Redis up to date: writes again what it forgot, then the batch.
    fn settle(&mut self, batch: Option<&SealedBatch>) -> Result<(), JournalError> {
        if self.position.seq < self.acknowledged {
            // It was behind when we last looked; somebody may have restored a better backup since.
            self.look(batch)?;
        }
        let mut fault = Fault::NotNow("the stream in Redis keeps changing".into());
        for _ in 0..REPAIRS_MAX {
            match self.advance(batch) {
                Ok(()) => return Ok(()),
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Fault(Fault::Gap { id, seq })) => {
                    self.moved(Position { id, seq: Seq(seq) }, batch)?;
                    fault = Fault::NotNow("the last entry in Redis is not the expected one".into());
                }
                Err(Setback::Fault(found @ (Fault::Fenced | Fault::Lost(_)))) => {
                    self.examine(&found)?;
                    fault = found;
                }
                Err(Setback::Fault(fault)) => return Err(fault.into()),
            }
        }
        Err(JournalError::Unavailable { reason: format!("repaired {REPAIRS_MAX} times without success: {fault:?}") })
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
        let sent = Instant::now();
        self.link.call::<String>(link::APPEND, &args)?;
        self.lease.extend(sent, self.config.hold);
        self.position = Position { id, seq: batch.last };
        Ok(())
    }

    /// Asks for the last entry of the stream, which is also a heartbeat.
    fn look(&mut self, batch: Option<&SealedBatch>) -> Result<(), JournalError> {
        let hold = self.hold_ms();
        match self.beat(&hold) {
            Ok(position) => self.moved(position, batch),
            Err(fault @ (Fault::Fenced | Fault::Lost(_))) => self.examine(&fault),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Adopts the last entry that Redis reports while epoch and token are still those of this server.
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

    /// Finds out what a refusal means: this server is deposed, Redis lost history, or all is well again.
    fn examine(&mut self, fault: &Fault) -> Result<(), JournalError> {
        let Some(state) = read_state(&mut self.link)? else { return Err(self.gone("the partition is gone")) };
        let entries: u64 = self.link.query(redis::cmd("XLEN").arg(self.link.stream()))?;
        if entries != state.entries {
            return Err(self.gone(&format!("the stream has {entries} entries instead of {}", state.entries)));
        }
        let epoch: u64 = state.before.epoch.parse().unwrap_or(0);
        if self.pending.as_ref() == Some(&state.before.token) {
            // The opening was carried out, and its answer was lost.
            tracing::warn!(epoch, "Redis has the opening whose answer did not come");
            self.owned.epoch = epoch;
            self.owned.token = state.before.token;
            self.pending = None;
            self.position = Position { id: state.before.last_id, seq: state.seq };
            return Ok(());
        }
        if epoch > self.owned.epoch || epoch == self.owned.epoch && state.before.token != self.owned.token {
            return Err(self.deposed(&state, epoch));
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
        self.open_again(&state)
    }

    /// Opens with one and the same token until an answer comes: an opening whose answer was lost is then known as ours.
    fn open_again(&mut self, state: &State) -> Result<(), JournalError> {
        let token = self.pending.take().map_or_else(partition::new_token, Ok)?;
        self.pending = Some(token.clone());
        match partition::take(&mut self.link, &self.config, (state, &token), true) {
            Ok((owned, position)) => {
                (self.owned, self.position, self.pending) = (owned, position, None);
                Ok(())
            }
            // Somebody changed it since it was read: whoever that was is found out at the next look.
            Err(NotTaken::Moved) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Another engine owns the history now. If the last batch that was acknowledged is in it, so are those before, and
    /// memory holds nothing that exists nowhere else.
    fn deposed(&mut self, state: &State, epoch: u64) -> JournalError {
        let fate = if self.has_all() {
            self.ring = Ring::new(self.config.ring_bytes);
            "with everything that was acknowledged here".to_owned()
        } else {
            self.report_missing()
        };
        let reason = format!("`{}` opened it with epoch {epoch}, ours was {}, {fate}", state.owner, self.owned.epoch);
        JournalError::Deposed { reason }
    }

    /// Whether the other history has what was acknowledged last. Not by the id of its entry alone: an opening that Redis has
    /// forgotten leaves its epoch to the next owner, whose entries may have the same ids.
    fn has_all(&mut self) -> bool {
        let Some(chain) = self.acknowledged_chain else {
            // Nothing was acknowledged since the opening: what was there then has to be there.
            let kept = successor::kept(&mut self.link, &self.owned);
            return kept.is_ok_and(|kept| kept.is_some_and(|kept| kept >= self.acknowledged));
        };
        let mut range = redis::cmd("XRANGE");
        range.arg(self.link.stream()).arg(&self.acknowledged_in).arg(&self.acknowledged_in);
        let entries = self.link.query::<Vec<Entry>>(&range).unwrap_or_default();
        let batch = entries.first().and_then(|(_, fields)| fields.first());
        batch.is_some_and(|(_, bytes)| Batch::decode(bytes).is_ok_and(|batch| batch.chain == chain))
    }

    /// Finds out which acknowledged events the other history lacks, and leaves a note of it for its owner.
    fn report_missing(&mut self) -> String {
        let all = self.acknowledged;
        let missing = match successor::kept(&mut self.link, &self.owned) {
            Ok(Some(kept)) if kept < all => format!("events {} to {all}, which were acknowledged here", kept.next()),
            Ok(_) | Err(_) => format!("events that were acknowledged here, of which the last is {all}"),
        };
        let (owner, epoch) = (&self.config.owner, self.owned.epoch);
        let note = format!(
            "this history lacks {}: `{owner}` acknowledged them with epoch {epoch} before it was deposed, and its emergency \
             file has them",
            missing.replace(", which were acknowledged here", "").replace(" that were acknowledged here", "")
        );
        if let Err(fault) = successor::report(&mut self.link, &self.owned, &note) {
            tracing::warn!(?fault, "the owner of the history could not be told what is missing in it");
        }
        format!("without {missing}")
    }

    fn gone(&self, what: &str) -> JournalError {
        self.lease.lose();
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
        let sent = Instant::now();
        let (id, seq) = self.link.call::<(String, u64)>(link::BEAT, &args)?;
        if Seq(seq) >= self.acknowledged {
            self.lease.extend(sent, self.config.hold);
        }
        Ok(Position { id, seq: Seq(seq) })
    }
}

enum Setback {
    Fault(Fault),
    Final(JournalError),
}

impl Journal for RedisJournal {
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let mut reader = Reader::new(self.link.place());
        let mut from = "-".to_owned();
        let mut beaten = Instant::now();
        loop {
            let page = page(&mut self.link, &from)?;
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
        // From here on the thread that writes says itself when it tries again.
        self.link.be_patient(Duration::ZERO);
        Ok(())
    }

    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        if batch.first != self.acknowledged.next() {
            let reason = format!("batch {} to {} does not follow {}", batch.first, batch.last, self.acknowledged);
            return Err(JournalError::Corrupt { reason });
        }
        self.settle(Some(batch))?;
        self.acknowledged = batch.last;
        self.acknowledged_in.clone_from(&self.position.id);
        self.acknowledged_chain = Some(batch.chain);
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

    fn kept_bytes(&self) -> usize {
        self.ring.bytes()
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        // The address was good enough to open the partition.
        Some(Arc::new(reading::RedisHistory::new(&self.config).ok()?))
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
        self.safety.what_could_be_lost() + &whole
    }
}

impl RedisJournal {
    /// Puts a replayed batch into the ring: memory may hold the last copy of it one day.
    fn keep(&mut self, bytes: Vec<u8>, id: &str) -> Result<(), JournalError> {
        let batch = Batch::decode(&bytes).map_err(|e| unreadable(&self.link.place(), id, &e))?;
        let (first, last, chain) = (batch.first, batch.last, batch.chain);
        if self.ring.last().is_none_or(|known| known < first) {
            self.ring.push(SealedBatch { first, last, chain, bytes: bytes.into() });
        }
        Ok(())
    }
}
