//! The multi-item fulfilment test, run by the engine and by the policies it is compared with.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::routing::Router;
use stockade_core::time::Span;

use super::instance::{Instance, Shape};
use super::lagrangian::{bound_of, problem};
use super::linear::Linear;
use super::policies::{Policy, drawn};
use super::rounding::Rounding;
use super::shop::{DROP, Shop, Tally, code};
use super::table::{Row, Table};

/// A period of the test, in which one order may come.
const PERIOD: Span = Span::from_mins(1);

/// Type and city of every period.
type Season = [(usize, usize)];

/// What a row of the table compares.
#[derive(Clone, Copy, Debug)]
struct Comparison<'a> {
    /// The set of instances.
    set: &'a str,
    /// The policy.
    policy: &'a str,
    /// The reference that costs are divided by.
    against: &'a str,
}

/// How the engine plays a season.
#[derive(Clone, Copy, Debug)]
struct Play {
    name: &'static str,
    /// The horizon given to price training, as a share of the true one; `None` switches prices off.
    horizon: Option<f64>,
    /// Whether prices may send an order to the drop-shipper although own stock could serve it.
    pass_over_own: bool,
}

const OFF: Play = Play { name: "**Stockade**, prices off", horizon: None, pass_over_own: false };
const FREE: Play = Play { name: "**Stockade**, prices, drop-shipper free", horizon: Some(1.0), pass_over_own: true };
const OWN: Play = Play { name: "**Stockade**, prices, own stock first", horizon: Some(1.0), pass_over_own: false };

const PLAYS: [Play; 7] = [
    OFF,
    FREE,
    OWN,
    Play { name: "... free, horizon × 1.25", horizon: Some(1.25), ..FREE },
    Play { name: "... free, horizon × 0.8", horizon: Some(0.8), ..FREE },
    Play { name: "... own first, horizon × 1.25", horizon: Some(1.25), ..OWN },
    Play { name: "... own first, horizon × 0.8", horizon: Some(0.8), ..OWN },
];

/// The instances of `ma2022/`.
pub(super) fn stored(data: &Path, table: &mut Table) -> Result<(), String> {
    let instances: Result<Vec<Instance>, String> =
        (1..=5).map(|n| Instance::read(&data.join(format!("ma2022/instance_{n:02}.json.gz")))).collect();
    let mut instances = instances?;
    let programmes: Vec<Linear> = instances.iter().map(Linear::solve).collect::<Result<_, _>>()?;
    for (instance, linear) in instances.iter_mut().zip(&programmes) {
        let stored = instance.bound.unwrap_or(linear.bound);
        if (linear.bound / stored - 1.0).abs() > 1e-6 {
            return Err(format!("the stored bound is {stored}, the one found here {}", linear.bound));
        }
        instance.bound = Some(stored);
    }
    compare("stored", &instances, &programmes, table)
}

/// Instances generated from seeds.
pub(super) fn fresh(_data: Option<&Path>, seeds: Range<u64>, table: &mut Table) -> Result<(), String> {
    let set = format!("fresh {}-{}", seeds.start, seeds.end - 1);
    let mut instances: Vec<Instance> = seeds.map(|seed| Shape::small().draw(seed)).collect();
    let programmes: Vec<Linear> = instances.iter().map(Linear::solve).collect::<Result<_, _>>()?;
    for (instance, linear) in instances.iter_mut().zip(&programmes) {
        instance.bound = Some(linear.bound);
    }
    compare(&set, &instances, &programmes, table)
}

/// The large network: one instance, one season.
pub(super) fn large(data: Option<&Path>, seed: u64, quick: bool, table: &mut Table) -> Result<(), String> {
    let horizon = if quick { 10_000 } else { 100_000 };
    let mut instance = Shape::large(data, seed, horizon)?.draw(seed);
    instance.bound = Some(bound_of(&instance, if quick { 30 } else { 150 }));
    let instances = [instance];
    for policy in Policy::LIVE {
        policy_row("large", "Lagrangian", policy, &instances, table)?;
    }
    PLAYS.iter().try_for_each(|play| play_row("large", "Lagrangian", *play, &instances, table))
}

fn compare(set: &str, instances: &[Instance], programmes: &[Linear], table: &mut Table) -> Result<(), String> {
    for policy in Policy::LIVE {
        policy_row(set, "DLP", policy, instances, table)?;
    }
    for rounding in Rounding::ALL {
        let season =
            |at: usize, season: &Season, seed| Ok(rounding.cost(&instances[at], season, &programmes[at], seed));
        row(Comparison { set, policy: rounding.name(), against: "DLP" }, instances, season, table)?;
    }
    PLAYS.iter().try_for_each(|play| play_row(set, "DLP", *play, instances, table))
}

fn policy_row(
    set: &str,
    against: &str,
    policy: Policy,
    instances: &[Instance],
    table: &mut Table,
) -> Result<(), String> {
    let season = |at: usize, season: &Season, _| live_season(&instances[at], season, policy);
    row(Comparison { set, policy: policy.name(), against }, instances, season, table)
}

/// Adds the row of a policy; `season` returns the cost of one season of one instance.
fn row(
    comparison: Comparison<'_>,
    instances: &[Instance],
    season: impl Fn(usize, &Season, u64) -> Result<f64, String>,
    table: &mut Table,
) -> Result<(), String> {
    let mut pairs = Vec::with_capacity(instances.len());
    for (at, instance) in instances.iter().enumerate() {
        let mut cost = 0.0;
        for (seed, arrivals) in (1..).zip(&instance.arrivals) {
            cost += season(at, arrivals, seed)?;
        }
        pairs.push((cost / instance.arrivals.len() as f64, instance.bound.unwrap_or(f64::NAN)));
    }
    let Comparison { set, policy, against } = comparison;
    table.add(&Row { set, policy, pairs: &pairs, against, decision: None, note: String::new() });
    Ok(())
}

/// Cost of a season when each order is planned with the stock on hand.
fn live_season(instance: &Instance, season: &Season, policy: Policy) -> Result<f64, String> {
    let (mut stock, mut router, mut micros) = (instance.stock.clone(), Router::new(), 0);
    for &(kind, city) in season {
        let items = &instance.types[kind];
        if items.is_empty() {
            continue;
        }
        let problem = problem(instance, items, city, |warehouse, item| stock[warehouse][item]);
        policy.plan(&problem, &mut router)?;
        micros += router.solution().score;
        for (site, line, units) in drawn(&problem, router.solution()) {
            if let Some(row) = stock.get_mut(problem.sites[site].index()) {
                row[items[line]] -= units;
            }
        }
    }
    Ok(micros as f64 / Money::MICROS_PER_UNIT as f64)
}

fn play_row(set: &str, against: &str, play: Play, instances: &[Instance], table: &mut Table) -> Result<(), String> {
    let mut tallies = Vec::with_capacity(instances.len());
    for instance in instances {
        let seasons = instance.arrivals.iter().map(|season| play_season(instance, season, play));
        tallies.push(seasons.sum::<Result<Tally, String>>()?);
    }
    let pair = |(tally, instance): (&Tally, &Instance)| {
        (tally.cost / instance.arrivals.len() as f64, instance.bound.unwrap_or(f64::NAN))
    };
    let pairs: Vec<(f64, f64)> = tallies.iter().zip(instances).map(pair).collect();
    let all: Tally = tallies.into_iter().sum();
    let decision = Some(all.decision());
    table.add(&Row { set, policy: play.name, pairs: &pairs, against, decision, note: all.note() });
    Ok(())
}

/// Plays one season, order by order.
fn play_season(instance: &Instance, season: &Season, play: Play) -> Result<Tally, String> {
    let skus: Vec<(Code, u32)> = (0..instance.items).map(|item| (sku(item), 0)).collect();
    let mut shop = Shop::open(&world(instance, play), &skus)?;
    for (warehouse, row) in instance.stock.iter().enumerate() {
        shop.receive(&site(instance, warehouse), row.iter().enumerate().map(|(item, &units)| (sku(item), units)))?;
    }
    for (period, &(kind, city)) in (0u64..).zip(season) {
        let items = &instance.types[kind];
        if !items.is_empty() {
            shop.set_clock(Span(PERIOD.0 * period));
            shop.order(&zone(city), items.iter().map(|&item| (sku(item), 1)))?;
        }
    }
    if shop.tally.refused > 0 {
        return Err(format!("{} orders were refused, though the drop-shipper has everything", shop.tally.refused));
    }
    Ok(shop.tally)
}

fn world(instance: &Instance, play: Play) -> String {
    let mut text = "currency = \"USD\"\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n".to_owned();
    if let Some(factor) = play.horizon {
        let cover = (instance.horizon as f64 * factor) as u64;
        let _ = write!(
            text,
            "[prices]\ncover = \"{cover}m\"\nhistory = \"{}m\"\nsample = 4000\nrecompute_every = \"{}m\"\npass_over_own = {}\n",
            cover / 2,
            (instance.horizon / 100).max(1),
            play.pass_over_own
        );
    }
    for warehouse in 0..=instance.warehouses {
        let unlimited = warehouse == instance.dummy();
        let from = site(instance, warehouse);
        let _ = write!(text, "[[warehouse]]\ncode = \"{from}\"\nunlimited = {unlimited}\n");
        for city in 0..instance.cities {
            let (parcel, unit) = (instance.fixed[warehouse][city], instance.unit[warehouse][city]);
            let _ = write!(
                text,
                "[[rate]]\ncarrier = \"X\"\nfrom = \"{from}\"\nto = \"{}\"\nparcel = \"{parcel:.6}\"\nunit = \"{unit:.6}\"\n",
                zone(city)
            );
        }
    }
    text
}

fn site(instance: &Instance, warehouse: usize) -> Code {
    if warehouse == instance.dummy() { code(DROP) } else { code(&format!("W{warehouse}")) }
}

fn zone(city: usize) -> Code {
    code(&format!("C{city}"))
}

fn sku(item: usize) -> Code {
    code(&format!("S{item}"))
}
