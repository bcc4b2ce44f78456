//! What comes next, and commands about the world as a whole.

use stockade_core::command::{ApplyRules, ApplyWorld, Command, DefineSkus, Request, SkuSpec};
use stockade_core::ids::{Code, RulesVersion};
use stockade_core::time::{Span, Time};

use super::rng::Rng;
use super::world::Shape;
use crate::model::Model;

/// Makes commands out of chance and the state they meet.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Chance.
    pub rng: Rng,
    /// The world it plays in.
    pub shape: Shape,
    /// Now.
    pub now: Time,
    /// Distinguishes the keys and order numbers of one workload from those of others.
    pub prefix: String,
    made: u64,
    sent: Vec<Request>,
}

/// Midnight of an ordinary day.
const BEGIN: Time = Time(1_794_355_200_000_000);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Place,
    Pay,
    Cancel,
    Extend,
    Step,
    Short,
    Return,
    Inspect,
    Reroute,
    Stock,
    Configure,
    Repeat,
}

impl Workload {
    /// The workload of a generator.
    pub fn new(mut rng: Rng) -> Workload {
        let shape = Shape::random(&mut rng);
        Workload { rng, shape, now: BEGIN, prefix: String::new(), made: 0, sent: Vec::new() }
    }

    /// Another workload in the same world, with chance and keys of its own.
    pub fn fork(&mut self, prefix: String) -> Workload {
        Workload { rng: self.rng.split(), shape: self.shape, now: self.now, prefix, made: 0, sent: Vec::new() }
    }

    /// The commands every run begins with.
    pub fn opening(&mut self) -> Vec<Request> {
        let mut requests = vec![];
        let world = self.shape.world(&mut self.rng);
        requests.push(self.keyed(Command::ApplyWorld(ApplyWorld { text: world })));
        let skus = (0..self.shape.skus).map(|n| self.sku_spec(n)).collect();
        requests.push(self.keyed(Command::DefineSkus(DefineSkus { skus })));
        requests
    }

    /// The next command.
    pub fn next(&mut self, model: &Model) -> Option<Request> {
        self.let_time_pass(model);
        while !self.rng.is_at_end() {
            let kind = self.rng.weighted(&[
                (30, Kind::Place),
                (14, Kind::Pay),
                (7, Kind::Cancel),
                (2, Kind::Extend),
                (24, Kind::Step),
                (3, Kind::Short),
                (4, Kind::Return),
                (4, Kind::Inspect),
                (2, Kind::Reroute),
                (20, Kind::Stock),
                (1, Kind::Configure),
                (6, Kind::Repeat),
            ]);
            let made = match kind.unwrap_or(Kind::Place) {
                Kind::Place => self.place(model),
                Kind::Pay => self.pay(model),
                Kind::Cancel => self.cancel(model),
                Kind::Extend => self.extend(model),
                Kind::Step => self.step(model),
                Kind::Short => self.short_pick(model),
                Kind::Return => self.give_back(model),
                Kind::Inspect => self.inspect(model),
                Kind::Reroute => self.reroute(model),
                Kind::Stock => self.stock(model),
                Kind::Configure => self.configure(model),
                Kind::Repeat => self.repeat(),
            };
            if let Some(request) = made {
                self.sent.push(request.clone());
                return Some(request);
            }
        }
        None
    }

    /// Mostly a little; sometimes to the instant a hold ends, just before it, or far past it.
    fn let_time_pass(&mut self, model: &Model) {
        let deadline = model.next_deadline().filter(|at| *at >= self.now);
        match (self.rng.below(100), deadline) {
            (0..2, Some(at)) => self.now = at,
            (2..4, Some(at)) => self.now = self.now.max(at - Span(1)),
            (4, _) => self.now = self.now + Span::from_mins(self.rng.within(1, 90)),
            _ => self.now = self.now + Span(self.rng.below(2_000_000)),
        }
    }

    fn configure(&mut self, model: &Model) -> Option<Request> {
        let command = match self.rng.below(4) {
            0 => {
                let fewer = u64::from(self.rng.percent(10) && self.shape.warehouses > 1);
                let shape = Shape { warehouses: self.shape.warehouses - fewer, ..self.shape };
                let text = shape.world(&mut self.rng);
                Command::ApplyWorld(ApplyWorld { text: self.perhaps_spoilt(text) })
            }
            1 => {
                let skus = (0..self.rng.within(1, 3)).map(|_| self.rng.below(self.shape.skus + 2)).collect::<Vec<_>>();
                Command::DefineSkus(DefineSkus { skus: skus.into_iter().map(|n| self.sku_spec(n)).collect() })
            }
            _ => {
                let version = model.rules_version;
                let expect = match self.rng.below(4) {
                    0 => Some(version),
                    1 => Some(RulesVersion(version.0 + 1)),
                    _ => None,
                };
                let text = self.shape.rules(&mut self.rng);
                Command::ApplyRules(ApplyRules { text: self.perhaps_spoilt(text), expect })
            }
        };
        Some(self.keyed(command))
    }

    /// An old request again, as it was or with other content under its key.
    fn repeat(&mut self) -> Option<Request> {
        let mut request = self.rng.pick(&self.sent)?.clone();
        if self.rng.percent(30) {
            let other = self.rng.pick(&self.sent)?.clone();
            if let Command::Place(place) = &mut request.command {
                place.lines.iter_mut().for_each(|l| l.units.0 += 1);
            } else {
                request.command = other.command;
            }
        }
        Some(request)
    }

    fn perhaps_spoilt(&mut self, text: String) -> String {
        if self.rng.percent(10) { format!("{text}\n[nonsense]\nkey = 1\n") } else { text }
    }

    fn sku_spec(&mut self, n: u64) -> SkuSpec {
        let weight_g = self.rng.percent(80).then(|| self.rng.within(0, 3_000) as u32);
        SkuSpec { sku: code(&format!("S{n}")), weight_g, category: self.rng.percent(20).then(|| code("toys")) }
    }

    /// A request under a key of its own.
    pub(super) fn keyed(&mut self, command: Command) -> Request {
        let key = Some(self.fresh("k"));
        let occurred = self.rng.percent(10).then(|| self.now - Span::from_secs(self.rng.below(600)));
        Request { key, occurred, command }
    }

    /// A code that was not used before.
    pub(super) fn fresh(&mut self, kind: &str) -> Code {
        self.made += 1;
        code(&format!("{}{kind}{}", self.prefix, self.made))
    }
}

/// A code that is known to be one.
pub(super) fn code(text: &str) -> Code {
    Code::new(text).unwrap_or_else(|e| panic!("`{text}`: {e}"))
}
