//! The plan an order would get now. Holds nothing.

use crate::catalog::Config;
use crate::engine::change::drawable_now;
use crate::engine::codes::channel;
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::ahead::Ahead;
use crate::engine::plan::decide::OnHand;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::scratch::{Scratch, with_scratch};
use crate::engine::plan::solve::Planned;
use crate::engine::read::Ask;
use crate::engine::store::{Engine, EngineLocked};
use crate::ids::{OrderId, Seq};
use crate::limits::{QUOTE_EXACT_WORK, REPLANS_MAX};
use crate::query::{Quote, QuoteExact};
use crate::reject::Reject;
use crate::reply::Reply;
use crate::stock::StockShard;
use crate::time::Time;

impl Ask for Quote {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        with_scratch(engine.work, |scratch| {
            let config = engine.config()?;
            let channel = channel(&config, &self.0.channel)?;
            let demand = Demand::read(&self.0, channel, &config, &engine.skus, std::mem::take(&mut scratch.wanted))?;
            let quoted = Quoted { engine, config: &config, demand: &demand, presale: channel.presale };
            let locked = quoted.lock();
            let seen = quoted.seen(&locked);
            scratch.look(&demand, &config, None, |sku| locked.sku(sku));
            match scratch.plan(&demand, &config, engine.price_table().as_deref()) {
                Planned::No(reject) => quoted.promised(&locked, scratch, reject, seen),
                Planned::Plan => quoted.planned(&locked, scratch, seen),
            }
        })
    }
}

impl Ask for QuoteExact {
    /// The plan an order would get if it were searched for to the end, or as long as [`QUOTE_EXACT_WORK`] allows. Holds
    /// no lock while it searches.
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        with_scratch(engine.work.max(QUOTE_EXACT_WORK), |scratch| {
            for _ in 0..REPLANS_MAX {
                let config = engine.config()?;
                let channel = channel(&config, &self.0.channel)?;
                let room = std::mem::take(&mut scratch.wanted);
                let demand = Demand::read(&self.0, channel, &config, &engine.skus, room)?;
                let seen = engine.look_unlocked(&demand, &config, scratch).max(config.seq);
                let planned = scratch.plan(&demand, &config, engine.price_table().as_deref());
                let quoted = Quoted { engine, config: &config, demand: &demand, presale: channel.presale };
                let locked = quoted.lock();
                if let Planned::No(reject) = planned {
                    return quoted.promised(&locked, scratch, reject, seen);
                }
                if scratch.still_holds(&demand, drawable_now(&demand, &config, |sku| locked.sku(sku))) {
                    return quoted.planned(&locked, scratch, seen);
                }
            }
            let reason = "stock moved faster than the plan was searched for: ask again, or without `exact`".to_owned();
            Err(Reject::Unavailable { reason }.into())
        })
    }
}

/// An order that is asked about.
struct Quoted<'a> {
    engine: &'a Engine,
    config: &'a Config,
    demand: &'a Demand<'a>,
    /// Whether what is yet to come may be promised.
    presale: bool,
}

impl<'a> Quoted<'a> {
    fn lock(&self) -> EngineLocked<'a> {
        let stock = self.demand.lines.iter().map(|line| StockShard::of(line.sku));
        self.engine.door.lock_orders(&self.engine.log, []).lock_stock(stock)
    }

    fn seen(&self, locked: &EngineLocked<'_>) -> Seq {
        locked.seen(self.demand.lines.iter().map(|line| line.sku)).max(self.config.seq)
    }

    /// What the solution promises.
    fn planned(&self, locked: &EngineLocked<'_>, scratch: &mut Scratch, seen: Seq) -> Decided {
        let mut source = OnHand::new(self.demand, self.config, |sku| locked.sku(sku));
        let decision = scratch.decide(self.demand, self.config.version(), &mut source);
        Ok((Reply::Quoted(Box::new(self.engine.plan_view(&decision, self.demand, self.config))), seen))
    }

    /// What an order that would be refused would be promised out of what is yet to come.
    fn promised(&self, locked: &EngineLocked<'_>, scratch: &mut Scratch, refusal: Reject, seen: Seq) -> Decided {
        if !self.presale {
            return Err(Refusal::seen(refusal, seen));
        }
        let Quoted { engine, config, demand, .. } = *self;
        let (order, subs) = (OrderId::default(), 0);
        let ahead = Ahead { engine, demand, config, locked, by_category: true, order, subs };
        let parts = ahead.plan(scratch, refusal).map_err(|reject| Refusal::seen(reject, seen))?;
        let plan = engine.plan_view(&parts.decision.joined(&parts.ahead), demand, config);
        Ok((Reply::Quoted(Box::new(plan)), self.seen(locked)))
    }
}
