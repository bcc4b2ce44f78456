//! What rooms count, next to what the process holds. Alone in its process, so that nothing else takes memory meanwhile.

use clap::Parser;
use stockade_benches::load::{Load, run};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The allocator rounds up and keeps what was freed; the rest of the process takes what it takes at first.
#[test]
fn what_rooms_count_is_what_the_process_holds() {
    let taken = |seconds: &str| {
        let options = format!("load --memory --skus 1000 --warm-up 0 --seconds {seconds}");
        let memory = run(&Load::parse_from(options.split_whitespace())).unwrap().memory.unwrap();
        (memory.rooms.total() as f64, memory.resident as f64, memory.kept.orders)
    };
    // The first run has the process get what it needs besides.
    taken("0.2");
    let (before, after) = (taken("0.1"), taken("6"));
    let (rooms, resident) = (after.0 - before.0, after.1 - before.1);
    assert!(after.2 > before.2 + 20_000, "{} orders are too few to tell", after.2);
    assert!(resident > 0.9 * rooms && resident < 1.5 * rooms, "{resident} bytes are resident, rooms count {rooms}");
}
