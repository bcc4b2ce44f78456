//! What happens on the generated day, one action after another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use stockade_core::command::{Line, OrderRef, Place};
use stockade_core::ids::Code;
use stockade_core::orders::Stage;
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::cities::CITIES;
use super::day::{CHANNELS, Day, code};
use crate::invent::Draw;

/// Share of orders with 1 to 10 lines; the rest have more.
const LINES: [f64; 10] = [0.138, 0.128, 0.095, 0.075, 0.060, 0.049, 0.043, 0.035, 0.034, 0.029];
/// Lines of an order that has more than 10: beyond 10, on average, and at most.
const LINES_BEYOND: f64 = 13.4;
const LINES_MAX: u64 = 153;
/// Share of lines with 1, 2, 3 and 4 units.
const UNITS: [f64; 4] = [0.78, 0.15, 0.04, 0.03];
/// Orders by hour of the day.
const HOURS: [f64; 24] = [
    2.2, 1.2, 0.7, 0.5, 0.5, 0.8, 1.6, 2.8, 4.2, 5.4, 6.2, 5.8, 5.2, 5.0, 5.2, 5.3, 5.2, 4.8, 4.6, 5.6, 7.8, 8.2, 6.6,
    4.6,
];
/// The flash sale: when it begins, how long it lasts, and its share of all orders.
const FLASH_AT: Span = Span::from_mins(20 * 60);
const FLASH_LASTS: Span = Span::from_mins(2);
const FLASH_SHARE: f64 = 0.08;

/// Share of all orders that are paid, or cancelled unpaid; the others expire.
const PAID: f64 = 0.94;
const GIVEN_UP: f64 = 0.03;
/// Share of paid orders that are cancelled while they are in the warehouse, or returned after delivery.
const CANCELLED: f64 = 0.03;
const RETURNED: f64 = 0.06;

/// Something that happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// A storefront places an order.
    Place(Place),
    /// The customer pays.
    Pay(OrderRef),
    /// The customer cancels.
    Cancel(OrderRef),
    /// Every sub-order advances step by step to the stage.
    Ship {
        /// The order.
        order: OrderRef,
        /// The stage to reach.
        upto: Stage,
    },
    /// Everything comes back and is found intact.
    Return(OrderRef),
}

/// An action and its time of day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timed {
    /// Time since midnight; may lie beyond the day's end.
    pub at: Span,
    /// Number of the order in the day, from 0: actions of one order go to one storefront.
    pub order: u32,
    /// What happens.
    pub action: Action,
}

/// The actions of a day, in order of time. An order's own actions never come before it is placed.
#[derive(Clone, Debug)]
pub struct Actions<'a> {
    day: &'a Day,
    cities: Vec<f64>,
    /// Ordinary orders and those of the flash sale: how many there are, and how many have come.
    ordinary: Stream,
    flash: Stream,
    placed: u32,
    later: BinaryHeap<Reverse<Later>>,
    draw: Draw,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    count: u32,
    next: u32,
}

/// An action that follows an order, by time, then in order of planning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Later {
    at: Span,
    order: u32,
    channel: usize,
    step: Follow,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Follow {
    Pay,
    Pick,
    Cancel,
    Out,
    Confirm,
    Return,
}

impl Day {
    /// Everything that happens, in order of time.
    pub fn actions(&self) -> Actions<'_> {
        Actions::new(self)
    }
}

impl<'a> Actions<'a> {
    fn new(day: &'a Day) -> Actions<'a> {
        let orders = day.shape().orders;
        let flash = (f64::from(orders) * FLASH_SHARE) as u32;
        Actions {
            day,
            cities: CITIES.iter().map(|city| f64::from(city.population)).collect(),
            ordinary: Stream { count: orders - flash, next: 0 },
            flash: Stream { count: flash, next: 0 },
            placed: 0,
            later: BinaryHeap::new(),
            draw: Draw::new(day.shape().seed).fork(13),
        }
    }

    fn place(&mut self, at: Span, is_flash: bool) -> Timed {
        let order = self.placed;
        self.placed += 1;
        let shares = CHANNELS.map(|(.., share)| share);
        let channel = if is_flash { CHANNELS.len() - 1 } else { self.draw.weighted(&shares) };
        let lines = if is_flash { self.flash_lines() } else { self.lines() };
        let city = &CITIES[self.draw.weighted(&self.cities)];
        let customer = code(&format!("C{:06}", self.draw.below(u64::from(self.day.shape().orders) / 2 + 1)));
        self.plan(order, channel, at);
        let place = Place {
            zone: Some(code(city.zone)),
            customer: Some(customer),
            ..Place::new(code(CHANNELS[channel].0), number(order), lines)
        };
        Timed { at, order, action: Action::Place(place) }
    }

    fn flash_lines(&mut self) -> Vec<Line> {
        let units = Units(if self.draw.chance(0.1) { 2 } else { 1 });
        vec![Line { sku: self.day.hot_sku(), units }]
    }

    fn lines(&mut self) -> Vec<Line> {
        let few: f64 = LINES.iter().sum();
        let count = if self.draw.chance(few) {
            self.draw.weighted(&LINES) as u64 + 1
        } else {
            // Exponential beyond 10.
            11 + ((1.0 - self.draw.unit()).ln() * -(LINES_BEYOND - 0.5)) as u64
        };
        let line = |_| {
            let sku = self.day.sku(&mut self.draw).clone();
            Line { sku, units: Units(self.draw.weighted(&UNITS) as u64 + 1) }
        };
        (0..count.min(LINES_MAX)).map(line).collect()
    }

    /// Plans what happens to the order after it is placed.
    fn plan(&mut self, order: u32, channel: usize, placed: Span) {
        let minutes = |draw: &mut Draw, low: f64, high: f64| Span((draw.between(low, high) * 60e6) as u64);
        let mut follow = |at: Span, step| self.later.push(Reverse(Later { at, order, channel, step }));
        let fate = self.draw.unit();
        if fate >= PAID {
            if fate < PAID + GIVEN_UP {
                follow(after(placed, minutes(&mut self.draw, 0.5, 4.0)), Follow::Cancel);
            }
            return;
        }
        let paid = after(placed, minutes(&mut self.draw, 0.05, 4.5));
        follow(paid, Follow::Pay);
        let picked = after(paid, minutes(&mut self.draw, 20.0, 90.0));
        follow(picked, Follow::Pick);
        let out = after(picked, minutes(&mut self.draw, 10.0, 60.0));
        if self.draw.chance(CANCELLED) {
            // Some cancellations come too late: the scan is as likely to come first.
            follow(after(out, minutes(&mut self.draw, 0.0, 1.0)), Follow::Out);
            follow(after(out, minutes(&mut self.draw, 0.0, 1.0)), Follow::Cancel);
            return;
        }
        follow(out, Follow::Out);
        let confirmed = after(out, minutes(&mut self.draw, 120.0, 240.0));
        follow(confirmed, Follow::Confirm);
        if self.draw.chance(RETURNED) {
            follow(after(confirmed, minutes(&mut self.draw, 30.0, 60.0)), Follow::Return);
        }
    }
}

impl Iterator for Actions<'_> {
    type Item = Timed;

    fn next(&mut self) -> Option<Timed> {
        let ordinary = self.ordinary.time(time_of_day);
        let flash = self.flash.time(|share| after(FLASH_AT, Span((FLASH_LASTS.0 as f64 * share) as u64)));
        let later = self.later.peek().map_or(Span(u64::MAX), |Reverse(later)| later.at);
        if later <= ordinary.min(flash) {
            let Reverse(later) = self.later.pop()?;
            return Some(later.timed());
        }
        if flash <= ordinary {
            self.flash.next += 1;
            return Some(self.place(flash, true));
        }
        self.ordinary.next += 1;
        Some(self.place(ordinary, false))
    }
}

impl Stream {
    /// When the next order of the stream comes; never, once all have come.
    fn time(&self, at: impl Fn(f64) -> Span) -> Span {
        if self.next >= self.count { Span(u64::MAX) } else { at((f64::from(self.next) + 0.5) / f64::from(self.count)) }
    }
}

impl Later {
    fn timed(self) -> Timed {
        let order = OrderRef::Number { channel: code(CHANNELS[self.channel].0), number: number(self.order) };
        let action = match self.step {
            Follow::Pay => Action::Pay(order),
            Follow::Cancel => Action::Cancel(order),
            Follow::Pick => Action::Ship { order, upto: Stage::Packed },
            Follow::Out => Action::Ship { order, upto: Stage::PickedUp },
            Follow::Confirm => Action::Ship { order, upto: Stage::Confirmed },
            Follow::Return => Action::Return(order),
        };
        Timed { at: self.at, order: self.order, action }
    }
}

/// The time of day by which a share of the ordinary orders has come.
fn time_of_day(share: f64) -> Span {
    let mut left = share * HOURS.iter().sum::<f64>();
    for (hour, weight) in HOURS.iter().enumerate() {
        if left < *weight {
            return Span(((hour as f64 + left / weight) * 3_600e6) as u64);
        }
        left -= weight;
    }
    Span::from_mins(24 * 60)
}

fn after(time: Span, span: Span) -> Span {
    Span(time.0 + span.0)
}

fn number(order: u32) -> Code {
    code(&format!("D{order:08}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::DayShape;
    use std::collections::{HashMap, HashSet};

    fn day() -> Day {
        Day::new(DayShape { seed: 3, orders: 20_000, skus: 5_000, hot_units: 500 })
    }

    #[test]
    fn the_day_is_fixed_by_its_seed_and_in_order() {
        let day = day();
        let actions: Vec<Timed> = day.actions().collect();
        assert!(actions.is_sorted_by_key(|timed| timed.at));
        assert!(actions.iter().eq(day.actions().collect::<Vec<_>>().iter()));
        let other = Day::new(DayShape { seed: 4, ..day.shape() });
        assert_ne!(actions[..100], other.actions().take(100).collect::<Vec<_>>()[..]);
        let mut placed = HashSet::new();
        for timed in &actions {
            match &timed.action {
                Action::Place(place) => assert!(placed.insert(place.number.clone())),
                _ => assert!(placed.contains(&number(timed.order)), "{timed:?}"),
            }
        }
        assert_eq!(placed.len(), 20_000);
    }

    #[test]
    fn orders_look_like_the_ones_they_are_modelled_on() {
        let day = day();
        let places: Vec<Place> = day
            .actions()
            .filter_map(|timed| match timed.action {
                Action::Place(place) => Some(place),
                _ => None,
            })
            .collect();
        let (flash, ordinary): (Vec<&Place>, Vec<&Place>) =
            places.iter().partition(|place| place.lines[0].sku == day.hot_sku());
        assert_eq!(flash.len(), 1_600);
        let lines: usize = ordinary.iter().map(|place| place.lines.len()).sum();
        let mean = lines as f64 / ordinary.len() as f64;
        assert!((9.9..10.9).contains(&mean), "{mean} lines an order");
        let single = ordinary.iter().filter(|place| place.lines.len() == 1).count() as f64 / ordinary.len() as f64;
        assert!((0.12..0.16).contains(&single), "{single} with one line");
        let units: u64 = ordinary.iter().flat_map(|place| &place.lines).map(|line| line.units.0).sum();
        let per_line = units as f64 / lines as f64;
        assert!((1.27..1.37).contains(&per_line), "{per_line} units a line");
        let mut by_sku: HashMap<&Code, usize> = HashMap::new();
        for line in ordinary.iter().flat_map(|place| &place.lines) {
            *by_sku.entry(&line.sku).or_default() += 1;
        }
        let mut counts: Vec<usize> = by_sku.into_values().collect();
        counts.sort_unstable_by_key(|count| Reverse(*count));
        let top = counts[..50].iter().sum::<usize>() as f64 / lines as f64;
        assert!((0.2..0.35).contains(&top), "the top 1 % of SKUs make {top} of the lines");
    }
}
