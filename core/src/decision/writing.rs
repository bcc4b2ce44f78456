//! A decision in bytes: the largest part of the most frequent event, so it is written in one piece. The form is that
//! which bincode derives from the fields, and from which they are read.

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use super::{CostParts, Decision, PlannedLine, PlannedSub, PriceSeen, SeenLine, SubKind};
use crate::numbers::Numbers;

impl Encode for Decision {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut numbers = Numbers::new(encoder);
        self.put(&mut numbers);
        numbers.finish()
    }
}

impl Decision {
    /// Writes it among other numbers.
    pub(crate) fn put<E: Encoder>(&self, numbers: &mut Numbers<'_, E>) {
        let Decision { rules_version, score, bound, subs, seen, prices } = self;
        numbers.put(rules_version.0);
        numbers.put_signed(score.0);
        numbers.put_signed(bound.0);
        numbers.put_len(subs.len());
        subs.iter().for_each(|sub| put_sub(numbers, sub));
        numbers.put_len(seen.len());
        seen.iter().for_each(|line| put_seen(numbers, line));
        numbers.put_len(prices.len());
        for PriceSeen { sku, warehouse, micros } in prices {
            numbers.put(sku.0);
            numbers.put(warehouse.0);
            numbers.put_signed(*micros);
        }
    }
}

fn put_sub<E: Encoder>(numbers: &mut Numbers<'_, E>, sub: &PlannedSub) {
    let PlannedSub { warehouse, carrier, kind, hours, weight_g, parts, from_supplier, lines } = sub;
    numbers.put(warehouse.0);
    numbers.put(carrier.0);
    put_kind(numbers, *kind);
    numbers.put(*hours);
    numbers.put(*weight_g);
    put_parts(numbers, parts);
    numbers.put_bool(*from_supplier);
    numbers.put_len(lines.len());
    for PlannedLine { sku, pool, units } in lines {
        numbers.put(sku.0);
        numbers.put(pool.0);
        numbers.put(units.0);
    }
}

pub(crate) fn put_kind<E: Encoder>(numbers: &mut Numbers<'_, E>, kind: SubKind) {
    match kind {
        SubKind::Regular => numbers.put(0u32),
        SubKind::Presale(day) => {
            numbers.put(1u32);
            numbers.put(day.0);
        }
    }
}

pub(crate) fn put_parts<E: Encoder>(numbers: &mut Numbers<'_, E>, parts: &CostParts) {
    let CostParts { parcel, unit, first_kg, further_kg } = parts;
    [parcel, unit, first_kg, further_kg].iter().for_each(|money| numbers.put_signed(money.0));
}

fn put_seen<E: Encoder>(numbers: &mut Numbers<'_, E>, line: &SeenLine) {
    let SeenLine { sku, wanted, full, full_beyond, partial } = line;
    numbers.put(sku.0);
    numbers.put(wanted.0);
    numbers.put(*full);
    numbers.put_len(full_beyond.len());
    full_beyond.iter().for_each(|warehouse| numbers.put(warehouse.0));
    numbers.put_len(partial.len());
    for (warehouse, units) in partial {
        numbers.put(warehouse.0);
        numbers.put(units.0);
    }
}
