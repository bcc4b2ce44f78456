//! Whole histories of commands at the ends of what their fields hold.

use crate::shop::*;
use crate::support::*;
use proptest::prelude::*;
use stockade_core::command::*;
use stockade_core::ids::*;
use stockade_core::limits::*;
use stockade_core::money::Money;
use stockade_core::stock::Move;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;

/// Numbers at the ends of what a field may hold, and past them.
const ENDS: [u64; 10] = [
    0,
    1,
    3,
    LINE_UNITS_MAX,
    LINE_UNITS_MAX + 1,
    MOVEMENT_UNITS_MAX,
    MOVEMENT_UNITS_MAX + 1,
    CELL_UNITS_MAX,
    i64::MAX as u64,
    u64::MAX,
];

/// What a command is made of: numbers and choices.
#[derive(Clone, Debug)]
struct Draw {
    kind: usize,
    units: [u64; 2],
    lines: usize,
    pick: usize,
    order: usize,
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let end = || prop::sample::select(ENDS.to_vec());
    let lines = prop::sample::select(vec![0usize, 1, 1, 1, 2, 300]);
    let draw = (0..Command::KINDS.len(), [end(), end()], lines, 0usize..12, 0usize..4);
    let draw = draw.prop_map(|(kind, units, lines, pick, order)| Draw { kind, units, lines, pick, order });
    prop::collection::vec(draw, 1..80)
}

impl Draw {
    fn lines(&self) -> Vec<Line> {
        (0..self.lines).map(|n| line(["tea", "cup"][(n + self.pick) % 2], self.units[n % 2])).collect()
    }

    fn once(&self) -> Vec<Line> {
        let mut lines = self.lines();
        lines.truncate(2);
        lines
    }

    fn place(&self) -> &'static str {
        ["A", "B", "D"][self.pick % 3]
    }

    fn number(&self) -> String {
        format!("o{}", self.order)
    }

    fn action(&self) -> StepAction {
        let line = || vec![line("tea", self.units[0])];
        let (intact, damaged) = (Units(self.units[0]), Units(self.units[1]));
        match self.pick {
            0 => StepAction::Pick,
            1 => StepAction::Short(line()),
            2 => StepAction::Pack,
            3 => StepAction::Weigh(self.units[0] as u32),
            4 => StepAction::Label(code("w")),
            5 => StepAction::Scan(None),
            6 => StepAction::Pickup,
            7 => StepAction::Deliver,
            8 => StepAction::Confirm,
            9 if self.order.is_multiple_of(2) => {
                StepAction::ReturnTo(ReturnTo { warehouse: code(self.place()), lines: line() })
            }
            9 => StepAction::Return(line()),
            10 => StepAction::Inspect(vec![Inspected { sku: code("tea"), intact, damaged }]),
            _ => StepAction::Inspect(Vec::new()),
        }
    }

    fn expectation(&self, shop: &Shop) -> Command {
        let (day, units) = (Day(self.units[1] as u32), Units(self.units[0]));
        let change = match self.pick {
            0..5 => Expectation::Announce { day, units, pool: None },
            5 => Expectation::Change { day: Some(day), units: None },
            6..9 => Expectation::Change { day: None, units: Some(units) },
            _ => Expectation::Withdraw,
        };
        shop.expect(&format!("PO-{}", self.order), "tea", self.place(), change)
    }

    /// The command; a kind that is not here has no extremes yet, and fails the test.
    fn command(&self, shop: &Shop) -> Command {
        let (warehouse, sku, pool) = (code(self.place()), code("tea"), None);
        let (units, order) = (Units(self.units[0]), web(&self.number()));
        match Command::KINDS[self.kind].name {
            "apply_world" => Command::ApplyWorld(ApplyWorld { text: "#".repeat(self.pick) }),
            "apply_rules" => Command::ApplyRules(ApplyRules { text: "x".repeat(self.pick), expect: None }),
            "define_skus" => specs(self.lines),
            "clear_skus" => {
                let skus = self.lines().into_iter().map(|line| line.sku).collect();
                Command::ClearSkus(ClearSkus { skus, weight: true, category: self.pick > 5 })
            }
            "receive" if self.order == 0 => receive(self.place(), self.lines()),
            "receive" => {
                let lines: Vec<_> = self.once().iter().map(|l| (l.sku.to_string(), l.units.0)).collect();
                let lines: Vec<_> = lines.iter().map(|(sku, units)| (sku.as_str(), *units)).collect();
                shop.fulfil(&format!("PO-{}", self.order), self.place(), &lines, self.pick.is_multiple_of(2))
            }
            "adjust" => adjust(self.units[0] as i64, "x".repeat(self.lines)),
            "count" => {
                let (as_of, except) = (Some(Seq(self.units[1])).filter(|_| self.pick > 5), vec![Seq(self.units[0])]);
                Command::Count(Count { warehouse, as_of, except, lines: self.once() })
            }
            "transfer" => Command::Transfer(Transfer { from: code("A"), to: warehouse, pool, lines: self.once() }),
            "arrive" => Command::Arrive(Arrive { warehouse, pool, lines: self.once() }),
            "book_loss" => {
                let all = [Loss::Damaged, Loss::Scrapped, Loss::LostInTransit, Loss::DamagedInTransit];
                let (loss, reason) = (all[self.pick % all.len()], "x".repeat(self.lines));
                Command::BookLoss(BookLoss { warehouse, pool, loss, reason, lines: self.once() })
            }
            "recall" => Command::Recall(Recall { from: code("A"), to: warehouse, pool, lines: self.once() }),
            "count_shelf" => Command::CountShelf(CountShelf { warehouse, lines: self.once() }),
            "move_pool" => {
                let (from, to) = (code("regular"), code("promo"));
                Command::MovePool(MovePool { sku, warehouse, from, to, units })
            }
            "set_safety" => Command::SetSafety(SetSafety { sku, warehouse, units }),
            "place" => {
                let hold = Some(Span(self.units[1])).filter(|_| self.pick == 0);
                Command::Place(Place { lines: self.lines(), hold, ..order_by("web", &self.number(), &[]) })
            }
            "pay" => {
                let payment = Some(code(&format!("R-{}", self.units[0] % 3))).filter(|_| self.pick > 2);
                let amount = Some(Money(self.units[1] as i64)).filter(|_| self.pick > 5);
                Command::Pay(Pay { order, payment, amount })
            }
            "close_refund" => {
                let (refund, reference) = (RefundNo(self.units[0] as u32 % 5), code(&self.number()));
                Command::CloseRefund(CloseRefund { order, refund, reference })
            }
            "cancel" => {
                let scope = match self.pick {
                    0 => CancelScope::Order,
                    1..4 => CancelScope::Sub(SubNo(self.units[0] as u16)),
                    _ => CancelScope::Units(line("tea", self.units[0])),
                };
                Command::Cancel(Cancel { order, scope, reason: None })
            }
            "extend_hold" => {
                Command::ExtendHold(ExtendHold { order, until: Time(START.0.saturating_add(self.units[0])) })
            }
            "step" => Command::Step(TakeStep { order, sub: SubNo(1 + (self.order % 2) as u16), action: self.action() }),
            "raise" => Command::Raise(Raise { order, line: line("tea", self.units[0]) }),
            "split" => {
                let sub = SubNo(1 + (self.order % 2) as u16);
                Command::Split(Split { order, sub, lines: vec![line("tea", self.units[0])] })
            }
            "reroute" => Command::Reroute(Reroute { order }),
            "reroute_apart" => Command::RerouteApart(RerouteApart { order }),
            "expect" => self.expectation(shop),
            other => panic!("{other} has no extremes"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Cells that are nearly full, and commands at the ends of what their fields hold: refused or carried out, and nothing
    /// halts the engine.
    #[test]
    fn no_command_halts_the_engine(draws in draws()) {
        let near = |warehouse, short| {
            let moved = tea(SUPPLIER, FREE, CELL_UNITS_MAX - short);
            Move { warehouse: WarehouseId(warehouse), ..moved }
        };
        let mut shop = after(&shop(), vec![moved(vec![near(0, 7), near(2, LINE_UNITS_MAX)])]);
        for draw in draws {
            let command = draw.command(&shop);
            let outcome = shop.run(command.clone());
            prop_assert_eq!(shop.engine.log().halted(), None, "{:?}: {:?}", command, outcome);
            if draw.pick == 11 && draw.order == 3 {
                shop.wait(HOLD_TTL);
                shop.engine.expire_due(shop.now, 10);
                shop.react();
            }
        }
        prop_assert_eq!(shop.engine.check(), Ok(()));
    }
}
