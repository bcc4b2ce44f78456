//! The `stockade` command: everything it does is in the library, so that tests and embedders reach it too.

use std::process::ExitCode;

/// Orders are small, many, made by one thread and given back by another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    stockade_server::cli::main()
}
