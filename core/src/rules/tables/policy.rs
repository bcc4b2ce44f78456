//! `[policy]`: what counts for every order, where nothing more specific says otherwise.

use super::contract::RuleTable;
use super::split::{SPLIT_KEYS, SplitEntry};
use super::weights::{PartialWeights, WEIGHT_KEYS};
use crate::heap::behind;
use crate::money::Money;
use crate::routing::Weights;
use crate::rules::codes::Scope;
use crate::rules::reader::{At, Fault, FileError, Table};

/// `[policy]`, with defaults for what it leaves out.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The weights of orders that no `[[weights]]` entry covers.
    pub(crate) weights: Weights,
    /// Whether orders ship in one parcel or not at all, for channels that do not say.
    pub(crate) ship_complete: bool,
    /// Most parcels of an order, for channels that do not say; `None` for any number.
    pub(crate) max_parcels: Option<u16>,
    /// When orders may be split over warehouses, for channels that do not say.
    pub(crate) split: SplitEntry,
}

impl Default for Policy {
    /// Money alone counts; anything may be split.
    fn default() -> Policy {
        let weights = Weights { money: Money::MICROS_PER_UNIT, time: 0, balance: 0 };
        Policy { weights, ship_complete: false, max_parcels: None, split: SplitEntry::default() }
    }
}

impl RuleTable for Policy {
    type Written = Policy;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Policy>, FileError> {
        file.one(key, &[WEIGHT_KEYS, &["ship_complete", "max_parcels"], SPLIT_KEYS], read)
    }

    fn resolve(written: Option<&Policy>, _: &mut Scope<'_>) -> Result<Policy, FileError> {
        Ok(written.cloned().unwrap_or_default())
    }
}

fn read(mut table: Table<'_, '_>) -> Result<Policy, FileError> {
    Ok(Policy {
        weights: PartialWeights::take(&mut table)?.or(Policy::default().weights),
        ship_complete: table.flag("ship_complete")?.is_some_and(|at| at.value),
        max_parcels: take_max_parcels(&mut table)?,
        split: SplitEntry::take(&mut table)?,
    })
}

/// Takes the most parcels an order may have, from 1 to 65,535.
pub(super) fn take_max_parcels(table: &mut Table<'_, '_>) -> Result<Option<u16>, FileError> {
    let Some(At { value, line }) = table.number("max_parcels", u32::from(u16::MAX))? else { return Ok(None) };
    match u16::try_from(value) {
        Ok(parcels) if parcels > 0 => Ok(Some(parcels)),
        _ => {
            let reason = "`max_parcels` is 0, so nothing could ever ship: write 1 or more, or leave it out";
            Err(FileError::at(line, Fault::OutOfBounds { key: "max_parcels" }, reason))
        }
    }
}

behind! {
    Policy {}
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;

    #[test]
    fn what_is_left_out_has_a_default() {
        let none: Policy = resolved("policy", "").unwrap();
        assert_eq!(none.weights, Weights { money: 1_000_000, time: 0, balance: 0 });
        assert_eq!((none.ship_complete, none.max_parcels), (false, None));
        let some: Policy = resolved("policy", "policy = { w_time = 0.5, max_parcels = 3 }").unwrap();
        assert_eq!(some.weights, Weights { money: 1_000_000, time: 500_000, balance: 0 });
        assert_eq!((some.ship_complete, some.max_parcels), (false, Some(3)));
    }

    #[test]
    fn every_key_may_be_there_and_no_other() {
        let all = "[policy]\nw_money = 1\nw_time = 1\nw_balance = 1\nship_complete = true\nmax_parcels = 1\n\
                   split_saving = 1\nsplit_sent = 1\nsplit_sent_share = 0.1\nsplit_left = 1\nsplit_left_share = 0.1\n";
        assert!(resolved::<Policy>("policy", all).unwrap().ship_complete);
        let error = resolved::<Policy>("policy", &format!("{all}w_speed = 1")).unwrap_err();
        assert_eq!((error.line, error.fault), (12, Fault::UnknownKey { table: Some("policy"), key: "w_speed".into() }));
        let error = resolved::<Policy>("policy", "policy.max_parcels = 65536").unwrap_err();
        assert_eq!(error.fault, Fault::OutOfBounds { key: "max_parcels" });
    }
}
