//! What the crew of a floor does.

use std::collections::BTreeMap;

use stockade_core::command::{
    Arrive, BookLoss, Cancel, CancelScope, Command, Count, CountShelf, Line, Loss, MovePool, OrderRef, Pay, Recall,
    Receive, Reroute, StepAction, TakeStep, Transfer,
};
use stockade_core::ids::{OrderId, SubNo};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::{OrderView, Reply, SubOrderNow};
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::{Floor, Place, SKUS, Sheet, WAREHOUSES, code, places};

/// One thing that somebody does, if there is anything to do it to.
type Act = fn(&mut Floor) -> Result<bool, String>;

/// What is done, by how often.
const ACTS: [(u64, &str, Act); 16] = [
    (16, "goods come", Floor::receive),
    (7, "goods are lost", Floor::lose),
    (3, "goods turn up", Floor::find),
    (9, "somebody counts", Floor::count),
    (5, "somebody counts and reports it later", Floor::take_sheet),
    (8, "an earlier count is reported", Floor::report),
    (22, "an order comes", Floor::place),
    (14, "an order is paid", Floor::pay),
    (20, "a picker goes", Floor::pick),
    (14, "a parcel leaves", Floor::ship),
    (8, "an order is given up", Floor::cancel),
    (10, "a lorry is loaded or arrives", Floor::drive),
    (4, "goods break, or broken ones leave", Floor::spoil),
    (4, "a lorry turns back, or never comes", Floor::miss_lorry),
    (4, "somebody counts a shelf", Floor::count_shelf),
    (5, "goods change pools, or a parcel is routed anew, or holds run out", Floor::tidy),
];

impl Floor {
    pub(super) fn step(&mut self) -> Result<(), String> {
        let mut left = self.rng.below(ACTS.iter().map(|act| act.0).sum());
        for (weight, name, act) in ACTS {
            if left < weight {
                if act(self)? {
                    self.told.insert(name);
                }
                return Ok(());
            }
            left -= weight;
        }
        Ok(())
    }

    fn at(&mut self) -> Place {
        let all: Vec<Place> = places().collect();
        all[self.rng.below(all.len() as u64) as usize]
    }

    fn goods_mut(&mut self, at: Place) -> &mut super::Goods {
        self.goods.entry(at).or_default()
    }

    fn receive(&mut self) -> Result<bool, String> {
        let (at, units) = (self.at(), self.rng.within(1, 8));
        let pool = self.rng.percent(25).then(|| code("promo"));
        let (warehouse, lines) = (code(at.1), lines(at.0, units));
        self.tell(Command::Receive(Receive { warehouse, pool, expected: None, lines }))?;
        self.goods_mut(at).here += units;
        Ok(true)
    }

    /// Nobody knows.
    fn lose(&mut self) -> Result<bool, String> {
        let at = self.at();
        let shelf = self.shelf(at);
        if shelf == 0 {
            return Ok(false);
        }
        let units = self.rng.within(1, shelf.min(5));
        let goods = self.goods_mut(at);
        (goods.here, goods.is_known) = (goods.here - units, false);
        *self.losses.entry(at).or_default() += 1;
        Ok(true)
    }

    /// Units that nobody had on a list lie on the shelf. Until a count, the books say less than there is.
    fn find(&mut self) -> Result<bool, String> {
        let (at, units) = (self.at(), self.rng.within(1, 4));
        let goods = self.goods_mut(at);
        (goods.here, goods.is_known) = (goods.here + units, false);
        *self.losses.entry(at).or_default() += 1;
        Ok(true)
    }

    fn count(&mut self) -> Result<bool, String> {
        let at = self.at();
        let (warehouse, lines) = (code(at.1), lines(at.0, self.goods[&at].here));
        self.tell(Command::Count(Count { warehouse, as_of: None, except: Vec::new(), lines }))?;
        self.goods_mut(at).is_known = true;
        Ok(true)
    }

    fn take_sheet(&mut self) -> Result<bool, String> {
        let at = self.at();
        let (as_of, seen) = (self.engine.seq(), self.goods[&at].here);
        let losses = self.losses.get(&at).copied().unwrap_or(0);
        self.sheets.push(Sheet { at, as_of, seen, losses });
        Ok(true)
    }

    /// What moved since the count was taken is laid over it. What was lost since is not known.
    fn report(&mut self) -> Result<bool, String> {
        let Some(sheet) = self.sheets.pop() else { return Ok(false) };
        let (warehouse, lines) = (code(sheet.at.1), lines(sheet.at.0, sheet.seen));
        let count = Count { warehouse, as_of: Some(sheet.as_of), except: Vec::new(), lines };
        if let Err(reject) = self.ask(Command::Count(count))? {
            return if matches!(reject, Reject::CountTooOld { .. }) { Ok(false) } else { Err(reject.to_string()) };
        }
        let losses = self.losses.get(&sheet.at).copied().unwrap_or(0);
        self.goods_mut(sheet.at).is_known = losses == sheet.losses;
        Ok(true)
    }

    fn place(&mut self) -> Result<bool, String> {
        let number = format!("{}", self.keys);
        let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
        for _ in 0..self.rng.within(1, 2) {
            wanted.insert(SKUS[self.rng.below(2) as usize], self.rng.within(1, 6));
        }
        let lines = wanted.iter().map(|(sku, units)| Line { sku: code(sku), units: Units(*units) }).collect();
        let place = stockade_core::command::Place::new(code("web"), code(&number), lines);
        let place = stockade_core::command::Place { zone: Some(code("east")), ..place };
        let answer = self.ask(Command::Place(place))?;
        if let Ok(Reply::Placed(placed)) = &answer {
            self.orders.push(placed.order);
            return Ok(true);
        }
        let is_short = matches!(answer, Err(Reject::InsufficientStock { .. } | Reject::Unroutable { .. }));
        if is_short { Ok(false) } else { Err(format!("an order is answered by {answer:?}")) }
    }

    /// One of the orders.
    fn some_order(&mut self) -> Result<Option<OrderView>, String> {
        let from = self.orders.len().saturating_sub(24);
        let Some(order) = self.rng.pick(&self.orders[from..]).copied() else { return Ok(None) };
        self.order(order).map(Some)
    }

    fn order(&self, order: OrderId) -> Result<OrderView, String> {
        let answer = self.engine.query(&Query::Order(OrderRef::Id(order)), self.now).result;
        if let Ok(Reply::Order(view)) = answer {
            return Ok(*view);
        }
        Err(format!("order {order}: {answer:?}"))
    }

    fn pay(&mut self) -> Result<bool, String> {
        let Some(order) = self.some_order()?.filter(|order| order.state == OrderState::Held) else { return Ok(false) };
        self.tell(Command::Pay(Pay::new(OrderRef::Id(order.order))))?;
        Ok(true)
    }

    /// A sub-order of some order that is in a stage.
    fn some_sub(&mut self, stage: Stage) -> Result<Option<(OrderId, SubOrderNow)>, String> {
        let Some(order) = self.some_order()? else { return Ok(None) };
        let subs: Vec<_> = order.sub_orders.into_iter().filter(|sub| sub.stage == stage).collect();
        Ok(self.rng.pick(&subs).map(|sub| (order.order, sub.clone())))
    }

    fn walk(&mut self, (order, sub): (OrderId, SubNo), action: StepAction) -> Result<(), String> {
        self.tell(Command::Step(TakeStep { order: OrderRef::Id(order), sub, action })).map(|_| ())
    }

    /// The picker takes what is there and reports what is not.
    fn pick(&mut self) -> Result<bool, String> {
        let Some((order, sub)) = self.some_sub(Stage::Allocated)? else { return Ok(false) };
        let (key, warehouse) =
            ((order, sub.promised.no), WAREHOUSES.into_iter().find(|w| code(w) == sub.promised.warehouse));
        let warehouse = warehouse.ok_or("a parcel of nowhere")?;
        self.walk(key, StepAction::Pick)?;
        let mut wanted: BTreeMap<&'static str, u64> = BTreeMap::new();
        for line in &sub.promised.lines {
            let sku = SKUS.into_iter().find(|sku| code(sku) == line.sku).ok_or("a SKU that is none")?;
            *wanted.entry(sku).or_default() += line.units.0;
        }
        let (mut held, mut found) = (BTreeMap::new(), Vec::new());
        for (sku, units) in wanted {
            let taken = units.min(self.shelf((sku, warehouse)));
            held.insert((sku, warehouse), taken);
            if taken < units {
                found.push(Line { sku: code(sku), units: Units(taken) });
                if self.goods[&(sku, warehouse)].is_known
                    && self.cell((sku, warehouse))?.is_none_or(|c| c.short.is_zero())
                {
                    return Err(format!("a picker finds {taken} of {units} {sku} at {warehouse}, and none were short"));
                }
            }
        }
        self.hands.insert(key, held);
        if !found.is_empty() {
            self.told.insert("a picker misses goods");
            self.walk(key, StepAction::Short(found))?;
        }
        Ok(true)
    }

    fn ship(&mut self) -> Result<bool, String> {
        let Some((order, sub)) = self.some_sub(Stage::Picking)? else { return Ok(false) };
        let key = (order, sub.promised.no);
        self.walk(key, StepAction::Pack)?;
        if self.rng.percent(70) {
            self.walk(key, StepAction::Scan(None))?;
            for (at, units) in self.hands.remove(&key).unwrap_or_default() {
                self.goods_mut(at).here -= units;
            }
        }
        Ok(true)
    }

    /// What was in somebody's hands goes back to the shelf.
    fn cancel(&mut self) -> Result<bool, String> {
        let Some(order) = self.some_order()? else { return Ok(false) };
        let cancel = Cancel { order: OrderRef::Id(order.order), scope: CancelScope::Order, reason: None };
        if let Err(reject) = self.ask(Command::Cancel(cancel))? {
            return if matches!(reject, Reject::IllegalStep { .. }) { Ok(false) } else { Err(reject.to_string()) };
        }
        self.hands.retain(|(id, _), _| *id != order.order);
        Ok(true)
    }

    /// A lorry is loaded with what is free by the books and lies on the shelf, or comes in.
    fn drive(&mut self) -> Result<bool, String> {
        let at = self.at();
        let coming = self.lorries.get(&at).copied().unwrap_or(0);
        if coming > 0 {
            let units = self.rng.within(1, coming);
            let (warehouse, lines) = (code(at.1), lines(at.0, units));
            self.tell(Command::Arrive(Arrive { warehouse, pool: None, lines }))?;
            self.lorries.insert(at, coming - units);
            self.goods_mut(at).here += units;
            return Ok(true);
        }
        let (shelf, to) = (self.shelf(at), WAREHOUSES[usize::from(at.1 == WAREHOUSES[0])]);
        let units = self.rng.within(1, shelf.clamp(1, 4));
        if units > shelf {
            return Ok(false);
        }
        let transfer = Transfer { from: code(at.1), to: code(to), pool: None, lines: lines(at.0, units) };
        if let Err(reject) = self.ask(Command::Transfer(transfer))? {
            return if matches!(reject, Reject::NotEnoughUnits { .. }) { Ok(false) } else { Err(reject.to_string()) };
        }
        self.goods_mut(at).here -= units;
        *self.lorries.entry((at.0, to)).or_default() += units;
        Ok(true)
    }

    /// Units on the shelf break and stay, or broken ones leave.
    fn spoil(&mut self) -> Result<bool, String> {
        let at = self.at();
        let damaged = self.cell(at)?.map_or(0, |cell| cell.damaged.0);
        if damaged > 0 && self.rng.percent(60) {
            // What broke and was lost afterwards is found out by a count, not by who clears it away.
            let units = self.rng.within(1, damaged).min(self.shelf(at));
            if units == 0 {
                return Ok(false);
            }
            self.book(at, Loss::Scrapped, units)?.map_err(|reject| reject.to_string())?;
            self.goods_mut(at).here -= units;
            return Ok(true);
        }
        let units = self.rng.within(1, 2);
        if units > self.shelf(at) {
            return Ok(false);
        }
        match self.book(at, Loss::Damaged, units)? {
            Err(reject) if !matches!(reject, Reject::NotEnoughUnits { .. }) => Err(reject.to_string()),
            answer => Ok(answer.is_ok()),
        }
    }

    fn book(&mut self, at: Place, loss: Loss, units: u64) -> Result<Result<Reply, Reject>, String> {
        let (warehouse, pool, reason) = (code(at.1), None, "broken".to_owned());
        self.ask(Command::BookLoss(BookLoss { warehouse, pool, loss, reason, lines: lines(at.0, units) }))
    }

    /// Units on a lorry go back where they came from, burn, or arrive broken.
    fn miss_lorry(&mut self) -> Result<bool, String> {
        let at = self.at();
        let coming = self.lorries.get(&at).copied().unwrap_or(0);
        if coming == 0 {
            return Ok(false);
        }
        let units = self.rng.within(1, coming);
        self.lorries.insert(at, coming - units);
        let from = WAREHOUSES[usize::from(at.1 == WAREHOUSES[0])];
        match self.rng.below(3) {
            0 => {
                self.book(at, Loss::LostInTransit, units)?.map_err(|reject| reject.to_string())?;
            }
            1 => {
                self.book(at, Loss::DamagedInTransit, units)?.map_err(|reject| reject.to_string())?;
                self.goods_mut(at).here += units;
            }
            _ => {
                let recall = Recall { from: code(from), to: code(at.1), pool: None, lines: lines(at.0, units) };
                self.tell(Command::Recall(recall))?;
                self.goods_mut((at.0, from)).here += units;
            }
        }
        Ok(true)
    }

    /// Broken units lie apart: who counts the shelf does not see them, nor what is in hands. When units are missing among
    /// the broken ones, or in hands, only a count of everything finds out.
    fn count_shelf(&mut self) -> Result<bool, String> {
        let at = self.at();
        let apart = self.cell(at)?.map_or(0, |cell| cell.damaged.0 + cell.picked.0);
        let Some(seen) = self.goods[&at].here.checked_sub(apart) else { return Ok(false) };
        self.tell(Command::CountShelf(CountShelf { warehouse: code(at.1), lines: lines(at.0, seen) }))?;
        self.goods_mut(at).is_known = true;
        Ok(true)
    }

    fn tidy(&mut self) -> Result<bool, String> {
        match self.rng.below(3) {
            0 => self.wait(Span::from_mins(7)).map(|()| true),
            1 => {
                let Some(order) = self.some_order()?.filter(|order| !order.review.is_empty()) else { return Ok(false) };
                let reroute = Reroute { order: OrderRef::Id(order.order) };
                self.ask(Command::Reroute(reroute)).map(|answer| answer.is_ok())
            }
            _ => {
                let at = self.at();
                let (from, to, units) = (code("regular"), code("promo"), Units(self.rng.within(1, 3)));
                let (sku, warehouse) = (code(at.0), code(at.1));
                self.ask(Command::MovePool(MovePool { sku, warehouse, from, to, units })).map(|answer| answer.is_ok())
            }
        }
    }
}

fn lines(sku: &str, units: u64) -> Vec<Line> {
    vec![Line { sku: code(sku), units: Units(units) }]
}
