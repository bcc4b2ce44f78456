//! The rule tables as they are written: text codes, and the line of each entry.

use super::closest::did_you_mean;
use super::error::FileError;
use super::prices::{PRICES, PricesEntry};
use super::reader::{At, Table};
use super::split::SplitEntry;
use super::steps::WarehouseStep;
use crate::ids::Code;
use crate::money::Money;
use crate::routing::{Rate, Weights};

/// The largest weight, in millionths.
const WEIGHT_MAX: i64 = 1_000_000 * Money::MICROS_PER_UNIT;
/// The largest price, in millionths.
const PRICE_MAX: i64 = 1_000_000_000 * Money::MICROS_PER_UNIT;
/// The largest number of hours.
const HOURS_MAX: u32 = 100_000;
/// The largest number of warehouses in one preference.
const PREFERENCE_MAX: usize = 64;

/// The keys of the rule tables, for the file's own list of keys.
pub(super) const RULE_KEYS: [&str; 8] = ["policy", "weights", "rate", "prefer", "ceiling", "ban", "step", "prices"];

/// Every place, anywhere.
pub(super) const ANY: &str = "*";

/// The rule tables of a file; `None` where the file does not have the table.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleTables {
    pub(super) policy: Option<PolicyEntry>,
    pub(super) weights: Option<Vec<WeightsEntry>>,
    pub(super) rates: Option<Vec<RateEntry>>,
    pub(super) prefers: Option<Vec<PreferEntry>>,
    pub(super) ceilings: Option<Vec<CeilingEntry>>,
    pub(super) bans: Option<Vec<BanEntry>>,
    pub(super) steps: Option<Vec<StepEntry>>,
    pub(super) prices: Option<PricesEntry>,
}

/// `[policy]`.
#[derive(Clone, Debug)]
pub(super) struct PolicyEntry {
    pub(super) weights: Weights,
    pub(super) ship_complete: bool,
    pub(super) max_parcels: Option<u16>,
    pub(super) split: SplitEntry,
}

/// `[[weights]]`.
#[derive(Clone, Debug)]
pub(super) struct WeightsEntry {
    pub(super) line: u32,
    pub(super) channel: Option<At<Code>>,
    pub(super) zone: Option<Code>,
    pub(super) category: Option<Code>,
    pub(super) money: Option<i64>,
    pub(super) time: Option<i64>,
    pub(super) balance: Option<i64>,
}

/// `[[rate]]`.
#[derive(Clone, Debug)]
pub(super) struct RateEntry {
    pub(super) line: u32,
    pub(super) carrier: At<Code>,
    pub(super) from: At<Code>,
    pub(super) to: Code,
    pub(super) rate: Rate,
}

/// `[[prefer]]`.
#[derive(Clone, Debug)]
pub(super) struct PreferEntry {
    pub(super) line: u32,
    pub(super) zone: Code,
    pub(super) warehouses: At<Vec<Code>>,
    pub(super) penalty: Option<Money>,
    pub(super) hours: Option<Vec<u32>>,
}

/// `[[ceiling]]`.
#[derive(Clone, Debug)]
pub(super) struct CeilingEntry {
    pub(super) line: u32,
    pub(super) carrier: At<Code>,
    pub(super) zone: Code,
    pub(super) above: Money,
}

/// `[[ban]]`.
#[derive(Clone, Debug)]
pub(super) struct BanEntry {
    pub(super) warehouse: Option<At<Code>>,
    pub(super) carrier: Option<At<Code>>,
    pub(super) zone: Option<Code>,
}

/// `[[step]]`.
#[derive(Clone, Debug)]
pub(super) struct StepEntry {
    pub(super) line: u32,
    pub(super) name: WarehouseStep,
    pub(super) after: Vec<WarehouseStep>,
}

impl Default for PolicyEntry {
    /// Money alone counts; anything may be split.
    fn default() -> PolicyEntry {
        let weights = Weights { money: Money::MICROS_PER_UNIT, time: 0, balance: 0 };
        PolicyEntry { weights, ship_complete: false, max_parcels: None, split: SplitEntry::default() }
    }
}

impl RuleTables {
    /// Takes the rule tables from a file.
    pub(super) fn take(file: &mut Table<'_, '_>) -> Result<RuleTables, FileError> {
        const POLICY: &[&str] = &[
            "w_money",
            "w_time",
            "w_balance",
            "ship_complete",
            "max_parcels",
            "split_saving",
            "split_sent",
            "split_sent_share",
            "split_left",
            "split_left_share",
        ];
        const WEIGHTS: &[&str] = &["channel", "zone", "category", "w_money", "w_time", "w_balance"];
        const RATE: &[&str] = &["carrier", "from", "to", "parcel", "unit", "first_kg", "further_kg", "hours"];
        Ok(RuleTables {
            policy: file.table("policy", POLICY)?.map(PolicyEntry::read).transpose()?,
            weights: each(file.tables("weights", WEIGHTS)?, WeightsEntry::read)?,
            rates: each(file.tables("rate", RATE)?, RateEntry::read)?,
            prefers: each(file.tables("prefer", &["zone", "warehouses", "penalty", "hours"])?, PreferEntry::read)?,
            ceilings: each(file.tables("ceiling", &["carrier", "zone", "above"])?, CeilingEntry::read)?,
            bans: each(file.tables("ban", &["warehouse", "carrier", "zone"])?, BanEntry::read)?,
            steps: each(file.tables("step", &["name", "after"])?, StepEntry::read)?,
            prices: file.table("prices", PRICES)?.map(PricesEntry::read).transpose()?,
        })
    }

    /// These tables, with each that `over` has in its place.
    pub(super) fn overlaid_by(&self, over: Option<&RuleTables>) -> RuleTables {
        let none = RuleTables::default();
        let over = over.unwrap_or(&none);
        RuleTables {
            policy: over.policy.clone().or_else(|| self.policy.clone()),
            weights: over.weights.clone().or_else(|| self.weights.clone()),
            rates: over.rates.clone().or_else(|| self.rates.clone()),
            prefers: over.prefers.clone().or_else(|| self.prefers.clone()),
            ceilings: over.ceilings.clone().or_else(|| self.ceilings.clone()),
            bans: over.bans.clone().or_else(|| self.bans.clone()),
            steps: over.steps.clone().or_else(|| self.steps.clone()),
            prices: over.prices.or(self.prices),
        }
    }
}

fn each<'s, 'i, T>(
    tables: Option<Vec<Table<'s, 'i>>>,
    read: impl Fn(Table<'s, 'i>) -> Result<T, FileError>,
) -> Result<Option<Vec<T>>, FileError> {
    tables.map(|tables| tables.into_iter().map(read).collect()).transpose()
}

/// Takes a number of parcels, at least one.
pub(super) fn take_max_parcels(table: &mut Table<'_, '_>) -> Result<Option<u16>, FileError> {
    let Some(At { value, line }) = table.number("max_parcels", u32::from(u16::MAX))? else { return Ok(None) };
    match u16::try_from(value) {
        Ok(parcels) if parcels > 0 => Ok(Some(parcels)),
        _ => {
            Err(FileError::at(line, "`max_parcels` is 0, so nothing could ever ship: write 1 or more, or leave it out"))
        }
    }
}

fn take_weight(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<i64>, FileError> {
    Ok(table.micros(key, 0, WEIGHT_MAX)?.map(|at| at.value))
}

fn take_price(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Money>, FileError> {
    Ok(table.micros(key, 0, PRICE_MAX)?.map(|at| Money(at.value)))
}

/// Takes a zone, or everywhere when there is none.
fn take_zone(table: &mut Table<'_, '_>) -> Result<Code, FileError> {
    match table.code("zone")? {
        Some(zone) => Ok(zone.value),
        None => Code::new(ANY).map_err(|e| FileError::at(table.line(), e.to_string())),
    }
}

/// Takes one zone, by name.
fn take_one_zone(table: &mut Table<'_, '_>) -> Result<Option<Code>, FileError> {
    let Some(zone) = table.code("zone")? else { return Ok(None) };
    if zone.value.as_str() == ANY {
        return Err(FileError::at(zone.line, "`zone` is \"*\": leave it out to mean every zone"));
    }
    Ok(Some(zone.value))
}

impl PolicyEntry {
    fn read(mut table: Table<'_, '_>) -> Result<PolicyEntry, FileError> {
        let default = PolicyEntry::default();
        Ok(PolicyEntry {
            weights: Weights {
                money: take_weight(&mut table, "w_money")?.unwrap_or(default.weights.money),
                time: take_weight(&mut table, "w_time")?.unwrap_or(default.weights.time),
                balance: take_weight(&mut table, "w_balance")?.unwrap_or(default.weights.balance),
            },
            ship_complete: table.flag("ship_complete")?.is_some_and(|at| at.value),
            max_parcels: take_max_parcels(&mut table)?,
            split: SplitEntry::take(&mut table)?,
        })
    }
}

impl WeightsEntry {
    fn read(mut table: Table<'_, '_>) -> Result<WeightsEntry, FileError> {
        let entry = WeightsEntry {
            line: table.line(),
            channel: table.code("channel")?,
            zone: take_one_zone(&mut table)?,
            category: table.code("category")?.map(|at| at.value),
            money: take_weight(&mut table, "w_money")?,
            time: take_weight(&mut table, "w_time")?,
            balance: take_weight(&mut table, "w_balance")?,
        };
        if entry.channel.is_none() && entry.zone.is_none() && entry.category.is_none() {
            let reason = "[[weights]] names no channel, zone or category: name one, or write the weights into [policy]";
            return Err(FileError::at(entry.line, reason));
        }
        Ok(entry)
    }
}

impl RateEntry {
    fn read(mut table: Table<'_, '_>) -> Result<RateEntry, FileError> {
        let carrier = table.code("carrier")?;
        let from = table.code("from")?;
        let to = table.code("to")?;
        Ok(RateEntry {
            line: table.line(),
            carrier: table.required("carrier", carrier)?,
            from: table.required("from", from)?,
            to: table.required("to", to)?.value,
            rate: Rate {
                parcel: take_price(&mut table, "parcel")?.unwrap_or_default(),
                unit: take_price(&mut table, "unit")?.unwrap_or_default(),
                first_kg: take_price(&mut table, "first_kg")?.unwrap_or_default(),
                further_kg: take_price(&mut table, "further_kg")?.unwrap_or_default(),
                hours: table.number("hours", HOURS_MAX)?.map_or(0, |at| at.value),
            },
        })
    }
}

impl PreferEntry {
    fn read(mut table: Table<'_, '_>) -> Result<PreferEntry, FileError> {
        let warehouses = table.codes("warehouses")?;
        let warehouses = table.required("warehouses", warehouses)?;
        let count = warehouses.value.len();
        if count == 0 || count > PREFERENCE_MAX {
            let reason = format!("`warehouses` of [[prefer]] has {count} entries, write 1 to {PREFERENCE_MAX}");
            return Err(FileError::at(warehouses.line, reason));
        }
        let hours = table.numbers("hours", HOURS_MAX)?;
        if let Some(hours) = &hours
            && hours.value.len() != count
        {
            let reason =
                format!("`hours` has {} entries for {count} warehouses, write one for each", hours.value.len());
            return Err(FileError::at(hours.line, reason));
        }
        Ok(PreferEntry {
            line: table.line(),
            zone: take_zone(&mut table)?,
            warehouses,
            penalty: take_price(&mut table, "penalty")?,
            hours: hours.map(|at| at.value),
        })
    }
}

impl CeilingEntry {
    fn read(mut table: Table<'_, '_>) -> Result<CeilingEntry, FileError> {
        let carrier = table.code("carrier")?;
        let above = take_price(&mut table, "above")?;
        Ok(CeilingEntry {
            line: table.line(),
            carrier: table.required("carrier", carrier)?,
            zone: take_zone(&mut table)?,
            above: table.required("above", above)?,
        })
    }
}

impl BanEntry {
    fn read(mut table: Table<'_, '_>) -> Result<BanEntry, FileError> {
        let entry = BanEntry {
            warehouse: table.code("warehouse")?,
            carrier: table.code("carrier")?,
            zone: take_one_zone(&mut table)?,
        };
        if entry.warehouse.is_none() && entry.carrier.is_none() && entry.zone.is_none() {
            let reason = "[[ban]] names no warehouse, carrier or zone, which would ban everything: name at least one";
            return Err(FileError::at(table.line(), reason));
        }
        Ok(entry)
    }
}

impl StepEntry {
    fn read(mut table: Table<'_, '_>) -> Result<StepEntry, FileError> {
        let name = table.code("name")?;
        let name = table.required("name", name)?;
        let after = table.codes("after")?;
        let after = table.required("after", after)?;
        Ok(StepEntry {
            line: table.line(),
            name: step(&name.value, name.line)?,
            after: after.value.iter().map(|code| step(code, after.line)).collect::<Result<_, _>>()?,
        })
    }
}

fn step(code: &Code, line: u32) -> Result<WarehouseStep, FileError> {
    let names = || WarehouseStep::ALL.iter().map(|step| step.name());
    WarehouseStep::ALL.iter().find(|step| step.name() == code.as_str()).copied().ok_or_else(|| {
        let meant = did_you_mean(code.as_str(), names());
        let list: Vec<_> = names().collect();
        FileError::at(line, format!("`{code}` is not a warehouse step{meant} (there are {})", list.join(", ")))
    })
}
