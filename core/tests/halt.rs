//! A commit that breaks in the middle: nothing after it is acknowledged, and the journal has nothing that was not applied.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::event::{Cause, Envelope, Event, MoveReason, StockMoved};
use stockade_core::ids::{PoolId, Seq, SkuId, WarehouseId};
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::units::Units;
use stockade_core::{Actor, Durability};
use support::*;

/// A shop where the unit that order `broken` holds was taken out of the books, so that its payment can be decided, but not
/// applied. No history that the engine wrote itself contains that.
fn brittle() -> (Shop, Vec<(Seq, Envelope)>) {
    let shop = Shop::new();
    shop.skus(&["tea", "cup"]);
    shop.receive("cup", "A", 1_000);
    shop.receive("tea", "A", 1);
    shop.placed(order("broken", &[("tea", 1)]));
    let mut history = shop.journal();
    let seq = shop.engine.seq().next();
    let taken = Move {
        sku: SkuId(0),
        warehouse: WarehouseId(0),
        from: Bucket::Held(PoolId::REGULAR),
        to: Bucket::Outside(Outside::WriteOff),
        units: Units(1),
    };
    let event = Event::StockMoved(StockMoved { reason: MoveReason::Adjustment, note: None, moves: vec![taken] });
    history.push((seq, Envelope { actor: Actor::Engine, arrived: START, occurred: None, cause: Cause::Order, event }));
    (Shop::standing(recovered(&history)), history)
}

fn recovered(history: &[(Seq, Envelope)]) -> Engine {
    let engine = Engine::new();
    history.iter().for_each(|(seq, envelope)| engine.recover(*seq, envelope).unwrap());
    engine.log().resume(history.last().expect("a history").0, Default::default());
    engine
}

fn receive(units: u64) -> Command {
    let lines = vec![line("tea", units)];
    Command::Receive(Receive { warehouse: code("A"), pool: None, expected: None, lines })
}

#[test]
fn an_event_that_does_not_apply_halts_the_engine_and_is_in_no_journal() {
    let (shop, mut history) = brittle();
    let (engine, log) = (&shop.engine, shop.engine.log());
    shop.run_alone(Command::Place(order("before", &[("cup", 1)]))).result.unwrap();
    let before = (engine.digest(), engine.seq());
    let broken = catch_unwind(AssertUnwindSafe(|| shop.run_alone(shop.pay("broken"))));
    assert!(broken.is_err(), "{broken:?}");
    assert!(log.halted().is_some_and(|reason| !reason.is_empty()));
    for command in [receive(1), shop.pay("before"), Command::Place(order("after", &[("cup", 1)]))] {
        let refused = shop.run_alone(command).result.unwrap_err();
        assert!(matches!(refused, Reject::Halted { .. }), "{refused}");
    }
    assert!(engine.expire_due(shop.now + stockade_core::limits::HOLD_TTL_MAX, 10).is_empty());
    // The journal gets what was applied before, and no answer leaves any more.
    let written = shop.journal();
    assert_eq!(written.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [before.1]);
    assert!(!log.gate().wait(before.1, Durability::Journaled, Duration::ZERO));
    history.extend(written);
    assert_eq!(recovered(&history).digest(), before.0);
}

/// Named after its row in the page of operations: what was acknowledged is there after the next start, which goes on.
#[test]
fn a_thread_that_was_within_a_commit() {
    let (shop, mut history) = brittle();
    let placed = shop.run_alone(Command::Place(order("before", &[("cup", 1)])));
    let Ok(Reply::Placed(placed)) = placed.result else { panic!("{placed:?}") };
    let died = thread::scope(|scope| scope.spawn(|| shop.run_alone(shop.pay("broken"))).join());
    assert!(died.is_err(), "{died:?}");
    assert!(matches!(shop.run_alone(receive(1)).result, Err(Reject::Halted { .. })));
    history.extend(shop.journal());
    let restarted = Shop::standing(recovered(&history));
    let again = restarted.placed(order("before", &[("cup", 1)]));
    assert_eq!((again.order, again.replayed), (placed.order, true));
    restarted.placed(order("after", &[("cup", 1)]));
    restarted.changed(restarted.pay("after"));
}

/// While others place orders as fast as they can.
#[test]
fn a_halt_among_other_commits_leaves_a_history_without_gaps_that_recovers() {
    for _ in 0..20 {
        let (shop, mut history) = brittle();
        let wrong = shop.engine.check();
        let first = shop.engine.seq();
        let acknowledged: Vec<Seq> = thread::scope(|scope| {
            let others: Vec<_> = (0..3)
                .map(|thread| {
                    let shop = &shop;
                    scope.spawn(move || {
                        let mut seen = Vec::new();
                        for n in 0..200 {
                            let place = Command::Place(order(&format!("{thread}-{n}"), &[("cup", 1)]));
                            let outcome = shop.run_alone(place);
                            match outcome.result {
                                Ok(_) => seen.push(outcome.seen),
                                Err(Reject::Halted { .. }) => break,
                                Err(other) => panic!("{other}"),
                            }
                        }
                        seen
                    })
                })
                .collect();
            thread::yield_now();
            assert!(catch_unwind(AssertUnwindSafe(|| shop.run_alone(shop.pay("broken")))).is_err());
            others.into_iter().flat_map(|other| other.join().unwrap()).collect()
        });
        assert!(shop.engine.log().halted().is_some());
        let written = shop.journal();
        let last = written.last().map_or(first, |(seq, _)| *seq);
        assert!(written.iter().map(|(seq, _)| seq.0).eq(first.0 + 1..=last.0));
        let reached = |seq: &Seq| shop.engine.log().gate().wait(*seq, Durability::Journaled, Duration::ZERO);
        assert!(!acknowledged.iter().any(reached), "an answer that waits for the journal left after the halt");
        history.extend(written);
        assert_eq!(recovered(&history).check(), wrong, "nothing else is wrong than at the beginning");
    }
}
