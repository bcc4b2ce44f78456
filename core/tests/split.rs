//! Same warehouse first: when an order may be split over warehouses, and what the proof says then.

mod support;

use std::time::Duration;

use stockade_core::command::*;
use stockade_core::ids::{CarrierId, WarehouseId};
use stockade_core::log::{Journal, MemoryJournal};
use stockade_core::money::Money;
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::routing::{
    Answer, DemandLine, Lane, ParcelPlan, Problem, Rate, Router, SplitRules, Threshold, WORK_DEFAULT, hold_to,
};

use support::{Shop, code, order, order_by, web};

/// Tees lie at `TEES`, mugs at `MUGS`, both at the dear `HUB`.
fn world(policy: &str, live: &str) -> String {
    let mut world = String::from("[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n");
    world += &format!("[[channel]]\ncode = \"live\"\n{live}\n");
    for (warehouse, parcel) in [("TEES", "5"), ("MUGS", "5"), ("HUB", "12")] {
        world += &format!("[[warehouse]]\ncode = \"{warehouse}\"\n[[rate]]\ncarrier = \"X\"\nfrom = \"{warehouse}\"\n");
        world += &format!("to = \"*\"\nparcel = \"{parcel}\"\nhours = 24\n");
    }
    world + "[policy]\n" + policy + "\n"
}

fn shop(policy: &str, live: &str) -> Shop {
    let shop = Shop::with_world(&world(policy, live));
    shop.skus(&["TEE", "MUG"]);
    shop.receive("TEE", "TEES", 100);
    shop.receive("MUG", "MUGS", 100);
    shop
}

fn from(placed: &Placed) -> Vec<String> {
    placed.plan.sub_orders.iter().map(|sub| sub.warehouse.to_string()).collect()
}

fn explain(shop: &Shop, number: &str) -> Explanation {
    let mut journal = MemoryJournal::keeping();
    while let Some(batch) = shop.engine.log().next_batch(Duration::ZERO) {
        journal.append(&batch).unwrap();
    }
    let history = journal.history().unwrap();
    match shop.engine.explain(&Explain { order: web(number), decision: None }, &*history).result.unwrap() {
        Reply::Explained(told) => *told,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_split_has_to_save_what_the_rules_ask() {
    for (saving, split) in [("0", true), ("2", true), ("2.01", false)] {
        let shop = shop(&format!("split_saving = \"{saving}\""), "");
        shop.receive("TEE", "HUB", 10);
        shop.receive("MUG", "HUB", 10);
        let placed = shop.placed(order("1", &[("TEE", 1), ("MUG", 1)]));
        let expected: &[&str] = if split { &["TEES", "MUGS"] } else { &["HUB"] };
        assert_eq!(from(&placed), expected, "two parcels cost 10, one costs 12, a split must save {saving}");
        assert!(placed.plan.proven, "the best under the rules, and proven so");
        shop.check();
    }
}

#[test]
fn without_another_way_an_order_is_split_whatever_it_saves() {
    let shop = shop("split_saving = \"1000000\"", "");
    assert_eq!(from(&shop.placed(order("1", &[("TEE", 1), ("MUG", 1)]))), ["TEES", "MUGS"]);
}

#[test]
fn a_channel_has_rules_of_its_own() {
    let shop = shop("split_saving = \"5\"", "split_saving = \"0\"");
    shop.receive("TEE", "HUB", 10);
    shop.receive("MUG", "HUB", 10);
    assert_eq!(from(&shop.placed(order("1", &[("TEE", 1), ("MUG", 1)]))), ["HUB"]);
    assert_eq!(from(&shop.placed(order_by("live", "1", &[("TEE", 1), ("MUG", 1)]))), ["TEES", "MUGS"]);
    shop.ok(Command::ApplyRules(ApplyRules { text: "[policy]\nsplit_saving = 0\n".to_owned(), expect: None }));
    assert_eq!(
        from(&shop.placed(order("2", &[("TEE", 1), ("MUG", 1)]))),
        ["TEES", "MUGS"],
        "rules change while running"
    );
}

#[test]
fn the_part_sent_and_the_part_left_are_large_enough() {
    let shop = shop("split_sent = 3\nsplit_left = 2", "");
    shop.receive("TEE", "MUGS", 100);
    let placed = shop.placed(order("1", &[("TEE", 9), ("MUG", 1)]));
    assert_eq!(from(&placed), ["MUGS"], "nine and one would be too small a part, and MUGS has all");
    let shop = self::shop("split_sent_share = 0.3", "");
    shop.receive("TEE", "MUGS", 4);
    let placed = shop.placed(order("1", &[("TEE", 9), ("MUG", 1)]));
    let units: Vec<u64> =
        placed.plan.sub_orders.iter().map(|sub| sub.lines.iter().map(|line| line.units.0).sum()).collect();
    assert_eq!(from(&placed), ["TEES", "MUGS"]);
    assert!(units.iter().all(|units| *units >= 3), "tees go with the mug, so that it is three of ten: {units:?}");
    shop.check();
}

#[test]
fn an_order_that_could_only_be_split_too_small_is_refused_by_name() {
    let shop = shop("split_sent = 2", "");
    let refused = shop.no(Command::Place(order("1", &[("TEE", 9), ("MUG", 1)])));
    assert_eq!(refused.code(), "unroutable");
    assert!(refused.to_string().contains("sends at least 2 units"), "{refused}");
}

#[test]
fn the_explanation_shows_the_split_that_was_kept_out() {
    let shop = shop("split_saving = \"3\"", "");
    shop.receive("TEE", "HUB", 10);
    shop.receive("MUG", "HUB", 10);
    shop.placed(order("1", &[("TEE", 1), ("MUG", 1)]));
    let told = explain(&shop, "1");
    assert_eq!(told.differs, None);
    assert_eq!(told.asked.split.map(|rules| rules.saving), Some(Money(3_000_000)));
    let kept_out = told.candidates.iter().find(|plan| plan.roles.contains(&CandidateRole::RuledOut)).unwrap();
    assert_eq!((kept_out.distance, kept_out.parcels.len()), (Money(-2_000_000), 2));
    assert_eq!(kept_out.parcels[0].warehouse, code("TEES"));
}

#[test]
fn split_rules_that_cannot_be_are_refused_with_their_line() {
    let shop = shop("", "");
    for (text, line, part) in [
        ("[policy]\nsplit_sent_share = 0.6\n", 2, "nothing could be split"),
        ("[policy]\n\nsplit_saving = -1\n", 3, "out of bounds"),
        ("[policy]\nsplit_sent = 1.5\n", 2, "split_sent"),
        ("[policy]\nsplit_savings = 1\n", 2, "did you mean `split_saving`"),
    ] {
        let refused = shop.no(Command::ApplyRules(ApplyRules { text: text.to_owned(), expect: None }));
        let said = refused.to_string();
        assert!(said.contains(&format!("line {line}")) && said.contains(part), "{text}: {said}");
    }
}

/// A small generator, so that a failure can be had again by its number.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn drawn(draw: &mut Draw) -> (Problem, SplitRules) {
    let mut problem = Problem { sites: (0..3).map(WarehouseId).collect(), ..Problem::default() };
    problem.lines = (0..2).map(|_| DemandLine { units: 1 + draw.below(4), weight_g: 0 }).collect();
    problem.stock = (0..6).map(|_| draw.below(5)).collect();
    problem.lanes = (0..3)
        .map(|site| {
            let money = |cents| Money(cents as i64 * 10_000);
            let rate = Rate { parcel: money(100 + draw.below(300)), unit: money(draw.below(150)), ..Rate::default() };
            Lane { site, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 }
        })
        .collect();
    let rules = SplitRules {
        saving: draw.below(3) as i64 * 400_000,
        sent: Threshold { units: draw.below(4), share_ppm: 0 },
        left: Threshold { units: draw.below(3), share_ppm: draw.below(2) as u32 * 250_000 },
    };
    (problem, rules)
}

/// Every plan of a drawn problem: units of both lines by site.
fn all_plans(problem: &Problem) -> Vec<[[u64; 3]; 2]> {
    let ways = |line: usize| {
        let mut ways = Vec::new();
        for a in 0..=problem.stock_at(0, line) {
            for b in 0..=problem.stock_at(1, line) {
                let wanted = problem.lines[line].units;
                if a + b <= wanted && wanted - a - b <= problem.stock_at(2, line) {
                    ways.push([a, b, wanted - a - b]);
                }
            }
        }
        ways
    };
    let (first, second) = (ways(0), ways(1));
    first.iter().flat_map(|one| second.iter().map(|two| [*one, *two])).collect()
}

/// Score, and whether it is a split that meets the thresholds (`None`: from one site).
fn judged(problem: &Problem, rules: &SplitRules, plan: &[[u64; 3]; 2]) -> (i64, Option<bool>) {
    let units: Vec<u64> = (0..3).map(|site| plan[0][site] + plan[1][site]).collect();
    let total: u64 = units.iter().sum();
    let used = || (0..3).filter(|&site| units[site] > 0);
    let rate = |site: usize| problem.lanes[site].rate;
    let score = used().map(|site| rate(site).parcel.0 + rate(site).unit.0 * units[site] as i64).sum();
    let fits = used().all(|site| units[site] >= rules.sent.of(total) && total - units[site] >= rules.left.of(total));
    (score, (used().count() > 1).then_some(fits))
}

#[test]
fn every_choice_is_allowed_and_every_bound_is_one() {
    let (mut router, mut split_plans, mut refused, mut best, mut plans) = (Router::new(), 0, 0, 0, 0);
    for seed in 0..3_000 {
        let (problem, rules) = drawn(&mut Draw(seed));
        if router.solve(&problem, WORK_DEFAULT) != Answer::Plan {
            continue;
        }
        let all: Vec<(i64, Option<bool>)> = all_plans(&problem).iter().map(|p| judged(&problem, &rules, p)).collect();
        let one = all.iter().filter(|(_, split)| split.is_none()).map(|(score, _)| *score).min();
        let worth = |score: i64| one.is_none_or(|one| one - score >= rules.saving.max(1));
        let fitting = all.iter().filter(|(score, split)| *split == Some(true) && worth(*score));
        let optimum = fitting.map(|(score, _)| *score).chain(one).min();
        if !hold_to(&rules, &problem, &mut router, WORK_DEFAULT) {
            assert_eq!(optimum, None, "seed {seed}: refused, but there is a plan: {problem:?} {rules:?}");
            refused += 1;
            continue;
        }
        plans += 1;
        let plan = router.solution();
        let optimum = optimum.unwrap_or_else(|| panic!("seed {seed}: no plan is allowed, but {plan:?} came"));
        let sent = |site: u16| plan.parcels.iter().filter(move |p: &&ParcelPlan| p.lane == site);
        let is_split = (0..3).filter(|site| sent(*site).count() > 0).count() > 1;
        split_plans += u32::from(is_split);
        assert!(rules.fits(&problem, &plan.parcels), "seed {seed}: {rules:?} {plan:?}");
        assert!(!is_split || worth(plan.score), "seed {seed}: the split saves too little");
        assert!(plan.bound <= optimum && optimum <= plan.score, "seed {seed}: {optimum} is outside of {plan:?}");
        assert!(!plan.proven || plan.score == optimum, "seed {seed}");
        best += u32::from(plan.score == optimum);
    }
    assert!(split_plans > 200 && refused > 50, "{split_plans} splits and {refused} refusals are too few to tell");
    assert!(best * 100 >= plans * 98, "only {best} of {plans} plans are the best allowed ones");
}

/// Five sites, three lines, little stock and strict thresholds.
fn harsh(draw: &mut Draw) -> (Problem, SplitRules) {
    let mut problem = Problem { sites: (0..5).map(WarehouseId).collect(), ..Problem::default() };
    problem.lines = (0..3).map(|_| DemandLine { units: 1 + draw.below(4), weight_g: 0 }).collect();
    problem.stock = (0..15).map(|_| draw.below(4).saturating_sub(1)).collect();
    let lane = |site| {
        let rate = Rate { parcel: Money(1_000_000 + draw.below(9) as i64), ..Rate::default() };
        Lane { site, carrier: CarrierId(0), rate, ceiling: None, penalty: 0 }
    };
    problem.lanes = (0..5).map(lane).collect();
    let (sent, left) = (2 + draw.below(4), draw.below(8));
    let threshold = |units| Threshold { units, share_ppm: 0 };
    (problem, SplitRules { saving: 0, sent: threshold(sent), left: threshold(left) })
}

/// Whether any plan meets the thresholds, by writing out how many units of each line every site could send.
fn any_fits(problem: &Problem, rules: &SplitRules, line: usize, sends: [u64; 5]) -> bool {
    let total: u64 = problem.lines.iter().map(|line| line.units).sum();
    if line == problem.lines.len() {
        let used = || sends.iter().filter(|units| **units > 0);
        return used().count() == 1
            || used().all(|units| *units >= rules.sent.of(total) && total - units >= rules.left.of(total));
    }
    fn ways(problem: &Problem, line: usize, site: usize, left: u64, sends: [u64; 5], each: &mut impl FnMut([u64; 5])) {
        if site == 5 {
            return if left == 0 {
                each(sends)
            };
        }
        for units in 0..=left.min(problem.stock_at(site, line)) {
            let mut sends = sends;
            sends[site] += units;
            ways(problem, line, site + 1, left - units, sends, each);
        }
    }
    let mut found = false;
    ways(problem, line, 0, problem.lines[line].units, sends, &mut |sends| {
        found = found || any_fits(problem, rules, line + 1, sends);
    });
    found
}

#[test]
fn no_order_is_refused_that_could_be_split_by_the_rules() {
    let (mut router, mut kept, mut refused) = (Router::new(), 0, 0);
    for seed in 0..4_000 {
        let (problem, rules) = harsh(&mut Draw(seed));
        if router.solve(&problem, WORK_DEFAULT) != Answer::Plan || rules.fits(&problem, &router.solution().parcels) {
            continue;
        }
        let held = hold_to(&rules, &problem, &mut router, WORK_DEFAULT);
        assert_eq!(held, any_fits(&problem, &rules, 0, [0; 5]), "seed {seed}: {problem:?} {rules:?}");
        *(if held { &mut kept } else { &mut refused }) += 1;
    }
    assert!(kept > 100 && refused > 100, "{kept} splits and {refused} refusals are too few to tell");
}

#[test]
fn a_warehouse_far_down_the_list_is_not_taken_for_one_at_its_top() {
    let mut world = String::from("[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n");
    for number in 0..70 {
        // The later ones are the cheapest, and have nothing.
        let parcel = 100 - number;
        world += &format!("[[warehouse]]\ncode = \"W{number}\"\n[[rate]]\ncarrier = \"X\"\nfrom = \"W{number}\"\n");
        world += &format!("to = \"*\"\nparcel = \"{parcel}\"\nhours = 24\n");
    }
    let shop = Shop::with_world(&world);
    shop.skus(&["TEE"]);
    shop.receive("TEE", "W5", 10);
    assert_eq!(from(&shop.placed(order("1", &[("TEE", 1)]))), ["W5"]);
    shop.receive("TEE", "W69", 10);
    assert_eq!(from(&shop.placed(order("2", &[("TEE", 1)]))), ["W69"]);
    shop.check();
}
