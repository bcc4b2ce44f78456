//! The `stockade` command as a user meets it: its files, its words and its exit codes. No server runs here.

mod configuration;
mod folder;
mod rig;
mod unreachable;
