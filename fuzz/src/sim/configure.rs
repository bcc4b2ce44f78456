//! Commands about the world as a whole.

use stockade_core::command::{ApplyRules, ApplyWorld, ClearSkus, Command, DefineSkus, Request, SkuSpec};
use stockade_core::ids::RulesVersion;

use super::workload::{Workload, code};
use super::world::Shape;
use crate::model::Model;

impl Workload {
    /// The commands every run begins with.
    pub fn opening(&mut self) -> Vec<Request> {
        let mut requests = vec![];
        let world = self.shape.world(&mut self.rng);
        requests.push(self.keyed(Command::ApplyWorld(ApplyWorld { text: world })));
        let skus = (0..self.shape.skus).map(|n| self.sku_spec(n)).collect();
        requests.push(self.keyed(Command::DefineSkus(DefineSkus { skus })));
        // Nothing of it may be refused: all that follows needs a world.
        requests.iter_mut().for_each(|request| request.occurred = None);
        requests
    }

    pub(super) fn configure(&mut self, model: &Model) -> Option<Request> {
        let command = match self.rng.below(4) {
            0 => {
                let fewer = u64::from(self.rng.percent(10) && self.shape.warehouses > 1);
                let shape = Shape { warehouses: self.shape.warehouses - fewer, ..self.shape };
                let text = shape.world(&mut self.rng);
                Command::ApplyWorld(ApplyWorld { text: self.perhaps_spoilt(text) })
            }
            1 if self.rng.percent(30) => {
                let skus =
                    (0..self.rng.within(1, 2)).map(|_| code(&format!("S{}", self.rng.below(self.shape.skus + 1))));
                let skus = skus.collect();
                Command::ClearSkus(ClearSkus { skus, weight: self.rng.percent(60), category: self.rng.percent(60) })
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

    fn perhaps_spoilt(&mut self, text: String) -> String {
        if self.rng.percent(10) { format!("{text}\n[nonsense]\nkey = 1\n") } else { text }
    }

    fn sku_spec(&mut self, n: u64) -> SkuSpec {
        let weight_g = self.rng.percent(80).then(|| self.rng.within(0, 3_000) as u32);
        SkuSpec { sku: code(&format!("S{n}")), weight_g, category: self.rng.percent(20).then(|| code("toys")) }
    }
}
