//! The clock of a server.

use super::page::Page;
use crate::edge::bodies::clock::{ClockBody, ConfirmedBody};
use crate::terminal::Output;

/// Prints how engine time stands to the wall clock.
pub fn clock(body: &ClockBody, out: Output) {
    if out.json {
        return out.object(body);
    }
    let mut page = Page::default();
    page.line(format!("engine time  {}", body.engine_time));
    page.line(format!("wall clock   {}", body.wall_clock));
    match (&body.ahead, &body.behind) {
        (Some(ahead), _) => {
            let why = match body.waiting.as_deref() {
                Some("start") => "at the start it was far from the last event",
                _ => "it leapt",
            };
            page.line(format!(
                "The wall clock is {ahead} ahead and not followed: {why}. If it is right, confirm it with"
            ));
            page.line("`stockade clock confirm`; if it is wrong, set it right.");
        }
        (None, Some(behind)) => {
            page.line(format!(
                "The wall clock is {behind} behind: engine time runs at half speed until it has caught up."
            ));
        }
        (None, None) => page.line("Engine time follows the wall clock."),
    }
    page.print(out);
}

/// Prints what a confirmation did.
pub fn clock_confirmed(body: &ConfirmedBody, out: Output) {
    if out.json {
        return out.object(body);
    }
    let mut page = Page::default();
    page.line(format!("engine time went {} forward and is {}", body.forward, body.engine_time));
    if body.extended > 0 {
        page.line(format!("{} unpaid holds were given time", body.extended));
    }
    page.print(out);
}
