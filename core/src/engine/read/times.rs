//! Which times of other systems are taken.

use crate::engine::codes::channel_id;
use crate::engine::outcome::Decided;
use crate::engine::read::Ask;
use crate::engine::store::Engine;
use crate::query::Times;
use crate::reply::Reply;
use crate::time::Time;

impl Ask for Times {
    fn ask(&self, engine: &Engine, now: Time) -> Decided {
        let config = engine.config()?;
        channel_id(&config, &self.channel)?;
        Ok((Reply::Times(engine.times(now)), config.seq))
    }
}
