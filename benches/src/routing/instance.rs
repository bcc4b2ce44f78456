//! Instances of the multi-item fulfilment test: Jasin and Sinha, Operations Research 63, 2015; Ma, M&SOM 25, 2023.
//!
//! A parcel from a warehouse to a city costs 8.759, plus 0.423 and 0.000541 a mile for each unit. Units that no
//! warehouse serves cost twice as much as from the farthest one and are always available. Orders are drawn from types
//! (sets of SKUs, one unit each) and from cities by population. Stock is the expected demand of the cities each
//! warehouse is nearest to, plus half a standard deviation, and is not replenished.

use std::path::Path;

use serde_json::Value;
use stockade_server::invent::Place;

use super::draw::{Draw, shares};
use super::stored::read;

const FIXED: f64 = 8.759;
const UNIT: f64 = 0.423;
const MILE: f64 = 0.000541;
const KM_PER_MILE: f64 = 1.61;

/// One instance with its arrivals.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Warehouses, without the unlimited one.
    pub warehouses: usize,
    /// Number of cities.
    pub cities: usize,
    /// SKUs.
    pub items: usize,
    /// Number of periods, each with at most one order.
    pub horizon: usize,
    /// SKUs of each order type; the first type is empty and stands for no order.
    pub types: Vec<Vec<usize>>,
    /// Probability of each type and city in a period.
    pub arrival: Vec<Vec<f64>>,
    /// Starting stock by warehouse and SKU.
    pub stock: Vec<Vec<u64>>,
    /// Cost of a parcel by warehouse and city; the last row is the unlimited warehouse.
    pub fixed: Vec<Vec<f64>>,
    /// Cost of a unit, in the same layout.
    pub unit: Vec<Vec<f64>>,
    /// Seasons: type and city of every period.
    pub arrivals: Vec<Vec<(usize, usize)>>,
    /// The LP bound, if known.
    pub bound: Option<f64>,
}

/// Parameters that an instance is generated from.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Places of the cities, with population.
    pub cities: Vec<(Place, f64)>,
    /// Warehouses.
    pub warehouses: Vec<Place>,
    /// SKUs.
    pub items: usize,
    /// Most SKUs of an order.
    pub largest: usize,
    /// Number of order types of each size.
    pub types: usize,
    /// Number of periods.
    pub horizon: usize,
    /// Probability that a warehouse carries a SKU.
    pub carries: f64,
    /// Number of seasons.
    pub seasons: usize,
}

impl Shape {
    /// The small network: ten cities, five warehouses.
    pub fn small() -> Shape {
        let city = |lat, lon, population| (Place { lat, lon }, population);
        let place = |lat, lon| Place { lat, lon };
        Shape {
            cities: vec![
                city(40.6943, -73.9249, 18_680_025.0),
                city(34.1141, -118.4068, 12_531_334.0),
                city(41.8375, -87.6866, 8_586_888.0),
                city(25.784, -80.2101, 6_076_316.0),
                city(32.7935, -96.7667, 5_910_669.0),
                city(29.786, -95.3885, 5_724_418.0),
                city(40.0077, -75.1339, 5_540_199.0),
                city(33.7628, -84.422, 5_151_496.0),
                city(38.9047, -77.0163, 5_066_973.0),
                city(42.3188, -71.0852, 4_465_966.0),
            ],
            warehouses: vec![
                place(37.7448, -121.3985),
                place(39.9797, -86.3833),
                place(41.2776, -75.4973),
                place(33.9114, -81.0501),
                place(32.9709, -97.3348),
            ],
            items: 20,
            largest: 5,
            types: 5,
            horizon: 10_000,
            carries: 0.75,
            seasons: 3,
        }
    }

    /// The large network, with places read from `ma2022/` or scattered over a country.
    pub fn large(data: Option<&Path>, seed: u64, horizon: usize) -> Result<Shape, String> {
        let (cities, warehouses) = match data {
            Some(folder) => {
                let rows = |name: &str| table(&folder.join("ma2022").join(name));
                let place = |row: &[String], lat: usize| -> Result<Place, String> {
                    Ok(Place { lat: number(row, lat)?, lon: number(row, lat + 1)? })
                };
                let cities = rows("cities_99.csv")?;
                let cities = cities.iter().map(|row| Ok((place(row, 2)?, number(row, 4)?)));
                let warehouses = rows("fcs_10.csv")?;
                let warehouses = warehouses.iter().map(|row| place(row, 2));
                (cities.collect::<Result<_, String>>()?, warehouses.collect::<Result<_, String>>()?)
            }
            None => scattered(seed, 99, 10),
        };
        Ok(Shape { cities, warehouses, items: 100, largest: 10, types: 10, horizon, carries: 0.5, seasons: 1 })
    }

    /// Generates the instance of a seed.
    pub fn draw(&self, seed: u64) -> Instance {
        let mut draw = Draw::new(seed);
        let sizes = shares(&mut draw, self.largest + 1);
        let (mut types, mut weights) = (vec![Vec::new()], vec![sizes[0]]);
        for (size, of_size) in sizes.iter().enumerate().skip(1) {
            let within = shares(&mut draw, self.types);
            weights.extend(within.iter().map(|share| share * of_size));
            types.extend((0..self.types).map(|_| distinct(&mut draw, size, self.items)));
        }
        let people: f64 = self.cities.iter().map(|(_, population)| population).sum();
        let by_city = |weight: &f64| self.cities.iter().map(|(_, population)| weight * population / people).collect();
        let mut instance = Instance {
            warehouses: self.warehouses.len(),
            cities: self.cities.len(),
            items: self.items,
            horizon: self.horizon,
            arrival: weights.iter().map(by_city).collect(),
            types,
            stock: Vec::new(),
            fixed: Vec::new(),
            unit: Vec::new(),
            arrivals: Vec::new(),
            bound: None,
        };
        instance.price(self);
        instance.fill(self, &mut draw);
        instance.arrivals = (0..self.seasons).map(|season| instance.season(&draw.fork(season as u64 + 1))).collect();
        instance
    }
}

impl Instance {
    /// Reads a stored instance.
    pub fn read(path: &Path) -> Result<Instance, String> {
        let fault = |what: &str| format!("{}: {what}", path.display());
        let json: Value = serde_json::from_str(&read(path)?).map_err(|error| fault(&error.to_string()))?;
        let rows = |key: &str| -> Result<Vec<Vec<f64>>, String> {
            let rows = json[key].as_array().ok_or_else(|| fault(&format!("no `{key}`")))?;
            let row = |row: &Value| row.as_array().map(|row| row.iter().filter_map(Value::as_f64).collect());
            rows.iter().map(|r| row(r).ok_or_else(|| fault(&format!("`{key}` is not a table")))).collect()
        };
        let whole = |rows: Vec<Vec<f64>>| -> Vec<Vec<usize>> {
            rows.iter().map(|row| row.iter().map(|&figure| figure as usize).collect()).collect()
        };
        let arrivals = whole(rows("arrivals")?);
        let pairs = |row: &Vec<usize>| row.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let arrival = rows("arrival_prob")?;
        let stock = whole(rows("inventory_fc_by_item")?);
        Ok(Instance {
            warehouses: stock.len(),
            cities: arrival[0].len(),
            items: stock[0].len(),
            horizon: json["horizon"].as_u64().ok_or_else(|| fault("no `horizon`"))? as usize,
            types: whole(rows("order_types")?),
            arrival,
            stock: stock.iter().map(|row| row.iter().map(|&units| units as u64).collect()).collect(),
            fixed: rows("fixed_cost_fc_by_city")?,
            unit: rows("unit_cost_fc_by_city")?,
            arrivals: arrivals.iter().map(pairs).collect(),
            bound: json["dlp_lower_bound"].as_f64(),
        })
    }

    /// Expected number of orders of a type and city in a season.
    pub fn expected(&self, kind: usize, city: usize) -> f64 {
        self.horizon as f64 * self.arrival[kind][city]
    }

    /// Index of the unlimited warehouse.
    pub fn dummy(&self) -> usize {
        self.warehouses
    }

    fn price(&mut self, shape: &Shape) {
        self.fixed = vec![vec![FIXED; self.cities]; self.warehouses];
        self.fixed.push(vec![2.0 * FIXED; self.cities]);
        let unit = |from: &Place, to: &Place| UNIT + MILE * from.km_to(*to) / KM_PER_MILE;
        let row = |from: &Place| shape.cities.iter().map(|(to, _)| unit(from, to)).collect();
        self.unit = shape.warehouses.iter().map(row).collect();
        let farthest = |city: usize| 2.0 * self.unit.iter().map(|row| row[city]).fold(0.0, f64::max);
        let dummy = (0..self.cities).map(farthest).collect();
        self.unit.push(dummy);
    }

    fn fill(&mut self, shape: &Shape, draw: &mut Draw) {
        let carries: Vec<Vec<bool>> =
            (0..self.warehouses).map(|_| (0..self.items).map(|_| draw.chance(shape.carries)).collect()).collect();
        let mut demand = vec![vec![0.0; self.items]; self.warehouses];
        for city in 0..self.cities {
            for item in 0..self.items {
                let near = |a: &usize, b: &usize| self.unit[*a][city].total_cmp(&self.unit[*b][city]);
                let Some(nearest) = (0..self.warehouses).filter(|&w| carries[w][item]).min_by(near) else { continue };
                let kinds = self.types.iter().enumerate().filter(|(_, items)| items.contains(&item));
                demand[nearest][item] += kinds.map(|(kind, _)| self.arrival[kind][city]).sum::<f64>();
            }
        }
        let units = |d: &f64| {
            let mean = self.horizon as f64 * d;
            (mean + 0.5 * (mean * (1.0 - d)).max(0.0).sqrt()).round() as u64
        };
        self.stock = demand.iter().map(|row| row.iter().map(units).collect()).collect();
    }

    fn season(&self, draw: &Draw) -> Vec<(usize, usize)> {
        let mut draw = draw.clone();
        let mut sums = Vec::new();
        let mut sum = 0.0;
        for (kind, row) in self.arrival.iter().enumerate() {
            for (city, probability) in row.iter().enumerate() {
                sum += probability;
                sums.push((sum, kind, city));
            }
        }
        let mut one = || {
            let at = draw.unit() * sum;
            let (_, kind, city) = sums[sums.partition_point(|(upto, ..)| *upto <= at).min(sums.len() - 1)];
            (kind, city)
        };
        (0..self.horizon).map(|_| one()).collect()
    }
}

/// Cities and warehouses scattered over a country, with populations by Zipf's law.
fn scattered(seed: u64, cities: usize, warehouses: usize) -> (Vec<(Place, f64)>, Vec<Place>) {
    let mut draw = Draw::new(seed).fork(99);
    let mut place = || Place { lat: draw.between(26.0, 47.0), lon: draw.between(-122.0, -72.0) };
    let cities = (1..=cities).map(|rank| (place(), 2e7 / rank as f64)).collect();
    (cities, (0..warehouses).map(|_| place()).collect())
}

fn distinct(draw: &mut Draw, size: usize, items: usize) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(size);
    while chosen.len() < size {
        let item = draw.below(items as u64) as usize;
        if !chosen.contains(&item) {
            chosen.push(item);
        }
    }
    chosen
}

/// The rows of a plain CSV file, without its header.
pub(super) fn table(path: &Path) -> Result<Vec<Vec<String>>, String> {
    let text = read(path)?;
    Ok(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

/// Parses a field of a row.
pub(super) fn number(row: &[String], at: usize) -> Result<f64, String> {
    let text = row.get(at).ok_or_else(|| format!("column {at} is missing in {row:?}"))?;
    text.parse().map_err(|error| format!("`{text}` in {row:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_what_the_test_describes() {
        let instance = Shape::small().draw(7);
        assert_eq!((instance.types.len(), instance.fixed.len(), instance.arrivals.len()), (26, 6, 3));
        let all: f64 = instance.arrival.iter().flatten().sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        // Tracy is 280 miles from the centre of Los Angeles, not 1,041.
        assert!((instance.unit[0][1] - 0.58606).abs() < 0.002, "{}", instance.unit[0][1]);
        let units: u64 = instance.stock.iter().flatten().sum();
        let asked: usize = instance.arrivals[0].iter().map(|(kind, _)| instance.types[*kind].len()).sum();
        assert!((units as f64 / asked as f64 - 1.0).abs() < 0.2, "{units} units for {asked}");
        assert_eq!(instance.arrivals, Shape::small().draw(7).arrivals);
    }
}
