//! One small value of everything that is journaled, each with a name.

use stockade_core::Actor;
use stockade_core::decision::*;
use stockade_core::decision::{CostParts, SubKind};
use stockade_core::event::*;
use stockade_core::ids::{
    CarrierId, ChannelId, Code, OrderId, PoolId, ReceiptNo, RefundNo, RulesVersion, Seq, SkuId, SubNo, Ticket,
    WarehouseId,
};
use stockade_core::money::Money;
use stockade_core::orders::{Elsewhere, Payment, RefundReason, Stage, Step, SubTake};
use stockade_core::stock::Move;
use stockade_core::stock::{Bucket, Outside};
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;

const ORDER: OrderId = OrderId(4_099);
const SKU: SkuId = SkuId(7);
const HERE: WarehouseId = WarehouseId(2);
const POOL: PoolId = PoolId(1);

fn code(text: &str) -> Code {
    Code::new(text).expect("a sample code is a code")
}

fn payment() -> Payment {
    Payment { reference: Some(code("R-7")), amount: Some(Money(12_500_000)) }
}

/// Every bucket there is.
pub fn buckets() -> Vec<Bucket> {
    vec![
        Bucket::Available(POOL),
        Bucket::Held(POOL),
        Bucket::Allocated,
        Bucket::Picked,
        Bucket::Shipped,
        Bucket::Awaiting,
        Bucket::Inspection,
        Bucket::Damaged,
        Bucket::InTransit,
        Bucket::Inbound(ReceiptNo(3)),
        Bucket::Promised(Ticket(4)),
        Bucket::Arrived(ReceiptNo(3)),
        Bucket::Missing(ReceiptNo(3)),
        Bucket::Short,
        Bucket::Outside(Outside::Supplier),
        Bucket::Outside(Outside::Customer),
        Bucket::Outside(Outside::WriteOff),
        Bucket::Outside(Outside::Transfer),
    ]
}

fn moved(from: Bucket, to: Bucket) -> Move {
    Move { sku: SKU, warehouse: HERE, from, to, units: Units(300) }
}

fn take() -> SubTake {
    SubTake { sub: SubNo(1), sku: SKU, pool: POOL, units: Units(2) }
}

fn cancelled() -> OrderCancelled {
    OrderCancelled {
        order: ORDER,
        takes: vec![take()],
        review: vec![(SKU, Units(1))],
        moves: vec![moved(Bucket::Held(POOL), Bucket::Available(POOL))],
        waiting: vec![(SubNo(1), Units(2))],
        reason: Some("changed their mind".to_owned()),
    }
}

fn shorted() -> PickShorted {
    PickShorted {
        order: ORDER,
        sub: SubNo(1),
        missing: vec![take()],
        moves: vec![moved(Bucket::Held(POOL), Bucket::Available(POOL))],
        decision: Some(decision()),
        review: vec![(SKU, Units(1))],
    }
}

fn routed() -> ReviewRouted {
    ReviewRouted { order: ORDER, units: vec![(SKU, Units(1))], decision: decision() }
}

fn figures() -> Figures {
    let PlannedSub { weight_g, parts, .. } = decision().subs.remove(0);
    Figures { weight_g, parts }
}

fn decision() -> Decision {
    Decision {
        rules_version: RulesVersion(3),
        score: Money(12_340_000),
        bound: Money(12_000_000),
        subs: vec![PlannedSub {
            warehouse: HERE,
            carrier: CarrierId(1),
            kind: SubKind::Regular,
            hours: 36,
            weight_g: 1_500,
            parts: CostParts {
                parcel: Money(500_000),
                unit: Money(1),
                first_kg: Money(4_200_000),
                further_kg: Money(1_100_000),
            },
            from_supplier: false,
            lines: vec![PlannedLine { sku: SKU, pool: POOL, units: Units(3) }],
        }],
        seen: vec![SeenLine {
            sku: SKU,
            wanted: Units(3),
            full: 0b101,
            full_beyond: vec![WarehouseId(64)],
            partial: vec![(WarehouseId(3), Units(1))],
        }],
        prices: vec![PriceSeen { sku: SKU, warehouse: WarehouseId(3), micros: 700_000 }],
    }
}

fn ahead() -> Vec<Decision> {
    let mut ahead = decision();
    ahead.subs[0].kind = SubKind::Presale(Day(20_000));
    vec![ahead]
}

fn made() -> Vec<Promised> {
    vec![Promised {
        sku: SKU,
        warehouse: HERE,
        ticket: Ticket(5),
        rank: Ticket(4),
        receipt: ReceiptNo(3),
        pool: POOL,
        order: ORDER,
        sub: SubNo(2),
        units: Units(3),
    }]
}

fn inbound_changed(reason: InboundReason) -> Event {
    Event::InboundChanged(Box::new(InboundChanged {
        reason,
        warehouse: HERE,
        reference: Some(code("PO-1")),
        units: Units(300),
        opened: Some(Opened { sku: SKU, receipt: ReceiptNo(3), day: Day(20_000), pool: POOL }),
        dated: Some(Dated { sku: SKU, receipt: ReceiptNo(3), day: Day(20_001) }),
        moves: vec![moved(Bucket::Outside(Outside::Supplier), Bucket::Inbound(ReceiptNo(3)))],
        made: made(),
        arrived: vec![Arrived { order: ORDER, sub: SubNo(2), units: Units(1) }],
    }))
}

/// Every kind of event.
pub fn events() -> Vec<(&'static str, Event)> {
    let placed = OrderPlaced {
        order: ORDER,
        channel: ChannelId(1),
        number: code("1001"),
        digest: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
        zone: Some(code("CN-44")),
        customer: None,
        carrier: Some(CarrierId(1)),
        ship_complete: false,
        max_parcels: Some(2),
        hold: Span::from_mins(30),
        decision: decision(),
    };
    let held_back = vec![moved(Bucket::Held(POOL), Bucket::Available(POOL))];
    let step = |step, stage| {
        let moves = vec![moved(Bucket::Allocated, Bucket::Picked)];
        let weight_g = (step == Step::Weigh).then_some(1_480);
        let waybill = (step == Step::Label).then(|| code("ZT-1"));
        Event::SubStepped(SubStepped { order: ORDER, sub: SubNo(1), step, weight_g, waybill, stage, moves })
    };
    let stock_moved = |reason, moves| Event::StockMoved(StockMoved { reason, note: Some("by hand".to_owned()), moves });
    let supplied = || vec![moved(Bucket::Outside(Outside::Supplier), Bucket::Available(POOL))];
    vec![
        (
            "world_applied",
            Event::WorldApplied(Box::new(WorldApplied {
                text: "currency = \"CNY\"".to_owned(),
                version: RulesVersion(1),
                warehouses: vec![(HERE, code("HGH"))],
                carriers: vec![(CarrierId(1), code("ZTO"))],
                channels: vec![(ChannelId(1), code("web"))],
                pools: vec![(POOL, code("promo"))],
            })),
        ),
        ("rules_applied", Event::RulesApplied(RulesApplied { text: "[policy]".to_owned(), version: RulesVersion(2) })),
        (
            "skus_defined",
            Event::SkusDefined(SkusDefined {
                skus: vec![SkuDefined { id: SKU, code: code("TEA"), weight_g: Some(250), category: Some(code("tea")) }],
                rules_version: RulesVersion(1),
            }),
        ),
        (
            "stock_moved through every bucket",
            stock_moved(
                MoveReason::Adjustment,
                buckets().into_iter().map(|to| moved(Bucket::Outside(Outside::Supplier), to)).collect(),
            ),
        ),
        ("stock_moved: receipt", stock_moved(MoveReason::Receipt, supplied())),
        ("stock_moved: transfer", stock_moved(MoveReason::Transfer, supplied())),
        ("stock_moved: arrival", stock_moved(MoveReason::Arrival, supplied())),
        ("stock_moved: pool move", stock_moved(MoveReason::PoolMove, supplied())),
        ("stock_moved: making up", stock_moved(MoveReason::MakingUp, supplied())),
        ("stock_moved: damage", stock_moved(MoveReason::Damage, supplied())),
        ("stock_moved: scrap", stock_moved(MoveReason::Scrap, supplied())),
        ("stock_moved: transit loss", stock_moved(MoveReason::TransitLoss, supplied())),
        ("stock_moved: transit damage", stock_moved(MoveReason::TransitDamage, supplied())),
        ("stock_moved: recall", stock_moved(MoveReason::Recall, supplied())),
        (
            "shelf_counted",
            Event::ShelfCounted(ShelfCounted {
                moves: vec![moved(Bucket::Outside(Outside::WriteOff), Bucket::Short)],
                warehouse: HERE,
                counted: vec![(SKU, Units(40))],
            }),
        ),
        (
            "stock_counted",
            Event::StockCounted(StockCounted {
                as_of: Some(Seq(900)),
                except: vec![Seq(890), Seq(895)],
                moves: vec![moved(Bucket::Outside(Outside::WriteOff), Bucket::Short)],
                warehouse: HERE,
                counted: vec![(SKU, Units(40))],
            }),
        ),
        ("safety_set", Event::SafetySet(SafetySet { sku: SKU, warehouse: HERE, units: Units(5) })),
        ("order_placed", Event::OrderPlaced(Box::new(placed.clone()))),
        ("order_promised", Event::OrderPromised(Box::new(OrderPromised { placed, ahead: ahead(), made: made() }))),
        (
            "order_promised_late",
            Event::OrderPromisedLate(Box::new(OrderPromisedLate {
                late: OrderPaidLate {
                    order: ORDER,
                    decision: Decision::none(RulesVersion(3)),
                    payment: Payment::default(),
                },
                ahead: ahead(),
                made: made(),
            })),
        ),
        ("inbound_changed: announced", inbound_changed(InboundReason::Announced)),
        ("inbound_changed: changed", inbound_changed(InboundReason::Changed)),
        ("inbound_changed: withdrawn", inbound_changed(InboundReason::Withdrawn)),
        ("inbound_changed: received", inbound_changed(InboundReason::Received)),
        ("inbound_changed: handed", inbound_changed(InboundReason::Handed)),
        (
            "order_paid",
            Event::OrderPaid(OrderPaid {
                order: ORDER,
                moves: vec![moved(Bucket::Held(POOL), Bucket::Allocated)],
                payment: payment(),
            }),
        ),
        (
            "order_paid_late",
            Event::OrderPaidLate(Box::new(OrderPaidLate { order: ORDER, decision: decision(), payment: payment() })),
        ),
        (
            "refund_due",
            Event::RefundDue(RefundDue { order: ORDER, reason: RefundReason::StockGone, payment: Payment::default() }),
        ),
        (
            "refund_due_twice",
            Event::RefundDue(RefundDue { order: ORDER, reason: RefundReason::PaidTwice, payment: payment() }),
        ),
        (
            "unplaced_paid",
            Event::UnplacedPaid(UnplacedPaid { channel: ChannelId(3), number: code("1001"), payment: payment() }),
        ),
        (
            "refund_closed",
            Event::RefundClosed(RefundClosed {
                channel: ChannelId(3),
                number: code("1001"),
                order: Some(ORDER),
                refund: RefundNo(2),
                reference: code("B-9"),
            }),
        ),
        ("order_expired", Event::OrderExpired(OrderExpired { order: ORDER, moves: held_back.clone() })),
        ("hold_extended", Event::HoldExtended(HoldExtended { order: ORDER, until: Time(1_700_000_000_000_000) })),
        ("order_cancelled", Event::OrderCancelled(cancelled())),
        ("sub_order_cancelled", Event::SubOrderCancelled(SubOrderCancelled { sub: SubNo(1), cancelled: cancelled() })),
        (
            "units_cancelled",
            Event::UnitsCancelled(UnitsCancelled { cancelled: cancelled(), figures: vec![(SubNo(1), figures())] }),
        ),
        ("sub_stepped: pick", step(Step::Pick, Stage::Picking)),
        ("sub_stepped: pack", step(Step::Pack, Stage::Packed)),
        ("sub_stepped: weigh", step(Step::Weigh, Stage::Packed)),
        ("sub_stepped: label", step(Step::Label, Stage::Packed)),
        ("sub_stepped: scan", step(Step::Scan, Stage::Outbound)),
        ("sub_stepped: pickup", step(Step::Pickup, Stage::PickedUp)),
        ("sub_stepped: deliver", step(Step::Deliver, Stage::Delivered)),
        ("sub_stepped: unpack", step(Step::Unpack, Stage::Picking)),
        ("sub_stepped: unscan", step(Step::Unscan, Stage::Packed)),
        ("sub_stepped: undelivered", step(Step::Undelivered, Stage::Undelivered)),
        ("sub_stepped: refused", step(Step::Refused, Stage::Undelivered)),
        ("sub_stepped: lost", step(Step::Lost, Stage::Lost)),
        ("sub_stepped: confirm", step(Step::Confirm, Stage::Confirmed)),
        ("pick_shorted", Event::PickShorted(Box::new(shorted()))),
        (
            "parcel_shorted",
            Event::ParcelShorted(Box::new(ParcelShorted {
                shorted: shorted(),
                figures: vec![(SubNo(1), figures())],
                most: Some(1),
                why: Some("too little stock".to_owned()),
            })),
        ),
        (
            "return_received",
            Event::ReturnReceived(ReturnReceived {
                order: ORDER,
                takes: vec![take()],
                moves: vec![moved(Bucket::Shipped, Bucket::Inspection)],
            }),
        ),
        (
            "return_inspected",
            Event::ReturnInspected(ReturnInspected {
                order: ORDER,
                takes: vec![take()],
                intact: Units(1),
                damaged: Units(1),
                moves: vec![moved(Bucket::Inspection, Bucket::Damaged)],
            }),
        ),
        (
            "return_received_elsewhere",
            Event::ReturnReceivedElsewhere(ReturnReceivedElsewhere {
                received: ReturnReceived {
                    order: ORDER,
                    takes: vec![take()],
                    moves: vec![
                        moved(Bucket::Shipped, Bucket::Outside(Outside::Transfer)),
                        moved(Bucket::Outside(Outside::Transfer), Bucket::Inspection),
                    ],
                },
                warehouse: WarehouseId(9),
                place: "it came back to CAN".to_owned(),
            }),
        ),
        (
            "return_inspected_elsewhere",
            Event::ReturnInspectedElsewhere(ReturnInspectedElsewhere {
                inspected: ReturnInspected {
                    order: ORDER,
                    takes: vec![take()],
                    intact: Units(1),
                    damaged: Units(1),
                    moves: vec![moved(Bucket::Inspection, Bucket::Damaged)],
                },
                elsewhere: vec![Elsewhere { warehouse: WarehouseId(9), take: take() }],
                place: "inspected at CAN".to_owned(),
            }),
        ),
        (
            "order_raised",
            Event::OrderRaised(Box::new(OrderRaised { order: ORDER, decision: decision(), most: Some(2) })),
        ),
        (
            "sub_order_split",
            Event::SubOrderSplit(SubOrderSplit {
                order: ORDER,
                sub: SubNo(1),
                takes: vec![take()],
                left: figures(),
                apart: figures(),
            }),
        ),
        ("review_routed", Event::ReviewRouted(Box::new(routed()))),
        ("review_routed_within", Event::ReviewRoutedWithin(Box::new(ReviewRoutedWithin { routed: routed(), most: 1 }))),
    ]
}

/// Every kind of event, and every kind of envelope around one.
pub fn envelopes() -> Vec<(&'static str, Envelope)> {
    let arrived = Time(1_700_000_000_000_000);
    let named = || Actor::Named(code("web"));
    let refund =
        || Event::RefundDue(RefundDue { order: ORDER, reason: RefundReason::StockGone, payment: Payment::default() });
    let keyed = || Cause::Key { key: code("pay-1"), digest: 0x1112_1314_1516_1718_191a_1b1c_1d1e_1f20 };
    let plain = |event| Envelope { actor: named(), arrived, occurred: None, cause: Cause::Order, event };
    let mut envelopes: Vec<_> = events().into_iter().map(|(name, event)| (name, plain(event))).collect();
    envelopes.push(("by a timer", Envelope { actor: Actor::Timer, cause: Cause::Deadline, ..plain(refund()) }));
    envelopes.push(("by itself", Envelope { actor: Actor::Engine, cause: Cause::Promise, ..plain(refund()) }));
    envelopes.push((
        "by a key, at another time",
        Envelope { cause: keyed(), occurred: Some(Time(1_699_999_999_000_000)), ..plain(refund()) },
    ));
    envelopes
}
