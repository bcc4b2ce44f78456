//! A folder made by `stockade init`, and servers that run in it one after the other.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stockade_client::{Call, Client, ClientConfig, Trust};
use stockade_fuzz::sim::Rng;

/// How long anything may take that should take a moment, on the most loaded of machines.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of a server: its settings, its token, its journal when that is local.
pub struct Home {
    dir: tempfile::TempDir,
    token: String,
}

/// A server in a process of its own, killed when dropped.
pub struct Server {
    child: Child,
    token: String,
    log: PathBuf,
    /// What it said when it was up.
    pub said: Value,
}

/// Why a server did not come up, or how it ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none when it was killed.
    pub code: Option<i32>,
    /// Everything its folder's servers wrote to their log.
    pub log: String,
}

impl Home {
    /// A folder whose journal is a file in it.
    pub fn local() -> Home {
        Home::init(&[])
    }

    /// A folder whose journal is a partition of this Redis, created now.
    pub fn redis(url: &str) -> Home {
        Home::init(&["--journal", url])
    }

    fn init(flags: &[&str]) -> Home {
        let dir = tempfile::tempdir().expect("a folder");
        let made = init(dir.path(), flags);
        let token = made["admin_token"].as_str().expect("a token").to_owned();
        Home { dir, token }
    }

    /// Another server's folder on the same partition: its own owner, the same settings.
    pub fn second(&self) -> Home {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["stockade.toml", "tokens.toml", "partition.id"] {
            std::fs::copy(self.path().join(name), dir.path().join(name)).expect("a copy");
        }
        Home { dir, token: self.token.clone() }
    }

    /// Runs a command in the folder.
    pub fn stockade(&self, args: &[&str]) -> Output {
        stockade(self.path()).args(args).output().expect("the binary runs")
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Starts a server, which must come up.
    #[track_caller]
    pub fn serve(&self) -> Server {
        self.try_serve(&[]).unwrap_or_else(|ended| panic!("the server did not come up: {ended:?}"))
    }

    /// Starts a server with further flags.
    pub fn try_serve(&self, flags: &[&str]) -> Result<Server, Ended> {
        let log = self.path().join("server.log");
        let file = File::options().create(true).append(true).open(&log).expect("a log");
        let mut command = stockade(self.path());
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.env("FAULTS_FILE", self.path().join("faults"));
        command.args(flags).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let mut server = Server { child, token: self.token.clone(), log, said: Value::Null };
        if line.is_empty() {
            return Err(server.ended());
        }
        server.said = serde_json::from_str(&line).expect("its announcement");
        Ok(server)
    }
}

impl Server {
    /// A client whose calls wait this long.
    pub async fn client(&self, timeout: Duration) -> Client {
        let text = |key: &str| self.said[key].as_str().expect("in the announcement").to_owned();
        let pin = text("fingerprint").parse().expect("a fingerprint");
        let mut config = ClientConfig::new(text("quic"), Trust::Pinned(pin), &self.token);
        config.call = Call { timeout, ..Call::default() };
        config.connect_timeout = PATIENCE;
        Client::connect(config).await.expect("a connection")
    }

    /// Ends it without warning.
    pub fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ended");
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends a signal, such as `-STOP`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub fn ended(&mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                break status.code();
            }
            assert!(Instant::now() < until, "the server goes on: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        };
        Ended { code, log: self.log() }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_none()
    }

    /// What it and its predecessors in the same folder wrote to their log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("its log")
    }

    /// What `/readyz` says: the status and the body.
    pub fn readyz(&self) -> (u16, Value) {
        let addr = self.said["http"].as_str().expect("an HTTP address");
        let mut stream = TcpStream::connect(addr).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = format!("GET /readyz HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).expect("JSON"))
    }

    /// Waits until `/readyz` says that the journal stands like this.
    pub async fn until_journal_is(&self, health: &str) -> (u16, Value) {
        let until = Instant::now() + PATIENCE;
        loop {
            let (status, body) = self.readyz();
            if body["journal"]["health"] == health {
                return (status, body);
            }
            assert!(Instant::now() < until, "the journal does not become {health}: {body}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The generator of a run: its seed is printed, and taken from `CRASH_SEED` when that is set.
pub fn rng() -> Rng {
    let seed = match std::env::var("CRASH_SEED") {
        Ok(text) => text.parse().expect("CRASH_SEED is a number"),
        Err(_) => std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_nanos() as u64,
    };
    println!("CRASH_SEED={seed}");
    Rng::new(seed)
}

/// Runs the test's own side: clients, on two threads.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

fn init(dir: &Path, flags: &[&str]) -> Value {
    let output = stockade(dir).args(["init", "--json"]).args(flags).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The command line in a folder.
pub fn stockade(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockade"));
    command.current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STOCKADE_") {
            command.env_remove(name);
        }
    }
    command
}
