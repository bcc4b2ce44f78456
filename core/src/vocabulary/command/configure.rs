//! Commands that change the world, the rules and the catalog.

use bincode::{Decode, Encode};

use crate::ids::{Code, RulesVersion};
use crate::vocabulary::numbered::owned;

/// See [`crate::command::Command::ApplyWorld`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ApplyWorld {
    /// The world file, TOML.
    pub text: String,
}

/// See [`crate::command::Command::ApplyRules`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ApplyRules {
    /// The rules file, TOML.
    pub text: String,
    /// Refuse unless this version is in force.
    pub expect: Option<RulesVersion>,
}

/// See [`crate::command::Command::DefineSkus`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct DefineSkus {
    /// The SKUs.
    pub skus: Vec<SkuSpec>,
}

/// A SKU's facts.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SkuSpec {
    /// Its code.
    pub sku: Code,
    /// Weight of one unit in grams. When not given, that of a known SKU stays, and a new one has the world's default.
    pub weight_g: Option<u32>,
    /// Its category, for rules. When not given, that of a known SKU stays, and a new one has none.
    pub category: Option<Code>,
}

/// See [`crate::command::Command::ClearSkus`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ClearSkus {
    /// The SKUs.
    pub skus: Vec<Code>,
    /// They weigh what the world says of SKUs without a weight of their own.
    pub weight: bool,
    /// They are of no category.
    pub category: bool,
}

owned! {
    ApplyWorld => Nobody,
    ApplyRules => Nobody,
    DefineSkus => Nobody,
    ClearSkus => Nobody,
}
