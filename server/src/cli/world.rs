//! `world check|apply|show|sketch` and `rules check|apply|show`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use stockade_core::command::{ApplyRules, ApplyWorld, Command};
use stockade_core::ids::{Code, RulesVersion};
use stockade_core::query::Query;
use stockade_core::rules::{FileError, RuleSet, RulesFile, WorldFile};

use super::connect::{Connect, KeyFlags};
use crate::failure::Failure;
use crate::print::{self, WorldCheckedBody};
use crate::sketch;
use crate::terminal::Output;

/// See [`world`].
#[derive(Debug, Args)]
pub struct WorldArgs {
    #[command(subcommand)]
    verb: WorldVerb,
}

#[derive(Debug, Subcommand)]
enum WorldVerb {
    /// Read a world file as the server would, without a server.
    Check(FileArgs),
    /// Put a world file into force: warehouses, carriers, channels, pools and rules.
    Apply(ApplyArgs),
    /// Print the world in force.
    Show(ShowArgs),
    /// Write a plausible world and stock for any order file.
    Sketch(sketch::SketchArgs),
}

/// See [`rules`].
#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    verb: RulesVerb,
}

#[derive(Debug, Subcommand)]
enum RulesVerb {
    /// Read a rules file against a world file, without a server.
    Check(CheckRulesArgs),
    /// Put a rules file into force.
    Apply(ApplyRulesArgs),
    /// Print the rules in force.
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The file.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct CheckRulesArgs {
    /// The rules file.
    file: PathBuf,
    /// The world it is for.
    #[arg(long, value_name = "WORLD")]
    world: PathBuf,
}

#[derive(Debug, Args)]
struct ApplyArgs {
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Args)]
struct ApplyRulesArgs {
    /// The file.
    file: PathBuf,
    /// Refuse unless this version is in force.
    #[arg(long, value_name = "VERSION")]
    expect: Option<u32>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    connect: Connect,
}

/// Checks, applies, prints or sketches a world.
pub fn world(args: WorldArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        WorldVerb::Check(args) => {
            let text = read(&args.file)?;
            let world = WorldFile::parse(&text).map_err(|error| bad_file(&args.file, &error))?;
            summary(&args.file, &world, None, out)
        }
        WorldVerb::Apply(args) => {
            let text = read(&args.file)?;
            WorldFile::parse(&text).map_err(|error| bad_file(&args.file, &error))?;
            args.connect.run(&args.key, Command::ApplyWorld(ApplyWorld { text }), out)
        }
        WorldVerb::Show(args) => {
            print::reply(&args.connect.open()?.query(Query::World(stockade_core::query::World))?, out);
            Ok(())
        }
        WorldVerb::Sketch(args) => {
            print::sketched(&sketch::run(&args)?, out);
            Ok(())
        }
    }
}

/// Checks, applies or prints the rules.
pub fn rules(args: RulesArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        RulesVerb::Check(args) => {
            let world = read(&args.world)?;
            let world = WorldFile::parse(&world).map_err(|error| bad_file(&args.world, &error))?;
            let text = read(&args.file)?;
            let rules = RulesFile::parse(&text, &world).map_err(|error| bad_file(&args.file, &error))?;
            summary(&args.file, &world, Some(&rules), out)?;
            if says_nothing(&text) {
                print::rules_are_silent(out);
            }
            Ok(())
        }
        RulesVerb::Apply(args) => {
            let text = read(&args.file)?;
            let silent = says_nothing(&text);
            let command = Command::ApplyRules(ApplyRules { text, expect: args.expect.map(RulesVersion) });
            args.connect.run(&args.key, command, out).map_err(|failure| match failure.code {
                "bad_file" => Failure { message: format!("{}: {failure}", args.file.display()), ..failure },
                _ => failure,
            })?;
            if silent {
                print::rules_are_silent(out);
            }
            Ok(())
        }
        RulesVerb::Show(args) => {
            print::reply(&args.connect.open()?.query(Query::Rules(stockade_core::query::Rules))?, out);
            Ok(())
        }
    }
}

fn summary(file: &Path, world: &WorldFile, rules: Option<&RulesFile>, out: Output) -> Result<(), Failure> {
    let ids = world.codes().numbered();
    for (kind, code) in ids.after([0; 4]) {
        let plain = Code::new(code.as_str());
        plain.map_err(|error| Failure {
            code: "bad_file",
            ..Failure::usage(format!("{}: {kind} `{}`: {error}", file.display(), code.as_str().escape_debug()))
        })?;
    }
    let set = RuleSet::resolve(world, rules, &ids, RulesVersion(1)).map_err(|error| bad_file(file, &error))?;
    let checked = WorldCheckedBody {
        ok: true,
        currency: &set.currency,
        warehouses: ids.warehouses.len(),
        carriers: ids.carriers.len(),
        channels: ids.channels.len(),
        ways_without_zone: set.lanes(None).all().len(),
    };
    print::world_checked(file, &checked, out);
    Ok(())
}

fn says_nothing(text: &str) -> bool {
    text.lines().map(str::trim_start).all(|line| line.is_empty() || line.starts_with('#'))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text: save it as UTF-8".to_owned(),
            _ => error.to_string(),
        };
        Failure::usage(format!("{} cannot be read: {reason}", path.display()))
    })
}

fn bad_file(path: &Path, error: &FileError) -> Failure {
    let place = if error.line == 0 { path.display().to_string() } else { format!("{}:{}", path.display(), error.line) };
    Failure { code: "bad_file", ..Failure::usage(format!("{place}: {}", error.reason)) }
}
