//! `import orders`: an order file for a running server, many orders at a time.

use std::collections::HashSet;

use clap::Args;
use stockade_client::ClientError;
use stockade_core::ids::Code;
use stockade_core::orders::{Change, OrderState, RefundReason};
use stockade_core::reply::{Changed, Reply};
use stockade_core::units::counted;

use super::asked::Asked;
use super::connect::{Connect, Session};
use super::import_trial::{Terms, Trial};
use super::refused::{ImportFlags, Imported, Refused, Subject, about_the_row};
use crate::failure::Failure;
use crate::files::{FileFault, ORDERS, OrderFlags, OrderKind, OrderReading, OrderRow, OrderSheet};
use crate::terminal::{Output, progress_bar};

/// Orders sent together. Between two such waves everything is decided.
const WAVE: usize = 2_048;
const ORDERS_SUBJECT: Subject = Subject {
    one: "order",
    unseen: "whether the stock is enough for all orders together (each is checked by itself), whether an order that was \
             placed before had the same lines, whether one whose hold ran out can still be paid, and whether this token \
             may place, pay and cancel",
};
const COLUMNS: &[&str] = &["order_id", "sku", "qty", "ts", "channel", "customer", "zone", "kind", "payment", "amount"];

/// See [`orders`].
#[derive(Debug, Args)]
pub(super) struct OrdersArgs {
    #[command(flatten)]
    import: ImportFlags,
    /// The channel of orders that name none.
    #[arg(long)]
    channel: Option<Code>,
    /// Orders are paid already: each is confirmed as paid right after it is placed, with the payment and the amount that the
    /// file says.
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
    /// What a dry run has found so far.
    trial: Trial,
    terms: Terms,
}

/// Places the orders of a file and carries out its cancellations.
///
/// # Errors
/// When the file is wrong (nothing was sent), orders were refused, or the server cannot be reached.
pub(super) fn orders(args: &OrdersArgs, out: Output) -> Result<(), Failure> {
    let asked = read(args)?;
    let session = args.connect.open()?;
    let imported = Imported::none(&args.import, asked.len());
    let cancels = asked.iter().filter(|asked| asked.order.kind == OrderKind::Cancel);
    let terms = Terms { paid: args.paid, cancelled: cancels.map(Asked::name).collect() };
    let (refused, trial) = (Refused::new(COLUMNS), Trial::default());
    let mut import = Import { args, session: &session, refused, imported, trial, terms };
    let bar = progress_bar(asked.len() as u64, "orders");
    let mut wave: Vec<Asked> = Vec::new();
    let mut named: HashSet<(Code, Code)> = HashSet::new();
    for order in asked {
        // What concerns one order is sent one after the other.
        if wave.len() == WAVE || !named.insert(order.name()) {
            bar.inc(wave.len() as u64);
            import.send(std::mem::take(&mut wave))?;
            named = HashSet::from([order.name()]);
        }
        match order.fault() {
            Some(reason) => import.refuse(&order, &reason),
            None => wave.push(order),
        }
    }
    import.send(wave)?;
    bar.finish_and_clear();
    let Import { mut refused, imported, .. } = import;
    if !imported.dry_run {
        refused.complete(&args.import.file, &ORDERS, reading(args)?.table());
    }
    args.import.report(&imported, &refused, &ORDERS_SUBJECT, out)
}

fn reading(args: &OrdersArgs) -> Result<OrderReading, Failure> {
    let reading = args.files.reading(&ORDERS, &[&ORDERS]).map_err(Failure::usage)?;
    Ok(reading.of_channel(args.channel.clone()))
}

/// Reads the whole file, so that a fault in it is found before anything is sent.
fn read(args: &OrdersArgs) -> Result<Vec<Asked>, Failure> {
    let mut sheet = OrderSheet::open(&args.import.file, &reading(args)?)?;
    let mut asked = Vec::new();
    while let Some(order) = sheet.next_order()? {
        let channel = order.channel.clone().ok_or_else(|| {
            FileFault::at(&args.import.file, order.line, "no channel here: say --channel, or map the column")
        })?;
        asked.push(Asked { channel, order });
    }
    sheet.notes().iter().for_each(|note| eprintln!("stockade: {note}"));
    if !args.paid && asked.iter().any(|asked| asked.order.payment.is_some() || asked.order.amount.is_some()) {
        eprintln!("stockade: payments and amounts are not told: say --paid if the orders are paid");
    }
    Ok(asked)
}

impl Import<'_> {
    /// Sends a wave, and the payments of the orders that it placed; a dry run asks what would become of it.
    fn send(&mut self, wave: Vec<Asked>) -> Result<(), Failure> {
        if self.imported.dry_run {
            for (asked, answer) in wave.iter().zip(self.trial.ask(self.session, &wave, &self.terms)?) {
                match answer {
                    Ok(before) => self.imported.count(before),
                    Err(reason) => self.refuse(asked, &reason),
                }
            }
            return Ok(());
        }
        let answers = self.session.commands(wave.iter().map(Asked::request).collect())?;
        let mut payments: Vec<(&Asked, bool)> = Vec::new();
        // What ends the import; the other answers of the wave count nevertheless.
        let mut end = None;
        for (asked, answer) in wave.iter().zip(answers) {
            let reply = match answer {
                Ok(reply) => reply,
                Err(error) if asked.is_done_before(&error) => {
                    self.imported.count(true);
                    continue;
                }
                Err(error) => {
                    end = end.or(self.failed(asked, error, ""));
                    continue;
                }
            };
            if let Reply::Placed(placed) = reply {
                // Also of an order that is over: money that came for it is owed back.
                if self.args.paid && placed.present != OrderState::Paid {
                    payments.push((asked, placed.replayed));
                } else {
                    self.imported.count(placed.replayed);
                }
            } else if let Reply::Changed(changed) = reply {
                self.imported.count(changed.replayed);
            } else {
                end = end.or(Some(ClientError::Protocol("an order was answered with something else".to_owned())));
            }
        }
        match end {
            Some(error) => {
                self.imported.begun |= !payments.is_empty();
                Err(self.interrupted(error))
            }
            None => self.pay(&payments),
        }
    }

    /// Confirms that orders are paid. With each, whether it was placed before.
    fn pay(&mut self, orders: &[(&Asked, bool)]) -> Result<(), Failure> {
        let mut end = None;
        let requests = orders.iter().map(|(asked, _)| asked.payment()).collect();
        for ((asked, before), answer) in orders.iter().zip(self.session.commands(requests)?) {
            match answer {
                Ok(reply) => {
                    if let Reply::Changed(paid) = reply {
                        self.paid(asked, *before, &paid);
                    } else {
                        let error = ClientError::Protocol("a payment was answered with something else".to_owned());
                        end = end.or(Some(error));
                    }
                }
                Err(error) => {
                    self.imported.begun = true;
                    end = end.or(self.failed(asked, error, "the order is placed, but not paid: "));
                }
            }
        }
        end.map_or(Ok(()), |error| Err(self.interrupted(error)))
    }

    /// Notes what a payment came to. Money for an order that the file cancels is owed back as the file means it.
    fn paid(&mut self, asked: &Asked, before: bool, paid: &Changed) {
        let is_meant = paid.present == OrderState::Paid || self.terms.cancelled.contains(&asked.name());
        match (&paid.change, paid.present) {
            _ if is_meant => self.imported.count(before),
            (Change::RefundDue { refund, reason: RefundReason::StockGone }, _) => {
                let reason = "its hold ran out and not all of it is there any more: the money is owed back";
                self.owed(asked, before && paid.replayed, &format!("{reason}, refund {refund}"));
            }
            (Change::RefundDue { refund, .. }, present) => {
                let reason = format!("the order is {}: the money is owed back, refund {refund}", present.name());
                self.owed(asked, before && paid.replayed, &reason);
            }
            (_, present) => {
                let reason = format!("the order is {} since it was paid: what it gave up is owed back", present.name());
                self.owed(asked, before && paid.replayed, &reason);
            }
        }
    }

    fn owed(&mut self, asked: &Asked, before: bool, reason: &str) {
        self.imported.begun |= !before;
        self.refuse(asked, reason);
    }

    fn interrupted(&self, error: ClientError) -> Failure {
        let Imported { done, before, begun, .. } = &self.imported;
        let begun = if *begun { "; others are placed and not paid" } else { "" };
        self.imported.interrupted(error, &format!("done: {}{begun}", counted(done + before, "order")), "")
    }

    /// Notes an order as refused, or returns the error that ends the import.
    fn failed(&mut self, asked: &Asked, error: ClientError, step: &str) -> Option<ClientError> {
        match about_the_row(&error) {
            Some(reject) => {
                self.refuse(asked, &format!("{step}{reject}"));
                None
            }
            None => Some(error),
        }
    }

    fn refuse(&mut self, asked: &Asked, reason: &str) {
        self.imported.refused += 1;
        let Asked { channel, order } = asked;
        let text = |code: &Option<Code>| code.as_ref().map_or(String::new(), |code| code.as_str().to_owned());
        let ts = order.ts.map_or(String::new(), |ts| ts.to_string());
        let amount = order.amount.map_or(String::new(), |amount| amount.to_string());
        let kind = match order.kind {
            OrderKind::Sale => "sale",
            OrderKind::Cancel => "cancel",
        };
        let row = |sku: String, qty: String| {
            let (number, channel) = (order.number.as_str().to_owned(), channel.as_str().to_owned());
            let kind = kind.to_owned();
            let (customer, zone, payment) = (text(&order.customer), text(&order.zone), text(&order.payment));
            vec![number, sku, qty, ts.clone(), channel, customer, zone, kind, payment, amount.clone()]
        };
        if order.lines.is_empty() {
            self.refused.add(order.line, row(String::new(), String::new()), reason);
        }
        let cells = |line: &OrderRow| (line.line, row(line.sku.as_str().to_owned(), line.qty.to_string()));
        self.refused.add_all(order.lines.iter().map(cells), reason);
    }
}
