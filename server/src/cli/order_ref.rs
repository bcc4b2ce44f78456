//! How orders and lines are written on the command line.

use std::str::FromStr;

use stockade_core::command::{Line, OrderRef};
use stockade_core::ids::{Code, OrderId, SubNo};
use stockade_core::units::Units;

/// An order: `channel/number`, or `id:N` with the engine's id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderArg(pub OrderRef);

/// An order, or one of its sub-orders: `channel/number/2`, or `id:N/2`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubArg {
    /// This order, and this sub-order of it when one is named.
    Plain(OrderRef, Option<SubNo>),
    /// Either an order whose number ends like a sub-order, or that sub-order: it depends on which orders there are.
    Either {
        /// The order that all of the text names.
        whole: OrderRef,
        /// The order that the text before the last `/` names.
        part: OrderRef,
        /// The sub-order of `part`.
        sub: SubNo,
    },
}

impl SubArg {
    /// The order that all of the text names.
    ///
    /// # Errors
    /// A sentence, when the text can only be a sub-order.
    pub fn whole(self) -> Result<OrderRef, String> {
        match self {
            SubArg::Plain(order, None) | SubArg::Either { whole: order, .. } => Ok(order),
            SubArg::Plain(order, Some(sub)) => Err(format!("`{order}/{sub}` is a sub-order: name it once")),
        }
    }
}

/// Units of a SKU: `SKU:3`, or just `SKU` for one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineArg(pub Line);

/// Inspected units of a SKU: `SKU:intact:damaged`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InspectArg {
    /// The SKU.
    pub sku: Code,
    /// Fit for sale.
    pub intact: u64,
    /// Not fit.
    pub damaged: u64,
}

const ORDER_FORM: &str = "write channel/number, like web/1001, or id:N with the engine's id";

impl FromStr for OrderArg {
    type Err = String;

    fn from_str(text: &str) -> Result<OrderArg, String> {
        if let Some(id) = engine_id(text)? {
            return Ok(OrderArg(id));
        }
        let (channel, number) = text.split_once('/').ok_or_else(|| format!("`{text}` names no order: {ORDER_FORM}"))?;
        Ok(OrderArg(OrderRef::Number { channel: code(channel)?, number: code(number)? }))
    }
}

impl FromStr for SubArg {
    type Err = String;

    fn from_str(text: &str) -> Result<SubArg, String> {
        let plain = || Ok(SubArg::Plain(text.parse::<OrderArg>()?.0, None));
        let Some((order, sub)) = text.rsplit_once('/').and_then(|(order, sub)| Some((order, sub_no(sub)?))) else {
            return plain();
        };
        if order.starts_with("id:") {
            return Ok(SubArg::Plain(order.parse::<OrderArg>()?.0, Some(sub)));
        }
        match order.parse::<OrderArg>() {
            Ok(OrderArg(part)) => Ok(SubArg::Either { whole: text.parse::<OrderArg>()?.0, part, sub }),
            Err(_) => plain(),
        }
    }
}

impl FromStr for LineArg {
    type Err = String;

    fn from_str(text: &str) -> Result<LineArg, String> {
        let (sku, units) = match text.rsplit_once(':') {
            Some((sku, units)) if units.parse::<f64>().is_ok() => {
                let whole = units.parse::<u64>();
                (sku, whole.map_err(|_| format!("`{text}`: units are whole and not negative, like {sku}:2"))?)
            }
            _ => (text, 1),
        };
        Ok(LineArg(Line { sku: code(sku)?, units: Units(units) }))
    }
}

impl FromStr for InspectArg {
    type Err = String;

    fn from_str(text: &str) -> Result<InspectArg, String> {
        let form = || format!("`{text}`: write SKU:intact:damaged, like TEE:2:0");
        let mut parts = text.rsplitn(3, ':');
        let damaged = parts.next().and_then(|n| n.parse().ok()).ok_or_else(form)?;
        let intact = parts.next().and_then(|n| n.parse().ok()).ok_or_else(form)?;
        let sku = code(parts.next().ok_or_else(form)?)?;
        Ok(InspectArg { sku, intact, damaged })
    }
}

fn engine_id(text: &str) -> Result<Option<OrderRef>, String> {
    let Some(digits) = text.strip_prefix("id:") else { return Ok(None) };
    let id = digits.parse().map_err(|_| format!("`{text}` names no order: after id: comes a whole number"))?;
    Ok(Some(OrderRef::Id(OrderId(id))))
}

/// The number of a sub-order as it is printed: whole, from 1, without zeros or a sign before it.
fn sub_no(text: &str) -> Option<SubNo> {
    text.parse().ok().filter(|no: &u16| *no > 0 && no.to_string() == text).map(SubNo)
}

fn code(text: &str) -> Result<Code, String> {
    Code::new(text).map_err(|error| format!("`{text}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(channel: &str, number: &str) -> OrderRef {
        OrderRef::Number { channel: code(channel).unwrap(), number: code(number).unwrap() }
    }

    #[test]
    fn orders_are_read_by_number_and_by_id() {
        let order = |text: &str| text.parse::<OrderArg>().map(|order| order.0);
        assert_eq!(order("web/1001"), Ok(number("web", "1001")));
        assert_eq!(order("web/A/7"), Ok(number("web", "A/7")));
        assert_eq!(order("web/#1/2.3 😀"), Ok(number("web", "#1/2.3 😀")));
        assert!(order("123").unwrap_err().contains("channel/number"), "a shop's number is not an id");
        assert_eq!(order("id:123"), Ok(OrderRef::Id(OrderId(123))));
        assert!(order("id:x").is_err());
        assert!(order("1001x").unwrap_err().contains("channel/number"));
        assert!(order("web/").is_err());
    }

    #[test]
    fn sub_orders_come_last() {
        let sub = |text: &str| text.parse::<SubArg>();
        let plain = |number: &str| Ok(SubArg::Plain(self::number("web", number), None));
        let (whole, part) = (number("web", "2026/11/2"), number("web", "2026/11"));
        assert_eq!(sub("web/1001"), plain("1001"));
        assert_eq!(sub("web/2026/11/2"), Ok(SubArg::Either { whole, part, sub: SubNo(2) }));
        assert_eq!(sub("id:5/2"), Ok(SubArg::Plain(OrderRef::Id(OrderId(5)), Some(SubNo(2)))));
        assert_eq!(sub("7/1001"), Ok(SubArg::Plain(number("7", "1001"), None)));
        for no_sub in ["A/x", "1001.2", "1001/02", "1001/0", "1001/+2", "1001/70000", "#1/2#3"] {
            assert_eq!(sub(&format!("web/{no_sub}")), plain(no_sub));
        }
    }

    #[test]
    fn lines_have_a_quantity_or_mean_one() {
        let line = |text: &str| text.parse::<LineArg>().map(|line| (line.0.sku.to_string(), line.0.units.0));
        assert_eq!(line("TEE:3"), Ok(("TEE".into(), 3)));
        assert_eq!(line("TEE"), Ok(("TEE".into(), 1)));
        assert_eq!(line("TEE:red"), Ok(("TEE:red".into(), 1)));
        assert_eq!(line("TEE:red:2"), Ok(("TEE:red".into(), 2)));
        assert!(line("").is_err());
        for units in ["-1", "2.5", "99999999999999999999"] {
            assert!(line(&format!("TEE:{units}")).unwrap_err().contains("like TEE:2"), "{units}");
        }
        let inspected: InspectArg = "TEE:red:2:1".parse().unwrap();
        assert_eq!((inspected.sku.as_str(), inspected.intact, inspected.damaged), ("TEE:red", 2, 1));
        assert!("TEE:2".parse::<InspectArg>().is_err());
    }
}
