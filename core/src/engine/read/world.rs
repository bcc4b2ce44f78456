//! The world and the rules in force; and what an engine alone cannot answer.

use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::query::{Explain, Routing, Rules, World};
use crate::reject::Reject;
use crate::reply::{Reply, VersionedText};
use crate::time::Time;

impl Ask for Rules {
    /// The rules file in force, or the world file when none was applied since.
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let text = config.rules_text.as_ref().unwrap_or(&config.world_text).clone();
        Ok((Reply::Text(VersionedText { rules_version: config.version(), text }), config.seq))
    }
}

impl Ask for World {
    /// The world file in force.
    fn ask(&self, engine: &Engine, _now: Time) -> Decided {
        let config = engine.config()?;
        let text = config.world_text.clone();
        Ok((Reply::Text(VersionedText { rules_version: config.version(), text }), config.seq))
    }
}

impl Ask for Explain {
    /// Refused: see [`Engine::explain`].
    fn ask(&self, _engine: &Engine, _now: Time) -> Decided {
        let reason = "explanations are read from the journal, and this one keeps no history".to_owned();
        Err(Reject::Unavailable { reason }.into())
    }
}

impl Ask for Routing {
    /// Refused: the server that runs the engine counts.
    fn ask(&self, _engine: &Engine, _now: Time) -> Decided {
        let reason = "the quality of routing is measured by a server, not by an engine alone".to_owned();
        Err(Reject::Unavailable { reason }.into())
    }
}
