//! Stored instances as text.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// Reads a text file; a name that ends in `.gz` is decompressed.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let fault = |error: io::Error| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(fault)?;
    let mut text = String::new();
    let read = if path.extension().is_some_and(|kind| kind == "gz") {
        Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut text)
    } else {
        Read::read_to_string(&mut bytes.as_slice(), &mut text)
    };
    read.map_err(fault)?;
    Ok(text)
}
