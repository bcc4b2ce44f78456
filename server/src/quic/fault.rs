//! Why a lane ends.

use std::time::Duration;

use stockade_core::wire::{FrameError, FrameKind, WireError};

use crate::service::READ_PER_SECOND;

/// Why a lane ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a {0:?} frame has no place on a lane")]
    Kind(FrameKind),
    #[error("{0}")]
    Batch(WireError),
    #[error("a frame was not complete {} s after its first byte", .0.as_secs_f32())]
    Slow(Duration),
    #[error("its answers were not read for {} s, or more slowly than {} bytes a second", .0.as_secs_f32(), READ_PER_SECOND)]
    Unread(Duration),
    #[error("the stream cannot be read: {0}")]
    Read(#[from] quinn::ReadError),
    #[error("the stream cannot be written: {0}")]
    Write(#[from] quinn::WriteError),
}

impl LaneError {
    /// Whether the peer broke the protocol, rather than the connection.
    pub(super) fn is_fault(&self) -> bool {
        match self {
            LaneError::Frame(_)
            | LaneError::Kind(_)
            | LaneError::Batch(_)
            | LaneError::Slow(_)
            | LaneError::Unread(_) => true,
            LaneError::Read(_) | LaneError::Write(_) => false,
        }
    }
}
