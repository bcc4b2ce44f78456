//! What happened to the world, the rules and the catalog.

use bincode::{Decode, Encode};

use crate::ids::{CarrierId, ChannelId, Code, PoolId, RulesVersion, SkuId, WarehouseId};

/// See [`crate::event::Event::WorldApplied`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct WorldApplied {
    /// The file.
    pub text: String,
    /// The version of the rules in it.
    pub version: RulesVersion,
    /// Every warehouse and its id; known ones keep theirs.
    pub warehouses: Vec<(WarehouseId, Code)>,
    /// Every carrier and its id.
    pub carriers: Vec<(CarrierId, Code)>,
    /// Every channel and its id.
    pub channels: Vec<(ChannelId, Code)>,
    /// Every pool and its id.
    pub pools: Vec<(PoolId, Code)>,
}

/// See [`crate::event::Event::RulesApplied`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RulesApplied {
    /// The file.
    pub text: String,
    /// Its version.
    pub version: RulesVersion,
}

/// See [`crate::event::Event::SkusDefined`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SkusDefined {
    /// The SKUs with their ids; a new id is one past the last.
    pub skus: Vec<SkuDefined>,
    /// The rules in force.
    pub rules_version: RulesVersion,
}

/// A SKU as defined.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SkuDefined {
    /// The id.
    pub id: SkuId,
    /// The code.
    pub code: Code,
    /// Weight of one unit in grams.
    pub weight_g: Option<u32>,
    /// The category.
    pub category: Option<Code>,
}
