//! What a file is: text (plain or gzip, in some encoding), a workbook, or something else that is named.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use encoding_rs::Encoding;
use flate2::bufread::MultiGzDecoder;

use super::decoded::Decoded;
use super::fault::FileFault;
use super::lines::PlainLines;

const BUFFER: usize = 1 << 16;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";

/// An open file.
pub(super) enum Source {
    /// Text in UTF-8, with `\n` as line end.
    Text(Box<dyn BufRead + Send>),
    /// A ZIP archive, as workbooks are.
    Archive,
}

/// Opens a file. Its byte order mark, if it has one, prevails over `encoding`; without either it is UTF-8.
pub(super) fn open(path: &Path, encoding: Option<&'static Encoding>) -> Result<Source, FileFault> {
    let unreadable = |e: io::Error| FileFault::whole(path, format!("cannot be read: {e}"));
    if path == Path::new("-") {
        let reason = "would be the standard input, which is not read, because a file is read more than once: write it to a \
                      file and name that (a file that is called `-` is `./-`)";
        return Err(FileFault::whole(path, reason));
    }
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(unreadable)?);
    let packed = file.fill_buf().map_err(unreadable)?.starts_with(GZIP);
    let mut input: Box<dyn BufRead + Send> = match packed {
        true => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file))),
        false => Box::new(file),
    };
    let start = input.fill_buf().map_err(unreadable)?;
    if start.starts_with(ZIP) && !packed {
        return Ok(Source::Archive);
    }
    if let Some(what) = stranger(start) {
        return Err(FileFault::whole(path, what));
    }
    let marked = Encoding::for_bom(start).map(|(encoding, _)| encoding);
    if marked.or(encoding).is_none()
        && let Some(name) = unmarked_utf16(start)
    {
        let reason = format!("looks like UTF-16 without a byte order mark: say --encoding {name}");
        return Err(FileFault::whole(path, reason));
    }
    let text: Box<dyn Read + Send> = match marked.or(encoding).unwrap_or(encoding_rs::UTF_8) {
        // Cells are checked one by one, so that a fault has a place.
        utf8 if utf8 == encoding_rs::UTF_8 => {
            input.consume(if marked.is_some() { 3 } else { 0 });
            Box::new(PlainLines::new(input))
        }
        other => {
            let decoded = Decoded::new(input, other);
            Box::new(PlainLines::new(BufReader::with_capacity(BUFFER, decoded)))
        }
    };
    Ok(Source::Text(Box::new(BufReader::with_capacity(BUFFER, text))))
}

/// What a file is that is no table, by how it begins.
fn stranger(start: &[u8]) -> Option<&'static str> {
    const TELLING: [(&[u8], &str); 6] = [
        (&[0xd0, 0xcf, 0x11, 0xe0], "is a workbook of old Excel (.xls): save it as .xlsx or CSV"),
        (ZIP, "is a compressed ZIP archive: unpack it"),
        (b"%PDF", "is a PDF: export the table as CSV or .xlsx"),
        (b"<", "is HTML or XML, whatever its name says: open it in a spreadsheet and save it as CSV or .xlsx"),
        (b"{", "is JSON: export the table as CSV or .xlsx"),
        (b"[", "is JSON: export the table as CSV or .xlsx"),
    ];
    let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(start).trim_ascii_start();
    TELLING.iter().find(|(sign, _)| text.starts_with(sign)).map(|(_, what)| *what)
}

/// The flavour of UTF-16 of a text that begins with two plain characters in it.
fn unmarked_utf16(start: &[u8]) -> Option<&'static str> {
    match start {
        [0, high, 0, next, ..] if *high != 0 && *next != 0 => Some("utf-16be"),
        [low, 0, next, 0, ..] if *low != 0 && *next != 0 => Some("utf-16le"),
        _ => None,
    }
}
