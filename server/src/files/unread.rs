//! Columns of a file that no command reads, for those who look at rows of it later.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::columns::TableKind;
use super::fault::FileFault;
use super::flags::Reading;
use super::sheet::Sheet;

/// Columns besides those that a command knows, with their cells in some rows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Unread {
    /// Their headers.
    pub headers: Vec<String>,
    /// Their cells by line, in the order of the headers.
    pub cells: HashMap<u64, Vec<String>>,
}

impl Unread {
    /// Reads a file again for the rows that begin on these lines. Columns with a name of `own` are left out, whatever they
    /// hold.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(
        path: &Path,
        (kind, reading): (&TableKind, &Reading),
        own: &[&str],
        lines: &HashSet<u64>,
    ) -> Result<Unread, FileFault> {
        let mut sheet = Sheet::open(path, kind, reading)?;
        let unread = sheet.unread(kind, own);
        let mut cells = HashMap::new();
        while cells.len() < lines.len() && sheet.take_row()? {
            let row = sheet.row();
            if lines.contains(&row.line) {
                cells.insert(row.line, unread.iter().map(|(place, _)| row.written(*place).to_owned()).collect());
            }
        }
        Ok(Unread { headers: unread.into_iter().map(|(_, header)| header).collect(), cells })
    }
}
