//! Steps of sub-orders on their way to the customer and back, and what every change of an order answers.

use serde::{Deserialize, Serialize};
use stockade_core::command::{InspectAt, Inspected, Line, OrderRef, ReturnTo, StepAction, TakeStep};
use stockade_core::ids::{Code, SubNo};
use stockade_core::orders::{Change, Step};
use stockade_core::reply::Changed;
use stockade_core::units::Units;

/// The body of a step: `action` names it, the other fields are its data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepBody {
    /// Which sub-order; 1 when not given.
    pub sub: Option<u16>,
    /// The step: `pick`, `short`, `pack`, `weigh`, `label`, `scan`, `pickup`, `deliver`, `confirm`, `return`,
    /// `inspect`, `unpack`, `unscan`, `undelivered`, `refused` or `lost`.
    pub action: String,
    /// Units found (`short`), returned (`return`) or inspected (`inspect`), by SKU.
    #[serde(default)]
    pub lines: Vec<StepLineBody>,
    /// The weight (`weigh`).
    pub grams: Option<u32>,
    /// The waybill (`label`, `scan`).
    pub waybill: Option<Code>,
    /// The warehouse that units came back to (`return`); the one that shipped them when not given.
    pub to: Option<Code>,
    /// The warehouse whose inspection it is (`inspect`); wherever the units wait when not given.
    pub at: Option<Code>,
}

/// Units of a SKU in a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepLineBody {
    /// The SKU.
    pub sku: Code,
    /// How many were found or came back.
    pub qty: Option<u64>,
    /// How many are fit for sale (`inspect`).
    pub intact: Option<u64>,
    /// How many are not (`inspect`).
    pub damaged: Option<u64>,
}

/// The reply to a change of an order.
#[derive(Clone, Debug, Serialize)]
pub struct ChangedBody<'a> {
    /// The engine's id of the order.
    pub order_id: String,
    /// The event.
    pub seq: u64,
    /// What changed.
    pub change: WhatChanged,
    /// The state of the order now.
    pub state: &'static str,
    /// How far each sub-order is now, by number.
    pub stages: Vec<&'a str>,
    /// Whether this is the first answer to the key, given again.
    pub replayed: bool,
}

/// What a command changed.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum WhatChanged {
    /// The order is paid.
    Paid,
    /// The order was paid after it expired, and stock was held again.
    PaidLate {
        /// Number of the first new sub-order.
        first_sub: u16,
    },
    /// Money came that is owed back.
    RefundDue {
        /// The number of the refund.
        refund: u32,
        /// Why it is due.
        reason: &'static str,
    },
    /// Units are cancelled.
    Cancelled {
        /// How many units came free.
        qty: u64,
    },
    /// The stock is held longer.
    Extended {
        /// The new deadline.
        until: String,
    },
    /// A sub-order advanced.
    Stepped {
        /// Its number.
        sub: u16,
        /// How far it is now.
        stage: &'static str,
    },
    /// Units were missing at the pick.
    Shorted {
        /// How many units.
        missing: u64,
        /// Those among them that are routed elsewhere.
        rerouted: u64,
        /// Those among them that wait for a person.
        review: u64,
    },
    /// Units came back.
    Returned {
        /// How many units.
        qty: u64,
    },
    /// Returned units were inspected.
    Inspected {
        /// Units fit for sale.
        intact: u64,
        /// Units that are not.
        damaged: u64,
    },
    /// Units in review were routed.
    Rerouted {
        /// How many units.
        qty: u64,
    },
    /// Units were added to an unpaid order.
    Raised {
        /// How many units.
        qty: u64,
        /// Number of the first sub-order that holds them.
        first_sub: u16,
    },
    /// Units of a sub-order go in a parcel of their own.
    Split {
        /// Number of the new sub-order.
        sub: u16,
        /// How many units are in it.
        qty: u64,
    },
}

impl StepBody {
    /// The command for this order.
    ///
    /// # Errors
    /// A sentence, when there is no such action or its fields do not go with it.
    pub fn command(self, order: OrderRef) -> Result<TakeStep, String> {
        let sub = SubNo(self.sub.unwrap_or(1));
        let step = Step::named(&self.action)
            .ok_or_else(|| format!("there is no action `{}`: use one of {}", self.action, names().join(", ")))?;
        self.takes_no_other(fields_of(step))?;
        let action = match step {
            Step::Pick => StepAction::Pick,
            Step::Short => StepAction::Short(found(self.lines)?),
            Step::Pack => StepAction::Pack,
            Step::Weigh => StepAction::Weigh(self.grams.ok_or("`weigh` needs `grams`")?),
            Step::Label => StepAction::Label(self.waybill.ok_or("`label` needs a `waybill`")?),
            Step::Scan => StepAction::Scan(self.waybill),
            Step::Pickup => StepAction::Pickup,
            Step::Deliver => StepAction::Deliver,
            Step::Confirm => StepAction::Confirm,
            Step::Return => match (self.to, found(self.lines)?) {
                (None, lines) => StepAction::Return(lines),
                (Some(warehouse), lines) => StepAction::ReturnTo(ReturnTo { warehouse, lines }),
            },
            Step::Inspect => match (self.at, inspected(self.lines)?) {
                (None, lines) => StepAction::Inspect(lines),
                (Some(warehouse), lines) => StepAction::InspectAt(InspectAt { warehouse, lines }),
            },
            Step::Unpack => StepAction::Unpack,
            Step::Unscan => StepAction::Unscan,
            Step::Undelivered => StepAction::Undelivered,
            Step::Refused => StepAction::Refused,
            Step::Lost => StepAction::Lost,
        };
        Ok(TakeStep { order, sub, action })
    }

    fn takes_no_other(&self, taken: &[&str]) -> Result<(), String> {
        let fields = [
            ("lines", !self.lines.is_empty()),
            ("grams", self.grams.is_some()),
            ("waybill", self.waybill.is_some()),
            ("to", self.to.is_some()),
            ("at", self.at.is_some()),
        ];
        match fields.into_iter().find(|(field, given)| *given && !taken.contains(field)) {
            Some((field, _)) => Err(format!("`{}` takes no `{field}`", self.action)),
            None => Ok(()),
        }
    }
}

/// The fields that go with a step.
fn fields_of(step: Step) -> &'static [&'static str] {
    match step {
        Step::Short => &["lines"],
        Step::Return => &["lines", "to"],
        Step::Inspect => &["lines", "at"],
        Step::Weigh => &["grams"],
        Step::Label | Step::Scan => &["waybill"],
        Step::Pick
        | Step::Pack
        | Step::Pickup
        | Step::Deliver
        | Step::Confirm
        | Step::Unpack
        | Step::Unscan
        | Step::Undelivered
        | Step::Refused
        | Step::Lost => &[],
    }
}

fn names() -> Vec<&'static str> {
    Step::ALL.iter().map(|step| step.name()).collect()
}

fn found(bodies: Vec<StepLineBody>) -> Result<Vec<Line>, String> {
    let line = |body: StepLineBody| match (body.qty, body.intact.or(body.damaged)) {
        (Some(qty), None) => Ok(Line { sku: body.sku, units: Units(qty) }),
        _ => Err(format!("give `qty` for {}, and neither `intact` nor `damaged`", body.sku)),
    };
    bodies.into_iter().map(line).collect()
}

fn inspected(bodies: Vec<StepLineBody>) -> Result<Vec<Inspected>, String> {
    let line = |body: StepLineBody| match (body.qty, body.intact, body.damaged) {
        (None, None, None) | (Some(_), _, _) => Err(format!("give `intact`, `damaged` or both for {}", body.sku)),
        (None, intact, damaged) => {
            Ok(Inspected { sku: body.sku, intact: Units(intact.unwrap_or(0)), damaged: Units(damaged.unwrap_or(0)) })
        }
    };
    bodies.into_iter().map(line).collect()
}

impl<'a> From<&'a Changed> for ChangedBody<'a> {
    fn from(changed: &'a Changed) -> ChangedBody<'a> {
        ChangedBody {
            order_id: changed.order.to_string(),
            seq: changed.seq.0,
            change: (&changed.change).into(),
            state: changed.present.name(),
            stages: changed.stages.iter().map(|stage| stage.name()).collect(),
            replayed: changed.replayed,
        }
    }
}

impl From<&Change> for WhatChanged {
    fn from(change: &Change) -> WhatChanged {
        match change {
            Change::Paid => WhatChanged::Paid,
            Change::PaidLate { first_sub } => WhatChanged::PaidLate { first_sub: first_sub.0 },
            Change::RefundDue { refund, reason } => WhatChanged::RefundDue { refund: refund.0, reason: reason.name() },
            Change::Cancelled { units } => WhatChanged::Cancelled { qty: units.0 },
            Change::Extended { until } => WhatChanged::Extended { until: until.to_string() },
            Change::Stepped { sub, stage } => WhatChanged::Stepped { sub: sub.0, stage: stage.name() },
            Change::Shorted { missing, rerouted, review } => {
                WhatChanged::Shorted { missing: missing.0, rerouted: rerouted.0, review: review.0 }
            }
            Change::Returned { units } => WhatChanged::Returned { qty: units.0 },
            Change::Inspected { intact, damaged } => WhatChanged::Inspected { intact: intact.0, damaged: damaged.0 },
            Change::Rerouted { units } => WhatChanged::Rerouted { qty: units.0 },
            Change::Raised { units, first_sub } => WhatChanged::Raised { qty: units.0, first_sub: first_sub.0 },
            Change::Split { sub, units } => WhatChanged::Split { sub: sub.0, qty: units.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stockade_core::ids::OrderId;

    fn step(body: serde_json::Value) -> Result<StepAction, String> {
        let body: StepBody = serde_json::from_value(body).map_err(|e| e.to_string())?;
        body.command(OrderRef::Id(OrderId(1))).map(|step| step.action)
    }

    #[test]
    fn steps_take_what_belongs_to_them_and_nothing_else() {
        let sku = Code::new("A").unwrap();
        assert_eq!(step(json!({"action": "pick"})), Ok(StepAction::Pick));
        assert_eq!(step(json!({"action": "weigh", "grams": 5})), Ok(StepAction::Weigh(5)));
        assert_eq!(step(json!({"action": "weigh"})), Err("`weigh` needs `grams`".into()));
        assert_eq!(step(json!({"action": "pick", "grams": 5})), Err("`pick` takes no `grams`".into()));
        let inspected = Inspected { sku, intact: Units(2), damaged: Units(0) };
        assert_eq!(
            step(json!({"action": "inspect", "lines": [{"sku": "A", "intact": 2}]})),
            Ok(StepAction::Inspect(vec![inspected]))
        );
        assert!(step(json!({"action": "inspect", "lines": [{"sku": "A", "qty": 2}]})).is_err());
        let west = || Code::new("WEST").unwrap();
        assert_eq!(
            step(json!({"action": "return", "to": "WEST"})),
            Ok(StepAction::ReturnTo(ReturnTo { warehouse: west(), lines: Vec::new() }))
        );
        assert_eq!(
            step(json!({"action": "inspect", "at": "WEST"})),
            Ok(StepAction::InspectAt(InspectAt { warehouse: west(), lines: Vec::new() }))
        );
        assert_eq!(step(json!({"action": "inspect", "to": "WEST"})), Err("`inspect` takes no `to`".into()));
        assert!(step(json!({"action": "fly"})).unwrap_err().contains("use one of pick, short"));
        assert!(step(json!({"action": "pick", "colour": 1})).unwrap_err().contains("colour"));
    }
}
