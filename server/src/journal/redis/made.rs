//! A partition that is made whole before it is there: a history that is restored.
//!
//! ```text
//!   stockade:{NAME}:made:ID   creation, one opening, every batch; gone by itself when nothing is added for a while
//!        └── in one step: stockade:{NAME}:wal, and the hash stockade:{NAME}:own   if there is neither
//! ```

use stockade_core::ids::Seq;
use stockade_core::log::JournalError;

use super::check;
use super::config::RedisConfig;
use super::link::{Fault, LAYOUT, Link};
use super::partition::{self, new_partition_id, read_state};
use crate::journal::made::Made;
use crate::journal::trail::Trail;

const ADD: &str = include_str!("restore_add.lua");
const FINISH: &str = include_str!("restore_finish.lua");
/// How long what was made stays when nothing is added any more.
const LEFT_MS: u64 = 60 * 60 * 1_000;
/// The epoch of its one opening.
const EPOCH: u64 = 1;
const CREATION: &str = "0-1";
/// Who opened it, for the entry of the stream. Nobody owns it afterwards.
const OPENER: &str = "restore";

/// A partition under a temporary key. Dropped before it is finished, it is removed.
pub struct RedisMade {
    link: Link,
    key: String,
    id: String,
    token: String,
    trail: Trail,
    entries: u64,
    is_finished: bool,
}

impl RedisMade {
    /// Begins a partition with an id of its own.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when there is such a partition, or Redis is unfit to hold history; and when Redis cannot be
    /// reached.
    pub fn begin(config: &RedisConfig) -> Result<RedisMade, JournalError> {
        let mut link = Link::new(&config.url, &config.partition, config.timeout)?;
        check::check(&mut link)?;
        partition::same_layout(&mut link)?;
        free(&mut link)?;
        let (id, token) = (new_partition_id()?, partition::new_token()?);
        let key = format!("{}:{id}", link.made());
        let trail = Trail::default();
        let mut made = RedisMade { link, key, id, token, trail, entries: 0, is_finished: false };
        let opening = format!("{EPOCH}-0");
        let token = made.token.clone();
        made.put(CREATION, &[("u", made.id.clone().as_bytes()), ("f", LAYOUT.as_bytes())])?;
        let fields =
            [("t", token.as_bytes()), ("p", CREATION.as_bytes()), ("f", LAYOUT.as_bytes()), ("o", OPENER.as_bytes())];
        made.put(&opening, &fields)?;
        Ok(made)
    }

    /// The id it will have.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn put(&mut self, id: &str, fields: &[(&str, &[u8])]) -> Result<(), JournalError> {
        let mut eval = redis::cmd("EVAL");
        eval.arg(ADD).arg(1).arg(&self.key).arg(id).arg(LEFT_MS);
        for (name, value) in fields {
            eval.arg(*name).arg(*value);
        }
        self.link.query::<String>(&eval)?;
        self.entries += 1;
        Ok(())
    }
}

/// Refuses a place where there is a partition, or a part of one.
fn free(link: &mut Link) -> Result<(), JournalError> {
    let mut exists = redis::cmd("EXISTS");
    exists.arg(link.stream()).arg(link.hash()).arg(link.missing());
    if link.query::<u64>(&exists)? == 0 {
        return Ok(());
    }
    let id = read_state(link)?.map_or_else(String::new, |state| format!(", with id {},", state.id));
    Err(JournalError::Refused {
        reason: format!(
            "{}{id} is there already and stays as it is, or keys of it are left: set another `journal.partition`",
            link.place()
        ),
    })
}

impl Made for RedisMade {
    fn add(&mut self, batch: &[u8]) -> Result<(), JournalError> {
        let last = self.trail.follow(batch)?.last;
        self.put(&format!("{EPOCH}-{last}"), &[("d", batch)])
    }

    fn finish(&mut self) -> Result<String, JournalError> {
        let Seq(last) = self.trail.last;
        let mut eval = redis::cmd("EVAL");
        eval.arg(FINISH).arg(4).arg(self.link.stream()).arg(self.link.hash()).arg(self.link.missing()).arg(&self.key);
        eval.arg(&self.id).arg(LAYOUT).arg(&self.token).arg(format!("{EPOCH}-{last}")).arg(last).arg(self.entries);
        // With the same id again, nothing changes.
        let answer = match self.link.query::<String>(&eval) {
            Err(Fault::Unknown(_)) => self.link.query(&eval),
            answer => answer,
        };
        answer?;
        self.is_finished = true;
        Ok(self.id.clone())
    }
}

impl Drop for RedisMade {
    fn drop(&mut self) {
        if !self.is_finished {
            // Otherwise it goes by itself.
            let _ = self.link.query::<u64>(redis::cmd("UNLINK").arg(&self.key));
        }
    }
}
