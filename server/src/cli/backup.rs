//! `backup`: the whole history in one file, while its server goes on.

use std::path::PathBuf;

use clap::Args;

use super::config::SettingFlags;
use crate::failure::Failure;
use crate::fetch::Server;
use crate::print;
use crate::serve;
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file; there must be none of this name.
    #[arg(value_name = "DEST")]
    to: PathBuf,
    /// The HTTP side of a server on another machine, like http://10.0.0.7:7412.
    #[arg(long, value_name = "URL", requires = "token")]
    url: Option<String>,
    /// An admin token of that server.
    #[arg(long, env = "STOCKADE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(flatten)]
    settings: SettingFlags,
}

/// Takes a backup of the history that the settings name, or of that of a server.
pub fn run(args: &BackupArgs, out: Output) -> Result<(), Failure> {
    let taken = match (&args.url, &args.token) {
        (Some(url), Some(token)) => serve::backup_served(&Server::at(url, token.clone())?, &args.to)?,
        (_, _) => serve::backup(&args.settings.load_here()?, &args.to)?,
    };
    print::backed_up(&taken, out);
    Ok(())
}
