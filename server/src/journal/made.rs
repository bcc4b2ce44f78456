//! A history that is made anew, whole or not at all, where there is none.

use stockade_core::log::JournalError;

/// A history that nobody sees before it is finished. Dropped before, it is nowhere.
pub trait Made {
    /// Adds the next batch, which has to follow the one before.
    ///
    /// # Errors
    /// When it does not follow, or its home does not take it.
    fn add(&mut self, batch: &[u8]) -> Result<(), JournalError>;

    /// Puts the history in its place, and returns its identity.
    ///
    /// # Errors
    /// When something is in the place by now, or its home refuses.
    fn finish(&mut self) -> Result<String, JournalError>;
}
