//! What stands at the head of every event, and the most frequent events, in bytes, each written in one piece. The form is
//! that which bincode derives from the fields, and from which they are read.

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use super::order::{OrderCancelled, OrderExpired, OrderPaid, OrderPlaced, SubStepped};
use super::{Cause, Envelope};
use crate::numbers::Numbers;
use crate::stock::{InOnePiece, put_moves};

impl Encode for Envelope {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let Envelope { actor, arrived, occurred, cause, event } = self;
        let mut numbers = Numbers::new(encoder);
        actor.put(&mut numbers);
        numbers.put(arrived.0);
        numbers.put_option(*occurred, |numbers, occurred| numbers.put(occurred.0));
        put_cause(&mut numbers, cause);
        numbers.finish()?;
        event.encode(encoder)
    }
}

fn put_cause<E: Encoder>(numbers: &mut Numbers<'_, E>, cause: &Cause) {
    match cause {
        Cause::Order => numbers.put(0u32),
        Cause::Deadline => numbers.put(1u32),
        Cause::Key { key, digest } => {
            numbers.put(2u32);
            numbers.put_code(key);
            numbers.put_digest(*digest);
        }
        Cause::Promise => numbers.put(3u32),
    }
}

impl Encode for OrderPlaced {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let OrderPlaced {
            order,
            channel,
            number,
            digest,
            zone,
            customer,
            carrier,
            ship_complete,
            max_parcels,
            hold,
            decision,
        } = self;
        let mut numbers = Numbers::new(encoder);
        numbers.put(order.0);
        numbers.put(channel.0);
        numbers.put_code(number);
        numbers.put_digest(*digest);
        numbers.put_option(zone.as_ref(), Numbers::put_code);
        numbers.put_option(customer.as_ref(), Numbers::put_code);
        numbers.put_option(*carrier, |numbers, carrier| numbers.put(carrier.0));
        numbers.put_bool(*ship_complete);
        numbers.put_option(*max_parcels, Numbers::put);
        numbers.put(hold.0);
        decision.put(&mut numbers);
        numbers.finish()
    }
}

impl Encode for OrderPaid {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let OrderPaid { order, moves, payment } = self;
        let mut numbers = Numbers::new(encoder);
        numbers.put(order.0);
        put_moves(&mut numbers, moves);
        numbers.put_option(payment.reference.as_ref(), Numbers::put_code);
        numbers.put_option(payment.amount, |numbers, amount| numbers.put_signed(amount.0));
        numbers.finish()
    }
}

impl Encode for OrderExpired {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let OrderExpired { order, moves } = self;
        let mut numbers = Numbers::new(encoder);
        numbers.put(order.0);
        put_moves(&mut numbers, moves);
        numbers.finish()
    }
}

impl Encode for OrderCancelled {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let OrderCancelled { order, takes, review, moves, waiting, reason } = self;
        order.encode(encoder)?;
        takes.encode(encoder)?;
        review.encode(encoder)?;
        InOnePiece(moves).encode(encoder)?;
        waiting.encode(encoder)?;
        reason.encode(encoder)
    }
}

impl Encode for SubStepped {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let SubStepped { order, sub, step, weight_g, waybill, stage, moves } = self;
        order.encode(encoder)?;
        sub.encode(encoder)?;
        step.encode(encoder)?;
        weight_g.encode(encoder)?;
        waybill.encode(encoder)?;
        stage.encode(encoder)?;
        InOnePiece(moves).encode(encoder)
    }
}
