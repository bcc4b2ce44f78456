//! One lesson: the sample and the stock written out as cases, learned from, and laid down as a table.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::catalog::Config;
use crate::engine::Engine;
use crate::engine::prices::{Delivery, Receipts};
use crate::event::PriceSeen;
use crate::ids::{Code, PoolId, SkuId, WarehouseId};
use crate::prices::{Case, CellState, NO_CELL, Sample, Sampled, Table, Thinning, learn, outside_option, relative};
use crate::routing::{DemandLine, Lane, Router, scarcity};
use crate::rules::PriceRules;
use crate::stock::{Cell, StockShard, drawable};
use crate::sync::Mutex;
use crate::time::{Span, Time};

/// A SKU of which fewer orders are in the sample has no price: there is nothing to learn from.
const SEEN_LEAST: u32 = 3;
/// Fewer orders teach nothing.
const ORDERS_LEAST: usize = 20;
/// What is announced for a day comes by its end.
const DAY: Span = Span::from_mins(24 * 60);
/// What is late is expected within this part of the cover.
const LATE: u64 = 20;

/// What came of a lesson.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Learned {
    /// Orders it learned from.
    pub orders: usize,
    /// Cells looked at.
    pub cells: usize,
    /// Cells whose units have a price.
    pub priced: usize,
}

/// What is kept from lesson to lesson. Used by one thread at a time.
#[derive(Debug)]
pub(super) struct Learner {
    sample: Sample,
    lost: f64,
    router: Router,
    /// Prices before differences are taken, to go on from.
    known: HashMap<(SkuId, WarehouseId), f64, foldhash::fast::RandomState>,
    lessons: u64,
}

impl Default for Learner {
    fn default() -> Learner {
        let (known, router) = (HashMap::default(), Router::new());
        Learner { sample: Sample::new(1, Span::ZERO), lost: 0.0, router, known, lessons: 0 }
    }
}

impl Learner {
    /// Begins a lesson under these rules. Beside each order told, `lost` were not.
    pub fn begin(&mut self, rules: &PriceRules, lost: f64) {
        self.sample.resize(rules.sample, rules.history);
        self.lost = lost;
    }

    /// Takes an order in.
    pub fn take(&mut self, order: Sampled) {
        self.sample.add(order, self.lost);
    }

    /// Which orders it wants to be told of.
    pub fn thinning(&self) -> Thinning {
        self.sample.thinning()
    }

    /// Learns from the sample and the stock as it is; `None` when there is too little to learn from.
    pub fn learn(
        &mut self,
        engine: &Engine,
        config: &Config,
        rules: &PriceRules,
        now: Time,
        receipts: &Mutex<Receipts>,
    ) -> Option<(Table, Learned)> {
        self.sample.advance(now);
        let span = self.sample.span(now).0 as f64;
        if self.sample.orders().len() < ORDERS_LEAST || span <= 0.0 {
            return None;
        }
        let orders = kinds(&self.sample);
        let mut ground = Ground::survey(engine, config, &orders);
        ground.date(rules, now, self.sample.since().unwrap_or(now), receipts);
        for (cell, key) in ground.cells.iter_mut().zip(&ground.keys) {
            cell.price = self.known.get(key).copied().unwrap_or(0.0);
        }
        let mut cases: Vec<Case> =
            orders.iter().filter_map(|kind| ground.pose(config, kind.order, kind.weight / span)).collect();
        let told: f64 = self.sample.orders().map(|(_, weight)| weight).sum();
        let grain = told / self.sample.orders().len() as f64 / span;
        learn(&mut cases, &mut ground.cells, grain, self.lessons > 0, &mut self.router);
        self.known.clear();
        let priced = ground.keys.iter().zip(&ground.cells).filter(|(_, cell)| cell.price > 0.0);
        self.known.extend(priced.map(|(key, cell)| (*key, cell.price)));
        self.lessons += 1;
        let table = ground.table(self.lessons);
        let learned =
            Learned { orders: self.sample.orders().len(), cells: ground.cells.len(), priced: table.all().len() };
        Some((table, learned))
    }
}

/// Orders of a sample that ask the same.
struct Kind<'a> {
    order: &'a Sampled,
    /// How many are in the sample.
    count: u32,
    /// How many these stand for.
    weight: f64,
}

/// The orders of a sample, those that ask the same together.
fn kinds(sample: &Sample) -> Vec<Kind<'_>> {
    let mut orders: Vec<(&Sampled, f64)> = sample.orders().collect();
    orders.sort_by(|(a, _), (b, _)| {
        let key = |o: &Sampled| (o.channel, o.carrier, o.max_parcels);
        (key(a), &a.zone, &a.lines).cmp(&(key(b), &b.zone, &b.lines))
    });
    let kinds = orders.chunk_by(|(a, _), (b, _)| a.same(b));
    let weight = |same: &[(&Sampled, f64)]| same.iter().map(|(_, weight)| weight).sum();
    kinds.map(|same| Kind { order: same[0].0, count: same.len() as u32, weight: weight(same) }).collect()
}

/// What a lesson knows of a SKU.
struct SkuFacts {
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
struct Ground {
    skus: HashMap<SkuId, SkuFacts, foldhash::fast::RandomState>,
    cells: Vec<CellState>,
    /// SKU and warehouse of each cell; those of a SKU stand together.
    keys: Vec<(SkuId, WarehouseId)>,
    /// When the next receipt of a cell is announced, if it is.
    announced: Vec<Option<Time>>,
}

impl Ground {
    /// Looks at the stock of every SKU that the orders name.
    fn survey(engine: &Engine, config: &Config, orders: &[Kind<'_>]) -> Ground {
        let mut named: Vec<(SkuId, u32)> = Vec::new();
        for kind in orders {
            named.extend(kind.order.lines.iter().map(|(sku, _)| (*sku, kind.count)));
        }
        named.sort_unstable();
        let mut ground =
            Ground { skus: HashMap::default(), cells: Vec::new(), keys: Vec::new(), announced: Vec::new() };
        for same in named.chunk_by(|(a, _), (b, _)| a == b) {
            let (sku, often) = (same[0].0, same.iter().map(|(_, count)| count).sum::<u32>() >= SEEN_LEAST);
            let known = engine.skus.code(sku).and_then(|code| engine.skus.find(&code));
            let Some(known) = known else { continue };
            let mut facts = SkuFacts {
                weight_g: known.weight_g.unwrap_or(config.rules.default_weight_g),
                category: known.category,
                places: Vec::new(),
            };
            engine.door.with_stock(StockShard::of(sku), |shard| {
                for cell in shard.sku(sku).cells().iter().filter(|cell| !config.is_unlimited(cell.warehouse())) {
                    ground.look(sku, cell, often, config, &mut facts);
                }
            });
            ground.skus.insert(sku, facts);
        }
        ground
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

    /// Says of each cell how long it has to last: until what is announced, or until the next delivery is to be expected.
    fn date(&mut self, rules: &PriceRules, now: Time, since: Time, receipts: &Mutex<Receipts>) {
        let soon = Span(rules.cover.0 / LATE);
        let receipts = receipts.lock();
        for ((cell, key), announced) in self.cells.iter_mut().zip(&self.keys).zip(&self.announced) {
            let last = receipts.get(key).copied().unwrap_or(Delivery { at: since, after: None });
            let next = announced.unwrap_or(last.next(rules.cover));
            cell.until = if next > now { next.since(now) } else { soon }.0 as f64;
        }
    }

    /// The case of an order: a routing problem in which every warehouse has all or nothing of a line.
    fn pose(&self, config: &Config, order: &Sampled, rate: f64) -> Option<Case> {
        let pools = &config.rules.channel(order.channel)?.pools;
        let facts: Vec<&SkuFacts> =
            order.lines.iter().map(|(sku, _)| self.skus.get(sku)).collect::<Option<Vec<_>>>()?;
        let zone = order.zone.as_ref().map(Code::as_str);
        let lanes = config.rules.lanes(zone);
        let category = facts[0].category.as_ref().filter(|c| facts.iter().all(|f| f.category.as_ref() == Some(*c)));
        let mut case = Case { rate, ..Case::default() };
        let problem = &mut case.problem;
        let wanted = order.lines.iter().zip(&facts);
        problem.lines.extend(wanted.map(|((_, units), f)| DemandLine { units: *units, weight_g: f.weight_g }));
        problem.weights = config.rules.weights(order.channel, zone, category.map(Code::as_str));
        problem.kg_step_g = config.rules.kg_step_g;
        problem.max_parcels = order.max_parcels;
        let carries = |place: &Place| place.pools.iter().any(|pool| pools.contains(pool));
        let mut sites: Vec<WarehouseId> = config.unlimited.clone();
        for place in facts.iter().flat_map(|f| &f.places).filter(|place| carries(place)) {
            sites.push(place.warehouse);
        }
        sites.sort_unstable();
        sites.dedup();
        let mut bounded = true;
        for warehouse in sites {
            let site = problem.sites.len() as u16;
            let allowed = lanes.from(warehouse).iter().filter(|lane| order.carrier.is_none_or(|c| c == lane.carrier));
            let before = problem.lanes.len();
            problem.lanes.extend(allowed.map(|lane| Lane {
                site,
                carrier: lane.carrier,
                rate: lane.rate,
                ceiling: lane.ceiling,
                penalty: lane.penalty.0,
            }));
            if problem.lanes.len() == before {
                continue;
            }
            problem.sites.push(warehouse);
            let unlimited = config.is_unlimited(warehouse);
            bounded &= !unlimited;
            for ((_, units), facts) in order.lines.iter().zip(&facts) {
                let place = facts.places.iter().find(|place| place.warehouse == warehouse && carries(place));
                let has = unlimited || place.is_some();
                problem.stock.push(if has { *units } else { 0 });
                case.cells.push(place.filter(|_| !unlimited).map_or(NO_CELL, |place| place.cell));
            }
        }
        if problem.weights.balance != 0 {
            balance(&mut case, &facts);
        }
        if bounded {
            outside_option(&mut case);
        }
        (!case.problem.lanes.is_empty()).then_some(case)
    }

    /// The prices as a table, less what all warehouses of a SKU ask.
    fn table(&mut self, version: u64) -> Table {
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

/// What balance adds to each unit, as planning does it: see the model page of the documentation.
fn balance(case: &mut Case, facts: &[&SkuFacts]) {
    let problem = &case.problem;
    let units = |site: usize, line: usize| {
        let place = facts[line].places.iter().find(|place| place.warehouse == problem.sites[site]);
        place.filter(|_| problem.stock_at(site, line) > 0).map_or(0, |place| place.units)
    };
    let (sites, lines) = (problem.sites.len(), facts.len());
    case.base = vec![0; sites * lines];
    for line in 0..lines {
        let most = (0..sites).map(|site| units(site, line)).max().unwrap_or(0);
        for site in (0..sites).filter(|&site| units(site, line) > 0) {
            case.base[site * lines + line] = problem.weights.weigh_scarcity(scarcity(units(site, line), most));
        }
    }
}
