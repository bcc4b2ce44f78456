//! `token add|list|revoke`: the access tokens of a server, in its file. A running server follows within a second.

use clap::{Args, Subcommand};
use serde_json::json;
use stockade_core::ids::Code;

use super::config::SettingFlags;
use super::output::{Output, Table};
use crate::auth::{Role, TokenError, Tokens};
use crate::clock;
use crate::failure::{Exit, Failure};

/// See [`run`].
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    verb: TokenVerb,
}

#[derive(Debug, Subcommand)]
enum TokenVerb {
    /// Make a token. It is printed once; only its hash is kept.
    Add(AddArgs),
    /// Show names and roles.
    List(ListArgs),
    /// Make a token worthless.
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// What its bearer is: storefront, warehouse, support or admin.
    #[arg(long)]
    role: Role,
    /// The channel of a storefront.
    #[arg(long)]
    channel: Option<Code>,
    /// Its name in every event it causes [default: the channel, or the role].
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

/// Makes, shows or revokes tokens.
pub fn run(args: TokenArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        TokenVerb::Add(args) => add(args, out),
        TokenVerb::List(args) => list(&args.settings, out),
        TokenVerb::Revoke(args) => revoke(&args, out),
    }
}

fn add(args: AddArgs, out: Output) -> Result<(), Failure> {
    let path = args.settings.load_here()?.tokens;
    let mut tokens = Tokens::load(&path)?;
    let name = match args.name.or_else(|| args.channel.clone()) {
        Some(name) => name,
        None => Code::new(args.role.name()).map_err(Failure::usage)?,
    };
    let token = tokens.add(name.clone(), args.role, args.channel.clone(), &clock::timestamp())?;
    tokens.save(&path)?;
    if out.json {
        out.object(&json!({
            "name": name, "role": args.role.name(), "channel": args.channel, "token": token.text,
        }));
    } else {
        out.line(&token.text);
        eprintln!("stockade: token {name} ({}); it is not shown again, only its hash is kept", args.role);
    }
    Ok(())
}

fn list(settings: &SettingFlags, out: Output) -> Result<(), Failure> {
    let path = settings.load_here()?.tokens;
    let tokens = Tokens::load(&path)?;
    let mut table = Table::new(["name", "role", "channel", "created"]);
    for entry in tokens.entries() {
        let role = entry.role().map_or("?", Role::name);
        if out.json {
            out.object(&json!({
                "name": entry.name, "role": role, "channel": entry.channel, "created": entry.created,
            }));
        } else {
            let channel = entry.channel.as_ref().map_or("-", Code::as_str);
            table.row([entry.name.to_string(), role.to_owned(), channel.to_owned(), entry.created.clone()]);
        }
    }
    if table.is_empty() && !out.json {
        out.line(format!("no tokens in {}; `stockade token add --role admin` makes one", path.display()));
    }
    out.table(&table);
    Ok(())
}

fn revoke(args: &RevokeArgs, out: Output) -> Result<(), Failure> {
    let path = args.settings.load_here()?.tokens;
    let mut tokens = Tokens::load(&path)?;
    tokens.revoke(&args.name)?;
    tokens.save(&path)?;
    if out.json {
        out.object(&json!({ "revoked": args.name }));
    } else {
        out.line(format!("token {} is worthless from now on", args.name));
    }
    Ok(())
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Failure {
        match error {
            TokenError::Taken(_) | TokenError::Unknown(_) => {
                Failure { exit: Exit::Refused, code: "token", ..Failure::usage(error) }
            }
            TokenError::Bad { .. } | TokenError::Channel(_) => Failure::usage(error),
            TokenError::Io { .. } | TokenError::Random(_) => Failure::failed(error),
        }
    }
}
