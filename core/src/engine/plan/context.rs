//! What a decision on an order looks at.

use crate::catalog::Config;
use crate::engine::plan::scratch::Scratch;
use crate::engine::plan::wish::Prepared;
use crate::engine::store::EngineLocked;
use crate::orders::Order;
use crate::time::Time;

/// What a decision on an order may look at.
pub(in crate::engine) struct OrderContext<'a, 'l> {
    pub order: &'a Order,
    pub locked: &'a EngineLocked<'l>,
    pub config: &'a Config,
    pub scratch: &'a mut Scratch,
    /// What was planned for it while nothing was locked.
    pub prepared: &'a mut Option<Prepared>,
    pub now: Time,
}
