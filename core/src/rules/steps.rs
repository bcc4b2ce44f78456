//! Which warehouse steps must precede which.

use super::entries::StepEntry;
use super::error::FileError;

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

    pub(super) fn resolve(entries: &[StepEntry]) -> Result<StepRules, FileError> {
        let mut rules = StepRules::default();
        let mut named = StepSet::EMPTY;
        for entry in entries {
            let name = entry.name.name();
            if named.contains(entry.name) {
                let reason = format!("[[step]] `{name}` is there already, write all its `after` steps into one entry");
                return Err(FileError::at(entry.line, reason));
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
                return Err(FileError::at(entry.line, reason));
            }
        }
        Ok(rules)
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

#[cfg(test)]
mod tests {
    use super::WarehouseStep::*;
    use super::*;

    fn entry(name: WarehouseStep, after: &[WarehouseStep]) -> StepEntry {
        StepEntry { line: 7, name, after: after.to_vec() }
    }

    #[test]
    fn pick_pack_scan_by_default() {
        let rules = StepRules::resolve(&[]).unwrap();
        assert_eq!(rules.missing(Pick, StepSet::EMPTY), None);
        assert_eq!(rules.missing(Scan, StepSet::EMPTY), Some(Pick));
        assert_eq!(rules.missing(Scan, StepSet::from_iter([Pick])), Some(Pack));
        assert_eq!(rules.missing(Scan, StepSet::from_iter([Pick, Pack])), None);
        assert_eq!(rules.missing(Label, StepSet::from_iter([Pick])), None);
    }

    #[test]
    fn entries_add_and_chain() {
        let rules =
            StepRules::resolve(&[entry(Scan, &[Label]), entry(Label, &[Weigh]), entry(Weigh, &[Pack])]).unwrap();
        assert_eq!(rules.before(Scan), StepSet::from_iter([Pick, Pack, Weigh, Label]));
        assert_eq!(rules.missing(Label, StepSet::from_iter([Pick, Weigh])), Some(Pack));
    }

    #[test]
    fn circles_and_repeats_are_refused() {
        for entries in [vec![entry(Pick, &[Pack])], vec![entry(Weigh, &[Label]), entry(Label, &[Weigh])]] {
            let error = StepRules::resolve(&entries).unwrap_err();
            assert_eq!(error.line, 7);
            assert!(error.reason.contains("after itself"), "{error}");
        }
        let error = StepRules::resolve(&[entry(Scan, &[Label]), entry(Scan, &[Weigh])]).unwrap_err();
        assert!(error.reason.contains("already"), "{error}");
    }
}
