//! What a reply holds, taken out of it.

use stockade_core::reply::{Changed, Configured, Moved, Placed, Reply, VersionedText};

use crate::error::ClientError;

/// The error of a reply of another kind.
pub(crate) fn other() -> ClientError {
    ClientError::Protocol("the answer does not match the question".to_owned())
}

pub(crate) fn placed(reply: Reply) -> Option<Placed> {
    if let Reply::Placed(placed) = reply { Some(*placed) } else { None }
}

pub(crate) fn changed(reply: Reply) -> Option<Changed> {
    if let Reply::Changed(changed) = reply { Some(*changed) } else { None }
}

pub(crate) fn moved(reply: Reply) -> Option<Moved> {
    if let Reply::Moved(moved) = reply { Some(moved) } else { None }
}

pub(crate) fn configured(reply: Reply) -> Option<Configured> {
    if let Reply::Configured(configured) = reply { Some(configured) } else { None }
}

pub(crate) fn text(reply: Reply) -> Option<VersionedText> {
    if let Reply::Text(text) = reply { Some(text) } else { None }
}
