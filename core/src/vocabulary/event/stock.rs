//! What happened to stock.

use bincode::{Decode, Encode};

use crate::ids::{Seq, SkuId, WarehouseId};
use crate::stock::Move;
use crate::units::Units;

/// Why stock moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum MoveReason {
    /// From a supplier.
    Receipt,
    /// By hand.
    Adjustment,
    /// To another warehouse.
    Transfer,
    /// From another warehouse.
    Arrival,
    /// Between pools.
    PoolMove,
    /// Free units make up for short ones of the same cell.
    MakingUp,
    /// Free units are not fit for sale.
    Damage,
    /// Damaged units left for good.
    Scrap,
    /// Units did not arrive from another warehouse.
    TransitLoss,
    /// Units arrived from another warehouse and are not fit for sale.
    TransitDamage,
    /// Units on their way to another warehouse are back where they left.
    Recall,
}

/// See [`crate::event::Event::StockMoved`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StockMoved {
    /// The kind of command that moved them.
    pub reason: MoveReason,
    /// A person's words.
    pub note: Option<String>,
    /// The movements.
    pub moves: Vec<Move>,
}

/// See [`crate::event::Event::StockCounted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StockCounted {
    /// The last event the count had seen; `None`: everything before this one.
    pub as_of: Option<Seq>,
    /// Earlier events it had not seen after all.
    pub except: Vec<Seq>,
    /// The corrections: found units into pools, lost ones out of them, and what is short.
    pub moves: Vec<Move>,
    /// The SKUs and units counted, with the warehouse.
    pub warehouse: WarehouseId,
    /// What was counted.
    pub counted: Vec<(SkuId, Units)>,
}

/// See [`crate::event::Event::ShelfCounted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ShelfCounted {
    /// The corrections: found units into pools, lost ones out of them, and what is short.
    pub moves: Vec<Move>,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The SKUs, with the units that were on the shelves.
    pub counted: Vec<(SkuId, Units)>,
}

/// See [`crate::event::Event::SafetySet`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SafetySet {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Units of the regular pool that orders may not take.
    pub units: Units,
}
