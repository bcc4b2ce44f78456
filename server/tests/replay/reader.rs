//! A reader who has the files alone, and recomputes what the lines say.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use stockade_core::ids::{CarrierId, RulesVersion, WarehouseId};
use stockade_core::money::Money;
use stockade_core::rules::{RuleSet, WorldFile};

use crate::rig::parsed;

/// An order file without quotes: id, zone, and units by SKU, in file order.
pub type Orders = Vec<(String, String, BTreeMap<String, u64>)>;

pub fn orders(csv: &str) -> Orders {
    let mut rows = csv.lines();
    let headers: Vec<&str> = rows.next().unwrap().split(',').collect();
    let place = |name: &str| headers.iter().position(|h| *h == name).unwrap();
    let (id, sku, qty, zone) = (place("order_id"), place("sku"), place("qty"), place("zone"));
    let mut orders = Orders::new();
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        if orders.last().is_none_or(|order| order.0 != cells[id]) {
            orders.push((cells[id].to_owned(), cells[zone].to_owned(), BTreeMap::new()));
        }
        let order = orders.last_mut().unwrap();
        *order.2.entry(cells[sku].to_owned()).or_default() += cells[qty].parse::<u64>().unwrap();
    }
    orders
}

pub fn stock(csv: &str) -> HashMap<(String, String), i64> {
    let mut stock = HashMap::new();
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        *stock.entry((cells[0].to_owned(), cells[1].to_owned())).or_default() += cells[2].parse::<i64>().unwrap();
    }
    stock
}

/// Checks lines of a file in which each id comes once: one decision per order, sequences that rise, cells that never go
/// below zero, placed units that are the demand, refusals that were due, and costs that follow from the rates.
pub fn check(lines: &str, world: &str, stock_csv: &str, orders_csv: &str, in_file_order: bool) {
    let mut stock = stock(stock_csv);
    let demand: HashMap<String, (String, BTreeMap<String, u64>)> =
        orders(orders_csv).into_iter().map(|(id, zone, units)| (id, (zone, units))).collect();
    let mut decided = Vec::new();
    let mut last = 0;
    for line in parsed(lines) {
        if let Some(seq) = line.get("seq") {
            assert!(seq.as_u64().unwrap() > last, "{line}");
            last = seq.as_u64().unwrap();
        }
        if line.get("event").is_some() {
            for cell in line["lines"].as_array().unwrap() {
                take(&mut stock, text(&cell["sku"]), text(&cell["warehouse"]), -cell["qty"].as_i64().unwrap());
            }
            continue;
        }
        let id = text(&line["order"]);
        let (zone, wanted) = &demand[&id];
        match text(&line["outcome"]).as_str() {
            "placed" => check_placed(&line, world, zone, wanted, &mut stock),
            "refused" => check_refused(&line, wanted, &stock, in_file_order),
            other => panic!("{other}: {line}"),
        }
        decided.push(id);
    }
    let mut expected: Vec<String> = orders(orders_csv).into_iter().map(|order| order.0).collect();
    if !in_file_order {
        expected.sort_unstable();
        decided.sort_unstable();
    }
    assert_eq!(decided, expected);
}

fn check_placed(
    line: &Value,
    world: &str,
    zone: &str,
    wanted: &BTreeMap<String, u64>,
    stock: &mut HashMap<(String, String), i64>,
) {
    let mut got: BTreeMap<String, u64> = BTreeMap::new();
    let mut cost = Money::ZERO;
    for sub in line["sub_orders"].as_array().unwrap() {
        let mut units = 0;
        for part in sub["lines"].as_array().unwrap() {
            let qty = part["qty"].as_u64().unwrap();
            assert!(qty > 0, "{line}");
            units += qty;
            *got.entry(text(&part["sku"])).or_default() += qty;
            take(stock, text(&part["sku"]), text(&sub["warehouse"]), qty as i64);
        }
        let money = |value: &Value| text(value).parse::<Money>().unwrap();
        let parts = ["parcel", "unit", "first_kg", "further_kg"].map(|part| money(&sub["parts"][part]));
        let parcel = price(world, &text(&sub["carrier"]), &text(&sub["warehouse"]), zone, units);
        assert_eq!(parts, parcel, "{sub}");
        let sum = parts.iter().fold(Money::ZERO, |sum, part| sum.saturating_add(*part));
        assert_eq!(money(&sub["cost"]), sum, "{sub}");
        cost = cost.saturating_add(sum);
    }
    assert_eq!(&got, wanted, "{line}");
    assert_eq!(text(&line["cost"]).parse::<Money>().unwrap(), cost, "{line}");
}

fn check_refused(line: &Value, wanted: &BTreeMap<String, u64>, stock: &HashMap<(String, String), i64>, exact: bool) {
    assert_eq!(line["code"], "insufficient_stock", "{line}");
    let total = |sku: &str| stock.iter().filter(|((s, _), _)| s == sku).map(|(_, units)| *units).sum::<i64>();
    let short = line["short"].as_array().unwrap();
    assert!(!short.is_empty(), "{line}");
    for one in short {
        let sku = text(&one["sku"]);
        assert_eq!(one["wanted"].as_u64().unwrap(), wanted[&sku], "{line}");
        assert!(one["available"].as_u64() < one["wanted"].as_u64(), "{line}");
        assert!(!exact || one["available"].as_i64().unwrap() == total(&sku), "{line}");
    }
}

fn take(stock: &mut HashMap<(String, String), i64>, sku: String, warehouse: String, units: i64) {
    let cell = stock.entry((sku, warehouse)).or_default();
    *cell -= units;
    assert!(*cell >= 0, "a cell goes below zero");
}

/// Parcel, unit, first and further kilogram of a parcel of units that weigh 400 g each.
fn price(world: &str, carrier: &str, warehouse: &str, zone: &str, units: u64) -> [Money; 4] {
    let codes = WorldFile::parse(world).unwrap().codes();
    let rules = RuleSet::parse(world, None, &codes.numbered(), RulesVersion(1)).unwrap();
    let index = |codes: &[stockade_core::ids::Code], code: &str| codes.iter().position(|c| c.as_str() == code).unwrap();
    let warehouse = WarehouseId(index(&codes.warehouses, warehouse) as u16);
    let carrier = CarrierId(index(&codes.carriers, carrier) as u16);
    let lanes = rules.lanes(Some(zone)).from(warehouse);
    let rate = lanes.iter().find(|lane| lane.carrier == carrier).unwrap().rate;
    let steps = (units * 400).saturating_sub(1_000).div_ceil(500);
    let half = |money: Money| Money(money.0 / 2);
    [
        rate.parcel,
        rate.unit.checked_mul(units).unwrap(),
        rate.first_kg,
        half(rate.further_kg).checked_mul(steps).unwrap(),
    ]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text")).to_owned()
}
