//! Routing: which warehouse sends what with which carrier, at the least score.
//!
//! A [`Problem`] goes in, a [`Router`] searches, a [`Solution`] comes out with its score and a bound that no plan can
//! beat. The solver is pure: the same problem with the same budget of work always gives the same plan.

mod assign;
mod branch;
mod dual;
mod interchange;
mod knapsack;
mod local;
mod model;
mod place;
mod pricing;
mod problem;
mod rates;
mod router;
mod search;
mod sets;
mod shares;
mod split;
mod steps;
mod sums;
mod ways;
mod whole;

pub use problem::{Answer, DemandLine, Lane, ParcelPlan, Problem, Solution};
pub use rates::{FIRST_KG_G, Load, Rate, WEIGHT_ONE, Weights, charged_g, figures_left, scarcity};
pub use router::{Reach, Router, SETTLED_WORK, WORK_DEFAULT};
pub use split::{SplitRules, Threshold, hold_to, holds_to};
pub use whole::{Ladder, Whole};
