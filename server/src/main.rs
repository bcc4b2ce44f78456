//! The `stockade` command: everything it does is in the library, so that tests and embedders reach it too.

use std::process::ExitCode;

/// Orders are many and small, allocated by one thread and freed by another: mimalloc is fast at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    stockade_server::cli::main()
}
