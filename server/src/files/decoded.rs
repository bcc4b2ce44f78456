//! Text in any encoding, passed on as UTF-8.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// Bytes decoded at once.
const STEP: usize = 1 << 16;
/// Stands for bytes that mean nothing in the encoding; no UTF-8 contains it, so the cell that holds it is refused.
const MEANINGLESS: u8 = 0xff;

/// Decodes what another reader gives.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    text: Vec<u8>,
    /// How much of the text is passed on.
    at: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Decoded<R> {
        let decoder = encoding.new_decoder_with_bom_removal();
        Decoded { inner, decoder, text: Vec::new(), at: 0, ended: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        self.at = 0;
        self.text.resize(STEP, 0);
        let bytes = self.inner.fill_buf()?;
        let last = bytes.is_empty();
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
        self.inner.consume(read);
        self.text.truncate(written);
        match result {
            DecoderResult::InputEmpty => self.ended = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => self.text.push(MEANINGLESS),
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.ended {
            self.decode()?;
        }
        let taken = buffer.len().min(self.text.len() - self.at);
        buffer[..taken].copy_from_slice(&self.text[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn decoded(bytes: &[u8], encoding: &'static Encoding, piece: usize) -> Vec<u8> {
        let mut text = Vec::new();
        Decoded::new(BufReader::with_capacity(piece, bytes), encoding).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn text_is_decoded_in_pieces_of_any_size() {
        let text = "订单,红色T恤,2\n";
        let gbk = encoding_rs::GBK.encode(text).0;
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for piece in [1, 2, 3, 7, 4_096] {
            assert_eq!(decoded(&gbk, encoding_rs::GBK, piece), text.as_bytes());
            assert_eq!(decoded(&utf16, encoding_rs::UTF_16LE, piece), text.as_bytes());
        }
        assert_eq!(decoded(b"caf\xe9", encoding_rs::WINDOWS_1252, 2), "caf\u{e9}".as_bytes());
    }

    #[test]
    fn meaningless_bytes_leave_a_mark_and_lose_nothing() {
        assert_eq!(decoded(b"a,\x80\xff,b", encoding_rs::GB18030, 1).last(), Some(&b'b'));
        assert!(String::from_utf8(decoded(b"a,\xff,b", encoding_rs::GB18030, 3)).is_err());
    }
}
