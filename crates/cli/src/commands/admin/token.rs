//! `sekisho admin token`: tokens that an organisation gave to people and machines.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Subcommand};
use sekisho_core::id::OrgTokenId;
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_server::operate::Operator;
use sekisho_server::operate::tokens::TokenShown;
use sekisho_store::TokenStatus;

use super::confirm::Confirm;
use super::output::{self, Json, or_dash};
use super::values;

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// List the tokens, by whom they are for
    #[command(after_help = "Examples:\n  sekisho admin token list acme --status active\n  \
                            sekisho admin token list acme --prefix me@ --json")]
    List {
        /// The organisation's id or name
        org: String,
        /// Only those whose user identifier begins so
        #[arg(long, value_parser = values::prefix)]
        prefix: Option<IdentifierPrefix>,
        /// Only those of this status
        #[arg(long, value_parser = PossibleValuesParser::new(TokenStatus::ALL.map(TokenStatus::as_str)))]
        status: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Revoke a token, or every token of somebody who leaves
    #[command(after_help = "Examples:\n  sekisho admin token revoke acme TK01K6… --yes\n  \
                      sekisho admin token revoke acme --identifier me@acme.example --yes")]
    Revoke(RevokeToken),
}

#[derive(Args)]
#[command(group(ArgGroup::new("which").required(true)))]
pub(super) struct RevokeToken {
    /// The organisation's id or name
    org: String,
    /// The token's id
    #[arg(group = "which", value_parser = values::token_id)]
    token: Option<OrgTokenId>,
    /// Every token of this user identifier
    #[arg(long, group = "which", value_parser = values::identifier)]
    identifier: Option<UserIdentifier>,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn run(operator: &Operator, command: TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::List { org, prefix, status, json } => {
            let status = TokenStatus::ALL.into_iter().find(|s| status.as_deref() == Some(s.as_str()));
            let mut tokens = Vec::new();
            operator.tokens(&org, prefix.unwrap_or_default(), status, |token| tokens.push(token)).await?;
            if json.json {
                output::json(&tokens)?;
            } else {
                table(&tokens);
            }
        }
        TokenCommand::Revoke(RevokeToken { org, token, identifier, confirm }) => {
            let what = match (&token, &identifier) {
                (_, Some(identifier)) => format!("This ends every token of {identifier} in {org:?}"),
                (token, None) => format!("This ends the token {}", token.map(|t| t.to_string()).unwrap_or_default()),
            };
            if let Some(code) = confirm.refused(&what) {
                return Ok(code);
            }
            if let Some(identifier) = identifier {
                let ended = operator.revoke_tokens_of(&org, &identifier).await?;
                eprintln!("Tokens revoked: {ended}.");
            }
            if let Some(token) = token {
                let ended = operator.revoke_token(&org, token).await?;
                eprintln!("{}", if ended { "The token is revoked." } else { "The token was revoked before." });
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(tokens: &[TokenShown]) {
    let row = |t: &TokenShown| {
        let (expires, used) = (or_dash(t.expires_at.as_ref()), or_dash(t.last_used_at.as_ref()));
        [t.id.clone(), t.user_identifier.clone(), t.prefix.clone(), t.status.to_owned(), expires, used]
    };
    let rows: Vec<_> = tokens.iter().map(row).collect();
    output::table(["TOKEN", "FOR", "BEGINS", "STATUS", "ENDS", "LAST USED"], &rows, "No such tokens.");
}
