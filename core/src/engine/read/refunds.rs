//! Refunds, open or closed, the earliest first. A page costs its own length.

use crate::catalog::Config;
use crate::engine::bounds::page;
use crate::engine::codes::channel_id;
use crate::engine::outcome::{Decided, Refusal, invalid};
use crate::engine::read::Ask;
use crate::engine::read::view::actor;
use crate::engine::store::Engine;
use crate::ids::{OrderId, RefundNo, Seq};
use crate::limits::PAGE_ROWS_MAX;
use crate::orders::lists::RefundAt;
use crate::orders::{Account, Basis, KeyShard, OrderKey, Refund};
use crate::query::RefundsQuery;
use crate::reply::{ClosedView, RefundView, RefundsPage, Reply};
use crate::time::Time;

impl Ask for RefundsQuery {
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let channel = self.channel.as_ref().map(|code| channel_id(&config, code)).transpose()?;
        if let Some(number) = &self.number {
            let unnamed = || Refusal::from(invalid("channel", "name the channel whose order number it is".to_owned()));
            let key = OrderKey { channel: channel.ok_or_else(unnamed)?, number: number.clone() };
            return Ok(engine.refunds_of(&config, &key, self));
        }
        let (settled, most) = (engine.log.applied(), page(self.limit).max(1));
        let mut cursor = self.after.unwrap_or_default();
        let mut rows = Vec::new();
        let mut named = 0;
        let next = 'page: loop {
            let wanted = most - rows.len();
            let found = engine.door.counters().refunds.after(self.closed, channel, cursor, wanted);
            if found.is_empty() {
                break None;
            }
            for at in &found {
                // While events before it are being applied, others may still come up in front of it.
                if at.seq > settled || is_full(rows.len(), most, named) {
                    break 'page Some(cursor);
                }
                cursor = at.seq;
                if let Some(row) = engine.refund_row(&config, at, self.closed) {
                    named += row.lines.len();
                    rows.push(row);
                }
            }
            if rows.len() == most {
                break Some(cursor);
            }
        };
        // What is not in the list may have left it in an event that is not durable yet.
        Ok((Reply::Refunds(RefundsPage { refunds: rows, next }), engine.log.last()))
    }
}

impl Engine {
    /// The refunds of one order number, open or closed.
    fn refunds_of(&self, config: &Config, key: &OrderKey, query: &RefundsQuery) -> (Reply, Seq) {
        let page = self.door.with_orders(KeyShard::of_order(key), |shard| {
            let order = shard.find(key).map(|order| order.id);
            let view = |refund: (RefundNo, &Refund)| self.refund_view(config, key, refund, order);
            shard.account(key).map(|account| page_of(account, query, view))
        });
        (Reply::Refunds(page.unwrap_or_else(|| RefundsPage { refunds: Vec::new(), next: None })), self.log.last())
    }

    /// A refund of the list, if it is still open or closed as the list said.
    fn refund_row(&self, config: &Config, at: &RefundAt, closed: bool) -> Option<RefundView> {
        self.door.with_orders(KeyShard::of_order(&at.key), |shard| {
            let refund = shard.account(&at.key)?.refund(at.no)?;
            if refund.closed.is_some() != closed {
                return None;
            }
            let order = shard.find(&at.key).map(|order| order.id);
            Some(self.refund_view(config, &at.key, (at.no, refund), order))
        })
    }

    /// A refund as callers see it.
    pub(in crate::engine) fn refund_view(
        &self,
        config: &Config,
        key: &OrderKey,
        (no, refund): (RefundNo, &Refund),
        order: Option<OrderId>,
    ) -> RefundView {
        let (payment, units) = match &refund.basis {
            Basis::Payment(payment) => (Some(payment.clone()), &[][..]),
            Basis::Units(units) => (None, &units[..]),
        };
        RefundView {
            channel: config.codes.of_channel(key.channel),
            number: key.number.clone(),
            order,
            refund: no,
            reason: refund.reason,
            payment,
            lines: units.iter().map(|(sku, units)| (self.sku_code(*sku), *units)).collect(),
            seq: refund.seq,
            due: refund.due,
            closed: refund.closed.as_ref().map(|closing| ClosedView {
                reference: closing.reference.clone(),
                seq: closing.seq,
                at: closing.at,
                by: actor(&closing.by),
            }),
        }
    }

    /// The refunds of an order, by number.
    pub(in crate::engine) fn refund_views(
        &self,
        config: &Config,
        key: &OrderKey,
        account: Option<&Account>,
        order: OrderId,
    ) -> Vec<RefundView> {
        let refunds = account.into_iter().flat_map(Account::refunds);
        refunds.map(|refund| self.refund_view(config, key, refund, Some(order))).collect()
    }
}

/// Whether no further row fits on a page of at most so many: of a large order, one row may name thousands of lines.
fn is_full(rows: usize, most: usize, named: usize) -> bool {
    rows >= most || named >= PAGE_ROWS_MAX
}

/// A page of the refunds of an account. A lock is held meanwhile: no view is made of what is not on the page.
fn page_of(
    account: &Account,
    query: &RefundsQuery,
    mut view: impl FnMut((RefundNo, &Refund)) -> RefundView,
) -> RefundsPage {
    let most = page(query.limit).max(1);
    let (mut refunds, mut next, mut named) = (Vec::new(), None, 0);
    for (cursor, refund) in in_list(account, query) {
        if is_full(refunds.len(), most, named) {
            return RefundsPage { refunds, next };
        }
        let row = view(refund);
        named += row.lines.len();
        refunds.push(row);
        next = Some(cursor);
    }
    RefundsPage { refunds, next: None }
}

/// The refunds of an account that are in the list asked for, after its cursor, with the cursor of each, the earliest first.
fn in_list<'a>(account: &'a Account, query: &RefundsQuery) -> Vec<(Seq, (RefundNo, &'a Refund))> {
    let cursor = |refund: &Refund| match (&refund.closed, query.closed) {
        (Some(closing), true) => Some(closing.seq),
        (None, false) => Some(refund.seq),
        (Some(_), false) | (None, true) => None,
    };
    let all = account.refunds().filter_map(|(no, refund)| Some((cursor(refund)?, (no, refund))));
    let mut ours: Vec<_> = all.filter(|(cursor, _)| query.after.is_none_or(|after| *cursor > after)).collect();
    ours.sort_unstable_by_key(|(cursor, (no, _))| (*cursor, *no));
    ours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::ids::{Code, SkuId};
    use crate::orders::{Closing, RefundReason};
    use crate::units::Units;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    /// An account with this many open refunds and, after each, a closed one that was closed the later the earlier it came; all
    /// for units of so many SKUs.
    fn owing(open: u64, lines: u32) -> Account {
        let mut account = Account::default();
        let units: Vec<_> = (0..lines).map(|sku| (SkuId(sku), Units(1))).collect();
        let refund = |seq, closed| {
            let (reason, basis) = (RefundReason::Cancelled, Basis::Units(units.clone()));
            Refund { reason, basis, seq: Seq(seq), due: Time::default(), closed }
        };
        for n in 1..=open {
            account.owe(refund(2 * n - 1, None));
            let (seq, at) = (Seq(3 * open - n), Time::default());
            account.owe(refund(2 * n, Some(Closing { reference: code("B"), seq, at, by: Actor::Engine })));
        }
        account
    }

    fn view((no, refund): (RefundNo, &Refund)) -> RefundView {
        let Basis::Units(units) = &refund.basis else { panic!("{refund:?}") };
        let closed = |Closing { reference, seq, at, by }: &Closing| ClosedView {
            reference: reference.clone(),
            seq: *seq,
            at: *at,
            by: actor(by),
        };
        RefundView {
            channel: code("web"),
            number: code("1"),
            order: None,
            refund: no,
            reason: refund.reason,
            payment: None,
            lines: units.iter().map(|(_, units)| (code("tea"), *units)).collect(),
            seq: refund.seq,
            due: refund.due,
            closed: refund.closed.as_ref().map(closed),
        }
    }

    /// A page, and of how many refunds a view was made for it.
    fn asked(account: &Account, query: &RefundsQuery) -> (RefundsPage, usize) {
        let mut made = 0;
        let page = page_of(account, query, |refund| {
            made += 1;
            view(refund)
        });
        (page, made)
    }

    /// All pages, by the cursors of their rows.
    fn walked(account: &Account, closed: bool, limit: u32) -> Vec<Vec<u64>> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let query = RefundsQuery { closed, after, limit, ..RefundsQuery::default() };
            let (RefundsPage { refunds, next }, made) = asked(account, &query);
            assert_eq!(made, refunds.len(), "no view is made of what is not on the page");
            let cursor = |row: &RefundView| row.closed.as_ref().map_or(row.seq.0, |closed| closed.seq.0);
            pages.push(refunds.iter().map(cursor).collect());
            after = next;
            if after.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn a_page_of_one_number_makes_no_view_of_what_is_not_on_it() {
        let account = owing(5, 1);
        assert_eq!(walked(&account, false, 2), [vec![1, 3], vec![5, 7], vec![9]]);
        assert_eq!(walked(&account, true, 2), [vec![10, 11], vec![12, 13], vec![14]]);
        assert_eq!(walked(&account, true, 5), [vec![10, 11, 12, 13, 14]]);
    }

    #[test]
    fn a_page_of_one_number_is_bounded_by_the_lines_that_its_rows_name() {
        let account = owing(5, PAGE_ROWS_MAX as u32 / 2);
        assert_eq!(walked(&account, false, 100), [vec![1, 3], vec![5, 7], vec![9]]);
    }
}
