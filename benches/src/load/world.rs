//! The world of the load, and the orders drawn from it.

use std::fmt::Write as _;
use std::sync::Arc;

use stockade_core::command::{Command, DefineSkus, Line, Place, Receive, SkuSpec};
use stockade_core::ids::Code;
use stockade_core::units::Units;

use super::options::Load;

const ZONES: usize = 31;
/// Units of a SKU in each of its warehouses, more than a run can sell.
const STOCK: u64 = 100_000_000;
/// Units of a line are at most this many.
pub(super) const LINE_UNITS: u64 = 3;
/// Units shipped from a warehouse after which a caller receives them anew.
pub(super) const RECEIVED_AT_ONCE: u64 = 200;
/// Lines of one receipt.
const RECEIPT_LINES: usize = 5_000;

/// Pseudo-random number generator (xorshift64*).
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// Draws ranks by Zipf's law in constant time (Walker's alias method).
#[derive(Clone, Debug)]
struct Zipf(Vec<Share>);

/// The share of its draws that a rank keeps, and the rank that gets the rest.
#[derive(Clone, Copy, Debug)]
struct Share {
    keep: u64,
    other: u32,
}

impl Zipf {
    fn new(count: usize, exponent: f64) -> Zipf {
        let weights: Vec<f64> = (1..=count).map(|rank| (rank as f64).powf(-exponent)).collect();
        let mean = weights.iter().sum::<f64>() / count as f64;
        let mut share: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..count).partition(|&rank| share[rank] < 1.0);
        let mut shares: Vec<Share> = (0..count as u32).map(|rank| Share { keep: u64::MAX, other: rank }).collect();
        while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
            shares[poor] = Share { keep: (share[poor] * u64::MAX as f64) as u64, other: rich as u32 };
            share[rich] -= 1.0 - share[poor];
            if share[rich] < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        Zipf(shares)
    }

    fn draw(&self, draw: &mut Draw) -> usize {
        let rank = draw.below(self.0.len());
        let Share { keep, other } = self.0[rank];
        if draw.next() <= keep { rank } else { other as usize }
    }
}

/// Generates the orders of one caller.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    tables: Arc<Tables>,
    draw: Draw,
    prefix: String,
    count: u64,
}

/// Tables shared by all callers.
#[derive(Debug)]
struct Tables {
    channel: Code,
    zones: Vec<Code>,
    skus: Vec<Code>,
    zipf: Zipf,
    lines: usize,
    hot: bool,
}

impl Orders {
    /// Orders of the first caller.
    pub(super) fn new(load: &Load, run: u64) -> Orders {
        let tables = Tables {
            channel: code("web"),
            zones: (0..ZONES).map(|zone| code(&format!("Z{zone:02}"))).collect(),
            skus: (0..load.skus).map(sku).collect(),
            zipf: Zipf::new(load.skus, load.zipf),
            lines: load.lines,
            hot: load.hot_sku,
        };
        Orders { tables: Arc::new(tables), draw: Draw::new(load.seed), prefix: format!("{run:x}-0-"), count: 0 }
    }

    /// The orders of another caller. Order numbers are unique within a run.
    pub(super) fn of_caller(&self, load: &Load, caller: usize, run: u64) -> Orders {
        let draw = Draw::new(load.seed.wrapping_add(caller as u64 * 7_919));
        Orders { tables: Arc::clone(&self.tables), draw, prefix: format!("{run:x}-{caller}-"), count: 0 }
    }

    pub(super) fn next(&mut self) -> Place {
        self.count += 1;
        let mut number = String::with_capacity(24);
        let _ = write!(number, "{}{}", self.prefix, self.count);
        let tables = &self.tables;
        let zone = tables.zones[self.draw.below(ZONES)].clone();
        let lines = if tables.hot {
            vec![Line { sku: tables.skus[0].clone(), units: Units(1) }]
        } else {
            (0..tables.lines)
                .map(|_| {
                    let sku = tables.skus[tables.zipf.draw(&mut self.draw)].clone();
                    Line { sku, units: Units(1 + self.draw.next() % LINE_UNITS) }
                })
                .collect()
        };
        Place { zone: Some(zone), ..Place::new(tables.channel.clone(), code(&number), lines) }
    }
}

/// The commands that set up the world, in order, each with its idempotency key.
pub(super) fn commands(load: &Load) -> Vec<(Code, Command)> {
    let stock = if load.life { stock_for_lives(load) } else { STOCK };
    let mut commands = Vec::new();
    let mut add = |command| {
        let key = code(&format!("load-{}", commands.len()));
        commands.push((key, command));
    };
    add(Command::ApplyWorld(stockade_core::command::ApplyWorld { text: world(load) }));
    let all: Vec<usize> = (0..load.skus).collect();
    for some in all.chunks(RECEIPT_LINES) {
        let spec = |&number: &usize| SkuSpec {
            sku: sku(number),
            weight_g: Some(100 + (number * 37 % 900) as u32),
            category: None,
        };
        add(Command::DefineSkus(DefineSkus { skus: some.iter().map(spec).collect() }));
    }
    for warehouse in 0..load.warehouses {
        let held = |&&number: &&usize| {
            (warehouse + load.warehouses - number % load.warehouses) % load.warehouses < load.spread
        };
        let lines: Vec<Line> =
            all.iter().filter(held).map(|&number| Line { sku: sku(number), units: Units(stock) }).collect();
        for some in lines.chunks(RECEIPT_LINES) {
            let lines = some.to_vec();
            add(Command::Receive(Receive { warehouse: site(warehouse), pool: None, expected: None, lines }));
        }
    }
    commands
}

/// Units of a SKU in each of its warehouses that suffice although all orders under way want them, and although as much
/// was shipped as is received anew only later.
fn stock_for_lives(load: &Load) -> u64 {
    let under_way = load.open.max(load.callers()) as u64 * load.lines.max(1) as u64 * LINE_UNITS;
    under_way + load.callers() as u64 * (RECEIVED_AT_ONCE + load.lines.max(1) as u64 * LINE_UNITS)
}

fn world(load: &Load) -> String {
    let mut text = "currency = \"CNY\"\nkg_step_g = 1000\n[policy]\nw_money = 1.0\n".to_owned();
    for warehouse in 0..load.warehouses {
        let _ =
            write!(text, "[[warehouse]]\ncode = \"{}\"\nzone = \"Z{:02}\"\n", site(warehouse), warehouse * 3 % ZONES);
    }
    for carrier in ["SF", "ZTO"] {
        let _ = write!(text, "[[carrier]]\ncode = \"{carrier}\"\n");
    }
    for warehouse in 0..load.warehouses {
        for zone in 0..ZONES {
            let far = (warehouse * 3 % ZONES).abs_diff(zone);
            for (carrier, base, hours) in [("SF", 9, 12), ("ZTO", 5, 30)] {
                let _ = write!(
                    text,
                    "[[rate]]\ncarrier = \"{carrier}\"\nfrom = \"{}\"\nto = \"Z{zone:02}\"\nparcel = \"1.{:02}\"\n\
                     first_kg = \"{}.{:02}\"\nfurther_kg = \"1.{:02}\"\nhours = {}\n",
                    site(warehouse),
                    far,
                    base,
                    far * 3,
                    far * 2,
                    hours + far
                );
            }
        }
    }
    text.push_str("[[channel]]\ncode = \"web\"\npools = [\"regular\"]\nhold_ttl = \"30m\"\n");
    text
}

fn sku(number: usize) -> Code {
    code(&format!("SKU-{number:05}"))
}

fn site(number: usize) -> Code {
    code(&format!("W{number:02}"))
}

pub(super) fn code(text: &str) -> Code {
    Code::new(text).expect("a code made here is a code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_drawn_by_the_law() {
        let (zipf, mut draw, mut counts) = (Zipf::new(100, 1.0), Draw::new(5), [0u32; 100]);
        for _ in 0..100_000 {
            counts[zipf.draw(&mut draw)] += 1;
        }
        // The first rank has a share of 1 / H(100) = 19.3 %, the tenth a tenth of that.
        assert!((18_500..20_100).contains(&counts[0]), "{}", counts[0]);
        assert!((1_700..2_150).contains(&counts[9]), "{}", counts[9]);
        assert!(counts.iter().all(|&count| count > 0));
    }
}
