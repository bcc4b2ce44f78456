//! A warehouse floor with goods of its own, which the engine only hears of: units get lost and turn up, pickers find what
//! is there, clerks count what they see, lorries carry what was loaded.
//!
//! Everybody tells the engine the truth, as far as they know it. What must hold of a cell, from a count on until something is
//! lost again: on hand is what is on the floor, units are short exactly when more are claimed than are there, and what can
//! be sold is what is there and claimed by nobody. A cell that never was counted after a loss is not looked at.
//!
//! ```text
//!   goods   shelf ──pick──► hands ──scan──► gone          loss, find, loading: nobody tells the engine of losses
//!             ▲ │                                         until somebody counts, or a picker misses units
//!             │ └──────── lorry ──────► shelf elsewhere
//! ```

mod crew;

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::Actor;
use stockade_core::command::{ApplyWorld, Command, DefineSkus, Request, SkuSpec};
use stockade_core::engine::Engine;
use stockade_core::ids::{Code, OrderId, Seq, SubNo};
use stockade_core::query::{AvailabilityQuery, Query, StockQuery};
use stockade_core::reject::Reject;
use stockade_core::reply::{CellView, Reply};
use stockade_core::time::{Span, Time};
use stockade_core::units::Units;

use crate::sim::Rng;

const WORLD: &str = "currency = \"CNY\"\ndefault_weight_g = 500\nkg_step_g = 1000\n\
    [[warehouse]]\ncode = \"A\"\nzone = \"east\"\n[[warehouse]]\ncode = \"B\"\nzone = \"west\"\n[[carrier]]\ncode = \"X\"\n\
    [[rate]]\ncarrier = \"X\"\nfrom = \"A\"\nto = \"*\"\nparcel = \"5\"\nhours = 24\n\
    [[rate]]\ncarrier = \"X\"\nfrom = \"B\"\nto = \"*\"\nparcel = \"6\"\nhours = 48\n\
    [[pool]]\ncode = \"promo\"\n[[channel]]\ncode = \"web\"\npools = [\"promo\", \"regular\"]\nhold_ttl = \"30m\"\n";
const START: Time = Time(1_800_000_000_000_000);
const WAREHOUSES: [&str; 2] = ["A", "B"];
const SKUS: [&str; 2] = ["tea", "cup"];

/// A SKU at a warehouse.
type Place = (&'static str, &'static str);

/// What really is at a place.
#[derive(Clone, Debug, Default)]
struct Goods {
    /// Units in the building, those in hands included.
    here: u64,
    /// Whether the engine has heard of every loss.
    is_known: bool,
}

/// A count that was taken and is not reported yet.
#[derive(Clone, Debug)]
struct Sheet {
    at: Place,
    as_of: Seq,
    seen: u64,
    /// Losses at the place by then.
    losses: u64,
}

/// The floor, its crew, and the engine that they tell.
#[derive(Debug)]
pub struct Floor {
    engine: Engine,
    rng: Rng,
    now: Time,
    keys: u64,
    goods: BTreeMap<Place, Goods>,
    losses: BTreeMap<Place, u64>,
    /// Units in somebody's hands, by sub-order.
    hands: BTreeMap<(OrderId, SubNo), BTreeMap<Place, u64>>,
    orders: Vec<OrderId>,
    /// Units on lorries, by where they go.
    lorries: BTreeMap<Place, u64>,
    sheets: Vec<Sheet>,
    told: BTreeSet<&'static str>,
}

/// Plays a floor for a number of steps; answers what its crew did at least once.
///
/// # Errors
/// Says at which step what the engine said that was not so.
pub fn play(seed: u64, steps: u64) -> Result<BTreeSet<&'static str>, String> {
    let mut floor = Floor::open(seed)?;
    for step in 0..steps {
        let wrong = |e: String| format!("step {step} of the floor with seed {seed}: {e}");
        floor.step().map_err(wrong)?;
        floor.look().map_err(wrong)?;
    }
    floor.engine.check().map_err(|broken| broken.join("; "))?;
    Ok(floor.told)
}

impl Floor {
    fn open(seed: u64) -> Result<Floor, String> {
        let mut floor = Floor {
            engine: Engine::new(),
            rng: Rng::new(seed),
            now: START,
            keys: 0,
            goods: BTreeMap::new(),
            losses: BTreeMap::new(),
            hands: BTreeMap::new(),
            orders: Vec::new(),
            lorries: BTreeMap::new(),
            sheets: Vec::new(),
            told: BTreeSet::new(),
        };
        floor.tell(Command::ApplyWorld(ApplyWorld { text: WORLD.to_owned() }))?;
        let spec = |sku: &&str| SkuSpec { sku: code(sku), weight_g: None, category: None };
        floor.tell(Command::DefineSkus(DefineSkus { skus: SKUS.iter().map(spec).collect() }))?;
        for at in places() {
            floor.goods.insert(at, Goods { here: 0, is_known: true });
        }
        Ok(floor)
    }

    /// Tells the engine something that it must take in.
    fn tell(&mut self, command: Command) -> Result<Reply, String> {
        let said = format!("{command:?}");
        self.ask(command)?.map_err(|reject| format!("{said} was refused: {reject}"))
    }

    /// Tells the engine something that it may refuse.
    fn ask(&mut self, command: Command) -> Result<Result<Reply, Reject>, String> {
        self.keys += 1;
        let key = Some(code(&format!("key-{}", self.keys)));
        let request = Request { key, occurred: None, command };
        let answer = self.engine.execute(&request, &Actor::Named(code("crew")), self.now).result;
        self.settle()?;
        Ok(answer)
    }

    /// Lets everything happen that is due, and empties the log.
    fn settle(&mut self) -> Result<(), String> {
        self.engine.react(self.now, usize::MAX);
        while let Some(batch) = self.engine.log().next_batch(std::time::Duration::ZERO) {
            self.engine.log().journaled(batch.last);
        }
        self.engine.log().halted().map_or(Ok(()), |reason| Err(format!("the engine halted: {reason}")))
    }

    /// Time passes: holds may run out.
    fn wait(&mut self, span: Span) -> Result<(), String> {
        self.now = self.now + span;
        self.engine.expire_due(self.now, usize::MAX);
        self.settle()
    }

    fn cell(&self, (sku, warehouse): Place) -> Result<Option<CellView>, String> {
        let query = StockQuery { skus: vec![code(sku)], warehouse: Some(code(warehouse)), after: None, limit: 10 };
        let answer = self.engine.query(&Query::Stock(query), self.now).result;
        if let Ok(Reply::Stock(mut cells)) = answer {
            return Ok(cells.pop());
        }
        Err(format!("stock of {sku}: {answer:?}"))
    }

    /// Units in hands at a place.
    fn in_hands(&self, at: Place) -> u64 {
        self.hands.values().filter_map(|held| held.get(&at)).sum()
    }

    /// Units on the shelf of a place.
    fn shelf(&self, at: Place) -> u64 {
        self.goods[&at].here - self.in_hands(at)
    }

    /// What the engine says must be so of every place whose losses it has heard of.
    fn look(&self) -> Result<(), String> {
        for at in places().filter(|at| self.goods[at].is_known) {
            let Some(cell) = self.cell(at)? else { continue };
            let here = self.goods[&at].here;
            let held: Units = cell.pools.iter().map(|pool| pool.held).sum();
            let free: Units = cell.pools.iter().map(|pool| pool.available).sum();
            let claimed = [held, cell.allocated, cell.picked, cell.damaged].into_iter().map(|units| units.0).sum();
            let (missing, left) = (u64::saturating_sub(claimed, here), here.saturating_sub(claimed));
            let on_hand = cell.on_hand.units();
            let told = (on_hand, cell.short.0, free.0, cell.affected.is_empty());
            let are = (here as i64, missing, left, missing == 0);
            if told != are {
                return Err(format!("{at:?}: on hand, short, free and nobody affected are {are:?}, not {told:?}"));
            }
        }
        for sku in SKUS.iter().filter(|sku| WAREHOUSES.iter().all(|at| self.goods[&(**sku, *at)].is_known)) {
            self.look_at_sales(sku)?;
        }
        Ok(())
    }

    fn look_at_sales(&self, sku: &'static str) -> Result<(), String> {
        let query = AvailabilityQuery { channel: code("web"), skus: vec![code(sku)] };
        let answer = self.engine.query(&Query::Availability(query), self.now).result;
        let Ok(Reply::Availability(available)) = answer else { return Err(format!("{answer:?}")) };
        let there: u64 = WAREHOUSES.iter().map(|at| self.goods[&(sku, *at)].here).sum();
        match available.iter().find(|available| available.units.0 > there) {
            Some(more) => Err(format!("{} of {sku} are for sale, {there} are there", more.units)),
            None => Ok(()),
        }
    }
}

fn places() -> impl Iterator<Item = Place> {
    SKUS.into_iter().flat_map(|sku| WAREHOUSES.into_iter().map(move |warehouse| (sku, warehouse)))
}

fn code(text: &str) -> Code {
    Code::new(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}
