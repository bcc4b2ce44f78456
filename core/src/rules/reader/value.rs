//! Values by type. Numbers are read from their literal text, so that `0.1` is exactly a tenth.

use toml::de::DeValue;

use super::error::{Fault, FileError};
use super::source::At;
use super::table::Table;
use crate::ids::Code;
use crate::limits::AMOUNT_MICROS_MAX;
use crate::money::Money;
use crate::time::Span;

type Taken<T> = Result<Option<At<T>>, FileError>;

/// Each of these takes the value of a key out of the table; `None` when the table does not have the key.
impl<'i> Table<'_, 'i> {
    /// Takes a text.
    pub(crate) fn text(&mut self, key: &'static str) -> Taken<String> {
        self.typed(key, "a text in quotes", |value| match value {
            DeValue::String(text) => Some(text.into_owned()),
            _ => None,
        })
    }

    /// Takes a code.
    pub(crate) fn code(&mut self, key: &'static str) -> Taken<Code> {
        let Some(At { value, line }) = self.text(key)? else { return Ok(None) };
        let value = self.to_code(key, &value, line)?;
        Ok(Some(At { value, line }))
    }

    /// Takes a list of codes.
    pub(crate) fn codes(&mut self, key: &'static str) -> Taken<Vec<Code>> {
        let Some(At { value: list, line }) = self.list(key)? else { return Ok(None) };
        let codes = list.into_iter().map(|At { value, line }| match value {
            DeValue::String(text) => self.to_code(key, &text, line),
            other => Err(self.wrong_type(key, line, "a list of texts in quotes", &other)),
        });
        Ok(Some(At { value: codes.collect::<Result<_, _>>()?, line }))
    }

    /// Takes a whole number from 0 to `max`.
    pub(crate) fn number(&mut self, key: &'static str, max: u32) -> Taken<u32> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let value = self.to_number(key, &value, line, max)?;
        Ok(Some(At { value, line }))
    }

    /// Takes a list of whole numbers from 0 to `max`.
    pub(crate) fn numbers(&mut self, key: &'static str, max: u32) -> Taken<Vec<u32>> {
        let Some(At { value: list, line }) = self.list(key)? else { return Ok(None) };
        let numbers = list.into_iter().map(|At { value, line }| self.to_number(key, &value, line, max));
        Ok(Some(At { value: numbers.collect::<Result<_, _>>()?, line }))
    }

    /// Takes true or false.
    pub(crate) fn flag(&mut self, key: &'static str) -> Taken<bool> {
        self.typed(key, "true or false", |value| match value {
            DeValue::Boolean(flag) => Some(flag),
            _ => None,
        })
    }

    /// Takes a decimal from `min` to `max`, as a number or a text. All three are in millionths.
    pub(crate) fn micros(&mut self, key: &'static str, min: i64, max: i64) -> Taken<i64> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let text = match &value {
            DeValue::String(text) => text.as_ref(),
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            other => return Err(self.wrong_type(key, line, "a number like 12.34 or the same in quotes", other)),
        };
        let micros = text
            .strip_prefix('+')
            .unwrap_or(text)
            .parse::<Money>()
            .map_err(|e| self.bad(key, line, Fault::Malformed { key }, &e))?;
        if micros.0 < min || micros.0 > max {
            let (min, max) = (Money(min), Money(max));
            let reason = format!("{micros} is out of bounds, write {min} to {max}");
            return Err(self.bad(key, line, Fault::OutOfBounds { key }, &reason));
        }
        Ok(Some(At { value: micros.0, line }))
    }

    /// Takes an amount of money from 0 to 10⁹ units of the currency.
    pub(crate) fn amount(&mut self, key: &'static str) -> Result<Option<Money>, FileError> {
        Ok(self.micros(key, 0, AMOUNT_MICROS_MAX)?.map(|at| Money(at.value)))
    }

    /// Takes a length of time.
    pub(crate) fn span(&mut self, key: &'static str) -> Taken<Span> {
        let Some(At { value, line }) = self.text(key)? else { return Ok(None) };
        let value = value.parse().map_err(|e| self.bad(key, line, Fault::Malformed { key }, &e))?;
        Ok(Some(At { value, line }))
    }

    fn typed<T>(&mut self, key: &'static str, expected: &str, pick: impl FnOnce(DeValue<'i>) -> Option<T>) -> Taken<T> {
        let Some(At { value, line }) = self.take(key) else { return Ok(None) };
        let found = value.type_str();
        match pick(value) {
            Some(value) => Ok(Some(At { value, line })),
            None => {
                let reason = format!("this is a {found}, write {expected}");
                Err(self.bad(key, line, Fault::WrongType { key }, &reason))
            }
        }
    }

    fn list(&mut self, key: &'static str) -> Taken<Vec<At<DeValue<'i>>>> {
        let source = self.source();
        self.typed(key, "a list in square brackets", |value| match value {
            DeValue::Array(array) => {
                let list = array.into_iter().map(|v| At { line: source.line(v.span().start), value: v.into_inner() });
                Some(list.collect())
            }
            _ => None,
        })
    }

    fn to_code(&self, key: &'static str, text: &str, line: u32) -> Result<Code, FileError> {
        // Worlds and rules travel as text in histories, where codes of earlier versions stay readable.
        Code::written(text).map_err(|e| self.bad(key, line, Fault::Malformed { key }, &e))
    }

    fn to_number(&self, key: &'static str, value: &DeValue<'i>, line: u32, max: u32) -> Result<u32, FileError> {
        let DeValue::Integer(number) = value else {
            return Err(self.wrong_type(key, line, "a whole number", value));
        };
        let number = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
        match u32::try_from(number) {
            Ok(number) if number <= max => Ok(number),
            _ => {
                let reason = format!("write a whole number from 0 to {max}");
                Err(self.bad(key, line, Fault::OutOfBounds { key }, &reason))
            }
        }
    }

    fn wrong_type(&self, key: &'static str, line: u32, expected: &str, found: &DeValue<'i>) -> FileError {
        let reason = format!("this is a {}, write {expected}", found.type_str());
        self.bad(key, line, Fault::WrongType { key }, &reason)
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    fn taken<T>(text: &str, take: impl FnOnce(&mut Table<'_, '_>) -> Result<T, FileError>) -> Result<T, Fault> {
        let source = Source::new(text).unwrap();
        take(&mut Table::root(&source, &[&["key"]]).unwrap()).map_err(|error| error.fault)
    }

    #[test]
    fn decimals_are_exact() {
        for (text, micros) in [("0.1", 100_000), ("\"+2.000001\"", 2_000_001), ("7", 7_000_000), ("+1.5", 1_500_000)] {
            let amount = taken(&format!("key = {text}"), |file| file.amount("key"));
            assert_eq!(amount, Ok(Some(Money(micros))), "{text}");
        }
        assert_eq!(taken("", |file| file.amount("key")), Ok(None));
        for (text, fault) in [
            ("1e3", Fault::Malformed { key: "key" }),
            ("0x10", Fault::WrongType { key: "key" }),
            ("-0.000001", Fault::OutOfBounds { key: "key" }),
            ("1000000000.000001", Fault::OutOfBounds { key: "key" }),
        ] {
            assert_eq!(taken(&format!("key = {text}"), |file| file.amount("key")), Err(fault), "{text}");
        }
    }

    #[test]
    fn entries_of_lists_are_typed() {
        let codes = |text: &str| taken(text, |file| file.codes("key")).map(|at| at.map(|at| at.value.len()));
        assert_eq!(codes("key = [\"a\", \"b\"]"), Ok(Some(2)));
        assert_eq!(codes("key = [\"a\", 1]"), Err(Fault::WrongType { key: "key" }));
        assert_eq!(codes("key = [\"a\", \" \"]"), Err(Fault::Malformed { key: "key" }));
        let numbers = |text: &str| taken(text, |file| file.numbers("key", 9)).map(|at| at.map(|at| at.value));
        assert_eq!(numbers("key = [9, 0]"), Ok(Some(vec![9, 0])));
        assert_eq!(numbers("key = [10]"), Err(Fault::OutOfBounds { key: "key" }));
        assert_eq!(numbers("key = 1"), Err(Fault::WrongType { key: "key" }));
    }
}
