//! When orders may be split over warehouses: keys of `[policy]` and of `[[channel]]`.

use crate::limits::{LINE_UNITS_MAX, ORDER_LINES_MAX};
use crate::money::Money;
use crate::routing::{SplitRules, Threshold};
use crate::rules::reader::{At, Fault, FileError, Table};

/// The keys of split rules.
pub(super) const SPLIT_KEYS: &[&str] =
    &["split_saving", "split_sent", "split_sent_share", "split_left", "split_left_share"];

/// A whole, in millionths.
const WHOLE: i64 = 1_000_000;

/// The keys as written; `None` where one is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SplitEntry {
    /// In millionths of score.
    saving: Option<i64>,
    /// In units.
    sent: Option<u64>,
    /// In millionths of the order's units.
    sent_share: Option<u32>,
    /// In units.
    left: Option<u64>,
    /// In millionths of the order's units.
    left_share: Option<u32>,
}

impl SplitEntry {
    /// Takes [`SPLIT_KEYS`] from a table.
    pub(super) fn take(table: &mut Table<'_, '_>) -> Result<SplitEntry, FileError> {
        Ok(SplitEntry {
            saving: table.amount("split_saving")?.map(|saving| saving.0),
            sent: units(table, "split_sent")?,
            sent_share: share(table, "split_sent_share")?,
            left: units(table, "split_left")?,
            left_share: share(table, "split_left_share")?,
        })
    }

    /// The rules of a channel: its own keys, then the policy's, then no rule.
    pub(super) fn rules(&self, policy: &SplitEntry) -> SplitRules {
        let threshold = |units: Option<u64>, share: Option<u32>| Threshold {
            units: units.unwrap_or(0),
            share_ppm: share.unwrap_or(0),
        };
        SplitRules {
            saving: self.saving.or(policy.saving).unwrap_or(0),
            sent: threshold(self.sent.or(policy.sent), self.sent_share.or(policy.sent_share)),
            left: threshold(self.left.or(policy.left), self.left_share.or(policy.left_share)),
        }
    }
}

fn units(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<u64>, FileError> {
    let most = LINE_UNITS_MAX * ORDER_LINES_MAX as u64;
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    Ok(table.number(key, most)?.map(|at| u64::from(at.value)))
}

/// Takes a share of an order's units, in millionths. More than half could never be left on both sides.
fn share(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<u32>, FileError> {
    let Some(At { value, line }) = table.micros(key, 0, WHOLE)? else { return Ok(None) };
    if value > WHOLE / 2 {
        let reason = format!(
            "`{key}` is {}: of two parts one has at most half of the units, so nothing could be split; write 0 to 0.5, or \
             use a large `split_saving` to split only when there is no other way",
            Money(value)
        );
        return Err(FileError::at(line, Fault::OutOfBounds { key }, reason));
    }
    Ok(Some(u32::try_from(value).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::super::policy::Policy;
    use super::*;

    fn entry(keys: &str) -> Result<SplitEntry, FileError> {
        resolved::<Policy>("policy", &format!("[policy]\n{keys}")).map(|policy| policy.split)
    }

    #[test]
    fn own_keys_come_before_the_policys_one_by_one() {
        let policy = entry("split_saving = 2\nsplit_sent = 3\nsplit_left_share = 0.25").unwrap();
        let own = entry("split_saving = 0\nsplit_sent_share = \"0.5\"").unwrap();
        let rules = own.rules(&policy);
        assert_eq!(rules.saving, 0);
        assert_eq!((rules.sent.units, rules.sent.share_ppm), (3, 500_000));
        assert_eq!((rules.left.units, rules.left.share_ppm), (0, 250_000));
    }

    #[test]
    fn more_than_half_cannot_be_asked_of_both_parts() {
        for key in ["split_sent_share", "split_left_share"] {
            let error = entry(&format!("{key} = 0.500001")).unwrap_err();
            assert_eq!((error.line, error.fault), (2, Fault::OutOfBounds { key }));
        }
        assert_eq!(entry("split_sent = -1").unwrap_err().fault, Fault::OutOfBounds { key: "split_sent" });
    }
}
