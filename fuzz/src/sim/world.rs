//! World and rules files for simulated runs.

use std::fmt::Write;

use super::rng::Rng;

/// The pools channels are granted.
pub const POOLS: [&str; 3] = ["regular", "promo", "vip"];
/// Destinations; orders may also name none, or one no rate names.
pub const ZONES: [&str; 3] = ["Z1", "Z2", "Z3"];
/// Channels.
pub const CHANNELS: [&str; 3] = ["web", "live", "store"];

/// How large a world is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Warehouses.
    pub warehouses: u64,
    /// Carriers.
    pub carriers: u64,
    /// SKUs.
    pub skus: u64,
    /// Whether one warehouse never runs short.
    pub unlimited: bool,
    /// Whether ceilings, bans, preferences and bounds on parcels occur.
    pub rules: bool,
    /// Whether channels sell what is yet to come.
    pub presale: bool,
}

impl Shape {
    /// A random shape.
    pub fn random(rng: &mut Rng) -> Shape {
        Shape {
            warehouses: rng.within(1, 5),
            carriers: rng.within(1, 3),
            skus: rng.within(2, 10),
            unlimited: rng.percent(20),
            rules: rng.percent(60),
            presale: rng.percent(60),
        }
    }

    /// A world file of this shape; another one each time.
    pub fn world(&self, rng: &mut Rng) -> String {
        let mut text = String::from("currency = \"CNY\"\n");
        let step = rng.pick(&[0, 250, 500, 1_000, 300]).copied().unwrap_or(0);
        let _ = writeln!(text, "default_weight_g = {}\nkg_step_g = {step}\n", rng.within(0, 900));
        for n in 0..self.warehouses {
            let unlimited = self.unlimited && n == self.warehouses - 1 && rng.percent(80);
            // Rates may name the zone Z1 as an origin, so there is always a warehouse in it.
            let zone = if n == 0 { "Z1" } else { rng.pick(&ZONES).copied().unwrap_or("Z1") };
            let _ = writeln!(text, "[[warehouse]]\ncode = \"W{n}\"\nzone = \"{zone}\"\nunlimited = {unlimited}\n");
        }
        for n in 0..self.carriers {
            let _ = writeln!(text, "[[carrier]]\ncode = \"C{n}\"\n");
        }
        for (n, channel) in CHANNELS.iter().enumerate() {
            let pools = ["\"regular\"", "\"promo\", \"regular\"", "\"vip\", \"regular\", \"promo\""][n];
            let _ = writeln!(text, "[[channel]]\ncode = \"{channel}\"\npools = [{pools}]");
            let _ = writeln!(text, "hold_ttl = \"{}m\"", rng.within(1, 60));
            if self.presale && n != 2 {
                let _ = writeln!(text, "presale = true");
            }
            if self.rules && rng.percent(15) {
                let _ = writeln!(text, "max_parcels = {}", rng.within(1, 3));
            }
            if self.rules && rng.percent(10) {
                let _ = writeln!(text, "ship_complete = true");
            }
            text.push('\n');
        }
        text.push_str(&self.tables(rng));
        text
    }

    /// A rules file of this shape.
    pub fn rules(&self, rng: &mut Rng) -> String {
        self.tables(rng)
    }

    fn tables(&self, rng: &mut Rng) -> String {
        let mut text = String::new();
        let time = rng.pick(&["0", "0.05", "1.5"]).copied().unwrap_or("0");
        let balance = rng.pick(&["0", "0", "0.2"]).copied().unwrap_or("0");
        let _ = writeln!(text, "[policy]\nw_money = 1.0\nw_time = {time}\nw_balance = {balance}\n");
        for carrier in 0..self.carriers {
            self.rates(rng, carrier, &mut text);
        }
        if self.rules {
            self.extras(rng, &mut text);
        }
        if rng.percent(30) {
            let own = rng.percent(50);
            let _ = writeln!(text, "[prices]\ncover = \"{}h\"", rng.within(1, 50));
            let _ = writeln!(text, "recompute_every = \"1s\"\nsample = 100\npass_over_own = {own}\n");
        }
        text
    }

    fn rates(&self, rng: &mut Rng, carrier: u64, text: &mut String) {
        let mut origins = vec![];
        if carrier == 0 || rng.percent(70) {
            origins.push("*".to_owned());
        }
        if rng.percent(40) {
            origins.push("Z1".to_owned());
        }
        for n in 0..self.warehouses {
            if rng.percent(30) {
                origins.push(format!("W{n}"));
            }
        }
        for from in origins {
            let everywhere = (carrier == 0 && from == "*") || rng.percent(50);
            for to in ["*"].into_iter().chain(ZONES).filter(|to| *to != "*" || everywhere) {
                if to != "*" && rng.percent(50) {
                    continue;
                }
                let cents = |rng: &mut Rng, high| format!("{}.{:02}", rng.below(high), rng.below(100));
                let _ = writeln!(text, "[[rate]]\ncarrier = \"C{carrier}\"\nfrom = \"{from}\"\nto = \"{to}\"");
                let _ = writeln!(text, "parcel = \"{}\"\nunit = \"{}\"", cents(rng, 9), cents(rng, 2));
                let _ = writeln!(text, "first_kg = \"{}\"\nfurther_kg = \"{}\"", cents(rng, 8), cents(rng, 3));
                let _ = writeln!(text, "hours = {}\n", rng.within(1, 96));
            }
        }
    }

    fn extras(&self, rng: &mut Rng, text: &mut String) {
        if rng.percent(25) {
            let _ = writeln!(text, "[[ceiling]]\ncarrier = \"C{}\"", rng.below(self.carriers));
            let _ = writeln!(text, "above = \"{}.50\"\n", rng.within(5, 60));
        }
        if rng.percent(20) {
            let zone = rng.pick(&ZONES).copied().unwrap_or("Z1");
            let _ = writeln!(text, "[[ban]]\nwarehouse = \"W{}\"\nzone = \"{zone}\"\n", rng.below(self.warehouses));
        }
        if rng.percent(30) {
            let _ = writeln!(text, "[[prefer]]\nwarehouses = [\"W{}\"]", rng.below(self.warehouses));
            if rng.percent(50) {
                let _ = writeln!(text, "penalty = \"{}\"", rng.within(0, 20));
            }
            if rng.percent(50) {
                let _ = writeln!(text, "hours = [{}]", rng.within(1, 50));
            }
            text.push('\n');
        }
        if rng.percent(25) {
            let _ = writeln!(text, "[[step]]\nname = \"scan\"\nafter = [\"label\"]\n");
        }
    }
}
