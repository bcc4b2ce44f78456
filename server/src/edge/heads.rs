//! The bytes of a connection's requests, watched for what the parser lets pass.

/// Follows the heads of requests: a line of a head ends with a carriage return and a line feed. A line feed alone is
/// read in two ways by two programs, which is how requests are smuggled past a proxy.
#[derive(Debug, Default)]
pub(super) struct Heads {
    at: At,
    /// A line ended with a line feed alone, or the length of a body cannot be read.
    odd: bool,
}

#[derive(Debug)]
enum At {
    Head(Head),
    /// Bytes of a body that are still to come.
    Body(u64),
    /// Behind a body without a length. The connection ends after the answer to that request.
    Blind,
}

#[derive(Debug, Default)]
struct Head {
    /// The line so far, in lower case and not beyond what matters here.
    line: Vec<u8>,
    begun: bool,
    length: u64,
    chunked: bool,
}

impl Default for At {
    fn default() -> At {
        At::Head(Head::default())
    }
}

impl Heads {
    /// Takes the bytes that arrived.
    pub(super) fn saw(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            match &mut self.at {
                At::Body(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= taken as u64;
                    bytes = &bytes[taken..];
                    if *left == 0 {
                        self.at = At::default();
                    }
                    continue;
                }
                At::Head(head) if *byte == b'\n' => {
                    let (next, odd) = head.end_line();
                    self.odd |= odd;
                    if let Some(next) = next {
                        self.at = next;
                    }
                }
                At::Head(head) if head.line.len() < LINE_BYTES => head.line.push(byte.to_ascii_lowercase()),
                // Only whether the line ends as it should matters behind that.
                At::Head(head) => head.line[LINE_BYTES - 1] = *byte,
                At::Blind => return,
            }
            bytes = rest;
        }
    }

    /// Whether a head was not as it should be.
    pub(super) fn is_odd(&self) -> bool {
        self.odd
    }
}

impl Head {
    /// What follows if this line ended the head, and whether the line was odd.
    fn end_line(&mut self) -> (Option<At>, bool) {
        let mut line = std::mem::take(&mut self.line);
        let cut = line.len() == LINE_BYTES;
        let mut odd = line.pop_if(|last| *last == b'\r').is_none();
        if !line.is_empty() {
            self.begun = true;
            if let Some(length) = line.strip_prefix(b"content-length:") {
                let length = std::str::from_utf8(length).ok().and_then(|length| length.trim().parse().ok());
                odd |= length.is_none() || cut;
                self.length = length.unwrap_or(0);
            }
            self.chunked |= line.starts_with(b"transfer-encoding:");
            return (None, odd);
        }
        let next = match (self.begun, self.chunked, self.length) {
            // Empty lines before a request are passed over.
            (false, ..) => None,
            (true, true, _) => Some(At::Blind),
            (true, false, 0) => Some(At::default()),
            (true, false, length) => Some(At::Body(length)),
        };
        (next, odd)
    }
}

/// Bytes of a line that are looked at.
const LINE_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_odd(requests: &str) -> bool {
        let mut whole = Heads::default();
        whole.saw(requests.as_bytes());
        let mut by_byte = Heads::default();
        requests.as_bytes().chunks(1).for_each(|byte| by_byte.saw(byte));
        assert_eq!(whole.is_odd(), by_byte.is_odd());
        whole.is_odd()
    }

    #[test]
    fn a_bare_line_feed_is_seen_in_heads_and_not_in_bodies() {
        let long = "x".repeat(200);
        let post = |body: &str| format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        assert!(!is_odd(&format!("\r\nGET / HTTP/1.1\r\na: {long}\r\n\r\n{}GET / HTTP/1.1\r\n\r\n", post("{\n\n}\n"))));
        assert!(is_odd("GET / HTTP/1.1\na: b\r\n\r\n"));
        assert!(is_odd("GET / HTTP/1.1\r\na: b\n\r\n"));
        assert!(is_odd(&format!("GET / HTTP/1.1\r\na: {long}\n\r\n")));
        assert!(is_odd("GET / HTTP/1.1\r\na: b\r\n\n"));
        assert!(is_odd(&format!("{}GET / HTTP/1.1\n\r\n", post("{}"))));
        assert!(is_odd("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n"));
        assert!(is_odd(&format!("POST / HTTP/1.1\r\ncontent-length: {}5\r\n\r\n", "0".repeat(60))));
        assert!(!is_odd("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{\n\r\n0\r\n\r\n"));
    }
}
