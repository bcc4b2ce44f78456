//! How long a world that is put in force holds up the orders of others.
//!
//! One thread places orders without a pause and measures each; another applies one large world again and again. The order
//! whose event follows that of a world is the one that waited for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use stockade_core::Actor;
use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Place, Receive, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::ids::{Code, Seq};
use stockade_core::time::Time;
use stockade_core::units::Units;

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measure how long a large world that is put in force holds up orders.
#[derive(Parser)]
struct Args {
    /// Rates in the world file, about 100 bytes each.
    #[arg(long, default_value_t = 22_000)]
    rates: usize,
    /// How often the world is applied.
    #[arg(long, default_value_t = 40)]
    times: usize,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("standstill: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String, String> {
    let world = world(args.rates);
    let engine = Engine::new();
    let receive = Receive {
        warehouse: code("W0"),
        pool: None,
        expected: None,
        lines: vec![Line { sku: code("TEA"), units: Units(1_000_000_000) }],
    };
    let sku = SkuSpec { sku: code("TEA"), weight_g: None, category: None };
    execute(&engine, "world", Command::ApplyWorld(ApplyWorld { text: world.clone() }))?;
    execute(&engine, "skus", Command::DefineSkus(DefineSkus { skus: vec![sku] }))?;
    execute(&engine, "stock", Command::Receive(receive))?;
    let is_over = AtomicBool::new(false);
    let (worlds, mut orders) = std::thread::scope(|scope| {
        let orders = scope.spawn(|| orders(&engine, &is_over));
        scope.spawn(|| drain(&engine, &is_over));
        let apply = |time| {
            std::thread::sleep(Duration::from_millis(5));
            // A comment makes it another file.
            let text = format!("# {time}\n{world}");
            execute(&engine, &format!("world-{time}"), Command::ApplyWorld(ApplyWorld { text }))
        };
        let worlds: Result<Vec<Seq>, String> = (0..args.times).map(apply).collect();
        std::thread::sleep(Duration::from_millis(5));
        is_over.store(true, Ordering::Release);
        let orders = orders.join().map_err(|_| "the thread of orders panicked".to_owned())?;
        Ok::<_, String>((worlds?, orders?))
    })?;
    // The order that follows a world is the one that waited for it.
    let mut waited: Vec<Duration> = worlds.iter().filter_map(|world| orders.get(&world.next()).copied()).collect();
    orders.retain(|seq, _| !worlds.iter().any(|world| world.next() == *seq));
    let mut others: Vec<Duration> = orders.into_values().collect();
    Ok(format!(
        "a world of {} bytes, applied {} times\norders that came next took {}\nall others took {}",
        world.len(),
        worlds.len(),
        told(&mut waited),
        told(&mut others)
    ))
}

/// Median, 90th and 99th percentile.
fn told(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0.0, |time| time.as_nanos() as f64 / 1e3);
    format!("{:.1} µs in the median, {:.1} µs at 90 %, {:.1} µs at 99 %", at(50), at(90), at(99))
}

/// Places orders until it is over; answers how long each took, by the sequence of its event.
fn orders(engine: &Engine, is_over: &AtomicBool) -> Result<BTreeMap<Seq, Duration>, String> {
    let mut took = BTreeMap::new();
    for number in 0_u64.. {
        let order =
            Place::new(code("web"), code(&format!("o-{number}")), vec![Line { sku: code("TEA"), units: Units(1) }]);
        let begun = Instant::now();
        let seq = execute(engine, "", Command::Place(order))?;
        took.insert(seq, begun.elapsed());
        if is_over.load(Ordering::Acquire) {
            break;
        }
    }
    Ok(took)
}

/// Takes what is decided, like a journal that is always in time.
fn drain(engine: &Engine, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Acquire) {
        while let Some(batch) = engine.log().next_batch(Duration::from_millis(2)) {
            engine.log().journaled(batch.last);
        }
    }
}

fn execute(engine: &Engine, key: &str, command: Command) -> Result<Seq, String> {
    let request = Request { key: Code::new(key).ok(), occurred: None, command };
    let answered = engine.execute(&request, &Actor::Named(code("standstill")), Time(1_794_355_200_000_000));
    answered.result.map(|_| answered.seen).map_err(|reject| reject.to_string())
}

fn code(text: &str) -> Code {
    Code::new(text).expect("a literal is a code")
}

fn world(rates: usize) -> String {
    let mut text =
        String::from("[[warehouse]]\ncode = \"W0\"\n[[carrier]]\ncode = \"C\"\n[[channel]]\ncode = \"web\"\n");
    text += "[[rate]]\ncarrier = \"C\"\nfrom = \"*\"\nto = \"*\"\nparcel = \"5\"\nhours = 48\n";
    for zone in 0..rates {
        let parcel = 4 + zone % 7;
        let rate = format!(
            "carrier = \"C\"\nfrom = \"W0\"\nto = \"Z{zone}\"\nparcel = \"{parcel}\"\nfirst_kg = \"1.5\"\nhours = 48\n"
        );
        writeln!(text, "[[rate]]\n{rate}").expect("a string takes every character");
    }
    text
}
