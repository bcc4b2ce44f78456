//! What the tables of a file may name.

use super::names::Names;
use super::zones::Zones;
use crate::ids::{CarrierId, ChannelId, PoolId, WarehouseId};

/// The codes of a world with their ids while its tables are resolved, and the zones the tables name.
pub(crate) struct Scope<'a> {
    /// Warehouses and stores.
    pub(crate) warehouses: Names<'a, WarehouseId>,
    /// Carriers.
    pub(crate) carriers: Names<'a, CarrierId>,
    /// Channels.
    pub(crate) channels: Names<'a, ChannelId>,
    /// Pools.
    pub(crate) pools: Names<'a, PoolId>,
    /// Where parcels may come from: codes and zones of warehouses.
    pub(crate) origins: Zones,
    /// Where parcels may go to: every zone that a table has named so far.
    pub(crate) zones: Zones,
}
