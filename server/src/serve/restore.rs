//! A history made of a backup, with an identity of its own: all of it, or up to a point in time.
//!
//! ```text
//!   backup ──► batch by batch, checked ──► up to the point ──► under a temporary name ──► whole ──► in its place
//!                                                      └─ --verify: carried out on an engine as well, which is checked
//! ```

use std::path::{Path, PathBuf};

use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, JournalError};
use stockade_core::time::Time;

use super::folder::Folder;
use super::history::{self, PARTITION_FILE, emergency_file, mark_file, refused};
use super::ids;
use super::source::{Source, open_backup, unreadable};
use super::survey::{carry_out, checked, read};
use crate::config::{Config, JournalHome};
use crate::disk::{self, Access, Prepared};
use crate::failure::Failure;
use crate::journal::{LocalMade, Made, Mark, RedisConfig, RedisJournal, RedisMade, Trail};

/// Up to where a history is restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// To its end.
    End,
    /// This event is the last.
    Event(Seq),
    /// The last event before the first that was decided later than this, engine time.
    Time(Time),
}

/// What is restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restore<'a> {
    /// The backup.
    pub from: &'a Path,
    /// Up to where.
    pub until: Until,
    /// Carry out every event on an engine, and check that, before the history is in its place.
    pub verify: bool,
}

/// A history that was restored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// The backup.
    pub from: PathBuf,
    /// The identity of the history it was taken of.
    pub taken_of: String,
    /// Where the new history is.
    pub place: String,
    /// Its identity.
    pub identity: String,
    /// Its last event; 0 when it has none.
    pub last: Seq,
    /// The digest of the state it leads to, when that was asked for.
    pub digest: Option<u128>,
    /// The emergency file in the folder, which the next start takes in if it continues this history.
    pub emergency: Option<PathBuf>,
}

/// Makes a history of a backup where the settings have it. Nothing that is there already is touched.
///
/// # Errors
/// When there is a history or the mark of one, or an emergency file that would continue a history up to a point in time; or
/// the backup is damaged before the point asked for, or does not reach it. There is no history then.
pub fn restore(config: &Config, order: Restore<'_>) -> Result<Restored, Failure> {
    let mut backup = open_backup(order.from)?;
    let folder = Folder::take(&config.data_dir)?;
    let taken_of = backup.identity().to_owned();
    let emergency = beside(config, order.until)?;
    not_marked(config, &taken_of)?;
    let mut target = Target::begin(config)?;
    let mut cutting = Cutting::new(order.until);
    let engine = order.verify.then(Engine::new);
    while let Some((bytes, batch)) = backup.next_batch().map_err(|error| unreadable(order.from, &error))? {
        let took = cutting.take(bytes, &batch, engine.as_ref(), &mut *target.made);
        took.map_err(|error| refused(&error))?;
        if cutting.is_over {
            break;
        }
    }
    cutting.reached(order.from)?;
    let digest = engine.map(|engine| checked(&engine)).transpose();
    let digest = digest.map_err(|broken| Failure::failed(format!("{}: {broken}", order.from.display())))?;
    let identity = target.finish()?;
    drop(folder);
    let (from, place) = (order.from.to_owned(), Source::of(config)?.place());
    Ok(Restored { from, taken_of, place, identity, last: cutting.trail.last, digest, emergency })
}

/// The emergency file in the folder. What it holds comes after the end of some history: the next start would undo a restore
/// up to a point in time, which is refused.
fn beside(config: &Config, until: Until) -> Result<Option<PathBuf>, Failure> {
    let path = emergency_file(config);
    let is_there = path.try_exists().map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    match until {
        Until::End => Ok(is_there.then_some(path)),
        Until::Event(_) | Until::Time(_) if is_there => Err(Failure::failed(format!(
            "{} may hold what came after the point in time, and the next start would take it in again: move it away, and \
             restore again",
            path.display()
        ))),
        Until::Event(_) | Until::Time(_) => Ok(None),
    }
}

/// Refuses a folder whose server wrote a history that may still be somewhere.
fn not_marked(config: &Config, taken_of: &str) -> Result<(), Failure> {
    let path = mark_file(config);
    let Some(mark) = Mark::read(&path).map_err(|error| refused(&error))? else { return Ok(()) };
    let (path, event) = (path.display(), mark.event);
    let found = if mark.journal == taken_of {
        format!(
            "the backup is of the history that this server wrote, which was acknowledged up to event {event} (mark {path}). What \
             comes after the end of the backup is lost, unless an emergency file in the folder continues it: that is taken in at \
             the next start"
        )
    } else {
        format!(
            "this server wrote the history {} up to event {event} (mark {path}), and the backup is of another",
            mark.journal
        )
    };
    Err(Failure::failed(format!(
        "{found}. A restored history has an identity of its own, which the mark does not know: move the mark away, and restore \
         again"
    )))
}

/// Takes batches up to a point.
struct Cutting {
    until: Until,
    trail: Trail,
    is_over: bool,
    /// When the first event was decided, if that was too late.
    first_decided: Option<Time>,
}

impl Cutting {
    fn new(until: Until) -> Cutting {
        Cutting { until, trail: Trail::default(), is_over: false, first_decided: None }
    }

    fn take(
        &mut self,
        bytes: &[u8],
        batch: &Batch<'_>,
        engine: Option<&Engine>,
        made: &mut dyn Made,
    ) -> Result<(), JournalError> {
        let last = self.last_of(batch)?;
        self.is_over = last < batch.last || self.until == Until::Event(last);
        if let Some(engine) = engine {
            for (seq, event) in batch.events().filter(|(seq, _)| *seq <= last) {
                carry_out(engine, seq, &read(seq, event)?)?;
            }
        }
        if last == batch.last {
            self.trail.follow(bytes)?;
            return made.add(bytes);
        }
        let Some(cut) = batch.until(last) else { return Ok(()) };
        self.trail.follow(&cut.bytes)?;
        made.add(&cut.bytes)
    }

    /// The last event of a batch that is kept; one before its first when none is.
    fn last_of(&mut self, batch: &Batch<'_>) -> Result<Seq, JournalError> {
        match self.until {
            Until::End => Ok(batch.last),
            Until::Event(last) => Ok(last.min(batch.last)),
            Until::Time(time) => {
                for (seq, event) in batch.events() {
                    let decided = read(seq, event)?.arrived;
                    if decided > time {
                        self.first_decided = (seq == Seq(1)).then_some(decided);
                        return Ok(Seq(seq.0 - 1));
                    }
                }
                Ok(batch.last)
            }
        }
    }

    /// Refuses a backup that does not reach the point.
    fn reached(&self, from: &Path) -> Result<(), Failure> {
        let (from, last) = (from.display(), self.trail.last);
        match (self.until, self.first_decided) {
            (Until::Event(seq), _) if seq > last => {
                Err(Failure::usage(format!("{from} ends with event {last}, so there is no event {seq} to restore to")))
            }
            (Until::Time(time), Some(first)) => Err(Failure::usage(format!(
                "nothing was decided until {time}: the first event of {from} was decided at {first}"
            ))),
            (Until::End | Until::Event(_) | Until::Time(_), _) => Ok(()),
        }
    }
}

/// Where the history is made.
struct Target {
    made: Box<dyn Made>,
    /// Of a history in Redis: the file that tells its id, which is placed once the partition is there.
    id_file: Option<Prepared>,
}

impl Target {
    fn begin(config: &Config) -> Result<Target, Failure> {
        match &config.journal {
            JournalHome::Memory => Err(Failure::usage("the journal is in memory, where nothing can be restored")),
            JournalHome::Local(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)
                        .map_err(|error| Failure::failed(format!("{}: {error}", folder.display())))?;
                }
                let made = LocalMade::begin(path).map_err(|error| refused(&error))?;
                Ok(Target { made: Box::new(made), id_file: None })
            }
            JournalHome::Redis { .. } => Target::in_redis(config),
        }
    }

    /// The id lies under its temporary name before the partition is there: a restore that is killed between the two is
    /// finished by the same restore again.
    fn in_redis(config: &Config) -> Result<Target, Failure> {
        let (redis, path) = (history::partition(config)?, config.data_dir.join(PARTITION_FILE));
        if let Some(id) = ids::read(&path)? {
            return Err(Failure::failed(format!(
                "{} names the history {id}, and stays as it is: move it away, and set another `journal.partition` if that \
                 history is still there",
                path.display()
            )));
        }
        let there = RedisJournal::read_identity(&redis).map_err(|error| refused(&error))?;
        let left = ids::read(&disk::prepared_name(&path))?;
        let (made, id): (Box<dyn Made>, String) = match there.filter(|id| left.as_ref() == Some(id)) {
            Some(id) => (Box::new(AlreadyThere { redis, id: id.clone(), trail: Trail::default() }), id),
            None => {
                let made = RedisMade::begin(&redis).map_err(|error| refused(&error))?;
                let id = made.id().to_owned();
                (Box::new(made), id)
            }
        };
        let id_file = disk::prepare(&path, format!("{id}\n").as_bytes(), Access::Private)
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        Ok(Target { made, id_file: Some(id_file) })
    }

    fn finish(mut self) -> Result<String, Failure> {
        let identity = self.made.finish().map_err(|error| refused(&error))?;
        if let Some(file) = self.id_file.take() {
            file.place().map_err(|error| {
                Failure::failed(format!(
                    "the history is in Redis, but its id cannot be written ({error}): run the same restore again"
                ))
            })?;
        }
        Ok(identity)
    }
}

/// A partition that a killed restore left whole, compared with what is restored now.
struct AlreadyThere {
    redis: RedisConfig,
    id: String,
    trail: Trail,
}

impl Made for AlreadyThere {
    fn add(&mut self, batch: &[u8]) -> Result<(), JournalError> {
        self.trail.follow(batch).map(drop)
    }

    fn finish(&mut self) -> Result<String, JournalError> {
        let mut there = Trail::default();
        RedisJournal::read(&self.redis, &mut |batch| there.follow(batch).map(drop))?;
        if there == self.trail {
            return Ok(self.id.clone());
        }
        Err(JournalError::Refused {
            reason: format!(
                "a restore that was killed made partition `{}` up to event {}, and not as it is asked for now: set another \
                 `journal.partition`, or restore the same again",
                self.redis.partition, there.last
            ),
        })
    }
}
