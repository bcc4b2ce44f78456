//! `[prices]`: whether stock has a price, and what learning it may know and cost.

use super::error::FileError;
use super::reader::Table;
use crate::time::Span;

/// The keys of the table.
pub(super) const PRICES: &[&str] = &["enabled", "cover", "history", "sample", "recompute_every", "pass_over_own"];

/// The longest cover and history.
const SPAN_MAX: Span = Span::from_mins(60 * 24 * 366);
/// The shortest time between lessons: each takes milliseconds of a thread.
const RECOMPUTE_MIN: Span = Span::from_secs(1);
/// The largest sample of orders.
const SAMPLE_MAX: u32 = 100_000;
/// The sample when none is named.
const SAMPLE: u32 = 2_000;
/// How often prices are learned anew when it is not named.
const RECOMPUTE: Span = Span::from_mins(1);

/// How prices of stock are learned and what they may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PriceRules {
    /// From one receipt to the next, where no inbound date is known.
    pub cover: Span,
    /// How far back orders tell what is asked for.
    pub history: Span,
    /// At most so many of them are kept.
    pub sample: usize,
    /// Prices are learned anew so often.
    pub recompute_every: Span,
    /// Whether an unlimited warehouse may serve what own stock could, because own stock will be worth more.
    pub pass_over_own: bool,
}

/// `[prices]` as written: `None` when it is switched off.
#[derive(Clone, Copy, Debug)]
pub(super) struct PricesEntry(pub(super) Option<PriceRules>);

impl PricesEntry {
    pub(super) fn read(mut table: Table<'_, '_>) -> Result<PricesEntry, FileError> {
        let enabled = table.flag("enabled")?.is_none_or(|at| at.value);
        let cover = take_span(&mut table, "cover")?;
        let history = take_span(&mut table, "history")?;
        let every = table.span("recompute_every")?;
        if let Some(every) = &every
            && (every.value < RECOMPUTE_MIN || every.value > SPAN_MAX)
        {
            let reason = format!("`recompute_every` is {}: write {RECOMPUTE_MIN} to {SPAN_MAX}", every.value);
            return Err(FileError::at(every.line, reason));
        }
        let sample = table.number("sample", SAMPLE_MAX)?;
        if let Some(sample) = sample.as_ref().filter(|sample| sample.value < 100) {
            let reason = format!("`sample` is {}: too few orders to learn from, write 100 or more", sample.value);
            return Err(FileError::at(sample.line, reason));
        }
        let pass_over_own = table.flag("pass_over_own")?.is_some_and(|at| at.value);
        if !enabled {
            return Ok(PricesEntry(None));
        }
        let cover = cover.ok_or_else(|| {
            let reason = "[prices] has no `cover`: write how long stock lasts from one receipt to the next, like \"14d\", \
                          or `enabled = false`";
            FileError::at(table.line(), reason)
        })?;
        Ok(PricesEntry(Some(PriceRules {
            cover,
            history: history.unwrap_or(Span(cover.0 / 4)),
            sample: sample.map_or(SAMPLE, |at| at.value) as usize,
            recompute_every: every.map_or(RECOMPUTE, |at| at.value),
            pass_over_own,
        })))
    }
}

fn take_span(table: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Span>, FileError> {
    let Some(span) = table.span(key)? else { return Ok(None) };
    if span.value < RECOMPUTE_MIN || span.value > SPAN_MAX {
        let reason = format!("`{key}` is {}: write {RECOMPUTE_MIN} to {SPAN_MAX}", span.value);
        return Err(FileError::at(span.line, reason));
    }
    Ok(Some(span.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RulesVersion;
    use crate::rules::{RuleSet, RulesFile, WorldFile};

    const WORLD: &str = "[[warehouse]]\ncode = \"A\"\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n";

    fn rules(text: &str) -> Result<Option<PriceRules>, FileError> {
        let world = WorldFile::parse(WORLD)?;
        let rules = RulesFile::parse(text, &world)?;
        Ok(RuleSet::resolve(&world, Some(&rules), &world.codes().numbered(), RulesVersion(1))?.prices)
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
