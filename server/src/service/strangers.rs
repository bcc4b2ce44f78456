//! Connections that have not said who they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The connections of a listener whose peers have not said who they are. They have a bound of their own, so that they
/// never take the place of one who has. Beyond it the newcomer stays and the oldest has to go: an honest peer says who it
/// is at once.
#[derive(Debug)]
pub struct Strangers {
    max: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    next: u64,
    /// By their numbers, so that the oldest is the first.
    all: BTreeMap<u64, oneshot::Sender<()>>,
}

/// A stranger. Counted until it is dropped.
#[derive(Debug)]
pub struct Stranger {
    strangers: Arc<Strangers>,
    number: u64,
    stays: oneshot::Receiver<()>,
}

impl Strangers {
    /// At most `max` of them at one time.
    pub fn new(max: usize) -> Arc<Strangers> {
        Arc::new(Strangers { max: max.max(1), inside: Mutex::default() })
    }

    /// Lets one in; the oldest has to go if there are too many.
    pub fn enter(self: &Arc<Strangers>) -> Stranger {
        let (sender, stays) = oneshot::channel();
        let mut inside = self.inside.lock();
        let number = inside.next;
        inside.next += 1;
        inside.all.insert(number, sender);
        if inside.all.len() > self.max {
            inside.all.pop_first();
        }
        Stranger { strangers: Arc::clone(self), number, stays }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.inside.lock().all.len()
    }
}

impl Stranger {
    /// Waits until this one has to go.
    pub async fn has_to_go(&mut self) {
        // The sender is only ever dropped.
        let _ = (&mut self.stays).await;
    }
}

impl Stranger {
    /// It has said who it is: it is not counted any more.
    pub fn leave(&self) {
        self.strangers.inside.lock().all.remove(&self.number);
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn the_newcomer_stays_and_the_oldest_goes() {
        let strangers = Strangers::new(2);
        let mut first = strangers.enter();
        let mut second = strangers.enter();
        let brief = Duration::from_millis(10);
        assert!(timeout(brief, first.has_to_go()).await.is_err());
        let third = strangers.enter();
        assert!(timeout(brief, first.has_to_go()).await.is_ok());
        assert!(timeout(brief, second.has_to_go()).await.is_err());
        assert_eq!(strangers.count(), 2);
        drop((first, third));
        let _fourth = strangers.enter();
        assert!(timeout(brief, second.has_to_go()).await.is_err(), "one has gone by itself");
    }
}
