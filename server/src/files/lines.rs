//! Bytes of a text file with line ends normalised to `\n`, so that lines can be counted.

use std::io::{self, BufRead, Read};

/// Passes bytes on with each of `\r\n`, `\r` and `\n` as one `\n`.
pub(super) struct PlainLines<R> {
    inner: R,
    /// The byte before the next one is a carriage return, which was passed on as `\n`.
    returned: bool,
}

impl<R: BufRead> PlainLines<R> {
    pub(super) fn new(inner: R) -> PlainLines<R> {
        PlainLines { inner, returned: false }
    }
}

impl<R: BufRead> Read for PlainLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut kept = 0;
        while kept == 0 && !buffer.is_empty() {
            let available = self.inner.fill_buf()?;
            if available.is_empty() {
                return Ok(0);
            }
            let taken = available.len().min(buffer.len());
            for byte in &available[..taken] {
                if !(self.returned && *byte == b'\n') {
                    buffer[kept] = if *byte == b'\r' { b'\n' } else { *byte };
                    kept += 1;
                }
                self.returned = *byte == b'\r';
            }
            self.inner.consume(taken);
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn line_ends_become_plain() {
        for (text, plain) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\nb", "a\nb"),
            ("", ""),
            ("\r\n\r\n", "\n\n"),
            ("a\r", "a\n"),
            ("a\rb\r\rc", "a\nb\n\nc"),
            ("\n\r\n\r", "\n\n\n"),
        ] {
            for size in [1, 2, 3, 64] {
                let mut read = String::new();
                PlainLines::new(BufReader::with_capacity(size, text.as_bytes())).read_to_string(&mut read).unwrap();
                assert_eq!(read, plain, "{text:?} in pieces of {size}");
            }
        }
    }
}
