//! What a parcel weighs and costs once units were taken out of it.

use std::collections::BTreeMap;

use crate::catalog::Config;
use crate::decision::Figures;
use crate::engine::store::Engine;
use crate::ids::{PoolId, SkuId, SubNo};
use crate::orders::{Order, SubLine, SubOrder, SubTake};
use crate::routing::{Load, figures_left};
use crate::units::Units;

impl Engine {
    /// What the parcels of an order weigh and cost when these units are taken out of them: those that keep some.
    pub(super) fn figures_without(&self, order: &Order, takes: &[SubTake], config: &Config) -> Vec<(SubNo, Figures)> {
        let of_one = |takes: &[SubTake]| {
            let no = takes[0].sub;
            let figures = self.figures_left(order.sub(no)?, takes, config)?;
            Some((no, figures))
        };
        takes.chunk_by(|a, b| a.sub == b.sub).filter_map(of_one).collect()
    }

    /// The same of one parcel; `None` when nothing stays in it.
    fn figures_left(&self, sub: &SubOrder, takes: &[SubTake], config: &Config) -> Option<Figures> {
        let taken = by_line(takes);
        let left = self.load(sub, config, |line| line.units.saturating_sub(of_line(&taken, line)));
        (left.units > 0).then(|| self.figures_of(sub, left, config))
    }

    /// What a parcel weighs and costs once these units go apart, and what a parcel of them does that goes the same way.
    pub(super) fn figures_split(&self, sub: &SubOrder, takes: &[SubTake], config: &Config) -> (Figures, Figures) {
        let taken = by_line(takes);
        let left = self.load(sub, config, |line| line.units.saturating_sub(of_line(&taken, line)));
        let apart = self.load(sub, config, |line| of_line(&taken, line));
        (self.figures_of(sub, left, config), self.figures_of(sub, apart, config))
    }

    /// What a parcel of a part of a sub-order's load weighs and costs, at the prices of its promise.
    fn figures_of(&self, sub: &SubOrder, part: Load, config: &Config) -> Figures {
        let had = self.load(sub, config, |line| line.promised);
        figures_left(sub.promise(), had, part, config.rules.kg_step_g)
    }

    /// Units of a parcel with what they weigh now.
    fn load(&self, sub: &SubOrder, config: &Config, units: impl Fn(&SubLine) -> Units) -> Load {
        sub.lines.iter().fold(Load::default(), |load, line| {
            let units = units(line).0;
            let weight_g = u64::from(self.grams(line.sku, config)).saturating_mul(units);
            Load { units: load.units + units, weight_g: load.weight_g.saturating_add(weight_g) }
        })
    }

    /// What a unit of a SKU weighs now.
    fn grams(&self, sku: SkuId, config: &Config) -> u32 {
        let known = self.skus.find(&self.sku_code(sku));
        known.and_then(|sku| sku.weight_g).unwrap_or(config.rules.default_weight_g)
    }
}

fn by_line(takes: &[SubTake]) -> BTreeMap<(SkuId, PoolId), Units> {
    let mut taken: BTreeMap<(SkuId, PoolId), Units> = BTreeMap::new();
    for take in takes {
        let units = taken.entry((take.sku, take.pool)).or_default();
        *units = units.saturating_add(take.units);
    }
    taken
}

fn of_line(taken: &BTreeMap<(SkuId, PoolId), Units>, line: &SubLine) -> Units {
    taken.get(&(line.sku, line.pool)).copied().unwrap_or_default()
}

/// Takes over what is left of the parcels' weight and money; `None` when the order has no such parcel.
pub(super) fn refigure(order: &mut Order, figures: &[(SubNo, Figures)]) -> Option<()> {
    figures.iter().try_for_each(|(no, left)| {
        order.sub_mut(*no)?.refigure(*left);
        Some(())
    })
}
