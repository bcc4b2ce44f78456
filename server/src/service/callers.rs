//! Connections that have said who they are.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use stockade_core::ids::Code;
use tokio::sync::watch;

/// The connections of a listener whose peers have said who they are, with a bound for all of them, and one for those of
/// one token: no caller keeps the others out.
#[derive(Debug)]
pub struct Callers {
    max: u32,
    of_token: u32,
    inside: watch::Sender<u32>,
    tokens: Mutex<HashMap<Code, u32>>,
}

/// The place of a connection. Counted until it is dropped.
#[derive(Debug)]
pub struct Place {
    callers: Arc<Callers>,
    token: Code,
    /// Places of its token when it was taken, this one included.
    pub of_token: u32,
}

/// Why there is no place for a connection.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoPlace {
    /// Callers have them all.
    #[error("there is no room for another connection: come back later")]
    Full,
    /// The token has all that one token may have.
    #[error("the token {token} has {max} connections, as many as one token may have: close some, or come back later")]
    OfToken {
        /// Its name.
        token: Code,
        /// How many that are.
        max: u32,
    },
}

impl Callers {
    /// At most `max` of them at one time, and `of_token`, at least one, with the same token.
    pub fn new(max: u32, of_token: u32) -> Arc<Callers> {
        let (inside, tokens) = (watch::Sender::new(0), Mutex::default());
        Arc::new(Callers { max, of_token: of_token.max(1), inside, tokens })
    }

    /// Takes a place for a connection with this token.
    ///
    /// # Errors
    /// [`NoPlace`] when there is none.
    pub fn enter(self: &Arc<Callers>, token: &Code) -> Result<Place, NoPlace> {
        let mut tokens = self.tokens.lock();
        let of_token = tokens.get(token).copied().unwrap_or(0) + 1;
        if of_token > self.of_token {
            return Err(NoPlace::OfToken { token: token.clone(), max: self.of_token });
        }
        let has_room = self.inside.send_if_modified(|inside| {
            let has_room = *inside < self.max;
            *inside += u32::from(has_room);
            has_room
        });
        if !has_room {
            return Err(NoPlace::Full);
        }
        tokens.insert(token.clone(), of_token);
        Ok(Place { callers: Arc::clone(self), token: token.clone(), of_token })
    }

    /// Follows how many there are.
    pub fn watch(&self) -> watch::Receiver<u32> {
        self.inside.subscribe()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut tokens = self.callers.tokens.lock();
        if let Some(places) = tokens.get_mut(&self.token) {
            *places -= 1;
            if *places == 0 {
                tokens.remove(&self.token);
            }
        }
        self.callers.inside.send_modify(|inside| *inside -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_has_its_share_of_the_places_and_no_more() {
        let callers = Callers::new(4, 2);
        let (shop, dock, desk) = (Code::new("shop").unwrap(), Code::new("dock").unwrap(), Code::new("desk").unwrap());
        let one = callers.enter(&shop).unwrap();
        let two = callers.enter(&shop).unwrap();
        assert_eq!((one.of_token, two.of_token), (1, 2));
        let refused = callers.enter(&shop).unwrap_err();
        assert_eq!(refused, NoPlace::OfToken { token: shop.clone(), max: 2 });
        assert!(refused.to_string().contains("the token shop has 2 connections"), "{refused}");
        let _others = [callers.enter(&dock).unwrap(), callers.enter(&dock).unwrap()];
        assert_eq!(callers.enter(&desk).unwrap_err(), NoPlace::Full);
        assert_eq!(*callers.watch().borrow(), 4);
        drop((one, two));
        assert_eq!((*callers.watch().borrow(), callers.tokens.lock().len()), (2, 1));
        assert!(callers.enter(&desk).is_ok() && callers.enter(&shop).is_ok());
        assert!(Callers::new(1, 0).enter(&shop).is_ok(), "a token has one place at least");
    }
}
