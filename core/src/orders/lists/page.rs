//! Pages of lists.

use crate::ids::{ChannelId, Code, Seq, WarehouseId};
use crate::orders::lists::all::Lists;
use crate::orders::lists::list::Entry;
use crate::orders::{OrderState, Stage};

/// Orders a page looks at before it ends early. More if more were asked for.
const LOOKS_MIN: usize = 1_024;
/// Orders fetched under one lock, at least and at most.
const FETCH: (usize, usize) = (64, 1_024);

/// Which orders are wanted: those that meet every condition given. A warehouse and a stage together mean one sub-order.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListFilter<'a> {
    /// With a sub-order of this warehouse.
    pub warehouse: Option<WarehouseId>,
    /// With a sub-order in this stage.
    pub stage: Option<Stage>,
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this customer.
    pub customer: Option<&'a Code>,
    /// In this state.
    pub state: Option<OrderState>,
}

/// Which part of the lists is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Orders placed after this event: the cursor of the page before.
    pub after: Option<Seq>,
    /// The last event up to which all are applied. While later ones are being applied, an order may still come up in front
    /// of one that is listed already; so no cursor goes further than this.
    pub settled: Seq,
    /// At most this many orders, where 0 counts as 1.
    pub most: usize,
}

/// A page of orders, oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The orders found.
    pub entries: Vec<Entry>,
    /// The cursor of the next page. More orders may follow even if this page has fewer than asked for; `None` at the end.
    pub next: Option<Seq>,
}

/// Lists that together hold every order that meets a filter.
#[derive(Clone, Copy)]
enum Source<'a> {
    Customer(&'a Code),
    /// Of one warehouse or all, in one stage or any.
    Warehouses(Option<u16>, Option<usize>),
    /// Of one channel or all, in one state or any.
    Channels(Option<u16>, Option<usize>),
}

impl Lists {
    /// The first orders of a range that meet the filter.
    ///
    /// Reads the shortest lists that hold them all. `look` decides about each entry of these lists; it is called without a
    /// lock, and must check the whole filter, because an order may have changed since its list was read. It may be asked
    /// about entries that the page does not have in the end. A page looks at as many entries as it may have or at 1,024,
    /// whichever is more, and then ends early, so that a page over long lists in which few orders fit is not expensive either.
    pub fn page(&self, filter: &ListFilter<'_>, range: Range, mut look: impl FnMut(Entry) -> bool) -> Page {
        let source = self.source(filter);
        let most = range.most.max(1);
        let mut left = most.max(LOOKS_MIN);
        let mut cursor = range.after.unwrap_or_default();
        let mut entries = Vec::new();
        while left > 0 && entries.len() < most {
            let fetch = (most - entries.len()).clamp(FETCH.0, FETCH.1).min(left);
            let fetched = self.fetch(source, cursor, fetch);
            let is_end = fetched.len() < fetch;
            left -= fetched.len();
            let mut fetched = fetched.into_iter();
            while entries.len() < most
                && let Some(entry) = fetched.next()
            {
                cursor = entry.placed;
                if look(entry) {
                    entries.push(entry);
                }
            }
            if is_end && fetched.len() == 0 {
                return Page { entries, next: None };
            }
        }
        if cursor > range.settled {
            cursor = range.settled.max(range.after.unwrap_or_default());
            entries.retain(|entry| entry.placed <= cursor);
        }
        Page { entries, next: Some(cursor) }
    }

    /// The latest `most` orders that were placed before an event and have a sub-order of a warehouse in one of these stages;
    /// fewer when there are no more.
    pub fn latest(&self, warehouse: WarehouseId, stages: &[Stage], before: Seq, most: usize) -> Vec<Entry> {
        let mut found = Vec::new();
        self.warehouses.each(Some(warehouse.0), None, |kind, list| {
            if stages.iter().any(|stage| *stage as usize == kind) {
                found.extend(list.before(before).take(most));
            }
        });
        found.sort_unstable_by(|a: &Entry, b| b.cmp(a));
        // An order with sub-orders in several stages is in several lists.
        found.dedup();
        found.truncate(most);
        found
    }

    /// The first source that one page can look through as a whole, or else the shortest.
    fn source<'a>(&self, filter: &ListFilter<'a>) -> Source<'a> {
        let kind = filter.stage.map(|stage| stage as usize);
        let by_warehouse = (filter.warehouse.is_some() || kind.is_some())
            .then_some(Source::Warehouses(filter.warehouse.map(|id| id.0), kind));
        let by_channel = Source::Channels(filter.channel.map(|id| id.0), filter.state.map(|state| state as usize));
        let mut shortest = (by_channel, usize::MAX);
        for source in [filter.customer.map(Source::Customer), by_warehouse, Some(by_channel)].into_iter().flatten() {
            let len = self.len(source);
            if len <= LOOKS_MIN {
                return source;
            }
            if len < shortest.1 {
                shortest = (source, len);
            }
        }
        shortest.0
    }

    /// Entries of all lists of a source together.
    fn len(&self, source: Source<'_>) -> usize {
        let mut len = 0;
        match source {
            Source::Customer(customer) => len = self.customers.len(customer),
            Source::Warehouses(owner, kind) => self.warehouses.each(owner, kind, |_, list| len += list.len()),
            Source::Channels(owner, kind) => self.channels.each(owner, kind, |_, list| len += list.len()),
        }
        len
    }

    /// The first `most` orders of a source that were placed after an event, or all there are.
    fn fetch(&self, source: Source<'_>, after: Seq, most: usize) -> Vec<Entry> {
        let mut first = First { found: Vec::new(), most, below: None };
        match source {
            Source::Customer(customer) => self.customers.after(customer, after, |entries| first.add(entries)),
            Source::Warehouses(owner, kind) => {
                self.warehouses.each(owner, kind, |_, list| first.add(list.after(after)));
            }
            Source::Channels(owner, kind) => self.channels.each(owner, kind, |_, list| first.add(list.after(after))),
        }
        first.cut();
        first.found
    }
}

/// The oldest `most` of the entries it is shown.
struct First {
    found: Vec<Entry>,
    most: usize,
    /// `most` entries are known up to this one: it and later ones are not needed.
    below: Option<Seq>,
}

impl First {
    /// Adds entries in rising order.
    fn add(&mut self, entries: impl Iterator<Item = Entry>) {
        let below = self.below;
        let needed = |entry: &Entry| below.is_none_or(|below| entry.placed < below);
        self.found.extend(entries.take_while(needed).take(self.most));
        if self.found.len() >= 2 * self.most {
            self.cut();
        }
    }

    /// An order may be in several of the lists.
    fn cut(&mut self) {
        self.found.sort_unstable();
        self.found.dedup();
        self.found.truncate(self.most);
        if self.found.len() == self.most {
            self.below = self.found.last().map(|entry| entry.placed);
        }
    }
}
