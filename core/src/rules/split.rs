//! When orders may be split over warehouses: keys of `[policy]` and of channels.

use super::error::FileError;
use super::reader::{At, Table};
use crate::limits::{LINE_UNITS_MAX, ORDER_LINES_MAX};
use crate::money::Money;
use crate::routing::{SplitRules, Threshold};

/// The largest saving that can be asked for.
const SAVING_MAX: i64 = 1_000_000_000 * Money::MICROS_PER_UNIT;
/// A whole, in millionths.
const WHOLE: i64 = 1_000_000;

/// The keys as written; what is left out is the policy's, or no rule.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SplitEntry {
    saving: Option<i64>,
    sent: Option<u64>,
    sent_share: Option<u32>,
    left: Option<u64>,
    left_share: Option<u32>,
}

impl SplitEntry {
    /// Takes the keys from a table.
    pub(super) fn take(table: &mut Table<'_, '_>) -> Result<SplitEntry, FileError> {
        Ok(SplitEntry {
            saving: table.micros("split_saving", 0, SAVING_MAX)?.map(|at| at.value),
            sent: units(table, "split_sent")?,
            sent_share: share(table, "split_sent_share")?,
            left: units(table, "split_left")?,
            left_share: share(table, "split_left_share")?,
        })
    }

    /// The rules of a channel: its own keys before the policy's.
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

/// A share of an order's units. More than half could never be left on both sides.
fn share(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<u32>, FileError> {
    let Some(At { value, line }) = table.micros(key, 0, WHOLE)? else { return Ok(None) };
    if value > WHOLE / 2 {
        let reason = format!(
            "`{key}` is {}: of two parts one has at most half of the units, so nothing could be split; write 0 to 0.5, or \
             use a large `split_saving` to split only when there is no other way",
            Money(value)
        );
        return Err(FileError::at(line, reason));
    }
    Ok(Some(u32::try_from(value).unwrap_or(0)))
}
