//! Orders put together from their rows: which rows are one order, and what an empty cell of a row means.
//!
//! ```text
//!  row ─► identity (channel, kind; empty cells inherited) ─► open order of that identity ─► closed by a row of another id
//!                                                                  └─ closed before: refused, unless rows are gathered
//! ```
//!
//! Rows that are passed over, and those of a kind that is skipped, close nothing.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::time::Time;

use super::fault::FileFault;
use super::flags::OrderReading;
use super::orders::{
    AMOUNT, CHANNEL, CUSTOMER, KIND, ORDER_ID, OrderKind, OrderRecord, OrderRow, PAYMENT, QTY, SKU, TS, ZONE,
};
use super::sheet::{Cell, Row};

/// Puts orders together. Rows of one id that follow each other make its orders, or all rows of the file when they are
/// gathered.
pub(super) struct Assembly {
    skip: Vec<String>,
    gather: bool,
    /// The channel of orders that name none.
    channel: Option<Code>,
    /// Orders that further rows may belong to, in the order in which they begin.
    open: Vec<Open>,
    /// Their places by id.
    places: HashMap<Code, Vec<usize>>,
    /// What is wrong with rows that are passed over: it matters only to rows that depend on them.
    faults: HashMap<Code, FileFault>,
    /// The id of the row before, and the place of its order.
    last: Option<(Code, Option<usize>)>,
    /// The id of the last row that counts.
    counted: Option<Code>,
    /// Orders of which no row counts so far, while rows of another id are read.
    uncounted: HashMap<Code, Vec<Open>>,
    /// Orders that have ended; none when rows are gathered.
    closed: HashMap<Code, Vec<Closed>>,
}

/// What tells orders of one id apart. A `kind` of `None` is skipped.
#[derive(Clone, PartialEq, Eq)]
struct Identity {
    channel: Option<Code>,
    kind: Option<OrderKind>,
}

/// An order whose rows may go on.
struct Open {
    identity: Identity,
    number: Code,
    /// The line of its first row, which may be passed over.
    begins: u64,
    /// The line of its first row that counts.
    line: Option<u64>,
    ts: Option<Time>,
    /// With the line that says so.
    customer: Option<(Code, u64)>,
    zone: Option<(Code, u64)>,
    payment: Option<(Code, u64)>,
    amount: Option<(Money, u64)>,
    lines: Vec<OrderRow>,
}

/// An order that has ended.
struct Closed {
    identity: Identity,
    begins: u64,
}

impl Assembly {
    pub(super) fn new(reading: &OrderReading) -> Assembly {
        Assembly {
            skip: reading.skip_kinds.clone(),
            gather: reading.gather,
            channel: reading.channel.clone(),
            open: Vec::new(),
            places: HashMap::new(),
            faults: HashMap::new(),
            last: None,
            counted: None,
            uncounted: HashMap::new(),
            closed: HashMap::new(),
        }
    }

    /// Takes a row. Orders that end before it are moved to `ready`.
    ///
    /// # Errors
    /// When a cell is wrong, when it contradicts an earlier row of its order, or when rows of other orders stand between
    /// them and are not gathered.
    pub(super) fn take(
        &mut self,
        row: &Row<'_>,
        is_passed_over: bool,
        ready: &mut VecDeque<OrderRecord>,
    ) -> Result<(), FileFault> {
        if is_passed_over && row.cell(ORDER_ID).is_none() {
            return Ok(());
        }
        let id = row.required(ORDER_ID)?;
        let number = match id.code() {
            Ok(number) => number,
            Err(_) if is_passed_over || (row.cell(KIND).is_some() && kind(row, &self.skip)?.is_none()) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        match self.place(row, &number, is_passed_over, ready) {
            Ok(place) => self.last = Some((number, place)),
            Err(fault) if is_passed_over => {
                self.faults.entry(number.clone()).or_insert(fault);
                self.last = Some((number, None));
            }
            Err(fault) => return Err(fault),
        }
        Ok(())
    }

    /// Ends every open order, and moves those that count to `ready`.
    pub(super) fn close(&mut self, ready: &mut VecDeque<OrderRecord>) {
        self.places.clear();
        for order in self.open.drain(..) {
            if order.line.is_none() {
                self.uncounted.entry(order.number.clone()).or_default().push(order);
                continue;
            }
            if !self.gather {
                let closed = Closed { identity: order.identity.clone(), begins: order.begins };
                self.closed.entry(order.number.clone()).or_default().push(closed);
            }
            ready.extend(order.record());
        }
    }

    /// Opens an order; returns its place.
    fn open(&mut self, order: Open) -> usize {
        self.places.entry(order.number.clone()).or_default().push(self.open.len());
        self.open.push(order);
        self.open.len() - 1
    }

    /// Puts a row into its order; returns the place of that, if it is open. A row that counts ends the orders of other ids.
    fn place(
        &mut self,
        row: &Row<'_>,
        number: &Code,
        is_passed_over: bool,
        ready: &mut VecDeque<OrderRecord>,
    ) -> Result<Option<usize>, FileFault> {
        if !is_passed_over
            && row.cell(KIND).is_none()
            && let Some(fault) = self.faults.get(number)
        {
            return Err(fault.clone());
        }
        let identity = self.identity(row, number)?;
        if !is_passed_over && identity.kind.is_some() && self.counted.as_ref() != Some(number) {
            if !self.gather {
                self.close(ready);
            }
            self.counted = Some(number.clone());
        }
        for order in self.uncounted.remove(number).unwrap_or_default() {
            self.open(order);
        }
        let open = self.places.get(number).map_or(&[][..], Vec::as_slice);
        let place = open.iter().copied().find(|place| self.open[*place].identity == identity);
        if identity.kind == Some(OrderKind::Sale) && !self.gather {
            let cancel = Identity { kind: Some(OrderKind::Cancel), ..identity.clone() };
            let cancels = |later: &Open| later.identity == cancel && later.line.is_some();
            let cancelled = open.iter().any(|later| Some(*later) > place && cancels(&self.open[*later]));
            let begins = match place {
                Some(place) => cancelled.then(|| self.open[place].begins),
                None => self.closed_sale(number, &identity),
            };
            match begins {
                Some(_) if is_passed_over => return Ok(place),
                Some(begins) => return Err(torn(row, number, begins)),
                None => {}
            }
        }
        let place = place.unwrap_or_else(|| self.open(Open::begun(row.line, number, identity.clone())));
        if let Some(kind) = identity.kind {
            self.open[place].add(row, kind, is_passed_over)?;
        }
        Ok(Some(place))
    }

    /// The line where an order like this began that has ended.
    fn closed_sale(&self, number: &Code, identity: &Identity) -> Option<u64> {
        let closed = self.closed.get(number)?;
        closed.iter().find(|closed| closed.identity == *identity).map(|closed| closed.begins)
    }

    /// What the row belongs to. An empty cell means what it means in the row before, or else what all earlier rows of the
    /// id have in common.
    fn identity(&self, row: &Row<'_>, number: &Code) -> Result<Identity, FileFault> {
        let explicit = row.cell(KIND).map(|_| kind(row, &self.skip)).transpose()?;
        let is_skipped = explicit == Some(None);
        let named = match row.code(CHANNEL) {
            Err(_) if is_skipped => None,
            channel => channel?,
        };
        let before = self.last.as_ref().filter(|(last, _)| last == number);
        let before = before.and_then(|(_, place)| place.as_ref()).map(|place| &self.open[*place].identity);
        let mut known: Vec<(&Identity, u64)> = Vec::new();
        if before.is_none() || self.channel.is_none() {
            known.extend(self.closed.get(number).into_iter().flatten().map(|order| (&order.identity, order.begins)));
            let open = self.places.get(number).into_iter().flatten().map(|place| &self.open[*place]);
            let open = open.chain(self.uncounted.get(number).into_iter().flatten());
            known.extend(open.map(|order| (&order.identity, order.begins)));
        }
        let channel = match (named, before) {
            (Some(named), _) => {
                let unnamed = known.iter().find(|(identity, _)| identity.channel.is_none() && identity.kind.is_some());
                if let Some((_, line)) = unnamed.filter(|_| !is_skipped) {
                    let reason = format!(
                        "the channel `{named}` is named here, but none in line {line} of {number}: name it in both lines"
                    );
                    return Err(row.fault(reason));
                }
                Some(named)
            }
            (None, Some(before)) => before.channel.clone(),
            (None, None) => match common(&known, |identity| &identity.channel) {
                Ok(channel) => channel.cloned().unwrap_or_else(|| self.channel.clone()),
                Err((one, other)) if !is_skipped => return Err(unclear(row, number, "channel", (one, other))),
                Err(_) => None,
            },
        };
        let kind = match (explicit, before) {
            (Some(kind), _) => kind,
            (None, Some(before)) => before.kind,
            (None, None) => {
                known.retain(|(identity, _)| identity.channel == channel);
                match common(&known, |identity| &identity.kind) {
                    Ok(kind) => kind.copied().unwrap_or(Some(OrderKind::Sale)),
                    Err(lines) => return Err(unclear(row, number, "kind", lines)),
                }
            }
        };
        Ok(Identity { channel, kind })
    }
}

impl Open {
    fn begun(line: u64, number: &Code, identity: Identity) -> Open {
        let number = number.clone();
        Open {
            identity,
            number,
            begins: line,
            line: None,
            ts: None,
            customer: None,
            zone: None,
            payment: None,
            amount: None,
            lines: Vec::new(),
        }
    }

    fn add(&mut self, row: &Row<'_>, kind: OrderKind, is_passed_over: bool) -> Result<(), FileFault> {
        // Rows of an order may be entered minutes apart: it is placed with the first.
        let ts = row.time(TS)?;
        self.ts = self.ts.or(ts);
        agree(&mut self.customer, row, CUSTOMER, |cell| cell.code())?;
        agree(&mut self.zone, row, ZONE, |cell| cell.code())?;
        agree(&mut self.payment, row, PAYMENT, |cell| cell.code())?;
        agree(&mut self.amount, row, AMOUNT, |cell| cell.money())?;
        if !is_passed_over {
            self.line = self.line.or(Some(row.line));
            self.lines.extend(lines(row, kind)?);
        }
        Ok(())
    }

    /// The order, if any of its rows counts.
    fn record(self) -> Option<OrderRecord> {
        Some(OrderRecord {
            line: self.line?,
            number: self.number,
            kind: self.identity.kind?,
            ts: self.ts,
            channel: self.identity.channel,
            customer: self.customer.map(|(customer, _)| customer),
            zone: self.zone.map(|(zone, _)| zone),
            payment: self.payment.map(|(payment, _)| payment),
            amount: self.amount.map(|(amount, _)| amount),
            lines: self.lines,
        })
    }
}

/// What all orders have in common; `None` when there are none. Otherwise the lines of two that differ.
fn common<'a, T: PartialEq>(
    known: &[(&'a Identity, u64)],
    what: impl Fn(&'a Identity) -> &'a T,
) -> Result<Option<&'a T>, (u64, u64)> {
    let Some((first, line)) = known.first() else { return Ok(None) };
    match known.iter().find(|(identity, _)| what(identity) != what(first)) {
        Some((_, other)) => Err((*line, *other)),
        None => Ok(Some(what(first))),
    }
}

/// Notes what a row says of its order, which must be what earlier rows say.
fn agree<T: PartialEq + fmt::Display>(
    known: &mut Option<(T, u64)>,
    row: &Row<'_>,
    column: usize,
    read: impl Fn(&Cell<'_>) -> Result<T, FileFault>,
) -> Result<(), FileFault> {
    let Some(cell) = row.cell(column) else { return Ok(()) };
    let said = read(&cell)?;
    match known {
        None => *known = Some((said, row.line)),
        Some((known, line)) if *known != said => {
            let reason = format!("`{said}` here, but `{known}` in line {line} of the same order: correct one of them");
            return Err(cell.fault(reason));
        }
        Some(_) => {}
    }
    Ok(())
}

fn torn(row: &Row<'_>, number: &Code, begins: u64) -> FileFault {
    row.fault(format!(
        "order {number} begins in line {begins}, and other rows stand between: say --gather if both are one order, and \
         give one of them another number if they are two"
    ))
}

fn unclear(row: &Row<'_>, number: &Code, column: &str, (one, other): (u64, u64)) -> FileFault {
    row.fault(format!("the {column} is empty, and lines {one} and {other} of {number} differ in it: fill it in"))
}

/// What the row asks for; `None` when its kind is skipped.
fn kind(row: &Row<'_>, skip: &[String]) -> Result<Option<OrderKind>, FileFault> {
    let Some(cell) = row.cell(KIND) else { return Ok(Some(OrderKind::Sale)) };
    match cell.text {
        kind if skip.iter().any(|skipped| skipped == kind) => Ok(None),
        "sale" => Ok(Some(OrderKind::Sale)),
        "cancel" => Ok(Some(OrderKind::Cancel)),
        other => {
            let reason = format!(
                "`{other}` is neither sale nor cancel: say --sale {other} or --cancel {other} if it means that, \
                 --skip-kind {other} to leave such rows out"
            );
            Err(cell.fault(reason))
        }
    }
}

/// The line of a row. A cancellation is of the whole order, so it may name nothing.
fn lines(row: &Row<'_>, kind: OrderKind) -> Result<Vec<OrderRow>, FileFault> {
    let whole = row.cell(SKU).is_some() && row.cell(QTY).is_some();
    if whole || kind == OrderKind::Sale { Ok(vec![line(row)?]) } else { Ok(Vec::new()) }
}

fn line(row: &Row<'_>) -> Result<OrderRow, FileFault> {
    let sku = row.required(SKU)?;
    if is_packed(sku.text) {
        return Err(sku.fault(PACKED));
    }
    Ok(OrderRow { line: row.line, sku: sku.code()?, qty: row.required(QTY)?.number()? })
}

const PACKED: &str = "holds the items of an order packed into one cell, and their quantities with them: export one row for each \
                      item, with its SKU and its quantity in columns of their own, and the order number in every row";

/// Whether a cell holds items with what belongs to them, as shops export them: `sku:TEE|quantity:2|total:9.00`, several of
/// these, or JSON.
fn is_packed(text: &str) -> bool {
    let parts = text.split(['|', ';', ',', '\n']);
    let is_named = |part: &str| {
        let name = part.split([':', '=']).next().unwrap_or_default();
        let name = name.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        part.contains([':', '=']) && ["sku", "quantity", "qty", "name", "product_id"].contains(&name.as_str())
    };
    parts.filter(|part| is_named(part)).count() > 1
}
