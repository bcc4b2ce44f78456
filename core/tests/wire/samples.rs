//! One small value of everything that travels, each with a name.

#![allow(dead_code, unused_imports, reason = "other tests use a part")]

#[path = "explained.rs"]
mod explained;
#[path = "refunds.rs"]
mod refunds;
#[path = "refusals.rs"]
mod refusals;

use stockade_core::command::*;
use stockade_core::decision::*;
use stockade_core::ids::{Code, OrderId, RefundNo, RulesVersion, Seq, SubNo};
use stockade_core::money::Money;
use stockade_core::orders::*;
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::{Balance, Units};

use explained::explanation;
use refunds::refund;
pub use refusals::rejects;

pub fn code(text: &str) -> Code {
    Code::new(text).expect("a sample code is a code")
}

fn line() -> Line {
    Line { sku: code("A"), units: Units(3) }
}

fn by_number() -> OrderRef {
    OrderRef::Number { channel: code("web"), number: code("1001") }
}

pub fn place() -> Place {
    Place {
        channel: code("web"),
        number: code("1001"),
        zone: Some(code("CN-44")),
        customer: None,
        carrier: Some(code("ZTO")),
        ship_complete: true,
        max_parcels: Some(2),
        hold: Some(Span::from_mins(5)),
        lines: vec![line(), Line { sku: code("上海"), units: Units(1_000_000) }],
    }
}

pub fn commands() -> Vec<(&'static str, Command)> {
    let regular = Some(code("regular"));
    let expect =
        |change| Command::Expect(Expect { reference: code("PO-1"), sku: code("A"), warehouse: code("HGH"), change });
    let step = |action| Command::Step(TakeStep { order: by_number(), sub: SubNo(1), action });
    let cancel =
        |scope| Command::Cancel(Cancel { order: by_number(), scope, reason: Some("changed their mind".to_owned()) });
    vec![
        ("apply_world", Command::ApplyWorld(ApplyWorld { text: "currency = \"CNY\"".to_owned() })),
        ("apply_rules", Command::ApplyRules(ApplyRules { text: String::new(), expect: Some(RulesVersion(3)) })),
        ("clear_skus", Command::ClearSkus(ClearSkus { skus: vec![code("A")], weight: true, category: false })),
        (
            "define_skus",
            Command::DefineSkus(DefineSkus {
                skus: vec![SkuSpec { sku: code("A"), weight_g: Some(250), category: Some(code("tea")) }],
            }),
        ),
        (
            "receive",
            Command::Receive(Receive {
                warehouse: code("HGH"),
                pool: regular.clone(),
                expected: Some(Fulfils { reference: code("PO-1"), more: true }),
                lines: vec![line()],
            }),
        ),
        (
            "adjust",
            Command::Adjust(Adjust {
                sku: code("A"),
                warehouse: code("HGH"),
                pool: None,
                delta: -2,
                reason: "broken".to_owned(),
            }),
        ),
        (
            "count",
            Command::Count(Count {
                warehouse: code("HGH"),
                as_of: Some(Seq(300)),
                except: vec![Seq(299)],
                lines: vec![line()],
            }),
        ),
        (
            "transfer",
            Command::Transfer(Transfer {
                from: code("HGH"),
                to: code("CAN"),
                pool: regular.clone(),
                lines: vec![line()],
            }),
        ),
        (
            "book_loss",
            Command::BookLoss(BookLoss {
                warehouse: code("HGH"),
                pool: regular.clone(),
                loss: Loss::Damaged,
                reason: "wet".to_owned(),
                lines: vec![line()],
            }),
        ),
        (
            "book_loss_in_transit",
            Command::BookLoss(BookLoss {
                warehouse: code("CAN"),
                pool: None,
                loss: Loss::LostInTransit,
                reason: "burnt".to_owned(),
                lines: vec![line()],
            }),
        ),
        (
            "recall",
            Command::Recall(Recall { from: code("HGH"), to: code("CAN"), pool: regular.clone(), lines: vec![line()] }),
        ),
        ("count_shelf", Command::CountShelf(CountShelf { warehouse: code("HGH"), lines: vec![line()] })),
        ("arrive", Command::Arrive(Arrive { warehouse: code("CAN"), pool: regular.clone(), lines: vec![line()] })),
        (
            "move_pool",
            Command::MovePool(MovePool {
                sku: code("A"),
                warehouse: code("HGH"),
                from: code("regular"),
                to: code("live"),
                units: Units(4),
            }),
        ),
        ("set_safety", Command::SetSafety(SetSafety { sku: code("A"), warehouse: code("HGH"), units: Units(5) })),
        ("expect_announce", expect(Expectation::Announce { day: Day(20_001), units: Units(6), pool: regular.clone() })),
        ("expect_change", expect(Expectation::Change { day: Some(Day(20_002)), units: Some(Units(7)) })),
        ("expect_withdraw", expect(Expectation::Withdraw)),
        ("place", Command::Place(place())),
        ("pay", Command::Pay(Pay::new(by_number()))),
        ("pay_by_id", Command::Pay(Pay::new(OrderRef::Id(OrderId(1 << 40))))),
        ("pay_named", Command::Pay(Pay { amount: Some(Money(12_500_000)), ..Pay::by(by_number(), code("R-7")) })),
        (
            "close_refund",
            Command::CloseRefund(CloseRefund { order: by_number(), refund: RefundNo(2), reference: code("B-9") }),
        ),
        ("cancel_order", cancel(CancelScope::Order)),
        ("cancel_sub", cancel(CancelScope::Sub(SubNo(2)))),
        ("cancel_units", cancel(CancelScope::Units(line()))),
        ("extend_hold", Command::ExtendHold(ExtendHold { order: by_number(), until: Time(1_794_355_200_125_000) })),
        ("step_pick", step(StepAction::Pick)),
        ("step_short", step(StepAction::Short(vec![line()]))),
        ("step_pack", step(StepAction::Pack)),
        ("step_weigh", step(StepAction::Weigh(1_234))),
        ("step_label", step(StepAction::Label(code("SF123")))),
        ("step_scan", step(StepAction::Scan(Some(code("SF123"))))),
        ("step_pickup", step(StepAction::Pickup)),
        ("step_deliver", step(StepAction::Deliver)),
        ("step_confirm", step(StepAction::Confirm)),
        ("step_return", step(StepAction::Return(vec![line()]))),
        (
            "step_inspect",
            step(StepAction::Inspect(vec![Inspected { sku: code("A"), intact: Units(2), damaged: Units(1) }])),
        ),
        ("step_return_to", step(StepAction::ReturnTo(ReturnTo { warehouse: code("CAN"), lines: vec![line()] }))),
        (
            "step_inspect_at",
            step(StepAction::InspectAt(InspectAt {
                warehouse: code("CAN"),
                lines: vec![Inspected { sku: code("A"), intact: Units(2), damaged: Units(1) }],
            })),
        ),
        ("step_unpack", step(StepAction::Unpack)),
        ("step_unscan", step(StepAction::Unscan)),
        ("step_undelivered", step(StepAction::Undelivered)),
        ("step_refused", step(StepAction::Refused)),
        ("step_lost", step(StepAction::Lost)),
        ("raise", Command::Raise(Raise { order: by_number(), line: line() })),
        ("split", Command::Split(Split { order: by_number(), sub: SubNo(2), lines: vec![line()] })),
        ("reroute", Command::Reroute(Reroute { order: by_number() })),
        ("reroute_apart", Command::RerouteApart(RerouteApart { order: by_number() })),
    ]
}

pub fn queries() -> Vec<(&'static str, Query)> {
    vec![
        ("quote", Query::Quote(stockade_core::query::Quote(place()))),
        (
            "availability",
            Query::Availability(AvailabilityQuery { channel: code("web"), skus: vec![code("A"), code("B")] }),
        ),
        (
            "stock",
            Query::Stock(StockQuery {
                skus: vec![code("A")],
                warehouse: Some(code("HGH")),
                after: Some(code("0")),
                limit: 100,
            }),
        ),
        ("order", Query::Order(by_number())),
        (
            "orders",
            Query::Orders(OrdersQuery {
                warehouse: Some(code("HGH")),
                channel: None,
                stage: Some(Stage::Packed),
                state: Some(OrderState::Paid),
                customer: Some(code("C-7")),
                after: Some(Seq(9)),
                limit: 50,
            }),
        ),
        ("rules", Query::Rules(stockade_core::query::Rules)),
        ("world", Query::World(stockade_core::query::World)),
        (
            "refunds",
            Query::Refunds(RefundsQuery {
                channel: Some(code("web")),
                number: Some(code("1001")),
                closed: true,
                after: Some(Seq(9)),
                limit: 50,
            }),
        ),
        ("times", Query::Times(Times { channel: code("web") })),
        ("explain", Query::Explain(Explain { order: by_number(), decision: Some(2) })),
        ("routing", Query::Routing(stockade_core::query::Routing)),
        ("quote_exact", Query::QuoteExact(stockade_core::query::QuoteExact(place()))),
        (
            "inbound",
            Query::Inbound(InboundQuery {
                skus: vec![code("A")],
                warehouse: Some(code("HGH")),
                reference: Some(code("PO-1")),
                after: Some(code("B")),
                limit: 100,
            }),
        ),
    ]
}

fn plan() -> PlanView {
    let parts = CostParts { parcel: Money(500_000), unit: Money(0), first_kg: Money(4_200_000), further_kg: Money(1) };
    PlanView {
        rules_version: RulesVersion(3),
        cost: parts.total(),
        score: parts.total(),
        bound: parts.total(),
        proven: true,
        sub_orders: vec![SubOrderView {
            no: SubNo(1),
            warehouse: code("HGH"),
            carrier: code("ZTO"),
            kind: SubKind::Regular,
            hours: 36,
            weight_g: 1_500,
            cost: parts.total(),
            parts,
            lines: vec![SubLineView { sku: code("A"), units: Units(3), pool: code("regular") }],
        }],
    }
}

fn presale() -> PlanView {
    let mut plan = plan();
    plan.sub_orders[0].kind = SubKind::Presale(Day(20_000));
    plan
}

fn cell() -> CellView {
    CellView {
        sku: code("A"),
        warehouse: code("HGH"),
        pools: vec![PoolView { pool: code("regular"), available: Units(10), held: Units(3) }],
        allocated: Units(1),
        picked: Units(2),
        shipped: Units(3),
        awaiting: Units(4),
        inspection: Units(5),
        damaged: Units(6),
        in_transit: Units(7),
        inbound: vec![InboundView {
            reference: code("PO-1"),
            day: Day(20_000),
            pool: code("regular"),
            free: Units(8),
            promised: Units(13),
        }],
        overdue: Units(14),
        short: Units(9),
        safety: Units(10),
        on_hand: Balance::of(18),
        watermark: Seq(11),
        affected: vec![OrderId(12)],
        affected_more: true,
    }
}

fn order() -> OrderView {
    OrderView {
        order: OrderId(77),
        channel: code("web"),
        number: code("1001"),
        zone: Some(code("CN-44")),
        customer: Some(code("c-1")),
        state: OrderState::Paid,
        placed_at: Time(1_000_000),
        expires_at: Time(2_000_000),
        rules_version: RulesVersion(3),
        cost: Money(4_700_001),
        sub_orders: vec![SubOrderNow {
            promised: plan().sub_orders.remove(0),
            first: Some(plan().sub_orders.remove(0)),
            stage: Stage::PickedUp,
            waybill: Some(code("SF123")),
            in_inspection: Units(1),
            returned: Units(2),
            awaits: vec![
                Awaited { sku: code("A"), units: Units(1), receipt: Some((code("PO-1"), Day(20_000))) },
                Awaited { sku: code("A"), units: Units(2), receipt: None },
            ],
            elsewhere: vec![(code("CAN"), Units(1))],
        }],
        review: vec![(code("B"), Units(1))],
        refunds: vec![refund()],
        timeline: vec![TimelineEntry {
            seq: Seq(40),
            what: "order_placed".to_owned(),
            sub: None,
            occurred: Time(900_000),
            arrived: Time(1_000_000),
            actor: code("shop"),
            reason: Some("changed their mind".to_owned()),
        }],
        version: Seq(41),
    }
}

pub fn replies() -> Vec<(&'static str, Reply)> {
    let changed = |change| {
        Reply::Changed(Box::new(Changed {
            order: OrderId(77),
            seq: Seq(41),
            change,
            present: OrderState::Paid,
            stages: vec![Stage::Allocated],
            replayed: false,
        }))
    };
    vec![
        (
            "placed",
            Reply::Placed(Box::new(Placed {
                order: OrderId(77),
                seq: Seq(40),
                expires_at: Time(2_000_000),
                plan: plan(),
                present: OrderState::Held,
                replayed: true,
            })),
        ),
        ("changed_paid", changed(Change::Paid)),
        ("changed_paid_late", changed(Change::PaidLate { first_sub: SubNo(2) })),
        ("changed_refund_due", changed(Change::RefundDue { refund: RefundNo(2), reason: RefundReason::PaidTwice })),
        ("changed_cancelled", changed(Change::Cancelled { units: Units(3) })),
        ("changed_extended", changed(Change::Extended { until: Time(3_000_000) })),
        ("changed_undelivered", changed(Change::Stepped { sub: SubNo(1), stage: Stage::Undelivered })),
        ("changed_lost", changed(Change::Stepped { sub: SubNo(1), stage: Stage::Lost })),
        ("changed_stepped", changed(Change::Stepped { sub: SubNo(1), stage: Stage::Outbound })),
        ("changed_shorted", changed(Change::Shorted { missing: Units(3), rerouted: Units(2), review: Units(1) })),
        ("changed_returned", changed(Change::Returned { units: Units(3) })),
        ("changed_inspected", changed(Change::Inspected { intact: Units(2), damaged: Units(1) })),
        ("changed_rerouted", changed(Change::Rerouted { units: Units(1) })),
        ("changed_raised", changed(Change::Raised { units: Units(2), first_sub: SubNo(3) })),
        ("changed_split", changed(Change::Split { sub: SubNo(3), units: Units(2) })),
        ("moved", Reply::Moved(Moved { seq: Seq(20), units: Units(30), short: Units(1), replayed: false })),
        ("configured", Reply::Configured(Configured { seq: Seq(1), rules_version: RulesVersion(1), replayed: false })),
        ("quoted_presale", Reply::Quoted(Box::new(presale()))),
        ("quoted", Reply::Quoted(Box::new(plan()))),
        (
            "availability",
            Reply::Availability(vec![
                Available { sku: code("A"), units: Units(10), presale: vec![(Day(20_000), Units(3))] },
                Available { sku: code("B"), units: Units::UNLIMITED, presale: Vec::new() },
            ]),
        ),
        ("refunded", Reply::Refunded(Box::new(Refunded { refund: refund(), replayed: false }))),
        (
            "refunds",
            Reply::Refunds(RefundsPage {
                refunds: vec![RefundView { order: None, payment: None, closed: None, ..refund() }],
                next: Some(Seq(41)),
            }),
        ),
        ("times", Reply::Times(TimesView { now: Time(1_000_000), skew: Span::from_mins(5) })),
        ("stock", Reply::Stock(vec![cell()])),
        ("order", Reply::Order(Box::new(order()))),
        (
            "orders",
            Reply::Orders(OrdersPage {
                orders: vec![OrderSummary {
                    order: OrderId(77),
                    channel: code("web"),
                    number: code("1001"),
                    sub: SubNo(1),
                    warehouse: code("HGH"),
                    carrier: code("ZTO"),
                    state: OrderState::Paid,
                    stage: Stage::Packed,
                    placed_at: Time(1_000_000),
                    units: Units(3),
                }],
                next: Some(Seq(61)),
            }),
        ),
        ("text", Reply::Text(VersionedText { rules_version: RulesVersion(3), text: "[policy]".to_owned() })),
        ("explained", Reply::Explained(Box::new(explanation()))),
        (
            "routing",
            Reply::Routing(Box::new(RoutingReport { orders: 300, cost: Money(7), ..RoutingReport::default() })),
        ),
        (
            "inbound",
            Reply::Inbound(vec![InboundCell {
                sku: code("A"),
                warehouse: code("HGH"),
                receipts: cell().inbound,
                overdue: Units(14),
            }]),
        ),
    ]
}
