//! When goods came to a cell, and when the next are expected.

use std::collections::HashMap;

use crate::ids::{SkuId, WarehouseId};
use crate::time::{Span, Time};

/// The last receipt of each cell.
pub(in crate::engine) type Receipts = HashMap<(SkuId, WarehouseId), LastReceipt, foldhash::fast::RandomState>;

/// The last receipt of a cell, and how long after the one before it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine) struct LastReceipt {
    pub at: Time,
    pub after: Option<Span>,
}

impl LastReceipt {
    /// Goods come. What comes within a quarter of the cover belongs to the same receipt.
    pub fn note(&mut self, now: Time, cover: Span) {
        let after = now.since(self.at);
        if after.0 > cover.0 / 4 {
            *self = LastReceipt { at: now, after: Some(after) };
        }
    }

    /// When the next one is expected: as long after it as it came after the one before, since what was seen is
    /// truer than what was written; but not more than twice or less than half as long as written.
    pub fn next(&self, cover: Span) -> Time {
        let after = self.after.map_or(cover.0, |after| after.0.clamp(cover.0 / 2, cover.0 * 2));
        self.at + Span(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_receipt_is_expected_as_the_last_ones_came() {
        let cover = Span(100);
        let mut cell = LastReceipt { at: Time(1_000), after: None };
        assert_eq!(cell.next(cover), Time(1_100), "as written, until two were seen");
        cell.note(Time(1_020), cover);
        assert_eq!(cell.next(cover), Time(1_100), "the rest of the same receipt");
        cell.note(Time(1_080), cover);
        assert_eq!(cell.next(cover), Time(1_160));
        cell.note(Time(1_900), cover);
        assert_eq!(cell.next(cover), Time(2_100), "a gap is not taken for the rule");
    }
}
