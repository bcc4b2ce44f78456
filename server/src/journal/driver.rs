//! The thread between the log and the journal: it takes batches, writes them, advances the durability gate, and knows
//! the state of the journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use stockade_core::Durability;
use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::limits::BATCH_BYTES_SOFT;
use stockade_core::log::{Journal, JournalError, Log, SealedBatch};

use super::emergency::EmergencyFile;
use super::linger::Linger;
use super::mark::MarkKeeper;
use crate::faults;
use crate::panics::words;

/// First and longest pause between two tries of the same batch.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Pause before an emergency file that the disk did not take is written again.
const SPILL_AGAIN: Duration = Duration::from_secs(5);
/// A batch this large was most likely cut because it was full, and events wait for the next one.
const NEARLY_FULL: usize = BATCH_BYTES_SOFT / 8 * 7;
/// Time between two updates of what could be lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The owner of the log that the driver serves.
pub trait HasLog: Send + Sync + 'static {
    /// The log.
    fn log(&self) -> &Log;
}

impl HasLog for Log {
    fn log(&self) -> &Log {
        self
    }
}

impl HasLog for Engine {
    fn log(&self) -> &Log {
        Engine::log(self)
    }
}

/// How the driver behaves.
pub struct DriverConfig {
    /// The emergency file, for batches that exist only in memory; `None` only reports them.
    pub emergency: Option<PathBuf>,
    /// Writes how far the journal was acknowledged to a file apart from it.
    pub mark: Option<MarkKeeper>,
    /// Idle time after which the journal is asked whether all is well: at most a third of the time that ownership
    /// lasts.
    pub beat: Duration,
    /// Called once, on the driver's thread, when nothing more will be journaled: deposed, halted or damaged. The
    /// process should report the reason and end.
    pub on_end: Box<dyn FnOnce(&str) + Send>,
}

impl Default for DriverConfig {
    fn default() -> DriverConfig {
        DriverConfig { emergency: None, mark: None, beat: Duration::from_secs(3), on_end: Box::new(|_| ()) }
    }
}

/// How the journal stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// It takes batches.
    Working,
    /// It does not answer, or refuses for now; the same batch is retried.
    Retrying,
    /// A sync failed: nothing is acknowledged and memory is kept until everything is in a fresh copy.
    SyncFailed,
    /// It lost acknowledged history: nothing is acknowledged, memory is kept, and a person has to act.
    HistoryLost,
    /// It will never take another batch from this process.
    Ended,
}

/// What `/readyz` and metrics tell about the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalStatus {
    /// `redis`, `local` or `memory`.
    pub kind: &'static str,
    /// How it stands.
    pub health: Health,
    /// The last error, kept after it is over.
    pub last_error: Option<String>,
    /// The last sequence it acknowledged.
    pub journaled: Seq,
    /// Bytes that wait for it, reservations included.
    pub backlog_bytes: usize,
    /// The highest durability it gives.
    pub best: Durability,
    /// What an accident could lose, in one sentence.
    pub what_could_be_lost: String,
    /// Batches written.
    pub batches: u64,
    /// Bytes written.
    pub bytes: u64,
}

impl JournalStatus {
    /// Whether it takes batches now.
    pub fn is_connected(&self) -> bool {
        self.health == Health::Working
    }
}

/// The running thread. When it is dropped without [`Driver::stop`], the thread runs until the process ends.
pub struct Driver<L: HasLog> {
    shared: Arc<Shared<L>>,
    thread: JoinHandle<Stopped>,
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stopped {
    /// The last sequence the journal acknowledged.
    pub journaled: Seq,
    /// Whether everything was journaled.
    pub drained: bool,
    /// Why it ended before it was told to.
    pub reason: Option<String>,
    /// The emergency file, when one was needed and written.
    pub emergency: Option<PathBuf>,
}

struct Shared<L> {
    holder: Arc<L>,
    status: Mutex<JournalStatus>,
    stop_by: Mutex<Option<Instant>>,
    stopping: AtomicBool,
}

impl<L: HasLog> Driver<L> {
    /// Starts the thread. The journal has been replayed and the log resumed before.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(holder: Arc<L>, journal: Box<dyn Journal>, config: DriverConfig) -> std::io::Result<Driver<L>> {
        let status = JournalStatus {
            kind: journal.kind(),
            health: Health::Working,
            last_error: None,
            journaled: holder.log().gate().watermark(Durability::Journaled),
            backlog_bytes: 0,
            best: journal.best(),
            what_could_be_lost: journal.what_could_be_lost(),
            batches: 0,
            bytes: 0,
        };
        let shared = Arc::new(Shared {
            holder,
            status: Mutex::new(status),
            stop_by: Mutex::new(None),
            stopping: AtomicBool::new(false),
        });
        let linger = Linger::new(journal.best());
        let mut run = Run {
            shared: Arc::clone(&shared),
            journal,
            emergency: config.emergency,
            mark: config.mark,
            beat: config.beat,
            spill_at: Some(Instant::now()),
            looked: Instant::now(),
            linger,
        };
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| run.run()));
            let stopped = ended.unwrap_or_else(|panic| run.broken(&words(&*panic)));
            if let Some(reason) = &stopped.reason {
                let journaled = stopped.journaled.0;
                tracing::error!(reason, journaled, "the journal takes nothing more from this process");
                (config.on_end)(reason);
            }
            stopped
        })?;
        Ok(Driver { shared, thread })
    }

    /// How the journal stands.
    pub fn status(&self) -> JournalStatus {
        self.shared.status()
    }

    /// A function that returns the status, for those who outlive this handle.
    pub fn status_source(&self) -> impl Fn() -> JournalStatus + Send + Sync + use<L> {
        let shared = Arc::clone(&self.shared);
        move || shared.status()
    }

    /// Writes what is left and gives the journal up. Nothing may be appended to the log any more. When the journal has
    /// not taken everything after `patience`, the rest goes to the emergency file.
    pub fn stop(self, patience: Duration) -> Stopped {
        *self.shared.stop_by.lock() = Some(Instant::now() + patience);
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.log().wake();
        self.thread.thread().unpark();
        self.thread.join().unwrap_or_else(|_| Stopped {
            journaled: self.shared.status.lock().journaled,
            drained: false,
            reason: Some("the journal thread panicked".into()),
            emergency: None,
        })
    }
}

impl<L: HasLog> Shared<L> {
    fn log(&self) -> &Log {
        self.holder.log()
    }

    fn status(&self) -> JournalStatus {
        let mut status = self.status.lock().clone();
        status.backlog_bytes = self.log().backlog_bytes();
        status
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn out_of_patience(&self) -> bool {
        self.stop_by.lock().is_some_and(|by| Instant::now() >= by)
    }
}

struct Run<L> {
    shared: Arc<Shared<L>>,
    journal: Box<dyn Journal>,
    emergency: Option<PathBuf>,
    mark: Option<MarkKeeper>,
    beat: Duration,
    /// From when on what memory holds has to be written to disk, should the journal fail or lose history; `None` once it
    /// is written.
    spill_at: Option<Instant>,
    /// When what could be lost was updated.
    looked: Instant,
    linger: Linger,
}

/// How writing a batch ended.
enum Written {
    Yes,
    /// The time to stop came first.
    NotInTime,
    /// Never, because the log was halted: the rest in memory is not saved.
    Ended(String),
    /// Never, because another server owns the history: what was acknowledged here and is not in it is saved.
    Deposed(String),
    /// Never, because the journal is damaged or became another one: memory may hold the last copy.
    Damaged(String),
}

/// Why the driver ends.
enum End {
    Told { in_hand: Option<SealedBatch> },
    Over { reason: String, save: Save },
}

/// What of memory is saved at the end.
enum Save {
    Nothing,
    /// What the journal once acknowledged, in case it is nowhere else.
    Acknowledged,
    /// That, these batches, and what follows them.
    All(Vec<SealedBatch>),
}

impl<L: HasLog> Run<L> {
    fn run(&mut self) -> Stopped {
        let (reason, emergency) = match self.serve() {
            End::Told { in_hand } => (None, self.finish(in_hand)),
            End::Over { reason, save } => {
                self.shared.status.lock().health = Health::Ended;
                self.shared.log().halt(reason.clone());
                let emergency = match save {
                    Save::Nothing => None,
                    Save::Acknowledged => self.spill(Vec::new()),
                    Save::All(in_hand) => self.spill_rest(in_hand),
                };
                (Some(reason), emergency)
            }
        };
        Stopped {
            journaled: self.shared.status.lock().journaled,
            drained: reason.is_none() && emergency.is_none() && self.shared.log().is_drained(),
            reason,
            emergency,
        }
    }

    /// The end by a panic. The batch in hand is lost with it, so that what follows cannot be saved either; what was
    /// acknowledged is in the journal.
    fn broken(&self, panic: &str) -> Stopped {
        let reason = format!("the journal thread ended by a panic: {panic}");
        let journaled = {
            let mut status = self.shared.status.lock();
            status.health = Health::Ended;
            status.last_error = Some(reason.clone());
            status.journaled
        };
        self.shared.log().halt(reason.clone());
        Stopped { journaled, drained: false, reason: Some(reason), emergency: None }
    }

    /// Writes batches until told to stop or until that is impossible for good.
    fn serve(&mut self) -> End {
        let mut ready = Instant::now();
        loop {
            if let Some(reason) = self.shared.log().halted() {
                return End::Over { reason, save: Save::Nothing };
            }
            faults::strike("journal");
            let wait = if self.shared.stopping() { Duration::ZERO } else { self.beat };
            let in_hand = self.shared.log().next_batch(wait);
            let came = Instant::now();
            let written = match &in_hand {
                Some(batch) => self.write(batch),
                None if self.shared.stopping() => return End::Told { in_hand: None },
                None => self.until_done(|journal| journal.idle()),
            };
            match written {
                Written::Yes => {
                    let done = Instant::now();
                    let events = in_hand.as_ref().map_or(0, |batch| batch.last.0 - batch.first.0 + 1);
                    let full = in_hand.is_some_and(|batch| batch.bytes.len() > NEARLY_FULL);
                    let pause = self.linger.after(events, full, came - ready, done - came);
                    ready = done;
                    if let Some(pause) = pause {
                        std::thread::sleep(pause);
                        ready = Instant::now();
                    }
                }
                Written::NotInTime => return End::Told { in_hand },
                Written::Ended(reason) => return End::Over { reason, save: Save::Nothing },
                Written::Deposed(reason) => return End::Over { reason, save: Save::Acknowledged },
                Written::Damaged(reason) => {
                    return End::Over { reason, save: Save::All(in_hand.into_iter().collect()) };
                }
            }
        }
    }

    fn write(&mut self, batch: &SealedBatch) -> Written {
        let written = self.until_done(|journal| journal.append(batch));
        if matches!(written, Written::Yes) {
            let mut status = self.shared.status.lock();
            status.journaled = batch.last;
            status.batches += 1;
            status.bytes += batch.bytes.len() as u64;
            drop(status);
            if let Some(mark) = &self.mark {
                mark.advance(batch.last, batch.chain);
            }
            self.shared.log().journaled(batch.last);
        }
        written
    }

    /// Retries until it succeeds, cannot succeed any more, or patience ends.
    fn until_done(&mut self, mut act: impl FnMut(&mut dyn Journal) -> Result<(), JournalError>) -> Written {
        let mut pause = PAUSE_MIN;
        loop {
            let error = match act(&mut *self.journal) {
                Ok(()) => {
                    self.recovered();
                    return Written::Yes;
                }
                Err(error) => error,
            };
            let health = match &error {
                // A person can lift a refusal that comes while the engine runs, such as a password or a permission.
                JournalError::Unavailable { .. } | JournalError::Refused { .. } => Health::Retrying,
                JournalError::SyncFailed { .. } => Health::SyncFailed,
                JournalError::HistoryLost { .. } => Health::HistoryLost,
                JournalError::Deposed { .. } | JournalError::OtherFormat { .. } | JournalError::Corrupt { .. } => {
                    Health::Ended
                }
            };
            self.trouble(health, &error);
            match error {
                JournalError::Deposed { .. } => return Written::Deposed(error.to_string()),
                JournalError::OtherFormat { .. } | JournalError::Corrupt { .. } => {
                    return Written::Damaged(error.to_string());
                }
                JournalError::Unavailable { .. }
                | JournalError::Refused { .. }
                | JournalError::SyncFailed { .. }
                | JournalError::HistoryLost { .. } => {}
            }
            if let Some(reason) = self.shared.log().halted() {
                return Written::Ended(reason);
            }
            if self.shared.out_of_patience() {
                return Written::NotInTime;
            }
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn recovered(&mut self) {
        let mut status = self.shared.status.lock();
        if status.health != Health::Working {
            tracing::info!("the journal takes batches again");
            status.health = Health::Working;
            self.spill_at = Some(Instant::now());
        }
        if self.looked.elapsed() >= LOOK_EVERY {
            self.looked = Instant::now();
            status.what_could_be_lost = self.journal.what_could_be_lost();
        }
    }

    fn trouble(&mut self, health: Health, error: &JournalError) {
        let alone = matches!(health, Health::HistoryLost | Health::SyncFailed);
        if alone && self.spill_at.is_some_and(|at| Instant::now() >= at) {
            // What memory holds may be the last copy: it should survive the death of this process from now on. Written
            // before anybody is told, so that whoever learns of the loss finds the file.
            let written = self.journal.kept().is_empty() || self.spill(Vec::new()).is_some();
            self.spill_at = (!written && self.emergency.is_some()).then(|| Instant::now() + SPILL_AGAIN);
        }
        let mut status = self.shared.status.lock();
        if status.health != health {
            tracing::error!(%error, "trouble with the journal");
        }
        status.health = health;
        status.last_error = Some(error.to_string());
    }

    /// The orderly end: gives the journal up, or saves what it did not take.
    fn finish(&mut self, in_hand: Option<SealedBatch>) -> Option<PathBuf> {
        let health = self.shared.status.lock().health;
        if in_hand.is_none() && health == Health::Working {
            if let Err(error) = self.journal.close() {
                tracing::warn!(%error, "the journal could not be given up; its next owner has to wait");
            }
            return None;
        }
        if in_hand.is_none() && health == Health::Retrying && self.shared.log().is_drained() {
            return None;
        }
        self.spill_rest(in_hand.into_iter().collect())
    }

    /// Saves what the journal took, in case it lost it, and what it did not take.
    fn spill_rest(&self, mut rest: Vec<SealedBatch>) -> Option<PathBuf> {
        while let Some(batch) = self.shared.log().next_batch(Duration::ZERO) {
            rest.push(batch);
        }
        self.spill(rest)
    }

    fn spill(&self, rest: Vec<SealedBatch>) -> Option<PathBuf> {
        let mut batches = self.journal.kept();
        batches.extend(rest);
        let path = self.emergency.clone()?;
        let file = EmergencyFile { journaled: self.shared.status.lock().journaled, batches };
        if file.batches.is_empty() {
            return None;
        }
        match file.write(&path) {
            Ok(()) => {
                tracing::error!(path = %path.display(), batches = file.batches.len(), "wrote what exists only in memory");
                Some(path)
            }
            Err(error) => {
                tracing::error!(%error, "what exists only in memory could not be written");
                None
            }
        }
    }
}
