//! `init`: a folder to run a server in, with a commented configuration, a small world and the first admin token.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use stockade_core::ids::Code;

use crate::auth::{Role, Tokens};
use crate::clock;
use crate::config::{Asked, Config, FILE_NAME, commented_file, shown};
use crate::disk::{self, Access};
use crate::failure::Failure;
use crate::print::{self, FileBody, FolderBody};
use crate::serve::{create_local, create_partition, sample};
use crate::terminal::Output;

const WORLD_NAME: &str = "world.toml";
const TOKENS_NAME: &str = "tokens.toml";

/// See [`run`].
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder; created when it does not exist.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where history will be kept: local, or redis://host:port/db, where it is created now.
    #[arg(long, value_name = "HOME")]
    journal: Option<String>,
}

/// Writes what is missing in the folder; overwrites nothing. The token comes last, because it is shown only once: whatever
/// fails before it can be mended and `init` run again.
pub fn run(args: InitArgs, out: Output) -> Result<(), Failure> {
    let dir = &args.dir;
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let config = dir.join(FILE_NAME);
    let world = dir.join(WORLD_NAME);
    let tokens = dir.join(TOKENS_NAME);
    let mut files = vec![write_new(&config, &configuration(&args)?)?, write_new(&world, sample::WORLD)?];
    let asked = Asked { path: Some(config), ..Asked::default() };
    let settings = Config::load(&asked).map_err(super::config::refused)?;
    if let Some((path, written)) = create_local(&settings).map_err(unfinished)? {
        files.push(FileBody { path, written });
    }
    let partition = create_partition(&settings).map_err(unfinished)?;
    let admin = first_token(&tokens)?;
    files.push(FileBody { path: tokens, written: admin.is_some() });
    let made = FolderBody { files, admin_token: admin.as_deref(), partition: partition.as_deref() };
    print::folder(dir, &made, out);
    Ok(())
}

/// The history could not be created.
fn unfinished(failure: Failure) -> Failure {
    let message =
        format!("{failure} (the files are written, no token was made yet: run the same `stockade init` again)");
    Failure { message, ..failure }
}

fn configuration(args: &InitArgs) -> Result<String, Failure> {
    let plain = commented_file();
    let Some(home) = &args.journal else { return Ok(plain) };
    let path = args.dir.join(FILE_NAME);
    match fs::read_to_string(&path) {
        Ok(text) if home_in(&text).as_ref() == Some(home) => {}
        Ok(_) => {
            let reason = format!(
                "{} exists and keeps history elsewhere: set journal.home = \"{}\" in that file, and run `stockade init` \
                 without --journal",
                path.display(),
                shown(home)
            );
            return Err(Failure::usage(reason));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&path, &error)),
    }
    let quoted = toml::Value::String(home.clone()).to_string();
    Ok(plain.replacen("home = \"local\"", &format!("home = {quoted}"), 1))
}

/// Where a configuration file says that history is kept.
fn home_in(text: &str) -> Option<String> {
    let file: toml::Table = text.parse().ok()?;
    Some(file.get("journal")?.get("home")?.as_str()?.to_owned())
}

fn first_token(path: &Path) -> Result<Option<String>, Failure> {
    disk::alone(path, || first_token_alone(path)).map_err(|error| failed(path, &error))?
}

fn first_token_alone(path: &Path) -> Result<Option<String>, Failure> {
    let mut tokens = Tokens::load(path)?;
    if path.exists() {
        return Ok(None);
    }
    let name = Code::new(Role::Admin.name()).map_err(Failure::failed)?;
    let token = tokens.add(name, Role::Admin, None, &clock::timestamp())?;
    tokens.save(path)?;
    Ok(Some(token.text))
}

/// Writes a file unless it exists.
fn write_new(path: &Path, text: &str) -> Result<FileBody, Failure> {
    // A configuration may hold a password one day.
    match disk::create(path, text.as_bytes(), Access::Group) {
        Ok(()) => Ok(FileBody { path: path.to_owned(), written: true }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(FileBody { path: path.to_owned(), written: false })
        }
        Err(error) => Err(failed(path, &error)),
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}
