//! The stock as a training sees it: what there is of each SKU, how long it has to last, and the cases of orders over it.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::catalog::Config;
use crate::decision::PriceSeen;
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::scratch::Scratch;
use crate::engine::prices::kinds::Kind;
use crate::engine::store::{Engine, LastReceipt, Receipts};
use crate::ids::{Code, PoolId, SkuId, WarehouseId};
use crate::prices::{Case, CellState, NO_CELL, Sampled, Table, outside_option, relative};
use crate::routing::SplitRules;
use crate::rules::PriceRules;
use crate::stock::{Cell, StockShard, drawable};
use crate::time::{Span, Time};
use crate::units::Units;

/// A SKU of which fewer orders are in the sample has no price.
const SEEN_LEAST: u32 = 3;
/// What is announced for a day comes by its end.
const DAY: Span = Span::from_mins(24 * 60);
/// What is late is expected within this part of the cover.
const LATE: u64 = 20;

/// What a training knows of a SKU.
struct SkuFacts {
    code: Code,
    weight_g: u32,
    category: Option<Code>,
    places: Vec<Place>,
}

/// A warehouse that has some of a SKU.
struct Place {
    warehouse: WarehouseId,
    units: u64,
    /// The pools that have some.
    pools: SmallVec<[PoolId; 2]>,
    cell: u32,
}

/// Stock as it is now, and the cells that can get a price.
pub(super) struct Survey {
    skus: HashMap<SkuId, SkuFacts, foldhash::fast::RandomState>,
    pub cells: Vec<CellState>,
    /// SKU and warehouse of each cell; those of a SKU stand together.
    pub keys: Vec<(SkuId, WarehouseId)>,
    /// When the next receipt of a cell is announced, if it is.
    announced: Vec<Option<Time>>,
}

impl Survey {
    /// Looks at the stock of every SKU that the orders name.
    pub fn of(engine: &Engine, config: &Config, orders: &[Kind<'_>]) -> Survey {
        let mut named: Vec<(SkuId, u32)> = Vec::new();
        for kind in orders {
            named.extend(kind.order.lines.iter().map(|(sku, _)| (*sku, kind.count)));
        }
        named.sort_unstable();
        let mut survey =
            Survey { skus: HashMap::default(), cells: Vec::new(), keys: Vec::new(), announced: Vec::new() };
        for same in named.chunk_by(|(a, _), (b, _)| a == b) {
            let (sku, often) = (same[0].0, same.iter().map(|(_, count)| count).sum::<u32>() >= SEEN_LEAST);
            let Some(code) = engine.skus.code(sku) else { continue };
            let Some(known) = engine.skus.find(&code) else { continue };
            let mut facts = SkuFacts {
                code,
                weight_g: known.weight_g.unwrap_or(config.rules.default_weight_g),
                category: known.category,
                places: Vec::new(),
            };
            engine.door.with_stock(StockShard::of(sku), |shard| {
                for cell in shard.sku(sku).cells().iter().filter(|cell| !config.is_unlimited(cell.warehouse())) {
                    survey.look(sku, cell, often, config, &mut facts);
                }
            });
            survey.skus.insert(sku, facts);
        }
        survey
    }

    fn look(&mut self, sku: SkuId, cell: &Cell, often: bool, config: &Config, facts: &mut SkuFacts) {
        let units = drawable(cell, &config.pools).0;
        if units == 0 {
            return;
        }
        let pools = cell.pools().iter().filter(|pool| !pool.available.is_zero()).map(|pool| pool.pool).collect();
        let mut number = NO_CELL;
        if often {
            number = self.cells.len() as u32;
            self.cells.push(CellState { units: units as f64, until: 0.0, price: 0.0 });
            self.keys.push((sku, cell.warehouse()));
            let free = cell.inbound().map(|inbound| inbound.promisable(&config.pools)).unwrap_or_default();
            self.announced.push(free.first().map(|part| part.day.start() + DAY));
        }
        facts.places.push(Place { warehouse: cell.warehouse(), units, pools, cell: number });
    }

    /// Says of each cell how long it has to last: until what is announced, or until the next receipt is to be expected.
    pub fn date(&mut self, rules: &PriceRules, now: Time, since: Time, receipts: &Receipts) {
        let soon = Span(rules.cover.0 / LATE);
        for ((cell, key), announced) in self.cells.iter_mut().zip(&self.keys).zip(&self.announced) {
            let last = receipts.get(key).copied().unwrap_or(LastReceipt { at: since, after: None });
            let next = announced.unwrap_or(last.next(rules.cover));
            cell.until = if next > now { next.since(now) } else { soon }.0 as f64;
        }
    }

    /// The case of an order: its routing problem, posed as placing poses it, where every warehouse has all or nothing of a
    /// line.
    pub fn pose(&self, config: &Config, order: &Sampled, rate: f64, scratch: &mut Scratch) -> Option<Case> {
        let pools = &config.rules.channel(order.channel)?.pools;
        let facts: Vec<&SkuFacts> =
            order.lines.iter().map(|(sku, _)| self.skus.get(sku)).collect::<Option<Vec<_>>>()?;
        let category = facts[0].category.as_ref().filter(|c| facts.iter().all(|f| f.category.as_ref() == Some(*c)));
        let wanted = order.lines.iter().zip(&facts).map(|((sku, units), facts)| Wanted {
            sku: *sku,
            code: facts.code.clone(),
            units: Units(*units),
            weight_g: facts.weight_g,
        });
        let demand = Demand {
            channel: order.channel,
            zone: order.zone.as_ref(),
            carrier: order.carrier,
            ship_complete: false,
            max_parcels: order.max_parcels,
            split: SplitRules::default(),
            pools,
            category: category.cloned(),
            lines: wanted.collect(),
        };
        let carries = |place: &&Place| place.pools.iter().any(|pool| pools.contains(pool));
        scratch.view.clear();
        for (line, facts) in demand.lines.iter().zip(&facts) {
            let own = facts.places.iter().filter(carries).map(|place| (place.warehouse, Units(place.units)));
            let outside = config.unlimited.iter().map(|warehouse| (*warehouse, Units::UNLIMITED));
            scratch.view.offer(line.units, own.chain(outside));
        }
        scratch.write_out(&demand, config);
        let mut case = Case { rate, problem: std::mem::take(&mut scratch.problem), ..Case::default() };
        let problem = &mut case.problem;
        case.base = std::mem::take(&mut problem.draws);
        for (site, warehouse) in problem.sites.iter().enumerate() {
            for (line, facts) in facts.iter().enumerate() {
                let stock = &mut problem.stock[site * demand.lines.len() + line];
                if *stock > 0 {
                    *stock = demand.lines[line].units.0;
                }
                let place = facts.places.iter().find(|place| place.warehouse == *warehouse && carries(place));
                case.cells.push(place.map_or(NO_CELL, |place| place.cell));
            }
        }
        if !problem.sites.iter().any(|warehouse| config.is_unlimited(*warehouse)) {
            outside_option(&mut case);
        }
        (!case.problem.lanes.is_empty()).then_some(case)
    }

    /// The prices as a table, less what all warehouses of a SKU ask.
    pub fn table(&mut self, version: u64) -> Table {
        let mut start = 0;
        let mut prices = Vec::new();
        for keys in self.keys.chunk_by(|a, b| a.0 == b.0) {
            let cells = &mut self.cells[start..start + keys.len()];
            relative(cells);
            let of = |((sku, warehouse), cell): (&(SkuId, WarehouseId), &CellState)| PriceSeen {
                sku: *sku,
                warehouse: *warehouse,
                micros: cell.price as i64,
            };
            prices.extend(keys.iter().zip(cells.iter()).map(of));
            start += keys.len();
        }
        Table::new(version, prices)
    }
}
