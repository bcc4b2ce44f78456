//! `[prices]`: whether stock has a price, how it is learned from orders, and what learning may cost.

use super::contract::RuleTable;
use crate::heap::behind;
use crate::limits::{PRICE_SAMPLE_MAX, PRICE_SAMPLE_MIN, PRICE_SPAN_MAX, PRICE_SPAN_MIN};
use crate::rules::codes::Scope;
use crate::rules::reader::{At, Fault, FileError, Table};
use crate::time::Span;

/// The keys of the table.
const KEYS: &[&str] = &["enabled", "cover", "history", "sample", "recompute_every", "pass_over_own"];

/// The sample when `sample` is left out, in orders.
const SAMPLE: u32 = 2_000;
/// The time between price trainings when `recompute_every` is left out.
const RECOMPUTE: Span = Span::from_mins(1);

/// How prices of stock are learned and what they may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PriceRules {
    /// The time from one receipt to the next where no inbound date is known, from 1 s to 366 days.
    pub cover: Span,
    /// The age up to which orders count as demand, from 1 s to 366 days.
    pub history: Span,
    /// The most orders kept as a sample of demand, from 100 to 100,000.
    pub sample: usize,
    /// The time between price trainings, from 1 s to 366 days.
    pub recompute_every: Span,
    /// Whether an unlimited warehouse may serve what own stock could, because own stock will be worth more.
    pub pass_over_own: bool,
}

/// `[prices]`: `None` when the table is not there or switched off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Prices(pub(crate) Option<PriceRules>);

impl RuleTable for Prices {
    type Written = Prices;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Prices>, FileError> {
        file.one(key, &[KEYS], read)
    }

    fn resolve(written: Option<&Prices>, _: &mut Scope<'_>) -> Result<Prices, FileError> {
        Ok(written.copied().unwrap_or_default())
    }
}

fn read(mut table: Table<'_, '_>) -> Result<Prices, FileError> {
    let enabled = table.flag("enabled")?.is_none_or(|at| at.value);
    let cover = take_span(&mut table, "cover")?;
    let history = take_span(&mut table, "history")?;
    let every = take_span(&mut table, "recompute_every")?;
    let sample = take_sample(&mut table)?;
    let pass_over_own = table.flag("pass_over_own")?.is_some_and(|at| at.value);
    if !enabled {
        return Ok(Prices(None));
    }
    let cover = cover.ok_or_else(|| {
        let reason = "[prices] has no `cover`: write how long stock lasts from one receipt to the next, like \"14d\", \
                      or `enabled = false`";
        FileError::at(table.line(), Fault::MissingKey { key: "cover" }, reason)
    })?;
    Ok(Prices(Some(PriceRules {
        cover,
        history: history.unwrap_or(Span(cover.0 / 4)),
        sample: sample.unwrap_or(SAMPLE) as usize,
        recompute_every: every.unwrap_or(RECOMPUTE),
        pass_over_own,
    })))
}

fn take_sample(table: &mut Table<'_, '_>) -> Result<Option<u32>, FileError> {
    let Some(At { value, line }) = table.number("sample", PRICE_SAMPLE_MAX)? else { return Ok(None) };
    if value < PRICE_SAMPLE_MIN {
        let reason = format!("`sample` is {value}: too few orders to learn from, write {PRICE_SAMPLE_MIN} or more");
        return Err(FileError::at(line, Fault::OutOfBounds { key: "sample" }, reason));
    }
    Ok(Some(value))
}

fn take_span(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Span>, FileError> {
    let Some(At { value, line }) = table.span(key)? else { return Ok(None) };
    if value < PRICE_SPAN_MIN || value > PRICE_SPAN_MAX {
        let reason = format!("`{key}` is {value}: write {PRICE_SPAN_MIN} to {PRICE_SPAN_MAX}");
        return Err(FileError::at(line, Fault::OutOfBounds { key }, reason));
    }
    Ok(Some(value))
}

behind! {
    Prices {}
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;

    fn rules(text: &str) -> Result<Option<PriceRules>, FileError> {
        resolved::<Prices>("prices", text).map(|prices| prices.0)
    }

    #[test]
    fn prices_are_off_unless_asked_for() {
        assert_eq!(rules("").unwrap(), None);
        assert_eq!(rules("[prices]\nenabled = false\n").unwrap(), None);
        let plain = rules("[prices]\ncover = \"14d\"\n").unwrap().unwrap();
        assert_eq!((plain.cover, plain.history), (Span::from_mins(20_160), Span::from_mins(5_040)));
        assert_eq!((plain.sample, plain.recompute_every, plain.pass_over_own), (2_000, Span::from_mins(1), false));
        let all = "[prices]\nenabled = true\ncover = \"2d\"\nhistory = \"6h\"\nsample = 500\nrecompute_every = \"5s\"\n\
                   pass_over_own = true\n";
        let all = rules(all).unwrap().unwrap();
        assert_eq!((all.history, all.sample, all.pass_over_own), (Span::from_mins(360), 500, true));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_line() {
        for (text, line, part) in [
            ("[prices]\nenabled = true\n", 1, "no `cover`"),
            ("[prices]\ncover = \"0s\"\n", 2, "`cover` is 0ms"),
            ("[prices]\ncover = \"1d\"\nsample = 7\n", 3, "too few orders"),
            ("[prices]\ncover = \"1d\"\nrecompute_every = \"10ms\"\n", 3, "`recompute_every` is 10ms"),
            ("[prices]\ncovr = \"1d\"\n", 2, "did you mean `cover`"),
            ("[prices]\ncover = 14\n", 2, "text in quotes"),
        ] {
            let error = rules(text).unwrap_err();
            assert!(error.line == line && error.reason.contains(part), "{text}: {error}");
        }
    }
}
