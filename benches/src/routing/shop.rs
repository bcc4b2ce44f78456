//! A shop run by the engine itself: a world, stock, and orders one after the other, with lessons between them when due.

use std::time::{Duration, Instant};

use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Place, Receive, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::event::Actor;
use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use stockade_core::units::Units;

/// The code of the warehouse that never runs short.
pub(super) const DROP: &str = "DROP";

/// The moment the shop opens.
const OPENING: Time = Time(1_800_000_000_000_000);
/// Lines of one receipt.
const RECEIPT_LINES: usize = 5_000;
/// Orders after which the history is taken from the engine, as a journal would.
const DRAIN: u64 = 256;

/// An engine with a world, and what came of its orders.
#[derive(Debug)]
pub(super) struct Shop {
    engine: Engine,
    actor: Actor,
    now: Time,
    commands: u64,
    /// What came of the orders so far.
    pub tally: Tally,
}

/// What came of orders.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Money of all plans.
    pub cost: f64,
    /// Orders placed.
    pub placed: u64,
    /// Orders refused for want of stock.
    pub refused: u64,
    /// Parcels.
    pub parcels: u64,
    /// Units that the warehouse that never runs short sent.
    pub dropped: u64,
    /// Time of all decisions.
    pub deciding: Duration,
    /// Lessons and the time of all of them.
    pub lessons: (u32, Duration),
}

impl Shop {
    /// A shop with this world and these SKUs, each with the weight of a unit in grams.
    pub fn open(world: &str, skus: &[(Code, u32)]) -> Result<Shop, String> {
        let mut shop = Shop {
            engine: Engine::new(),
            actor: Actor::Named(code("bench")),
            now: OPENING,
            commands: 0,
            tally: Tally::default(),
        };
        shop.run(Command::ApplyWorld(ApplyWorld { text: world.to_owned() }))?;
        for some in skus.chunks(RECEIPT_LINES) {
            let spec =
                |(sku, weight): &(Code, u32)| SkuSpec { sku: sku.clone(), weight_g: Some(*weight), category: None };
            shop.run(Command::DefineSkus(DefineSkus { skus: some.iter().map(spec).collect() }))?;
        }
        Ok(shop)
    }

    /// So long after opening it is.
    pub fn set_clock(&mut self, after: Span) {
        self.now = OPENING + after;
    }

    /// Goods come in.
    pub fn receive(&mut self, warehouse: &Code, goods: impl Iterator<Item = (Code, u64)>) -> Result<(), String> {
        let lines: Vec<Line> =
            goods.filter(|(_, units)| *units > 0).map(|(sku, units)| Line { sku, units: Units(units) }).collect();
        for some in lines.chunks(RECEIPT_LINES) {
            let receipt = Receive { warehouse: warehouse.clone(), pool: None, expected: None, lines: some.to_vec() };
            self.run(Command::Receive(receipt))?;
        }
        Ok(())
    }

    /// A customer orders. Before that prices are learned, if they are due.
    pub fn order(&mut self, zone: &Code, lines: impl Iterator<Item = (Code, u64)>) -> Result<(), String> {
        let began = Instant::now();
        if self.engine.learn_prices(self.now).is_some() {
            self.tally.lessons.0 += 1;
            self.tally.lessons.1 += began.elapsed();
        }
        self.commands += 1;
        let lines = lines.map(|(sku, units)| Line { sku, units: Units(units) }).collect();
        let place = Place::new(code("web"), code(&self.commands.to_string()), lines);
        let command = Command::Place(Place { zone: Some(zone.clone()), ..place });
        let request = Request { key: None, occurred: None, command };
        let began = Instant::now();
        let outcome = self.engine.execute(&request, &self.actor, self.now);
        self.tally.deciding += began.elapsed();
        match outcome.result {
            Ok(Reply::Placed(placed)) => {
                self.tally.placed += 1;
                self.tally.cost += placed.plan.cost.0 as f64 / Money::MICROS_PER_UNIT as f64;
                self.tally.parcels += placed.plan.sub_orders.len() as u64;
                let dropped = placed.plan.sub_orders.iter().filter(|sub| sub.warehouse.as_str() == DROP);
                self.tally.dropped += dropped.flat_map(|sub| &sub.lines).map(|line| line.units.0).sum::<u64>();
            }
            Err(Reject::InsufficientStock { .. }) => self.tally.refused += 1,
            Err(reject) => return Err(format!("an order was refused: {reject}")),
            Ok(other) => return Err(format!("an order was answered {other:?}")),
        }
        if self.commands.is_multiple_of(DRAIN) {
            self.drain();
        }
        Ok(())
    }

    fn run(&mut self, command: Command) -> Result<(), String> {
        self.commands += 1;
        let key = Some(code(&format!("bench-{}", self.commands)));
        let outcome = self.engine.execute(&Request { key, occurred: None, command }, &self.actor, self.now);
        self.drain();
        outcome.result.map(drop).map_err(|reject| format!("the shop cannot be opened: {reject}"))
    }

    fn drain(&self) {
        while let Some(batch) = self.engine.log().next_batch(Duration::ZERO) {
            self.engine.log().journaled(batch.last);
        }
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.fold(Tally::default(), |sum, one| Tally {
            cost: sum.cost + one.cost,
            placed: sum.placed + one.placed,
            refused: sum.refused + one.refused,
            parcels: sum.parcels + one.parcels,
            dropped: sum.dropped + one.dropped,
            deciding: sum.deciding + one.deciding,
            lessons: (sum.lessons.0 + one.lessons.0, sum.lessons.1 + one.lessons.1),
        })
    }
}

impl Tally {
    /// The mean time of a decision.
    pub fn decision(&self) -> Duration {
        let orders = u32::try_from(self.placed + self.refused).unwrap_or(u32::MAX);
        self.deciding / orders.max(1)
    }

    /// Parcels of an order and lessons, in words.
    pub fn note(&self) -> String {
        let placed = self.placed.max(1) as f64;
        let mut note = format!(
            "{:.3} parcels an order, {:.3} units from the drop-shipper",
            self.parcels as f64 / placed,
            self.dropped as f64 / placed
        );
        if self.lessons.0 > 0 {
            note += &format!(", {:.1?} a lesson", self.lessons.1 / self.lessons.0);
        }
        note
    }
}

/// A code that is known to be one.
pub(super) fn code(text: &str) -> Code {
    Code::new(text).expect("a code made here is a code")
}
