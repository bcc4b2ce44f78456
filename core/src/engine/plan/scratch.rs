//! Buffers of planning, and the look at the stock that fills them.

use std::cell::RefCell;

use crate::catalog::Config;
use crate::decision::{PlannedLine, PlannedSub, PriceSeen, SeenLine};
use crate::engine::plan::copies::Copies;
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::view::View;
use crate::ids::{Seq, SkuId, WarehouseId};
use crate::routing::{Problem, Router};
use crate::stock::SkuStock;

/// Buffers of one thread, reused from order to order, and how hard to look for a plan.
#[derive(Default)]
pub(in crate::engine) struct Scratch {
    pub view: View,
    pub problem: Problem,
    pub router: Router,
    /// Bytes of the event under way.
    pub bytes: Vec<u8>,
    /// The budget of work of a plan.
    pub work: u64,
    /// Whether locks are held, so that a plan may take a small fixed amount of work only.
    pub under_locks: bool,
    /// Units of work done under the locks of the present attempt.
    pub spent: u64,
    /// The last event that had touched each SKU of the demand when it was looked at without locks.
    pub versions: Vec<Seq>,
    /// Room for the lines of the next demand.
    pub wanted: Vec<Wanted>,
    pub(super) spare: Spare,
    pub(super) site_of: Vec<u16>,
    /// The prices of stock that the last plan saw.
    pub(super) prices: Vec<PriceSeen>,
    /// What units cost before prices are added.
    pub(super) unpriced: Vec<i64>,
}

/// What the next decision is written into: the lists of an earlier one, emptied.
#[derive(Default)]
pub(super) struct Spare {
    pub subs: Vec<PlannedSub>,
    pub lines: Vec<Vec<PlannedLine>>,
    pub seen: Vec<SeenLine>,
}

/// Lists of lines kept for use again.
pub(super) const SPARE_LINES: usize = 16;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Lends this thread's buffers, for plans with this budget of work.
pub(in crate::engine) fn with_scratch<T>(work: u64, f: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.work = work;
        scratch.without_locks();
        f(scratch)
    })
}

impl Scratch {
    /// What follows is planned under locks: [`Scratch::spent`] counts the work from here on.
    pub fn locked(&mut self) {
        self.under_locks = true;
        self.spent = 0;
    }

    /// What follows is planned while no lock is held.
    pub fn without_locks(&mut self) {
        self.under_locks = false;
    }

    /// Looks at the stock of a demand, except at a warehouse that is left out.
    pub fn look<'s>(
        &mut self,
        demand: &Demand<'_>,
        config: &Config,
        without: Option<WarehouseId>,
        stock: impl Fn(SkuId) -> &'s SkuStock,
    ) {
        self.view.clear();
        for line in &demand.lines {
            if self.view.is_too_wide() {
                break;
            }
            self.view.add(line.units, stock(line.sku), demand.pools, config, without);
        }
    }

    /// Looks at copies of the stock of a demand, except at a warehouse that is left out.
    pub fn look_at(&mut self, demand: &Demand<'_>, config: &Config, without: Option<WarehouseId>, copies: &Copies) {
        self.view.clear();
        for line in &demand.lines {
            self.view.add_copied(line.units, copies.of(line.sku), config, without);
        }
    }

    /// Where a lane of the problem ships from.
    pub fn warehouse_of(&self, lane: u16) -> WarehouseId {
        self.problem.sites[usize::from(self.problem.lanes[usize::from(lane)].site)]
    }
}
