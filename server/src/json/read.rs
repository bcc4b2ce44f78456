//! JSON bodies into commands. Unknown fields are refused, so that a misspelt one is not silently ignored.

use serde::Deserialize;
use stockade_core::command::{
    Adjust, AvailabilityQuery, Cancel, CancelScope, Count, ExtendHold, Fulfils, Inspected, Line, OrderRef, Place,
    Receive, Step, StepAction,
};
use stockade_core::ids::{Code, Seq, SubNo};
use stockade_core::time::{Span, Time};
use stockade_core::units::Units;

/// Units of a SKU.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    /// The SKU.
    pub sku: Code,
    /// How many.
    pub qty: u64,
}

/// The body of a placement or a quote.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceBody {
    /// The channel.
    pub channel: Code,
    /// The channel's order number.
    pub number: Code,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer, as the channel knows it.
    pub customer: Option<Code>,
    /// Only this carrier.
    pub carrier: Option<Code>,
    /// All in one parcel or not at all.
    #[serde(default)]
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// How long to hold unpaid, like `30m`.
    pub hold: Option<Span>,
    /// What is ordered.
    pub lines: Vec<LineBody>,
}

/// The body of a cancellation: nothing for all of the order, or a sub-order, or units of a SKU.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// Only this sub-order.
    pub sub: Option<u16>,
    /// Only units of this SKU.
    pub sku: Option<Code>,
    /// How many units of the SKU.
    pub qty: Option<u64>,
    /// Why, for the timeline.
    pub reason: Option<String>,
}

/// The body of a longer hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtendBody {
    /// The new deadline, RFC 3339.
    pub until: String,
}

/// The body of a step: `action` is its name, the other fields what it brings along.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepBody {
    /// Which sub-order; 1 when not given.
    pub sub: Option<u16>,
    /// What happened: `pick`, `short`, `pack`, `weigh`, `label`, `scan`, `pickup`, `deliver`, `confirm`, `return` or
    /// `inspect`.
    pub action: String,
    /// Units found (`short`), returned (`return`) or inspected (`inspect`), by SKU.
    #[serde(default)]
    pub lines: Vec<StepLineBody>,
    /// The weight (`weigh`).
    pub grams: Option<u32>,
    /// The waybill (`label`, `scan`).
    pub waybill: Option<Code>,
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

/// The body of a receipt.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiveBody {
    /// Where.
    pub warehouse: Code,
    /// Into this pool; that of the expected receipt, else `regular`, when not given.
    pub pool: Option<Code>,
    /// The reference of the expected receipt they fulfil.
    pub expected: Option<Code>,
    /// Whether the rest of the expected receipt is still to come.
    #[serde(default)]
    pub more: bool,
    /// What arrives.
    pub lines: Vec<LineBody>,
}

/// The body of a correction by hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustBody {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The pool; `regular` when not given.
    pub pool: Option<Code>,
    /// Units found, or lost when negative.
    pub delta: i64,
    /// Why.
    pub reason: String,
}

/// The body of a count.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountBody {
    /// The warehouse counted.
    pub warehouse: Code,
    /// The last event the count has seen; now when not given.
    pub as_of: Option<u64>,
    /// Events up to it which the count had not seen.
    #[serde(default)]
    pub except: Vec<u64>,
    /// Units physically there.
    pub lines: Vec<LineBody>,
}

/// The body of a question for availability.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityBody {
    /// The channel.
    pub channel: Code,
    /// The SKUs.
    pub skus: Vec<Code>,
}

impl From<LineBody> for Line {
    fn from(body: LineBody) -> Line {
        Line { sku: body.sku, units: Units(body.qty) }
    }
}

fn lines(bodies: Vec<LineBody>) -> Vec<Line> {
    bodies.into_iter().map(Line::from).collect()
}

impl From<PlaceBody> for Place {
    fn from(body: PlaceBody) -> Place {
        Place {
            channel: body.channel,
            number: body.number,
            zone: body.zone,
            customer: body.customer,
            carrier: body.carrier,
            ship_complete: body.ship_complete,
            max_parcels: body.max_parcels,
            hold: body.hold,
            lines: lines(body.lines),
        }
    }
}

impl From<ReceiveBody> for Receive {
    fn from(body: ReceiveBody) -> Receive {
        let expected = body.expected.map(|reference| Fulfils { reference, more: body.more });
        Receive { warehouse: body.warehouse, pool: body.pool, expected, lines: lines(body.lines) }
    }
}

impl From<AdjustBody> for Adjust {
    fn from(body: AdjustBody) -> Adjust {
        Adjust { sku: body.sku, warehouse: body.warehouse, pool: body.pool, delta: body.delta, reason: body.reason }
    }
}

impl From<CountBody> for Count {
    fn from(body: CountBody) -> Count {
        Count {
            warehouse: body.warehouse,
            as_of: body.as_of.map(Seq),
            except: body.except.into_iter().map(Seq).collect(),
            lines: lines(body.lines),
        }
    }
}

impl From<AvailabilityBody> for AvailabilityQuery {
    fn from(body: AvailabilityBody) -> AvailabilityQuery {
        AvailabilityQuery { channel: body.channel, skus: body.skus }
    }
}

impl CancelBody {
    /// The command for this order.
    ///
    /// # Errors
    /// A sentence, when the fields do not go together.
    pub fn command(self, order: OrderRef) -> Result<Cancel, String> {
        let scope = match (self.sub, self.sku, self.qty) {
            (None, None, None) => CancelScope::Order,
            (Some(sub), None, None) => CancelScope::Sub(SubNo(sub)),
            (None, Some(sku), Some(qty)) => CancelScope::Units(Line { sku, units: Units(qty) }),
            _ => return Err("name a `sub`, or a `sku` with its `qty`, or nothing for the whole order".into()),
        };
        Ok(Cancel { order, scope, reason: self.reason })
    }
}

impl ExtendBody {
    /// The command for this order.
    ///
    /// # Errors
    /// A sentence, when the deadline is no time.
    pub fn command(self, order: OrderRef) -> Result<ExtendHold, String> {
        Ok(ExtendHold { order, until: parse_time(&self.until)? })
    }
}

impl StepBody {
    /// The command for this order.
    ///
    /// # Errors
    /// A sentence, when there is no such action or its fields do not go with it.
    pub fn command(self, order: OrderRef) -> Result<Step, String> {
        let sub = SubNo(self.sub.unwrap_or(1));
        let (grams, waybill) = (self.grams.is_some(), self.waybill.is_some());
        let takes = match self.action.as_str() {
            "short" | "return" | "inspect" => (true, false, false),
            "weigh" => (false, true, false),
            "label" | "scan" => (false, false, true),
            _ => (false, false, false),
        };
        for (given, taken, field) in
            [(!self.lines.is_empty(), takes.0, "lines"), (grams, takes.1, "grams"), (waybill, takes.2, "waybill")]
        {
            if given && !taken {
                return Err(format!("`{}` takes no `{field}`", self.action));
            }
        }
        let action = match self.action.as_str() {
            "pick" => StepAction::Pick,
            "short" => StepAction::Short(found(self.lines)?),
            "pack" => StepAction::Pack,
            "weigh" => StepAction::Weigh(self.grams.ok_or("`weigh` needs `grams`")?),
            "label" => StepAction::Label(self.waybill.ok_or("`label` needs a `waybill`")?),
            "scan" => StepAction::Scan(self.waybill),
            "pickup" => StepAction::Pickup,
            "deliver" => StepAction::Deliver,
            "confirm" => StepAction::Confirm,
            "return" => StepAction::Return(found(self.lines)?),
            "inspect" => StepAction::Inspect(inspected(self.lines)?),
            other => {
                return Err(format!(
                    "there is no action `{other}`: use pick, short, pack, weigh, label, scan, pickup, deliver, confirm, \
                     return or inspect"
                ));
            }
        };
        Ok(Step { order, sub, action })
    }
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

/// Reads an RFC 3339 time, like `2026-11-11T08:00:00Z`.
///
/// # Errors
/// A sentence that says what it should look like.
pub fn parse_time(text: &str) -> Result<Time, String> {
    let timestamp: jiff::Timestamp =
        text.parse().map_err(|_| format!("`{text}` is not a time: write it like 2026-11-11T08:00:00Z"))?;
    let micros = u64::try_from(timestamp.as_microsecond()).map_err(|_| format!("`{text}` is before 1970"))?;
    Ok(Time(micros))
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
        assert!(step(json!({"action": "fly"})).unwrap_err().contains("use pick, short"));
        assert!(step(json!({"action": "pick", "colour": 1})).unwrap_err().contains("colour"));
    }

    #[test]
    fn cancellations_are_of_one_scope() {
        let order = OrderRef::Id(OrderId(1));
        let scope = |body: serde_json::Value| {
            serde_json::from_value::<CancelBody>(body).unwrap().command(order.clone()).map(|cancel| cancel.scope)
        };
        assert_eq!(scope(json!({})), Ok(CancelScope::Order));
        assert_eq!(scope(json!({"sub": 2})), Ok(CancelScope::Sub(SubNo(2))));
        assert!(scope(json!({"sub": 2, "sku": "A", "qty": 1})).is_err());
        assert!(scope(json!({"sku": "A"})).is_err());
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(parse_time("2026-11-11T00:00:00.125Z"), Ok(Time(1_794_355_200_125_000)));
        assert_eq!(parse_time("2026-11-11T08:00:00.125+08:00"), Ok(Time(1_794_355_200_125_000)));
        assert!(parse_time("tomorrow").is_err());
    }
}
