//! A redis-server of one's own: a free port, a temporary folder, AOF on, gone when dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running (or stopped, or killed) redis-server.
pub struct RedisServer {
    folder: tempfile::TempDir,
    port: u16,
    args: Vec<String>,
    child: Child,
}

impl RedisServer {
    /// Starts one with `appendfsync always`, so that what it acknowledged survives a kill.
    pub fn start() -> RedisServer {
        RedisServer::start_with(&["--appendfsync", "always"])
    }

    /// Starts one with further arguments.
    pub fn start_with(args: &[&str]) -> RedisServer {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        for _ in 0..5 {
            let port = free_port();
            let mut child = spawn(folder.path(), port, &args);
            if answers(port, &mut child) {
                return RedisServer { folder, port, args, child };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("redis-server does not start: is version 7.0 or newer on the path?");
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection beside the one under test.
    pub fn connection(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Sends one command and forgets the answer.
    pub fn run(&self, words: &[&str]) {
        let mut cmd = redis::cmd(words[0]);
        cmd.arg(&words[1..]);
        cmd.exec(&mut self.connection()).unwrap_or_else(|e| panic!("{words:?}: {e}"));
    }

    /// Freezes the process; connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Ends it without a word.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port and folder.
    pub fn restart(&mut self) {
        self.child = spawn(self.folder.path(), self.port, &self.args);
        assert!(answers(self.port, &mut self.child), "redis-server does not come back");
    }

    /// A copy of its append-only files, as a backup of this moment.
    pub fn backup(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.aof(), &copy.path().join("aof"));
        copy
    }

    /// Puts a backup in place of its files. It must not be running.
    pub fn restore(&self, backup: &tempfile::TempDir) {
        std::fs::remove_dir_all(self.aof()).unwrap();
        copy_folder(&backup.path().join("aof"), &self.aof());
    }

    fn aof(&self) -> PathBuf {
        self.folder.path().join("appendonlydir")
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(folder: &Path, port: u16, args: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", "", "--dir"])
        .arg(folder)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server 7.0 or newer is on the path")
}

fn answers(port: u16, child: &mut Child) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if !matches!(child.try_wait(), Ok(None)) {
            return false;
        }
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
        if let Ok(mut connection) = client.get_connection()
            && redis::cmd("PING").query::<String>(&mut connection).is_ok()
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
