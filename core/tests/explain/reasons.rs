//! Why warehouses are left out, and what an explanation is made from.

use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::log::Batch;
use stockade_core::log::decode_envelope;
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::time::Span;
use stockade_core::units::Units;

use crate::kept::{Kept, money, warehouse};
use crate::support::{Shop, code, line, order, web};

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
