//! World and rules files as they are written.

use std::collections::BTreeMap;

use super::entries::{ANY, RULE_KEYS, RuleTables, take_max_parcels};
use super::error::FileError;
use super::reader::{At, Source, Table};
use super::ruleset::{Assignments, RuleSet, WarehouseKind};
use super::split::SplitEntry;
use crate::ids::{CarrierId, ChannelId, Code, PoolId, RulesVersion, WarehouseId};
use crate::limits::{CARRIERS_MAX, CHANNELS_MAX, HOLD_TTL, HOLD_TTL_MAX, POOLS_MAX, WAREHOUSES_MAX};
use crate::time::Span;

/// Name of the pool that every world has.
const REGULAR: &str = "regular";
/// Millionths of a degree in one.
const DEGREE: i64 = 1_000_000;
/// The heaviest a unit may be, and the largest step of a price list: 100 t.
const GRAMS_MAX: u32 = 100_000_000;

/// A world file that holds together: every code it names exists, every rule makes sense.
#[derive(Clone, Debug)]
pub struct WorldFile {
    pub(super) currency: String,
    pub(super) default_weight_g: u32,
    pub(super) kg_step_g: u32,
    pub(super) warehouses: Vec<WarehouseEntry>,
    pub(super) carriers: Vec<Code>,
    pub(super) channels: Vec<ChannelEntry>,
    pub(super) pools: Vec<Code>,
    pub(super) tables: RuleTables,
}

/// A rules file that holds together with a world file.
#[derive(Clone, Debug)]
pub struct RulesFile {
    pub(super) tables: RuleTables,
}

/// The codes a world file defines, each kind in file order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorldCodes {
    /// Warehouses and stores.
    pub warehouses: Vec<Code>,
    /// Carriers.
    pub carriers: Vec<Code>,
    /// Channels.
    pub channels: Vec<Code>,
    /// Pools, `regular` first: then those of `[[pool]]`, then those only channels name.
    pub pools: Vec<Code>,
}

/// `[[warehouse]]`.
#[derive(Clone, Debug)]
pub(super) struct WarehouseEntry {
    pub(super) code: Code,
    pub(super) zone: Option<Code>,
    pub(super) kind: WarehouseKind,
    pub(super) unlimited: bool,
    pub(super) lat: Option<f64>,
    pub(super) lon: Option<f64>,
}

/// `[[channel]]`.
#[derive(Clone, Debug)]
pub(super) struct ChannelEntry {
    pub(super) code: Code,
    pub(super) pools: Vec<Code>,
    pub(super) hold_ttl: Span,
    pub(super) ship_complete: Option<bool>,
    pub(super) split: SplitEntry,
    pub(super) max_parcels: Option<u16>,
    pub(super) presale: bool,
}

impl WorldFile {
    /// Reads a world file, or refuses it whole.
    pub fn parse(text: &str) -> Result<WorldFile, FileError> {
        const OWN: [&str; 7] = ["currency", "default_weight_g", "kg_step_g", "warehouse", "carrier", "channel", "pool"];
        const KNOWN: &[&str] = &joined(OWN, RULE_KEYS);
        let source = Source::new(text)?;
        let mut file = source.root(KNOWN)?;
        let warehouses = read_warehouses(&mut file)?;
        let carriers = read_named(&mut file, "carrier", CARRIERS_MAX)?;
        let channels = read_channels(&mut file)?;
        let world = WorldFile {
            currency: file.text("currency")?.map(|at| at.value).unwrap_or_default(),
            default_weight_g: file.number("default_weight_g", GRAMS_MAX)?.map_or(0, |at| at.value),
            kg_step_g: file.number("kg_step_g", GRAMS_MAX)?.map_or(0, |at| at.value),
            pools: read_pools(&mut file, &channels)?,
            warehouses,
            carriers,
            channels,
            tables: RuleTables::take(&mut file)?,
        };
        RuleSet::resolve(&world, None, &world.codes().numbered(), RulesVersion::default())?;
        Ok(world)
    }

    /// The codes the file defines, in file order: what needs an id.
    pub fn codes(&self) -> WorldCodes {
        WorldCodes {
            warehouses: self.warehouses.iter().map(|w| w.code.clone()).collect(),
            carriers: self.carriers.clone(),
            channels: self.channels.iter().map(|c| c.code.clone()).collect(),
            pools: self.pools.clone(),
        }
    }
}

impl RulesFile {
    /// Reads a rules file for a world, or refuses it whole.
    pub fn parse(text: &str, world: &WorldFile) -> Result<RulesFile, FileError> {
        const OWN: &[&str] = &["currency", "default_weight_g", "kg_step_g", "warehouse", "carrier", "channel", "pool"];
        const KNOWN: &[&str] = &RULE_KEYS;
        let source = Source::new(text)?;
        let mut file = source.root(KNOWN).map_err(|e| misplaced(e, OWN))?;
        let rules = RulesFile { tables: RuleTables::take(&mut file)? };
        RuleSet::resolve(world, Some(&rules), &world.codes().numbered(), RulesVersion::default())?;
        Ok(rules)
    }
}

impl WorldCodes {
    /// Ids in file order from 0, as an empty engine gives them.
    pub fn numbered(&self) -> Assignments {
        fn number<I>(codes: &[Code], id: impl Fn(u16) -> I) -> Vec<(I, Code)> {
            // The limits of every kind are far below 65,536.
            codes.iter().enumerate().map(|(n, code)| (id(n as u16), code.clone())).collect()
        }
        Assignments {
            warehouses: number(&self.warehouses, WarehouseId),
            carriers: number(&self.carriers, CarrierId),
            channels: number(&self.channels, ChannelId),
            pools: number(&self.pools, PoolId),
        }
    }
}

const fn joined(a: [&'static str; 7], b: [&'static str; 8]) -> [&'static str; 15] {
    let mut all = [""; 15];
    let mut n = 0;
    while n < all.len() {
        all[n] = if n < a.len() { a[n] } else { b[n - a.len()] };
        n += 1;
    }
    all
}

/// Says where a key of the world belongs when it stands in a rules file.
fn misplaced(error: FileError, world_keys: &[&str]) -> FileError {
    match world_keys.iter().find(|key| error.reason.starts_with(&format!("the file has no key `{key}`"))) {
        Some(key) => FileError::at(
            error.line,
            format!("`{key}` belongs into the world file: a rules file holds only {}", RULE_KEYS.join(", ")),
        ),
        None => error,
    }
}

/// Refuses a code that a list of its kind has already, and one that means everything.
#[derive(Default)]
struct Distinct {
    lines: BTreeMap<Code, u32>,
}

impl Distinct {
    fn add(&mut self, kind: &str, code: &At<Code>, max: usize) -> Result<(), FileError> {
        if code.value.as_str() == ANY {
            return Err(FileError::at(code.line, format!("a {kind} cannot be called \"*\", which means every one")));
        }
        if let Some(first) = self.lines.insert(code.value.clone(), code.line) {
            let reason = format!("{kind} `{}` is there already, at line {first}: keep one of the two", code.value);
            return Err(FileError::at(code.line, reason));
        }
        if self.lines.len() > max {
            return Err(FileError::at(code.line, format!("a world has at most {max} {kind}s")));
        }
        Ok(())
    }
}

fn read_warehouses(file: &mut Table<'_, '_>) -> Result<Vec<WarehouseEntry>, FileError> {
    const KNOWN: &[&str] = &["code", "zone", "lat", "lon", "kind", "unlimited"];
    let mut distinct = Distinct::default();
    let mut warehouses = Vec::new();
    for mut table in file.tables("warehouse", KNOWN)?.unwrap_or_default() {
        let code = table.code("code")?;
        let code = table.required("code", code)?;
        distinct.add("warehouse", &code, WAREHOUSES_MAX)?;
        let zone = table.code("zone")?;
        if let Some(zone) = zone.as_ref().filter(|zone| zone.value.as_str() == ANY) {
            return Err(FileError::at(zone.line, "a warehouse lies in one zone: leave `zone` out if it has none"));
        }
        let (lat, lon) =
            (table.micros("lat", -90 * DEGREE, 90 * DEGREE)?, table.micros("lon", -180 * DEGREE, 180 * DEGREE)?);
        if lat.is_some() != lon.is_some() {
            return Err(FileError::at(table.line(), "a place needs both `lat` and `lon`: write both or neither"));
        }
        let degrees = |at: At<i64>| at.value as f64 / DEGREE as f64;
        warehouses.push(WarehouseEntry {
            code: code.value,
            zone: zone.map(|at| at.value),
            kind: read_kind(&mut table)?,
            unlimited: table.flag("unlimited")?.is_some_and(|at| at.value),
            lat: lat.map(degrees),
            lon: lon.map(degrees),
        });
    }
    if warehouses.is_empty() {
        return Err(FileError::whole("the world has no warehouse: add [[warehouse]] with a `code`"));
    }
    Ok(warehouses)
}

fn read_kind(table: &mut Table<'_, '_>) -> Result<WarehouseKind, FileError> {
    let Some(kind) = table.text("kind")? else { return Ok(WarehouseKind::Warehouse) };
    match kind.value.as_str() {
        "warehouse" => Ok(WarehouseKind::Warehouse),
        "store" => Ok(WarehouseKind::Store),
        other => Err(FileError::at(kind.line, format!("`kind` is `{other}`: write \"warehouse\" or \"store\""))),
    }
}

fn read_named(file: &mut Table<'_, '_>, kind: &'static str, max: usize) -> Result<Vec<Code>, FileError> {
    let mut distinct = Distinct::default();
    let mut codes = Vec::new();
    for mut table in file.tables(kind, &["code"])?.unwrap_or_default() {
        let code = table.code("code")?;
        let code = table.required("code", code)?;
        distinct.add(kind, &code, max)?;
        codes.push(code.value);
    }
    Ok(codes)
}

fn read_channels(file: &mut Table<'_, '_>) -> Result<Vec<ChannelEntry>, FileError> {
    const KNOWN: &[&str] = &[
        "code",
        "pools",
        "hold_ttl",
        "ship_complete",
        "max_parcels",
        "presale",
        "split_saving",
        "split_sent",
        "split_sent_share",
        "split_left",
        "split_left_share",
    ];
    let mut distinct = Distinct::default();
    let mut channels = Vec::new();
    for mut table in file.tables("channel", KNOWN)?.unwrap_or_default() {
        let code = table.code("code")?;
        let code = table.required("code", code)?;
        distinct.add("channel", &code, CHANNELS_MAX)?;
        channels.push(ChannelEntry {
            code: code.value,
            pools: read_channel_pools(&mut table)?,
            hold_ttl: read_hold_ttl(&mut table)?,
            ship_complete: table.flag("ship_complete")?.map(|at| at.value),
            split: SplitEntry::take(&mut table)?,
            max_parcels: take_max_parcels(&mut table)?,
            presale: table.flag("presale")?.is_some_and(|at| at.value),
        });
    }
    if channels.is_empty() {
        return Err(FileError::whole("the world has no channel: add [[channel]] with a `code`"));
    }
    Ok(channels)
}

fn read_channel_pools(table: &mut Table<'_, '_>) -> Result<Vec<Code>, FileError> {
    let Some(pools) = table.codes("pools")? else {
        return Ok(vec![regular()?]);
    };
    if pools.value.is_empty() {
        return Err(FileError::at(
            pools.line,
            "`pools` is empty, so the channel could sell nothing: name one or leave it out",
        ));
    }
    let mut distinct = Distinct::default();
    for pool in &pools.value {
        distinct.add("pool", &At { value: pool.clone(), line: pools.line }, POOLS_MAX)?;
    }
    Ok(pools.value)
}

fn read_hold_ttl(table: &mut Table<'_, '_>) -> Result<Span, FileError> {
    let Some(ttl) = table.span("hold_ttl")? else { return Ok(HOLD_TTL) };
    if ttl.value == Span::ZERO || ttl.value > HOLD_TTL_MAX {
        return Err(FileError::at(
            ttl.line,
            format!("`hold_ttl` is {}: write more than 0s and at most {HOLD_TTL_MAX}", ttl.value),
        ));
    }
    Ok(ttl.value)
}

/// `regular`, then the declared pools, then those that only channels name.
fn read_pools(file: &mut Table<'_, '_>, channels: &[ChannelEntry]) -> Result<Vec<Code>, FileError> {
    let mut pools = vec![regular()?];
    let declared = read_named(file, "pool", POOLS_MAX)?;
    let mut seen: std::collections::BTreeSet<Code> = pools.iter().cloned().collect();
    for pool in declared.iter().chain(channels.iter().flat_map(|c| &c.pools)) {
        if seen.insert(pool.clone()) {
            pools.push(pool.clone());
        }
    }
    if pools.len() > POOLS_MAX {
        return Err(FileError::whole(format!(
            "the world names {} pools, at most {POOLS_MAX} are allowed",
            pools.len()
        )));
    }
    Ok(pools)
}

fn regular() -> Result<Code, FileError> {
    Code::new(REGULAR).map_err(|e| FileError::whole(e.to_string()))
}
