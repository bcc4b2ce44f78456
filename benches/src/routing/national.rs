//! A country: cities by population, warehouses near the largest, receipts every two weeks, and a sale that was
//! planned only in part. Compared with a lower bound on the cost of the same orders, had all of them been known.

use std::fmt::Write as _;
use std::path::Path;

use stockade_core::ids::{CarrierId, Code, WarehouseId};
use stockade_core::money::Money;
use stockade_core::routing::{DemandLine, Lane, Problem, Rate, Router};
use stockade_core::time::Span;
use stockade_server::demo::CITIES;
use stockade_server::invent::{Place, Zipf};

use super::draw::Draw;
use super::instance::{number, table};
use super::lagrangian::{self, Case};
use super::policies::{Policy, drawn};
use super::shop::{DROP, Shop, Tally, code};
use super::table::{Row, Table};

const CITIES_MAX: usize = 120;
const WAREHOUSES: usize = 8;
/// Least distance between warehouses.
const APART_KM: f64 = 450.0;
const SKUS: usize = 200;
/// Size of the groups of SKUs that are bought together.
const GROUP: usize = 8;
const DAYS: u64 = 42;
const RECEIPT_DAYS: u64 = 14;
const ORDERS_A_DAY: u64 = 1_200;
/// Days of the sale, factor of demand on them, and the share of the additional demand that was planned.
const SALE: std::ops::Range<u64> = 18..21;
const SALE_FACTOR: u64 = 4;
const SALE_PLANNED: f64 = 0.5;
/// Probability that a warehouse carries a SKU.
const CARRIES: f64 = 0.6;
const DAY: u64 = 86_400_000_000;
/// Weight past the first kilogram is charged by the kilogram.
const KG_STEP_G: u32 = 1_000;
/// Steps of the search for the bound.
const BOUND_STEPS: usize = 150;

/// The country and its orders.
struct Country {
    cities: Vec<(Place, f64)>,
    warehouses: Vec<Place>,
    /// Rates by city and warehouse, the drop-shipper last.
    rates: Vec<Vec<Rate>>,
    carries: Vec<Vec<bool>>,
    weights: Vec<u32>,
    orders: Vec<Order>,
    /// Expected demand on an ordinary day, by nearest warehouse and SKU, in units.
    daily: Vec<Vec<f64>>,
}

/// Time, city, and lines of SKU and units.
type Order = (Span, usize, Vec<(usize, u64)>);

/// A setting of prices.
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

/// Plays six weeks with three receipts and a sale.
pub(super) fn season(data: Option<&Path>, seed: u64, quick: bool, out: &mut Table) -> Result<(), String> {
    let seeds = if quick { seed..seed + 1 } else { seed..seed + 3 };
    let countries: Vec<Country> = seeds.map(|seed| Country::draw(data, seed)).collect::<Result<_, _>>()?;
    let bounds: Vec<f64> = countries.iter().map(Country::bound).collect();
    let pairs = |costs: Vec<f64>| -> Vec<(f64, f64)> { costs.into_iter().zip(bounds.iter().copied()).collect() };
    let (set, against) = ("national", "Lagrangian");
    for policy in Policy::LIVE {
        let costs: Result<Vec<f64>, _> = countries.iter().map(|country| country.follow(policy)).collect();
        let (pairs, note) = (pairs(costs?), String::new());
        out.add(&Row { set, policy: policy.name(), pairs: &pairs, against, decision: None, note });
    }
    for setting in &SETTINGS {
        let tallies: Vec<Tally> = countries.iter().map(|country| country.play(setting)).collect::<Result<_, _>>()?;
        let pairs = pairs(tallies.iter().map(|tally| tally.cost).collect());
        let all: Tally = tallies.into_iter().sum();
        let decision = Some(all.decision());
        out.add(&Row { set, policy: setting.name, pairs: &pairs, against, decision, note: all.note() });
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
        let rates = cities.iter().map(|(city, _)| rates(&warehouses, *city)).collect();
        let mut country =
            Country { cities, warehouses, rates, carries, weights, orders: Vec::new(), daily: Vec::new() };
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
                // The factor is coprime to the number of SKUs, so that groups mix popular and unpopular SKUs.
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

    /// Computes what buyers know: the demand of ordinary days near each warehouse that carries a SKU.
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
                for (warehouse, row) in self.goods(next).into_iter().enumerate() {
                    shop.receive(&site(warehouse), row.into_iter().enumerate().map(|(n, units)| (sku(n), units)))?;
                }
                next += RECEIPT_DAYS;
            }
            shop.set_clock(*time);
            shop.order(&zone(*city), lines.iter().map(|(number, units)| (sku(*number), *units)))?;
        }
        Ok(shop.tally)
    }

    /// Cost of the orders under a policy that plans each with the stock on hand.
    fn follow(&self, policy: Policy) -> Result<f64, String> {
        let mut stock = vec![vec![0; SKUS]; self.warehouses.len()];
        let (mut router, mut micros, mut next) = (Router::new(), 0, 0);
        for order @ (time, _, lines) in &self.orders {
            while time.0 >= next * DAY {
                let goods = self.goods(next);
                stock.iter_mut().flatten().zip(goods.iter().flatten()).for_each(|(units, more)| *units += more);
                next += RECEIPT_DAYS;
            }
            let problem = self.problem(order, |warehouse, sku| stock[warehouse][sku]);
            policy.plan(&problem, &mut router)?;
            micros += router.solution().score;
            for (site, line, units) in drawn(&problem, router.solution()) {
                if let Some(row) = stock.get_mut(site) {
                    row[lines[line].0] -= units;
                }
            }
        }
        Ok(micros as f64 / Money::MICROS_PER_UNIT as f64)
    }

    /// Lower bound on the cost of these orders, even for a policy that knows all of them in advance.
    fn bound(&self) -> f64 {
        let days = (0..DAYS).step_by(RECEIPT_DAYS as usize);
        let receipts: Vec<Vec<Vec<u64>>> = days.map(|day| self.goods(day)).collect();
        let case = |order: &Order| {
            let after = (order.0.0 / DAY / RECEIPT_DAYS) as usize;
            let came = |warehouse: usize, sku: usize| receipts[..=after].iter().any(|goods| goods[warehouse][sku] > 0);
            let problem = self.problem(order, |warehouse, sku| if came(warehouse, sku) { u64::MAX } else { 0 });
            Case { problem, items: order.2.iter().map(|(sku, _)| *sku).collect(), after, count: 1.0 }
        };
        let mut cases: Vec<Case> = self.orders.iter().map(case).collect();
        let row = |row: &Vec<u64>| row.iter().map(|&units| units as f64).collect();
        let receipts = receipts.iter().map(|goods| goods.iter().map(row).collect()).collect();
        lagrangian::bound(&mut cases, &receipts, BOUND_STEPS)
    }

    /// An order as a routing problem; the last warehouse is the drop-shipper.
    fn problem(&self, (_, city, lines): &Order, stock: impl Fn(usize, usize) -> u64) -> Problem {
        let weight = |sku: usize| self.weights[sku];
        let mut problem = Problem { kg_step_g: KG_STEP_G, ..Problem::default() };
        problem.lines = lines.iter().map(|&(sku, units)| DemandLine { units, weight_g: weight(sku) }).collect();
        for warehouse in 0..=self.warehouses.len() {
            let there = |sku| if warehouse < self.warehouses.len() { stock(warehouse, sku) } else { u64::MAX };
            let (site, rate) = (warehouse as u16, self.rates[*city][warehouse]);
            problem.sites.push(WarehouseId(site));
            problem.stock.extend(lines.iter().map(|(sku, _)| there(*sku)));
            problem.lanes.push(Lane { site, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 });
        }
        problem
    }

    /// Goods received on a day for two weeks: expected demand, half a standard deviation, and a part of the sale.
    fn goods(&self, day: u64) -> Vec<Vec<u64>> {
        let sale = (day..day + RECEIPT_DAYS).filter(|day| SALE.contains(day)).count() as f64;
        let days = RECEIPT_DAYS as f64 + sale * (SALE_FACTOR - 1) as f64 * SALE_PLANNED;
        let units = |daily: &f64| (daily * days + 0.5 * (daily * days).sqrt()).round() as u64;
        self.daily.iter().map(|row| row.iter().map(units).collect()).collect()
    }

    fn world(&self, setting: &Setting) -> String {
        let mut text = format!(
            "currency = \"USD\"\nkg_step_g = {KG_STEP_G}\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n"
        );
        if !setting.rules.is_empty() {
            let _ = write!(text, "[prices]\nrecompute_every = \"2h\"\n{}\n", setting.rules);
        }
        for (city, rates) in self.rates.iter().enumerate() {
            for (warehouse, Rate { parcel, unit, first_kg, further_kg, .. }) in rates.iter().enumerate() {
                let from = if warehouse < self.warehouses.len() { site(warehouse) } else { code(DROP) };
                let _ = write!(
                    text,
                    "[[rate]]\ncarrier = \"X\"\nfrom = \"{from}\"\nto = \"{}\"\nparcel = \"{parcel}\"\nunit = \"{unit}\"\n\
                     first_kg = \"{first_kg}\"\nfurther_kg = \"{further_kg}\"\n",
                    zone(city)
                );
            }
        }
        for warehouse in 0..self.warehouses.len() {
            let _ = write!(text, "[[warehouse]]\ncode = \"{}\"\n", site(warehouse));
        }
        let _ = write!(text, "[[warehouse]]\ncode = \"{DROP}\"\nunlimited = true\n");
        text
    }
}

/// The largest cities: of the United States from the folder, or of the demo.
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

/// Rates to a city from each warehouse, and from the drop-shipper: twice those of the farthest warehouse.
fn rates(warehouses: &[Place], city: Place) -> Vec<Rate> {
    let rate = |km: f64, times: f64| {
        let cents = |figure: f64| Money((figure * times * 100.0).round() as i64 * 10_000);
        let (first_kg, further_kg) = (cents(3.2 + 0.0016 * km), cents(0.35 + 0.0004 * km));
        Rate { parcel: cents(1.6), unit: cents(0.25), first_kg, further_kg, ..Rate::default() }
    };
    let ways: Vec<f64> = warehouses.iter().map(|warehouse| warehouse.km_to(city)).collect();
    let farthest = ways.iter().copied().fold(0.0, f64::max);
    ways.iter().map(|km| rate(*km, 1.0)).chain([rate(farthest, 2.0)]).collect()
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
