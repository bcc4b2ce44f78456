//! How far a decision is from the best plan: the same problem solved again with a larger budget of work.

use crate::engine::explain::{journaled, prices_seen, read};
use crate::engine::outcome::Refusal;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::plan::solve::Planned;
use crate::engine::store::Engine;
use crate::ids::Seq;
use crate::log::History;
use crate::money::Money;
use crate::reject::Reject;

/// A decision next to the best plan that could be found for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The score of the plan, as journaled.
    pub score: Money,
    /// The best score found with more patience.
    pub best: Money,
    /// No plan scores less.
    pub bound: Money,
}

impl Gap {
    /// The distance between score and bound, in millionths of the score: no plan can save more than this.
    pub fn ppm(&self) -> u64 {
        if self.score.0 <= 0 {
            return 0;
        }
        let distance = i128::from(self.score.0.saturating_sub(self.bound.0).max(0));
        u64::try_from(distance * 1_000_000 / i128::from(self.score.0)).unwrap_or(u64::MAX)
    }

    /// Whether the bound is the best score found, so that the gap is exact.
    pub fn is_exact(&self) -> bool {
        self.bound >= self.best
    }
}

impl Engine {
    /// Solves the problem of a placed order again, with a budget of `work`. Reads the journal; never on the hot path.
    ///
    /// # Errors
    /// [`Reject::Unavailable`] when the history does not hold the decision, or has no plan for it.
    pub fn gap(&self, placed: Seq, history: &dyn History, work: u64) -> Result<Gap, Reject> {
        let event = read(history, placed)?;
        let journaled = journaled(event.clone(), event, 0).map_err(|Refusal { reject, .. }| reject)?;
        let decision = &journaled.decision;
        let config = self.config_of(decision.rules_version, history).map_err(|Refusal { reject, .. }| reject)?;
        let demand = self.demand_of(&journaled, &config, placed);
        with_scratch(work, |scratch| {
            scratch.view.recall(&decision.seen, &config);
            let planned = scratch.plan(&demand, &config, prices_seen(decision).as_ref());
            if let Planned::No(reject) = planned {
                return Err(Reject::Unavailable { reason: format!("no plan was found again: {reject}") });
            }
            let again = scratch.router.solution();
            Ok(Gap {
                score: decision.score,
                best: decision.score.min(Money(again.score)),
                bound: Money(again.bound).max(decision.bound),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_share_of_the_score() {
        let gap = |score, best, bound| Gap { score: Money(score), best: Money(best), bound: Money(bound) };
        assert_eq!((gap(200, 200, 200).ppm(), gap(200, 200, 200).is_exact()), (0, true));
        assert_eq!((gap(200, 199, 199).ppm(), gap(200, 199, 199).is_exact()), (5_000, true));
        assert_eq!((gap(200, 199, 198).ppm(), gap(200, 199, 198).is_exact()), (10_000, false));
        assert_eq!(gap(0, 0, 0).ppm(), 0);
    }
}
