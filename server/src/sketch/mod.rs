//! `stockade world sketch`: a plausible world and stock for any order file, so that it can be replayed at once.

mod demand;
mod geography;
mod spread;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stockade_core::money::Money;

use crate::disk::{self, Access};
use crate::failure::Failure;
use crate::files::{ORDERS, OrderFlags, OrderSheet};
use crate::invent::Draw;
use demand::Demand;

/// Write world.toml and stock.csv for an order file.
///
/// Zones come from the file's zone column. Places, rates and hours are invented from the seed: warehouses near the
/// zones that order most, prices and hours by distance. Each SKU gets the given share of its demand, spread over some
/// of the warehouses.
#[derive(Debug, Args)]
pub struct SketchArgs {
    /// The order file: CSV, TSV, .xlsx or .ods.
    #[arg(long, value_name = "FILE")]
    pub orders: PathBuf,
    /// How many warehouses.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub warehouses: u16,
    /// Stock as a share of demand.
    #[arg(long, default_value = "0.8")]
    pub cover: Money,
    /// The same seed gives the same files.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The folder to write into; created when it does not exist.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How the file is read.
    #[command(flatten)]
    pub files: OrderFlags,
}

/// What was sketched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sketched {
    /// The folder that holds world.toml and stock.csv.
    pub dir: String,
    /// Orders in the file.
    pub orders: u64,
    /// Zones they go to.
    pub zones: usize,
    /// SKUs they name.
    pub skus: usize,
    /// Warehouses of the world.
    pub warehouses: usize,
    /// Cells of stock.
    pub cells: usize,
    /// Units in them.
    pub units: u64,
}

/// Writes world and stock for an order file.
///
/// # Errors
/// When a flag or the file is wrong, or the disk refuses.
pub fn run(args: &SketchArgs) -> Result<Sketched, Failure> {
    if args.cover < Money::ZERO {
        return Err(Failure::usage(format!("--cover {} is negative: write a share like 0.8", args.cover)));
    }
    let reading = args.files.reading(&ORDERS, &[&ORDERS]).map_err(Failure::usage)?;
    // A replay in this world takes orders without a channel for those of its first one.
    let channel = OrderSheet::first_channel(&args.orders, &reading)?;
    let demand = Demand::read(OrderSheet::open(&args.orders, &reading.of_channel(channel))?)?;
    let draw = Draw::new(args.seed);
    let sites = geography::sites(&demand, usize::from(args.warehouses), &draw);
    let world = geography::world(&demand, &sites, &head(args), &draw).to_toml();
    let codes: Vec<_> = sites.iter().map(|site| site.code.clone()).collect();
    let stock = spread::stock(&demand, &codes, args.cover, &draw);

    fs::create_dir_all(&args.out)
        .map_err(|e| Failure::failed(format!("{}: cannot be made: {e}", args.out.display())))?;
    write(&args.out.join("world.toml"), &world)?;
    write(&args.out.join("stock.csv"), &spread::to_csv(&stock))?;
    let units: u64 = stock.iter().map(|cell| cell.units).sum();
    Ok(Sketched {
        dir: args.out.display().to_string(),
        orders: demand.orders,
        zones: demand.zones.len(),
        skus: demand.skus.len(),
        warehouses: sites.len(),
        cells: stock.len(),
        units,
    })
}

fn head(args: &SketchArgs) -> Vec<String> {
    let file = args.orders.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    vec![
        format!("Sketched from {file} with seed {} and cover {}.", args.seed, args.cover),
        "Places, rates and hours are invented: replace them with your own.".to_owned(),
    ]
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    disk::replace(path, text.as_bytes(), Access::Public)
        .map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{OrderReading, Reading, TableFlags, read_stock};
    use std::collections::BTreeMap;
    use stockade_core::rules::WorldFile;

    fn sketch(dir: &Path, orders: &str, seed: u64) -> (String, String) {
        let file = dir.join("orders.csv");
        fs::write(&file, orders).unwrap();
        let args = SketchArgs {
            orders: file,
            warehouses: 4,
            cover: "0.8".parse().unwrap(),
            seed,
            out: dir.join("out"),
            files: OrderFlags {
                skip_kinds: vec!["fee".into()],
                table: TableFlags { columns: vec!["zone=country".into()], ..TableFlags::default() },
                ..OrderFlags::default()
            },
        };
        run(&args).unwrap();
        let read = |name| fs::read_to_string(dir.join("out").join(name)).unwrap();
        (read("world.toml"), read("stock.csv"))
    }

    fn orders() -> String {
        let mut text = "order_id,sku,qty,country,channel,kind\n".to_owned();
        for n in 0..300 {
            let country = ["UK", "UK", "UK", "FR", "DE"][n % 5];
            text.push_str(&format!("{n},S{},{},{country},web{},sale\n", n % 37, n % 4 + 1, n % 2));
        }
        text.push_str("F,POST,1,UK,web0,fee\nC,S1,-5,UK,web0,cancel\nN,S1,-5,UK,web0,sale\n");
        text
    }

    #[test]
    fn a_sketch_covers_the_demand_and_is_fixed_by_its_seed() {
        let dir = tempfile::tempdir().unwrap();
        let (world, stock) = sketch(dir.path(), &orders(), 1);
        assert_eq!(sketch(dir.path(), &orders(), 1), (world.clone(), stock.clone()));
        assert_ne!(sketch(dir.path(), &orders(), 2).1, stock);
        sketch(dir.path(), &orders(), 1);

        let codes = WorldFile::parse(&world).unwrap().codes();
        assert_eq!(codes.warehouses.len(), 4);
        assert_eq!(codes.channels.iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["web0", "web1"]);
        let mut demand: BTreeMap<String, u64> = BTreeMap::new();
        for n in 0..300u64 {
            *demand.entry(format!("S{}", n % 37)).or_default() += n % 4 + 1;
        }
        let mut on_hand: BTreeMap<String, u64> = BTreeMap::new();
        let rows = read_stock(&dir.path().join("out/stock.csv"), &Reading::default()).unwrap().rows;
        for row in &rows {
            *on_hand.entry(row.sku.to_string()).or_default() += row.on_hand.0;
        }
        let expected: BTreeMap<String, u64> =
            demand.iter().map(|(sku, units)| (sku.clone(), (units * 8).div_ceil(10))).collect();
        assert_eq!(on_hand, expected);
        assert!(rows.len() < 37 * 4, "there are no gaps: {} cells", rows.len());
        assert!(rows.len() > 37, "each SKU lies at one place only");
    }

    #[test]
    fn a_channel_that_some_rows_leave_empty_is_the_one_a_replay_takes() {
        let dir = tempfile::tempdir().unwrap();
        let text = "order_id,sku,qty,country,channel,kind\n1,S,1,UK,,sale\n1,T,1,UK,web,sale\n2,S,1,UK,app,fee\n3,S,1,UK,wire,sale\n";
        let (world, _) = sketch(dir.path(), text, 1);
        let codes = WorldFile::parse(&world).unwrap().codes();
        assert_eq!(codes.channels.iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["web", "wire"]);
    }

    #[test]
    fn a_file_without_zones_gets_rates_to_everywhere() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("orders.csv");
        fs::write(&file, "order_id,sku,qty\n1,A,2\n").unwrap();
        let demand = Demand::read(OrderSheet::open(&file, &OrderReading::default()).unwrap()).unwrap();
        let sites = geography::sites(&demand, 2, &Draw::new(3));
        let text = geography::world(&demand, &sites, &[], &Draw::new(3)).to_toml();
        let ids = WorldFile::parse(&text).unwrap().codes().numbered();
        let rules = stockade_core::rules::RuleSet::parse(&text, None, &ids, Default::default()).unwrap();
        assert_eq!(rules.lanes(None).all().len(), 4);
        assert_eq!(rules.channels().next().unwrap().code.as_str(), "web");
    }
}
