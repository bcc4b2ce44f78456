//! The first start, killed at each of its steps: the next one works without anybody's help.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::redis_server::RedisServer;
use crate::rig::stockade;

/// More steps than a first start has.
const STEPS_MAX: u32 = 1_000;

/// How a process ended that was to die at a step.
#[derive(PartialEq, Eq, Debug)]
enum Outcome {
    Died,
    /// It had fewer steps.
    Done,
}

/// Where history is kept, for one trial.
trait Place {
    /// What `init` is given.
    fn flags(&mut self) -> Vec<String>;
}

struct OnDisk;

impl Place for OnDisk {
    fn flags(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Each trial in a database of its own, which begins empty.
struct InRedis(RedisServer);

impl Place for InRedis {
    fn flags(&mut self) -> Vec<String> {
        self.0.run(&["FLUSHALL"]);
        vec!["--journal".to_owned(), self.0.url()]
    }
}

/// `init`, killed at a step if one is given.
fn init(dir: &Path, flags: &[String], die_at: Option<u32>) -> Outcome {
    let mut command = stockade(dir);
    command.arg("init").args(flags);
    let output = die(&mut command, die_at).output().expect("the binary runs");
    if output.status.success() {
        return Outcome::Done;
    }
    assert!(output.status.code().is_none() && die_at.is_some(), "{}", String::from_utf8_lossy(&output.stderr));
    Outcome::Died
}

/// `serve`, killed at a step if one is given, and when it is up.
fn serve(dir: &Path, flags: &[&str], die_at: Option<u32>) -> Outcome {
    let mut command = stockade(dir);
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--http", "off"]).args(flags);
    let mut child =
        die(&mut command, die_at).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
    if line.contains("fingerprint") {
        child.kill().expect("it is killed");
        child.wait().expect("it ended");
        return Outcome::Done;
    }
    let output = child.wait_with_output().expect("its log");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_none() && die_at.is_some(), "{line}{log}");
    Outcome::Died
}

fn die(command: &mut Command, at: Option<u32>) -> &mut Command {
    match at {
        Some(step) => command.env("FAULTS_DIE_AT", step.to_string()),
        None => command,
    }
}

/// Kills `init` at each step; each time a second `init` and a start must work.
fn init_killed_at_each_step(place: &mut dyn Place) {
    for step in 1..STEPS_MAX {
        let dir = tempfile::tempdir().expect("a folder");
        let flags = place.flags();
        if init(dir.path(), &flags, Some(step)) == Outcome::Done {
            println!("init has {} steps", step - 1);
            assert!(step > 10, "nothing was killed");
            return;
        }
        assert_eq!(init(dir.path(), &flags, None), Outcome::Done, "after step {step} of init");
        assert_eq!(serve(dir.path(), &[], None), Outcome::Done, "after step {step} of init");
    }
    panic!("init does not end");
}

/// Kills the first `serve` at each step; each time the next start must work.
fn serve_killed_at_each_step(place: &mut dyn Place) {
    for step in 1..STEPS_MAX {
        let dir = tempfile::tempdir().expect("a folder");
        init(dir.path(), &place.flags(), None);
        if serve(dir.path(), &[], Some(step)) == Outcome::Done {
            println!("serve has {} steps", step - 1);
            assert!(step > 10, "nothing was killed");
            return;
        }
        assert_eq!(serve(dir.path(), &[], None), Outcome::Done, "after step {step} of serve");
    }
    panic!("serve does not come up");
}

#[test]
fn init_killed_at_each_step_is_finished_by_the_next() {
    init_killed_at_each_step(&mut OnDisk);
}

#[test]
fn init_in_redis_killed_at_each_step_is_finished_by_the_next() {
    init_killed_at_each_step(&mut InRedis(RedisServer::start()));
}

#[test]
fn a_first_serve_killed_at_each_step_is_followed_by_one_that_works() {
    serve_killed_at_each_step(&mut OnDisk);
}

#[test]
fn a_first_serve_in_redis_killed_at_each_step_is_followed_by_one_that_works() {
    serve_killed_at_each_step(&mut InRedis(RedisServer::start()));
}

#[test]
fn a_first_dev_serve_killed_at_each_step_is_followed_by_one_that_works() {
    for step in 1..STEPS_MAX {
        let dir = tempfile::tempdir().expect("a folder");
        if serve(dir.path(), &["--dev"], Some(step)) == Outcome::Done {
            println!("serve --dev has {} steps", step - 1);
            return;
        }
        assert_eq!(serve(dir.path(), &["--dev"], None), Outcome::Done, "after step {step} of serve --dev");
    }
    panic!("serve does not come up");
}
