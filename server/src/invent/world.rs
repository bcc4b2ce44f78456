//! Generated world files.

use std::fmt::Write;

use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::routing::Rate;
use stockade_core::time::Span;

use super::geo::Place;

/// A world to be written.
#[derive(Clone, Debug, Default)]
pub struct InventedWorld {
    /// Comment lines at the head.
    pub head: Vec<String>,
    /// The label of its money.
    pub currency: String,
    /// Grams of a unit.
    pub default_weight_g: u32,
    /// Step of price lists in grams.
    pub kg_step_g: u32,
    /// Warehouses and stores.
    pub warehouses: Vec<InventedWarehouse>,
    /// Carriers.
    pub carriers: Vec<Code>,
    /// Channels.
    pub channels: Vec<InventedChannel>,
    /// Carrier, origin, destination and rate.
    pub rates: Vec<(Code, Code, Code, Rate)>,
    /// Weights of money, time and balance, as written to the file.
    pub weights: [&'static str; 3],
}

/// A warehouse or store to be written.
#[derive(Clone, Debug)]
pub struct InventedWarehouse {
    /// Its code.
    pub code: Code,
    /// The zone it lies in.
    pub zone: Option<Code>,
    /// Where it is.
    pub place: Place,
    /// Whether it is a store.
    pub store: bool,
}

/// A channel to be written.
#[derive(Clone, Debug)]
pub struct InventedChannel {
    /// Its code.
    pub code: Code,
    /// The pools it draws from.
    pub pools: Vec<Code>,
    /// How long it holds unpaid orders.
    pub hold_ttl: Span,
}

impl InventedWorld {
    /// The world file.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        for line in &self.head {
            writeln!(out, "# {line}")?;
        }
        writeln!(out, "currency = {}", quoted(&self.currency))?;
        writeln!(out, "default_weight_g = {}", self.default_weight_g)?;
        writeln!(out, "kg_step_g = {}", self.kg_step_g)?;
        for warehouse in &self.warehouses {
            writeln!(out, "\n[[warehouse]]\ncode = {}", quoted(warehouse.code.as_str()))?;
            if let Some(zone) = &warehouse.zone {
                writeln!(out, "zone = {}", quoted(zone.as_str()))?;
            }
            writeln!(out, "lat = {:.4}\nlon = {:.4}", warehouse.place.lat, warehouse.place.lon)?;
            writeln!(out, "kind = \"{}\"", if warehouse.store { "store" } else { "warehouse" })?;
        }
        for carrier in &self.carriers {
            writeln!(out, "\n[[carrier]]\ncode = {}", quoted(carrier.as_str()))?;
        }
        for channel in &self.channels {
            let pools: Vec<String> = channel.pools.iter().map(|pool| quoted(pool.as_str())).collect();
            writeln!(out, "\n[[channel]]\ncode = {}", quoted(channel.code.as_str()))?;
            writeln!(out, "pools = [{}]\nhold_ttl = \"{}\"", pools.join(", "), channel.hold_ttl)?;
        }
        let [money, time, balance] = self.weights;
        writeln!(out, "\n[policy]\nw_money = {money}\nw_time = {time}\nw_balance = {balance}")?;
        for (carrier, from, to, rate) in &self.rates {
            write_rate(out, [carrier, from, to], rate)?;
        }
        Ok(())
    }
}

fn write_rate(out: &mut String, [carrier, from, to]: [&Code; 3], rate: &Rate) -> std::fmt::Result {
    writeln!(out, "\n[[rate]]\ncarrier = {}", quoted(carrier.as_str()))?;
    writeln!(out, "from = {}\nto = {}", quoted(from.as_str()), quoted(to.as_str()))?;
    let parts =
        [("parcel", rate.parcel), ("unit", rate.unit), ("first_kg", rate.first_kg), ("further_kg", rate.further_kg)];
    for (name, price) in parts.iter().filter(|(_, price)| *price != Money::ZERO) {
        writeln!(out, "{name} = \"{price}\"")?;
    }
    writeln!(out, "hours = {}", rate.hours)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_core::rules::WorldFile;

    #[test]
    fn what_is_written_can_be_read() {
        let code = |text| Code::new(text).unwrap();
        let odd = code("a \"b\" \\ c'd");
        let world = InventedWorld {
            currency: "CNY".into(),
            warehouses: vec![InventedWarehouse {
                code: odd.clone(),
                zone: Some(code("上海")),
                place: Place { lat: 31.2, lon: 121.5 },
                store: true,
            }],
            carriers: vec![code("C")],
            channels: vec![InventedChannel {
                code: code("web"),
                pools: vec![code("regular")],
                hold_ttl: Span::from_mins(30),
            }],
            rates: vec![(code("C"), code("上海"), code("*"), super::super::ECONOMY.rate(10.0))],
            weights: ["1.0", "0.0", "0.0"],
            ..InventedWorld::default()
        };
        let text = world.to_toml();
        assert_eq!(WorldFile::parse(&text).unwrap().codes().warehouses, [odd], "{text}");
    }
}
