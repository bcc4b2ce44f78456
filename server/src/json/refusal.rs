//! Refusals into JSON: problem details (RFC 9457) with the refusal's own facts as further members.

use serde_json::{Map, Value, json};
use stockade_core::reject::Reject;

/// A refusal as HTTP gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Seconds after which to try again, when that is known.
    pub retry_after_s: Option<u64>,
    /// The body, `application/problem+json`.
    pub body: Value,
}

/// A refusal as problem details.
pub fn problem(reject: &Reject) -> Problem {
    let status = status(reject);
    let mut body = Map::new();
    body.insert("type".into(), format!("urn:stockade:{}", reject.code()).into());
    body.insert("title".into(), title(reject).into());
    body.insert("status".into(), status.into());
    body.insert("detail".into(), reject.to_string().into());
    body.extend(facts(reject));
    let retry_after_s = match reject {
        Reject::Overloaded { retry_after } => Some(retry_after.0.0.div_ceil(1_000_000).max(1)),
        Reject::Unavailable { .. } | Reject::OutcomeUnknown { .. } => Some(1),
        _ => None,
    };
    Problem { status, retry_after_s, body: Value::Object(body) }
}

/// A refusal as one JSON object: its code, its sentence and its facts.
pub fn refusal(reject: &Reject) -> Value {
    let mut object = Map::new();
    object.insert("message".into(), reject.to_string().into());
    object.extend(facts(reject));
    Value::Object(object)
}

fn status(reject: &Reject) -> u16 {
    match reject {
        Reject::Unauthenticated => 401,
        Reject::Forbidden { .. } => 403,
        Reject::UnknownOrder { .. } | Reject::UnknownSubOrder { .. } => 404,
        Reject::TooLate => 408,
        Reject::InsufficientStock { .. }
        | Reject::Unroutable { .. }
        | Reject::CarrierNotEligible { .. }
        | Reject::Conflict { .. }
        | Reject::IllegalStep { .. }
        | Reject::NotEnoughUnits { .. }
        | Reject::StaleRules { .. }
        | Reject::CountTooOld { .. } => 409,
        Reject::Unknown { .. }
        | Reject::Invalid { .. }
        | Reject::BadFile { .. }
        | Reject::DurabilityUnavailable { .. } => 422,
        Reject::Overloaded { .. } => 429,
        Reject::Unavailable { .. } | Reject::Halted { .. } => 503,
        Reject::OutcomeUnknown { .. } => 504,
    }
}

fn title(reject: &Reject) -> &'static str {
    match reject {
        Reject::InsufficientStock { .. } => "Too little stock",
        Reject::Unroutable { .. } => "No allowed way to ship",
        Reject::CarrierNotEligible { .. } => "Carrier does not reach the zone",
        Reject::Unknown { .. } => "Unknown code",
        Reject::UnknownOrder { .. } => "Unknown order",
        Reject::UnknownSubOrder { .. } => "Unknown sub-order",
        Reject::Conflict { .. } => "Same key, other content",
        Reject::IllegalStep { .. } => "Step not allowed in this state",
        Reject::Invalid { .. } => "Field out of bounds",
        Reject::BadFile { .. } => "File refused",
        Reject::NotEnoughUnits { .. } => "Too few units there",
        Reject::StaleRules { .. } => "Rules have changed",
        Reject::CountTooOld { .. } => "Count too old",
        Reject::Forbidden { .. } => "Not allowed",
        Reject::Unauthenticated => "Unknown token",
        Reject::TooLate => "Too late",
        Reject::Overloaded { .. } => "Too much at once",
        Reject::Unavailable { .. } => "Not available now",
        Reject::DurabilityUnavailable { .. } => "Durability not to be had",
        Reject::OutcomeUnknown { .. } => "Outcome unknown",
        Reject::Halted { .. } => "Engine stopped",
    }
}

fn facts(reject: &Reject) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("code".into(), reject.code().into());
    facts.insert("transient".into(), reject.is_transient().into());
    let own = match reject {
        Reject::InsufficientStock { short } => {
            let line = |s: &stockade_core::reject::Short| json!({ "sku": s.sku, "wanted": s.wanted.0, "available": s.available.0 });
            json!({ "short": short.iter().map(line).collect::<Vec<Value>>() })
        }
        Reject::CarrierNotEligible { carrier, zone } => json!({ "carrier": carrier, "zone": zone }),
        Reject::Unknown { codes, .. } => json!({ "codes": codes }),
        Reject::UnknownOrder { order } => json!({ "order": order.to_string() }),
        Reject::UnknownSubOrder { sub, count } => json!({ "sub": sub.0, "sub_orders": count }),
        Reject::IllegalStep { step, state, stage, .. } => {
            json!({ "step": step, "state": state.name(), "stage": stage.map(|stage| stage.name()) })
        }
        Reject::Invalid { field, .. } => json!({ "field": field }),
        Reject::BadFile { line, .. } => json!({ "line": line }),
        Reject::NotEnoughUnits { sku, warehouse, bucket, wanted, available } => json!({
            "sku": sku, "warehouse": warehouse, "bucket": bucket, "wanted": wanted.0, "available": available.0,
        }),
        Reject::StaleRules { expected, actual } => json!({ "expected": expected.0, "actual": actual.0 }),
        Reject::CountTooOld { sku, oldest } => json!({ "sku": sku, "oldest": oldest.0 }),
        Reject::Overloaded { retry_after } => json!({ "retry_after_ms": retry_after.0.0 / 1_000 }),
        Reject::OutcomeUnknown { order } => json!({ "order_id": order.map(|order| order.to_string()) }),
        Reject::Unroutable { .. }
        | Reject::Conflict { .. }
        | Reject::Forbidden { .. }
        | Reject::Unauthenticated
        | Reject::TooLate
        | Reject::Unavailable { .. }
        | Reject::DurabilityUnavailable { .. }
        | Reject::Halted { .. } => Value::Null,
    };
    if let Value::Object(own) = own {
        facts.extend(own);
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_core::ids::Code;
    use stockade_core::reject::Short;
    use stockade_core::units::Units;

    #[test]
    fn a_shortage_lists_each_sku() {
        let short = vec![Short { sku: Code::new("A").unwrap(), wanted: Units(3), available: Units(1) }];
        let problem = problem(&Reject::InsufficientStock { short });
        assert_eq!(problem.status, 409);
        assert_eq!(
            problem.body,
            json!({
                "type": "urn:stockade:insufficient_stock",
                "title": "Too little stock",
                "status": 409,
                "detail": "too little stock, nothing is held: 3 of A wanted, 1 available",
                "code": "insufficient_stock",
                "transient": false,
                "short": [{ "sku": "A", "wanted": 3, "available": 1 }],
            })
        );
    }

    #[test]
    fn whoever_should_wait_is_told_how_long() {
        let retry_after = stockade_core::reply::RetryAfter(stockade_core::time::Span::from_millis(50));
        assert_eq!(problem(&Reject::Overloaded { retry_after }).retry_after_s, Some(1));
        assert_eq!(problem(&Reject::Unauthenticated).retry_after_s, None);
    }
}
