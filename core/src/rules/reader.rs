//! Typed reading of TOML tables that knows the line of everything.
//!
//! Numbers are read from their literal text, so that `0.1` is exactly a tenth.

use toml::de::{DeTable, DeValue};

use super::closest::did_you_mean;
use super::error::FileError;
use crate::ids::Code;
use crate::limits::RULES_BYTES_MAX;
use crate::money::Money;
use crate::time::Span;

/// A file as text, with its line starts.
pub(super) struct Source<'i> {
    text: &'i str,
    line_starts: Vec<usize>,
}

impl<'i> Source<'i> {
    pub(super) fn new(text: &'i str) -> Result<Source<'i>, FileError> {
        if text.len() > RULES_BYTES_MAX {
            return Err(FileError::whole(format!(
                "the file has {} bytes, at most {RULES_BYTES_MAX} are allowed",
                text.len()
            )));
        }
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Ok(Source { text, line_starts })
    }

    /// The whole file as a table. A byte order mark is passed over.
    pub(super) fn root(&self, known: &'static [&'static str]) -> Result<Table<'_, 'i>, FileError> {
        let table = DeTable::parse(self.text).map_err(|e| {
            let line = e.span().map_or(0, |span| self.line(span.start));
            FileError::at(line, format!("this is not TOML: {}", e.message()))
        })?;
        let table = Table { source: self, name: "the file".to_owned(), line: 1, entries: table.into_inner() };
        table.refuse_unknown(known)?;
        Ok(table)
    }

    fn line(&self, offset: usize) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) line: u32,
}

/// One table of the file. Keys it may have are checked when it is opened.
pub(super) struct Table<'s, 'i> {
    source: &'s Source<'i>,
    name: String,
    line: u32,
    entries: DeTable<'i>,
}

impl<'s, 'i> Table<'s, 'i> {
    /// The line at which it begins.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// Takes the table `[name]`, if there is one.
    pub(super) fn table(
        &mut self,
        name: &'static str,
        known: &'static [&'static str],
    ) -> Result<Option<Table<'s, 'i>>, FileError> {
        let Some(At { value, line }) = self.take(name) else { return Ok(None) };
        self.open(format!("[{name}]"), value, line, known).map(Some)
    }

    /// Takes every `[[name]]` in file order; `None` when there is neither one nor `name = []`.
    pub(super) fn tables(
        &mut self,
        name: &'static str,
        known: &'static [&'static str],
    ) -> Result<Option<Vec<Table<'s, 'i>>>, FileError> {
        let Some(At { value, line }) = self.take(name) else { return Ok(None) };
        let title = format!("[[{name}]]");
        let DeValue::Array(array) = value else {
            return Err(FileError::at(
                line,
                format!("`{name}` is a {}, it should be a list of tables, each headed {title}", value.type_str()),
            ));
        };
        let tables = array.into_iter().map(|entry| {
            let line = self.source.line(entry.span().start);
            self.open(title.clone(), entry.into_inner(), line, known)
        });
        tables.collect::<Result<_, _>>().map(Some)
    }

    /// Takes a text.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<At<String>>, FileError> {
        self.typed(key, "a text in quotes", |value| match value {
            DeValue::String(text) => Some(text.into_owned()),
            _ => None,
        })
    }

    /// Takes a code.
    pub(super) fn code(&mut self, key: &'static str) -> Result<Option<At<Code>>, FileError> {
        let Some(At { value, line }) = self.text(key)? else { return Ok(None) };
        let value = self.to_code(key, &value, line)?;
        Ok(Some(At { value, line }))
    }

    /// Takes a list of codes.
    pub(super) fn codes(&mut self, key: &'static str) -> Result<Option<At<Vec<Code>>>, FileError> {
        let Some(At { value: list, line }) = self.list(key)? else { return Ok(None) };
        let codes = list.into_iter().map(|At { value, line }| match value {
            DeValue::String(text) => self.to_code(key, &text, line),
            other => Err(self.wrong(key, line, "a list of texts in quotes", &other)),
        });
        Ok(Some(At { value: codes.collect::<Result<_, _>>()?, line }))
    }

    /// Takes a list of whole numbers.
    pub(super) fn numbers(&mut self, key: &'static str, max: u32) -> Result<Option<At<Vec<u32>>>, FileError> {
        let Some(At { value: list, line }) = self.list(key)? else { return Ok(None) };
        let numbers = list.into_iter().map(|At { value, line }| self.to_number(key, &value, line, max));
        Ok(Some(At { value: numbers.collect::<Result<_, _>>()?, line }))
    }

    /// Takes a whole number from 0 to `max`.
    pub(super) fn number(&mut self, key: &'static str, max: u32) -> Result<Option<At<u32>>, FileError> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let value = self.to_number(key, &value, line, max)?;
        Ok(Some(At { value, line }))
    }

    /// Takes yes or no.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<At<bool>>, FileError> {
        self.typed(key, "true or false", |value| match value {
            DeValue::Boolean(flag) => Some(flag),
            _ => None,
        })
    }

    /// Takes a decimal between two bounds as millionths, from a number or a text.
    pub(super) fn micros(&mut self, key: &'static str, min: i64, max: i64) -> Result<Option<At<i64>>, FileError> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let text = match &value {
            DeValue::String(text) => text.as_ref(),
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            other => return Err(self.wrong(key, line, "a number like 12.34 or the same in quotes", other)),
        };
        let micros = text.strip_prefix('+').unwrap_or(text).parse::<Money>().map_err(|e| self.bad(key, line, &e))?;
        if micros.0 < min || micros.0 > max {
            let (min, max) = (Money(min), Money(max));
            return Err(self.bad(key, line, &format!("{micros} is out of bounds, write {min} to {max}")));
        }
        Ok(Some(At { value: micros.0, line }))
    }

    /// Takes a length of time.
    pub(super) fn span(&mut self, key: &'static str) -> Result<Option<At<Span>>, FileError> {
        let Some(At { value, line }) = self.text(key)? else { return Ok(None) };
        let value = value.parse().map_err(|e| self.bad(key, line, &e))?;
        Ok(Some(At { value, line }))
    }

    /// Unwraps what must not be left out.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, FileError> {
        value.ok_or_else(|| FileError::at(self.line, format!("{} has no `{key}`, it needs one", self.name)))
    }

    fn open(
        &self,
        name: String,
        value: DeValue<'i>,
        line: u32,
        known: &'static [&'static str],
    ) -> Result<Table<'s, 'i>, FileError> {
        let DeValue::Table(entries) = value else {
            let reason = format!("{name} should be a table, this is a {}", value.type_str());
            return Err(FileError::at(line, reason));
        };
        let table = Table { source: self.source, name, line, entries };
        table.refuse_unknown(known)?;
        Ok(table)
    }

    fn refuse_unknown(&self, known: &'static [&'static str]) -> Result<(), FileError> {
        let unknown = self.entries.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let line = self.source.line(key.span().start);
        let key = key.get_ref().as_ref();
        let meant = did_you_mean(key, known.iter().copied());
        let list = known.join(", ");
        Err(FileError::at(line, format!("{} has no key `{key}`{meant} (it may have {list})", self.name)))
    }

    fn take(&mut self, key: &'static str) -> Option<At<DeValue<'i>>> {
        let value = self.entries.remove(key)?;
        Some(At { line: self.source.line(value.span().start), value: value.into_inner() })
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        pick: impl FnOnce(DeValue<'i>) -> Option<T>,
    ) -> Result<Option<At<T>>, FileError> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let found = value.type_str();
        match pick(value) {
            Some(value) => Ok(Some(At { value, line })),
            None => Err(self.bad(key, line, &format!("this is a {found}, write {expected}"))),
        }
    }

    fn list(&mut self, key: &'static str) -> Result<Option<At<Vec<At<DeValue<'i>>>>>, FileError> {
        let source = self.source;
        self.typed(key, "a list in square brackets", |value| match value {
            DeValue::Array(array) => {
                let list = array.into_iter().map(|v| At { line: source.line(v.span().start), value: v.into_inner() });
                Some(list.collect())
            }
            _ => None,
        })
    }

    fn to_code(&self, key: &str, text: &str, line: u32) -> Result<Code, FileError> {
        Code::new(text).map_err(|e| self.bad(key, line, &e))
    }

    fn to_number(&self, key: &str, value: &DeValue<'i>, line: u32, max: u32) -> Result<u32, FileError> {
        let DeValue::Integer(number) = value else {
            return Err(self.wrong(key, line, "a whole number", value));
        };
        let number = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
        match u32::try_from(number) {
            Ok(number) if number <= max => Ok(number),
            _ => Err(self.bad(key, line, &format!("write a whole number from 0 to {max}"))),
        }
    }

    fn wrong(&self, key: &str, line: u32, expected: &str, found: &DeValue<'i>) -> FileError {
        self.bad(key, line, &format!("this is a {}, write {expected}", found.type_str()))
    }

    fn bad(&self, key: &str, line: u32, reason: &dyn std::fmt::Display) -> FileError {
        FileError::at(line, format!("`{key}` of {}: {reason}", self.name))
    }
}
