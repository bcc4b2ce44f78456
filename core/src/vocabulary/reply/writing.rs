//! A plan in bytes, written in one piece: every order is answered with one. The form is that which bincode derives from
//! the fields, and from which they are read.

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use super::{PlanView, SubLineView, SubOrderView};
use crate::decision::{put_kind, put_parts};
use crate::numbers::Numbers;

impl Encode for PlanView {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let PlanView { rules_version, cost, score, bound, proven, sub_orders } = self;
        let mut numbers = Numbers::new(encoder);
        numbers.put(rules_version.0);
        numbers.put_signed(cost.0);
        numbers.put_signed(score.0);
        numbers.put_signed(bound.0);
        numbers.put_bool(*proven);
        numbers.put_len(sub_orders.len());
        sub_orders.iter().for_each(|sub| put_sub(&mut numbers, sub));
        numbers.finish()
    }
}

impl Encode for SubOrderView {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut numbers = Numbers::new(encoder);
        put_sub(&mut numbers, self);
        numbers.finish()
    }
}

fn put_sub<E: Encoder>(numbers: &mut Numbers<'_, E>, sub: &SubOrderView) {
    let SubOrderView { no, warehouse, carrier, kind, hours, weight_g, cost, parts, lines } = sub;
    numbers.put(no.0);
    numbers.put_code(warehouse);
    numbers.put_code(carrier);
    put_kind(numbers, *kind);
    numbers.put(*hours);
    numbers.put(*weight_g);
    numbers.put_signed(cost.0);
    put_parts(numbers, parts);
    numbers.put_len(lines.len());
    for SubLineView { sku, units, pool } in lines {
        numbers.put_code(sku);
        numbers.put(units.0);
        numbers.put_code(pool);
    }
}
