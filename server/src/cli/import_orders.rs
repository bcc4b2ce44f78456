//! `import orders`: an order file for a running server, many orders at a time.

use std::collections::HashSet;

use clap::Args;
use sha2::{Digest, Sha256};
use stockade_client::ClientError;
use stockade_core::command::{Cancel, CancelScope, Command, Line, OrderRef, Pay, Place, Request};
use stockade_core::ids::Code;
use stockade_core::limits::LINE_UNITS_MAX;
use stockade_core::orders::OrderState;
use stockade_core::query::{Query, StockQuery};
use stockade_core::reject::{CodeKind, Reject};
use stockade_core::reply::Reply;
use stockade_core::units::Units;

use super::connect::{Connect, Session};
use super::refused::{ImportFlags, Imported, Refused, about_the_row, interrupted};
use crate::failure::Failure;
use crate::files::{FileFault, ORDERS, OrderFlags, OrderKind, OrderRecord, OrderSheet};
use crate::terminal::{Output, progress_bar};

/// Orders sent together. Between two such waves everything is decided.
const WAVE: usize = 2_048;
const COLUMNS: &[&str] = &["order_id", "sku", "qty", "ts", "channel", "customer", "zone", "kind"];

/// See [`orders`].
#[derive(Debug, Args)]
pub(super) struct OrdersArgs {
    #[command(flatten)]
    import: ImportFlags,
    /// The channel of orders that name none.
    #[arg(long)]
    channel: Option<Code>,
    /// Orders are paid already: each is confirmed as paid right after it is placed.
    #[arg(long)]
    paid: bool,
    #[command(flatten)]
    files: OrderFlags,
    #[command(flatten)]
    connect: Connect,
}

/// An import under way.
struct Import<'a> {
    args: &'a OrdersArgs,
    session: &'a Session,
    refused: Refused,
    imported: Imported,
}

/// An order with its channel.
struct Asked {
    channel: Code,
    order: OrderRecord,
}

/// Places the orders of a file and carries out its cancellations.
///
/// # Errors
/// When the file is wrong (nothing was sent), orders were refused, or the server cannot be reached.
pub(super) fn orders(args: &OrdersArgs, out: Output) -> Result<(), Failure> {
    let asked = read(args)?;
    let session = args.connect.open()?;
    let imported = Imported {
        file: args.import.file.display().to_string(),
        dry_run: args.import.dry_run,
        read: asked.len() as u64,
        done: 0,
        before: 0,
        refused: 0,
    };
    let mut import = Import { args, session: &session, refused: Refused::new(COLUMNS), imported };
    let unknown = if args.import.dry_run { unknown_skus(&session, &asked)? } else { HashSet::new() };
    let bar = progress_bar(asked.len() as u64, "orders");
    let mut wave: Vec<Asked> = Vec::new();
    let mut named: HashSet<(Code, Code)> = HashSet::new();
    for order in asked {
        // What concerns one order is sent one after the other.
        if wave.len() == WAVE || !named.insert((order.channel.clone(), order.order.number.clone())) {
            bar.inc(wave.len() as u64);
            import.send(std::mem::take(&mut wave))?;
            named = HashSet::from([(order.channel.clone(), order.order.number.clone())]);
        }
        match order.fault(&unknown) {
            Some(reason) => import.refuse(&order, &reason),
            None => wave.push(order),
        }
    }
    import.send(wave)?;
    bar.finish_and_clear();
    let Import { refused, imported, .. } = import;
    args.import.report(&imported, &refused, "orders", out)
}

/// Reads the whole file, so that a fault in it is found before anything is sent.
fn read(args: &OrdersArgs) -> Result<Vec<Asked>, Failure> {
    let reading = args.files.reading(&ORDERS, &[&ORDERS]).map_err(Failure::usage)?;
    let mut sheet = OrderSheet::open(&args.import.file, &reading)?;
    let mut asked = Vec::new();
    while let Some(order) = sheet.next_order()? {
        let channel = order.channel.clone().or_else(|| args.channel.clone()).ok_or_else(|| {
            FileFault::at(&args.import.file, order.line, "no channel here: say --channel, or map the column")
        })?;
        asked.push(Asked { channel, order });
    }
    sheet.notes().iter().for_each(|note| eprintln!("stockade: {note}"));
    Ok(asked)
}

/// The SKUs of the orders that the server does not know.
fn unknown_skus(session: &Session, asked: &[Asked]) -> Result<HashSet<Code>, Failure> {
    const PAGE: usize = 1_000;
    let skus: HashSet<&Code> = asked.iter().flat_map(|asked| &asked.order.lines).map(|line| &line.sku).collect();
    let skus: Vec<Code> = skus.into_iter().cloned().collect();
    let mut unknown = HashSet::new();
    for page in skus.chunks(PAGE) {
        let query = StockQuery { skus: page.to_vec(), warehouse: None, after: None, limit: PAGE as u32 };
        if let Err(error) = session.try_query(Query::Stock(query)) {
            let Some(Reject::Unknown { kind: CodeKind::Sku, codes }) = error.reject() else { return Err(error.into()) };
            unknown.extend(codes.iter().cloned());
        }
    }
    Ok(unknown)
}

impl Import<'_> {
    /// Sends a wave, and the payments of the orders that it placed.
    fn send(&mut self, wave: Vec<Asked>) -> Result<(), Failure> {
        if self.imported.dry_run {
            self.imported.done += wave.len() as u64;
            return Ok(());
        }
        let answers = self.session.commands(wave.iter().map(Asked::request).collect())?;
        let mut payments: Vec<(&Asked, bool)> = Vec::new();
        for (asked, answer) in wave.iter().zip(answers) {
            let reply = match answer {
                Ok(reply) => reply,
                Err(error) => {
                    self.failed(asked, error)?;
                    continue;
                }
            };
            if let Reply::Placed(placed) = reply {
                if self.args.paid && placed.present == OrderState::Held {
                    payments.push((asked, placed.replayed));
                } else {
                    self.count(placed.replayed);
                }
            } else if let Reply::Changed(changed) = reply {
                self.count(changed.replayed);
            } else {
                return Err(Failure::failed("the server answered an order with something else"));
            }
        }
        let requests = payments.iter().map(|(asked, _)| asked.payment()).collect();
        for ((asked, replayed), answer) in payments.iter().zip(self.session.commands(requests)?) {
            match answer {
                Ok(_) => self.count(*replayed),
                Err(error) => self.failed(asked, error)?,
            }
        }
        Ok(())
    }

    fn count(&mut self, replayed: bool) {
        *(if replayed { &mut self.imported.before } else { &mut self.imported.done }) += 1;
    }

    fn failed(&mut self, asked: &Asked, error: ClientError) -> Result<(), Failure> {
        match about_the_row(&error) {
            Some(reject) => self.refuse(asked, &reject.to_string()),
            None => return Err(interrupted(error, self.imported.done + self.imported.before, "orders")),
        }
        Ok(())
    }

    fn refuse(&mut self, asked: &Asked, reason: &str) {
        self.imported.refused += 1;
        let Asked { channel, order } = asked;
        let text = |code: &Option<Code>| code.as_ref().map_or(String::new(), |code| code.as_str().to_owned());
        let ts = order.ts.map_or(String::new(), |ts| ts.to_string());
        let kind = match order.kind {
            OrderKind::Sale => "sale",
            OrderKind::Cancel => "cancel",
        };
        let row = |sku: String, qty: String| {
            let (number, channel) = (order.number.as_str().to_owned(), channel.as_str().to_owned());
            vec![number, sku, qty, ts.clone(), channel, text(&order.customer), text(&order.zone), kind.to_owned()]
        };
        if order.lines.is_empty() {
            self.refused.add(order.line, row(String::new(), String::new()), reason);
        }
        for line in &order.lines {
            self.refused.add(line.line, row(line.sku.as_str().to_owned(), line.qty.to_string()), reason);
        }
    }
}

impl Asked {
    /// What is wrong with it that needs no server.
    fn fault(&self, unknown: &HashSet<Code>) -> Option<String> {
        if self.order.kind == OrderKind::Cancel {
            return None;
        }
        let wrong = |qty: i64| !u64::try_from(qty).is_ok_and(|units| (1..=LINE_UNITS_MAX).contains(&units));
        let bad = self.order.lines.iter().find(|line| wrong(line.qty));
        let bad =
            bad.map(|line| format!("line {}: a line has 1 to {LINE_UNITS_MAX} units, not {}", line.line, line.qty));
        let strange = self.order.lines.iter().find(|line| unknown.contains(&line.sku));
        bad.or_else(|| strange.map(|line| format!("unknown SKU: {}", line.sku)))
    }

    /// An order is recognised by its number; a cancellation by a key made of what it cancels.
    fn request(&self) -> Request {
        let Asked { channel, order } = self;
        match order.kind {
            OrderKind::Sale => {
                let units = |qty: i64| Units(u64::try_from(qty).unwrap_or_default());
                let lines = order.lines.iter().map(|line| Line { sku: line.sku.clone(), units: units(line.qty) });
                let place = Place {
                    zone: order.zone.clone(),
                    customer: order.customer.clone(),
                    ..Place::new(channel.clone(), order.number.clone(), lines.collect())
                };
                Request { key: None, occurred: order.ts, command: Command::Place(place) }
            }
            OrderKind::Cancel => {
                let cancel = Cancel { order: self.reference(), scope: CancelScope::Order, reason: None };
                Request { key: self.key("cancel"), occurred: order.ts, command: Command::Cancel(cancel) }
            }
        }
    }

    fn payment(&self) -> Request {
        let pay = Command::Pay(Pay { order: self.reference() });
        Request { key: self.key("pay"), occurred: self.order.ts, command: pay }
    }

    fn reference(&self) -> OrderRef {
        OrderRef::Number { channel: self.channel.clone(), number: self.order.number.clone() }
    }

    /// A key that is the same whenever the same thing is imported.
    fn key(&self, what: &str) -> Option<Code> {
        let content = Sha256::digest(format!("{}\0{}", self.channel, self.order.number));
        let content: String = content.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Code::new(&format!("import-{what}-{content}")).ok()
    }
}
