//! Where settings are read from: the file, and the environment of this process.

use std::path::PathBuf;

use super::layers::{FlagValue, Problem, Sources};
use super::typed::Config;

/// The name of the configuration file.
pub const FILE_NAME: &str = "stockade.toml";

/// The configuration a command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The file, or the folder that holds `stockade.toml`.
    pub path: Option<PathBuf>,
    /// Values given by flags.
    pub flags: Vec<FlagValue>,
    /// Whether `--dev` is given.
    pub dev: bool,
}

impl Config {
    /// Reads the file and the environment of this process; flags override both.
    pub fn load(asked: &Asked) -> Result<Config, Vec<Problem>> {
        let sources = read_sources(asked)?;
        let file = sources.file.as_ref().map(|(path, _)| path.clone());
        Config::typed(file, asked.dev, sources.resolve()?)
    }
}

/// The file's text and the environment of this process.
pub fn read_sources(asked: &Asked) -> Result<Sources, Vec<Problem>> {
    let (path, required) = match &asked.path {
        Some(path) if path.is_dir() => (path.join(FILE_NAME), true),
        Some(path) => (path.clone(), true),
        None => (PathBuf::from(FILE_NAME), false),
    };
    let file = match std::fs::read_to_string(&path) {
        Ok(text) => Some((path, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => None,
        Err(error) => {
            let reason = format!("cannot be read: {error}; `stockade init DIR` makes one");
            return Err(vec![Problem { place: path.display().to_string(), reason }]);
        }
    };
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("STOCKADE_"))
        .collect();
    Ok(Sources { file, environment, flags: asked.flags.clone(), dev: asked.dev })
}
