//! Why an order ships the way it does, told from the history as it was decided.

mod support;

use std::sync::Arc;
use std::time::Duration;

use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::log::{Batch, History, Journal, MemoryJournal};
use stockade_core::money::Money;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span};
use stockade_core::units::Units;
use stockade_core::wire::codec::decode_envelope;

use support::{Shop, code, line, order, web};

/// Six warehouses, of which four cannot serve the zone `Z` or not as well as the others.
const WORLD: &str = r#"
currency = "CNY"
default_weight_g = 500
kg_step_g = 1000
[[warehouse]]
code = "NEAR"
[[warehouse]]
code = "FAR"
[[warehouse]]
code = "BANNED"
[[warehouse]]
code = "UNRATED"
[[warehouse]]
code = "DEAR"
[[warehouse]]
code = "EMPTY"
[[carrier]]
code = "X"
[[carrier]]
code = "F"
[[channel]]
code = "web"
[[rate]]
carrier = "X"
from = "NEAR"
to = "*"
parcel = "5"
hours = 24
[[rate]]
carrier = "X"
from = "FAR"
to = "*"
parcel = "6"
hours = 72
[[rate]]
carrier = "X"
from = "BANNED"
to = "*"
parcel = "1"
hours = 24
[[rate]]
carrier = "X"
from = "EMPTY"
to = "*"
parcel = "1"
hours = 24
[[rate]]
carrier = "F"
from = "DEAR"
to = "*"
parcel = "9"
hours = 12
[[ban]]
warehouse = "BANNED"
zone = "Z"
[[ceiling]]
carrier = "F"
above = "8"
[policy]
w_money = 1.0
w_time = 0.01
"#;

/// What the shop's journal would hold, to be read back.
struct Kept(MemoryJournal);

impl Kept {
    fn new() -> Kept {
        Kept(MemoryJournal::keeping())
    }

    fn history(&mut self, engine: &Engine) -> Arc<dyn History> {
        while let Some(batch) = engine.log().next_batch(Duration::ZERO) {
            self.0.append(&batch).unwrap();
            engine.log().journaled(batch.last);
        }
        self.0.history().unwrap()
    }

    #[track_caller]
    fn explain(&mut self, engine: &Engine, number: &str, decision: Option<u16>) -> Explanation {
        let history = self.history(engine);
        match engine.explain(&Explain { order: web(number), decision }, &*history).result.unwrap() {
            Reply::Explained(explanation) => *explanation,
            other => panic!("{other:?}"),
        }
    }
}

fn warehouse<'e>(explanation: &'e Explanation, name: &str) -> &'e WarehouseSeen {
    explanation.warehouses.iter().find(|seen| seen.warehouse == code(name)).expect("it is listed")
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn every_warehouse_that_is_out_says_why() {
    let shop = Shop::with_world(WORLD);
    shop.skus(&["TEE", "MUG"]);
    for name in ["NEAR", "FAR", "BANNED", "UNRATED", "DEAR"] {
        shop.receive("TEE", name, 10);
    }
    for name in ["NEAR", "FAR", "BANNED", "UNRATED"] {
        shop.receive("MUG", name, 1);
    }
    let placed = shop.placed(order("1", &[("TEE", 2), ("MUG", 1)]));
    let explanation = Kept::new().explain(&shop.engine, "1", None);

    assert_eq!(explanation.differs, None);
    assert_eq!((explanation.score, explanation.bound), (placed.plan.score, placed.plan.bound));
    assert_eq!(explanation.score, money("5.24"), "5 in money and 24 hours at 0.01");
    let chosen = &explanation.candidates[0];
    assert_eq!(
        chosen.roles,
        [CandidateRole::Chosen, CandidateRole::OneWarehouse, CandidateRole::OneParcel, CandidateRole::LeastMoney]
    );
    assert_eq!((chosen.parts.money, chosen.parts.time), (money("5"), money("0.24")));
    let second = &explanation.candidates[1];
    assert_eq!(second.roles, [CandidateRole::RunnerUp, CandidateRole::OneWarehouse]);
    assert_eq!((second.distance, second.proven), (money("1.48"), true), "6 and 72 hours");

    assert_eq!(warehouse(&explanation, "NEAR").out, []);
    assert_eq!(warehouse(&explanation, "FAR").out, [OutReason::NoBetter { by: money("1.48") }]);
    assert_eq!(warehouse(&explanation, "BANNED").out, [OutReason::Banned { carrier: code("X") }]);
    assert_eq!(warehouse(&explanation, "UNRATED").out, [OutReason::NoRate]);
    let dear = &warehouse(&explanation, "DEAR").out;
    assert_eq!(dear[0], OutReason::Ceiling { carrier: code("F"), cost: money("9"), ceiling: money("8") });
    assert_eq!(dear[1], OutReason::Lacks { short: vec![(code("MUG"), Units(1), Units(0))] });
    assert_eq!(explanation.empty, [code("EMPTY")]);
}

#[test]
fn wishes_of_the_order_are_reasons_too() {
    let shop = Shop::with_world(&WORLD.replace("[[ceiling]]\ncarrier = \"F\"\nabove = \"8\"", ""));
    shop.skus(&["TEE", "MUG"]);
    for name in ["NEAR", "DEAR"] {
        shop.receive("TEE", name, 10);
    }
    shop.receive("MUG", "NEAR", 1);
    let place = Place { max_parcels: Some(1), carrier: Some(code("X")), ..order("1", &[("TEE", 1), ("MUG", 1)]) };
    shop.placed(place);
    let place = Place { max_parcels: Some(1), ..order("2", &[("TEE", 1)]) };
    shop.placed(place);
    let mut kept = Kept::new();
    let first = kept.explain(&shop.engine, "1", None);
    assert_eq!(warehouse(&first, "DEAR").out, [OutReason::OtherCarrier { wanted: code("X") }]);
    assert_eq!(first.candidates.len(), 1, "nothing else could serve it");
    let second = kept.explain(&shop.engine, "2", None);
    assert_eq!(warehouse(&second, "DEAR").alone, Some(money("3.88")), "9 and 12 hours against 5 and 24");
}

#[test]
fn old_decisions_are_told_by_the_rules_and_weights_of_their_time() {
    let shop = Shop::with_world(WORLD);
    shop.skus(&["TEE"]);
    shop.receive("TEE", "NEAR", 10);
    shop.receive("TEE", "FAR", 10);
    shop.placed(order("1", &[("TEE", 3)]));
    let skus = vec![SkuSpec { sku: code("TEE"), weight_g: Some(9_000), category: Some(code("heavy")) }];
    shop.ok(Command::DefineSkus(DefineSkus { skus }));
    shop.ok(Command::ApplyRules(ApplyRules { text: "[policy]\nw_money = 2.0\n".to_owned(), expect: None }));
    shop.placed(order("2", &[("TEE", 3)]));
    let ban = "[[ban]]\nwarehouse = \"NEAR\"\n";
    shop.ok(Command::ApplyRules(ApplyRules { text: ban.to_owned(), expect: None }));
    shop.placed(order("3", &[("TEE", 3)]));

    let mut kept = Kept::new();
    let explain = |kept: &mut Kept, engine: &Engine| ["1", "2", "3"].map(|number| kept.explain(engine, number, None));
    let told = explain(&mut kept, &shop.engine);
    assert_eq!(told.each_ref().map(|e| e.differs.clone()), [None, None, None]);
    assert_eq!(told.each_ref().map(|e| e.rules_version.0), [1, 2, 3]);
    assert_eq!(told.each_ref().map(|e| e.weights.money), [money("1"), money("2"), money("1")]);
    assert_eq!(told.each_ref().map(|e| e.candidates[0].parcels[0].weight_g), [1_500, 27_000, 27_000]);

    let recovered = Engine::new();
    for bytes in kept.0.batches() {
        for (seq, event) in Batch::decode(&bytes).unwrap().events() {
            recovered.recover(seq, &decode_envelope(event).unwrap()).unwrap();
        }
    }
    assert_eq!(explain(&mut kept, &recovered), told, "a recovered engine tells the same");
}

#[test]
fn late_payments_and_short_picks_are_decisions_of_their_own() {
    let mut shop = Shop::with_world(WORLD);
    shop.skus(&["TEE"]);
    shop.receive("TEE", "NEAR", 10);
    shop.receive("TEE", "FAR", 10);
    shop.placed(order("1", &[("TEE", 3)]));
    shop.wait(Span::from_mins(31));
    assert_eq!(shop.engine.expire_due(shop.now, 10).len(), 1);
    shop.changed(shop.pay("1"));
    shop.changed(shop.step("1", 2, StepAction::Pick));
    shop.changed(shop.step("1", 2, StepAction::Short(vec![line("TEE", 2)])));

    let mut kept = Kept::new();
    let latest = kept.explain(&shop.engine, "1", None);
    let names: Vec<&str> = latest.decisions.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(names, ["order_placed", "order_paid_late", "pick_shorted"]);
    assert_eq!((latest.no, latest.differs.clone()), (3, None));
    assert_eq!(latest.asked.lines, [(code("TEE"), Units(1))], "only the missing unit was routed anew");
    assert_eq!(warehouse(&latest, "NEAR").out, [OutReason::PickedShort]);
    assert_eq!(latest.candidates[0].parcels[0].warehouse, code("FAR"));
    for no in [1, 2] {
        let earlier = kept.explain(&shop.engine, "1", Some(no));
        assert_eq!((earlier.no, earlier.differs.clone()), (no, None));
        assert_eq!(earlier.candidates[0].parcels[0].warehouse, code("NEAR"));
    }
    let history = kept.history(&shop.engine);
    let ask = |decision| Explain { order: web("1"), decision };
    let refused = shop.engine.explain(&ask(Some(4)), &*history).result.unwrap_err();
    assert!(refused.to_string().contains("decisions 1 to 3, not 4"), "{refused}");
}

#[test]
fn what_is_not_journaled_yet_cannot_be_explained_yet() {
    let shop = Shop::with_world(WORLD);
    shop.skus(&["TEE"]);
    shop.receive("TEE", "NEAR", 10);
    let mut kept = Kept::new();
    let history = kept.history(&shop.engine);
    shop.placed(order("1", &[("TEE", 3)]));
    let refused = shop.engine.explain(&Explain { order: web("1"), decision: None }, &*history).result.unwrap_err();
    assert_eq!((refused.code(), refused.is_transient()), ("unavailable", true));
    assert_eq!(kept.explain(&shop.engine, "1", None).differs, None);
}

#[test]
fn prices_of_stock_are_told_as_the_decision_saw_them() {
    let mut world = String::from(
        "[prices]\ncover = \"1d\"\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\nhold_ttl = \"10d\"\n",
    );
    for (warehouse, east, west) in [("A", "5", "5.5"), ("B", "9", "6")] {
        world += &format!("[[warehouse]]\ncode = \"{warehouse}\"\n");
        for (zone, parcel) in [("E", east), ("Z", west)] {
            world += &format!(
                "[[rate]]\ncarrier = \"X\"\nfrom = \"{warehouse}\"\nto = \"{zone}\"\nparcel = \"{parcel}\"\nhours = 24\n"
            );
        }
    }
    let mut shop = Shop::with_world(&world);
    shop.skus(&["TEE"]);
    shop.receive("TEE", "A", 200);
    shop.receive("TEE", "B", 500);
    for n in 0..60 {
        shop.wait(Span::from_mins(2));
        let zone = code(if n % 2 == 0 { "E" } else { "Z" });
        shop.placed(Place { zone: Some(zone), ..order(&n.to_string(), &[("TEE", 1 + n / 2 % 3)]) });
    }
    shop.engine.learn_prices(shop.now).expect("there is enough to learn from");
    shop.placed(order("last", &[("TEE", 1)]));

    let mut kept = Kept::new();
    let told = kept.explain(&shop.engine, "last", None);
    assert_eq!(told.differs, None, "the prices were journaled with the decision");
    assert_eq!(told.candidates[0].parcels[0].warehouse, code("B"), "what lies at A is kept for the east");
    let at_a = told.prices.iter().find(|price| price.warehouse == code("A")).expect("A has a price");
    let second = &told.candidates[1];
    assert_eq!((second.parcels[0].warehouse.clone(), second.parts.prices), (code("A"), at_a.price));
    assert_eq!(second.parts.money.saturating_add(second.parts.prices), second.score);
    let before = kept.explain(&shop.engine, "59", None);
    assert_eq!((before.prices.len(), before.candidates[0].parcels[0].warehouse.clone()), (0, code("A")));
}

/// Own tea lies at `A` for 10 a parcel, the drop-shipper sells it for 12; of `B` the rates are dear. In an hour two teas leave, so
/// that those at `A` are soon worth more than the 2 they save.
const PRICED: &str = r#"
[prices]
cover = "120h"
recompute_every = "1h"
[[warehouse]]
code = "A"
[[warehouse]]
code = "B"
[[warehouse]]
code = "DROP"
unlimited = true
[[carrier]]
code = "X"
[[rate]]
carrier = "X"
from = "A"
to = "*"
parcel = "10"
[[rate]]
carrier = "X"
from = "B"
to = "*"
parcel = "30"
[[rate]]
carrier = "X"
from = "DROP"
to = "*"
parcel = "10.5"
unit = "1.5"
[[channel]]
code = "web"
"#;

/// Trades tea and baskets of tea and a cup for sixty hours, learning prices as they are due.
fn priced_shop(world: &str) -> Shop {
    let mut shop = Shop::with_world(world);
    shop.skus(&["tea", "cup"]);
    for (sku, at, units) in [("tea", "A", 140), ("cup", "A", 140), ("tea", "B", 1_000)] {
        shop.receive(sku, at, units);
    }
    for hour in 0..60 {
        shop.wait(Span::from_mins(60));
        shop.engine.learn_prices(shop.now);
        shop.placed(order(&format!("alone-{hour}"), &[("tea", 1)]));
        shop.placed(order(&format!("basket-{hour}"), &[("tea", 1), ("cup", 1)]));
    }
    shop
}

#[test]
fn a_cheaper_drop_shipper_is_marked_as_kept_out_where_own_stock_comes_first() {
    let shop = priced_shop(PRICED);
    shop.placed(order("last", &[("tea", 1)]));
    let told = Kept::new().explain(&shop.engine, "last", None);
    assert_eq!(told.differs, None);
    let chosen = &told.candidates[0];
    assert_eq!((chosen.parcels.len(), &chosen.parcels[0].warehouse), (1, &code("A")));
    assert!(chosen.parts.prices > money("2"), "a tea from A is worth more than it saves: {chosen:?}");

    let marked = |plan: &&Candidate| plan.roles.contains(&CandidateRole::OwnFirst);
    let kept_out: Vec<&Candidate> = told.candidates.iter().filter(marked).collect();
    let [drop] = kept_out[..] else { panic!("one plan is kept out: {:?}", told.candidates) };
    assert_eq!(drop.roles, [CandidateRole::OwnFirst, CandidateRole::OneWarehouse]);
    assert_eq!((drop.parcels.len(), &drop.parcels[0].warehouse), (1, &code("DROP")));
    assert_eq!((drop.cost, drop.score), (money("12"), money("12")), "what is bought has no price of stock");
    let less = chosen.score.0 - drop.score.0;
    assert!(less > 0 && drop.distance == Money(-less));
    assert_eq!(warehouse(&told, "DROP").out, [OutReason::OwnFirst { by: Money(less) }]);

    let second = told.candidates.iter().find(|plan| plan.roles.contains(&CandidateRole::RunnerUp)).expect("there is B");
    assert_eq!(second.parcels[0].warehouse, code("B"), "the best of what was allowed");
    assert!(matches!(warehouse(&told, "B").out[..], [OutReason::NoBetter { .. }]));
}

#[test]
fn nothing_is_marked_where_own_stock_may_be_passed_over_or_has_no_price() {
    let marked = |told: &Explanation| told.candidates.iter().any(|plan| plan.roles.contains(&CandidateRole::OwnFirst));
    let free = priced_shop(&PRICED.replace("recompute_every", "pass_over_own = true\nrecompute_every"));
    free.placed(order("last", &[("tea", 1)]));
    let told = Kept::new().explain(&free.engine, "last", None);
    assert_eq!((told.differs.clone(), marked(&told)), (None, false));
    assert_eq!(told.candidates[0].parcels[0].warehouse, code("DROP"), "the rule is what kept it out");

    let shop = priced_shop(PRICED);
    let told = Kept::new().explain(&shop.engine, "alone-0", None);
    assert_eq!((told.prices.len(), marked(&told)), (0, false));
    assert_eq!(warehouse(&told, "DROP").out, [OutReason::NoBetter { by: money("2") }]);
}

/// A small generator, so that a failure can be had again by its number.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// A world of seven warehouses and three carriers with weights for everything there is to weigh.
fn drawn_world(draw: &mut Draw) -> String {
    let mut world = format!("kg_step_g = {}\n", [0, 500, 1_000][draw.below(3) as usize]);
    for w in 0..7 {
        world += &format!("[[warehouse]]\ncode = \"W{w}\"\nunlimited = {}\n", w == 6);
    }
    for c in 0..3 {
        world +=
            &format!("[[carrier]]\ncode = \"C{c}\"\n[[ceiling]]\ncarrier = \"C{c}\"\nabove = \"{}\"\n", 12 + 20 * c);
        for w in 0..7 {
            let cents = |draw: &mut Draw, most: u64| format!("{}.{:02}", draw.below(most), draw.below(100));
            let (parcel, unit) = (cents(draw, 6), cents(draw, 2));
            let (first, further) = (cents(draw, 4), cents(draw, 3));
            let hours = 12 + draw.below(90);
            world += &format!("[[rate]]\ncarrier = \"C{c}\"\nfrom = \"W{w}\"\nto = \"*\"\n");
            world += &format!(
                "parcel = \"{parcel}\"\nunit = \"{unit}\"\nfirst_kg = \"{first}\"\nfurther_kg = \"{further}\"\nhours = {hours}\n"
            );
        }
    }
    world += "[[channel]]\ncode = \"web\"\n[[ban]]\nwarehouse = \"W3\"\nzone = \"Z\"\ncarrier = \"C1\"\n";
    world += "[[prefer]]\nzone = \"Z\"\nwarehouses = [\"W1\", \"W2\"]\npenalty = \"0.30\"\n";
    world += "[[weights]]\ncategory = \"K0\"\nw_time = 0.2\n";
    world + "[policy]\nw_money = 1.1\nw_time = 0.05\nw_balance = 0.4\n"
}

#[test]
fn explaining_computes_every_decision_again_to_the_last_millionth() {
    for seed in 0..3 {
        let mut draw = Draw(seed);
        let split = if seed == 2 { "split_saving = 0.7\nsplit_sent = 2\n" } else { "" };
        let shop = Shop::with_world(&(drawn_world(&mut draw) + split));
        let names: Vec<String> = (0..9).map(|n| format!("S{n}")).collect();
        let spec = |(n, name): (usize, &String)| SkuSpec {
            sku: code(name),
            weight_g: Some(90 * n as u32),
            category: Some(code(&format!("K{}", n % 2))),
        };
        shop.ok(Command::DefineSkus(DefineSkus { skus: names.iter().enumerate().map(spec).collect() }));
        for name in &names {
            for w in 0..6 {
                if draw.below(4) > 0 {
                    shop.receive(name, &format!("W{w}"), 20 + draw.below(400));
                }
            }
        }
        let mut kept = Kept::new();
        let mut numbers = Vec::new();
        for n in 0..30 {
            let count = 1 + draw.below(5);
            let lines: Vec<(&str, u64)> =
                (0..count).map(|_| (names[draw.below(9) as usize].as_str(), 1 + draw.below(12))).collect();
            let number = n.to_string();
            if shop.run(Command::Place(order(&number, &lines))).result.is_ok() {
                numbers.push(number);
            }
        }
        assert!(numbers.len() > 15, "seed {seed}: only {} orders were placed", numbers.len());
        for number in &numbers {
            let told = kept.explain(&shop.engine, number, None);
            assert_eq!(told.differs, None, "seed {seed}, order {number}");
            let chosen = &told.candidates[0];
            assert_eq!(chosen.score, told.score, "seed {seed}, order {number}: the score as written on the model page");
            for plan in &told.candidates {
                let parts = plan.parts;
                let sum = [parts.money, parts.time, parts.balance, parts.prices, parts.preference];
                assert_eq!(sum.iter().map(|part| part.0).sum::<i64>(), plan.score.0);
                let ruled_out = seed == 2 && plan.parcels.len() > 1;
                let best = !told.proven || ruled_out || plan.distance >= Money::ZERO;
                assert!(best, "seed {seed}, order {number}: {plan:?}");
            }
        }
    }
}

#[test]
fn every_part_of_an_order_of_presale_is_told_as_it_was_decided() {
    let mut draw = Draw(7);
    let world = drawn_world(&mut draw).replace("unlimited = true", "unlimited = false");
    let world = world.replacen("code = \"web\"\n", "code = \"web\"\npresale = true\n", 1);
    assert!(world.contains("presale = true"));
    let mut shop = Shop::with_world(&world);
    let names: Vec<String> = (0..6).map(|n| format!("S{n}")).collect();
    let spec = |(n, name): (usize, &String)| SkuSpec {
        sku: code(name),
        weight_g: Some(150 * n as u32),
        category: Some(code(&format!("K{}", n % 2))),
    };
    shop.ok(Command::DefineSkus(DefineSkus { skus: names.iter().enumerate().map(spec).collect() }));
    for name in &names {
        for w in 0..6 {
            shop.receive(name, &format!("W{w}"), 1 + draw.below(12));
            let day = Day(20_900 + draw.below(5) as u32);
            shop.ok(shop.announce(&format!("PO-{w}"), name, &format!("W{w}"), day, 1 + draw.below(60)));
        }
    }
    let (mut kept, mut parts) = (Kept::new(), 0);
    for n in 0..30u64 {
        let count = 1 + draw.below(5);
        let lines: Vec<(&str, u64)> =
            (0..count).map(|_| (names[draw.below(6) as usize].as_str(), 1 + draw.below(14))).collect();
        let wishes = [None, None, Some(1), Some(3), Some(4)];
        let number = n.to_string();
        let place = Place { max_parcels: wishes[draw.below(5) as usize], ..order(&number, &lines) };
        if shop.run(Command::Place(place)).result.is_err() {
            continue;
        }
        // Half of them come back as late payments, which are decided once more.
        if n % 2 == 0 {
            shop.wait(Span::from_mins(31));
            shop.changed(shop.pay(&number));
        }
        let count = kept.explain(&shop.engine, &number, None).decisions.len();
        for no in 1..=count {
            let told = kept.explain(&shop.engine, &number, Some(no as u16));
            assert_eq!(told.differs, None, "order {number}, decision {no}: {:?}", told.decisions);
            assert_eq!(told.candidates[0].score, told.score, "order {number}, decision {no}");
            let decision = &told.decisions[no - 1];
            let is_ahead = decision.what == "presale";
            assert_eq!(decision.ships.iter().all(|ships| ships.due.is_some()), is_ahead, "{decision:?}");
            assert!(told.decisions.is_sorted_by_key(|decision| decision.seq), "in time order");
            parts += usize::from(is_ahead);
        }
    }
    assert!(parts > 12, "only {parts} parts were promised");
    shop.engine.check().unwrap();
}
