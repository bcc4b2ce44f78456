//! The shop that cases run in: ten warehouses, SKUs in eight of them, and some that only one warehouse has.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use stockade_core::Actor;
use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Place, Receive, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::ids::Code;
use stockade_core::reply::{Placed, Reply};
use stockade_core::time::{Span, Time};
use stockade_core::units::Units;

const WAREHOUSES: usize = 10;
/// Warehouses that hold an ordinary SKU.
const SPREAD: usize = 8;
const ZONES: usize = 31;
/// Ordinary SKUs.
const SKUS: usize = 1_000;
/// SKUs that one warehouse has, as many for each of two warehouses.
const RARE: usize = 20;
const STOCK: u64 = 100_000_000;
/// Midnight of an ordinary day.
const BEGIN: Time = Time(1_794_355_200_000_000);

/// An engine with stock, a clock that ticks with each command, and numbers that look random.
pub(super) struct Shop {
    pub(super) engine: Engine,
    pub(super) actor: Actor,
    pub(super) now: Time,
    /// Batches that were drained, kept when the history is wanted.
    pub(super) history: Option<Vec<Arc<[u8]>>>,
    draw: u64,
    made: u64,
}

impl Shop {
    /// A shop that is open. Its history is kept if wanted.
    pub(super) fn open(keeps_history: bool) -> Shop {
        let mut shop = Shop {
            engine: Engine::new(),
            actor: Actor::Named(code("counts")),
            now: BEGIN,
            history: keeps_history.then(Vec::new),
            draw: 0x9E37_79B9_7F4A_7C15,
            made: 0,
        };
        for command in opening() {
            let request = shop.keyed(command);
            if let Err(reject) = shop.execute(&request) {
                panic!("the world is refused: {reject}");
            }
            shop.drain();
        }
        shop
    }

    /// A number below a bound (xorshift64*).
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.draw ^= self.draw >> 12;
        self.draw ^= self.draw << 25;
        self.draw ^= self.draw >> 27;
        ((u128::from(self.draw.wrapping_mul(0x2545_F491_4F6C_DD1D)) * bound as u128) >> 64) as usize
    }

    /// A code that was not used before.
    pub(super) fn fresh(&mut self) -> Code {
        self.made += 1;
        code(&format!("n-{:07}", self.made))
    }

    /// A command under a key of its own.
    pub(super) fn keyed(&mut self, command: Command) -> Request {
        Request { key: Some(self.fresh()), occurred: None, command }
    }

    /// An order of some lines, one to three units each, to any zone.
    pub(super) fn order(&mut self, skus: &[Code]) -> Request {
        let lines = skus.iter().map(|sku| Line { sku: sku.clone(), units: Units(1 + self.below(3) as u64) }).collect();
        let zone = code(&format!("Z{:02}", self.below(ZONES)));
        let place = Place { zone: Some(zone), ..Place::new(code("web"), self.fresh(), lines) };
        Request { key: None, occurred: None, command: Command::Place(place) }
    }

    /// Some ordinary SKUs that the same warehouses hold.
    pub(super) fn skus_together(&mut self, count: usize) -> Vec<Code> {
        let (group, mut at) = (self.below(WAREHOUSES), self.below(SKUS / WAREHOUSES));
        let mut skus = Vec::new();
        while skus.len() < count {
            skus.push(sku(at * WAREHOUSES + group));
            at = (at + 1 + self.below(7)) % (SKUS / WAREHOUSES);
        }
        skus
    }

    /// Three SKUs that no single warehouse has: an ordinary one, and one of each kind of rare ones.
    pub(super) fn skus_apart(&mut self) -> Vec<Code> {
        let ordinary = self.skus_together(1);
        let rare = [rare(0, self.below(RARE)), rare(1, self.below(RARE))];
        ordinary.into_iter().chain(rare).collect()
    }

    /// Carries a command out, a little later than the one before.
    pub(super) fn execute(&mut self, request: &Request) -> Result<Reply, String> {
        self.now = self.now + Span(10);
        self.engine.execute(request, &self.actor, self.now).result.map_err(|reject| reject.to_string())
    }

    /// Places an order that is not measured.
    pub(super) fn place(&mut self, request: &Request) -> Box<Placed> {
        let answered = self.execute(request);
        let Ok(Reply::Placed(placed)) = answered else { panic!("{request:?} is not placed: {answered:?}") };
        placed
    }

    /// Takes what is logged out of the log, as a journal does.
    pub(super) fn drain(&mut self) {
        while let Some(batch) = self.engine.log().next_batch(Duration::ZERO) {
            self.engine.log().journaled(batch.last);
            if let Some(history) = &mut self.history {
                history.push(batch.bytes);
            }
        }
    }
}

/// The commands that open the shop.
fn opening() -> Vec<Command> {
    let skus: Vec<Code> =
        (0..SKUS).map(sku).chain((0..2).flat_map(|kind| (0..RARE).map(move |n| rare(kind, n)))).collect();
    let spec = |(n, sku): (usize, &Code)| SkuSpec {
        sku: sku.clone(),
        weight_g: Some(100 + (n * 37 % 900) as u32),
        category: None,
    };
    let mut commands = vec![
        Command::ApplyWorld(ApplyWorld { text: world() }),
        Command::DefineSkus(DefineSkus { skus: skus.iter().enumerate().map(spec).collect() }),
    ];
    for warehouse in 0..WAREHOUSES {
        let is_held = |n: &usize| (warehouse + WAREHOUSES - n % WAREHOUSES) % WAREHOUSES < SPREAD;
        let rare_kind = [0, 5].iter().position(|at| *at == warehouse);
        let ordinary = (0..SKUS).filter(is_held).map(sku);
        let rare = rare_kind.into_iter().flat_map(|kind| (0..RARE).map(move |n| rare(kind, n)));
        let lines = ordinary.chain(rare).map(|sku| Line { sku, units: Units(STOCK) }).collect();
        commands.push(Command::Receive(Receive { warehouse: site(warehouse), pool: None, expected: None, lines }));
    }
    commands
}

fn world() -> String {
    let mut text = "currency = \"CNY\"\nkg_step_g = 1000\n[policy]\nw_money = 1.0\n".to_owned();
    for warehouse in 0..WAREHOUSES {
        let (site, zone) = (site(warehouse), warehouse * 3 % ZONES);
        let _ = write!(text, "[[warehouse]]\ncode = \"{site}\"\nzone = \"Z{zone:02}\"\n");
    }
    for (carrier, base, hours) in [("SF", 9, 12), ("ZTO", 5, 30)] {
        let _ = write!(text, "[[carrier]]\ncode = \"{carrier}\"\n");
        for warehouse in 0..WAREHOUSES {
            for zone in 0..ZONES {
                let (site, far) = (site(warehouse), (warehouse * 3 % ZONES).abs_diff(zone));
                let (first, further, hours) = (far * 3, far * 2, hours + far);
                let _ = write!(
                    text,
                    "[[rate]]\ncarrier = \"{carrier}\"\nfrom = \"{site}\"\nto = \"Z{zone:02}\"\nparcel = \"1.{far:02}\"\n\
                     first_kg = \"{base}.{first:02}\"\nfurther_kg = \"1.{further:02}\"\nhours = {hours}\n",
                );
            }
        }
    }
    text.push_str("[[channel]]\ncode = \"web\"\npools = [\"regular\"]\nhold_ttl = \"30m\"\n");
    text
}

/// An ordinary SKU.
fn sku(number: usize) -> Code {
    code(&format!("SKU-{number:05}"))
}

/// A SKU that one warehouse has.
fn rare(kind: usize, number: usize) -> Code {
    code(&format!("RARE-{kind}-{number:03}"))
}

fn site(number: usize) -> Code {
    code(&format!("W{number:02}"))
}

/// A code that is known to be one.
pub(super) fn code(text: &str) -> Code {
    Code::new(text).unwrap_or_else(|e| panic!("`{text}`: {e}"))
}
