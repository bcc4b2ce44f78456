//! `config check|print`, and the flags by which other verbs take settings.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::auth::Tokens;
use crate::config::{Asked, Config, FILE_NAME, FlagValue, Problem, read_sources};
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;
use crate::tls::Certificate;

/// See [`run`].
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Check file, environment and flags: what is wrong, and what a server would refuse to start with.
    Check(SettingFlags),
    /// Print every setting, its value, and where the value comes from.
    Print(SettingFlags),
}

/// Flags that give settings; they override environment and file.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingFlags {
    /// The configuration file, or the folder that holds stockade.toml [default: ./stockade.toml, if there is one].
    #[arg(long, env = "STOCKADE_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    /// For trying things out: create what is missing, allow what is unsafe.
    #[arg(long)]
    pub dev: bool,
    /// Address of the QUIC listener (listen.quic).
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Address of the HTTP side, or off (listen.http).
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// local, memory or redis://host:port/db (journal.home).
    #[arg(long, value_name = "HOME")]
    journal: Option<String>,
    /// Where the server keeps what it writes (data_dir).
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Any other setting.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl SettingFlags {
    /// What these flags say.
    pub fn asked(&self) -> Result<Asked, Failure> {
        let mut flags = Vec::new();
        let named = [
            ("--listen", "listen.quic", &self.listen),
            ("--http", "listen.http", &self.http),
            ("--journal", "journal.home", &self.journal),
        ];
        for (flag, key, text) in named {
            let given = text.as_ref().map(|text| FlagValue { flag: flag.into(), key: key.into(), text: text.clone() });
            flags.extend(given);
        }
        if let Some(dir) = &self.data_dir {
            // A path on the command line is relative to the working folder, one in the file to the folder of the file.
            let dir = std::path::absolute(dir).map_err(|e| Failure::usage(format!("--data-dir {dir}: {e}")))?;
            let text = dir.to_string_lossy().into_owned();
            flags.push(FlagValue { flag: "--data-dir".into(), key: "data_dir".into(), text });
        }
        for assignment in &self.set {
            let Some((key, text)) = assignment.split_once('=') else {
                return Err(Failure::usage(format!("--set {assignment}: write KEY=VALUE, like log.level=debug")));
            };
            flags.push(FlagValue { flag: "--set".into(), key: key.into(), text: text.into() });
        }
        Ok(Asked { path: self.config.clone(), flags, dev: self.dev })
    }

    /// The settings these flags, the environment and the file make together.
    pub fn load(&self) -> Result<Config, Failure> {
        Config::load(&self.asked()?).map_err(refused)
    }
}

impl SettingFlags {
    /// These flags for another place: the folder of a server, or a Redis.
    pub fn at(&self, place: &str) -> Result<SettingFlags, Failure> {
        if self.config.is_some() || self.data_dir.is_some() || self.journal.is_some() {
            return Err(Failure::usage(format!(
                "the place {place} is given twice: leave out --config (or STOCKADE_CONFIG), --data-dir and --journal, or the place"
            )));
        }
        let mut flags = self.clone();
        if place.contains("://") {
            flags.journal = Some(place.to_owned());
        } else if Path::new(place).join(FILE_NAME).exists() {
            flags.config = Some(PathBuf::from(place));
        } else {
            (flags.data_dir, flags.journal) = (Some(place.to_owned()), Some("local".to_owned()));
        }
        Ok(flags)
    }

    /// As [`SettingFlags::load`], or the `--dev` settings when a server was started with `--dev` in this folder and no
    /// configuration file exists.
    pub fn load_here(&self) -> Result<Config, Failure> {
        let plain = self.load()?;
        let dev = SettingFlags { dev: true, ..self.clone() }.load()?;
        let started_with_dev = plain.file.is_none() && dev.data_dir.is_dir();
        Ok(if started_with_dev { dev } else { plain })
    }
}

/// Checks or prints the configuration.
pub fn run(args: ConfigArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        ConfigVerb::Check(flags) => check(&flags, out),
        ConfigVerb::Print(flags) => {
            print::settings(&flags.load()?, out);
            Ok(())
        }
    }
}

fn check(flags: &SettingFlags, out: Output) -> Result<(), Failure> {
    let config = flags.load()?;
    let sources = read_sources(&flags.asked()?).map_err(refused)?;
    for name in sources.unknown_variables() {
        eprintln!("stockade: note: environment variable {name} is not a setting and is ignored");
    }
    if !config.dev && !config.dangers().is_empty() {
        return Err(unsafe_settings(&config));
    }
    files(&config)?;
    print::settings_checked(&config, out);
    Ok(())
}

/// Checks the files that the settings name, as far as a server reads them at its start. A file of tokens that is missing is
/// made by the first token.
fn files(config: &Config) -> Result<(), Failure> {
    let bad = |reason: &dyn std::fmt::Display| Failure { code: "bad_config", ..Failure::usage(reason) };
    if let Some((cert, key)) = &config.tls {
        Certificate::read(cert, key).and_then(|certificate| certificate.quic_crypto()).map_err(|error| bad(&error))?;
    }
    Tokens::load(&config.tokens).map(drop).map_err(|error| bad(&error))
}

/// The failure of a command whose configuration is wrong.
pub(super) fn refused(problems: Vec<Problem>) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure { code: "bad_config", ..Failure::usage(lines.join("\n          ")) }
}

/// The failure of a command that would start a server with unsafe settings.
pub fn unsafe_settings(config: &Config) -> Failure {
    let mut message = String::from("refused as unsafe (--dev allows it, for trying things out):");
    for danger in config.dangers() {
        message.push_str(&format!("\n  {}: {}", danger.key, danger.reason));
    }
    Failure { code: "unsafe_config", ..Failure::usage(message) }
}
