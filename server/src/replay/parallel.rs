//! Several orders decided at once.
//!
//! Orders are taken in blocks within which no hold can run out and no id comes twice, so that only the order in which
//! threads reach the engine is left to chance. Within a block lines are written in the order of the history.

use std::sync::atomic::{AtomicUsize, Ordering};

use stockade_core::ids::Code;
use stockade_core::time::Time;

use super::decide::{Decided, place};
use super::drive::Drive;
use super::target::Target;
use crate::failure::Failure;
use crate::files::{OrderKind, OrderRecord, OrderSheet};

/// Most orders of a block.
const BLOCK_ORDERS: usize = 4_096;

/// An order of a block, with the time and channel it is placed at.
struct Waiting {
    order: OrderRecord,
    channel: Code,
    now: Time,
}

/// Drives the file with `threads` threads; `passed` is called with the number of orders done.
pub(super) fn drive(
    replay: &mut Drive<'_>,
    orders: &mut OrderSheet,
    threads: usize,
    mut passed: impl FnMut(u64),
) -> Result<(), Failure> {
    let mut block: Vec<Waiting> = Vec::new();
    let mut until = Time::NEVER;
    while let Some(order) = orders.next_order()? {
        let alone = order.kind == OrderKind::Cancel;
        let now = replay.clock.at(order.ts);
        if alone || now >= until || block.len() >= BLOCK_ORDERS {
            let block = std::mem::take(&mut block);
            passed(decide_block(replay, block, threads)?);
        }
        if alone {
            replay.step(&order)?;
            passed(1);
            continue;
        }
        if block.is_empty() {
            replay.advance(now)?;
            replay.target.learn(now);
            until = replay.next_change(now);
        }
        let channel = replay.channel(&order);
        block.push(Waiting { order, channel, now });
    }
    passed(decide_block(replay, block, threads)?);
    Ok(())
}

/// Decides a block and writes it down; returns how many orders it had.
fn decide_block(replay: &mut Drive<'_>, block: Vec<Waiting>, threads: usize) -> Result<u64, Failure> {
    let mut decided = place_all(replay.target, &block, threads)?;
    decided.sort_by_key(|(at, decided)| (decided.seen, *at));
    for (at, decided) in decided {
        let Waiting { order, now, .. } = &block[at];
        replay.record(order, decided, *now)?;
    }
    Ok(block.len() as u64)
}

/// Every order's decision with its place in the block.
fn place_all(target: &dyn Target, block: &[Waiting], threads: usize) -> Result<Vec<(usize, Decided)>, Failure> {
    let next = AtomicUsize::new(0);
    let worker = || -> Result<Vec<(usize, Decided)>, Failure> {
        let mut decided = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(Waiting { order, channel, now }) = block.get(at) else { return Ok(decided) };
            decided.push((at, place(target, order, channel, *now)?));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(block.len())).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::with_capacity(block.len());
        for worker in workers {
            let done = worker.join().map_err(|_| Failure::failed("a replay thread panicked"))?;
            all.extend(done?);
        }
        Ok(all)
    })
}
