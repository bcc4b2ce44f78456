//! An explanation.

use super::*;

pub fn explanation() -> Explanation {
    let costs = plan().sub_orders[0].parts;
    let lines = vec![(code("A"), Units(3))];
    let out = vec![
        OutReason::Lacks { short: vec![(code("A"), Units(3), Units(1))] },
        OutReason::Banned { carrier: code("ZTO") },
        OutReason::NoRate,
        OutReason::OtherCarrier { wanted: code("SF") },
        OutReason::Ceiling { carrier: code("SF"), cost: Money(9), ceiling: Money(8) },
        OutReason::ParcelLimit { most: 1 },
        OutReason::PickedShort,
        OutReason::NoBetter { by: Money(7) },
        OutReason::OwnFirst { by: Money(6) },
    ];
    Explanation {
        order: OrderId(77),
        channel: code("web"),
        number: code("1001"),
        asked: Wishes {
            zone: Some(code("CN-44")),
            carrier: None,
            ship_complete: false,
            max_parcels: Some(2),
            split: Some(SplitSeen { saving: Money(3), sent: Units(2), left: Units(1) }),
            lines: lines.clone(),
        },
        decisions: vec![DecisionRef {
            seq: Seq(40),
            what: "order_placed".to_owned(),
            at: Time(1_000_000),
            ships: vec![ShipsSeen {
                warehouse: code("HGH"),
                carrier: code("ZTO"),
                due: Some(Day(20_770)),
                lines: vec![(code("A"), Units(2))],
            }],
        }],
        no: 1,
        rules_version: RulesVersion(3),
        weights: WeightsSeen { money: Money(1_000_000), time: Money(20_000), balance: Money(0) },
        score: costs.total(),
        bound: costs.total(),
        proven: true,
        differs: None,
        prices: vec![PriceView { sku: code("A"), warehouse: code("HGH"), price: Money(5) }],
        candidates: vec![Candidate {
            roles: vec![CandidateRole::Chosen, CandidateRole::OneParcel],
            score: costs.total(),
            distance: Money(0),
            proven: true,
            parts: ScoreParts { money: costs.total(), ..ScoreParts::default() },
            cost: costs.total(),
            costs,
            hours: 36,
            parcels: vec![CandidateParcel {
                warehouse: code("HGH"),
                carrier: code("ZTO"),
                hours: 36,
                weight_g: 1_500,
                cost: costs.total(),
                lines,
            }],
        }],
        warehouses: vec![WarehouseSeen {
            warehouse: code("CAN"),
            chosen: false,
            stock: vec![Units(1)],
            alone: Some(Money(7)),
            out,
        }],
        empty: vec![code("SHA")],
    }
}
