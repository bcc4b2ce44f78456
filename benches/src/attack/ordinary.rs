//! Ordinary callers: orders of one line, one after the other, each timed. They have a thread and a token of their own, so
//! that what attackers do in this process is not taken for what they do to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use stockade_client::Stockade;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::house::{Door, House, order};

/// Callers, on one connection.
const CALLERS: usize = 8;
/// How long a caller thinks before its next order.
const THINKS: Duration = Duration::from_millis(2);

/// Latencies beyond this count as this.
const LONGEST_MICROS: u64 = 600_000_000;

/// What callers met since it was last taken.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub placed: u64,
    pub failed: u64,
    micros: Histogram<u64>,
}

/// The callers. They end when this is dropped.
pub(super) struct Ordinary {
    measured: Arc<Mutex<Measured>>,
    /// They end when it is dropped.
    _until: oneshot::Sender<()>,
}

impl Measured {
    fn new() -> Measured {
        let micros = Histogram::new_with_bounds(1, LONGEST_MICROS, 3).expect("bounds and digits fit together");
        Measured { placed: 0, failed: 0, micros }
    }

    fn add(&mut self, is_placed: bool, took: Duration) {
        self.micros.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if is_placed {
            self.placed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// The latency that this share of the orders kept below.
    pub fn at(&self, share: f64) -> Duration {
        Duration::from_micros(self.micros.value_at_quantile(share))
    }

    /// The latency that all but one in a hundred kept below.
    pub fn p99(&self) -> Duration {
        self.at(0.99)
    }
}

impl Ordinary {
    /// Starts them.
    pub fn start(house: &House) -> Result<Ordinary, String> {
        let measured = Arc::new(Mutex::new(Measured::new()));
        let (until, ended) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let (door, token, into) = (house.door(), house.token.clone(), Arc::clone(&measured));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let begun = callers(&door, &token, into).await;
                let (begun, callers) = begun.map_or_else(|error| (Err(error), None), |callers| (Ok(()), Some(callers)));
                // Whoever is not told any more has given up.
                let _ = tell.send(begun);
                let _ = ended.await;
                drop(callers);
            });
        });
        told.recv().map_err(|error| error.to_string())??;
        Ok(Ordinary { measured, _until: until })
    }

    /// What they met since the last call.
    pub fn take(&self) -> Measured {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *measured, Measured::new())
    }
}

/// Callers on one connection.
async fn callers(door: &Door, token: &str, measured: Arc<Mutex<Measured>>) -> Result<JoinSet<()>, String> {
    let client = Arc::new(door.client(token).await?);
    let numbers = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (client, numbers, measured) = (Arc::clone(&client), Arc::clone(&numbers), Arc::clone(&measured));
        callers.spawn(async move {
            loop {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let order = order(&format!("o-{number}"), number as usize * 7 + caller, 1);
                let begun = Instant::now();
                let is_placed = client.place(order).await.is_ok();
                measured.lock().unwrap_or_else(PoisonError::into_inner).add(is_placed, begun.elapsed());
                tokio::time::sleep(THINKS).await;
            }
        });
    }
    Ok(callers)
}
