//! What every rule table provides.

use std::fmt::Debug;

use crate::heap::Heap;
use crate::rules::codes::Scope;
use crate::rules::reader::{FileError, Table};

/// A rule table with ids in the place of codes.
pub(crate) trait RuleTable: Sized + Heap {
    /// The table as written, with the lines of its entries.
    type Written: Clone + Debug + Heap;

    /// Takes the table with this key out of a file; `None` when the file does not have it.
    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Self::Written>, FileError>;

    /// Checks the table against a world and puts ids in the place of codes. `None` is the table of a file without one.
    fn resolve(written: Option<&Self::Written>, scope: &mut Scope<'_>) -> Result<Self, FileError>;
}

/// Reads and resolves one table in a world with the warehouses `A` (zone `N`) and `B`, the carriers `X` and `Y`, the
/// channels `web` and `app` and the pool `regular`. Destination zones `N` and `S` have the numbers 1 and 2.
#[cfg(test)]
pub(crate) fn resolved<T: RuleTable>(key: &'static str, text: &str) -> Result<T, FileError> {
    use crate::ids::{CarrierId, ChannelId, Code, PoolId, WarehouseId};
    use crate::rules::codes::{Names, Zones};
    use crate::rules::reader::Source;

    fn numbered<I>(codes: &[&str], id: fn(u16) -> I) -> Vec<(I, Code)> {
        codes.iter().enumerate().map(|(n, code)| (id(n as u16), Code::new(code).unwrap())).collect()
    }
    fn names<'a, I: Copy>(kind: &'static str, ids: &'a [(I, Code)]) -> Names<'a, I> {
        Names::new(kind, ids.iter().map(|(_, code)| code), ids).unwrap()
    }
    fn zones(codes: &[&str]) -> Zones {
        let mut zones = Zones::default();
        codes.iter().for_each(|code| _ = zones.number(&Code::new(code).unwrap()));
        zones
    }

    let source = Source::new(text)?;
    let written = T::take(&mut Table::root(&source, &[&[key]])?, key)?;
    let (warehouses, carriers) = (numbered(&["A", "B"], WarehouseId), numbered(&["X", "Y"], CarrierId));
    let (channels, pools) = (numbered(&["web", "app"], ChannelId), numbered(&["regular"], PoolId));
    let mut scope = Scope {
        warehouses: names("warehouse", &warehouses),
        carriers: names("carrier", &carriers),
        channels: names("channel", &channels),
        pools: names("pool", &pools),
        origins: zones(&["A", "N", "B"]),
        zones: zones(&["N", "S"]),
    };
    T::resolve(written.as_ref(), &mut scope)
}
