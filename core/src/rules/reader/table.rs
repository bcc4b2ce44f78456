//! TOML tables: opening them, checking their keys, and taking values out of them.

use toml::de::{DeTable, DeValue};

use super::closest::did_you_mean;
use super::error::{Fault, FileError};
use super::source::{At, Source};

/// One table of a file, or the file itself. Its keys are checked when it is opened; each value is taken out once.
pub(crate) struct Table<'s, 'i> {
    source: &'s Source<'i>,
    name: Name,
    line: u32,
    entries: DeTable<'i>,
}

/// What a table is called in errors.
#[derive(Clone, Copy)]
enum Name {
    File,
    One(&'static str),
    Listed(&'static str),
}

impl Name {
    /// The key of the table; `None` for the file itself.
    fn key(self) -> Option<&'static str> {
        match self {
            Name::File => None,
            Name::One(key) | Name::Listed(key) => Some(key),
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Name::File => f.write_str("the file"),
            Name::One(key) => write!(f, "[{key}]"),
            Name::Listed(key) => write!(f, "[[{key}]]"),
        }
    }
}

impl<'s, 'i> Table<'s, 'i> {
    /// The whole file as a table with any of the `known` keys. A byte order mark is skipped.
    pub(crate) fn root(source: &'s Source<'i>, known: &[&[&str]]) -> Result<Table<'s, 'i>, FileError> {
        let entries = DeTable::parse(source.text()).map_err(|e| {
            let line = e.span().map_or(0, |span| source.line(span.start));
            FileError::at(line, Fault::Syntax, format!("this is not TOML: {}", e.message()))
        })?;
        let table = Table { source, name: Name::File, line: 1, entries: entries.into_inner() };
        table.refuse_unknown(known)?;
        Ok(table)
    }

    /// The line at which the table begins.
    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    /// Reads the table `[key]` with any of the `known` keys, if there is one.
    pub(crate) fn one<T>(
        &mut self,
        key: &'static str,
        known: &[&[&str]],
        read: impl FnOnce(Table<'s, 'i>) -> Result<T, FileError>,
    ) -> Result<Option<T>, FileError> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let table = self.open(Name::One(key), value, line, known)?;
        read(table).map(Some)
    }

    /// Reads every `[[key]]` with any of the `known` keys, in file order; `None` when there is neither one nor
    /// `key = []`.
    pub(crate) fn each<T>(
        &mut self,
        key: &'static str,
        known: &[&[&str]],
        read: impl FnMut(Table<'s, 'i>) -> Result<T, FileError>,
    ) -> Result<Option<Vec<T>>, FileError> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let name = Name::Listed(key);
        let DeValue::Array(array) = value else {
            let found = value.type_str();
            let reason = format!("`{key}` is a {found}, it should be a list of tables, each headed {name}");
            return Err(FileError::at(line, Fault::WrongType { key }, reason));
        };
        let open = array.into_iter().map(|entry| {
            let line = self.source.line(entry.span().start);
            self.open(name, entry.into_inner(), line, known)
        });
        let tables: Vec<_> = open.collect::<Result<_, _>>()?;
        tables.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// Unwraps the value of a key that must not be left out.
    pub(crate) fn required<T>(&self, key: &'static str, value: Option<T>) -> Result<T, FileError> {
        value.ok_or_else(|| {
            let reason = format!("{} has no `{key}`, it needs one", self.name);
            FileError::at(self.line, Fault::MissingKey { key }, reason)
        })
    }

    /// Takes the value of a key out of the table.
    pub(super) fn take(&mut self, key: &'static str) -> Option<At<DeValue<'i>>> {
        let value = self.entries.remove(key)?;
        Some(At { line: self.source.line(value.span().start), value: value.into_inner() })
    }

    /// The file the table is part of.
    pub(super) fn source(&self) -> &'s Source<'i> {
        self.source
    }

    /// A fault of a key of this table.
    pub(super) fn bad(&self, key: &str, line: u32, fault: Fault, reason: &dyn std::fmt::Display) -> FileError {
        FileError::at(line, fault, format!("`{key}` of {}: {reason}", self.name))
    }

    fn open(&self, name: Name, value: DeValue<'i>, line: u32, known: &[&[&str]]) -> Result<Table<'s, 'i>, FileError> {
        let DeValue::Table(entries) = value else {
            let reason = format!("{name} should be a table, this is a {}", value.type_str());
            return Err(FileError::at(line, Fault::WrongType { key: name.key().unwrap_or_default() }, reason));
        };
        let table = Table { source: self.source, name, line, entries };
        table.refuse_unknown(known)?;
        Ok(table)
    }

    fn refuse_unknown(&self, known: &[&[&str]]) -> Result<(), FileError> {
        let is_known = |key: &str| known.iter().any(|keys| keys.contains(&key));
        let unknown = self.entries.keys().filter(|key| !is_known(key.get_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let line = self.source.line(key.span().start);
        let key = key.get_ref().as_ref();
        let known = known.concat();
        let meant = did_you_mean(key, known.iter().copied());
        let reason = format!("{} has no key `{key}`{meant} (it may have {})", self.name, known.join(", "));
        Err(FileError::at(line, Fault::UnknownKey { table: self.name.key(), key: key.to_owned() }, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Vec<u32>>, FileError> {
        let source = Source::new(text)?;
        let mut file = Table::root(&source, &[&["thing"], &["other"]])?;
        file.each("thing", &[&["size"]], |mut table| {
            let size = table.number("size", 10)?;
            Ok(table.required("size", size)?.value)
        })
    }

    #[test]
    fn a_list_that_is_empty_differs_from_none() {
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("thing = []").unwrap(), Some(vec![]));
        assert_eq!(read("[[thing]]\nsize = 3\n[[thing]]\nsize = 0x0a").unwrap(), Some(vec![3, 10]));
    }

    #[test]
    fn faults_have_a_kind_and_a_line() {
        let unknown = |table, key: &str| Fault::UnknownKey { table, key: key.to_owned() };
        for (text, line, fault) in [
            ("thing = ", 1, Fault::Syntax),
            ("\nthin = 1", 2, unknown(None, "thin")),
            ("[[thing]]\nsize = 1\n[[thing]]\nsise = 1", 4, unknown(Some("thing"), "sise")),
            ("[[thing]]\n[[thing]]\nsise = 1", 3, unknown(Some("thing"), "sise")),
            ("[thing]\nsize = 1", 1, Fault::WrongType { key: "thing" }),
            ("thing = [1]", 1, Fault::WrongType { key: "thing" }),
            ("\n[[thing]]", 2, Fault::MissingKey { key: "size" }),
            ("[[thing]]\nsize = \"1\"", 2, Fault::WrongType { key: "size" }),
            ("[[thing]]\nsize = 11", 2, Fault::OutOfBounds { key: "size" }),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &fault), "{text}: {error}");
        }
    }
}
