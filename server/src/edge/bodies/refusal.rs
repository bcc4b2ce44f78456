//! Refusals: problem details (RFC 9457) over HTTP, one object on the command line; both with the refusal's own facts.

use serde::Serialize;
use stockade_core::ids::Code;
use stockade_core::reject::{Reject, Short};
use stockade_core::time::Span;

use super::quantity::ShortBody;

/// A refusal as HTTP gives it.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// Seconds after which to try again, when that is known.
    pub retry_after_s: Option<u64>,
    /// The body, `application/problem+json`.
    pub body: ProblemBody<'a>,
}

/// Problem details.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemBody<'a> {
    /// The kind of problem as a URN.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong, and what to do.
    pub detail: String,
    /// The code and the facts, for programs.
    #[serde(flatten)]
    pub facts: Facts<'a>,
}

/// A refusal as one object, for the command line.
#[derive(Clone, Debug, Serialize)]
pub struct RefusalBody<'a> {
    /// What was wrong, and what to do.
    pub message: String,
    /// The code and the facts, for programs.
    #[serde(flatten)]
    pub facts: Facts<'a>,
}

/// The stable code of a refusal and what belongs to it.
#[derive(Clone, Debug, Serialize)]
pub struct Facts<'a> {
    /// The code; it never changes its meaning.
    pub code: &'static str,
    /// Whether the same request may succeed later.
    pub transient: bool,
    /// The facts of this kind of refusal.
    #[serde(flatten)]
    pub own: OwnFacts<'a>,
}

/// The facts of each kind of refusal.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum OwnFacts<'a> {
    /// The SKUs that are short.
    Stock {
        /// Each of them.
        short: Vec<ShortBody<'a>>,
    },
    /// A carrier that does not reach a zone.
    Carrier {
        /// The carrier.
        carrier: &'a Code,
        /// The zone.
        zone: Option<&'a Code>,
    },
    /// Codes that are not known.
    Codes {
        /// Each of them.
        codes: &'a [Code],
    },
    /// An order that is not known.
    Order {
        /// `channel/number`, or `id:N`.
        order: String,
    },
    /// A sub-order that an order does not have.
    Sub {
        /// Its number.
        sub: u16,
        /// How many sub-orders there are.
        sub_orders: u16,
    },
    /// A step that is not allowed in this state.
    Step {
        /// The step.
        step: &'a str,
        /// The state of the order.
        state: &'static str,
        /// The stage of the sub-order.
        stage: Option<&'static str>,
    },
    /// A field that is out of bounds.
    Field {
        /// The field.
        field: &'a str,
    },
    /// A line of a file.
    Line {
        /// Its number, from 1; 0 for the whole file.
        line: u32,
    },
    /// A bucket with too few units.
    Bucket {
        /// The SKU.
        sku: &'a Code,
        /// The warehouse.
        warehouse: &'a Code,
        /// The bucket.
        bucket: &'a str,
        /// Units wanted.
        wanted: u64,
        /// Units available.
        available: u64,
    },
    /// Rules that have changed since.
    Rules {
        /// The version that was expected.
        expected: u32,
        /// The version in force.
        actual: u32,
    },
    /// A count that is too old.
    Count {
        /// The SKU.
        sku: &'a Code,
        /// The earliest event a count may go by.
        oldest: u64,
    },
    /// When to try again.
    Retry {
        /// In milliseconds.
        retry_after_ms: u64,
    },
    /// An order that may or may not exist.
    Unknown {
        /// The engine's id of the order, when it got one.
        order_id: Option<String>,
    },
    /// No facts besides the code.
    None {},
}

impl<'a> From<&'a Reject> for Problem<'a> {
    fn from(reject: &'a Reject) -> Problem<'a> {
        let (status, title) = status_and_title(reject);
        let body =
            ProblemBody { kind: urn(reject.code()), title, status, detail: reject.to_string(), facts: reject.into() };
        Problem { retry_after_s: retry_after_s(reject), body }
    }
}

impl<'a> Problem<'a> {
    /// A request that cannot be understood. Nothing was decided.
    pub fn bad_request(status: u16, title: &'a str, detail: String) -> Problem<'a> {
        let code = "bad_request";
        let facts = Facts { code, transient: false, own: OwnFacts::None {} };
        Problem { retry_after_s: None, body: ProblemBody { kind: urn(code), title, status, detail, facts } }
    }
}

impl<'a> From<&'a Reject> for RefusalBody<'a> {
    fn from(reject: &'a Reject) -> RefusalBody<'a> {
        RefusalBody { message: reject.to_string(), facts: reject.into() }
    }
}

impl<'a> From<&'a Reject> for Facts<'a> {
    fn from(reject: &'a Reject) -> Facts<'a> {
        Facts { code: reject.code(), transient: reject.is_transient(), own: reject.into() }
    }
}

impl<'a> From<&'a Reject> for OwnFacts<'a> {
    fn from(reject: &'a Reject) -> OwnFacts<'a> {
        match reject {
            Reject::InsufficientStock { short } => {
                OwnFacts::Stock { short: short.iter().map(ShortBody::from).collect() }
            }
            Reject::CarrierNotEligible { carrier, zone } => OwnFacts::Carrier { carrier, zone: zone.as_ref() },
            Reject::Unknown { codes, .. } => OwnFacts::Codes { codes },
            Reject::UnknownOrder { order, .. } => OwnFacts::Order { order: order.to_string() },
            Reject::UnknownSubOrder { sub, count } => OwnFacts::Sub { sub: sub.0, sub_orders: *count },
            Reject::IllegalStep { step, state, stage, .. } => {
                OwnFacts::Step { step, state: state.name(), stage: stage.map(|stage| stage.name()) }
            }
            Reject::Invalid { field, .. } => OwnFacts::Field { field },
            Reject::BadFile { line, .. } => OwnFacts::Line { line: *line },
            Reject::NotEnoughUnits { sku, warehouse, bucket, wanted, available } => {
                OwnFacts::Bucket { sku, warehouse, bucket, wanted: wanted.0, available: available.0 }
            }
            Reject::StaleRules { expected, actual } => OwnFacts::Rules { expected: expected.0, actual: actual.0 },
            Reject::CountTooOld { sku, oldest } => OwnFacts::Count { sku, oldest: oldest.0 },
            Reject::Overloaded { retry_after } => OwnFacts::Retry { retry_after_ms: retry_after.0.0 / 1_000 },
            Reject::OutcomeUnknown { order } => OwnFacts::Unknown { order_id: order.map(|order| order.to_string()) },
            Reject::Unroutable { .. }
            | Reject::Conflict { .. }
            | Reject::Forbidden { .. }
            | Reject::Unauthenticated
            | Reject::TooLate
            | Reject::Unavailable { .. }
            | Reject::DurabilityUnavailable { .. }
            | Reject::Halted { .. } => OwnFacts::None {},
        }
    }
}

impl<'a> From<&'a Short> for ShortBody<'a> {
    fn from(short: &'a Short) -> ShortBody<'a> {
        ShortBody { sku: &short.sku, wanted: short.wanted.0, available: short.available.0 }
    }
}

fn urn(code: &str) -> String {
    format!("urn:stockade:{code}")
}

/// The HTTP status of a kind of refusal, and its title.
const fn status_and_title(reject: &Reject) -> (u16, &'static str) {
    match reject {
        Reject::Unauthenticated => (401, "Unknown token"),
        Reject::Forbidden { .. } => (403, "Not allowed"),
        Reject::UnknownOrder { .. } => (404, "Unknown order"),
        Reject::UnknownSubOrder { .. } => (404, "Unknown sub-order"),
        Reject::TooLate => (408, "Too late"),
        Reject::InsufficientStock { .. } => (409, "Too little stock"),
        Reject::Unroutable { .. } => (409, "No allowed way to ship"),
        Reject::CarrierNotEligible { .. } => (409, "Carrier does not reach the zone"),
        Reject::Conflict { .. } => (409, "Sent before with other content"),
        Reject::IllegalStep { .. } => (409, "Step not allowed in this state"),
        Reject::NotEnoughUnits { .. } => (409, "Too few units there"),
        Reject::StaleRules { .. } => (409, "Rules have changed"),
        Reject::CountTooOld { .. } => (409, "Count too old"),
        Reject::Unknown { .. } => (422, "Unknown code"),
        Reject::Invalid { .. } => (422, "Field out of bounds"),
        Reject::BadFile { .. } => (422, "File refused"),
        Reject::DurabilityUnavailable { .. } => (422, "Durability not available"),
        Reject::Overloaded { .. } => (429, "Too much at once"),
        Reject::Unavailable { .. } => (503, "Not available now"),
        Reject::Halted { .. } => (503, "Engine stopped"),
        Reject::OutcomeUnknown { .. } => (504, "Outcome unknown"),
    }
}

/// Seconds after which to try again, 1 at least.
fn retry_after_s(reject: &Reject) -> Option<u64> {
    if let Reject::Overloaded { retry_after } = reject {
        return Some(retry_after.0.0.div_ceil(Span::from_secs(1).0).max(1));
    }
    matches!(reject, Reject::Unavailable { .. } | Reject::OutcomeUnknown { .. }).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stockade_core::units::Units;

    #[test]
    fn a_shortage_lists_each_sku() {
        let short = vec![Short { sku: Code::new("A").unwrap(), wanted: Units(3), available: Units(1) }];
        let reject = Reject::InsufficientStock { short };
        assert_eq!(
            serde_json::to_value(Problem::from(&reject).body).unwrap(),
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
        let retry_after = stockade_core::reject::RetryAfter(Span::from_millis(50));
        assert_eq!(Problem::from(&Reject::Overloaded { retry_after }).retry_after_s, Some(1));
        assert_eq!(Problem::from(&Reject::Unauthenticated).retry_after_s, None);
    }
}
