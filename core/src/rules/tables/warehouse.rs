//! `[[warehouse]]`: the places that hold stock and ship parcels.

use crate::heap::behind;
use crate::ids::{Code, WarehouseId};
use crate::limits::WAREHOUSES_MAX;
use crate::rules::codes::{ANY, Dense, Distinct, Names};
use crate::rules::reader::{At, Fault, FileError, Table};

/// The keys of the table.
const KEYS: &[&str] = &["code", "zone", "lat", "lon", "kind", "unlimited"];

/// Millionths of a degree in one.
const DEGREE: i64 = 1_000_000;

/// What a warehouse is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum WarehouseKind {
    /// A warehouse.
    #[default]
    Warehouse,
    /// A store that ships.
    Store,
}

/// A warehouse or store.
#[derive(Clone, PartialEq, Debug)]
pub struct WarehouseRules {
    /// The id it was given.
    pub id: WarehouseId,
    /// Its code.
    pub code: Code,
    /// The zone it lies in.
    pub zone: Option<Code>,
    /// Whether it never runs short: a drop-shipper.
    pub unlimited: bool,
    /// What it is.
    pub kind: WarehouseKind,
    /// Degrees north, from -90 to 90. There when `lon` is.
    pub lat: Option<f64>,
    /// Degrees east, from -180 to 180. There when `lat` is.
    pub lon: Option<f64>,
}

/// One `[[warehouse]]` as written.
#[derive(Clone, Debug)]
pub(in crate::rules) struct WarehouseEntry {
    pub(in crate::rules) code: Code,
    pub(in crate::rules) zone: Option<Code>,
    kind: WarehouseKind,
    unlimited: bool,
    lat: Option<f64>,
    lon: Option<f64>,
}

/// Takes the warehouses out of a world file: at least one, each code once.
pub(in crate::rules) fn read_warehouses(file: &mut Table<'_, '_>) -> Result<Vec<WarehouseEntry>, FileError> {
    let mut distinct = Distinct::new("warehouse", WAREHOUSES_MAX);
    let warehouses = file.each("warehouse", &[KEYS], |table| read(table, &mut distinct))?.unwrap_or_default();
    if warehouses.is_empty() {
        let reason = "the world has no warehouse: add [[warehouse]] with a `code`";
        return Err(FileError::whole(Fault::MissingTable { table: "warehouse" }, reason));
    }
    Ok(warehouses)
}

/// Puts ids in the place of codes.
pub(in crate::rules) fn resolve_warehouses(
    entries: &[WarehouseEntry],
    warehouses: &Names<'_, WarehouseId>,
) -> Result<Dense<WarehouseRules>, FileError> {
    let resolve = |entry: &WarehouseEntry| {
        let WarehouseEntry { code, zone, kind, unlimited, lat, lon } = entry.clone();
        let id = warehouses.id_at(&code, 0)?;
        Ok((id.index(), WarehouseRules { id, code, zone, unlimited, kind, lat, lon }))
    };
    entries.iter().map(resolve).collect()
}

fn read(mut table: Table<'_, '_>, distinct: &mut Distinct) -> Result<WarehouseEntry, FileError> {
    let code = table.code("code")?;
    let code = distinct.added(table.required("code", code)?)?;
    let zone = table.code("zone")?;
    if let Some(zone) = zone.as_ref().filter(|zone| zone.value.as_str() == ANY) {
        let reason = "a warehouse lies in one zone: leave `zone` out if it has none";
        return Err(FileError::at(zone.line, Fault::Reserved, reason));
    }
    let lat = table.micros("lat", -90 * DEGREE, 90 * DEGREE)?;
    let lon = table.micros("lon", -180 * DEGREE, 180 * DEGREE)?;
    if lat.is_some() != lon.is_some() {
        let key = if lat.is_some() { "lon" } else { "lat" };
        let reason = "a place needs both `lat` and `lon`: write both or neither";
        return Err(FileError::at(table.line(), Fault::MissingKey { key }, reason));
    }
    let degrees = |at: At<i64>| at.value as f64 / DEGREE as f64;
    Ok(WarehouseEntry {
        code,
        zone: zone.map(|at| at.value),
        kind: take_kind(&mut table)?,
        unlimited: table.flag("unlimited")?.is_some_and(|at| at.value),
        lat: lat.map(degrees),
        lon: lon.map(degrees),
    })
}

fn take_kind(table: &mut Table<'_, '_>) -> Result<WarehouseKind, FileError> {
    let Some(kind) = table.text("kind")? else { return Ok(WarehouseKind::Warehouse) };
    match kind.value.as_str() {
        "warehouse" => Ok(WarehouseKind::Warehouse),
        "store" => Ok(WarehouseKind::Store),
        other => {
            let reason = format!("`kind` is `{other}`: write \"warehouse\" or \"store\"");
            Err(FileError::at(kind.line, Fault::UnknownWord { key: "kind", word: kind.value }, reason))
        }
    }
}

behind! {
    WarehouseRules { code, zone }
    WarehouseEntry { code, zone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::Source;

    fn read_file(text: &str) -> Result<Vec<WarehouseEntry>, FileError> {
        let source = Source::new(text)?;
        read_warehouses(&mut Table::root(&source, &[&["warehouse"]])?)
    }

    #[test]
    fn entries_lie_at_their_ids() {
        let text = "[[warehouse]]\ncode = \"A\"\n[[warehouse]]\ncode = \"B\"\nkind = \"store\"\nlat = 1\nlon = -2.5\n";
        let entries = read_file(text).unwrap();
        let ids: Vec<_> = entries.iter().zip([5, 2]).map(|(entry, id)| (WarehouseId(id), entry.code.clone())).collect();
        let names = Names::new("warehouse", entries.iter().map(|entry| &entry.code), &ids).unwrap();
        let rules = resolve_warehouses(&entries, &names).unwrap();
        assert_eq!((rules.len(), rules.iter().count()), (6, 2));
        assert!(rules.get(0).is_none());
        let store = rules.get(2).unwrap();
        assert_eq!((store.code.as_str(), store.kind), ("B", WarehouseKind::Store));
        assert_eq!((store.lat, store.lon), (Some(1.0), Some(-2.5)));
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let kind = Fault::UnknownWord { key: "kind", word: "shop".to_owned() };
        for (text, line, fault) in [
            ("", 0, Fault::MissingTable { table: "warehouse" }),
            ("[[warehouse]]", 1, Fault::MissingKey { key: "code" }),
            ("[[warehouse]]\ncode = \"A\"\n[[warehouse]]\ncode = \"A\"", 4, Fault::Duplicate),
            ("[[warehouse]]\ncode = \"A\"\nzone = \"*\"", 3, Fault::Reserved),
            ("[[warehouse]]\ncode = \"A\"\nlat = 1", 1, Fault::MissingKey { key: "lon" }),
            ("[[warehouse]]\ncode = \"A\"\nlat = 91\nlon = 1", 3, Fault::OutOfBounds { key: "lat" }),
            ("[[warehouse]]\ncode = \"A\"\nkind = \"shop\"", 3, kind),
        ] {
            let error = read_file(text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
