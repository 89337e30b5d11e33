//! `sekisho admin bot trust|try|session`: pipelines that come without a secret.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use sekisho_core::id::CiSessionId;
use sekisho_oidc::Conditions;
use sekisho_server::config::Settings;
use sekisho_server::operate::Operator;
use serde_json::{Value, json};
use uuid::Uuid;

use super::confirm::Confirm;
use super::output::{self, Json};
use crate::commands::print;

/// Longest ID token, and longest file of conditions.
const LONGEST: u64 = 64 * 1024;

#[derive(Subcommand)]
pub(super) enum TrustCommand {
    /// Have a bot trust pipelines; prints the conditions' id
    #[command(after_help = "\
Examples:
  sekisho admin bot trust add acme ci --github --repository-owner-id 65 --repository acme/app --ref refs/heads/main
  sekisho admin bot trust add acme ci --gitlab --issuer https://gitlab.example.com --project-id 20 --ref-protected
  sekisho admin bot trust add acme ci --file jenkins.toml

All conditions have to hold; of an option that is given more than once, one value.")]
    Add(Box<AddArguments>),
    /// List what a bot trusts
    #[command(after_help = "Example:\n  sekisho admin bot trust list acme ci")]
    List {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        #[command(flatten)]
        json: Json,
    },
    /// Take conditions away; sessions that were given for them go on (`sekisho admin bot session end` ends them)
    #[command(after_help = "Example:\n  sekisho admin bot trust remove acme ci 019db1c2-… --yes")]
    Remove {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        /// The conditions' id, as `list` shows it
        id: Uuid,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Args)]
pub(super) struct AddArguments {
    /// The organisation's id or name
    org: String,
    /// The bot's id or name
    bot: String,
    /// Conditions as TOML, in place of the options below
    #[arg(long, conflicts_with = "options", required_unless_present_any = ["github", "gitlab"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    json: Json,
}

/// Conditions as options. A group of their own, so that none of them can be given beside a file and be overlooked.
#[derive(Args)]
#[group(id = "options", multiple = true)]
struct Options {
    /// Pipelines of GitHub Actions
    #[arg(long, conflicts_with = "gitlab")]
    github: bool,
    /// Pipelines of GitLab CI
    #[arg(long)]
    gitlab: bool,
    /// Another issuer than the provider's public one
    #[arg(long)]
    issuer: Option<String>,
    /// GitHub: the owner's id, a number that is never given again
    #[arg(long)]
    repository_owner_id: Vec<String>,
    /// GitHub: the repository's id
    #[arg(long)]
    repository_id: Vec<String>,
    /// GitHub: owner/name
    #[arg(long)]
    repository: Vec<String>,
    /// GitHub: the workflow's file with its ref
    #[arg(long)]
    workflow_ref: Vec<String>,
    /// GitLab: the project's id
    #[arg(long)]
    project_id: Vec<String>,
    /// GitLab: the group's id
    #[arg(long)]
    namespace_id: Vec<String>,
    /// GitLab: group/project
    #[arg(long)]
    project_path: Vec<String>,
    /// The branch or tag: refs/heads/main at GitHub, main at GitLab
    #[arg(long = "ref")]
    git_ref: Vec<String>,
    /// The branch or tag is protected
    #[arg(long)]
    ref_protected: bool,
    /// The environment
    #[arg(long)]
    environment: Vec<String>,
    /// An event by which strangers can start a job, such as pull_request or issue_comment: refused unless it is named
    #[arg(long)]
    allow_event: Vec<String>,
}

#[derive(Subcommand)]
pub(super) enum SessionCommand {
    /// List a bot's sessions that run
    List {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        #[command(flatten)]
        json: Json,
    },
    /// End a session, or all of them
    #[command(after_help = "Example:\n  sekisho admin bot session end acme ci --all --yes")]
    End {
        /// The organisation's id or name
        org: String,
        /// The bot's id or name
        bot: String,
        /// The session's id
        #[arg(value_parser = session_id, required_unless_present = "all", conflicts_with = "all")]
        session: Option<CiSessionId>,
        /// Every session of the bot
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        confirm: Confirm,
    },
}

fn session_id(text: &str) -> Result<CiSessionId, String> {
    CiSessionId::parse(text).ok_or_else(|| "not a session's id, such as CS01…".to_owned())
}

impl AddArguments {
    fn conditions(&self) -> anyhow::Result<Conditions> {
        let Some(path) = &self.file else { return self.options.conditions() };
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        let text = read(file).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }
}

/// All of what is read: cut off, conditions would miss their last ones and trust more than was written.
fn read(from: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        bail!("it is longer than {LONGEST} bytes");
    }
    Ok(text)
}

impl Options {
    fn conditions(&self) -> anyhow::Result<Conditions> {
        let (provider, public) = match self.gitlab {
            true => ("gitlab", "https://gitlab.com"),
            false => ("github", "https://token.actions.githubusercontent.com"),
        };
        let mut all: BTreeMap<&str, Value> = BTreeMap::new();
        all.insert("provider", json!(provider));
        all.insert("issuer", json!(self.issuer.as_deref().unwrap_or(public)));
        for (name, values) in [
            ("repository_owner_id", &self.repository_owner_id),
            ("repository_id", &self.repository_id),
            ("repository", &self.repository),
            ("workflow_ref", &self.workflow_ref),
            ("project_id", &self.project_id),
            ("namespace_id", &self.namespace_id),
            ("project_path", &self.project_path),
            ("ref", &self.git_ref),
            ("environment", &self.environment),
            ("allow_events", &self.allow_event),
        ] {
            if !values.is_empty() {
                all.insert(name, json!(values));
            }
        }
        if self.ref_protected {
            all.insert("ref_protected", json!(true));
        }
        Ok(serde_json::from_value(json!(all))?)
    }
}

pub(super) async fn run(operator: &Operator, settings: &Settings, command: TrustCommand) -> anyhow::Result<ExitCode> {
    match command {
        TrustCommand::Add(arguments) => {
            let AddArguments { org, bot, json, .. } = &*arguments;
            let made = operator.add_trust(settings, org, bot, &arguments.conditions()?).await?;
            if json.json {
                output::json(&made)?;
            } else {
                eprintln!("The bot {bot:?} trusts pipelines with {}. Their id:", made.conditions);
                print(&format!("{}\n", made.id));
            }
        }
        TrustCommand::List { org, bot, json } => {
            let all = operator.trusts(&org, &bot).await?;
            if json.json {
                output::json(&all)?;
            } else {
                let row = |t: &sekisho_server::operate::trust::TrustShown| {
                    [t.id.clone(), t.created_at.clone(), t.conditions.to_string()]
                };
                let rows: Vec<_> = all.iter().map(row).collect();
                let none = "The bot trusts nobody; `sekisho admin bot trust add` changes that.";
                output::table(["ID", "GIVEN", "CONDITIONS"], &rows, none);
            }
        }
        TrustCommand::Remove { org, bot, id, confirm } => {
            if let Some(code) = confirm.refused(&format!("This takes conditions {id} from the bot {bot:?}")) {
                return Ok(code);
            }
            operator.remove_trust(&org, &bot, id).await?;
            eprintln!("The bot {bot:?} trusts these pipelines no more. Sessions that run go on to their end.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `sekisho admin bot try`: the token comes from a file or from standard input, never from an argument.
pub(super) async fn try_token(
    operator: &Operator,
    settings: &Settings,
    (org, bot): (&str, &str),
    token: &PathBuf,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let text = if token.as_os_str() == "-" {
        read(std::io::stdin())?
    } else {
        let file = std::fs::File::open(token).with_context(|| token.display().to_string())?;
        read(file).with_context(|| token.display().to_string())?
    };
    let text = text.trim();
    if text.is_empty() {
        bail!("there is no token in it");
    }
    let tried = operator.try_id_token(settings, org, bot, text).await?;
    let counts = tried.iter().any(|one| one.mismatches.is_empty());
    if json {
        output::json(&tried)?;
    } else {
        for one in &tried {
            let said = if one.mismatches.is_empty() { "it counts".to_owned() } else { one.mismatches.join("\n  ") };
            print(&format!("{}\n  {said}\n", one.id));
        }
    }
    Ok(if counts { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) async fn session(operator: &Operator, command: SessionCommand) -> anyhow::Result<ExitCode> {
    match command {
        SessionCommand::List { org, bot, json } => {
            let sessions = operator.sessions(&org, &bot).await?;
            if json.json {
                output::json(&sessions)?;
            } else {
                let rows: Vec<_> = sessions
                    .iter()
                    .map(|s| {
                        let part = |text: &Option<String>| output::or_dash(text.as_ref());
                        let (repository, run) = (part(&s.pipeline.repository), part(&s.pipeline.run));
                        [s.id.clone(), repository, run, s.issued_at.clone(), s.expires_at.clone()]
                    })
                    .collect();
                output::table(["SESSION", "REPOSITORY", "RUN", "BEGAN", "ENDS"], &rows, "No session runs.");
            }
        }
        SessionCommand::End { org, bot, session, all: _, confirm } => {
            let which = session.map_or_else(|| "all sessions".to_owned(), |id| format!("the session {id}"));
            if let Some(code) = confirm.refused(&format!("This ends {which} of the bot {bot:?}")) {
                return Ok(code);
            }
            let ended = operator.end_sessions(&org, &bot, session).await?;
            eprintln!("Sessions that were ended: {ended}.");
            if ended == 0 && session.is_some() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
