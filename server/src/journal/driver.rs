//! The thread between the log and the journal: it takes batches, writes them, advances the durability gate, and knows
//! the state of the journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use stockade_core::Durability;
use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::limits::BATCH_BYTES_SOFT;
use stockade_core::log::{Journal, JournalError, Log, SealedBatch};

use super::emergency::EmergencyFile;
use super::linger::Linger;
use super::mark::MarkKeeper;
use super::status::{Health, JournalStatus, Stopped};
use crate::faults;
use crate::panics::words;

/// First and longest pause between two tries of the same batch.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Pause before an emergency file that the disk did not take is written again.
const SPILL_AGAIN: Duration = Duration::from_secs(5);
/// A batch this large was most likely cut because it was full, and events wait for the next one.
const NEARLY_FULL: usize = BATCH_BYTES_SOFT / 8 * 7;
/// Longest wait, after a halt, for commits that were under way.
const COMMITS_END: Duration = Duration::from_millis(200);
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

/// The running thread. When it is dropped without [`Driver::stop`], the thread runs until the process ends.
pub struct Driver<L: HasLog> {
    shared: Arc<Shared<L>>,
    thread: Thread,
}

struct Shared<L> {
    holder: Arc<L>,
    status: Mutex<JournalStatus>,
    stop_by: Mutex<Option<Instant>>,
    stopping: AtomicBool,
    /// How the thread ended, once it has.
    stopped: Mutex<Option<Stopped>>,
    ended: Condvar,
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
            kept_bytes: journal.kept_bytes(),
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
            stopped: Mutex::new(None),
            ended: Condvar::new(),
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
            in_hand: None,
        };
        let ending = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| run.run()));
            let stopped = ended.unwrap_or_else(|panic| run.broken(&words(&*panic)));
            let reason = stopped.reason.clone();
            if let Some(reason) = &reason {
                let journaled = stopped.journaled.0;
                tracing::error!(reason, journaled, "the journal takes nothing more from this process");
            }
            // Whoever waits may open the journal then.
            drop(run);
            *ending.stopped.lock() = Some(stopped);
            ending.ended.notify_all();
            if let Some(reason) = reason {
                (config.on_end)(&reason);
            }
        })?;
        Ok(Driver { shared, thread: thread.thread().clone() })
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
    /// not taken everything after `patience`, the rest goes to the emergency file. Called again meanwhile, it shortens the
    /// patience.
    pub fn stop(&self, patience: Duration) -> Stopped {
        let by = Instant::now() + patience;
        {
            let mut stop_by = self.shared.stop_by.lock();
            *stop_by = Some(stop_by.map_or(by, |before| before.min(by)));
        }
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.log().wake();
        self.thread.unpark();
        let mut stopped = self.shared.stopped.lock();
        loop {
            match &*stopped {
                Some(stopped) => return stopped.clone(),
                None => self.shared.ended.wait(&mut stopped),
            }
        }
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
    /// The batch that the journal has not acknowledged yet.
    in_hand: Option<SealedBatch>,
}

/// How writing a batch ended.
enum Written {
    Yes,
    /// The time to stop came first.
    NotInTime,
    /// Never: the log was halted, another server owns the history, or the journal is damaged.
    Never(String),
}

/// Why the driver ends.
enum End {
    Told,
    Over { reason: String },
}

impl<L: HasLog> Run<L> {
    fn run(&mut self) -> Stopped {
        match self.serve() {
            End::Told => self.finish(),
            End::Over { reason } => self.over(reason),
        }
    }

    /// The end by a panic.
    fn broken(&mut self, panic: &str) -> Stopped {
        let reason = format!("the journal thread ended by a panic: {panic}");
        self.shared.status.lock().last_error = Some(reason.clone());
        catch_unwind(AssertUnwindSafe(|| self.over(reason.clone()))).unwrap_or_else(|panic| {
            tracing::error!(reason = words(&*panic), "what exists only in memory could not be written");
            let journaled = self.shared.status.lock().journaled;
            Stopped { journaled, drained: false, reason: Some(reason), emergency: None }
        })
    }

    /// An end that nobody asked for: nothing more is journaled, and what exists only in memory is saved.
    fn over(&mut self, reason: String) -> Stopped {
        self.shared.log().halt(reason.clone());
        let was_well = {
            let mut status = self.shared.status.lock();
            std::mem::replace(&mut status.health, Health::Ended) == Health::Working
        };
        self.let_commits_end();
        let rest = self.rest();
        let emergency = if was_well && rest.is_empty() { None } else { self.spill(rest) };
        self.stopped(Some(reason), emergency)
    }

    fn stopped(&self, reason: Option<String>, emergency: Option<PathBuf>) -> Stopped {
        Stopped {
            journaled: self.shared.status.lock().journaled,
            drained: emergency.is_none() && self.shared.log().is_drained(),
            reason,
            emergency,
        }
    }

    /// Writes batches until told to stop or until that is impossible for good.
    fn serve(&mut self) -> End {
        let mut ready = Instant::now();
        loop {
            if let Some(reason) = self.shared.log().halted() {
                return End::Over { reason };
            }
            faults::strike("journal");
            let wait = if self.shared.stopping() { Duration::ZERO } else { self.beat };
            self.in_hand = self.shared.log().next_batch(wait);
            let came = Instant::now();
            let (events, full) = match &self.in_hand {
                Some(batch) => (batch.last.0 - batch.first.0 + 1, batch.bytes.len() > NEARLY_FULL),
                None => (0, false),
            };
            let written = match self.in_hand.clone() {
                Some(batch) => self.write(&batch),
                None if self.shared.stopping() => return End::Told,
                None => self.until_done(|journal| journal.idle()),
            };
            match written {
                Written::Yes => {
                    let done = Instant::now();
                    let pause = self.linger.after(events, full, came - ready, done - came);
                    ready = done;
                    if let Some(pause) = pause {
                        std::thread::sleep(pause);
                        ready = Instant::now();
                    }
                }
                Written::NotInTime => return End::Told,
                Written::Never(reason) => return End::Over { reason },
            }
        }
    }

    fn write(&mut self, batch: &SealedBatch) -> Written {
        faults::strike("journal-write");
        let written = self.until_done(|journal| journal.append(batch));
        if matches!(written, Written::Yes) {
            self.in_hand = None;
            let kept_bytes = self.journal.kept_bytes();
            let mut status = self.shared.status.lock();
            status.journaled = batch.last;
            status.batches += 1;
            status.bytes += batch.bytes.len() as u64;
            status.kept_bytes = kept_bytes;
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
            if health == Health::Ended {
                return Written::Never(error.to_string());
            }
            if let Some(reason) = self.shared.log().halted() {
                return Written::Never(reason);
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
    fn finish(&mut self) -> Stopped {
        let health = self.shared.status.lock().health;
        let emergency = if self.in_hand.is_none() && health == Health::Working {
            if let Err(error) = self.journal.close() {
                tracing::warn!(%error, "the journal could not be given up; its next owner has to wait");
            }
            None
        } else if self.in_hand.is_none() && health == Health::Retrying && self.shared.log().is_drained() {
            None
        } else {
            let rest = self.rest();
            self.spill(rest)
        };
        self.stopped(None, emergency)
    }

    /// Waits a little for commits that were under way when the log was halted: the journal gets nothing behind them. One
    /// that broke never ends.
    fn let_commits_end(&self) {
        let (log, until) = (self.shared.log(), Instant::now() + COMMITS_END);
        while log.applied() < log.last() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What the journal did not acknowledge.
    fn rest(&mut self) -> Vec<SealedBatch> {
        let mut rest: Vec<SealedBatch> = self.in_hand.take().into_iter().collect();
        while let Some(batch) = self.shared.log().next_batch(Duration::ZERO) {
            rest.push(batch);
        }
        rest
    }

    /// Saves what the journal took, in case it lost it, and what it did not take.
    fn spill(&self, rest: Vec<SealedBatch>) -> Option<PathBuf> {
        let path = self.emergency.clone()?;
        let mut batches = self.journal.kept();
        let journaled = self.shared.status.lock().journaled.max(batches.last().map_or(Seq(0), |batch| batch.last));
        batches.extend(rest);
        let file = EmergencyFile { journaled, batches };
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
