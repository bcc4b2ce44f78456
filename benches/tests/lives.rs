//! Whole lives at a steady state.

use clap::Parser;
use stockade_benches::load::{Ending, Lives, Load, live};
use stockade_core::heap::Room;

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn load(options: &str) -> Load {
    Load::parse_from(std::iter::once("load").chain(options.split_whitespace()))
}

/// Every ending has about its share: 75, 5, 5, 5 and 10 %.
fn assert_shares(lives: &Lives, count: u64) {
    assert_eq!(lives.lived.lives(), count);
    for (ending, percent) in Ending::ALL.into_iter().zip([75, 5, 5, 5, 10]) {
        let (ended, share) = (lives.lived.ended[ending as usize], count * percent / 100);
        assert!(ended > share / 2 && ended < share * 2, "{ended} of {count} lives ended {}", ending.name());
    }
}

#[test]
fn twenty_thousand_lives_in_process_end_as_intended() {
    let lives = live(&load("--life --lives 20000 --open 2000 --skus 500 --memory")).unwrap();
    assert_shares(&lives, 20_000);
    // Paid, seven steps and the confirmation of at least one parcel, for three lives in four.
    assert!(lives.lived.commands > 150_000, "{:?}", lives.lived);
    let memory = lives.memory.unwrap();
    assert_eq!((memory.kept.orders, memory.kept.cells), (20_000, 4_000));
    assert!(memory.rooms.of(Room::Accounts) > 0 && memory.rooms.of(Room::Movements) > 0);
}

#[test]
fn lives_over_quic_end_as_intended() {
    let lives = live(&load("--life --lives 3000 --open 600 --in-flight 32 --skus 200 --engine quic --memory")).unwrap();
    assert_shares(&lives, 3_000);
    assert_eq!(lives.memory.map(|memory| memory.kept.orders), Some(3_000));
}

#[test]
fn lives_whose_journal_is_on_disk_end_as_intended() {
    let lives = live(&load("--life --lives 1000 --open 300 --skus 200 --journal local")).unwrap();
    assert_shares(&lives, 1_000);
    assert!(lives.memory.is_none());
}

/// Two SKUs in one warehouse each: most of what they have at first is shipped several times over.
#[test]
fn what_was_shipped_is_received_anew_so_that_stock_never_runs_dry() {
    let few = "--life --lives 6000 --open 20 --threads 2 --skus 2 --warehouses 2 --spread 1 --lines 2";
    let lives = live(&load(few)).unwrap();
    assert_shares(&lives, 6_000);
    let at_first = 2 * (20 * 2 * 3 + 2 * (200 + 2 * 3));
    assert!(lives.lived.shipped > 10 * at_first, "{} of {at_first}", lives.lived.shipped);
    assert!(lives.lived.receipts > 50, "{}", lives.lived.receipts);
}
