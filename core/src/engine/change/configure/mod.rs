//! Changes to the world, the rules and the catalog: configuration is history too.

mod rules;
mod skus;
mod world;
