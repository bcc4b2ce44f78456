//! Names of durability levels, in headers, flags and bodies.

use stockade_core::Durability;

/// The name of a level.
pub const fn level_name(level: Durability) -> &'static str {
    match level {
        Durability::Memory => "memory",
        Durability::Journaled => "journaled",
        Durability::Replicated => "replicated",
    }
}

/// Reads the name of a level.
///
/// # Errors
/// A sentence that names the levels.
pub fn parse_level(text: &str) -> Result<Durability, String> {
    let levels = [Durability::Memory, Durability::Journaled, Durability::Replicated];
    let found = levels.into_iter().find(|level| level_name(*level) == text);
    found.ok_or_else(|| "write memory, journaled or replicated".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_a_name_of_its_own() {
        for level in [Durability::Memory, Durability::Journaled, Durability::Replicated] {
            assert_eq!(parse_level(level_name(level)), Ok(level));
        }
        assert!(parse_level("eternal").is_err());
    }
}
