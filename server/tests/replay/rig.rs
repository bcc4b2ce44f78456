//! A folder with a world, stock and orders, and runs of the verb on them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;
use stockade_server::failure::Failure;
use stockade_server::replay::{ReplayArgs, run};
use tempfile::TempDir;

/// Two warehouses, a drop-shipper for whoever is allowed it, and prices that differ.
pub const WORLD: &str = r#"currency = "CNY"
default_weight_g = 400
kg_step_g = 500
[[warehouse]]
code = "A"
zone = "east"
[[warehouse]]
code = "B"
zone = "west"
[[carrier]]
code = "ECO"
[[carrier]]
code = "FAST"
[[rate]]
carrier = "ECO"
from = "*"
to = "*"
parcel = "1.50"
unit = "0.25"
first_kg = "4"
further_kg = "1.10"
hours = 48
[[rate]]
carrier = "ECO"
from = "A"
to = "east"
parcel = "1"
first_kg = "3"
further_kg = "0.7"
hours = 24
[[rate]]
carrier = "FAST"
from = "west"
to = "*"
parcel = "2.000001"
first_kg = "3.5"
hours = 12
[[channel]]
code = "web"
pools = ["regular"]
hold_ttl = "30m"
[[channel]]
code = "live"
pools = ["flash", "regular"]
hold_ttl = "5m"
"#;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: ReplayArgs,
}

pub struct Rig {
    dir: TempDir,
}

impl Rig {
    pub fn new(world: &str, stock: &str, orders: &str) -> Rig {
        let rig = Rig { dir: tempfile::tempdir().unwrap() };
        rig.write("world.toml", world);
        rig.write("stock.csv", stock);
        rig.write("orders.csv", orders);
        rig
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Replays with further flags; answers the bytes of the lines and the summary.
    pub fn replay(&self, flags: &[&str]) -> (String, Value) {
        self.try_replay(flags).unwrap_or_else(|failure| panic!("{flags:?}: {failure}"))
    }

    pub fn try_replay(&self, flags: &[&str]) -> Result<(String, Value), Failure> {
        let file = |flag: &str, name: &str| [flag.to_owned(), text(&self.path(name))];
        let mut args = vec!["replay".to_owned()];
        for (flag, name) in [("--world", "world.toml"), ("--stock", "stock.csv"), ("--orders", "orders.csv")] {
            args.extend(file(flag, name));
        }
        args.extend(file("--out", "lines.jsonl"));
        args.extend(file("--summary", "summary.json"));
        args.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let args = Line::try_parse_from(args).unwrap_or_else(|e| panic!("{e}")).args;
        run(&args)?.verdict()?;
        let summary = fs::read_to_string(self.path("summary.json")).unwrap();
        Ok((fs::read_to_string(self.path("lines.jsonl")).unwrap(), serde_json::from_str(&summary).unwrap()))
    }
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The lines as JSON.
pub fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
