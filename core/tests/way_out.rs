//! No dead ends: what really happens to a parcel can be recorded at every stage, and what a refusal advises can be done.

mod support;

use std::collections::BTreeSet;

use stockade_core::command::*;
use stockade_core::ids::{Seq, SubNo};
use stockade_core::orders::*;
use stockade_core::reject::Reject;
use stockade_core::time::{Day, Span};
use stockade_core::units::{Balance, Units};
use support::*;

/// Labels come before weighing, and weighing before the scan.
const RULES: &str = r#"
[[step]]
name = "weigh"
after = ["label"]
[[step]]
name = "scan"
after = ["weigh"]
"#;

/// The ordinary world, whose channel `web` sells presale.
fn stocked() -> Shop {
    stocked_by("")
}

fn stocked_by(rules: &str) -> Shop {
    let world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    let shop = Shop::with_world(&(world + rules));
    shop.skus(&["tea", "cup"]);
    shop.receive("tea", "A", 10);
    shop.receive("tea", "B", 5);
    shop
}

fn cancel(scope: CancelScope) -> Command {
    Command::Cancel(Cancel { order: web("1"), scope, reason: None })
}

fn reroute() -> Command {
    Command::Reroute(Reroute { order: web("1") })
}

fn stages(shop: &Shop) -> Vec<Stage> {
    shop.order("1").sub_orders.iter().map(|sub| sub.stage).collect()
}

/// An order of two units that took these steps.
fn after(shop: Shop, steps: &[StepAction]) -> Shop {
    shop.placed(order("1", &[("tea", 2)]));
    shop.ok(shop.pay("1"));
    for step in steps {
        shop.ok(shop.step("1", 1, step.clone()));
    }
    shop
}

const PACKED: [StepAction; 2] = [StepAction::Pick, StepAction::Pack];
const SENT: [StepAction; 4] = [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup];

/// The steps as far as the courier, and these.
fn sent_and(steps: &[StepAction]) -> Vec<StepAction> {
    SENT.iter().chain(steps).cloned().collect()
}

#[test]
fn a_packed_parcel_is_unpacked_counted_again_and_sent() {
    let shop = after(stocked(), &[StepAction::Pick, StepAction::Pack, StepAction::Label(code("W-1"))]);
    let refused = shop.no(shop.step("1", 1, StepAction::Short(vec![line("tea", 1)]))).to_string();
    assert!(refused.contains("`unpack` it and count again"), "{refused}");
    assert_eq!(shop.changed(shop.step("1", 1, StepAction::Unpack)).stages, [Stage::Picking]);
    assert_eq!(shop.order("1").sub_orders[0].waybill, None, "the label goes with the parcel that was undone");
    shop.ok(shop.step("1", 1, StepAction::Short(vec![line("tea", 1)])));
    let refused = shop.no(shop.step("1", 1, StepAction::Scan(None))).to_string();
    assert!(refused.contains("`pack` comes first"), "{refused}");
    shop.ok(shop.step("1", 1, StepAction::Pack));
    shop.ok(shop.step("1", 1, StepAction::Scan(Some(code("W-2")))));
    assert_eq!(stages(&shop), [Stage::Outbound, Stage::Allocated]);
    shop.check();
}

#[test]
fn an_unpacked_parcel_is_weighed_and_labelled_anew_before_it_goes() {
    let way = [StepAction::Pick, StepAction::Label(code("W-1")), StepAction::Weigh(800), StepAction::Pack];
    let shop = after(stocked_by(RULES), &way);
    shop.ok(shop.step("1", 1, StepAction::Unpack));
    for (first, step) in
        [("pack", StepAction::Pack), ("label", StepAction::Label(code("W-2"))), ("weigh", StepAction::Weigh(700))]
    {
        let refused = shop.no(shop.step("1", 1, StepAction::Scan(None))).to_string();
        assert!(refused.contains(&format!("`{first}` comes first")), "{refused}");
        shop.ok(shop.step("1", 1, step));
    }
    shop.ok(shop.step("1", 1, StepAction::Scan(Some(code("W-2")))));
    shop.check();
}

#[test]
fn a_parcel_that_was_scanned_and_never_left_can_still_be_cancelled() {
    let shop = after(stocked(), &[StepAction::Pick, StepAction::Pack, StepAction::Scan(None)]);
    assert_eq!(shop.cell("tea", "A").on_hand, Balance::of(8));
    let refused = shop.no(cancel(CancelScope::Order)).to_string();
    assert!(refused.contains("`unscan` it if it is still here"), "{refused}");
    assert_eq!(shop.changed(shop.step("1", 1, StepAction::Unscan)).stages, [Stage::Packed]);
    assert_eq!(shop.cell("tea", "A").on_hand, Balance::of(10));
    shop.ok(cancel(CancelScope::Order));
    assert_eq!(shop.available("web", "tea"), 15);
    shop.check();
}

#[test]
fn a_parcel_refused_at_the_door_comes_back_and_is_sold_again() {
    let shop = after(stocked(), &sent_and(&[StepAction::Refused]));
    assert_eq!(stages(&shop), [Stage::Undelivered]);
    assert_eq!((shop.cell("tea", "A").shipped, shop.cell("tea", "A").on_hand), (Units(2), Balance::of(8)));
    shop.ok(shop.step("1", 1, StepAction::Return(Vec::new())));
    shop.ok(shop.step("1", 1, StepAction::Inspect(Vec::new())));
    assert_eq!(shop.available("web", "tea"), 15);
    let refused = shop.no(shop.step("1", 1, StepAction::Deliver)).to_string();
    assert!(refused.contains("all of it came back"), "{refused}");
    assert_eq!(shop.order("1").timeline.iter().filter(|entry| entry.what == "refused").count(), 1);
    shop.check();
}

#[test]
fn an_undelivered_parcel_is_sent_again() {
    let shop = after(stocked(), &sent_and(&[StepAction::Undelivered, StepAction::Pickup]));
    assert_eq!(stages(&shop), [Stage::PickedUp]);
    // Said to be delivered, and it was not.
    for step in [StepAction::Deliver, StepAction::Undelivered, StepAction::Deliver, StepAction::Confirm] {
        shop.ok(shop.step("1", 1, step));
    }
    assert_eq!((shop.cell("tea", "A").shipped, shop.cell("tea", "A").awaiting), (Units(0), Units(0)));
    shop.check();
}

#[test]
fn what_the_carrier_lost_is_sent_anew() {
    for steps in [vec![StepAction::Lost], vec![StepAction::Deliver, StepAction::Lost]] {
        let shop = after(stocked(), &sent_and(&steps));
        let cell = shop.cell("tea", "A");
        assert_eq!((stages(&shop), cell.shipped, cell.awaiting), (vec![Stage::Lost], Units(0), Units(0)));
        assert_eq!(shop.order("1").review, [(code("tea"), Units(2))]);
        assert_eq!(shop.changed(reroute()).change, Change::Rerouted { units: Units(2) });
        assert_eq!(stages(&shop), [Stage::Lost, Stage::Allocated]);
        assert_eq!((shop.available("web", "tea"), shop.order("1").review.len()), (11, 0));
        let refused = shop.no(shop.step("1", 1, StepAction::Return(Vec::new()))).to_string();
        assert!(refused.contains("it was lost by the carrier"), "{refused}");
        shop.check();
    }
}

#[test]
fn an_order_whose_parcel_was_lost_can_be_cancelled() {
    let shop = after(stocked(), &sent_and(&[StepAction::Lost]));
    shop.ok(cancel(CancelScope::Order));
    let order = shop.order("1");
    assert_eq!((order.state, order.review.len(), shop.available("web", "tea")), (OrderState::Cancelled, 0, 13));
    shop.check();
}

#[test]
fn what_came_back_before_the_rest_was_lost_is_inspected() {
    let shop = after(stocked(), &sent_and(&[StepAction::Return(vec![line("tea", 1)]), StepAction::Lost]));
    assert_eq!(shop.order("1").review, [(code("tea"), Units(1))]);
    shop.ok(cancel(CancelScope::Order));
    assert_eq!(shop.order("1").state, OrderState::Paid, "a unit still waits for inspection");
    let refused = shop.no(cancel(CancelScope::Order)).to_string();
    assert!(refused.contains("nothing of it is left to cancel"), "{refused}");
    shop.ok(shop.step("1", 1, StepAction::Inspect(Vec::new())));
    assert_eq!(shop.available("web", "tea"), 14);
    shop.check();
}

#[test]
fn a_reroute_is_refused_in_its_own_words() {
    let shop = after(stocked(), &[]);
    assert_eq!(shop.no(reroute()).to_string(), "cannot reroute an order that is paid: nothing of it stands in review");
    shop.ok(cancel(CancelScope::Order));
    assert_eq!(shop.no(reroute()).to_string(), "cannot reroute an order that is cancelled: it was cancelled");
}

/// What an order is going through, and how a shop comes to have such an order.
type Situation = (&'static str, fn() -> Shop);

/// Every situation that an order can be in.
fn situations() -> Vec<Situation> {
    vec![
        ("held", || {
            let shop = stocked();
            shop.placed(order("1", &[("tea", 2)]));
            shop
        }),
        ("held, to ship complete", || {
            let shop = stocked();
            shop.placed(Place { ship_complete: true, ..order("1", &[("tea", 2)]) });
            shop
        }),
        ("in review, by its limit of parcels", || {
            let shop = stocked();
            shop.placed(Place { ship_complete: true, ..order("1", &[("tea", 3)]) });
            shop.ok(shop.pay("1"));
            shop.ok(shop.step("1", 1, StepAction::Short(vec![line("tea", 2)])));
            shop
        }),
        ("split", || {
            let shop = after(stocked(), &PACKED[..1]);
            shop.ok(split());
            shop
        }),
        ("expired", || {
            let mut shop = stocked();
            shop.placed(order("1", &[("tea", 2)]));
            shop.wait(Span::from_mins(31));
            shop.engine.expire_due(shop.now, 10);
            shop
        }),
        ("refund due", || {
            let mut shop = Shop::new();
            shop.skus(&["tea"]);
            shop.receive("tea", "A", 2);
            shop.placed(order("1", &[("tea", 2)]));
            shop.wait(Span::from_mins(31));
            shop.engine.expire_due(shop.now, 10);
            shop.placed(order("2", &[("tea", 2)]));
            shop.ok(shop.pay("1"));
            shop
        }),
        ("promised", || {
            let shop = stocked();
            shop.ok(shop.announce("PO-1", "cup", "A", Day::from_date(2027, 3, 1).unwrap(), 5));
            shop.placed(order("1", &[("cup", 2)]));
            shop
        }),
        ("waiting", || {
            let shop = stocked();
            shop.ok(shop.announce("PO-1", "cup", "A", Day::from_date(2027, 3, 1).unwrap(), 5));
            shop.placed(order("1", &[("cup", 2)]));
            shop.ok(shop.pay("1"));
            shop
        }),
        ("allocated", || after(stocked(), &[])),
        ("allocated, with rules", || after(stocked_by(RULES), &[])),
        ("picking", || after(stocked(), &PACKED[..1])),
        ("packed", || after(stocked(), &PACKED)),
        ("packed, with rules", || after(stocked_by(RULES), &PACKED)),
        ("unpacked", || after(stocked(), &[StepAction::Pick, StepAction::Pack, StepAction::Unpack])),
        ("outbound", || after(stocked(), &SENT[..3])),
        ("picked up", || after(stocked(), &SENT)),
        ("picked up, in part returned", || after(stocked(), &sent_and(&[StepAction::Return(vec![line("tea", 1)])]))),
        ("picked up, in part returned elsewhere", || after(stocked(), &sent_and(&[elsewhere(vec![line("tea", 1)])]))),
        ("undelivered", || after(stocked(), &sent_and(&[StepAction::Undelivered]))),
        ("refused", || after(stocked(), &sent_and(&[StepAction::Refused]))),
        ("undelivered, in part returned", || {
            after(stocked(), &sent_and(&[StepAction::Undelivered, StepAction::Return(vec![line("tea", 1)])]))
        }),
        ("delivered", || after(stocked(), &sent_and(&[StepAction::Deliver]))),
        ("confirmed", || after(stocked(), &sent_and(&[StepAction::Deliver, StepAction::Confirm]))),
        ("picked up, all returned", || after(stocked(), &sent_and(&[StepAction::Return(Vec::new())]))),
        ("undelivered, all returned", || {
            after(stocked(), &sent_and(&[StepAction::Undelivered, StepAction::Return(Vec::new())]))
        }),
        ("delivered, all returned", || {
            after(stocked(), &sent_and(&[StepAction::Deliver, StepAction::Return(Vec::new())]))
        }),
        ("confirmed, all returned", || {
            let back = [StepAction::Deliver, StepAction::Confirm, StepAction::Return(Vec::new())];
            after(stocked(), &sent_and(&back))
        }),
        ("paid late", || {
            let mut shop = stocked();
            shop.placed(order("1", &[("tea", 2)]));
            shop.wait(Span::from_mins(31));
            shop.engine.expire_due(shop.now, 10);
            shop.ok(shop.pay("1"));
            shop
        }),
        ("lost", || after(stocked(), &sent_and(&[StepAction::Lost]))),
        ("cancelled", || {
            let shop = after(stocked(), &[]);
            shop.ok(cancel(CancelScope::Order));
            shop
        }),
        ("cancelled, the other parcel is not", || {
            let shop = stocked();
            shop.placed(order("1", &[("tea", 12)]));
            shop.ok(shop.pay("1"));
            shop.ok(cancel(CancelScope::Sub(SubNo(1))));
            shop
        }),
    ]
}

fn split() -> Command {
    Command::Split(Split { order: web("1"), sub: SubNo(1), lines: vec![line("tea", 1)] })
}

fn elsewhere(lines: Vec<Line>) -> StepAction {
    StepAction::ReturnTo(ReturnTo { warehouse: code("B"), lines })
}

/// Every action there is on an order, by the name that messages give it.
fn actions(shop: &Shop) -> Vec<(&'static str, Command)> {
    let until = shop.now + Span::from_mins(45);
    let mut all = vec![
        ("pay", shop.pay("1")),
        ("extend", Command::ExtendHold(ExtendHold { order: web("1"), until })),
        ("cancel", cancel(CancelScope::Order)),
        ("cancel", cancel(CancelScope::Sub(SubNo(1)))),
        ("cancel --units", cancel(CancelScope::Units(line("tea", 1)))),
        ("reroute", reroute()),
        ("reroute --apart", Command::RerouteApart(RerouteApart { order: web("1") })),
        ("raise", Command::Raise(Raise { order: web("1"), line: line("tea", 1) })),
        ("split", split()),
        ("return", shop.step("1", 1, elsewhere(Vec::new()))),
        ("inspect", shop.step("1", 1, StepAction::InspectAt(InspectAt { warehouse: code("B"), lines: Vec::new() }))),
    ];
    all.extend(steps().into_iter().map(|action| (action.step().name(), shop.step("1", 1, action))));
    all
}

fn steps() -> [StepAction; 16] {
    [
        StepAction::Pick,
        StepAction::Short(vec![line("tea", 1)]),
        StepAction::Pack,
        StepAction::Weigh(700),
        StepAction::Label(code("W-9")),
        StepAction::Scan(None),
        StepAction::Pickup,
        StepAction::Deliver,
        StepAction::Confirm,
        StepAction::Return(Vec::new()),
        StepAction::Inspect(Vec::new()),
        StepAction::Unpack,
        StepAction::Unscan,
        StepAction::Undelivered,
        StepAction::Refused,
        StepAction::Lost,
    ]
}

/// The actions that a refusal advises: what it writes in backticks.
fn advice(reject: &Reject) -> Vec<String> {
    let text = reject.to_string();
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn what_a_refusal_advises_exists_and_is_allowed() {
    assert_eq!(steps().map(|action| action.step()).into_iter().collect::<BTreeSet<_>>().len(), Step::ALL.len());
    let (mut advised, mut refused) = (BTreeSet::new(), BTreeSet::new());
    let mut count_refused = 0;
    for (situation, make) in situations() {
        let shop = make();
        let count = actions(&shop).len();
        for at in 0..count {
            let shop = make();
            let (name, command) = actions(&shop).swap_remove(at);
            let Err(reject) = shop.run(command).result else { continue };
            count_refused += 1;
            refused.insert(name);
            for step in advice(&reject) {
                let shop = make();
                let named: Vec<_> = actions(&shop).into_iter().filter(|(name, _)| *name == step).collect();
                assert!(!named.is_empty(), "{name} when {situation}: there is no `{step}`: {reject}");
                let can = named.into_iter().any(|(_, command)| shop.run(command).result.is_ok());
                assert!(can, "{name} when {situation}: `{step}` is advised and refused: {reject}");
                advised.insert(step);
            }
        }
    }
    assert!(count_refused > 250 && advised.len() >= 10, "{count_refused} refusals advised only {advised:?}");
    // Money that comes is taken note of whatever became of the order.
    let refusable = |name: &&str| *name != "pay";
    let all: BTreeSet<_> = actions(&stocked()).into_iter().map(|(name, _)| name).filter(refusable).collect();
    assert_eq!(refused, all, "each is refused somewhere");
}

#[test]
fn a_count_too_far_ahead_is_told_where_to_find_its_watermark() {
    let shop = stocked();
    let count =
        |as_of| Command::Count(Count { warehouse: code("A"), as_of, except: vec![], lines: vec![line("tea", 9)] });
    let refused = shop.no(count(Some(Seq(9_999))));
    assert_eq!(advice(&refused), ["stock"]);
    shop.ok(count(Some(shop.cell("tea", "A").watermark)));
    assert_eq!(shop.cell("tea", "A").on_hand, Balance::of(9));
}

/// Stages that nothing goes on from.
const ENDS: [Stage; 4] = [Stage::Confirmed, Stage::Cancelled, Stage::Expired, Stage::Lost];

#[test]
fn from_every_stage_there_is_a_way_to_the_customer_and_a_way_out() {
    let next = |stage: Stage| {
        Action::all().filter_map(move |action| match verdict(stage, action) {
            Verdict::To(next) => Some(next),
            Verdict::No(_) => None,
        })
    };
    let reach = |start: Stage| {
        let mut reached = BTreeSet::from([start]);
        while let Some(more) = reached.iter().copied().flat_map(next).find(|stage| !reached.contains(stage)) {
            reached.insert(more);
        }
        reached
    };
    for stage in Stage::ALL.into_iter().filter(|stage| !ENDS.contains(stage)) {
        let reached = reach(stage);
        assert!(reached.contains(&Stage::Confirmed), "no way to the customer when {}", stage.name());
        let out = [Stage::Cancelled, Stage::Lost].iter().any(|end| next(stage).any(|next| next == *end));
        assert!(out, "no way out when {}", stage.name());
        let is_out =
            bucket_of(stage, stockade_core::ids::PoolId::REGULAR) == Some(stockade_core::stock::Bucket::Shipped);
        let comes_back =
            reached.iter().any(|stage| matches!(verdict(*stage, Action::Step(Step::Return)), Verdict::To(_)));
        assert!(!is_out || comes_back, "it cannot come back when {}", stage.name());
    }
}
