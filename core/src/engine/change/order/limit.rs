//! An order's limit of parcels, for units that are routed anew.

use crate::limits::REASON_BYTES_MAX;
use crate::orders::Order;
use crate::units::counted;

/// The parcels that the order's limit leaves for units that become missing when `gone` of its parcels are dropped; no number
/// when it has no limit. What stands in review keeps one for itself.
pub(super) fn parcels_left(order: &Order, gone: usize) -> Option<u16> {
    let under_way = order.parcels() - gone + usize::from(!order.later.review.is_empty());
    left(order, under_way)
}

/// The parcels that the order's limit leaves for all that stands in review.
pub(super) fn parcels_for_review(order: &Order) -> Option<u16> {
    left(order, order.parcels())
}

fn left(order: &Order, under_way: usize) -> Option<u16> {
    let under_way = u16::try_from(under_way).unwrap_or(u16::MAX);
    order.limit().map(|limit| limit.saturating_sub(under_way))
}

/// Why units wait for a person when the order's limit leaves no parcel for them.
pub(super) fn no_parcel_left(order: &Order) -> String {
    match (order.ship_complete, order.max_parcels) {
        (true, _) | (false, None) => "the order ships complete, and no other parcel may follow".to_owned(),
        (false, Some(most)) => {
            format!("the order ships in at most {}, and none is left", counted(most, "parcel"))
        }
    }
}

/// A reason, cut to what a timeline takes.
pub(super) fn shortened(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(shortened("é".repeat(300)).len(), REASON_BYTES_MAX);
        assert_eq!(shortened(format!("x{}", "é".repeat(300))).len(), REASON_BYTES_MAX - 1);
        assert_eq!(shortened("short".to_owned()), "short");
    }
}
