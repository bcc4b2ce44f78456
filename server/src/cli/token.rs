//! `token add|list|revoke`: the access tokens of a server, in its file. A running server follows within a second.

use clap::{Args, Subcommand};
use stockade_core::ids::Code;

use super::config::SettingFlags;
use crate::auth::{Role, Tokens};
use crate::clock;
use crate::failure::Failure;
use crate::print::{self, NewTokenBody};
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    verb: TokenVerb,
}

#[derive(Debug, Subcommand)]
enum TokenVerb {
    /// Create a token. It is printed once; only its hash is kept.
    Add(AddArgs),
    /// Show names and roles.
    List(ListArgs),
    /// Revoke a token.
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Role of the bearer: storefront, warehouse, support or admin.
    #[arg(long)]
    role: Role,
    /// The channel of a storefront.
    #[arg(long)]
    channel: Option<Code>,
    /// The name recorded in every event it causes [default: the channel, or the role].
    #[arg(long)]
    name: Option<Code>,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Args)]
struct RevokeArgs {
    /// Its name.
    name: Code,
    #[command(flatten)]
    settings: SettingFlags,
}

/// Creates, lists or revokes tokens.
pub fn run(args: TokenArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        TokenVerb::Add(args) => add(args, out),
        TokenVerb::List(args) => list(&args.settings, out),
        TokenVerb::Revoke(args) => revoke(&args, out),
    }
}

fn add(args: AddArgs, out: Output) -> Result<(), Failure> {
    let path = args.settings.load_here()?.tokens;
    let name = match args.name.or_else(|| args.channel.clone()) {
        Some(name) => name,
        None => Code::new(args.role.name()).map_err(Failure::usage)?,
    };
    let add = |tokens: &mut Tokens| tokens.add(name.clone(), args.role, args.channel.clone(), &clock::timestamp());
    let token = Tokens::update(&path, add)?;
    let channel = args.channel.as_ref();
    let added = NewTokenBody { name: &name, role: args.role.name(), channel, token: &token.text };
    print::token_added(&added, out);
    Ok(())
}

fn list(settings: &SettingFlags, out: Output) -> Result<(), Failure> {
    let path = settings.load_here()?.tokens;
    let tokens = Tokens::load(&path)?;
    print::tokens(&path, tokens.entries(), out);
    Ok(())
}

fn revoke(args: &RevokeArgs, out: Output) -> Result<(), Failure> {
    let path = args.settings.load_here()?.tokens;
    Tokens::update(&path, |tokens| tokens.revoke(&args.name))?;
    print::token_revoked(&args.name, out);
    Ok(())
}
