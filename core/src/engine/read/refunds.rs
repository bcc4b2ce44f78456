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
        // Units that the rows name: of a large order, one row may name thousands.
        let mut named = 0;
        let next = 'page: loop {
            let wanted = most - rows.len();
            let found = engine.door.counters().refunds.after(self.closed, channel, cursor, wanted);
            if found.is_empty() {
                break None;
            }
            for at in &found {
                // While events before it are being applied, others may still come up in front of it.
                if at.seq > settled || rows.len() == most || named >= PAGE_ROWS_MAX {
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
        let most = page(query.limit).max(1);
        let mut refunds = self.door.with_orders(KeyShard::of_order(key), |shard| {
            let order = shard.find(key).map(|order| order.id);
            let all = shard.account(key).into_iter().flat_map(Account::refunds);
            let ours = all.filter(|(_, refund)| refund.closed.is_some() == query.closed);
            ours.map(|(no, refund)| self.refund_view(config, key, (no, refund), order)).collect::<Vec<_>>()
        });
        let cursor = |refund: &RefundView| refund.closed.as_ref().map_or(refund.seq, |closed| closed.seq);
        refunds.retain(|refund| query.after.is_none_or(|after| cursor(refund) > after));
        refunds.sort_by_key(cursor);
        let next = (refunds.len() > most).then(|| cursor(&refunds[most - 1]));
        refunds.truncate(most);
        (Reply::Refunds(RefundsPage { refunds, next }), self.log.last())
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
