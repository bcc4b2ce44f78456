//! Changes to stock.

mod adjust;
mod arrive;
mod count;
mod count_shelf;
mod loss;
mod make_up;
mod move_pool;
pub(in crate::engine) mod moved;
mod recall;
mod safety;
mod transfer;

pub(in crate::engine) mod terms;
