//! Places of connections whose peers have said who they are.

use std::sync::Arc;

use tokio::sync::watch;

/// The place of a connection whose peer said who it is, counted while it lasts.
#[derive(Debug)]
pub(super) struct Place {
    count: Arc<watch::Sender<u32>>,
}

impl Place {
    /// A place, unless `max` are taken.
    pub(super) fn take(count: &Arc<watch::Sender<u32>>, max: u32) -> Option<Place> {
        let free = count.send_if_modified(|count| {
            let free = *count < max;
            *count += u32::from(free);
            free
        });
        free.then(|| Place { count: Arc::clone(count) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.count.send_modify(|count| *count -= 1);
    }
}
