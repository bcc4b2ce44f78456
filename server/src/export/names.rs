//! The codes behind dense ids, as the events so far gave them.

use stockade_core::event::Event;
use stockade_core::ids::{CarrierId, ChannelId, Code, PoolId, SkuId, WarehouseId};

/// The codes of everything that has a dense id.
#[derive(Default)]
pub(super) struct Names {
    skus: Vec<Option<Code>>,
    warehouses: Vec<Option<Code>>,
    carriers: Vec<Option<Code>>,
    channels: Vec<Option<Code>>,
    pools: Vec<Option<Code>>,
}

impl Names {
    /// Takes over what an event gives an id.
    pub(super) fn learn(&mut self, event: &Event) {
        if let Event::WorldApplied(world) = event {
            world.warehouses.iter().for_each(|(id, code)| keep(&mut self.warehouses, id.index(), code));
            world.carriers.iter().for_each(|(id, code)| keep(&mut self.carriers, id.index(), code));
            world.channels.iter().for_each(|(id, code)| keep(&mut self.channels, id.index(), code));
            world.pools.iter().for_each(|(id, code)| keep(&mut self.pools, id.index(), code));
        }
        if let Event::SkusDefined(defined) = event {
            defined.skus.iter().for_each(|sku| keep(&mut self.skus, sku.id.index(), &sku.code));
        }
    }

    pub(super) fn sku(&self, id: SkuId) -> String {
        name(&self.skus, id.index())
    }

    pub(super) fn warehouse(&self, id: WarehouseId) -> String {
        name(&self.warehouses, id.index())
    }

    pub(super) fn carrier(&self, id: CarrierId) -> String {
        name(&self.carriers, id.index())
    }

    pub(super) fn channel(&self, id: ChannelId) -> String {
        name(&self.channels, id.index())
    }

    pub(super) fn pool(&self, id: PoolId) -> String {
        name(&self.pools, id.index())
    }
}

fn keep(codes: &mut Vec<Option<Code>>, id: usize, code: &Code) {
    if codes.len() <= id {
        codes.resize(id + 1, None);
    }
    codes[id] = Some(code.clone());
}

/// The code, or `#` and the id of what nothing named.
fn name(codes: &[Option<Code>], id: usize) -> String {
    codes.get(id).and_then(Option::as_ref).map_or_else(|| format!("#{id}"), ToString::to_string)
}
