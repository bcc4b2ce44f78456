//! Failures of the command line, and the exit codes that tell scripts about them.

use std::fmt;

use serde_json::{Value, json};
use stockade_core::reject::Reject;

use crate::auth::TokenError;
use crate::edge::bodies::RefusalBody;

/// The exit codes of the `stockade` command. They never change their meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// The engine refused: nothing changed, and the reason says what to do.
    Refused = 1,
    /// A flag, the configuration or a file is wrong: nothing was sent.
    Usage = 2,
    /// The server cannot be reached or cannot answer now: nothing was done, try again.
    Unavailable = 3,
    /// The command may or may not have been applied: send it again with the same key.
    OutcomeUnknown = 4,
    /// The command itself failed, for example because of a disk, a port, a journal or a broken invariant.
    Failed = 5,
    /// A part of what was asked is done and the rest is not: the message says how much, and how to go on.
    Partly = 6,
}

/// Why a command ends without a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// A stable code: the reject's own, or the name of the exit code.
    pub code: &'static str,
    /// What was wrong, where, and what to do.
    pub message: String,
    /// Further facts for programs.
    pub details: Option<Box<Value>>,
}

impl Failure {
    fn new(exit: Exit, code: &'static str, message: impl fmt::Display) -> Failure {
        Failure { exit, code, message: message.to_string(), details: None }
    }

    /// A failure of the caller's input; nothing was sent.
    pub fn usage(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, "usage", message)
    }

    /// The server cannot be reached, or cannot answer now.
    pub fn unavailable(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::Unavailable, "unavailable", message)
    }

    /// The command may or may not have been applied.
    pub fn outcome_unknown(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::OutcomeUnknown, "outcome_unknown", message)
    }

    /// The command itself failed.
    pub fn failed(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::Failed, "failed", message)
    }

    /// The failure, met after a part of what was asked was done. The code stays; an exit code that says that nothing was
    /// done becomes [`Exit::Partly`].
    #[must_use]
    pub fn partly(self) -> Failure {
        let exit = match self.exit {
            Exit::Refused | Exit::Usage | Exit::Unavailable | Exit::Partly => Exit::Partly,
            Exit::OutcomeUnknown => Exit::OutcomeUnknown,
            Exit::Failed => Exit::Failed,
        };
        Failure { exit, ..self }
    }

    /// The failure as one JSON object.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "error": self.code, "message": self.message, "exit": self.exit as u8 });
        if let Some(details) = &self.details {
            object["details"] = Value::clone(details);
        }
        object
    }
}

impl From<Reject> for Failure {
    fn from(reject: Reject) -> Failure {
        let exit = match &reject {
            Reject::OutcomeUnknown { .. } => Exit::OutcomeUnknown,
            Reject::Overloaded { .. } | Reject::Unavailable { .. } | Reject::TooLate | Reject::Halted { .. } => {
                Exit::Unavailable
            }
            Reject::InsufficientStock { .. }
            | Reject::Unroutable { .. }
            | Reject::CarrierNotEligible { .. }
            | Reject::Unknown { .. }
            | Reject::UnknownOrder { .. }
            | Reject::UnknownSubOrder { .. }
            | Reject::Conflict { .. }
            | Reject::IllegalStep { .. }
            | Reject::Invalid { .. }
            | Reject::BadFile { .. }
            | Reject::NotEnoughUnits { .. }
            | Reject::StaleRules { .. }
            | Reject::CountTooOld { .. }
            | Reject::Forbidden { .. }
            | Reject::Unauthenticated
            | Reject::DurabilityUnavailable { .. } => Exit::Refused,
        };
        let details = serde_json::to_value(RefusalBody::from(&reject)).ok().map(Box::new);
        Failure { details, ..Failure::new(exit, reject.code(), &reject) }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Failure {
        match error {
            TokenError::Taken(_) | TokenError::Unknown(_) => {
                Failure { exit: Exit::Refused, code: "token", ..Failure::usage(error) }
            }
            TokenError::Bad { .. } | TokenError::Channel(_) => Failure::usage(error),
            TokenError::Io { .. } | TokenError::Random(_) => Failure::failed(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_core::command::OrderRef;
    use stockade_core::ids::OrderId;

    #[test]
    fn rejects_become_exit_codes() {
        let unknown = Reject::UnknownOrder { order: OrderRef::Id(OrderId(7)), unnamed: false };
        assert_eq!(Failure::from(unknown.clone()).exit, Exit::Refused);
        assert_eq!(Failure::from(Reject::OutcomeUnknown { order: None }).exit, Exit::OutcomeUnknown);
        assert_eq!(Failure::from(Reject::Unavailable { reason: "x".into() }).exit, Exit::Unavailable);
        let json = Failure::from(unknown).to_json();
        assert_eq!(json["error"], "unknown_order");
        assert_eq!(json["message"], "no such order: id:7");
        assert_eq!(json["exit"], 1);
    }

    #[test]
    fn a_code_that_says_nothing_was_done_is_not_kept_once_a_part_is_done() {
        let exits = [
            (Exit::Refused, Exit::Partly),
            (Exit::Usage, Exit::Partly),
            (Exit::Unavailable, Exit::Partly),
            (Exit::OutcomeUnknown, Exit::OutcomeUnknown),
            (Exit::Failed, Exit::Failed),
            (Exit::Partly, Exit::Partly),
        ];
        for (before, after) in exits {
            assert_eq!(Failure { exit: before, ..Failure::failed("x") }.partly().exit, after, "{before:?}");
        }
    }
}
