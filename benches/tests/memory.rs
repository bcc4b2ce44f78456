//! What rooms count, next to what the process holds. Alone in its process, so that nothing else takes memory meanwhile.

use clap::Parser;
use stockade_benches::load::{Load, resident, run};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the process takes besides: code, threads, and what planning uses for a moment.
const BESIDES: f64 = 48.0 * 1024.0 * 1024.0;

/// The allocator rounds up and keeps what was freed.
#[test]
fn what_rooms_count_is_what_the_process_holds() {
    let before = resident() as f64;
    let options = "load --memory --skus 1000 --warm-up 0 --seconds 6";
    let memory = run(&Load::parse_from(options.split_whitespace())).unwrap().memory.unwrap();
    assert!(memory.kept.orders > 10_000, "{} orders are too few to tell", memory.kept.orders);
    let (rooms, resident) = (memory.rooms.total() as f64, memory.resident as f64 - before);
    let is_near = resident > 0.9 * rooms && resident < 1.5 * rooms + BESIDES;
    assert!(is_near, "{resident} bytes are resident, rooms count {rooms}");
}
