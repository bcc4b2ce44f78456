//! What would become of orders: a dry run asks how each order of the file stands, which times are taken, and for the plan
//! that a new one would get. The rest follows from the tables by which the server decides.

use std::collections::{HashMap, HashSet};

use stockade_client::ClientError;
use stockade_core::ids::Code;
use stockade_core::orders::{Action, InTheWay, OrderState, Part, cancel_whole};
use stockade_core::query::{Query, Quote, Times};
use stockade_core::reject::{CodeKind, Reject};
use stockade_core::reply::{OrderView, Reply, TimesView};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::asked::{Asked, is_over};
use super::connect::Session;
use super::refused::about_the_row;
use crate::failure::Failure;
use crate::files::OrderKind;

/// What an import does besides placing and cancelling.
#[derive(Debug)]
pub(super) struct Terms {
    /// Whether its orders are paid.
    pub(super) paid: bool,
    /// Orders that the file itself cancels.
    pub(super) cancelled: HashSet<(Code, Code)>,
}

/// A dry run of orders.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Orders that exist once the real run has come this far, by channel and number.
    known: HashMap<(Code, Code), Standing>,
    /// Which times are taken, by channel; none of a channel that there is not.
    times: HashMap<Code, Option<TimesView>>,
}

/// An order as the real run would find it.
#[derive(Debug)]
struct Standing {
    state: OrderState,
    /// When it was placed, by its own account.
    occurred: Time,
    /// Whether it can be cancelled.
    cancel: Result<(), Reject>,
    /// Whether the file cancelled it before.
    is_given_up: bool,
}

/// Whether it was done before, or why it would be refused.
type Found = Result<bool, String>;

impl Trial {
    /// What would become of each order of a wave, if no other order took its stock.
    ///
    /// # Errors
    /// When the server does not say.
    pub(super) fn ask(&mut self, session: &Session, wave: &[Asked], terms: &Terms) -> Result<Vec<Found>, Failure> {
        wave.iter().try_for_each(|asked| self.learn_times(session, &asked.channel))?;
        let known = session.queries(wave.iter().map(|asked| Query::Order(asked.reference())).collect())?;
        // An order that does not exist yet has nothing found: a quote says more.
        let mut found: Vec<Option<Found>> = Vec::with_capacity(wave.len());
        for (asked, answer) in wave.iter().zip(known) {
            found.push(self.find(asked, answer, terms)?);
        }
        let new = wave.iter().zip(&found).filter(|(_, found)| found.is_none());
        let quotes = new.map(|(asked, _)| Query::Quote(Quote(asked.place()))).collect();
        let mut quotes = session.queries(quotes)?.into_iter();
        let mut all = Vec::with_capacity(wave.len());
        for (asked, found) in wave.iter().zip(found) {
            all.push(match found {
                Some(found) => found,
                None => match quotes.next() {
                    Some(Ok(_)) => {
                        self.place(asked, terms);
                        Ok(false)
                    }
                    Some(Err(error)) => Err(refused(error)?),
                    None => return Err(Failure::failed("a question for a plan was not answered")),
                },
            });
        }
        Ok(all)
    }

    fn learn_times(&mut self, session: &Session, channel: &Code) -> Result<(), Failure> {
        if self.times.contains_key(channel) {
            return Ok(());
        }
        let times = match session.try_query(Query::Times(Times { channel: channel.clone() })) {
            Ok(reply) => {
                let Reply::Times(times) = reply else {
                    return Err(Failure::failed("a question for times was answered with something else"));
                };
                Some(times)
            }
            Err(error) if matches!(error.reject(), Some(Reject::Unknown { kind: CodeKind::Channel, .. })) => None,
            Err(error) => return Err(error.into()),
        };
        self.times.insert(channel.clone(), times);
        Ok(())
    }

    /// What would become of what is asked, as far as no plan is needed to tell.
    fn find(
        &mut self,
        asked: &Asked,
        answer: Result<Reply, ClientError>,
        terms: &Terms,
    ) -> Result<Option<Found>, Failure> {
        if let (Some(times), Some(ts)) = (self.times(asked), asked.order.ts)
            && let Err(reject) = times.timely(ts)
        {
            return Ok(Some(Err(reject.to_string())));
        }
        match answer {
            Ok(reply) => {
                let Reply::Order(order) = reply else {
                    return Err(Failure::failed("a question for an order was answered with something else"));
                };
                self.known.entry(asked.name()).or_insert_with(|| Standing::of(&order));
            }
            Err(error) if is_unknown_order(&error) && self.known.contains_key(&asked.name()) => {}
            Err(error) if is_unknown_order(&error) && asked.order.kind == OrderKind::Sale => return Ok(None),
            Err(error) => return Ok(Some(Err(refused(error)?))),
        }
        let times = self.times(asked);
        let standing = self.known.get_mut(&asked.name()).expect("it was just found");
        let early = asked.order.ts.zip(times).and_then(|(ts, times)| times.since_placed(ts, standing.occurred).err());
        Ok(Some(match asked.order.kind {
            OrderKind::Sale => standing.sell(early, terms.paid, terms.cancelled.contains(&asked.name())),
            OrderKind::Cancel => standing.cancel(early),
        }))
    }

    fn times(&self, asked: &Asked) -> Option<TimesView> {
        self.times.get(&asked.channel).copied().flatten()
    }

    /// Notes an order that the real run would place.
    fn place(&mut self, asked: &Asked, terms: &Terms) {
        let state = if terms.paid { OrderState::Paid } else { OrderState::Held };
        let now = self.times(asked).map_or(Time::NEVER, |times| times.now);
        let occurred = asked.order.ts.unwrap_or(now);
        self.known.insert(asked.name(), Standing { state, occurred, cancel: Ok(()), is_given_up: false });
    }
}

impl Standing {
    fn of(order: &OrderView) -> Standing {
        let parts: Vec<Part> = order
            .sub_orders
            .iter()
            .map(|sub| {
                let units: Units = sub.promised.lines.iter().map(|line| line.units).sum();
                Part { no: sub.promised.no, stage: sub.stage, is_back: sub.stage.has_left() && sub.returned == units }
            })
            .collect();
        Standing {
            state: order.state,
            occurred: order.timeline.first().map_or(order.placed_at, |placed| placed.occurred),
            cancel: cancel_whole(order.state, &parts, !order.review.is_empty()).map_err(
                |InTheWay { stage, reason }| {
                    let (step, state) = (Action::Cancel.verb().to_owned(), order.state);
                    Reject::IllegalStep { step, state, stage, reason }
                },
            ),
            is_given_up: false,
        }
    }

    /// An order that is there is not placed again; it may be paid.
    fn sell(&mut self, early: Option<Reject>, paid: bool, is_cancelled_here: bool) -> Found {
        if !paid || self.state == OrderState::Paid {
            return Ok(true);
        }
        if let Some(reject) = early {
            return Err(format!("the order is placed, but not paid: {reject}"));
        }
        if is_over(self.state) && !is_cancelled_here {
            return Err(format!("the order is {}: the money would be owed back", self.state.name()));
        }
        if !is_over(self.state) {
            self.state = OrderState::Paid;
        }
        Ok(true)
    }

    fn cancel(&mut self, early: Option<Reject>) -> Found {
        if self.is_given_up {
            return Ok(true);
        }
        if let Some(reject) = early {
            return Err(reject.to_string());
        }
        if is_over(self.state) {
            return Ok(true);
        }
        self.cancel.clone().map_err(|reject| reject.to_string())?;
        (self.state, self.is_given_up) = (OrderState::Cancelled, true);
        Ok(false)
    }
}

fn is_unknown_order(error: &ClientError) -> bool {
    matches!(error.reject(), Some(Reject::UnknownOrder { .. }))
}

/// What a refusal says of the order; other errors end the dry run.
fn refused(error: ClientError) -> Result<String, Failure> {
    match about_the_row(&error) {
        Some(reject) => Ok(reject.to_string()),
        None => Err(error.into()),
    }
}
