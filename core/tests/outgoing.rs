//! What may leave the free units of a cell while some are short, for every command that takes them away.

mod support;

use proptest::prelude::*;
use stockade_core::command::*;
use stockade_core::reject::Reject;
use stockade_core::reply::CellView;
use stockade_core::units::Units;
use support::*;

/// What a shop went through before anything leaves.
#[derive(Clone, Debug)]
struct Before {
    regular: u64,
    promo: u64,
    /// Units that are promised, of the regular ones.
    promised: u64,
    /// Units that a count found.
    found: u64,
    safety: u64,
    /// Units that came afterwards, into each pool, and have not made up for short ones yet.
    came: [u64; 2],
}

fn before() -> impl Strategy<Value = Before> {
    (1_u64..8, 0_u64..6, 0_u64..4, (0_u64..6, 0_u64..6)).prop_flat_map(|(regular, promo, safety, came)| {
        let came = [came.0, came.1];
        (1..=regular, 0..=regular + promo).prop_map(move |(promised, found)| Before {
            regular,
            promo,
            promised,
            found,
            safety,
            came,
        })
    })
}

impl Before {
    /// A shop with teas at A, some of them short.
    fn shop(&self) -> Shop {
        let shop = Shop::new();
        shop.skus(&["tea"]);
        shop.receive("tea", "A", self.regular);
        if self.promo > 0 {
            shop.ok(receive("promo", self.promo));
        }
        shop.placed(order("held", &[("tea", 1)]));
        if self.promised > 1 {
            shop.placed(order("paid", &[("tea", self.promised - 1)]));
            shop.ok(shop.pay("paid"));
        }
        let lines = vec![line("tea", self.found)];
        shop.ok(Command::Count(Count { warehouse: code("A"), as_of: None, except: vec![], lines }));
        let (sku, warehouse) = (code("tea"), code("A"));
        shop.ok(Command::SetSafety(SetSafety { sku, warehouse, units: Units(self.safety) }));
        for (pool, units) in ["regular", "promo"].into_iter().zip(self.came).filter(|(_, units)| *units > 0) {
            shop.run_alone(receive(pool, units)).result.unwrap();
        }
        shop
    }
}

fn receive(pool: &str, units: u64) -> Command {
    let lines = vec![line("tea", units)];
    Command::Receive(Receive { warehouse: code("A"), pool: Some(code(pool)), expected: None, lines })
}

/// Every command that takes free units away: its name, the pool that it takes them from, whether the safety stock may
/// leave, whether the units leave the building, and the command.
fn outgoing(units: u64) -> Vec<(&'static str, &'static str, bool, bool, Command)> {
    let (tea, a, taken) = (|| code("tea"), || code("A"), Units(units));
    let lines = || vec![line("tea", units)];
    let mut all = Vec::new();
    for (pool, other) in [("regular", "promo"), ("promo", "regular")] {
        let named = || Some(code(pool));
        let transfer = Transfer { from: a(), to: code("B"), pool: named(), lines: lines() };
        let delta = -i64::try_from(units).unwrap();
        let adjust = Adjust { sku: tea(), warehouse: a(), pool: named(), delta, reason: "seen".to_owned() };
        let (from, to) = (code(pool), code(other));
        let move_pool = MovePool { sku: tea(), warehouse: a(), from, to, units: taken };
        let (loss, reason) = (Loss::Damaged, "dropped".to_owned());
        let damage = BookLoss { warehouse: a(), pool: named(), loss, reason, lines: lines() };
        all.extend([
            ("transfer", pool, true, true, Command::Transfer(transfer)),
            ("adjust", pool, true, true, Command::Adjust(adjust)),
            ("move", pool, true, false, Command::MovePool(move_pool)),
            ("damage", pool, true, false, Command::BookLoss(damage)),
        ]);
    }
    let raise = Raise { order: web("held"), line: line("tea", units) };
    all.push(("place", "regular", false, false, Command::Place(order("new", &[("tea", units)]))));
    all.push(("raise", "regular", false, false, Command::Raise(raise)));
    all
}

fn free(cell: &CellView) -> u64 {
    cell.pools.iter().map(|pool| pool.available.0).sum()
}

fn in_pool(cell: &CellView, pool: &str) -> u64 {
    cell.pools.iter().find(|stock| stock.pool == code(pool)).map_or(0, |stock| stock.available.0)
}

/// What the books of a cell at rest say: whatever is free is there.
fn at_rest(shop: &Shop) -> CellView {
    shop.react();
    shop.check();
    let cell = shop.cell("tea", "A");
    assert!(free(&cell) == 0 || cell.short.is_zero(), "free and short at once: {cell:?}");
    cell
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_leaves_is_neither_promised_nor_missing(before in before(), units in 1_u64..9) {
        for (name, pool, safety_may, leaves, command) in outgoing(units) {
            let shop = before.shop();
            let cell = shop.cell("tea", "A");
            let there = free(&cell).saturating_sub(cell.short.0);
            let kept = if safety_may { 0 } else { before.safety };
            let most = in_pool(&cell, pool).saturating_sub(kept).min(there);
            let answer = shop.run_alone(command).result;
            prop_assert_eq!(answer.is_ok(), units <= most, "{} of {}, of which {} may: {:?}", name, units, most, answer);
            if let Err(Reject::NotEnoughUnits { available, .. }) = &answer {
                prop_assert_eq!(available.0, most, "{} says what may leave", name);
            }
            let gone = if leaves && answer.is_ok() { units } else { 0 };
            let after = at_rest(&shop);
            prop_assert_eq!(after.on_hand.units(), cell.on_hand.units() - i64::try_from(gone).unwrap(), "{}", name);
            prop_assert!(after.on_hand.units() >= 0, "{} takes what is not there: {:?}", name, after);
        }
    }

    #[test]
    fn a_count_of_any_number_leaves_nothing_free_that_is_not_there(before in before(), found in 0_u64..12) {
        let shop = before.shop();
        let lines = vec![line("tea", found)];
        let count = Count { warehouse: code("A"), as_of: None, except: vec![], lines };
        shop.run_alone(Command::Count(count)).result.unwrap();
        let after = at_rest(&shop);
        let promised = before.promised;
        prop_assert_eq!(after.on_hand.units(), i64::try_from(found).unwrap());
        prop_assert_eq!((free(&after), after.short.0), (found.saturating_sub(promised), promised.saturating_sub(found)));
    }
}
