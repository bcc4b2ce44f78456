//! What would become of orders: a dry run asks whether each was placed before, and for the plan that a new one would get.

use std::collections::HashMap;

use stockade_client::ClientError;
use stockade_core::ids::Code;
use stockade_core::orders::OrderState;
use stockade_core::query::{Query, Quote};
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;

use super::asked::Asked;
use super::connect::Session;
use super::refused::about_the_row;
use crate::failure::Failure;
use crate::files::OrderKind;

/// A dry run of orders.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Orders that exist once the real run has come this far, by channel and number, and whether they are cancelled then.
    placed: HashMap<(Code, Code), bool>,
}

/// Whether it was done before, or why it would be refused.
type Found = Result<bool, Reject>;

impl Trial {
    /// What would become of each order of a wave, if no other order took its stock.
    ///
    /// # Errors
    /// When the server does not say.
    pub(super) fn ask(&mut self, session: &Session, wave: &[Asked]) -> Result<Vec<Found>, Failure> {
        let known = session.queries(wave.iter().map(|asked| Query::Order(asked.reference())).collect())?;
        // An order that does not exist yet has nothing found: a quote says more.
        let mut found: Vec<Option<Found>> = Vec::with_capacity(wave.len());
        for (asked, answer) in wave.iter().zip(known) {
            found.push(match answer {
                Ok(reply) => {
                    let Reply::Order(order) = reply else {
                        return Err(Failure::failed("a question for an order was answered with something else"));
                    };
                    Some(Ok(self.again(asked, order.state == OrderState::Cancelled)))
                }
                Err(error) if is_unknown_order(&error) && self.placed.contains_key(&asked.name()) => {
                    Some(Ok(self.again(asked, false)))
                }
                Err(error) if is_unknown_order(&error) && asked.order.kind == OrderKind::Sale => None,
                Err(error) => Some(Err(refused(error)?)),
            });
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
                        self.placed.insert(asked.name(), false);
                        Ok(false)
                    }
                    Some(Err(error)) => Err(refused(error)?),
                    None => return Err(Failure::failed("a question for a plan was not answered")),
                },
            });
        }
        Ok(all)
    }

    /// Whether what is asked of an order that exists by then was done before, also by what stands earlier in the file.
    fn again(&mut self, asked: &Asked, cancelled: bool) -> bool {
        match asked.order.kind {
            OrderKind::Sale => true,
            OrderKind::Cancel => std::mem::replace(self.placed.entry(asked.name()).or_insert(cancelled), true),
        }
    }
}

fn is_unknown_order(error: &ClientError) -> bool {
    matches!(error.reject(), Some(Reject::UnknownOrder { .. }))
}

/// What a refusal says of the order; other errors end the dry run.
fn refused(error: ClientError) -> Result<Reject, Failure> {
    match about_the_row(&error) {
        Some(reject) => Ok(reject.clone()),
        None => Err(error.into()),
    }
}
