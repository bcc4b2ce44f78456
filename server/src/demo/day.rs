//! The generated day: its world, its SKUs and its stock.

use stockade_core::command::SkuSpec;
use stockade_core::ids::Code;
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::cities::{CITIES, City};
use crate::invent::{
    Draw, ECONOMY, EXPRESS, InventedChannel, InventedWarehouse, InventedWorld, PREMIUM, Place, Tariff, Zipf, spread,
};

/// Lines of an order on average.
const LINES_MEAN: f64 = 10.4;
/// Units of a line on average.
const UNITS_MEAN: f64 = 1.32;
/// How uneven demand is: 1 % of SKUs make a quarter of all lines, as in a supermarket.
const DEMAND_EXPONENT: f64 = 0.8;
/// Stock as a share of expected demand.
const COVER: f64 = 1.1;
/// Standard deviations of demand added to the stock, so that few ordinary orders find a line short.
const SAFETY_FACTOR: f64 = 2.0;
/// Share of warehouses that carry a SKU.
const CARRIED: f64 = 0.6;
/// The SKU of the flash sale.
const HOT: &str = "HOT-1111";

/// Code, city, size, whether it is a store.
const SITES: [(&str, &str, f64, bool); 10] = [
    ("HGH", "Hangzhou", 1.6, false),
    ("CAN", "Guangzhou", 1.5, false),
    ("PEK", "Beijing", 1.2, false),
    ("CTU", "Chengdu", 1.0, false),
    ("WUH", "Wuhan", 1.0, false),
    ("XIY", "Xi'an", 0.7, false),
    ("SHE", "Shenyang", 0.6, false),
    ("CGO", "Zhengzhou", 0.9, false),
    ("SHA-S1", "Shanghai", 0.15, true),
    ("SZX-S1", "Shenzhen", 0.15, true),
];
const CARRIERS: [(&str, Tariff); 3] = [("ZTO", ECONOMY), ("EMS", EXPRESS), ("SF", PREMIUM)];
/// Code, pools, minutes a hold lasts, share of ordinary orders.
pub(super) const CHANNELS: [(&str, &[&str], u64, f64); 3] =
    [("web", &["regular"], 30, 0.45), ("market", &["regular"], 30, 0.4), ("live", &["flash", "regular"], 5, 0.15)];

/// How large the day is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayShape {
    /// The same seed gives the same day.
    pub seed: u64,
    /// Orders placed, those of the flash sale included.
    pub orders: u32,
    /// SKUs on sale besides the hot one.
    pub skus: u32,
    /// Units of the hot SKU in the flash pool.
    pub hot_units: u32,
}

impl Default for DayShape {
    fn default() -> DayShape {
        DayShape { seed: 1, orders: 60_000, skus: 10_000, hot_units: 2_000 }
    }
}

/// A generated day.
#[derive(Clone, Debug)]
pub struct Day {
    shape: DayShape,
    skus: Vec<Code>,
    popularity: Zipf,
}

/// Units of a SKU in a pool of a warehouse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StockOnHand {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The pool; `regular` when not given.
    pub pool: Option<Code>,
    /// Units, at least one.
    pub units: Units,
}

impl Day {
    /// The day of a shape.
    pub fn new(shape: DayShape) -> Day {
        let skus = (1..=shape.skus.max(1)).map(|n| code(&format!("SKU-{n:05}"))).collect();
        Day { shape, skus, popularity: Zipf::new(shape.skus.max(1) as usize, DEMAND_EXPONENT) }
    }

    /// Its shape.
    pub fn shape(&self) -> DayShape {
        self.shape
    }

    /// The SKU of the flash sale.
    pub fn hot_sku(&self) -> Code {
        code(HOT)
    }

    /// The channels, in the order of the world file.
    pub fn channels(&self) -> Vec<Code> {
        CHANNELS.iter().map(|(channel, ..)| code(channel)).collect()
    }

    /// The world file: eight warehouses and two stores on the map of China, three carriers, three channels.
    pub fn world(&self) -> String {
        let warehouse = |(text, place, store): (&str, &City, bool)| InventedWarehouse {
            code: code(text),
            zone: Some(code(place.zone)),
            place: place.place,
            store,
        };
        let channel = |(channel, pools, minutes, _): &(&str, &[&str], u64, f64)| InventedChannel {
            code: code(channel),
            pools: pools.iter().map(|pool| code(pool)).collect(),
            hold_ttl: Span::from_mins(*minutes),
        };
        let world = InventedWorld {
            head: vec!["A generated day: Chinese provinces, prices and hours by distance.".to_owned()],
            currency: "CNY".to_owned(),
            default_weight_g: 500,
            kg_step_g: 1_000,
            warehouses: sites().map(warehouse).collect(),
            carriers: CARRIERS.iter().map(|(carrier, _)| code(carrier)).collect(),
            channels: CHANNELS.iter().map(channel).collect(),
            rates: rates(),
            weights: ["1.0", "0.05", "0.0"],
        };
        world.to_toml()
    }

    /// Weights and categories of every SKU.
    pub fn catalog(&self) -> Vec<SkuSpec> {
        const CATEGORIES: [&str; 6] = ["apparel", "beauty", "food", "home", "phones", "toys"];
        let mut draw = Draw::new(self.shape.seed).fork(11);
        let mut spec = |sku: &Code| {
            // From 50 g to 5 kg, light ones more often.
            let weight = 50.0 * 100f64.powf(draw.unit() * draw.unit());
            let category = CATEGORIES[draw.below(CATEGORIES.len() as u64) as usize];
            SkuSpec { sku: sku.clone(), weight_g: Some(weight as u32), category: Some(code(category)) }
        };
        let mut specs: Vec<SkuSpec> = self.skus.iter().map(&mut spec).collect();
        specs.push(SkuSpec { sku: self.hot_sku(), weight_g: Some(350), category: Some(code("phones")) });
        specs
    }

    /// The stock in the morning: somewhat more than the expected demand, spread with gaps; the hot SKU is only in the
    /// flash pool of the two largest warehouses.
    pub fn stock(&self) -> Vec<StockOnHand> {
        let mut draw = Draw::new(self.shape.seed).fork(12);
        let sizes: Vec<f64> = SITES.iter().map(|(_, _, size, _)| *size).collect();
        let units_wanted = f64::from(self.shape.orders) * LINES_MEAN * UNITS_MEAN * COVER;
        let mut stock = Vec::new();
        for (rank, sku) in self.skus.iter().enumerate() {
            let mean = units_wanted * self.popularity.share(rank);
            let units = (mean + SAFETY_FACTOR * mean.sqrt() + 1.0).ceil() as u64;
            for ((warehouse, ..), units) in SITES.iter().zip(spread(units, &sizes, CARRIED, &mut draw)) {
                if units > 0 {
                    stock.push(StockOnHand {
                        sku: sku.clone(),
                        warehouse: code(warehouse),
                        pool: None,
                        units: Units(units),
                    });
                }
            }
        }
        let hot = u64::from(self.shape.hot_units);
        for (n, units) in [hot - hot / 3, hot / 3].into_iter().enumerate().filter(|(_, units)| *units > 0) {
            let (warehouse, pool) = (code(SITES[n].0), Some(code("flash")));
            stock.push(StockOnHand { sku: self.hot_sku(), warehouse, pool, units: Units(units) });
        }
        stock
    }

    pub(super) fn sku(&self, draw: &mut Draw) -> &Code {
        &self.skus[self.popularity.rank(draw)]
    }
}

/// Every site with its code, its city and whether it is a store.
fn sites() -> impl Iterator<Item = (&'static str, &'static City, bool)> {
    SITES.iter().filter_map(|(site, name, _, store)| {
        let city = CITIES.iter().find(|city| city.name == *name)?;
        Some((*site, city, *store))
    })
}

/// The centre of every zone, weighted by the population of its cities.
fn zones() -> Vec<(Code, Place)> {
    let mut zones: std::collections::BTreeMap<&str, (f64, f64, f64)> = std::collections::BTreeMap::new();
    for city in &CITIES {
        let people = f64::from(city.population);
        let sum = zones.entry(city.zone).or_default();
        *sum = (sum.0 + city.place.lat * people, sum.1 + city.place.lon * people, sum.2 + people);
    }
    let middle = |(lat, lon, people): (f64, f64, f64)| Place { lat: lat / people, lon: lon / people };
    zones.into_iter().map(|(zone, sum)| (code(zone), middle(sum))).collect()
}

fn rates() -> Vec<(Code, Code, Code, stockade_core::routing::Rate)> {
    let zones = zones();
    let mut rates = Vec::new();
    for (carrier, tariff) in CARRIERS {
        for (site, city, _) in sites() {
            for (zone, middle) in &zones {
                rates.push((code(carrier), code(site), zone.clone(), tariff.rate(city.place.km_to(*middle))));
            }
        }
    }
    rates
}

pub(super) fn code(text: &str) -> Code {
    Code::new(text).expect("short plain text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_core::rules::{RuleSet, WorldFile};

    #[test]
    fn the_world_reaches_every_province() {
        let day = Day::new(DayShape::default());
        let text = day.world();
        let codes = WorldFile::parse(&text).unwrap().codes();
        assert_eq!((codes.warehouses.len(), codes.carriers.len(), codes.channels.clone()), (10, 3, day.channels()));
        let rules = RuleSet::parse(&text, None, &codes.numbered(), Default::default()).unwrap();
        for city in &CITIES {
            assert_eq!(rules.lanes(Some(city.zone)).all().len(), 30, "{}", city.zone);
        }
        let provinces: std::collections::BTreeSet<&str> = CITIES.iter().map(|city| city.zone).collect();
        assert_eq!(provinces.len(), 31);
    }

    #[test]
    fn stock_and_catalog_belong_together() {
        let day = Day::new(DayShape { orders: 2_000, skus: 300, ..DayShape::default() });
        let catalog: std::collections::BTreeSet<Code> = day.catalog().into_iter().map(|spec| spec.sku).collect();
        assert_eq!(catalog.len(), 301);
        let stock = day.stock();
        assert!(stock.iter().all(|cell| catalog.contains(&cell.sku) && !cell.units.is_zero()));
        let hot: u64 = stock.iter().filter(|cell| cell.sku == day.hot_sku()).map(|cell| cell.units.0).sum();
        assert_eq!(hot, 2_000);
        assert_eq!(stock, Day::new(day.shape()).stock());
    }
}
