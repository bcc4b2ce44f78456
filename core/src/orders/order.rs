//! An order with its sub-orders, as they stand.

use bincode::Encode;
use smallvec::SmallVec;

use crate::Actor;
use crate::decision::{Decision, Figures};
use crate::heap::behind;
use crate::ids::{CarrierId, ChannelId, Code, OrderId, RulesVersion, Seq, SkuId, SubNo};
use crate::money::Money;
use crate::orders::trail::{Placing, Trail};
use crate::orders::{Change, Digest, Later, Memo, Moment, OrderState, Stage, Step, SubLine, SubOrder, SubTake};
use crate::time::Time;
use crate::units::{Units, counted};

/// An order.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Order {
    /// The id.
    pub id: OrderId,
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: Code,
    /// Digest of the request that placed it.
    pub digest: Digest,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer.
    pub customer: Option<Code>,
    /// The carrier it insists on.
    pub carrier: Option<CarrierId>,
    /// All in one parcel.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// Where it stands.
    pub state: OrderState,
    /// Whether money is owed back.
    pub refund_due: bool,
    /// The event that placed it.
    pub placed: Seq,
    /// When it was placed.
    pub placed_at: Time,
    /// When that happened outside.
    pub placed_occurred: Time,
    /// Who placed it.
    pub placed_by: Actor,
    /// When its stock came free unless paid, as first promised.
    pub first_deadline: Time,
    /// When its stock comes free unless paid, now.
    pub deadline: Time,
    /// The rules of the first plan.
    pub first_rules: RulesVersion,
    /// The rules of the latest plan.
    pub rules_version: RulesVersion,
    /// The score of the first plan.
    pub score: Money,
    /// The bound of the first plan.
    pub bound: Money,
    /// How many of the sub-orders belong to the first plan.
    pub first_subs: u16,
    /// Every sub-order there ever was, by number.
    pub subs: Vec<SubOrder>,
    /// What happened to it after it was placed, and what that was answered.
    pub(super) trail: Trail,
    /// What few orders have.
    pub later: Later,
    /// The last event that touched it.
    pub version: Seq,
    /// The engine time of the last event that touched it.
    pub last_time: Time,
}

/// What a new order is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder<'a> {
    /// The id.
    pub id: OrderId,
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: &'a Code,
    /// Digest of the request.
    pub digest: Digest,
    /// The destination zone.
    pub zone: Option<&'a Code>,
    /// The customer.
    pub customer: Option<&'a Code>,
    /// The carrier it insists on.
    pub carrier: Option<CarrierId>,
    /// All in one parcel.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// The event that places it.
    pub placed: Seq,
    /// When the engine was told.
    pub arrived: Time,
    /// When that happened outside.
    pub occurred: Time,
    /// Who places it.
    pub actor: &'a Actor,
    /// When its stock comes free unless it is paid.
    pub deadline: Time,
}

behind! {
    Order { number, zone, customer, placed_by, trail, subs, later }
}

impl Order {
    /// A new order, held, without sub-orders yet.
    pub fn new(new: NewOrder<'_>) -> Order {
        Order {
            id: new.id,
            channel: new.channel,
            number: new.number.clone(),
            digest: new.digest,
            zone: new.zone.cloned(),
            customer: new.customer.cloned(),
            carrier: new.carrier,
            ship_complete: new.ship_complete,
            max_parcels: new.max_parcels,
            state: OrderState::Held,
            refund_due: false,
            placed: new.placed,
            placed_at: new.arrived,
            placed_occurred: new.occurred,
            placed_by: new.actor.clone(),
            first_deadline: new.deadline,
            deadline: new.deadline,
            first_rules: RulesVersion::default(),
            rules_version: RulesVersion::default(),
            score: Money::ZERO,
            bound: Money::ZERO,
            first_subs: 0,
            subs: Vec::new(),
            trail: Trail::default(),
            later: Later::default(),
            version: new.placed,
            last_time: new.arrived,
        }
    }

    /// Adds the sub-orders of a part of its first plan.
    pub fn plan(&mut self, decision: &Decision, stage: Stage) {
        self.append(decision, stage);
        self.first_rules = self.rules_version;
        self.score = self.score.saturating_add(decision.score);
        self.bound = self.bound.saturating_add(decision.bound);
        self.first_subs = u16::try_from(self.subs.len()).unwrap_or(u16::MAX);
    }

    /// Adds the sub-orders of a plan after those there are; answers the number of the first.
    pub fn append(&mut self, decision: &Decision, stage: Stage) -> SubNo {
        let first = SubNo(u16::try_from(self.subs.len() + 1).unwrap_or(u16::MAX));
        self.subs.reserve_exact(decision.subs.len());
        self.subs.extend(decision.subs.iter().map(|planned| SubOrder::new(planned, stage)));
        self.rules_version = decision.rules_version;
        first
    }

    /// Whether lists show it under a state: its own, and `refund_due` while money is owed back.
    pub fn is_listed_as(&self, state: OrderState) -> bool {
        self.state == state || (self.refund_due && state == OrderState::RefundDue)
    }

    /// The parcels it may ship in, if that is limited.
    pub fn limit(&self) -> Option<u16> {
        if self.ship_complete { Some(1) } else { self.max_parcels }
    }

    /// The parcels that it ships in.
    pub fn parcels(&self) -> usize {
        self.subs.iter().filter(|sub| !sub.is_gone()).count()
    }

    /// Its limit of parcels as a phrase, when it ships in more.
    pub fn broken_limit(&self) -> Option<String> {
        let limit = self.limit().filter(|limit| self.parcels() > usize::from(*limit))?;
        let asked =
            if self.ship_complete { "complete".to_owned() } else { format!("in at most {}", counted(limit, "parcel")) };
        Some(format!("the order was to ship {asked}; it ships in {}", counted(self.parcels(), "parcel")))
    }

    /// A sub-order by number.
    pub fn sub(&self, no: SubNo) -> Option<&SubOrder> {
        no.index().checked_sub(1).and_then(|at| self.subs.get(at))
    }

    /// A sub-order by number.
    pub fn sub_mut(&mut self, no: SubNo) -> Option<&mut SubOrder> {
        no.index().checked_sub(1).and_then(|at| self.subs.get_mut(at))
    }

    /// The sub-orders with their numbers.
    pub fn numbered(&self) -> impl DoubleEndedIterator<Item = (SubNo, &SubOrder)> {
        self.subs.iter().enumerate().map(|(at, sub)| (SubNo(u16::try_from(at + 1).unwrap_or(u16::MAX)), sub))
    }

    /// Remembers the answer to a command.
    pub fn remember(&mut self, memo: &Memo<Change>) {
        let (trail, placing) = self.written();
        trail.remember(memo, placing);
    }

    /// Adds a moment to its timeline.
    pub fn note(&mut self, moment: &Moment) {
        let (trail, placing) = self.written();
        trail.note(moment, placing);
    }

    /// Gives the moment that was just added a reason.
    pub fn explain(&mut self, reason: Option<&str>) {
        let (trail, placing) = self.written();
        trail.explain(reason, placing);
    }

    /// What was answered under a key.
    pub fn memo(&self, key: &Code) -> Option<Memo<Change>> {
        self.trail.memo(key, self.placing())
    }

    /// What the command that made an event was answered.
    pub fn memo_of(&self, seq: Seq) -> Option<Memo<Change>> {
        self.trail.memo_of(seq, self.placing())
    }

    /// What was answered, in the order of events.
    pub fn memos(&self) -> impl Iterator<Item = Memo<Change>> {
        self.trail.iter_memos(self.placing())
    }

    /// How many answers are remembered: how often it was changed by command.
    pub fn changes(&self) -> usize {
        self.trail.answers()
    }

    /// What happened after it was placed, in the order of events.
    pub fn timeline(&self) -> impl Iterator<Item = Moment> {
        self.trail.iter_moments(self.placing())
    }

    /// How many moments its timeline has.
    pub fn moments(&self) -> usize {
        self.trail.moments()
    }

    fn placing(&self) -> Placing<'_> {
        Placing { seq: self.placed, at: self.placed_at, by: &self.placed_by }
    }

    fn written(&mut self) -> (&mut Trail, Placing<'_>) {
        (&mut self.trail, Placing { seq: self.placed, at: self.placed_at, by: &self.placed_by })
    }

    /// Lines, moments and memos: what makes an order long.
    pub(super) fn parts(&self) -> usize {
        let lines: usize = self.subs.iter().map(|sub| 1 + sub.lines.len()).sum();
        lines + self.moments() + self.changes()
    }

    /// Every SKU the order ever touched, sorted, once each.
    pub fn skus(&self) -> SmallVec<[SkuId; 8]> {
        let mut skus = SmallVec::new();
        for sub in &self.subs {
            skus.extend(sub.lines.iter().map(|line| line.sku));
        }
        skus.extend(self.later.review.iter().map(|(sku, _)| *sku));
        skus.sort_unstable();
        skus.dedup();
        skus
    }

    /// Takes units out of a line, when the line has them.
    pub fn remove(&mut self, take: &SubTake) -> Option<()> {
        let line = self.sub_mut(take.sub)?.line_mut(take.sku, take.pool)?;
        line.units = line.units.checked_sub(take.units)?;
        Some(())
    }

    /// Moves units of a sub-order, each line once, into a new one that goes the same way and stands at the same stage;
    /// answers its number. Both are still to be packed, weighed and labelled. `None` when it has not the units.
    pub fn split(&mut self, no: SubNo, takes: &[SubTake], (left, apart): (Figures, Figures)) -> Option<SubNo> {
        takes.iter().try_for_each(|take| self.remove(take))?;
        let sub = self.sub_mut(no)?;
        sub.refigure(left);
        sub.steps = sub.steps.after(Step::Unpack);
        sub.waybill = None;
        let mut new = SubOrder { first: None, ..sub.clone() };
        (new.weight_g, new.parts) = (apart.weight_g, apart.parts);
        new.lines = takes.iter().map(|take| SubLine::new(take.sku, take.pool, take.units)).collect();
        new.lines.sort_by_key(|line| line.sku);
        self.subs.push(new);
        Some(SubNo(u16::try_from(self.subs.len()).unwrap_or(u16::MAX)))
    }

    /// What is wrong with the order, if anything.
    pub fn check(&self) -> Result<(), String> {
        if self.state == OrderState::RefundDue && !self.refund_due {
            return Err(format!("order {} waits for a refund that is not due", self.id));
        }
        for (no, sub) in self.numbered() {
            let wrong = |what: &str| Err(format!("order {} sub-order {no}: {what}", self.id));
            for line in &sub.lines {
                if line.units > line.promised {
                    return wrong("more units than promised");
                }
                if line.returned > line.units || line.in_inspection > line.returned {
                    return wrong("more units returned than went out");
                }
            }
            let waits: Units = sub.lines.iter().map(|line| line.in_inspection).sum();
            let elsewhere: Units = self.later.elsewhere_of(no).map(|there| there.take.units).sum();
            if elsewhere > waits || self.later.elsewhere_of(no).any(|there| there.take.units.is_zero()) {
                return wrong("more units in inspection elsewhere than in all");
            }
            if sub.stage == Stage::Cancelled && !sub.units().is_zero() {
                return wrong("cancelled with units in it");
            }
            if !sub.is_closed() && sub.units().is_zero() {
                return wrong("empty and not cancelled");
            }
            if (sub.waiting > 0) != sub.stage.is_ahead() || u64::from(sub.waiting) > sub.units().0 {
                return wrong(&format!("waits for {} units and is {}", sub.waiting, sub.stage.name()));
            }
            let fits = match self.state {
                OrderState::Held => matches!(sub.stage, Stage::Held | Stage::Promised | Stage::Cancelled),
                OrderState::Paid => !matches!(sub.stage, Stage::Held | Stage::Promised),
                OrderState::Expired | OrderState::RefundDue | OrderState::Cancelled => sub.is_closed(),
            };
            if !fits {
                return wrong(&format!("{} in an order that is {}", sub.stage.name(), self.state.name()));
            }
        }
        Ok(())
    }
}
