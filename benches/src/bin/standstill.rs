//! How long a world that is put in force holds up the orders of others.
//!
//! One thread places orders without a pause and measures each; another applies one large world again and again. The longest
//! order of an application is about the time for which it holds every lock.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use stockade_core::Actor;
use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Place, Receive, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::ids::Code;
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
    let (applying, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut longest = std::thread::scope(|scope| {
        let orders = scope.spawn(|| orders(&engine, &applying, &is_over));
        scope.spawn(|| drain(&engine, &is_over));
        let applied = (0..args.times).try_for_each(|time| {
            // A comment makes it another file.
            let text = format!("# {time}\n{world}");
            applying.store(true, Ordering::Release);
            execute(&engine, &format!("world-{time}"), Command::ApplyWorld(ApplyWorld { text }))?;
            applying.store(false, Ordering::Release);
            std::thread::sleep(Duration::from_millis(5));
            Ok(())
        });
        is_over.store(true, Ordering::Release);
        let longest = orders.join().map_err(|_| "the thread of orders panicked".to_owned())?;
        applied.and(longest)
    })?;
    longest.sort_unstable();
    let at =
        |share: usize| longest.get((longest.len() * share / 100).min(longest.len() - 1)).map_or(0, |d| d.as_micros());
    Ok(format!(
        "a world of {} bytes, applied {} times: the longest order meanwhile took {} µs at best, {} µs in the median",
        world.len(),
        longest.len(),
        at(0),
        at(50)
    ))
}

/// Places orders until it is over; answers the longest one of each application.
fn orders(engine: &Engine, applying: &AtomicBool, is_over: &AtomicBool) -> Result<Vec<Duration>, String> {
    let (mut all, mut longest) = (Vec::new(), Duration::ZERO);
    for number in 0_u64.. {
        let was_applying = applying.load(Ordering::Acquire);
        let order =
            Place::new(code("web"), code(&format!("o-{number}")), vec![Line { sku: code("TEA"), units: Units(1) }]);
        let begun = Instant::now();
        execute(engine, "", Command::Place(order))?;
        let took = begun.elapsed();
        if was_applying {
            longest = longest.max(took);
        } else if !longest.is_zero() {
            all.push(std::mem::take(&mut longest));
        }
        if is_over.load(Ordering::Acquire) {
            break;
        }
    }
    Ok(all)
}

/// Takes what is decided, like a journal that is always in time.
fn drain(engine: &Engine, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Acquire) {
        while let Some(batch) = engine.log().next_batch(Duration::from_millis(2)) {
            engine.log().journaled(batch.last);
        }
    }
}

fn execute(engine: &Engine, key: &str, command: Command) -> Result<(), String> {
    let request = Request { key: Code::new(key).ok(), occurred: None, command };
    let answered = engine.execute(&request, &Actor::Named(code("standstill")), Time(1_794_355_200_000_000));
    answered.result.map(drop).map_err(|reject| reject.to_string())
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
