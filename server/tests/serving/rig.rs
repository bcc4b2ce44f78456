//! A server in a process and a folder of its own, the command line against it, and a plain HTTP client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The file of faults in a server's folder.
const FAULTS: &str = "faults";

/// A running `stockade serve --dev`, killed when dropped.
pub struct Server {
    child: Child,
    /// Its folder.
    pub dir: tempfile::TempDir,
    /// What it said when it was up.
    pub said: Value,
}

/// What a command left behind.
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub text: String,
}

impl Server {
    /// Starts one in a new folder.
    pub fn start() -> Server {
        Server::start_in(tempfile::tempdir().expect("a folder"), &[])
    }

    /// Starts one in a folder that may hold a history.
    pub fn start_in(dir: tempfile::TempDir, more: &[&str]) -> Server {
        Server::start_as(dir, &[&["--dev"], more].concat())
    }

    /// Starts one in a folder made by `init`.
    pub fn start_for_real() -> Server {
        let dir = tempfile::tempdir().expect("a folder");
        run(dir.path(), &["init"]).ended(0);
        Server::start_as(dir, &[])
    }

    /// Starts one in a folder made by `init`, with further flags.
    pub fn start_again_for_real(dir: tempfile::TempDir, more: &[&str]) -> Server {
        Server::start_as(dir, more)
    }

    /// Waits until `/readyz` says that the journal stands like this, and returns the whole body.
    pub fn until_journal_is(&self, health: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let body: Value = serde_json::from_str(&self.http_plain("GET", "/readyz", &[], "").text).expect("JSON");
            if body["journal"]["health"] == health {
                return body;
            }
            assert!(Instant::now() < until, "the journal does not become {health}: {body}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts one in a folder made by `init`, by a shell that does this first: it may set limits and variables.
    pub fn start_after(shell: &str, dir: tempfile::TempDir, more: &[&str]) -> Server {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_stockade")]);
        let child = started(command, &dir, more);
        Server::announced(child, dir)
    }

    fn start_as(dir: tempfile::TempDir, more: &[&str]) -> Server {
        let child = serve(&dir, more);
        Server::announced(child, dir)
    }

    fn announced(mut child: Child, dir: tempfile::TempDir) -> Server {
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("its first line");
        if line.is_empty() {
            let mut err = String::new();
            child.stderr.take().expect("its log").read_to_string(&mut err).expect("its log is UTF-8");
            panic!("the server did not come up: {err}");
        }
        Server { child, dir, said: serde_json::from_str(&line).expect("its announcement") }
    }

    /// Lets a fault happen in the server: see `faults` in its sources. It takes effect within a moment.
    pub fn fault(&self, fault: &str) {
        set_fault(self.dir.path(), fault);
    }

    /// What `/readyz` says, once it is as wanted.
    #[track_caller]
    pub fn readyz_until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let answer = self.http_plain("GET", "/readyz", &[], "");
            let body = serde_json::from_str(&answer.text).expect("JSON");
            if wanted(&body) {
                return body;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not come to that: {body}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs the command line in the server's folder.
    pub fn run(&self, args: &[&str]) -> Run {
        run(self.dir.path(), args)
    }

    /// Runs it, checks that it succeeded, and reads its one JSON object.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let run = self.run(&[args, &["--json"]].concat()).ended(0);
        serde_json::from_str(&run.out).expect("one JSON object")
    }

    /// Calls over HTTP with the local token.
    pub fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let token = self.local_token();
        let bearer = format!("Bearer {token}");
        self.http_plain(method, path, &[&[("authorization", bearer.as_str())], headers].concat(), body)
    }

    /// Calls over HTTP with these headers only.
    pub fn http_plain(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let addr = self.said["http"].as_str().expect("an HTTP address");
        let mut stream = TcpStream::connect(addr).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        // A body that is too large is answered before all of it is sent, and the connection is closed.
        let sent = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        assert!(read.is_ok() || sent.is_err(), "the request is sent: {sent:?}, the answer comes: {read:?}");
        let text = String::from_utf8(bytes).expect("an answer in UTF-8");
        let (head, text) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_lowercase(), text: text.to_owned() }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// How many bytes a file may have that it writes; `unlimited` for any number. Writing more fails, as on a full disk,
    /// when the server ignores SIGXFSZ.
    pub fn limit_files(&self, bytes: &str) {
        let args = ["--pid", &self.pid().to_string(), &format!("--fsize={bytes}:")];
        assert!(Command::new("prlimit").args(args).status().expect("prlimit runs").success());
    }

    /// Waits for the end: exit code, log and folder.
    pub fn wait(mut self) -> (i32, String, tempfile::TempDir) {
        let mut log = String::new();
        self.child.stderr.take().expect("its log").read_to_string(&mut log).expect("its log is UTF-8");
        let code = self.child.wait().expect("it ends").code().unwrap_or(-1);
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().expect("a folder"));
        (code, log, dir)
    }

    /// Waits for the end, which must come soon by itself: as [`Server::wait`].
    #[track_caller]
    pub fn ended_by_itself(mut self) -> (i32, String, tempfile::TempDir) {
        let begun = std::time::Instant::now();
        while self.child.try_wait().expect("its status").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.wait()
    }

    /// Ends it without warning, as a power cut would.
    pub fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().expect("it is killed");
        self.wait().2
    }

    /// The token the server left for commands in its folder.
    pub fn local_token(&self) -> String {
        let data_dir = self.dir.path().join(self.said["data_dir"].as_str().expect("a folder"));
        let text = std::fs::read_to_string(data_dir.join("local.toml")).expect("what the server left");
        let local: toml::Table = text.parse().expect("TOML");
        local["token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Run {
    /// The run, checked to have ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Run {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

impl Answer {
    /// The body as JSON, checked to have come with this status.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text);
        serde_json::from_str(&self.text).expect("JSON")
    }
}

/// Starts `serve --dev` in a folder, and does not wait until it is up.
pub fn spawn(dir: &tempfile::TempDir, more: &[&str]) -> Child {
    serve(dir, &[&["--dev"], more].concat())
}

fn serve(dir: &tempfile::TempDir, more: &[&str]) -> Child {
    started(Command::new(env!("CARGO_BIN_EXE_stockade")), dir, more)
}

fn started(command: Command, dir: &tempfile::TempDir, more: &[&str]) -> Child {
    let mut command = bare(command, dir.path());
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]).args(more);
    command.env("FAULTS_FILE", dir.path().join(FAULTS));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts")
}

/// Notes a fault for the server of a folder, also for one that starts later.
pub fn set_fault(dir: &Path, fault: &str) {
    let new = dir.join("faults.new");
    std::fs::write(&new, fault).expect("it is written");
    std::fs::rename(new, dir.join(FAULTS)).expect("it is put in place");
}

/// Runs the command line in a folder.
pub fn run(dir: &Path, args: &[&str]) -> Run {
    let output = plain(dir).args(args).output().expect("the binary runs");
    Run {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs a server that should refuse to start; one that starts nevertheless is killed and leaves the code -1.
pub fn refused_to_serve(dir: &Path, more: &[&str]) -> Run {
    let mut command = plain(dir);
    command.args(["serve", "--listen", "127.0.0.1:0", "--http", "off"]).args(more);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("its status").is_none() {
        if Instant::now() > until {
            child.kill().expect("it is killed");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("its log");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    Run { code: output.status.code().unwrap_or(-1), out: String::new(), err }
}

fn plain(dir: &Path) -> Command {
    bare(Command::new(env!("CARGO_BIN_EXE_stockade")), dir)
}

/// A command in a folder, with an environment that says nothing about Stockade.
fn bare(mut command: Command, dir: &Path) -> Command {
    command.current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STOCKADE_") {
            command.env_remove(name);
        }
    }
    command
}
