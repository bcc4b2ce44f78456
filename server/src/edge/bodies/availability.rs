//! What a channel may sell.

use serde::{Deserialize, Serialize};
use stockade_core::ids::Code;
use stockade_core::query::AvailabilityQuery;
use stockade_core::reply::Available;

use super::quantity::limited;

/// The body of a question for availability.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityBody {
    /// The channel.
    pub channel: Code,
    /// The SKUs.
    pub skus: Vec<Code>,
}

/// What a channel may sell of a SKU.
#[derive(Clone, Debug, Serialize)]
pub struct AvailableBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// Units on hand that may be sold now; `null` for unlimited.
    pub available: Option<u64>,
    /// Units that may be promised out of expected receipts, by day; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub presale: Vec<PresaleBody>,
}

/// Units that may be promised for a day.
#[derive(Clone, Debug, Serialize)]
pub struct PresaleBody {
    /// The day they are due, like `2026-11-11`.
    pub due: String,
    /// How many units.
    pub qty: u64,
}

impl From<AvailabilityBody> for AvailabilityQuery {
    fn from(body: AvailabilityBody) -> AvailabilityQuery {
        AvailabilityQuery { channel: body.channel, skus: body.skus }
    }
}

impl<'a> From<&'a Available> for AvailableBody<'a> {
    fn from(available: &'a Available) -> AvailableBody<'a> {
        let presale = available.presale.iter().map(|(day, units)| PresaleBody { due: day.to_string(), qty: units.0 });
        AvailableBody { sku: &available.sku, available: limited(available.units), presale: presale.collect() }
    }
}
