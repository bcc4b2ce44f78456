//! What happened to an order after it was placed, and what its commands were answered.
//!
//! Every command adds to it and reads hardly any of it, so that it stays in the form in which it is kept: one thing behind
//! the other as bytes, answers and moments apart. Of the answers of a long trail there is an index, so that a command that is
//! repeated on and on, each time under a new key, does not make every later command slower.

use std::collections::BTreeMap;

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::Actor;
use crate::heap::{Heap, tree};
use crate::ids::{Code, RefundNo, Seq, SubNo};
use crate::orders::packed::{READABLE, Reader, Writer};
use crate::orders::{Change, Memo, Moment, RefundReason, Stage, Step, What};
use crate::time::Time;
use crate::units::Units;

/// Answers that are looked through one by one.
const SCANNED: u32 = 128;

/// What happened to an order, and what its commands were answered.
#[derive(Clone, Default)]
pub(super) struct Trail {
    answers: Things,
    moments: Things,
    /// Where the last moment begins, if it was written since the trail was read.
    last: usize,
    /// Where answers begin, once there are more than [`SCANNED`].
    index: Index,
}

/// Things one behind the other.
#[derive(Clone, PartialEq, Eq, Default, Encode)]
struct Things {
    bytes: Vec<u8>,
    count: u32,
}

/// Where answers begin.
#[derive(Clone, Default)]
struct Index {
    by_key: BTreeMap<Code, usize>,
    in_order: Vec<usize>,
}

/// The placing of an order: what its trail tells the difference to.
#[derive(Clone, Copy)]
pub(super) struct Placing<'a> {
    pub seq: Seq,
    pub at: Time,
    pub by: &'a Actor,
}

impl Things {
    fn add(&mut self, put: impl FnOnce(&mut Writer)) {
        let mut writer = Writer::new();
        put(&mut writer);
        self.bytes.extend_from_slice(writer.written());
        self.count += 1;
    }

    fn put(&self, to: &mut Writer) {
        to.number(self.count);
        to.number(self.bytes.len() as u64);
        to.raw(&self.bytes);
    }

    fn take(from: &mut Reader<'_>) -> Option<Things> {
        let count = from.u32()?;
        let len = usize::try_from(from.number()?).ok()?;
        Some(Things { bytes: from.raw(len)?.to_vec(), count })
    }
}

impl Trail {
    /// How many answers are remembered.
    pub fn answers(&self) -> usize {
        self.answers.count as usize
    }

    /// How many moments there are.
    pub fn moments(&self) -> usize {
        self.moments.count as usize
    }

    /// Remembers an answer.
    pub fn remember(&mut self, memo: &Memo<Change>, placing: Placing<'_>) {
        let at = self.answers.bytes.len();
        self.answers.add(|to| put_memo(to, memo, placing));
        match self.answers.count {
            0..=SCANNED => {}
            _ if self.index.in_order.is_empty() => {
                let mut index = Index::default();
                for (at, memo) in self.placed(placing) {
                    index.add(memo.key, at);
                }
                self.index = index;
            }
            _ => self.index.add(memo.key.clone(), at),
        }
    }

    /// Adds a moment.
    pub fn note(&mut self, moment: &Moment, placing: Placing<'_>) {
        self.last = self.moments.bytes.len();
        self.moments.add(|to| put_moment(to, moment, placing));
    }

    /// Gives the moment that was just added a reason.
    pub fn explain(&mut self, reason: Option<&str>, placing: Placing<'_>) {
        let last = take_moment(&mut Reader::new(&self.moments.bytes[self.last..]), placing).expect(READABLE);
        self.moments.bytes.truncate(self.last);
        self.moments.count -= 1;
        self.note(&Moment { reason: reason.map(Box::from), ..last }, placing);
    }

    /// The answer under a key.
    pub fn memo(&self, key: &Code, placing: Placing<'_>) -> Option<Memo<Change>> {
        if self.answers.count > SCANNED {
            return Some(self.memo_at(*self.index.by_key.get(key)?, placing));
        }
        let mut reader = Reader::new(&self.answers.bytes);
        for _ in 0..self.answers.count {
            let mut there = reader;
            if there.text().expect(READABLE) == key.as_str() {
                return Some(take_memo(&mut reader, placing).expect(READABLE));
            }
            skip_memo(&mut reader).expect(READABLE);
        }
        None
    }

    /// The answer of an event.
    pub fn memo_of(&self, seq: Seq, placing: Placing<'_>) -> Option<Memo<Change>> {
        if self.answers.count > SCANNED {
            let seq_at = |at: &usize| seq_of(&mut Reader::new(&self.answers.bytes[*at..]), placing).expect(READABLE);
            let at = self.index.in_order.binary_search_by_key(&seq, seq_at).ok()?;
            return Some(self.memo_at(self.index.in_order[at], placing));
        }
        self.iter_memos(placing).find(|memo| memo.seq == seq)
    }

    /// Every answer, in the order of events.
    pub fn iter_memos<'a>(&'a self, placing: Placing<'a>) -> impl Iterator<Item = Memo<Change>> + 'a {
        self.placed(placing).map(|(_, memo)| memo)
    }

    /// Every moment, in the order of events.
    pub fn iter_moments<'a>(&'a self, placing: Placing<'a>) -> impl Iterator<Item = Moment> + 'a {
        let mut reader = Reader::new(&self.moments.bytes);
        (0..self.moments.count).map(move |_| take_moment(&mut reader, placing).expect(READABLE))
    }

    fn memo_at(&self, at: usize, placing: Placing<'_>) -> Memo<Change> {
        take_memo(&mut Reader::new(&self.answers.bytes[at..]), placing).expect(READABLE)
    }

    /// Every answer with where it begins.
    fn placed<'a>(&'a self, placing: Placing<'a>) -> impl Iterator<Item = (usize, Memo<Change>)> + 'a {
        let all = self.answers.bytes.len();
        let mut reader = Reader::new(&self.answers.bytes);
        (0..self.answers.count).map(move |_| {
            let at = all - reader.left();
            (at, take_memo(&mut reader, placing).expect(READABLE))
        })
    }

    /// Writes it as it is.
    pub fn put(&self, to: &mut Writer) {
        self.answers.put(to);
        self.moments.put(to);
    }

    /// Reads what was written. It is not looked through: what was packed can be read.
    pub fn take(from: &mut Reader<'_>) -> Option<Trail> {
        let (answers, moments) = (Things::take(from)?, Things::take(from)?);
        let is_short = answers.count <= SCANNED;
        is_short.then(|| Trail { answers, moments, last: 0, index: Index::default() })
    }
}

impl Index {
    /// Of answers under the same key the first counts, here as when they are looked through.
    fn add(&mut self, key: Code, at: usize) {
        self.by_key.entry(key).or_insert(at);
        self.in_order.push(at);
    }
}

impl Heap for Trail {
    fn heap(&self) -> usize {
        let Index { by_key, in_order } = &self.index;
        let keys: usize = by_key.keys().map(Code::heap).sum();
        let index = tree::<Code, usize>(by_key.len()) + keys + in_order.capacity() * size_of::<usize>();
        self.answers.bytes.capacity() + self.moments.bytes.capacity() + index
    }
}

impl PartialEq for Trail {
    fn eq(&self, other: &Trail) -> bool {
        self.answers == other.answers && self.moments == other.moments
    }
}

impl Eq for Trail {}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trail(answers: {}, moments: {})", self.answers(), self.moments())
    }
}

/// The same things are the same bytes, so that these can stand for them in a digest.
impl Encode for Trail {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.answers.encode(encoder)?;
        self.moments.encode(encoder)
    }
}

fn put_memo(to: &mut Writer, memo: &Memo<Change>, placing: Placing<'_>) {
    to.code(&memo.key);
    to.digest(memo.digest);
    to.since(memo.seq.0, placing.seq.0);
    put_change(to, &memo.answer);
}

fn take_memo(from: &mut Reader<'_>, placing: Placing<'_>) -> Option<Memo<Change>> {
    let (key, digest) = (from.code()?, from.digest()?);
    let seq = Seq(from.since(placing.seq.0)?);
    Some(Memo { key, digest, seq, answer: take_change(from)? })
}

/// The sequence of the answer that comes next.
fn seq_of(from: &mut Reader<'_>, placing: Placing<'_>) -> Option<Seq> {
    from.text()?;
    from.digest()?;
    from.since(placing.seq.0).map(Seq)
}

fn skip_memo(from: &mut Reader<'_>) -> Option<()> {
    from.text()?;
    from.digest()?;
    from.number()?;
    take_change(from).map(drop)
}

fn put_moment(to: &mut Writer, moment: &Moment, placing: Placing<'_>) {
    match moment.what {
        What::Arrival => to.number(0u32),
        What::Step(step) => to.number(u32::from(step as u16) << 1),
        What::Event(number) => to.number(u32::from(number) << 1 | 1),
    }
    to.option(moment.sub, |to, sub| to.number(sub.0));
    to.since(moment.seq.0, placing.seq.0);
    to.since(moment.arrived.0, placing.at.0);
    to.since(moment.occurred.0, moment.arrived.0);
    to.actor(&moment.actor, Some(placing.by));
    to.option(moment.reason.as_deref(), Writer::text);
}

fn take_moment(from: &mut Reader<'_>, placing: Placing<'_>) -> Option<Moment> {
    let what = match from.u32()? {
        0 => What::Arrival,
        event if event & 1 == 1 => What::Event(u16::try_from(event >> 1).ok()?),
        step => What::Step(Step::numbered(u16::try_from(step >> 1).ok()?)?),
    };
    let sub = from.option(Reader::u16)?.map(SubNo);
    let seq = Seq(from.since(placing.seq.0)?);
    let arrived = Time(from.since(placing.at.0)?);
    let occurred = Time(from.since(arrived.0)?);
    let actor = from.actor(Some(placing.by))?;
    let reason = from.option(Reader::text)?.map(Box::from);
    Some(Moment { seq, what, sub, occurred, arrived, actor, reason })
}

fn put_change(to: &mut Writer, change: &Change) {
    let mut put = |kind: u16, numbers: &[u64]| {
        to.number(kind);
        numbers.iter().for_each(|number| to.number(*number));
    };
    match *change {
        Change::Paid => put(0, &[]),
        Change::PaidLate { first_sub } => put(1, &[first_sub.0.into()]),
        Change::RefundDue { refund, reason } => put(2, &[refund.0.into(), reason as u64]),
        Change::Cancelled { units } => put(3, &[units.0]),
        Change::Extended { until } => put(4, &[until.0]),
        Change::Stepped { sub, stage } => put(5, &[sub.0.into(), stage as u64]),
        Change::Shorted { missing, rerouted, review } => put(6, &[missing.0, rerouted.0, review.0]),
        Change::Returned { units } => put(7, &[units.0]),
        Change::Inspected { intact, damaged } => put(8, &[intact.0, damaged.0]),
        Change::Rerouted { units } => put(9, &[units.0]),
        Change::Raised { units, first_sub } => put(10, &[units.0, first_sub.0.into()]),
        Change::Split { sub, units } => put(11, &[sub.0.into(), units.0]),
    }
}

fn take_change(from: &mut Reader<'_>) -> Option<Change> {
    let units = |from: &mut Reader<'_>| from.number().map(Units);
    Some(match from.u16()? {
        0 => Change::Paid,
        1 => Change::PaidLate { first_sub: SubNo(from.u16()?) },
        2 => Change::RefundDue {
            refund: RefundNo(from.u32()?),
            reason: *RefundReason::ALL.get(usize::from(from.u16()?))?,
        },
        3 => Change::Cancelled { units: units(from)? },
        4 => Change::Extended { until: Time(from.number()?) },
        5 => Change::Stepped { sub: SubNo(from.u16()?), stage: *Stage::ALL.get(usize::from(from.u16()?))? },
        6 => Change::Shorted { missing: units(from)?, rerouted: units(from)?, review: units(from)? },
        7 => Change::Returned { units: units(from)? },
        8 => Change::Inspected { intact: units(from)?, damaged: units(from)? },
        9 => Change::Rerouted { units: units(from)? },
        10 => Change::Raised { units: units(from)?, first_sub: SubNo(from.u16()?) },
        11 => Change::Split { sub: SubNo(from.u16()?), units: units(from)? },
        _ => return None,
    })
}
