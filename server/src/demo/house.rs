//! The server of the demonstration, in a folder of its own: started, killed and started again.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use stockade_client::{Client, ClientConfig, Trust};
use stockade_core::ids::Code;

use crate::auth::{Role, Tokens};
use crate::disk;
use crate::failure::Failure;
use crate::journal::LocalJournal;
use crate::local;

/// How long a start may take, recovery included.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long a server that was asked to stop may take before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// A server process, its folder and its tokens.
pub struct House {
    dir: PathBuf,
    addr: String,
    child: Option<Child>,
    tokens: Vec<(Code, String)>,
}

impl House {
    /// Prepares the folder: a token for each storefront, one for the warehouses, one for the administrator.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn new(dir: &Path, channels: &[Code]) -> Result<House, Failure> {
        std::fs::create_dir_all(dir).map_err(|e| Failure::failed(format!("{}: {e}", dir.display())))?;
        // A fixed port lets clients find the server again after its restart.
        let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(Failure::failed)?;
        let mut file = Tokens::default();
        let mut tokens = Vec::new();
        let mut add = |name: Code, role: Role, channel: Option<Code>| -> Result<(), Failure> {
            let token = file.add(name.clone(), role, channel, "1970-01-01T00:00:00Z")?;
            tokens.push((name, token.text));
            Ok(())
        };
        for channel in channels {
            add(channel.clone(), Role::Storefront, Some(channel.clone()))?;
        }
        for role in [Role::Warehouse, Role::Admin] {
            add(Code::new(role.name()).map_err(Failure::failed)?, role, None)?;
        }
        file.save(&dir.join("tokens.toml"))?;
        LocalJournal::open(dir.join("journal.redb")).map_err(Failure::failed)?;
        Ok(House { dir: dir.to_owned(), addr: port.to_string(), child: None, tokens })
    }

    /// Starts the server and waits until it serves; returns how long that took.
    ///
    /// # Errors
    /// When the server ends instead; the message holds the end of its log.
    pub fn start(&mut self) -> Result<Duration, Failure> {
        local::clear(&self.dir);
        let began = Instant::now();
        let program = std::env::current_exe().map_err(Failure::failed)?;
        let log = disk::append(&self.log()).map_err(Failure::failed)?;
        let dir = self.dir.to_string_lossy().into_owned();
        let child = Command::new(program)
            .args(["serve", "--journal", "local", "--http", "off", "--listen", &self.addr, "--data-dir", &dir])
            .arg("--set")
            .arg(format!("auth.tokens={}", self.dir.join("tokens.toml").display()))
            .current_dir(&self.dir)
            .env_remove("STOCKADE_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(Failure::failed)?;
        let child = self.child.insert(child);
        while local::read(&self.dir).map_err(Failure::failed)?.is_none() {
            let ended = child.try_wait().map_err(Failure::failed)?;
            if ended.is_some() || began.elapsed() > START_PATIENCE {
                return Err(Failure::failed(format!("the server did not start: {}", self.last_words())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(began.elapsed())
    }

    /// Kills it with SIGKILL: nothing is flushed, nobody is told.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A server that ended by itself is dead too.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop and waits.
    ///
    /// # Errors
    /// When it does not stop in time, or ends with an error.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        let began = Instant::now();
        while asked.is_ok() && began.elapsed() < STOP_PATIENCE {
            if let Some(status) = child.try_wait().map_err(Failure::failed)? {
                let words = || Failure::failed(format!("the server ended badly: {}", self.last_words()));
                return if status.success() { Ok(()) } else { Err(words()) };
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(Failure::failed(format!("the server did not stop within {STOP_PATIENCE:?}")))
    }

    /// A client that shows the token of this name.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn client(&self, name: &str) -> Result<Client, Failure> {
        let local = local::read(&self.dir).map_err(Failure::failed)?;
        let pin = local.map(|local| local.pin).unwrap_or_default().parse().map_err(Failure::failed)?;
        let token = self.tokens.iter().find(|(known, _)| known.as_str() == name).map(|(_, token)| token.clone());
        let mut config = ClientConfig::new(&self.addr, Trust::Pinned(pin), token.unwrap_or_default());
        // Long enough for the kill and the recovery.
        config.call.timeout = Duration::from_secs(30);
        config.retry.attempts = 64;
        config.retry.burst = 100_000;
        Client::connect(config).await.map_err(Failure::failed)
    }

    fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
    }
}
