//! A running server as its users meet it: the command line, JSON over HTTP, and the way out.

mod handover;
mod http;
mod life;
mod memory;
mod pages;
mod presale;
mod rig;
mod verbs;
mod went_back;
