//! Durability levels as they are written in headers and flags.

use stockade_core::Durability;

/// Reads the name of a level.
///
/// # Errors
/// A sentence that names the levels.
pub fn parse_level(text: &str) -> Result<Durability, String> {
    let found = Durability::ALL.into_iter().find(|level| level.name() == text);
    found.ok_or_else(|| "write memory, journaled or replicated".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_a_name_of_its_own() {
        for level in Durability::ALL {
            assert_eq!(parse_level(level.name()), Ok(level));
        }
        assert!(parse_level("eternal").is_err());
    }
}
