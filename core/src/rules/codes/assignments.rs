//! Which codes a world defines and which ids they have.

use std::collections::BTreeSet;

use crate::heap::behind;
use crate::ids::{CarrierId, ChannelId, Code, PoolId, WarehouseId};

/// The codes a world file defines, each kind in file order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorldCodes {
    /// Warehouses and stores.
    pub warehouses: Vec<Code>,
    /// Carriers.
    pub carriers: Vec<Code>,
    /// Channels.
    pub channels: Vec<Code>,
    /// Pools, `regular` first: then those of `[[pool]]`, then those only channels name.
    pub pools: Vec<Code>,
}

/// Codes with the ids they were given. May hold more than a world file names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Assignments {
    /// Warehouses and stores.
    pub warehouses: Vec<(WarehouseId, Code)>,
    /// Carriers.
    pub carriers: Vec<(CarrierId, Code)>,
    /// Channels.
    pub channels: Vec<(ChannelId, Code)>,
    /// Pools.
    pub pools: Vec<(PoolId, Code)>,
}

impl Assignments {
    /// How many warehouses, carriers, channels and pools have an id.
    pub fn lens(&self) -> [usize; 4] {
        [self.warehouses.len(), self.carriers.len(), self.channels.len(), self.pools.len()]
    }

    /// The codes of each kind that came after so many of them, with the word for the kind.
    pub fn after(
        &self,
        [warehouses, carriers, channels, pools]: [usize; 4],
    ) -> impl Iterator<Item = (&'static str, &Code)> {
        let warehouses = self.warehouses.iter().skip(warehouses).map(|(_, code)| ("warehouse", code));
        let carriers = self.carriers.iter().skip(carriers).map(|(_, code)| ("carrier", code));
        let channels = self.channels.iter().skip(channels).map(|(_, code)| ("channel", code));
        let pools = self.pools.iter().skip(pools).map(|(_, code)| ("pool", code));
        warehouses.chain(carriers).chain(channels).chain(pools)
    }
}

impl WorldCodes {
    /// Ids in file order from 0, as an empty engine gives them.
    pub fn numbered(&self) -> Assignments {
        let mut ids = Assignments::default();
        ids.extend(self);
        ids
    }
}

impl Assignments {
    /// Gives the next ids to codes of a world that have none yet. Returns the codes with an id that the world does not
    /// define.
    pub(crate) fn extend(&mut self, codes: &WorldCodes) -> Vec<Code> {
        let mut missing = Vec::new();
        extend(&mut self.warehouses, &codes.warehouses, WarehouseId, &mut missing);
        extend(&mut self.carriers, &codes.carriers, CarrierId, &mut missing);
        extend(&mut self.channels, &codes.channels, ChannelId, &mut missing);
        extend(&mut self.pools, &codes.pools, PoolId, &mut missing);
        missing
    }
}

fn extend<I>(given: &mut Vec<(I, Code)>, codes: &[Code], id: fn(u16) -> I, missing: &mut Vec<Code>) {
    let defined: BTreeSet<&Code> = codes.iter().collect();
    missing.extend(given.iter().filter(|(_, code)| !defined.contains(code)).map(|(_, code)| code.clone()));
    let known: BTreeSet<Code> = given.iter().map(|(_, code)| code.clone()).collect();
    for code in codes.iter().filter(|code| !known.contains(*code)) {
        // The limits of every kind are far below 65,536.
        given.push((id(given.len() as u16), code.clone()));
    }
}

behind! {
    Assignments { warehouses, carriers, channels, pools }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(carriers: &[&str]) -> WorldCodes {
        let carriers = carriers.iter().map(|code| Code::new(code).unwrap()).collect();
        WorldCodes { warehouses: vec![], carriers, channels: vec![], pools: vec![] }
    }

    #[test]
    fn known_codes_keep_their_ids_and_new_ones_get_the_next() {
        let mut ids = codes(&["b", "a"]).numbered();
        assert_eq!(ids.extend(&codes(&["c", "a", "b"])), []);
        let text: Vec<_> = ids.carriers.iter().map(|(id, code)| format!("{id}{code}")).collect();
        assert_eq!(text, ["0b", "1a", "2c"]);
        assert_eq!(ids.extend(&codes(&["d", "a"])), codes(&["b", "c"]).carriers);
        assert_eq!(ids.carriers.len(), 4);
    }
}
