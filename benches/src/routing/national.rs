//! A country: cities by population, warehouses near the largest, goods every two weeks, and a sale that nobody planned
//! fully. What prices save, by the engine with and without them.

use std::fmt::Write as _;
use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::time::Span;
use stockade_server::demo::CITIES;
use stockade_server::invent::{Place, Zipf};

use super::draw::Draw;
use super::instance::{number, table};
use super::shop::{DROP, Shop, Tally, code};
use super::table::{Row, Table};

const CITIES_MAX: usize = 120;
const WAREHOUSES: usize = 8;
/// Warehouses are at least so far from each other.
const APART_KM: f64 = 450.0;
const SKUS: usize = 200;
/// SKUs that are bought together stand in groups of so many.
const GROUP: usize = 8;
const DAYS: u64 = 42;
const RECEIPT_DAYS: u64 = 14;
const ORDERS_A_DAY: u64 = 1_200;
/// The days of the sale, how much more is ordered, and which part of that was planned.
const SALE: std::ops::Range<u64> = 18..21;
const SALE_FACTOR: u64 = 4;
const SALE_PLANNED: f64 = 0.5;
/// Probability that a warehouse carries a SKU.
const CARRIES: f64 = 0.6;
const DAY: u64 = 86_400_000_000;

/// The country and what is ordered in it.
struct Country {
    cities: Vec<(Place, f64)>,
    warehouses: Vec<Place>,
    carries: Vec<Vec<bool>>,
    weights: Vec<u32>,
    orders: Vec<Order>,
    /// Units of a SKU wanted near a warehouse on an ordinary day.
    daily: Vec<Vec<f64>>,
}

/// When, to which city, and what: SKU and units.
type Order = (Span, usize, Vec<(usize, u64)>);

/// How prices are set.
struct Setting {
    name: &'static str,
    rules: &'static str,
}

const SETTINGS: [Setting; 5] = [
    Setting { name: "**Stockade**, prices off", rules: "" },
    Setting { name: "**Stockade**, prices, own stock first", rules: "cover = \"14d\"" },
    Setting { name: "**Stockade**, prices, drop-shipper free", rules: "cover = \"14d\"\npass_over_own = true" },
    Setting { name: "... own first, cover × 1.25", rules: "cover = \"420h\"" },
    Setting { name: "... own first, cover × 0.8", rules: "cover = \"269h\"" },
];

/// Six weeks with three receipts and a sale.
pub(super) fn season(data: Option<&Path>, seed: u64, quick: bool, out: &mut Table) -> Result<(), String> {
    let seeds = if quick { seed..seed + 1 } else { seed..seed + 3 };
    let countries: Vec<Country> = seeds.map(|seed| Country::draw(data, seed)).collect::<Result<_, _>>()?;
    let mut off = Vec::new();
    for setting in &SETTINGS {
        let mut tallies = Vec::new();
        for country in &countries {
            tallies.push(country.play(setting)?);
        }
        let costs: Vec<f64> = tallies.iter().map(|tally| tally.cost).collect();
        if off.is_empty() {
            off.clone_from(&costs);
        }
        let ratios: Vec<f64> = costs.iter().zip(&off).map(|(cost, off)| cost / off).collect();
        let mut all = Tally::default();
        for tally in tallies {
            all.placed += tally.placed;
            all.parcels += tally.parcels;
            all.dropped += tally.dropped;
            all.deciding += tally.deciding;
            all.lessons = (all.lessons.0 + tally.lessons.0, all.lessons.1 + tally.lessons.1);
        }
        let decision = Some(all.decision());
        let against = "prices off";
        out.add(&Row { set: "national", policy: setting.name, ratios: &ratios, against, decision, note: all.note() });
    }
    Ok(())
}

impl Country {
    fn draw(data: Option<&Path>, seed: u64) -> Result<Country, String> {
        let cities = cities(data)?;
        let mut draw = Draw::new(seed).fork(7);
        let mut warehouses: Vec<Place> = Vec::new();
        for (place, _) in &cities {
            if warehouses.len() < WAREHOUSES && warehouses.iter().all(|other| other.km_to(*place) > APART_KM) {
                warehouses.push(*place);
            }
        }
        let row = |draw: &mut Draw| (0..SKUS).map(|_| draw.chance(CARRIES)).collect::<Vec<bool>>();
        let carries = warehouses.iter().map(|_| row(&mut draw)).collect();
        let weights = (0..SKUS).map(|_| 100 + 50 * draw.below(18) as u32).collect();
        let mut country = Country { cities, warehouses, carries, weights, orders: Vec::new(), daily: Vec::new() };
        country.draw_orders(&mut draw);
        country.expect_demand();
        Ok(country)
    }

    fn draw_orders(&mut self, draw: &mut Draw) {
        let people: Vec<f64> = self.cities.iter().map(|(_, population)| *population).collect();
        let popular = Zipf::new(SKUS, 0.8);
        for day in 0..DAYS {
            let count = ORDERS_A_DAY * if SALE.contains(&day) { SALE_FACTOR } else { 1 };
            let mut times: Vec<u64> = (0..count).map(|_| draw.below(DAY)).collect();
            times.sort_unstable();
            for time in times {
                let city = draw.weighted(&people);
                // Every SKU's rank is its number times a step that meets all numbers, so that groups mix ranks.
                let first = popular.rank(draw) * 77 % SKUS;
                let mut lines = vec![(first, 1 + draw.below(8) / 7)];
                while lines.len() < 6 && draw.chance(0.55) {
                    let together = draw.chance(0.75);
                    let other = if together {
                        first / GROUP * GROUP + draw.below(GROUP as u64) as usize
                    } else {
                        popular.rank(draw)
                    };
                    if lines.iter().all(|(sku, _)| *sku != other) {
                        lines.push((other, 1));
                    }
                }
                self.orders.push((Span(day * DAY + time), city, lines));
            }
        }
    }

    /// What the buyers know: the demand of ordinary days near each warehouse that carries a SKU.
    fn expect_demand(&mut self) {
        let sales = SALE.end - SALE.start;
        let days = (DAYS - sales + sales * SALE_FACTOR) as f64;
        self.daily = vec![vec![0.0; SKUS]; self.warehouses.len()];
        for (_, city, lines) in &self.orders {
            let place = self.cities[*city].0;
            for &(sku, units) in lines {
                let near = |a: &usize, b: &usize| {
                    self.warehouses[*a].km_to(place).total_cmp(&self.warehouses[*b].km_to(place))
                };
                let nearest = (0..self.warehouses.len()).filter(|&w| self.carries[w][sku]).min_by(near);
                if let Some(nearest) = nearest {
                    self.daily[nearest][sku] += units as f64 / days;
                }
            }
        }
    }

    fn play(&self, setting: &Setting) -> Result<Tally, String> {
        let skus: Vec<(Code, u32)> = self.weights.iter().enumerate().map(|(n, weight)| (sku(n), *weight)).collect();
        let mut shop = Shop::open(&self.world(setting), &skus)?;
        let mut next = 0;
        for (time, city, lines) in &self.orders {
            while time.0 >= next * DAY {
                shop.set_clock(Span(next * DAY));
                self.receive(&mut shop, next)?;
                next += RECEIPT_DAYS;
            }
            shop.set_clock(*time);
            shop.order(&zone(*city), lines.iter().map(|(number, units)| (sku(*number), *units)))?;
        }
        Ok(shop.tally)
    }

    /// What was ordered for two weeks comes in: expected demand, half a standard deviation, and a part of the sale.
    fn receive(&self, shop: &mut Shop, day: u64) -> Result<(), String> {
        let sale = (day..day + RECEIPT_DAYS).filter(|day| SALE.contains(day)).count() as f64;
        let days = RECEIPT_DAYS as f64 + sale * (SALE_FACTOR - 1) as f64 * SALE_PLANNED;
        for (warehouse, row) in self.daily.iter().enumerate() {
            let units = |daily: &f64| (daily * days + 0.5 * (daily * days).sqrt()).round() as u64;
            shop.receive(&site(warehouse), row.iter().enumerate().map(|(number, daily)| (sku(number), units(daily))))?;
        }
        Ok(())
    }

    fn world(&self, setting: &Setting) -> String {
        let mut text =
            "currency = \"USD\"\nkg_step_g = 1000\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n".to_owned();
        if !setting.rules.is_empty() {
            let _ = write!(text, "[prices]\nrecompute_every = \"2h\"\n{}\n", setting.rules);
        }
        let mut rate = |from: &Code, to: usize, km: f64, times: f64| {
            let (first, further) = (3.2 + 0.0016 * km, 0.35 + 0.0004 * km);
            let _ = write!(
                text,
                "[[rate]]\ncarrier = \"X\"\nfrom = \"{from}\"\nto = \"{}\"\nparcel = \"{:.2}\"\nunit = \"{:.2}\"\n\
                 first_kg = \"{:.2}\"\nfurther_kg = \"{:.2}\"\n",
                zone(to),
                1.6 * times,
                0.25 * times,
                first * times,
                further * times
            );
        };
        for (city, (place, _)) in self.cities.iter().enumerate() {
            let ways: Vec<f64> = self.warehouses.iter().map(|warehouse| warehouse.km_to(*place)).collect();
            for (warehouse, km) in ways.iter().enumerate() {
                rate(&site(warehouse), city, *km, 1.0);
            }
            rate(&code(DROP), city, ways.iter().copied().fold(0.0, f64::max), 2.0);
        }
        for warehouse in 0..self.warehouses.len() {
            let _ = write!(text, "[[warehouse]]\ncode = \"{}\"\n", site(warehouse));
        }
        let _ = write!(text, "[[warehouse]]\ncode = \"{DROP}\"\nunlimited = true\n");
        text
    }
}

/// The largest cities: of the folder's United States, or of the demonstration.
fn cities(data: Option<&Path>) -> Result<Vec<(Place, f64)>, String> {
    let mut cities: Vec<(Place, f64)> = match data {
        Some(folder) => {
            let rows = table(&folder.join("geo_us_cities.csv"))?;
            let city = |row: &Vec<String>| {
                let place = Place { lat: number(row, 2)?, lon: number(row, 3)? };
                Ok((place, number(row, 4)?))
            };
            rows.iter().map(city).collect::<Result<_, String>>()?
        }
        None => CITIES.iter().map(|city| (city.place, f64::from(city.population))).collect(),
    };
    cities.sort_by(|a, b| b.1.total_cmp(&a.1));
    cities.truncate(CITIES_MAX);
    Ok(cities)
}

fn site(warehouse: usize) -> Code {
    code(&format!("W{warehouse}"))
}

fn zone(city: usize) -> Code {
    code(&format!("C{city}"))
}

fn sku(number: usize) -> Code {
    code(&format!("S{number}"))
}
