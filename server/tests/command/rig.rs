//! Running the binary in a folder of its own, with an environment that says nothing about Stockade.

use std::path::Path;
use std::process::{Command, Output};

/// What a run of the command left behind.
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A command in a folder.
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

/// Runs the command with these arguments.
pub fn run(dir: &Path, args: &[&str]) -> Run {
    finished(stockade(dir).args(args))
}

/// Runs a prepared command.
pub fn finished(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    Run {
        code: status.code().expect("an exit code"),
        out: String::from_utf8(stdout).expect("UTF-8"),
        err: String::from_utf8(stderr).expect("UTF-8"),
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
