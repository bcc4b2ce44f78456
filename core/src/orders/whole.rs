//! The cancellation of a whole order, and what stands in its way.

use crate::ids::SubNo;
use crate::orders::{Action, OrderState, Stage, Verdict, order_verdict, verdict_of};

/// A sub-order of an order that is to be given up as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Its number.
    pub no: SubNo,
    /// Where it stands.
    pub stage: Stage,
    /// Whether it left and all of it came back.
    pub is_back: bool,
}

impl Part {
    /// Whether the cancellation of its order is about it: it was neither given up nor lost before.
    pub const fn is_live(&self) -> bool {
        !matches!(self.stage, Stage::Cancelled | Stage::Expired | Stage::Lost)
    }

    fn verdict(&self) -> Verdict {
        verdict_of(self.stage, self.is_back, Action::Cancel)
    }
}

/// What stands in the way of a cancellation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InTheWay {
    /// The stage of the sub-order in the way, if it is one.
    pub stage: Option<Stage>,
    /// Why, and what can still be given up.
    pub reason: String,
}

/// Whether an order can be given up as a whole. An order whose hold ran out holds nothing, and can.
///
/// # Errors
/// What stands in the way.
pub fn cancel_whole(state: OrderState, parts: &[Part], has_review: bool) -> Result<(), InTheWay> {
    let illegal = |stage, reason| InTheWay { stage, reason };
    order_verdict(state, Action::Cancel).map_err(|reason| illegal(None, reason.to_owned()))?;
    if state == OrderState::Expired {
        return Ok(());
    }
    let live = || parts.iter().filter(|part| part.is_live());
    let stuck = live().find_map(|part| match part.verdict() {
        Verdict::To(_) => None,
        Verdict::No(reason) => Some((part, reason)),
    });
    if let Some((Part { no, stage, .. }, reason)) = stuck {
        let open = live().filter(|part| matches!(part.verdict(), Verdict::To(_)));
        let open: Vec<String> = open.map(|part| part.no.to_string()).collect();
        let rest = match open.is_empty() {
            true => String::new(),
            false => format!("; sub-orders that can still be cancelled one by one: {}", open.join(", ")),
        };
        return Err(illegal(Some(*stage), format!("sub-order {no}: {reason}{rest}")));
    }
    if live().next().is_none() && !has_review {
        return Err(illegal(None, "nothing of it is left to cancel".to_owned()));
    }
    Ok(())
}
