//! The `stockade` command: everything it does is in the library, so that tests and embedders reach it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    stockade_server::cli::main()
}
