//! The router against solvers that share nothing with it but the model page of the documentation.

mod generate;
mod milp;
mod oracle;
mod published;
mod small;
mod stepped;
