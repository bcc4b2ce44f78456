//! `[[step]]`: which warehouse steps must precede which. Entries add to the order that always holds.

use super::contract::RuleTable;
use crate::heap::behind;
use crate::ids::Code;
use crate::orders::{Step, StepSet};
use crate::rules::codes::Scope;
use crate::rules::reader::{Fault, FileError, Table, did_you_mean};

/// One `[[step]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct StepEntry {
    line: u32,
    name: Step,
    after: Vec<Step>,
}

/// The steps that must be done before each step.
///
/// Always: pick before every other, and pack before scan. `[[step]]` entries add to that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepRules {
    /// By the number of the step.
    before: [StepSet; Step::ALL.len() + 1],
}

/// The steps whose order can be configured.
fn ordered() -> impl Iterator<Item = Step> {
    Step::ALL.iter().copied().filter(|step| step.is_ordered())
}

impl Default for StepRules {
    fn default() -> StepRules {
        let mut rules = StepRules { before: [StepSet::EMPTY; Step::ALL.len() + 1] };
        for step in ordered().filter(|step| *step != Step::Pick) {
            rules.before[step as usize] = StepSet::EMPTY.with(Step::Pick);
        }
        rules.before[Step::Scan as usize] = StepSet::EMPTY.with(Step::Pick).with(Step::Pack);
        rules
    }
}

impl StepRules {
    /// Every step that must be done before this one, directly or because of another.
    pub fn before(&self, step: Step) -> StepSet {
        self.before[step as usize]
    }

    /// The first step that must still be done before this one and can be done now, if there is one.
    pub fn missing(&self, step: Step, done: StepSet) -> Option<Step> {
        let can = |before: Step| self.before(before).iter().all(|first| done.contains(first));
        self.before(step).iter().find(|before| !done.contains(*before) && can(*before))
    }

    /// Adds what the steps before a step need themselves. As many rounds as steps reach the longest chain.
    fn close(&mut self) {
        for _ in ordered() {
            for step in ordered() {
                let all = self.before(step).iter().fold(self.before(step), |set, other| set.union(self.before(other)));
                self.before[step as usize] = all;
            }
        }
    }
}

impl RuleTable for StepRules {
    type Written = Vec<StepEntry>;

    fn take(file: &mut Table<'_, '_>, key: &'static str) -> Result<Option<Vec<StepEntry>>, FileError> {
        file.each(key, &[&["name", "after"]], read)
    }

    fn resolve(written: Option<&Vec<StepEntry>>, _: &mut Scope<'_>) -> Result<StepRules, FileError> {
        let mut rules = StepRules::default();
        let mut named = StepSet::EMPTY;
        for entry in written.into_iter().flatten() {
            let name = entry.name.name();
            if named.contains(entry.name) {
                let reason =
                    format!("[[step]] `{name}` is already defined: write all its `after` steps into one entry");
                return Err(FileError::at(entry.line, Fault::Duplicate, reason));
            }
            named = named.with(entry.name);
            let before = &mut rules.before[entry.name as usize];
            *before = before.union(entry.after.iter().copied().collect());
            rules.close();
            if let Some(step) = ordered().find(|step| rules.before(*step).contains(*step)) {
                let reason = format!(
                    "with this [[step]] `{name}`, `{}` would have to come after itself; pick always comes before the others and pack before scan",
                    step.name()
                );
                return Err(FileError::at(entry.line, Fault::Circle, reason));
            }
        }
        Ok(rules)
    }
}

fn read(mut table: Table<'_, '_>) -> Result<StepEntry, FileError> {
    let name = table.code("name")?;
    let name = table.required("name", name)?;
    let after = table.codes("after")?;
    let after = table.required("after", after)?;
    Ok(StepEntry {
        line: table.line(),
        name: step("name", &name.value, name.line)?,
        after: after.value.iter().map(|code| step("after", code, after.line)).collect::<Result<_, _>>()?,
    })
}

fn step(key: &'static str, code: &Code, line: u32) -> Result<Step, FileError> {
    Step::named(code.as_str()).filter(|step| step.is_ordered()).ok_or_else(|| {
        let names: Vec<&str> = ordered().map(Step::name).collect();
        let meant = did_you_mean(code.as_str(), names.iter().copied());
        let reason = format!("`{code}` is not a warehouse step{meant} (there are {})", names.join(", "));
        FileError::at(line, Fault::UnknownWord { key, word: code.to_string() }, reason)
    })
}

behind! {
    StepEntry { after }
    StepRules {}
    Step {}
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::*;
    use crate::orders::Step::*;

    /// Entries of three lines each, the first at line 7.
    fn rules(entries: &[(Step, &[Step])]) -> Result<StepRules, FileError> {
        let entry = |(name, after): &(Step, &[Step])| {
            let after: Vec<_> = after.iter().map(|step| step.name()).collect();
            format!("[[step]]\nname = \"{}\"\nafter = {after:?}\n", name.name())
        };
        resolved("step", &("\n".repeat(6) + &entries.iter().map(entry).collect::<String>()))
    }

    #[test]
    fn pick_pack_scan_by_default() {
        let rules = rules(&[]).unwrap();
        assert_eq!(rules.missing(Pick, StepSet::EMPTY), None);
        assert_eq!(rules.missing(Scan, StepSet::EMPTY), Some(Pick));
        assert_eq!(rules.missing(Scan, StepSet::from_iter([Pick])), Some(Pack));
        assert_eq!(rules.missing(Scan, StepSet::from_iter([Pick, Pack])), None);
        assert_eq!(rules.missing(Label, StepSet::from_iter([Pick])), None);
    }

    #[test]
    fn entries_add_and_chain() {
        let rules = rules(&[(Scan, &[Label]), (Label, &[Weigh]), (Weigh, &[Pack])]).unwrap();
        assert_eq!(rules.before(Scan), StepSet::from_iter([Pick, Pack, Weigh, Label]));
        assert_eq!(rules.missing(Label, StepSet::from_iter([Pick, Weigh])), Some(Pack));
    }

    #[test]
    fn the_step_that_comes_first_can_be_done_first() {
        let rules = rules(&[(Scan, &[Weigh]), (Weigh, &[Label])]).unwrap();
        assert_eq!(rules.missing(Scan, StepSet::from_iter([Pick, Pack])), Some(Label));
        assert_eq!(rules.missing(Scan, StepSet::from_iter([Pick, Pack, Label])), Some(Weigh));
    }

    #[test]
    fn circles_and_repeats_are_refused() {
        let chain: [(Step, &[Step]); 2] = [(Weigh, &[Label]), (Label, &[Weigh])];
        for (entries, line) in [(&[(Pick, &[Pack][..])][..], 7), (&chain, 10)] {
            let error = rules(entries).unwrap_err();
            assert_eq!((error.line, &error.fault), (line, &Fault::Circle));
            assert!(error.reason.contains("after itself"), "{error}");
        }
        let error = rules(&[(Scan, &[Label]), (Scan, &[Weigh])]).unwrap_err();
        assert_eq!((error.line, &error.fault), (10, &Fault::Duplicate));
        assert!(error.reason.contains("already"), "{error}");
    }

    #[test]
    fn words_that_are_no_step_are_refused() {
        for (text, line, key, word) in [
            ("[[step]]\nname = \"wiegh\"\nafter = []", 2, "name", "wiegh"),
            ("[[step]]\nname = \"scan\"\nafter = [\"pack\", \"Label\"]", 3, "after", "Label"),
        ] {
            let error = resolved::<StepRules>("step", text).unwrap_err();
            assert_eq!((error.line, error.fault), (line, Fault::UnknownWord { key, word: word.to_owned() }));
        }
    }
}
