//! World and rules files made ready before any lock is taken: read, checked and resolved once.
//!
//! ```text
//!   text ──► prepare_world / prepare_rules ──► Prepared ──► event
//!            (no locks)                           │
//!                 base version still in force? ───┴──► in_force(sequence) ──► Config
//!                 (under locks)                        (nothing is computed)
//! ```

use super::config::Config;
use crate::event::{Event, RulesApplied, WorldApplied};
use crate::ids::{Code, RulesVersion, Seq};
use crate::rules::{Assignments, Fault, FileError, RuleSet, WorldFile};

/// A world or rules file that can be put in force as long as the version it was made for is.
#[derive(Debug)]
pub struct Prepared {
    config: Config,
}

impl Config {
    /// Makes a world file ready to follow the present world, if there is one. Known codes keep their ids, new ones get
    /// the next, and none may vanish.
    pub fn prepare_world(present: Option<&Config>, text: &str) -> Result<Prepared, FileError> {
        let world = WorldFile::read(text)?;
        let mut given = present.map(|config| config.codes.given.clone()).unwrap_or_default();
        let vanished = given.extend(&world.codes());
        let rules = RuleSet::resolve(&world, None, &given, after(present.map(Config::version)))?;
        if !vanished.is_empty() {
            return Err(refused(vanished));
        }
        Ok(Prepared { config: Config::of_world(rules, given, world, text.to_owned()) })
    }

    /// Makes a rules file ready to be laid over the present world.
    pub fn prepare_rules(present: &Config, text: &str) -> Result<Prepared, FileError> {
        Ok(Prepared { config: present.overlaid(text, after(Some(present.version())))? })
    }
}

impl Prepared {
    /// The version of the rules it brings: the one after that which it was made for.
    pub fn version(&self) -> RulesVersion {
        self.config.version()
    }

    /// The codes that it brings and the present world has not, each with what it names.
    pub fn new_codes<'a>(
        &'a self,
        present: Option<&Config>,
    ) -> impl Iterator<Item = (&'static str, &'a Code)> + use<'a> {
        let there = present.map(|present| present.codes.given.lens()).unwrap_or_default();
        self.config.codes.given.after(there)
    }

    /// The event that puts it in force.
    pub fn event(&self) -> Event {
        let (config, version) = (&self.config, self.version());
        match &config.rules_text {
            Some(text) => Event::RulesApplied(RulesApplied { text: text.clone(), version }),
            None => {
                let Assignments { warehouses, carriers, channels, pools } = config.codes.given.clone();
                let text = config.world_text.clone();
                Event::WorldApplied(Box::new(WorldApplied { text, version, warehouses, carriers, channels, pools }))
            }
        }
    }

    /// The world and rules as the event with this sequence puts them in force. Moves what was prepared.
    pub fn in_force(self, seq: Seq) -> Config {
        let mut config = self.config;
        config.seq = seq;
        config
    }
}

fn after(base: Option<RulesVersion>) -> RulesVersion {
    RulesVersion(base.map_or(0, |version| version.0) + 1)
}

fn refused(vanished: Vec<Code>) -> FileError {
    let names: Vec<&str> = vanished.iter().map(Code::as_str).collect();
    let reason = format!(
        "it no longer names {}: a world may add and change, not remove; keep them and use [[ban]] to stop shipping",
        names.join(", ")
    );
    FileError { line: 0, reason, fault: Fault::Vanished(vanished) }
}

#[cfg(all(test, not(stockade_loom)))]
mod tests {
    use super::*;
    use crate::ids::{CarrierId, WarehouseId};

    fn world(carriers: &[&str], more: &str) -> String {
        let carriers: String = carriers.iter().map(|code| format!("[[carrier]]\ncode = \"{code}\"\n")).collect();
        format!("[[warehouse]]\ncode = \"A\"\n[[channel]]\ncode = \"web\"\n{carriers}{more}")
    }

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    /// What a configuration says, whatever made it.
    fn seen(config: &Config) -> String {
        let Config { seq, rules, codes, world_text, rules_text, pools, unlimited, .. } = config;
        let warehouses: Vec<_> = rules.warehouses().collect();
        let channels: Vec<_> = rules.channels().collect();
        let given = &codes.given;
        format!(
            "{seq} {} {given:?} {world_text} {rules_text:?} {pools:?} {unlimited:?} {warehouses:?} {channels:?} {:?}",
            rules.version,
            rules.lanes(None)
        )
    }

    #[test]
    fn prepared_and_recovered_are_the_same() {
        let first = Config::prepare_world(None, &world(&["X", "Y"], "")).unwrap();
        assert_eq!(first.version(), RulesVersion(1));
        let Event::WorldApplied(event) = first.event() else { panic!("not a world") };
        let first = first.in_force(Seq(7));
        assert_eq!(seen(&first), seen(&Config::from_world(&event, Seq(7)).unwrap()));

        let rate = "[[rate]]\ncarrier = \"Y\"\nfrom = \"A\"\nto = \"*\"\nparcel = 2\n";
        let second = Config::prepare_rules(&first, rate).unwrap();
        assert_eq!(second.version(), RulesVersion(2));
        let Event::RulesApplied(event) = second.event() else { panic!("not rules") };
        let second = second.in_force(Seq(8));
        assert_eq!(seen(&second), seen(&first.with_rules(&event, Seq(8)).unwrap()));
        assert_eq!(second.rules.lanes(None).from(WarehouseId(0)).len(), 1);

        let third = Config::prepare_world(Some(&second), &world(&["Z", "Y", "X"], "")).unwrap();
        assert_eq!(third.version(), RulesVersion(3));
        let Event::WorldApplied(event) = third.event() else { panic!("not a world") };
        let third = third.in_force(Seq(9));
        assert_eq!(seen(&third), seen(&Config::from_world(&event, Seq(9)).unwrap()));
        assert_eq!(
            (third.codes.carrier(&code("X")), third.codes.carrier(&code("Z"))),
            (Some(CarrierId(0)), Some(CarrierId(2)))
        );
        assert_eq!(third.rules_text, None);
    }

    #[test]
    fn rules_files_follow_each_other_over_the_same_world() {
        let world = world(&["X"], "[policy]\nmax_parcels = 5\n");
        let world = Config::prepare_world(None, &world).unwrap().in_force(Seq(1));
        let first = Config::prepare_rules(&world, "policy = { max_parcels = 2 }").unwrap().in_force(Seq(2));
        let second = Config::prepare_rules(&first, "ban = []").unwrap().in_force(Seq(3));
        let parcels = |config: &Config| config.rules.channels().next().unwrap().max_parcels;
        assert_eq!([&world, &first, &second].map(parcels), [Some(5), Some(2), Some(5)]);
    }

    #[test]
    fn codes_that_vanish_are_refused_by_kind() {
        let present = Config::prepare_world(None, &world(&["X", "Y"], "[[pool]]\ncode = \"P\"\n")).unwrap();
        let present = present.in_force(Seq(1));
        let error = Config::prepare_world(Some(&present), &world(&["Y"], "")).unwrap_err();
        assert_eq!((error.line, &error.fault), (0, &Fault::Vanished(vec![code("X"), code("P")])));
        assert!(error.reason.starts_with("it no longer names X, P: "), "{error}");
        // What is wrong within the file is said first.
        let error = Config::prepare_world(Some(&present), &world(&["Y"], "[[ban]]\ncarrier = \"X\"")).unwrap_err();
        assert_eq!(error.fault, Fault::UnknownCode { code: code("X") });
    }

    #[test]
    fn putting_in_force_computes_nothing() {
        let rate = |n| format!("[[rate]]\ncarrier = \"X\"\nfrom = \"A\"\nto = \"Z{n}\"\nparcel = {n}\n");
        let text = world(&["X"], &(0..1_000).map(rate).collect::<String>());
        let world = Config::prepare_world(None, &text).unwrap();
        let mut rules = None;
        let measured = allocation_counter::measure(|| rules = Some(world.in_force(Seq(1))));
        assert_eq!(measured.count_total, 0);
        let rules = Config::prepare_rules(&rules.unwrap(), "ban = []").unwrap();
        let mut config = None;
        assert_eq!(allocation_counter::measure(|| config = Some(rules.in_force(Seq(2)))).count_total, 0);
        assert_eq!(config.unwrap().seq, Seq(2));
    }
}
