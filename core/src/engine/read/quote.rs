//! The plan an order would get now. Holds nothing, and plans over copies: nobody waits for a quote.

use crate::catalog::Config;
use crate::command::Place;
use crate::engine::codes::channel;
use crate::engine::outcome::{Decided, Refusal, overtaken};
use crate::engine::plan::ahead::Unplanned;
use crate::engine::plan::copies::Copies;
use crate::engine::plan::decide::OnHand;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::ready::Presale;
use crate::engine::plan::scratch::{Scratch, with_scratch};
use crate::engine::plan::solve::Planned;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::limits::{QUOTE_EXACT_WORK, REPLANS_MAX};
use crate::query::{Quote, QuoteExact};
use crate::reply::Reply;
use crate::time::Time;

impl Ask for Quote {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        engine.quote(&self.0, engine.work)
    }
}

impl Ask for QuoteExact {
    /// The plan an order would get if it were searched for to the end, or as long as [`QUOTE_EXACT_WORK`] allows.
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        engine.quote(&self.0, engine.work.max(QUOTE_EXACT_WORK))
    }
}

/// Looks at the stock before a quote makes do with what it saw of each SKU in turn.
const LOOKS: usize = 3;

impl Engine {
    /// Plans an order over copies of the stock as it was at one moment; where stock moves faster than it can be looked at,
    /// as it was at the moment each SKU was looked at.
    fn quote(&self, place: &Place, work: u64) -> Decided {
        with_scratch(work, |scratch| {
            for _ in 0..REPLANS_MAX {
                let config = self.config()?;
                let channel = channel(&config, &place.channel)?;
                let room = std::mem::take(&mut scratch.wanted);
                let demand = Demand::read(place, channel, &config, &self.skus, room)?;
                let mut copies = Copies::one_by_one(self, &demand, &config);
                for _ in 1..LOOKS {
                    if !copies.renew(self, demand.pools, &config) {
                        break;
                    }
                }
                // What was looked at may be newer than rules that are no longer in force.
                if self.is_current(&config) {
                    return self.quote_over(&copies, &demand, &config, channel.presale, scratch);
                }
            }
            Err(overtaken().into())
        })
    }

    fn quote_over(
        &self,
        copies: &Copies,
        demand: &Demand<'_>,
        config: &Config,
        presale: bool,
        scratch: &mut Scratch,
    ) -> Decided {
        let seen = copies.seen().max(config.seq);
        scratch.look_at(demand, config, None, copies);
        let decision = match scratch.plan(demand, config, self.price_table().as_deref()) {
            Planned::Plan => scratch.decide(demand, config.version(), &mut OnHand::new(demand, config, copies)),
            Planned::Open => return Err(overtaken().into()),
            Planned::No(reject) if !presale => return Err(Refusal::seen(reject, seen)),
            Planned::No(reject) => {
                let presale = Presale { by_category: true, subs: 0 };
                match self.plan_presale(demand, config, (copies, presale), scratch, reject) {
                    Ok(parts) => parts.decision.joined(&parts.ahead),
                    Err(Unplanned::No(reject)) => return Err(Refusal::seen(reject, seen)),
                    Err(Unplanned::Open) => return Err(overtaken().into()),
                }
            }
        };
        Ok((Reply::Quoted(Box::new(self.plan_view(&decision, demand, config))), seen))
    }
}
