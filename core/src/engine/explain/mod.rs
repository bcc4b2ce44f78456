//! Decisions read back from the history and computed again, exactly as they were decided.
//!
//! What a decision depended on stands in three places: its event (demand, wishes, stock as seen), the rules of its version
//! (events as well, found by [`Past`]), and the weights and categories its SKUs had then.

mod gap;

use std::sync::Arc;

use crate::catalog::Config;
use crate::decision::{CostParts, Decision, PlannedSub, PriceSeen, SubKind, is_proven};
use crate::engine::outcome::{Decided, Outcome, Refusal, invalid, unknown_order};
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::scratch::{Scratch, with_scratch};
use crate::engine::plan::solve::Planned;
use crate::engine::store::Engine;
use crate::engine::transact::body::{DECIDING, Decisions, Scope};
use crate::event::{Envelope, Event, OrderPlaced};
use crate::explain::{Alternatives, Scene, parts, warehouses};
use crate::ids::{Code, RulesVersion, Seq, WarehouseId};
use crate::log::decode_envelope;
use crate::log::{Batch, History, JournalError};
use crate::money::Money;
use crate::orders::What;
use crate::prices::Table;
use crate::query::Explain;
use crate::reject::Reject;
use crate::reply::{
    Candidate, CandidateParcel, DecisionRef, Explanation, PriceView, Reply, ShipsSeen, SplitSeen, WeightsSeen, Wishes,
};
use crate::routing::{ParcelPlan, Problem, SplitRules};
use crate::units::Units;

pub use gap::Gap;

/// A decision as the history holds it.
pub(in crate::engine) struct Journaled {
    placed: Box<OrderPlaced>,
    pub decision: Decision,
    /// The warehouse that was left out because units were missing there.
    without: Option<WarehouseId>,
    /// Whether all of the order was served, under the channel's rules on splits.
    whole: bool,
    /// The parcels that the order's limit left for a part of it; none in particular when it did not hold.
    most: Option<u16>,
    /// Parcels that were left to it by the order's other parts, under the order's own bound.
    taken: u16,
    /// Whether it placed the order.
    first: bool,
}

/// A decision to be explained, among all those of its order.
struct Chosen {
    journaled: Journaled,
    /// Its event.
    seq: Seq,
    /// Which of the decisions it is, from 1.
    no: u16,
    decisions: Vec<DecisionRef>,
}

impl Engine {
    /// Why an order ships the way it does, computed again from what `history` holds. Reads the journal, so it is not for
    /// the hot path.
    ///
    /// The outcome is refused as unavailable when the history does not hold the decision yet, or not any more.
    pub fn explain(&self, ask: &Explain, history: &dyn History) -> Outcome {
        self.explained(ask, history).into()
    }

    fn explained(&self, ask: &Explain, history: &dyn History) -> Decided {
        let decisions = self.decisions(ask, history)?;
        let count = decisions.len();
        // The first part of what was decided last, when none is named.
        let last = decisions.last().map(|(decision, _)| decision.seq);
        let first = decisions.iter().position(|(decision, _)| Some(decision.seq) == last).map_or(0, |at| at + 1);
        let no = ask.decision.map_or(first, usize::from);
        let Some((chosen, part)) = no.checked_sub(1).and_then(|at| decisions.get(at)) else {
            let reason = format!("the order has decisions 1 to {count}, not {no}");
            return Err(invalid("decision", reason).into());
        };
        let journaled = journaled(read(history, decisions[0].0.seq)?, read(history, chosen.seq)?, *part)?;
        let config = self.config_of(journaled.decision.rules_version, history)?;
        let seq = chosen.seq;
        let decisions = decisions.into_iter().map(|(decision, _)| decision).collect();
        let no = u16::try_from(no).unwrap_or(u16::MAX);
        let chosen = Chosen { journaled, seq, no, decisions };
        let explanation = with_scratch(self.work, |scratch| self.rebuild(chosen, &config, scratch));
        Ok((Reply::Explained(Box::new(explanation)), seq))
    }

    /// Everything that decided how the order ships, in history order, each with its place among those of its event.
    fn decisions(&self, ask: &Explain, history: &dyn History) -> Result<Vec<(DecisionRef, usize)>, Refusal> {
        let (number, place) = self.locate(&ask.order)?;
        let config = self.config()?;
        let mut found = self.door.with_orders(number, |shard| {
            let order = place.find(shard).ok_or_else(|| unknown_order(&ask.order))?;
            let (seq, at, ships) = (order.placed, order.placed_at, Vec::new());
            let first = DecisionRef { seq, what: Event::name_of::<Box<OrderPlaced>>().to_owned(), at, ships };
            let later = order.timeline().filter(|m| may_decide(m.what));
            let later = later.map(|m| {
                let (what, ships) = (Event::name_on_timelines(m.what).to_owned(), Vec::new());
                DecisionRef { seq: m.seq, what, at: m.arrived, ships }
            });
            Ok::<_, Refusal>(std::iter::once(first).chain(later).collect::<Vec<_>>())
        })?;
        let mut kept = Vec::with_capacity(found.len());
        for decision in found.drain(..) {
            let event = read(history, decision.seq)?.event;
            for (part, (held, is_ahead)) in held(&event.decisions()).into_iter().enumerate() {
                let what = if is_ahead { PRESALE.to_owned() } else { decision.what.clone() };
                let ships = held.subs.iter().map(|sub| self.ships(sub, &config)).collect();
                kept.push((DecisionRef { what, ships, ..decision.clone() }, part));
            }
        }
        Ok(kept)
    }

    fn ships(&self, sub: &PlannedSub, config: &Config) -> ShipsSeen {
        let mut lines: Vec<(Code, Units)> = Vec::with_capacity(sub.lines.len());
        for line in &sub.lines {
            let sku = self.sku_code(line.sku);
            match lines.iter_mut().find(|(known, _)| *known == sku) {
                Some((_, units)) => *units = units.saturating_add(line.units),
                None => lines.push((sku, line.units)),
            }
        }
        ShipsSeen {
            warehouse: config.codes.of_warehouse(sub.warehouse),
            carrier: config.codes.of_carrier(sub.carrier),
            due: if let SubKind::Presale(day) = sub.kind { Some(day) } else { None },
            lines,
        }
    }

    /// The world and rules of a version, from memory or from the history.
    pub(in crate::engine) fn config_of(
        &self,
        version: RulesVersion,
        history: &dyn History,
    ) -> Result<Arc<Config>, Refusal> {
        if let Some(present) = self.config.load_full().filter(|config| config.version() == version) {
            return Ok(present);
        }
        let lost = |what: String| Reject::Unavailable { reason: format!("rules version {version}: {what}") };
        let (world, rules) =
            self.past.sources(version).ok_or_else(|| lost("no event of this history put it in force".to_owned()))?;
        let Event::WorldApplied(event) = read(history, world)?.event else {
            return Err(lost(format!("event {world} is not a world")).into());
        };
        let mut config = Config::from_world(&event, world).map_err(|e| lost(e.to_string()))?;
        if let Some(seq) = rules {
            let Event::RulesApplied(event) = read(history, seq)?.event else {
                return Err(lost(format!("event {seq} is not a rules file")).into());
            };
            config = config.with_rules(&event, seq).map_err(|e| lost(e.to_string()))?;
        }
        Ok(Arc::new(config))
    }

    /// Solves the decision's problem again and looks around it.
    fn rebuild(&self, chosen: Chosen, config: &Config, scratch: &mut Scratch) -> Explanation {
        let Chosen { journaled, seq, no, decisions } = chosen;
        let Journaled { placed, decision, .. } = &journaled;
        let demand = self.demand_of(&journaled, config, seq);
        let differs = solve_again(&demand, config, decision, scratch);
        if decision.prices.is_empty() {
            scratch.write_out(&demand, config);
        }
        let skus: Vec<Code> = demand.lines.iter().map(|line| line.code.clone()).collect();
        let seen: Vec<Vec<(WarehouseId, u64)>> =
            (0..skus.len()).map(|line| scratch.view.cells(line).to_vec()).collect();
        let chosen = chosen_parcels(decision, &demand, scratch);
        let proven = is_proven(decision.score, decision.bound);
        let problem = &scratch.problem;
        let open = with_outside(problem, &seen, config);
        let decided = crate::explain::Decided { problem, open: &open, split: &demand.split, chosen: &chosen, proven };
        let found = decided.alternatives(&mut scratch.router);
        let scene = Scene {
            rules: &config.rules,
            codes: &config.codes,
            zone: demand.zone,
            carrier: demand.carrier,
            without: journaled.without,
            problem,
            skus: &skus,
            seen: &seen,
        };
        let (warehouses, empty) = warehouses(&scene, &found);
        let weights = problem.weights;
        Explanation {
            order: placed.order,
            channel: config.codes.of_channel(placed.channel),
            number: placed.number.clone(),
            asked: Wishes {
                zone: demand.zone.cloned(),
                carrier: demand.carrier.map(|carrier| config.codes.of_carrier(carrier)),
                ship_complete: demand.ship_complete,
                max_parcels: demand.max_parcels,
                split: split_seen(&demand),
                lines: demand.lines.iter().map(|line| (line.code.clone(), line.units)).collect(),
            },
            decisions,
            no,
            rules_version: decision.rules_version,
            weights: WeightsSeen {
                money: Money(weights.money),
                time: Money(weights.time),
                balance: Money(weights.balance),
            },
            score: decision.score,
            bound: decision.bound,
            proven,
            differs,
            candidates: candidates(&scene, &found, &price_of_draws(decision, &demand, scene.problem)),
            prices: decision.prices.iter().map(|price| self.price_view(price, config)).collect(),
            warehouses,
            empty,
        }
    }

    fn price_view(&self, price: &PriceSeen, config: &Config) -> PriceView {
        let (sku, warehouse) = (self.sku_code(price.sku), config.codes.of_warehouse(price.warehouse));
        PriceView { sku, warehouse, price: Money(price.micros) }
    }

    /// The demand as it was: what was wanted stands in the decision, what a SKU weighed then in the catalog.
    pub(in crate::engine) fn demand_of<'a>(&self, journaled: &'a Journaled, config: &Config, seq: Seq) -> Demand<'a> {
        let Journaled { placed, decision, whole, most, first, taken, .. } = journaled;
        let mut lines = Vec::with_capacity(decision.seen.len());
        let mut category: Option<Option<Code>> = None;
        for seen in &decision.seen {
            let sku = self.skus.at(seen.sku, seq);
            let own = sku.as_ref().and_then(|sku| sku.category.clone());
            let weight_g = sku.and_then(|sku| sku.weight_g).unwrap_or(config.rules.default_weight_g);
            lines.push(Wanted { sku: seen.sku, code: self.sku_code(seen.sku), units: seen.wanted, weight_g });
            category =
                Some(category.map_or(own.clone(), |common| common.filter(|common| Some(common) == own.as_ref())));
        }
        Demand {
            channel: placed.channel,
            zone: placed.zone.as_ref(),
            carrier: placed.carrier,
            ship_complete: placed.ship_complete && (*whole || most.is_some()),
            max_parcels: if *whole { placed.max_parcels.map(|most| most.saturating_sub(*taken)) } else { *most },
            split: config.rules.channel(placed.channel).filter(|_| *whole).map(|c| c.split).unwrap_or_default(),
            pools: &[],
            category: category.flatten().filter(|_| *first),
            lines,
        }
    }
}

/// What a decision over goods that are yet to come is called among others.
const PRESALE: &str = "presale";

/// Whether what happened may have decided how the order ships.
fn may_decide(what: What) -> bool {
    matches!(what, What::Event(kind) if DECIDING.contains(&(kind, true)))
}

/// The decisions that an event holds and that ship anything, and whether each is about goods that are yet to come.
fn held<'a>(decisions: &Decisions<'a>) -> Vec<(&'a Decision, bool)> {
    let here = decisions.here.filter(|decision| !decision.subs.is_empty()).map(|decision| (decision, false));
    here.into_iter().chain(decisions.ahead.iter().map(|decision| (decision, true))).collect()
}

/// One event of the history, wholly checked.
pub(in crate::engine) fn read(history: &dyn History, seq: Seq) -> Result<Envelope, Reject> {
    let unavailable = |reason: String| Reject::Unavailable { reason };
    let bytes = history.batch(seq).map_err(|error| match error {
        JournalError::Unavailable { reason } => unavailable(reason),
        error => unavailable(error.to_string()),
    })?;
    let batch = Batch::decode(&bytes).map_err(|e| unavailable(format!("the batch with event {seq}: {e}")))?;
    let found = batch.events().find(|(number, _)| *number == seq);
    let (_, event) =
        found.ok_or_else(|| unavailable(format!("event {seq} is not in the batch that should hold it")))?;
    decode_envelope(event).map_err(|e| unavailable(format!("event {seq}: {e}")))
}

/// A decision out of its event: the one at `part` among those it holds. `first` placed the order.
pub(in crate::engine) fn journaled(first: Envelope, chosen: Envelope, part: usize) -> Result<Journaled, Refusal> {
    let odd = |event: &Event| Reject::Unavailable { reason: format!("{} holds no decision", event.name()) };
    let placed = if let Event::OrderPlaced(placed) = first.event {
        placed
    } else if let Event::OrderPromised(promised) = first.event {
        Box::new(promised.placed)
    } else {
        return Err(odd(&first.event).into());
    };
    let decided = chosen.event.decisions();
    let decisions = held(&decided);
    let Some(&(decision, is_ahead)) = decisions.get(part) else {
        return Err(odd(&chosen.event).into());
    };
    // What is on hand leaves one parcel to what is yet to come.
    let before = decisions[..part].iter().map(|(decision, _)| decision.subs.len()).sum::<usize>();
    let taken = if !decided.ahead.is_empty() && !is_ahead { 1 } else { before };
    let taken = u16::try_from(taken).unwrap_or(u16::MAX);
    let (whole, first) = (decided.scope != Scope::Part, decided.scope == Scope::New);
    let (without, most) = (decided.without, decided.most);
    Ok(Journaled { placed, decision: decision.clone(), without, whole, most, taken, first })
}

/// What the rules asked of a split of this order, if anything.
fn split_seen(demand: &Demand<'_>) -> Option<SplitSeen> {
    let total = demand.lines.iter().map(|line| line.units.0).sum();
    let SplitRules { saving, sent, left } = demand.split;
    let seen = SplitSeen { saving: Money(saving), sent: Units(sent.of(total)), left: Units(left.of(total)) };
    (!demand.split.is_free()).then_some(seen)
}

/// The prices of stock that a decision saw, if it saw any.
pub(in crate::engine) fn prices_seen(decision: &Decision) -> Option<Table> {
    (!decision.prices.is_empty()).then(|| Table::new(0, decision.prices.clone()))
}

/// Plans once more over what was seen, and says what came out differently.
fn solve_again(demand: &Demand<'_>, config: &Config, decision: &Decision, scratch: &mut Scratch) -> Option<String> {
    scratch.view.recall(&decision.seen, config);
    if let Planned::No(reject) = scratch.plan(demand, config, prices_seen(decision).as_ref()) {
        return Some(format!("no plan was found: {reject}"));
    }
    let solution = scratch.router.solution();
    let (score, bound) = (Money(solution.score), Money(solution.bound));
    if (score, bound) != (decision.score, decision.bound) {
        let journaled = format!("score {} and bound {} were journaled", decision.score, decision.bound);
        return Some(format!("{journaled}, {score} and {bound} came out"));
    }
    let again = scratch.router.solution().parcels.clone();
    let same = again == chosen_parcels(decision, demand, scratch);
    (!same).then(|| "another plan of the same score came out".to_owned())
}

/// The journaled plan as parcels on the lanes of the problem. A lane the rules no longer know is left out.
fn chosen_parcels(decision: &Decision, demand: &Demand<'_>, scratch: &Scratch) -> Vec<ParcelPlan> {
    let lane_of = |sub: &PlannedSub| {
        let mut lanes = (0u16..).zip(&scratch.problem.lanes);
        let at = lanes.find(|(_, lane)| {
            lane.carrier == sub.carrier && scratch.problem.sites[usize::from(lane.site)] == sub.warehouse
        });
        at.map(|(at, _)| at)
    };
    let parcel = |sub: &PlannedSub| {
        let mut takes: Vec<(u16, u64)> = Vec::with_capacity(sub.lines.len());
        for drawn in &sub.lines {
            let line = demand.lines.binary_search_by_key(&drawn.sku, |line| line.sku).ok()?;
            let line = u16::try_from(line).ok()?;
            match takes.iter_mut().find(|(known, _)| *known == line) {
                Some((_, units)) => *units += drawn.units.0,
                None => takes.push((line, drawn.units.0)),
            }
        }
        takes.sort_unstable();
        Some(ParcelPlan { lane: lane_of(sub)?, takes, parts: sub.parts, weight_g: sub.weight_g })
    };
    let mut parcels: Vec<ParcelPlan> = decision.subs.iter().filter_map(parcel).collect();
    parcels.sort_by_key(|parcel| parcel.lane);
    parcels
}

/// The problem with all that unlimited warehouses offer: planning leaves them only what own stock does not serve, where the rules
/// put that first.
fn with_outside(problem: &Problem, seen: &[Vec<(WarehouseId, u64)>], config: &Config) -> Problem {
    let mut open = problem.clone();
    let width = problem.lines.len();
    for (site, warehouse) in problem.sites.iter().enumerate().filter(|(_, warehouse)| config.is_unlimited(**warehouse))
    {
        for (line, cells) in seen.iter().enumerate() {
            let offered = cells.iter().find(|(known, _)| known == warehouse).map_or(0, |(_, units)| *units);
            open.stock[site * width + line] = offered.min(problem.lines[line].units);
        }
    }
    open
}

/// What the prices of stock add to each unit drawn, of the shape of the problem's stock; empty without prices.
fn price_of_draws(decision: &Decision, demand: &Demand<'_>, problem: &Problem) -> Vec<i64> {
    if decision.prices.is_empty() {
        return Vec::new();
    }
    let width = demand.lines.len();
    let mut draws = vec![0; problem.stock.len()];
    for price in &decision.prices {
        let site = problem.sites.binary_search(&price.warehouse);
        let line = demand.lines.binary_search_by_key(&price.sku, |line| line.sku);
        if let (Ok(site), Ok(line)) = (site, line) {
            draws[site * width + line] = price.micros;
        }
    }
    draws
}

fn candidates(scene: &Scene<'_>, found: &Alternatives, prices: &[i64]) -> Vec<Candidate> {
    let Some(chosen) = found.plans.first() else { return Vec::new() };
    let rates = |parcel: &ParcelPlan| &scene.problem.lanes[usize::from(parcel.lane)];
    let candidate = |plan: &crate::explain::Alternative| {
        let sum = |of: fn(&CostParts) -> Money| {
            plan.parcels.iter().fold(Money::ZERO, |sum, parcel| sum.saturating_add(of(&parcel.parts)))
        };
        let parcel = |parcel: &ParcelPlan| CandidateParcel {
            warehouse: scene.codes.of_warehouse(scene.problem.sites[usize::from(rates(parcel).site)]),
            carrier: scene.codes.of_carrier(rates(parcel).carrier),
            hours: rates(parcel).rate.hours,
            weight_g: parcel.weight_g,
            cost: parcel.parts.total(),
            lines: parcel.takes.iter().map(|(line, u)| (scene.skus[usize::from(*line)].clone(), Units(*u))).collect(),
        };
        Candidate {
            roles: plan.roles.clone(),
            score: Money(plan.score),
            distance: Money(plan.score - chosen.score),
            proven: plan.proven,
            parts: parts(scene.problem, &plan.parcels, plan.score, prices),
            cost: sum(CostParts::total),
            costs: CostParts {
                parcel: sum(|parts| parts.parcel),
                unit: sum(|parts| parts.unit),
                first_kg: sum(|parts| parts.first_kg),
                further_kg: sum(|parts| parts.further_kg),
            },
            hours: plan.parcels.iter().map(|parcel| rates(parcel).rate.hours).max().unwrap_or(0),
            parcels: plan.parcels.iter().map(parcel).collect(),
        }
    };
    found.plans.iter().map(candidate).collect()
}
