//! What the engine answers: a reply, or a refusal, with the latest event it depends on.

use crate::command::OrderRef;
use crate::ids::{Seq, SubNo};
use crate::orders::Order;
use crate::reject::{Reject, RetryAfter};
use crate::reply::Reply;
use crate::time::Span;

/// When what was overtaken may be tried again.
const OVERTAKEN_RETRY: Span = Span::from_millis(50);

/// The answer to a request, or why there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The answer.
    pub result: Result<Reply, Reject>,
    /// The latest event it depends on: it may leave once that is as durable as asked.
    pub seen: Seq,
}

/// A refusal and the latest event it depends on. Refusals that looked at no state depend on none.
#[derive(Debug)]
pub(in crate::engine) struct Refusal {
    pub(in crate::engine) reject: Reject,
    pub(in crate::engine) seen: Seq,
}

/// The answer of a decision and the latest event it depends on, or why there is none.
pub(in crate::engine) type Decided<T = Reply> = Result<(T, Seq), Refusal>;

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Refusal {
        Refusal { reject, seen: Seq(0) }
    }
}

impl Refusal {
    pub(in crate::engine) fn seen(reject: Reject, seen: Seq) -> Refusal {
        Refusal { reject, seen }
    }
}

impl From<Decided> for Outcome {
    fn from(decided: Decided) -> Outcome {
        match decided {
            Ok((reply, seen)) => Outcome { result: Ok(reply), seen },
            Err(Refusal { reject, seen }) => Outcome { result: Err(reject), seen },
        }
    }
}

/// The refusal of what was overtaken, each time it was planned, by others that changed what it was planned from.
pub(in crate::engine) fn overtaken() -> Reject {
    Reject::Overloaded { retry_after: RetryAfter(OVERTAKEN_RETRY) }
}

/// A refusal that names a field.
pub(in crate::engine) fn invalid(field: &str, reason: String) -> Reject {
    Reject::Invalid { field: field.to_owned(), reason }
}

/// The refusal of an order that was never placed.
pub(in crate::engine) fn unknown_order(order: &OrderRef) -> Refusal {
    Reject::UnknownOrder { order: order.clone(), unnamed: false }.into()
}

/// The refusal of a sub-order that the order does not have.
pub(in crate::engine) fn unknown_sub_order(order: &Order, sub: SubNo) -> Reject {
    let count = u16::try_from(order.subs.len()).unwrap_or(u16::MAX);
    Reject::UnknownSubOrder { sub, count }
}

/// The refusal of what needs a world while there is none.
pub(in crate::engine) fn no_world() -> Refusal {
    let reason = "no world is in force yet; apply one with `stockade world apply`".to_owned();
    Reject::Unavailable { reason }.into()
}
