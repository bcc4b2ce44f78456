//! Plans for units of an order that was routed before: a late payment, a short pick, a review.

use crate::catalog::Config;
use crate::decision::Decision;
use crate::engine::plan::ahead::{Parts, Unplanned};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::copies::Copies;
use crate::engine::plan::decide::OnHand;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::ready::Ready;
use crate::engine::plan::scratch::Scratch;
use crate::engine::plan::size::{promises_sized, sized};
use crate::engine::plan::solve::Planned;
use crate::engine::plan::wish::{Prepared, Undecided, Wish};
use crate::engine::store::{Engine, EngineLocked};
use crate::ids::PoolId;
use crate::orders::Order;
use crate::reject::Reject;

/// How units of an order are served once more.
pub(in crate::engine) enum Served {
    /// From what is on hand.
    Here(Decision),
    /// From what is on hand and what is yet to come.
    Ahead(Parts),
    /// Not at all.
    No(Reject),
}

impl Served {
    /// The same, or the refusal of what would make the order too large.
    fn sized(self, order: &Order) -> Served {
        let fits = match &self {
            Served::Here(decision) => sized(&order.subs, [decision]),
            Served::Ahead(parts) => promises_sized(&order.subs, parts),
            Served::No(_) => Ok(()),
        };
        fits.map_or_else(Served::No, |()| self)
    }
}

impl Engine {
    /// Plans units of an order once more, as the order was asked.
    ///
    /// # Errors
    /// [`Undecided::Unplanned`] when that takes more work than is done under locks and was not prepared, or what was
    /// prepared does not hold any more.
    pub(in crate::engine) fn serve_anew(
        &self,
        context: &mut OrderContext<'_, '_>,
        wish: Wish,
    ) -> Result<Served, Undecided> {
        let OrderContext { order, locked, config, scratch, prepared, .. } = context;
        let demand = wish.demand(&self.skus, config);
        let known = (config.seq, self.skus.changes());
        let fits = |prepared: &Prepared| prepared.wish == wish && (prepared.rules, prepared.sku_changes) == known;
        if let Some(mut prepared) = prepared.take().filter(fits) {
            self.note_locked_work(prepared.ready.size(scratch));
            if prepared.ready.still_holds(&demand, config, locked, scratch) {
                let served = match prepared.ready {
                    Ready::Plan => Served::Here(drawn(&demand, config, locked, scratch)),
                    Ready::Parts(parts) => Served::Ahead(parts.of_order(order.id)),
                    Ready::No(reject, _) => Served::No(reject),
                };
                return Ok(served.sized(order));
            }
        } else if self.is_small(&demand, config) {
            scratch.locked();
            let served = self.serve_small(order, (&wish, &demand), config, locked, scratch);
            self.note_locked_work(scratch.spent);
            if let Some(served) = served {
                return Ok(served.sized(order));
            }
        }
        drop(demand);
        Err(Undecided::Unplanned(Box::new(wish)))
    }

    /// Plans a small wish under its locks; `None` when that takes more work than is done there.
    fn serve_small(
        &self,
        order: &Order,
        (wish, demand): (&Wish, &Demand<'_>),
        config: &Config,
        locked: &EngineLocked<'_>,
        scratch: &mut Scratch,
    ) -> Option<Served> {
        scratch.look(demand, config, wish.terms.without, |sku| locked.sku(sku));
        let reject = match scratch.plan(demand, config, self.price_table().as_deref()) {
            Planned::Plan => return Some(Served::Here(drawn(demand, config, locked, scratch))),
            Planned::No(reject) => reject,
            Planned::Open => return None,
        };
        let Some(presale) = wish.terms.presale else { return Some(Served::No(reject)) };
        let copies = Copies::locked(demand, config, locked);
        match self.plan_presale(demand, config, (&copies, presale), scratch, reject) {
            Ok(parts) => Some(Served::Ahead(parts.of_order(order.id))),
            Err(Unplanned::No(reject)) => Some(Served::No(reject)),
            Err(Unplanned::Open) => None,
        }
    }

    /// Plans a wish while nothing is locked. `None` when the rules were replaced meanwhile.
    pub(in crate::engine) fn prepare(&self, wish: Wish, scratch: &mut Scratch) -> Option<Prepared> {
        let config = self.config().ok()?;
        let sku_changes = self.skus.changes();
        let ready = self.plan_unlocked(&wish.demand(&self.skus, &config), &config, wish.terms, scratch)?;
        Some(Prepared { rules: config.seq, sku_changes, ready, wish })
    }
}

/// The decision that the solution makes, drawn from what is locked.
fn drawn(demand: &Demand<'_>, config: &Config, locked: &EngineLocked<'_>, scratch: &mut Scratch) -> Decision {
    scratch.decide(demand, config.version(), &mut OnHand::new(demand, config, |sku| locked.sku(sku)))
}

/// The pools of an order's channel, in its order of preference.
pub(in crate::engine) fn channel_pools(config: &Config, order: &Order) -> Vec<PoolId> {
    config.rules.channel(order.channel).map(|channel| channel.pools.clone()).unwrap_or_default()
}
