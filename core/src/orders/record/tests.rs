use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::Actor;
use crate::ids::{Code, RefundNo};
use crate::limits::KEY_SHARDS;
use crate::orders::{Change, Memo, Moment, NewOrder, RefundReason, Step, What};

fn code() -> impl Strategy<Value = Code> {
    "[!-~]{1,24}|[a-z\u{4e00}-\u{4fff}\u{1f600}-\u{1f64f}]{1,64}".prop_map(|text| Code::new(&text).unwrap())
}

/// Small numbers as they are usual, and those at the edges of their form.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0u64..300, 1 => any::<u64>(), 1 => (0u32..64, 0u64..2).prop_map(|(bit, less)| (1 << bit) - less)]
}

fn units() -> impl Strategy<Value = Units> {
    number().prop_map(Units)
}

fn time() -> impl Strategy<Value = Time> {
    number().prop_map(Time)
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![Just(Actor::Timer), Just(Actor::Engine), code().prop_map(Actor::Named)]
}

fn figures() -> impl Strategy<Value = Figures> {
    let money = || any::<i64>().prop_map(Money);
    (number(), money(), money(), money(), money()).prop_map(|(weight_g, parcel, unit, first_kg, further_kg)| Figures {
        weight_g,
        parts: CostParts { parcel, unit, first_kg, further_kg },
    })
}

fn line() -> impl Strategy<Value = SubLine> {
    let taken = option::of((units(), units(), units()));
    (any::<u32>(), any::<u16>(), units(), taken).prop_map(|(sku, pool, promised, taken)| {
        let whole = SubLine::new(SkuId(sku), PoolId(pool), promised);
        let Some((units, in_inspection, returned)) = taken else { return whole };
        SubLine { units, in_inspection, returned, ..whole }
    })
}

prop_compose! {
    fn sub()(
        (warehouse, carrier, due, hours) in (any::<u16>(), any::<u16>(), option::of(any::<u32>()), any::<u32>()),
        (now, first) in (figures(), option::of(figures())),
        (from_supplier, stage, steps, waiting) in (any::<bool>(), select(&Stage::ALL), any::<u32>(), any::<u32>()),
        (waybill, lines) in (option::of(code()), prop::collection::vec(line(), 0..5)),
    ) -> SubOrder {
        SubOrder {
            warehouse: WarehouseId(warehouse),
            carrier: CarrierId(carrier),
            kind: due.map_or(SubKind::Regular, |day| SubKind::Presale(Day(day))),
            hours,
            weight_g: now.weight_g,
            parts: now.parts,
            first: first.map(Box::new),
            from_supplier,
            stage,
            steps: StepSet::of_bits(steps),
            waiting,
            waybill,
            lines,
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let no = || any::<u16>().prop_map(SubNo);
    prop_oneof![
        Just(Change::Paid),
        no().prop_map(|first_sub| Change::PaidLate { first_sub }),
        (any::<u32>(), select(&RefundReason::ALL))
            .prop_map(|(refund, reason)| Change::RefundDue { refund: RefundNo(refund), reason }),
        units().prop_map(|units| Change::Cancelled { units }),
        time().prop_map(|until| Change::Extended { until }),
        (no(), select(&Stage::ALL)).prop_map(|(sub, stage)| Change::Stepped { sub, stage }),
        (units(), units(), units()).prop_map(|(missing, rerouted, review)| Change::Shorted {
            missing,
            rerouted,
            review
        }),
        units().prop_map(|units| Change::Returned { units }),
        (units(), units()).prop_map(|(intact, damaged)| Change::Inspected { intact, damaged }),
        units().prop_map(|units| Change::Rerouted { units }),
        (units(), no()).prop_map(|(units, first_sub)| Change::Raised { units, first_sub }),
        (no(), units()).prop_map(|(sub, units)| Change::Split { sub, units }),
    ]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![any::<u16>().prop_map(What::Event), select(Step::ALL).prop_map(What::Step), Just(What::Arrival)]
}

prop_compose! {
    fn moment()(
        seq in number(),
        what in what(),
        sub in option::of(any::<u16>()),
        (occurred, arrived) in (time(), time()),
        actor in actor(),
        reason in option::of(".{0,40}"),
    ) -> Moment {
        let (sub, reason) = (sub.map(SubNo), reason.map(String::into_boxed_str));
        Moment { seq: Seq(seq), what, sub, occurred, arrived, actor, reason }
    }
}

fn memo() -> impl Strategy<Value = Memo<Change>> {
    (code(), any::<u128>(), number(), change()).prop_map(|(key, digest, seq, answer)| Memo {
        key,
        digest,
        seq: Seq(seq),
        answer,
    })
}

fn elsewhere() -> impl Strategy<Value = Elsewhere> {
    (any::<u16>(), any::<u16>(), any::<u32>(), any::<u16>(), units()).prop_map(|(warehouse, sub, sku, pool, units)| {
        let take = SubTake { sub: SubNo(sub), sku: SkuId(sku), pool: PoolId(pool), units };
        Elsewhere { warehouse: WarehouseId(warehouse), take }
    })
}

prop_compose! {
    fn since()(
        review in prop::collection::vec((any::<u32>().prop_map(SkuId), units()), 0..3),
        elsewhere in prop::collection::vec(elsewhere(), 0..3),
    ) -> Since {
        Since { review, elsewhere }
    }
}

prop_compose! {
    fn order()(
        (id, channel, number, digest) in (any::<u32>(), any::<u16>(), code(), any::<u128>()),
        (zone, customer, carrier) in (option::of(code()), option::of(code()), option::of(any::<u16>())),
        (ship_complete, max_parcels) in (any::<bool>(), option::of(any::<u16>())),
        (state, refund_due, actor) in (select(&OrderState::ALL), any::<bool>(), actor()),
        (placed, version, arrived, occurred, last_time) in (number(), number(), time(), time(), time()),
        (first_deadline, deadline) in (time(), time()),
        (first_rules, rules_version, score, bound) in (any::<u32>(), any::<u32>(), any::<i64>(), any::<i64>()),
        (first_subs, subs) in (any::<u16>(), prop::collection::vec(sub(), 0..4)),
        since in option::of(since()),
        memos in prop::collection::vec(memo(), 0..20),
        moments in prop::collection::vec(moment(), 0..6),
    ) -> Order {
        let mut order = Order::new(NewOrder {
            id: OrderId(u64::from(id) * KEY_SHARDS as u64 + 7),
            channel: ChannelId(channel),
            number: &number,
            digest: digest.into(),
            zone: zone.as_ref(),
            customer: customer.as_ref(),
            carrier: carrier.map(CarrierId),
            ship_complete,
            max_parcels,
            placed: Seq(placed),
            arrived,
            occurred,
            actor: &actor,
            deadline: first_deadline,
        });
        (order.state, order.refund_due, order.deadline) = (state, refund_due, deadline);
        (order.first_rules, order.rules_version) = (RulesVersion(first_rules), RulesVersion(rules_version));
        (order.score, order.bound) = (Money(score), Money(bound));
        (order.first_subs, order.subs) = (first_subs, subs);
        (order.version, order.last_time) = (Seq(version), last_time);
        if let Some(since) = since {
            order.later = Later::new(since);
        }
        memos.iter().for_each(|memo| order.remember(memo));
        moments.iter().for_each(|moment| order.note(moment));
        order
    }
}

proptest! {
    #[test]
    fn an_order_is_what_was_packed(order in order()) {
        let record = Record::pack(&order);
        prop_assert_eq!(&record.open(order.id), &order);
        prop_assert_eq!(record.hold(), (order.state, order.deadline));
        prop_assert!(record.is_of(order.channel, order.number.as_str()));
        prop_assert!(!record.is_of(ChannelId(order.channel.0 ^ 1), order.number.as_str()));
        let longer = format!("{}x", order.number);
        prop_assert!(!record.is_of(order.channel, &longer));
    }

    /// However they come, and however often the order was packed meanwhile.
    #[test]
    fn an_order_tells_what_was_noted_and_answered(
        mut order in order(),
        things in prop::collection::vec((memo(), option::of(moment()), option::of(option::of(".{0,40}")), any::<bool>()), 0..200),
    ) {
        order.trail = Trail::default();
        let (mut memos, mut moments) = (Vec::new(), Vec::new());
        for (at, (mut memo, moment, reason, packs)) in things.into_iter().enumerate() {
            memo.seq = Seq(at as u64 * 7);
            order.remember(&memo);
            memos.push(memo);
            if let Some(mut moment) = moment {
                order.note(&moment);
                if let Some(reason) = reason {
                    order.explain(reason.as_deref());
                    moment.reason = reason.map(String::into_boxed_str);
                }
                moments.push(moment);
            }
            if packs && order.changes() <= 100 {
                order = Record::pack(&order).open(order.id);
            }
        }
        for memo in &memos {
            let of_event = order.memo_of(memo.seq).map(|found| found.seq);
            prop_assert_eq!(of_event, Some(memo.seq));
            prop_assert_eq!(order.memo(&memo.key), memos.iter().find(|first| first.key == memo.key).cloned());
        }
        let none = Code::new("no key that was drawn, for it is too long").unwrap();
        prop_assert_eq!(order.memo(&none), None);
        prop_assert_eq!((order.changes(), order.moments()), (memos.len(), moments.len()));
        prop_assert_eq!(order.memos().collect::<Vec<_>>(), memos);
        prop_assert_eq!(order.timeline().collect::<Vec<_>>(), moments);
    }

    #[test]
    fn other_bytes_are_no_order(order in order(), cut in any::<prop::sample::Index>(), more in any::<u8>()) {
        let mut bytes = Record::pack(&order).0.into_vec();
        prop_assert_eq!(take_order(&mut Reader::new(&bytes[..cut.index(bytes.len())]), order.id), None);
        bytes.push(more);
        prop_assert_eq!(take_order(&mut Reader::new(&bytes), order.id), None);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        take_order(&mut Reader::new(&bytes), OrderId(7));
    }
}
