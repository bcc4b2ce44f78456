//! Units of SKUs, as many bodies hold them.

use serde::{Deserialize, Serialize};
use stockade_core::command::Line;
use stockade_core::ids::Code;
use stockade_core::units::Units;

/// Units of a SKU in a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    /// The SKU.
    pub sku: Code,
    /// How many units.
    pub qty: u64,
}

/// Units of a SKU in a reply.
#[derive(Clone, Debug, Serialize)]
pub struct UnitsBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// How many units.
    pub qty: u64,
}

/// A SKU of which there is too little.
#[derive(Clone, Debug, Serialize)]
pub struct ShortBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// Units wanted.
    pub wanted: u64,
    /// Units available.
    pub available: u64,
}

impl UnitsBody<'_> {
    /// Each SKU with its units.
    pub(super) fn all(lines: &[(Code, Units)]) -> Vec<UnitsBody<'_>> {
        lines.iter().map(|(sku, units)| UnitsBody { sku, qty: units.0 }).collect()
    }
}

/// The lines of a command.
pub(super) fn lines(bodies: Vec<LineBody>) -> Vec<Line> {
    bodies.into_iter().map(|body| Line { sku: body.sku, units: Units(body.qty) }).collect()
}

/// A quantity that may be unlimited.
pub(super) fn limited(units: Units) -> Option<u64> {
    (units != Units::UNLIMITED).then_some(units.0)
}
