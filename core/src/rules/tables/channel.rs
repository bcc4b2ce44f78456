//! `[[channel]]`: who sells, from which pools, and under which terms.

use super::policy::{Policy, take_max_parcels};
use super::pool::regular;
use super::split::{SPLIT_KEYS, SplitEntry};
use crate::heap::behind;
use crate::ids::{ChannelId, Code, PoolId};
use crate::limits::{CHANNELS_MAX, HOLD_TTL, HOLD_TTL_MAX, POOLS_MAX};
use crate::routing::SplitRules;
use crate::rules::codes::{Dense, Distinct, Scope};
use crate::rules::reader::{At, Fault, FileError, Table};
use crate::time::Span;

/// The keys of the table, without those of split rules.
const KEYS: &[&str] = &["code", "pools", "hold_ttl", "ship_complete", "max_parcels", "presale"];

/// A sales channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelRules {
    /// The id it was given.
    pub id: ChannelId,
    /// Its code.
    pub code: Code,
    /// The pools it may draw from, most preferred first. Never empty.
    pub pools: Vec<PoolId>,
    /// How long the reservation hold of an unpaid order lasts: more than 0 and at most [`HOLD_TTL_MAX`].
    pub hold_ttl: Span,
    /// Whether its orders ship in one parcel or not at all; the policy's when the channel does not say.
    pub ship_complete: bool,
    /// When its orders may be split over warehouses; the policy's where the channel does not say.
    pub split: SplitRules,
    /// Most parcels of an order, at least 1; the policy's when the channel does not say.
    pub max_parcels: Option<u16>,
    /// Whether it may promise inbound goods of its pools when those on hand do not suffice.
    pub presale: bool,
}

/// One `[[channel]]` as written.
#[derive(Clone, Debug)]
pub(in crate::rules) struct ChannelEntry {
    pub(in crate::rules) code: Code,
    pub(in crate::rules) pools: Vec<Code>,
    hold_ttl: Span,
    ship_complete: Option<bool>,
    split: SplitEntry,
    max_parcels: Option<u16>,
    presale: bool,
}

/// Takes the channels out of a world file: at least one, each code once.
pub(in crate::rules) fn read_channels(file: &mut Table<'_, '_>) -> Result<Vec<ChannelEntry>, FileError> {
    let mut distinct = Distinct::new("channel", CHANNELS_MAX);
    let channels = file.each("channel", &[KEYS, SPLIT_KEYS], |table| read(table, &mut distinct))?.unwrap_or_default();
    if channels.is_empty() {
        let reason = "the world has no channel: add [[channel]] with a `code`";
        return Err(FileError::whole(Fault::MissingTable { table: "channel" }, reason));
    }
    Ok(channels)
}

/// Puts ids in the place of codes, and what the policy says where a channel does not.
pub(in crate::rules) fn resolve_channels(
    entries: &[ChannelEntry],
    policy: &Policy,
    scope: &Scope<'_>,
) -> Result<Dense<ChannelRules>, FileError> {
    let resolve = |entry: &ChannelEntry| {
        let id = scope.channels.id_at(&entry.code, 0)?;
        let rules = ChannelRules {
            id,
            code: entry.code.clone(),
            pools: entry.pools.iter().map(|pool| scope.pools.id_at(pool, 0)).collect::<Result<_, _>>()?,
            hold_ttl: entry.hold_ttl,
            ship_complete: entry.ship_complete.unwrap_or(policy.ship_complete),
            split: entry.split.rules(&policy.split),
            max_parcels: entry.max_parcels.or(policy.max_parcels),
            presale: entry.presale,
        };
        Ok((id.index(), rules))
    };
    entries.iter().map(resolve).collect()
}

fn read(mut table: Table<'_, '_>, distinct: &mut Distinct) -> Result<ChannelEntry, FileError> {
    let code = table.code("code")?;
    Ok(ChannelEntry {
        code: distinct.added(table.required("code", code)?)?,
        pools: take_pools(&mut table)?,
        hold_ttl: take_hold_ttl(&mut table)?,
        ship_complete: table.flag("ship_complete")?.map(|at| at.value),
        split: SplitEntry::take(&mut table)?,
        max_parcels: take_max_parcels(&mut table)?,
        presale: table.flag("presale")?.is_some_and(|at| at.value),
    })
}

fn take_pools(table: &mut Table<'_, '_>) -> Result<Vec<Code>, FileError> {
    let Some(At { value: pools, line }) = table.codes("pools")? else {
        return Ok(vec![regular()]);
    };
    if pools.is_empty() {
        let reason = "`pools` is empty, so the channel could sell nothing: name one or leave it out";
        return Err(FileError::at(line, Fault::OutOfBounds { key: "pools" }, reason));
    }
    let mut distinct = Distinct::new("pool", POOLS_MAX);
    pools.iter().try_for_each(|pool| distinct.add(pool, line))?;
    Ok(pools)
}

fn take_hold_ttl(table: &mut Table<'_, '_>) -> Result<Span, FileError> {
    let Some(At { value, line }) = table.span("hold_ttl")? else { return Ok(HOLD_TTL) };
    if value == Span::ZERO || value > HOLD_TTL_MAX {
        let reason = format!("`hold_ttl` is {value}: write more than 0s and at most {HOLD_TTL_MAX}");
        return Err(FileError::at(line, Fault::OutOfBounds { key: "hold_ttl" }, reason));
    }
    Ok(value)
}

behind! {
    ChannelRules { code, pools }
    ChannelEntry { code, pools }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::Source;

    fn read_file(text: &str) -> Result<Vec<ChannelEntry>, FileError> {
        let source = Source::new(text)?;
        read_channels(&mut Table::root(&source, &[&["channel"]])?)
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let channels = read_file("[[channel]]\ncode = \"web\"").unwrap();
        let web = &channels[0];
        assert_eq!((web.pools.as_slice(), web.hold_ttl), (&[regular()][..], HOLD_TTL));
        assert_eq!((web.ship_complete, web.max_parcels, web.presale), (None, None, false));
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let in_channel = |keys: &str| format!("[[channel]]\ncode = \"web\"\n{keys}");
        assert_eq!(read_file("").unwrap_err().fault, Fault::MissingTable { table: "channel" });
        let unknown = Fault::UnknownKey { table: Some("channel"), key: "pool".to_owned() };
        for (keys, fault) in [
            ("pools = []", Fault::OutOfBounds { key: "pools" }),
            ("pools = [\"a\", \"a\"]", Fault::Duplicate),
            ("pools = [\"*\"]", Fault::Reserved),
            ("pool = \"a\"", unknown),
            ("hold_ttl = \"0s\"", Fault::OutOfBounds { key: "hold_ttl" }),
            ("hold_ttl = \"31d\"", Fault::OutOfBounds { key: "hold_ttl" }),
            ("hold_ttl = 30", Fault::WrongType { key: "hold_ttl" }),
            ("max_parcels = 0", Fault::OutOfBounds { key: "max_parcels" }),
        ] {
            let error = read_file(&in_channel(keys)).unwrap_err();
            assert_eq!((error.line, &error.fault), (3, &fault), "{keys}: {error}");
        }
    }
}
