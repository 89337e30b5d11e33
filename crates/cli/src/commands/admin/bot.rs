//! `sekisho admin bot`: an organisation's programs and their keys.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use sekisho_core::org::Role;
use sekisho_server::config::Settings;
use sekisho_server::operate::Operator;
use sekisho_server::operate::bots::{BotKeyShown, BotShown};
use serde_json::json;
use uuid::Uuid;

use super::confirm::Confirm;
use super::output::{self, Json, or_dash};
use super::trust::{self, SessionCommand, TrustCommand};
use super::values;
use crate::commands::print;

#[derive(Subcommand)]
pub(super) enum BotCommand {
    /// Make a bot; prints its id
    #[command(after_help = "Example:\n  sekisho admin bot create acme laptops --role guard_token_issuer")]
    Create {
        /// The organisation's id or name
        org: String,
        /// What it is called
        #[arg(value_parser = values::name)]
        name: String,
        /// What it may do
        #[arg(long, value_parser = values::role())]
        role: Role,
        #[command(flatten)]
        json: Json,
    },
    /// List the bots
    #[command(after_help = "Example:\n  sekisho admin bot list acme")]
    List {
        /// The organisation's id or name
        org: String,
        #[command(flatten)]
        json: Json,
    },
    /// Give a bot another role
    #[command(after_help = "Example:\n  sekisho admin bot role acme laptops guard_viewer")]
    Role {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        /// What it may do
        #[arg(value_parser = values::role())]
        role: Role,
    },
    /// Remove a bot, and with it every key
    #[command(after_help = "Example:\n  sekisho admin bot remove acme laptops --yes")]
    Remove {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// A bot's keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Pipelines that a bot trusts, which need no key
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Try an ID token without exchanging it: says which conditions do not hold
    #[command(after_help = "Example:\n  sekisho admin bot try acme ci --token - < id_token")]
    Try {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        /// File that holds the ID token; `-` is standard input
        #[arg(long)]
        token: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Sessions of pipelines
    #[command(subcommand)]
    Session(SessionCommand),
}

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and print it, the only time: `<key>:<bot id>`, as it is sent after `Authorization: Bearer`
    #[command(after_help = "Example:\n  (umask 077; sekisho admin bot key add acme laptops > laptops.key)")]
    Add {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        #[command(flatten)]
        json: Json,
    },
    /// List a bot's keys, revoked ones too
    #[command(after_help = "Example:\n  sekisho admin bot key list acme laptops")]
    List {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        #[command(flatten)]
        json: Json,
    },
    /// End a key
    #[command(after_help = "Example:\n  sekisho admin bot key revoke acme laptops 019db1c2-… --yes")]
    Revoke {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        /// The key's id, as `list` shows it
        key: Uuid,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn run(operator: &Operator, settings: &Settings, command: BotCommand) -> anyhow::Result<ExitCode> {
    match command {
        BotCommand::Create { org, name, role, json } => {
            let made = operator.create_bot(&org, &name, role).await?;
            if json.json {
                output::json(&made)?;
            } else {
                eprintln!("The bot {name:?} was made; `sekisho admin bot key add` makes a key for it. Its id:");
                print(&format!("{}\n", made.id));
            }
        }
        BotCommand::List { org, json } => {
            let bots = operator.bots(&org).await?;
            if json.json {
                output::json(&bots)?;
            } else {
                table(&bots);
            }
        }
        BotCommand::Role { org, bot, role } => {
            let changed = operator.set_bot_role(&org, &bot, role).await?;
            eprintln!("The bot {bot:?} {} {role}.", if changed { "is now" } else { "was already" });
        }
        BotCommand::Remove { org, bot, confirm } => {
            if let Some(code) = confirm.refused(&format!("This removes the bot {bot:?} of {org:?} and all its keys")) {
                return Ok(code);
            }
            let removed = operator.remove_bot(&org, &bot).await?;
            eprintln!("The bot {:?} ({}) was removed.", removed.name, removed.id);
        }
        BotCommand::Key(command) => return key(operator, command).await,
        BotCommand::Trust(command) => return trust::run(operator, settings, command).await,
        BotCommand::Try { org, bot, token, json } => {
            return trust::try_token(operator, settings, (&org, &bot), &token, json.json).await;
        }
        BotCommand::Session(command) => return trust::session(operator, command).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn key(operator: &Operator, command: KeyCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::Add { org, bot, json } => {
            let key = operator.add_bot_key(&org, &bot).await?;
            if json.json {
                output::json(&json!({"id": key.id, "bot_id": key.bot, "credential": key.credential()}))?;
            } else {
                eprintln!("The key {} was made. It is shown this one time, and stored nowhere:", key.id);
                print(&format!("{}\n", key.credential()));
            }
        }
        KeyCommand::List { org, bot, json } => {
            let keys = operator.bot_keys(&org, &bot).await?;
            if json.json {
                output::json(&keys)?;
            } else {
                key_table(&keys);
            }
        }
        KeyCommand::Revoke { org, bot, key, confirm } => {
            if let Some(code) = confirm.refused(&format!("This ends the key {key} of the bot {bot:?}")) {
                return Ok(code);
            }
            let ended = operator.revoke_bot_key(&org, &bot, key).await?;
            eprintln!("{}", if ended { "The key is revoked." } else { "The key was revoked before." });
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn table(bots: &[BotShown]) {
    let rows: Vec<_> =
        bots.iter().map(|b| [b.id.clone(), b.name.clone(), b.role.to_owned(), b.created_at.clone()]).collect();
    output::table(["BOT", "NAME", "ROLE", "CREATED"], &rows, "No bots; `sekisho admin bot create` makes one.");
}

fn key_table(keys: &[BotKeyShown]) {
    let row = |k: &BotKeyShown| {
        let (used, revoked) = (or_dash(k.last_used_at.as_ref()), or_dash(k.revoked_at.as_ref()));
        [k.id.clone(), k.hint.clone(), k.created_at.clone(), used, revoked]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    let none = "The bot has no key; `sekisho admin bot key add` makes one.";
    output::table(["KEY", "BEGINS", "CREATED", "LAST USED", "REVOKED"], &rows, none);
}
