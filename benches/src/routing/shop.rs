//! A shop run by the engine: a world, stock, and orders one after the other, with price training between them when
//! due.

use std::time::{Duration, Instant};

use stockade_core::Actor;
use stockade_core::command::{ApplyWorld, Command, DefineSkus, Line, Place, Receive, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use stockade_core::units::Units;

/// Code of the unlimited warehouse.
pub(super) const DROP: &str = "DROP";

/// Time at which the shop opens.
const OPENING: Time = Time(1_800_000_000_000_000);
/// Lines of one receipt.
const RECEIPT_LINES: usize = 5_000;
/// Orders after which the log is drained, as a journal would do.
const DRAIN: u64 = 256;

/// An engine with a world, and the results of its orders.
#[derive(Debug)]
pub(super) struct Shop {
    engine: Engine,
    actor: Actor,
    now: Time,
    commands: u64,
    /// Results so far.
    pub tally: Tally,
}

/// Results of orders.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Money of all plans, in units of the currency.
    pub cost: f64,
    /// Orders placed.
    pub placed: u64,
    /// Orders refused for lack of stock.
    pub refused: u64,
    /// Parcels.
    pub parcels: u64,
    /// Units sent by the unlimited warehouse.
    pub dropped: u64,
    /// Time of all decisions.
    pub deciding: Duration,
    /// Training runs and their total time.
    pub trainings: (u32, Duration),
}

impl Shop {
    /// Opens a shop with this world and these SKUs, each with the weight of a unit in grams.
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

    /// Sets the time to `after` past the opening.
    pub fn set_clock(&mut self, after: Span) {
        self.now = OPENING + after;
    }

    /// Receives goods: SKUs with their units.
    pub fn receive(&mut self, warehouse: &Code, goods: impl Iterator<Item = (Code, u64)>) -> Result<(), String> {
        let lines: Vec<Line> =
            goods.filter(|(_, units)| *units > 0).map(|(sku, units)| Line { sku, units: Units(units) }).collect();
        for some in lines.chunks(RECEIPT_LINES) {
            let receipt = Receive { warehouse: warehouse.clone(), pool: None, expected: None, lines: some.to_vec() };
            self.run(Command::Receive(receipt))?;
        }
        Ok(())
    }

    /// Places an order, after training prices if that is due.
    pub fn order(&mut self, zone: &Code, lines: impl Iterator<Item = (Code, u64)>) -> Result<(), String> {
        let began = Instant::now();
        if self.engine.learn_prices(self.now).is_some() {
            self.tally.trainings.0 += 1;
            self.tally.trainings.1 += began.elapsed();
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
            Ok(reply) => self.tally.count(&reply)?,
            Err(reject) => self.tally.count_refusal(&reject)?,
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
            trainings: (sum.trainings.0 + one.trainings.0, sum.trainings.1 + one.trainings.1),
        })
    }
}

impl Tally {
    /// Counts the reply to an order.
    fn count(&mut self, reply: &Reply) -> Result<(), String> {
        let Reply::Placed(placed) = reply else { return Err(format!("the engine answered {reply:?} to an order")) };
        self.placed += 1;
        self.cost += placed.plan.cost.0 as f64 / Money::MICROS_PER_UNIT as f64;
        self.parcels += placed.plan.sub_orders.len() as u64;
        let dropped = placed.plan.sub_orders.iter().filter(|sub| sub.warehouse.as_str() == DROP);
        self.dropped += dropped.flat_map(|sub| &sub.lines).map(|line| line.units.0).sum::<u64>();
        Ok(())
    }

    /// Counts a refusal of an order; only a lack of stock is expected.
    fn count_refusal(&mut self, reject: &Reject) -> Result<(), String> {
        if !matches!(reject, Reject::InsufficientStock { .. }) {
            return Err(format!("an order was refused: {reject}"));
        }
        self.refused += 1;
        Ok(())
    }

    /// Mean time of a decision.
    pub fn decision(&self) -> Duration {
        let orders = u32::try_from(self.placed + self.refused).unwrap_or(u32::MAX);
        self.deciding / orders.max(1)
    }

    /// Parcels and drop-shipped units per order, and the time of a training run, in words.
    pub fn note(&self) -> String {
        let placed = self.placed.max(1) as f64;
        let mut note = format!(
            "{:.3} parcels an order, {:.3} units from the drop-shipper",
            self.parcels as f64 / placed,
            self.dropped as f64 / placed
        );
        if self.trainings.0 > 0 {
            note += &format!(", {:.1?} per training run", self.trainings.1 / self.trainings.0);
        }
        note
    }
}

/// Makes a code from a text that is known to be valid.
pub(super) fn code(text: &str) -> Code {
    Code::new(text).expect("a code made here is a code")
}
