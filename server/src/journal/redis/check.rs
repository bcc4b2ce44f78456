//! What a Redis must fulfil before history is kept in it, and what it can lose with its settings.

use super::link::{Fault, Link};
use stockade_core::log::JournalError;

/// How a Redis persists data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Keeping {
    /// Whether it writes an append-only file.
    pub(super) aof: bool,
    /// `always`, `everysec` or `no`; `None` when Redis does not reveal it.
    pub(super) fsync: Option<String>,
    /// Replicas connected at the time of the check.
    pub(super) replicas: u32,
    /// `min-replicas-to-write`; `None` when Redis does not reveal it.
    pub(super) min_replicas: Option<u32>,
}

impl Keeping {
    /// What an accident could lose, in one sentence for a person.
    pub(super) fn what_could_be_lost(&self) -> String {
        let alone = match (self.aof, self.fsync.as_deref()) {
            (false, _) => {
                "Redis writes no append-only file: if it and this server stop together, everything since its last snapshot is lost; \
                 set `appendonly yes`"
            }
            (true, Some("always")) => "nothing acknowledged, if the disk of Redis survives (appendfsync always)",
            (true, Some("everysec")) => {
                "if Redis and this server stop together, about the last second (appendfsync everysec)"
            }
            (true, Some("no")) => {
                "if Redis and this server stop together, what the operating system had not written (appendfsync no): set everysec or always"
            }
            (true, _) => {
                "if Redis and this server stop together, what its append-only file had not synced (it does not tell its appendfsync)"
            }
        };
        match self.replicas {
            0 => format!("{alone}; there is no replica, so a lost disk is lost history"),
            n => format!(
                "{alone}; {n} replica(s) follow asynchronously: a failover may forget the last writes, which this server \
                 then repairs from memory as long as it lives"
            ),
        }
    }

    /// Settings that should be changed, one sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.aof {
            warnings.push("Redis writes no append-only file: set `appendonly yes`".to_owned());
        }
        if self.replicas > 0 && self.min_replicas == Some(0) {
            warnings.push(
                "Redis has replicas but min-replicas-to-write is 0, so a cut-off primary goes on acknowledging: set it to 1 or more"
                    .to_owned(),
            );
        }
        warnings
    }
}

/// Checks version, eviction, persistence and role.
///
/// # Errors
/// When Redis would evict history, is too old, or only a replica.
pub(super) fn check(link: &mut Link) -> Result<Keeping, JournalError> {
    look(link)?.map_err(|unfit| JournalError::Refused { reason: unfit })
}

/// How Redis keeps data now, or why it is unfit to keep history.
///
/// # Errors
/// When Redis does not answer, or refuses to tell.
pub(super) fn look(link: &mut Link) -> Result<Result<Keeping, String>, Fault> {
    let info: String = link.query(&redis::cmd("INFO"))?;
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let version = field("redis_version").unwrap_or("unknown");
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < 7 {
        return Ok(Err(format!("Redis {version} has no functions: version 7.0 or newer is needed")));
    }
    let policy = match field("maxmemory_policy") {
        Some(policy) => Some(policy.to_owned()),
        None => setting(link, "maxmemory-policy")?,
    };
    match policy.as_deref() {
        Some("noeviction") => {}
        Some(other) => {
            return Ok(Err(format!(
                "Redis would throw history away when its memory is full (maxmemory-policy {other}): set it to noeviction"
            )));
        }
        None => {
            return Ok(Err("Redis does not tell its maxmemory-policy, which must be noeviction: allow INFO".into()));
        }
    }
    if field("role") == Some("slave") {
        return Ok(Err("this Redis is a replica and takes no writes: give the address of its primary".into()));
    }
    Ok(Ok(Keeping {
        aof: field("aof_enabled") == Some("1"),
        fsync: setting(link, "appendfsync")?,
        replicas: field("connected_slaves").and_then(|n| n.parse().ok()).unwrap_or(0),
        min_replicas: setting(link, "min-replicas-to-write")?.and_then(|n| n.parse().ok()),
    }))
}

/// A setting, or `None` when Redis does not reveal its settings.
fn setting(link: &mut Link, name: &str) -> Result<Option<String>, Fault> {
    match link.query::<Vec<String>>(redis::cmd("CONFIG").arg("GET").arg(name)) {
        Ok(pair) => Ok(pair.into_iter().nth(1)),
        Err(Fault::Never(_) | Fault::NotNow(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
