//! `[[step]]`: which warehouse steps must precede which. Entries add to the order that always holds.

use super::contract::RuleTable;
use crate::ids::Code;
use crate::rules::codes::Scope;
use crate::rules::reader::{Fault, FileError, Table, did_you_mean};

/// One `[[step]]` as written.
#[derive(Clone, Debug)]
pub(crate) struct StepEntry {
    line: u32,
    name: WarehouseStep,
    after: Vec<WarehouseStep>,
}

/// A step in the warehouse whose place in the order can be configured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WarehouseStep {
    /// The pick ticket is printed.
    Pick,
    /// Packed.
    Pack,
    /// Weighed.
    Weigh,
    /// Labelled.
    Label,
    /// Scanned out.
    Scan,
}

/// A set of warehouse steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct StepSet(u8);

/// The steps that must be done before each step.
///
/// Always: pick before every other, and pack before scan. `[[step]]` entries add to that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepRules {
    before: [StepSet; WarehouseStep::ALL.len()],
}

impl WarehouseStep {
    /// Every step, in the usual order.
    pub const ALL: [WarehouseStep; 5] =
        [WarehouseStep::Pick, WarehouseStep::Pack, WarehouseStep::Weigh, WarehouseStep::Label, WarehouseStep::Scan];

    /// The step's name at the border.
    pub const fn name(self) -> &'static str {
        match self {
            WarehouseStep::Pick => "pick",
            WarehouseStep::Pack => "pack",
            WarehouseStep::Weigh => "weigh",
            WarehouseStep::Label => "label",
            WarehouseStep::Scan => "scan",
        }
    }
}

impl StepSet {
    /// No step.
    pub const EMPTY: StepSet = StepSet(0);

    /// These steps and one more.
    #[must_use]
    pub const fn with(self, step: WarehouseStep) -> StepSet {
        StepSet(self.0 | 1 << step as u8)
    }

    /// Whether the step is in the set.
    pub const fn contains(self, step: WarehouseStep) -> bool {
        self.0 & 1 << step as u8 != 0
    }

    /// The steps of both sets.
    #[must_use]
    pub const fn union(self, other: StepSet) -> StepSet {
        StepSet(self.0 | other.0)
    }

    /// The steps, in the usual order.
    pub fn iter(self) -> impl Iterator<Item = WarehouseStep> {
        WarehouseStep::ALL.into_iter().filter(move |step| self.contains(*step))
    }
}

impl FromIterator<WarehouseStep> for StepSet {
    fn from_iter<I: IntoIterator<Item = WarehouseStep>>(steps: I) -> StepSet {
        steps.into_iter().fold(StepSet::EMPTY, StepSet::with)
    }
}

impl Default for StepRules {
    fn default() -> StepRules {
        let pick = StepSet::EMPTY.with(WarehouseStep::Pick);
        StepRules { before: [StepSet::EMPTY, pick, pick, pick, pick.with(WarehouseStep::Pack)] }
    }
}

impl StepRules {
    /// Every step that must be done before this one, directly or because of another.
    pub fn before(&self, step: WarehouseStep) -> StepSet {
        self.before[step as usize]
    }

    /// The first step that must still be done before this one, if there is one.
    pub fn missing(&self, step: WarehouseStep, done: StepSet) -> Option<WarehouseStep> {
        self.before(step).iter().find(|before| !done.contains(*before))
    }

    /// Adds what the steps before a step need themselves. As many rounds as steps reach the longest chain.
    fn close(&mut self) {
        for _ in WarehouseStep::ALL {
            for step in WarehouseStep::ALL {
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
                let reason = format!("[[step]] `{name}` is there already, write all its `after` steps into one entry");
                return Err(FileError::at(entry.line, Fault::Duplicate, reason));
            }
            named = named.with(entry.name);
            let before = &mut rules.before[entry.name as usize];
            *before = before.union(entry.after.iter().copied().collect());
            rules.close();
            if let Some(step) = WarehouseStep::ALL.into_iter().find(|step| rules.before(*step).contains(*step)) {
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

fn step(key: &'static str, code: &Code, line: u32) -> Result<WarehouseStep, FileError> {
    let named = WarehouseStep::ALL.into_iter().find(|step| step.name() == code.as_str());
    named.ok_or_else(|| {
        let names = WarehouseStep::ALL.map(WarehouseStep::name);
        let meant = did_you_mean(code.as_str(), names);
        let reason = format!("`{code}` is not a warehouse step{meant} (there are {})", names.join(", "));
        FileError::at(line, Fault::UnknownWord { key, word: code.to_string() }, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::super::contract::resolved;
    use super::WarehouseStep::*;
    use super::*;

    /// Entries of three lines each, the first at line 7.
    fn rules(entries: &[(WarehouseStep, &[WarehouseStep])]) -> Result<StepRules, FileError> {
        let entry = |(name, after): &(WarehouseStep, &[WarehouseStep])| {
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
    fn circles_and_repeats_are_refused() {
        let chain: [(WarehouseStep, &[WarehouseStep]); 2] = [(Weigh, &[Label]), (Label, &[Weigh])];
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
