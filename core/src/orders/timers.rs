//! What falls due in a shard, and when.
//!
//! An entry is a hint: the order may have been paid or extended since. The expiry that takes it out asks the order.
//!
//! Of each kind, entries that fall due in the order in which they are set, which is the rule, stand in a line: setting one
//! costs a write at its end. The others, the strays of all kinds, stand in one heap. Every order sets the first kind, so
//! its line lies in the shard; the lines of the other kinds and the strays lie behind one word, which is empty until one
//! of them is set.
//!
//! Invariant: a line is sorted by time, then by the sequence of the placing event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::{OrderId, Seq};
use crate::orders::line::Line;
use crate::time::Time;

/// Declares the kinds of timers, each with its name at the border.
macro_rules! timer_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// What a timer is for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum TimerKind {
            $($(#[$doc])* $kind,)+
        }

        impl TimerKind {
            /// Every kind, in the order of declaration.
            pub const ALL: [TimerKind; [$($name),+].len()] = [$(TimerKind::$kind),+];

            /// The kind's name: lower case, words joined by `_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(TimerKind::$kind => $name,)+
                }
            }
        }
    };
}

timer_kinds! {
    /// An unpaid hold runs out. Every order sets it.
    Hold = "hold",
}

/// A timer that fell due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Due {
    /// When it fell due, engine time.
    pub at: Time,
    /// The event that placed the order.
    pub placed: Seq,
    /// The order.
    pub order: OrderId,
    /// What it is for.
    pub kind: TimerKind,
}

/// The timers of one shard.
#[derive(Debug, Default)]
pub struct Timers(Table<{ TimerKind::ALL.len() - 1 }>);

impl Timers {
    /// Sets a timer. Those that fall due at the same instant do so in the order of placing; `placed` is the sequence of
    /// the event that placed the order.
    pub fn set(&mut self, kind: TimerKind, at: Time, placed: Seq, order: OrderId) {
        self.0.set(kind as u8, (at, placed, order));
    }

    /// When the first one falls due.
    pub fn next(&self) -> Option<Time> {
        self.0.first().map(|(((at, ..), _), _)| at)
    }

    /// Takes the first one out if it is due: by time, whatever its kind, then by placing.
    pub fn take_due(&mut self, now: Time) -> Option<Due> {
        self.0.take_due(now).map(due)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.0.memory()
    }

    /// Every timer that is set, in no order.
    pub fn entries(&self) -> impl Iterator<Item = Due> {
        self.0.entries().map(due)
    }
}

fn due(((at, placed, order), kind): Stray) -> Due {
    Due { at, placed, order, kind: TimerKind::ALL[usize::from(kind)] }
}

/// When a timer falls due, the event that placed the order, and the order.
type Entry = (Time, Seq, OrderId);
/// An entry with the number of its kind.
type Stray = (Entry, u8);

/// Timers of a kind that every order sets, number 0, and of `OTHERS` more.
#[derive(Debug, Default)]
struct Table<const OTHERS: usize> {
    line: Line<Entry>,
    aside: Option<Box<Aside<OTHERS>>>,
}

/// What most shards do not have.
#[derive(Debug)]
struct Aside<const OTHERS: usize> {
    lines: [Line<Entry>; OTHERS],
    strays: BinaryHeap<Reverse<Stray>>,
}

/// Where the first entry stands.
#[derive(Clone, Copy)]
enum Place {
    Line,
    Stray,
}

impl<const OTHERS: usize> Table<OTHERS> {
    fn set(&mut self, kind: u8, entry: Entry) {
        let line = match kind {
            0 => &mut self.line,
            other => &mut self.aside.get_or_insert_default().lines[usize::from(other) - 1],
        };
        if line.back().is_none_or(|last| last <= entry) {
            line.push(entry);
        } else {
            self.aside.get_or_insert_default().strays.push(Reverse((entry, kind)));
        }
    }

    #[inline]
    fn first(&self) -> Option<(Stray, Place)> {
        let mut first = self.line.front().map(|entry| ((entry, 0), Place::Line));
        let Some(aside) = &self.aside else { return first };
        let fronts = (1u8..).zip(&aside.lines);
        let fronts = fronts.filter_map(|(kind, line)| line.front().map(|entry| ((entry, kind), Place::Line)));
        let stray = aside.strays.peek().map(|Reverse(stray)| (*stray, Place::Stray));
        for (entry, place) in fronts.chain(stray) {
            if first.is_none_or(|(least, _)| entry < least) {
                first = Some((entry, place));
            }
        }
        first
    }

    fn take_due(&mut self, now: Time) -> Option<Stray> {
        let (stray, place) = self.first().filter(|(((at, ..), _), _)| *at <= now)?;
        match (place, &mut self.aside) {
            (Place::Line, _) if stray.1 == 0 => drop(self.line.pop()),
            (Place::Line, Some(aside)) => drop(aside.lines[usize::from(stray.1) - 1].pop()),
            (Place::Stray, Some(aside)) => drop(aside.strays.pop()),
            (_, None) => return None,
        }
        Some(stray)
    }

    fn memory(&self) -> usize {
        let aside = self.aside.as_ref().map_or(0, |aside| {
            let lines: usize = aside.lines.iter().map(Line::memory).sum();
            size_of::<Aside<OTHERS>>() + lines + aside.strays.capacity() * size_of::<Reverse<Stray>>()
        });
        self.line.memory() + aside
    }

    fn entries(&self) -> impl Iterator<Item = Stray> {
        let aside = self.aside.iter();
        let strays = aside.clone().flat_map(|aside| aside.strays.iter().map(|Reverse(stray)| *stray));
        let others = aside.flat_map(|aside| (1u8..).zip(&aside.lines));
        let lines = [(0, &self.line)].into_iter().chain(others);
        lines.flat_map(|(kind, line)| line.iter().map(move |entry| (entry, kind))).chain(strays)
    }
}

impl<const OTHERS: usize> Default for Aside<OTHERS> {
    fn default() -> Self {
        Aside { lines: std::array::from_fn(|_| Line::default()), strays: BinaryHeap::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Entries come out as if they had been sorted, whatever their kinds and the order in which they were set.
        #[test]
        fn entries_fall_due_in_order(steps in prop::collection::vec((0u64..50, 0u8..3, prop::option::of(0u64..60)), 0..200)) {
            let (mut timers, mut model) = (Table::<2>::default(), BTreeSet::new());
            for (number, (at, kind, now)) in (0u64..).zip(steps) {
                let entry = (Time(at), Seq(number), OrderId(number));
                timers.set(kind, entry);
                model.insert((entry, kind));
                while let Some(now) = now {
                    let due = model.first().copied().filter(|((at, ..), _)| at.0 <= now);
                    prop_assert_eq!(timers.take_due(Time(now)), due);
                    let Some(due) = due else { break };
                    model.remove(&due);
                }
                prop_assert_eq!(timers.first().map(|(stray, _)| stray), model.first().copied());
                prop_assert_eq!(timers.entries().collect::<BTreeSet<_>>(), model.clone());
                prop_assert_eq!(timers.entries().count(), model.len());
            }
        }
    }

    #[test]
    fn each_kind_has_a_name_of_its_own() {
        let names: BTreeSet<_> = TimerKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), TimerKind::ALL.len());
        assert!(TimerKind::ALL.iter().enumerate().all(|(number, kind)| *kind as usize == number));
    }

    #[test]
    fn a_timer_keeps_what_it_was_set_with() {
        let mut timers = Timers::default();
        timers.set(TimerKind::Hold, Time(5), Seq(2), OrderId(7));
        timers.set(TimerKind::Hold, Time(3), Seq(1), OrderId(8));
        assert_eq!(timers.next(), Some(Time(3)));
        assert_eq!(timers.take_due(Time(2)), None);
        let due = Due { at: Time(3), placed: Seq(1), order: OrderId(8), kind: TimerKind::Hold };
        assert_eq!(timers.take_due(Time(5)), Some(due));
        let due = Due { at: Time(5), placed: Seq(2), order: OrderId(7), kind: TimerKind::Hold };
        assert_eq!(timers.take_due(Time(5)), Some(due));
        assert_eq!(timers.next(), None);
    }
}
