//! The server that is attacked: a process of its own, in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stockade_client::{Call, Client, ClientConfig, Stockade, Trust, code};
use stockade_core::command::{Line, Place, Receive, SkuSpec};
use stockade_core::ids::Code;
use stockade_core::units::Units;
use stockade_server::auth::{Role, Tokens};

/// SKUs on sale.
pub(super) const SKUS: usize = 2_000;
/// Orders there are before the first attack.
const ORDERS: usize = 20_000;
/// Lines and orders that travel together.
const TOGETHER: usize = 500;

const WORLD: &str = r#"
[[warehouse]]
code = "W0"
[[warehouse]]
code = "W1"
[[warehouse]]
code = "W2"
[[carrier]]
code = "C"
[[channel]]
code = "web"
[[rate]]
carrier = "C"
from = "*"
to = "*"
parcel = "5"
first_kg = "1"
further_kg = "1"
hours = 48
"#;

/// A running server.
pub(super) struct House {
    child: Child,
    folder: PathBuf,
    /// Address of the HTTP side.
    pub http: String,
    door: Door,
    /// The admin token of the ordinary callers.
    pub token: String,
    /// The admin token of the attackers.
    pub attackers: String,
}

/// Where clients come in.
#[derive(Clone, Debug)]
pub(super) struct Door {
    addr: String,
    pin: String,
}

impl Door {
    /// A client with this token.
    pub async fn client(&self, token: &str) -> Result<Client, String> {
        let pin = self.pin.parse().map_err(|_| "the fingerprint is none".to_owned())?;
        let mut config = ClientConfig::new(self.addr.as_str(), Trust::Pinned(pin), token);
        config.call = Call { timeout: Duration::from_secs(30), ..Call::default() };
        Client::connect(config).await.map_err(|error| error.to_string())
    }
}

impl House {
    /// Starts it, with its journal on disk.
    pub async fn start(program: Option<&Path>) -> Result<House, String> {
        let beside = || std::env::current_exe().ok()?.parent().map(|folder| folder.join("stockade"));
        let program = program.map(Path::to_owned).or_else(beside).ok_or("where is the program `stockade`?")?;
        let folder = std::env::temp_dir().join(format!("stockade-attack-{}", std::process::id()));
        let data = folder.to_str().ok_or("the folder for temporary files has no plain name")?;
        let mut command = Command::new(&program);
        command.args(["serve", "--dev", "--json", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.args(["--journal", "local", "--data-dir", data]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("the server has no output")?;
        BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
        let said: serde_json::Value =
            serde_json::from_str(&line).map_err(|_| "the server did not come up".to_owned())?;
        let text = |key: &str| said[key].as_str().map(str::to_owned).ok_or(format!("the server did not tell `{key}`"));
        let local = stockade_server::local::read(&folder).map_err(|error| error.to_string())?;
        let token = local.ok_or("the server left no token")?.token;
        let door = Door { addr: text("quic")?, pin: text("fingerprint")? };
        let attackers = Tokens::update(&folder.join("tokens.toml"), |tokens| {
            tokens.add(known("attackers"), Role::Admin, None, "2026-11-27T00:00:00Z")
        });
        let attackers = attackers.map_err(|error| error.to_string())?.text;
        let house = House { http: text("http")?, door, token, attackers, child, folder };
        // The server looks at the file of tokens once a second.
        for _ in 0..50 {
            if house.client(&house.attackers).await.is_ok() {
                return Ok(house);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the token of the attackers does not become known".to_owned())
    }

    /// A client of this server.
    pub async fn client(&self, token: &str) -> Result<Client, String> {
        self.door.client(token).await
    }

    /// Where clients come in.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// A world, a catalog, stock, and orders.
    pub async fn fill(&self) -> Result<(), String> {
        let client = self.client(&self.token).await?;
        client.apply_world(with_present(&client).await?).await.map_err(|error| error.to_string())?;
        let all: Vec<usize> = (0..SKUS).collect();
        for some in all.chunks(TOGETHER) {
            let spec = |n: &usize| SkuSpec { sku: sku(*n), weight_g: None, category: None };
            client.define_skus(some.iter().map(spec).collect()).await.map_err(|error| error.to_string())?;
            for warehouse in ["W0", "W1", "W2"] {
                let lines = some.iter().map(|n| Line { sku: sku(*n), units: Units(1_000_000) }).collect();
                let receive = Receive { warehouse: known(warehouse), pool: None, expected: None, lines };
                client.receive(receive).await.map_err(|error| error.to_string())?;
            }
        }
        for n in 0..ORDERS {
            client.place(order(&format!("old-{n}"), n, 1)).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The memory it has now, in KiB.
    pub fn memory_kib(&self) -> Result<u64, String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .map_err(|error| format!("the server ended, or this system has no /proc: {error}"))?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        rss.trim().trim_end_matches(" kB").parse().map_err(|_| "the server ended".to_owned())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The world with what the sample world of `--dev` has, since nothing may vanish.
async fn with_present(client: &Client) -> Result<String, String> {
    let present = client.world().await.map_err(|error| error.to_string())?.text;
    let (tables, policy) = present.split_once("[policy]").unwrap_or((&present, ""));
    let policy = if policy.is_empty() { String::new() } else { format!("[policy]{policy}") };
    let world = WORLD
        .replace("[[channel]]\ncode = \"web\"\n", "")
        .replace("from = \"*\"\nto = \"*\"", "from = \"W0\"\nto = \"*\"");
    Ok(format!("{tables}\n{world}\n{policy}"))
}

/// An order of so many lines.
pub(super) fn order(number: &str, first: usize, lines: usize) -> Place {
    let line = |n: usize| Line { sku: sku((first + n) % SKUS), units: Units(1) };
    Place::new(known("web"), known(number), (0..lines).map(line).collect())
}

/// The code of a SKU.
pub(super) fn sku(n: usize) -> Code {
    known(&format!("S{n}"))
}

/// A code that is one.
pub(super) fn known(text: &str) -> Code {
    code(text).expect("short and without spaces")
}
