//! What decides a run, all of it printed before it begins.

use std::fmt;

/// Options of a run. The seed decides everything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Decides world, commands and times.
    pub seed: u64,
    /// Commands.
    pub steps: u64,
    /// Commands between calls of `Engine::check`; in a long run a share of all commands so far, when that is more.
    pub check_every: u64,
    /// Commands between comparisons of the state with the model. All of it is compared at these times while the run is
    /// young, and after a share of all commands so far later on; in between what was touched, and some of the rest.
    pub compare_every: u64,
    /// Commands between recoveries of a second engine from the log; in a long run a share of all commands so far, when that
    /// is more.
    pub recover_every: u64,
    /// Commands between two crowds, on average: hundreds of orders that are promised one receipt which then fails them. 0
    /// for no crowds.
    pub crowd_every: u64,
    /// Threads that send commands at once; with more than one, the history is judged at the end.
    pub threads: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            steps: 10_000,
            check_every: 100,
            compare_every: 200,
            recover_every: 2_000,
            crowd_every: 1_500,
            threads: 1,
        }
    }
}

impl Options {
    /// A short run without crowds, in which everything is checked after every command.
    pub fn thorough(seed: u64, steps: u64) -> Options {
        let recover_every = steps.div_ceil(3);
        Options { seed, steps, check_every: 1, compare_every: 10, recover_every, crowd_every: 0, threads: 1 }
    }

    /// Reads `--name value` pairs.
    ///
    /// # Errors
    /// Says which argument is wrong and what is known.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options::default();
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a number"))?;
            let number = value.parse::<u64>().map_err(|_| format!("{name} needs a number, not `{value}`"))?;
            match name.as_str() {
                "--seed" => options.seed = number,
                "--steps" => options.steps = number,
                "--check-every" => options.check_every = number.max(1),
                "--compare-every" => options.compare_every = number.max(1),
                "--recover-every" => options.recover_every = number.max(1),
                "--crowd-every" => options.crowd_every = number,
                "--threads" => options.threads = number.max(1),
                _ => return Err(format!("unknown option {name}; there are {options}")),
            }
        }
        Ok(options)
    }
}

impl fmt::Display for Options {
    /// As arguments that repeat the run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {} --steps {} --check-every {}", self.seed, self.steps, self.check_every)?;
        write!(f, " --compare-every {} --recover-every {}", self.compare_every, self.recover_every)?;
        write!(f, " --crowd-every {} --threads {}", self.crowd_every, self.threads)
    }
}
