//! Codes that requests name, looked up: the id, or the refusal of an unknown code.

use crate::catalog::Config;
use crate::engine::outcome::Refusal;
use crate::engine::store::Engine;
use crate::ids::{CarrierId, ChannelId, Code, PoolId, SkuId, WarehouseId};
use crate::reject::{CodeKind, Reject};
use crate::rules::ChannelRules;

/// A warehouse of the world in force.
pub(in crate::engine) fn warehouse(config: &Config, code: &Code) -> Result<WarehouseId, Reject> {
    config.codes.warehouse(code).ok_or_else(|| unknown(CodeKind::Warehouse, code))
}

/// A pool of the world in force; the regular one when none is named.
pub(in crate::engine) fn pool(config: &Config, code: Option<&Code>) -> Result<PoolId, Reject> {
    let Some(code) = code else { return Ok(PoolId::REGULAR) };
    config.codes.pool(code).ok_or_else(|| unknown(CodeKind::Pool, code))
}

/// A carrier of the world in force.
pub(in crate::engine) fn carrier(config: &Config, code: &Code) -> Result<CarrierId, Reject> {
    config.codes.carrier(code).ok_or_else(|| unknown(CodeKind::Carrier, code))
}

/// A channel, in force or retired.
pub(in crate::engine) fn channel_id(config: &Config, code: &Code) -> Result<ChannelId, Reject> {
    config.codes.channel(code).ok_or_else(|| unknown(CodeKind::Channel, code))
}

/// The rules of a channel that is in force.
pub(in crate::engine) fn channel<'c>(config: &'c Config, code: &Code) -> Result<&'c ChannelRules, Refusal> {
    let known = config.codes.channel(code).and_then(|id| config.rules.channel(id));
    known.ok_or_else(|| Refusal::seen(unknown(CodeKind::Channel, code), config.seq))
}

fn unknown(kind: CodeKind, code: &Code) -> Reject {
    Reject::Unknown { kind, codes: vec![code.clone()] }
}

impl Engine {
    /// A SKU.
    pub(in crate::engine) fn known_sku(&self, code: &Code) -> Result<SkuId, Reject> {
        self.skus.find(code).map(|sku| sku.id).ok_or_else(|| unknown(CodeKind::Sku, code))
    }

    /// Many SKUs in their order; the refusal names all unknown ones.
    pub(in crate::engine) fn known_skus<'c>(
        &self,
        codes: impl ExactSizeIterator<Item = &'c Code>,
    ) -> Result<Vec<SkuId>, Reject> {
        let mut known = Vec::with_capacity(codes.len());
        let mut unknown = Vec::new();
        for code in codes {
            match self.skus.find(code) {
                Some(sku) => known.push(sku.id),
                None => unknown.push(code.clone()),
            }
        }
        if unknown.is_empty() { Ok(known) } else { Err(Reject::Unknown { kind: CodeKind::Sku, codes: unknown }) }
    }
}
