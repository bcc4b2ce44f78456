//! The order file played against the engine in order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use stockade_core::engine::Released;
use stockade_core::ids::{Code, OrderId, RulesVersion};
use stockade_core::reply::Placed;
use stockade_core::time::Time;

use super::args::{PayMode, ReplayArgs};
use super::decide::{CancelDone, Decided, PaymentDone, cancel, pay, place};
use super::inbound::{Deliveries, DeliveryDone};
use super::ledger::Ledger;
use super::lines::{DecisionLine, LineFile, ReleaseKind, Verdict, released_cells, shorts, sub_orders};
use super::reports::Reports;
use super::summary::Tally;
use super::survey::Survey;
use super::target::Target;
use crate::clock;
use crate::failure::Failure;
use crate::files::{OrderKind, OrderRecord};

/// Orders expired in one call.
const EXPIRE_MAX: usize = 256;

/// A replay under way.
pub(super) struct Drive<'a> {
    pub(super) target: &'a dyn Target,
    pub(super) survey: &'a Survey,
    pub(super) rules_version: RulesVersion,
    pub(super) pay: PayMode,
    pub(super) clock: ReplayClock,
    pub(super) lines: LineFile,
    pub(super) ledger: Ledger,
    pub(super) tally: Tally,
    pub(super) reports: Reports,
    pub(super) inbound_reports: Reports,
    deliveries: Deliveries,
    /// Payments to come, by time and then in order of placing.
    payments: BinaryHeap<Reverse<(Time, u64, OrderId, Code)>>,
    /// Cancelled orders whose payments are still to come: no shop takes those.
    given_up: HashSet<OrderId>,
    commands: u64,
}

/// The time of a replay: never backwards.
pub(super) enum ReplayClock {
    /// Follows the times of the rows.
    Rows(Time),
    /// Follows the wall clock.
    Wall,
}

impl ReplayClock {
    /// The time of a row: its own, or that of the row before.
    pub(super) fn at(&mut self, ts: Option<Time>) -> Time {
        match self {
            ReplayClock::Rows(last) => {
                *last = ts.map_or(*last, |ts| ts.max(*last));
                *last
            }
            ReplayClock::Wall => clock::wall(),
        }
    }
}

impl<'a> Drive<'a> {
    pub(super) fn new(
        args: &ReplayArgs,
        target: &'a dyn Target,
        survey: &'a Survey,
        rules_version: RulesVersion,
        clock: ReplayClock,
    ) -> Result<Drive<'a>, Failure> {
        Ok(Drive {
            target,
            survey,
            rules_version,
            pay: args.pay,
            clock,
            lines: LineFile::create(&args.out)?,
            ledger: Ledger::new(survey),
            tally: Tally::new(),
            reports: Reports::new(&args.orders),
            inbound_reports: Reports::new(args.inbound.as_ref().unwrap_or(&args.orders)),
            deliveries: Deliveries::new(survey),
            payments: BinaryHeap::new(),
            given_up: HashSet::new(),
            commands: 0,
        })
    }

    /// Takes the next order of the file: first everything due by then, then the order.
    pub(super) fn step(&mut self, order: &OrderRecord) -> Result<(), Failure> {
        let now = self.clock.at(order.ts);
        self.advance(now)?;
        self.target.learn(now);
        match order.kind {
            OrderKind::Cancel => self.cancel(order, now),
            OrderKind::Sale => {
                let channel = self.channel(order);
                let decided = place(self.target, order, &channel, now)?;
                self.record(order, decided, now)
            }
        }
    }

    /// The channel of an order.
    pub(super) fn channel(&self, order: &OrderRecord) -> Code {
        order.channel.as_ref().unwrap_or(&self.survey.channel).clone()
    }

    /// Advances time to `now`: receipts and payments that are due, and before each of them the holds that have expired
    /// by then.
    pub(super) fn advance(&mut self, now: Time) -> Result<(), Failure> {
        loop {
            let delivery = self.deliveries.next();
            let at = self.next_payment().min(delivery);
            if at > now || at == Time::NEVER {
                return self.expire(now);
            }
            self.expire(at)?;
            if delivery <= at {
                self.deliver()?;
            } else if let Some(Reverse((_, _, order, number))) = self.payments.pop() {
                self.settle_payment(order, &number, at)?;
            }
        }
    }

    /// Plays the receipts that come after the last order.
    pub(super) fn deliver_rest(&mut self) -> Result<(), Failure> {
        while self.deliveries.next() < Time::NEVER {
            let at = self.clock.at(Some(self.deliveries.next()));
            self.advance(at)?;
        }
        Ok(())
    }

    fn deliver(&mut self) -> Result<(), Failure> {
        let Some((row, done)) = self.deliveries.step(self.target)? else { return Ok(()) };
        match done {
            DeliveryDone::Done(seq, change) => {
                self.ledger.expect(&row.sku, &row.warehouse, change);
                self.lines.delivery(seq, &row, change, self.target)
            }
            DeliveryDone::Not(reject) => {
                self.inbound_reports.add(row.line, format!("not {}: {reject}", row.event()));
                Ok(())
            }
        }
    }

    fn next_payment(&self) -> Time {
        self.payments.peek().map_or(Time::NEVER, |Reverse((at, ..))| *at)
    }

    /// The first moment after `now` at which time alone could change what is free, orders placed from now on included.
    pub(super) fn next_change(&self, now: Time) -> Time {
        let shortest = (now + self.survey.shortest_hold).min(self.deliveries.next());
        if self.pay == PayMode::Immediate {
            // No hold expires, because each order is paid before it could.
            return shortest;
        }
        let due = self.target.next_deadline().unwrap_or(Time::NEVER);
        shortest.min(due).min(self.next_payment())
    }

    /// Records a decision, and pays the order if that is due now.
    pub(super) fn record(&mut self, order: &OrderRecord, decided: Decided, now: Time) -> Result<(), Failure> {
        let channel = self.channel(order);
        self.write(order, &channel, &decided)?;
        self.tally.decided(&decided);
        match (decided.verdict, decided.placed) {
            (Verdict::Placed, Some(placed)) => {
                self.ledger.place(&placed.plan);
                self.plan_payment(&placed, order, now)?;
            }
            (Verdict::Refused, _) => {
                if decided.took.is_none()
                    && let Some(reason) = &decided.reason
                {
                    self.reports.add(order.line, format!("order {}: {reason}", order.number));
                }
            }
            (Verdict::Placed, None) | (Verdict::Duplicate | Verdict::Conflict, _) => {}
        }
        Ok(())
    }

    fn write(&mut self, order: &OrderRecord, channel: &Code, decided: &Decided) -> Result<(), Failure> {
        let new = decided.placed.as_ref().filter(|_| decided.verdict == Verdict::Placed);
        let line = DecisionLine {
            seq: new.map(|placed| placed.seq.0),
            order: order.number.as_str(),
            channel: channel.as_str(),
            outcome: decided.verdict.name(),
            code: decided.code,
            rules_version: new.map_or(self.rules_version, |placed| placed.plan.rules_version).0,
            cost: new.map(|placed| placed.plan.cost),
            score: new.map(|placed| placed.plan.score),
            sub_orders: new.map(|placed| sub_orders(&placed.plan)).unwrap_or_default(),
            short: shorts(&decided.short),
        };
        self.lines.decision(&line, self.target)
    }

    fn plan_payment(&mut self, placed: &Placed, order: &OrderRecord, now: Time) -> Result<(), Failure> {
        match self.pay {
            PayMode::Never => Ok(()),
            PayMode::Immediate => self.settle_payment(placed.order, &order.number, now),
            PayMode::After(span) => {
                self.commands += 1;
                self.payments.push(Reverse((now + span, self.commands, placed.order, order.number.clone())));
                Ok(())
            }
        }
    }

    fn settle_payment(&mut self, order: OrderId, number: &Code, now: Time) -> Result<(), Failure> {
        self.commands += 1;
        if self.given_up.remove(&order) {
            return Ok(());
        }
        match pay(self.target, order, self.commands, now)? {
            PaymentDone::Paid => Ok(()),
            PaymentDone::RefundDue => {
                self.tally.refunds_due += 1;
                Ok(())
            }
            PaymentDone::PaidLate(seq, cells) => {
                self.tally.paid_late += 1;
                self.ledger.apply(&cells);
                self.lines.release(seq, number, ReleaseKind::PaidLate, &cells, self.target)
            }
        }
    }

    fn cancel(&mut self, order: &OrderRecord, now: Time) -> Result<(), Failure> {
        self.commands += 1;
        let channel = self.channel(order);
        match cancel(self.target, &channel, &order.number, self.commands, now)? {
            CancelDone::Cancelled(id, seq, cells) => {
                if matches!(self.pay, PayMode::After(_)) {
                    self.given_up.insert(id);
                }
                self.tally.cancelled += 1;
                self.ledger.apply(&cells);
                self.lines.release(seq, &order.number, ReleaseKind::Cancelled, &cells, self.target)
            }
            CancelDone::Not(reject) => {
                self.reports.add(order.line, format!("order {} is not cancelled: {reject}", order.number));
                Ok(())
            }
        }
    }

    /// Expires holds at their own deadlines, up to `now`.
    fn expire(&mut self, now: Time) -> Result<(), Failure> {
        if self.pay == PayMode::Immediate {
            return Ok(());
        }
        while let Some(deadline) = self.target.next_deadline()
            && deadline <= now
        {
            let released = self.target.expire_due(deadline, EXPIRE_MAX);
            for order in &released {
                self.release(order)?;
            }
            if released.is_empty() && self.target.next_deadline() == Some(deadline) {
                return Err(Failure::failed(format!(
                    "holds due at {deadline} cannot be expired: the log takes no more"
                )));
            }
        }
        Ok(())
    }

    fn release(&mut self, released: &Released) -> Result<(), Failure> {
        let cells = released_cells(released);
        self.tally.expired += 1;
        self.ledger.apply(&cells);
        self.lines.release(released.seq, &released.number, ReleaseKind::Expired, &cells, self.target)
    }
}
