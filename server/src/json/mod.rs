//! Commands and answers as JSON: what the HTTP side takes and gives, and what `--json` prints.
//!
//! Names are `snake_case`. Money is a decimal string, an engine id too (it does not fit a JavaScript number); times are
//! RFC 3339 in UTC; quantities are numbers, `null` for "unlimited".

mod explained;
mod inbound;
mod read;
mod refusal;
mod write;

pub use inbound::{AnnounceBody, ChangeBody, WithdrawBody, parse_day};
pub use read::{
    AdjustBody, AvailabilityBody, CancelBody, CountBody, ExtendBody, LineBody, PlaceBody, ReceiveBody, StepBody,
    parse_time,
};
pub use refusal::{Problem, problem, refusal};
pub use write::reply;
