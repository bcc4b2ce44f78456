//! The accounts of the ledger.

use std::fmt;

use bincode::enc::Encoder;
use bincode::error::EncodeError;
use bincode::{Decode, Encode};

use crate::ids::{PoolId, ReceiptNo, Ticket};
use crate::numbers::Numbers;

/// An account: units of one SKU at one warehouse stand in exactly one bucket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Decode)]
pub enum Bucket {
    /// Free, for channels that are granted the pool.
    Available(PoolId),
    /// Held by unpaid orders, drawn from the pool.
    Held(PoolId),
    /// Paid, not on a pick ticket.
    Allocated,
    /// On a pick ticket or packed.
    Picked,
    /// Out with couriers.
    Shipped,
    /// Delivered, not confirmed by the customer.
    Awaiting,
    /// Returned, not inspected.
    Inspection,
    /// Not fit for sale.
    Damaged,
    /// On the way here from another warehouse.
    InTransit,
    /// Expected from a supplier and promised to nobody. Not physical; never counted as on hand.
    Inbound(ReceiptNo),
    /// Contra-account: units that other buckets claim and that are not there. Moving units out of `Short` makes it grow.
    Short,
    /// The world outside.
    Outside(Outside),
    /// Promised to an order before it has come. Not physical; never counted as on hand.
    Promised(Ticket),
    /// Here with a receipt, and about to be handed over to whom its units were promised.
    Arrived(ReceiptNo),
    /// Contra-account: units that were promised out of a receipt and that it will not bring. Moving units out of it makes it
    /// grow; the promises move to other receipts, or to none, in commits of their own.
    Missing(ReceiptNo),
}

/// Where units come from and go to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Outside {
    /// Delivered by, or expected from, suppliers.
    Supplier,
    /// With customers for good.
    Customer,
    /// Found or lost at a count or by hand.
    WriteOff,
    /// Left for, or came from, another warehouse.
    Transfer,
}

impl Encode for Bucket {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut numbers = Numbers::new(encoder);
        self.put(&mut numbers);
        numbers.finish()
    }
}

impl Bucket {
    /// Writes it among other numbers: its place in the list above, and what it holds, as they are read by what bincode
    /// derives.
    #[inline]
    pub(super) fn put<E: Encoder>(self, numbers: &mut Numbers<'_, E>) {
        let (place, content): (u32, Option<u32>) = match self {
            Bucket::Available(pool) => (0, Some(pool.0.into())),
            Bucket::Held(pool) => (1, Some(pool.0.into())),
            Bucket::Allocated => (2, None),
            Bucket::Picked => (3, None),
            Bucket::Shipped => (4, None),
            Bucket::Awaiting => (5, None),
            Bucket::Inspection => (6, None),
            Bucket::Damaged => (7, None),
            Bucket::InTransit => (8, None),
            Bucket::Inbound(receipt) => (9, Some(receipt.0)),
            Bucket::Short => (10, None),
            Bucket::Outside(outside) => (11, Some(outside as u32)),
            Bucket::Promised(ticket) => (12, Some(ticket.0)),
            Bucket::Arrived(receipt) => (13, Some(receipt.0)),
            Bucket::Missing(receipt) => (14, Some(receipt.0)),
        };
        numbers.put(place);
        if let Some(content) = content {
            numbers.put(content);
        }
    }

    /// Where units are free to be held: in their pool, or at the supplier of an unlimited warehouse.
    pub const fn free(from_supplier: bool, pool: PoolId) -> Bucket {
        if from_supplier { Bucket::Outside(Outside::Supplier) } else { Bucket::Available(pool) }
    }

    /// Where units that are promised and yet to come stand when the promise is given up: with their receipt, or with the
    /// supplier when no receipt is expected to bring them.
    pub const fn unpromised(receipt: ReceiptNo) -> Bucket {
        if receipt.0 == ReceiptNo::NONE.0 { Bucket::Outside(Outside::Supplier) } else { Bucket::Inbound(receipt) }
    }

    /// Whether it stands for units that are not in the cell: what comes out of it adds to what the cell has.
    pub const fn is_contra(self) -> bool {
        matches!(self, Bucket::Outside(_) | Bucket::Short | Bucket::Missing(_))
    }

    /// Whether movements against it only say what is there, unless a person says that they found or lost it.
    pub const fn is_books(self) -> bool {
        matches!(self, Bucket::Short | Bucket::Outside(Outside::WriteOff))
    }

    /// Whether units in it are physically in the warehouse.
    pub const fn is_on_hand(self) -> bool {
        matches!(
            self,
            Bucket::Available(_)
                | Bucket::Held(_)
                | Bucket::Allocated
                | Bucket::Picked
                | Bucket::Inspection
                | Bucket::Damaged
                | Bucket::Arrived(_)
        )
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bucket::Available(pool) => write!(f, "available in pool {pool}"),
            Bucket::Held(pool) => write!(f, "held from pool {pool}"),
            Bucket::Allocated => f.write_str("allocated"),
            Bucket::Picked => f.write_str("picked"),
            Bucket::Shipped => f.write_str("shipped"),
            Bucket::Awaiting => f.write_str("awaiting confirmation"),
            Bucket::Inspection => f.write_str("in inspection"),
            Bucket::Damaged => f.write_str("damaged"),
            Bucket::InTransit => f.write_str("in transit"),
            Bucket::Inbound(receipt) => write!(f, "inbound with receipt {receipt}"),
            Bucket::Promised(ticket) => write!(f, "promised under ticket {ticket}"),
            Bucket::Arrived(receipt) => write!(f, "arrived with receipt {receipt}"),
            Bucket::Missing(receipt) => write!(f, "missing from receipt {receipt}"),
            Bucket::Short => f.write_str("short"),
            Bucket::Outside(Outside::Supplier) => f.write_str("supplier"),
            Bucket::Outside(Outside::Customer) => f.write_str("customer"),
            Bucket::Outside(Outside::WriteOff) => f.write_str("write-off"),
            Bucket::Outside(Outside::Transfer) => f.write_str("other warehouse"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_read_as_it_was_written() {
        let config = bincode::config::standard();
        let (pool, receipt) = (PoolId(300), ReceiptNo(70_000));
        let all = [
            Bucket::Available(pool),
            Bucket::Held(pool),
            Bucket::Allocated,
            Bucket::Picked,
            Bucket::Shipped,
            Bucket::Awaiting,
            Bucket::Inspection,
            Bucket::Damaged,
            Bucket::InTransit,
            Bucket::Inbound(receipt),
            Bucket::Short,
            Bucket::Outside(Outside::Supplier),
            Bucket::Outside(Outside::Customer),
            Bucket::Outside(Outside::WriteOff),
            Bucket::Outside(Outside::Transfer),
            Bucket::Promised(Ticket(7)),
            Bucket::Arrived(receipt),
            Bucket::Missing(receipt),
        ];
        for bucket in all {
            let bytes = bincode::encode_to_vec(bucket, config).unwrap();
            assert_eq!(bincode::decode_from_slice(&bytes, config).unwrap(), (bucket, bytes.len()), "{bucket}");
        }
    }
}
