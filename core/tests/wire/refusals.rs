//! A sample of every refusal.

use stockade_core::Durability;
use stockade_core::command::OrderRef;
use stockade_core::ids::*;
use stockade_core::orders::{OrderState, Stage};
use stockade_core::reject::*;
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::code;

pub fn rejects() -> Vec<(&'static str, Reject)> {
    let unknown = |kind| Reject::Unknown { kind, codes: vec![code("X")] };
    let all = vec![
        Reject::InsufficientStock { short: vec![Short { sku: code("A"), wanted: Units(3), available: Units(2) }] },
        Reject::Unroutable { reason: "no rate".to_owned() },
        Reject::CarrierNotEligible { carrier: code("ZTO"), zone: Some(code("CN-44")) },
        unknown(CodeKind::Warehouse),
        unknown(CodeKind::Channel),
        unknown(CodeKind::Pool),
        unknown(CodeKind::Carrier),
        unknown(CodeKind::Sku),
        Reject::UnknownOrder { order: OrderRef::Number { channel: code("web"), number: code("1001") }, unnamed: true },
        Reject::UnknownOrder { order: OrderRef::Id(OrderId(77)), unnamed: false },
        Reject::UnknownSubOrder { sub: SubNo(3), count: 2 },
        Reject::Conflict { reason: "other lines".to_owned() },
        Reject::IllegalStep {
            step: "pack".to_owned(),
            state: OrderState::Held,
            stage: Some(Stage::Held),
            reason: "not paid".to_owned(),
        },
        Reject::Invalid { field: "lines".to_owned(), reason: "empty".to_owned() },
        Reject::BadFile { line: 7, reason: "no such carrier".to_owned() },
        Reject::NotEnoughUnits {
            sku: code("A"),
            warehouse: code("HGH"),
            bucket: "available".to_owned(),
            wanted: Units(3),
            available: Units(2),
        },
        Reject::StaleRules { expected: RulesVersion(1), actual: RulesVersion(2) },
        Reject::CountTooOld { sku: code("A"), oldest: Seq(200) },
        Reject::Forbidden { reason: "role support only reads".to_owned() },
        Reject::Unauthenticated,
        Reject::TooLate,
        Reject::Overloaded { retry_after: RetryAfter(Span::from_millis(20)) },
        Reject::Unavailable { reason: "draining".to_owned() },
        Reject::DurabilityUnavailable { asked: Durability::Replicated, best: Durability::Journaled },
        Reject::OutcomeUnknown { order: Some(OrderId(77)) },
        Reject::Halted { reason: "ledger".to_owned() },
    ];
    all.into_iter().map(|reject| (reject.code(), reject)).collect()
}
