//! World and rules files as wholes.

use super::codes::{Assignments, Names, Scope, WorldCodes, Zones};
use super::reader::{Fault, FileError, Source, Table};
use super::tables::{
    ChannelEntry, RULE_KEYS, ResolvedTables, RuleTables, WarehouseEntry, read_carriers, read_channels, read_pools,
    read_warehouses,
};
use crate::heap::behind;
use crate::ids::Code;
use crate::limits::GRAMS_MAX;

/// The keys of a world file, without those of the rule tables.
const WORLD_KEYS: &[&str] = &["currency", "default_weight_g", "kg_step_g", "warehouse", "carrier", "channel", "pool"];

/// A world file.
#[derive(Clone, Debug)]
pub struct WorldFile {
    pub(super) currency: String,
    pub(super) default_weight_g: u32,
    pub(super) kg_step_g: u32,
    pub(super) warehouses: Vec<WarehouseEntry>,
    pub(super) carriers: Vec<Code>,
    pub(super) channels: Vec<ChannelEntry>,
    pools: Vec<Code>,
    tables: RuleTables,
}

/// A rules file.
#[derive(Clone, Debug)]
pub struct RulesFile {
    tables: RuleTables,
}

impl WorldFile {
    /// Reads a world file and checks it, or refuses it whole: every code it names exists and every rule makes sense.
    pub fn parse(text: &str) -> Result<WorldFile, FileError> {
        let world = WorldFile::read(text)?;
        world.check(None)?;
        Ok(world)
    }

    /// Reads a world file. Whether its tables agree with each other is checked when they are resolved.
    pub(crate) fn read(text: &str) -> Result<WorldFile, FileError> {
        let source = Source::new(text)?;
        let mut file = Table::root(&source, &[WORLD_KEYS, RULE_KEYS])?;
        let warehouses = read_warehouses(&mut file)?;
        let carriers = read_carriers(&mut file)?;
        let channels = read_channels(&mut file)?;
        Ok(WorldFile {
            currency: file.text("currency")?.map(|at| at.value).unwrap_or_default(),
            default_weight_g: file.number("default_weight_g", GRAMS_MAX)?.map_or(0, |at| at.value),
            kg_step_g: file.number("kg_step_g", GRAMS_MAX)?.map_or(0, |at| at.value),
            pools: read_pools(&mut file, channels.iter().flat_map(|channel| &channel.pools))?,
            warehouses,
            carriers,
            channels,
            tables: RuleTables::take(&mut file)?,
        })
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

    /// What tables may name in this world. Fails when `ids` lacks one of its codes.
    pub(super) fn scope(&self, ids: &Assignments) -> Result<Scope<'_>, FileError> {
        let mut origins = Zones::default();
        for warehouse in &self.warehouses {
            std::iter::once(&warehouse.code).chain(&warehouse.zone).for_each(|code| _ = origins.number(code));
        }
        Ok(Scope {
            warehouses: Names::new("warehouse", self.warehouses.iter().map(|w| &w.code), &ids.warehouses)?,
            carriers: Names::new("carrier", self.carriers.iter(), &ids.carriers)?,
            channels: Names::new("channel", self.channels.iter().map(|c| &c.code), &ids.channels)?,
            pools: Names::new("pool", self.pools.iter(), &ids.pools)?,
            origins,
            zones: Zones::default(),
        })
    }

    /// The rule tables, with those of a rules file in the place of the world's.
    pub(super) fn resolve_tables(
        &self,
        rules: Option<&RulesFile>,
        scope: &mut Scope<'_>,
    ) -> Result<ResolvedTables, FileError> {
        self.tables.resolve(rules.map(|file| &file.tables), scope)
    }

    fn check(&self, rules: Option<&RulesFile>) -> Result<(), FileError> {
        let mut scope = self.scope(&self.codes().numbered())?;
        self.resolve_tables(rules, &mut scope)?;
        Ok(())
    }
}

impl RulesFile {
    /// Reads a rules file and checks it against a world, or refuses it whole.
    pub fn parse(text: &str, world: &WorldFile) -> Result<RulesFile, FileError> {
        let rules = RulesFile::read(text)?;
        world.check(Some(&rules))?;
        Ok(rules)
    }

    /// Reads a rules file. Whether its tables agree with a world is checked when they are resolved.
    pub(crate) fn read(text: &str) -> Result<RulesFile, FileError> {
        let source = Source::new(text)?;
        let mut file = Table::root(&source, &[RULE_KEYS]).map_err(misplaced)?;
        Ok(RulesFile { tables: RuleTables::take(&mut file)? })
    }
}

/// Says where a key of the world belongs when it stands in a rules file.
fn misplaced(error: FileError) -> FileError {
    let Fault::UnknownKey { table: None, key } = &error.fault else { return error };
    let Some(key) = WORLD_KEYS.iter().find(|known| *known == key) else { return error };
    let reason = format!("`{key}` belongs into the world file: a rules file holds only {}", RULE_KEYS.join(", "));
    FileError::at(error.line, Fault::Misplaced { key }, reason)
}

behind! {
    WorldFile { currency, warehouses, carriers, channels, pools, tables }
}
