//! Engine time at the start: how the time without a server is taken.

use std::sync::Arc;

use stockade_core::engine::Engine;
use stockade_core::time::Span;
use tracing::{error, info};

use crate::failure::Failure;
use crate::service::Follow;

/// Lets engine time follow the wall clock after an outage, with time for the holds, when that is safe: the outage lasted
/// at most `longest`, or no hold would end by it. Otherwise the wall clock may be wrong, and it waits for confirmation.
///
/// Waits for the journal when the holds are more than the log has room for.
///
/// # Errors
/// When the work ends by a panic.
pub(super) async fn take_up_time(engine: &Arc<Engine>, follow: &Arc<Follow>, longest: Span) -> Result<(), Failure> {
    let (engine, follow) = (Arc::clone(engine), Arc::clone(follow));
    tokio::task::spawn_blocking(move || take_up(&engine, &follow, longest)).await.map_err(Failure::failed)
}

fn take_up(engine: &Engine, follow: &Follow, longest: Span) {
    let standing = follow.clock().standing();
    let Some(outage) = standing.ahead() else { return };
    if outage > longest && engine.any_hold_ends_before(standing.wall) {
        return error!(
            %outage,
            wall = %standing.wall,
            "the wall clock is far ahead of the last event, and unpaid holds would end by that: it is not followed until \
             somebody confirms it with `stockade clock confirm`"
        );
    }
    let followed = follow.follow();
    if followed.extended > 0 {
        info!(%outage, holds = followed.extended, "unpaid holds were given time after the outage");
    }
}

#[cfg(test)]
mod tests {
    use stockade_core::time::Time;

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_outage_that_ends_no_hold_needs_no_confirmation() {
        let (engine, clock) = (Arc::new(Engine::new()), Arc::new(Clock::after_outage(Time(0))));
        let follow = Follow::new(Arc::clone(&engine), Arc::clone(&clock), Some(Span::from_mins(10)));
        assert!(clock.standing().waiting.is_some());
        take_up(&engine, &follow, Span::from_mins(60));
        assert_eq!(clock.standing().waiting, None);
    }
}
