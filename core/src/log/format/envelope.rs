//! The bytes of an event, the same in every journal.

use crate::codec::{CodecError, decode_whole, encode_onto};
use crate::event::Envelope;

/// Appends an envelope in the journal's form to a buffer that can be used again and again.
///
/// # Errors
/// When it has no form; the buffer is then as it was.
pub fn encode_envelope(envelope: &Envelope, out: &mut Vec<u8>) -> Result<(), CodecError> {
    encode_onto(envelope, out)
}

/// Reads the envelope that fills `bytes` from first to last.
///
/// # Errors
/// When they are anything else.
pub fn decode_envelope(bytes: &[u8]) -> Result<Envelope, CodecError> {
    decode_whole(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::event::{Cause, Event};
    use crate::ids::{Code, OrderId};
    use crate::time::Time;

    fn envelope() -> Envelope {
        Envelope {
            actor: Actor::Named(Code::new("web").unwrap()),
            arrived: Time(1_000_000),
            occurred: None,
            cause: Cause::Order,
            event: Event::OrderExpired(crate::event::OrderExpired { order: OrderId(7), moves: Vec::new() }),
        }
    }

    #[test]
    fn an_envelope_comes_back_and_the_buffer_is_appended_to() {
        let mut out = vec![0xEE];
        encode_envelope(&envelope(), &mut out).unwrap();
        assert_eq!(out[0], 0xEE);
        assert_eq!(decode_envelope(&out[1..]).unwrap(), envelope());
    }

    #[test]
    fn an_envelope_has_these_bytes_for_ever() {
        let mut out = Vec::new();
        encode_envelope(&envelope(), &mut out).unwrap();
        // Named, length 3, "web"; 1,000,000 as u32; no time of occurrence; the order itself; kind 44; order 7; no moves.
        let golden = [1, 3, b'w', b'e', b'b', 252, 0x40, 0x42, 0x0F, 0, 0, 0, 44, 7, 0];
        assert_eq!(out, golden);
    }

    #[test]
    fn trailing_and_missing_bytes_are_refused() {
        let mut out = Vec::new();
        encode_envelope(&envelope(), &mut out).unwrap();
        for cut in 0..out.len() {
            assert!(matches!(decode_envelope(&out[..cut]), Err(CodecError::Decode(_))), "{cut} bytes");
        }
        out.push(0);
        assert!(matches!(decode_envelope(&out), Err(CodecError::TrailingBytes(1))));
    }
}
