//! The journals against a log and events that mean nothing: what is acknowledged is there afterwards, whatever happens.

mod broken;
mod cutting;
mod damaged;
mod failed_sync;
mod forgetful_disk;
mod history;
mod load;
mod local;
mod measure;
mod redis_backup;
mod redis_fencing;
mod redis_identity;
mod redis_init;
mod redis_loss;
mod redis_outage;
#[path = "../support/redis_server.rs"]
mod redis_server;
mod went_back;
