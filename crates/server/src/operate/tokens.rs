//! Tokens that organisations gave to people and machines: listed and revoked.

use sekisho_core::id::OrgTokenId;
use sekisho_core::org::{IdentifierPrefix, UserIdentifier};
use sekisho_store::{OrgTokenPage, OrgTokenRow, TokenStatus};
use serde::Serialize;
use serde_json::json;

use super::{OperateError, Operator};

/// Rows that are read at once.
const PAGE: u32 = 500;

/// A token as it is shown; never a secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenShown {
    /// Its id.
    pub id: String,
    /// Whom it is for.
    pub user_identifier: String,
    /// `tg_org_Ab3d…`
    pub prefix: String,
    /// `active`, `revoked` or `expired`.
    pub status: &'static str,
    /// When it was made.
    pub created_at: String,
    /// When it ends by itself.
    pub expires_at: Option<String>,
    /// The last package request, as far as it was written down.
    pub last_used_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

impl Operator {
    /// Hands an organisation's tokens to `each`, by identifier, page by page.
    pub async fn tokens(
        &self,
        org: &str,
        prefix: IdentifierPrefix,
        status: Option<TokenStatus>,
        mut each: impl FnMut(TokenShown),
    ) -> Result<(), OperateError> {
        let (org, now) = (self.org(org).await?, self.now());
        let mut page = OrgTokenPage { prefix, status, after: None, limit: PAGE };
        loop {
            let rows = self.store.org_tokens().page(org.id, &page, now).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            page.after = Some((last.identifier.clone(), last.id));
            rows.iter().map(|row| shown(row, row.status(now))).for_each(&mut each);
        }
    }

    /// Revokes one token; `false` if it was revoked before.
    pub async fn revoke_token(&self, org: &str, id: OrgTokenId) -> Result<bool, OperateError> {
        let org = self.org(org).await?;
        let Some(row) = self.store.org_tokens().find(org.id, id).await? else {
            let why = format!("{:?} has no token {id}; `sekisho admin token list` shows them all", org.name);
            return OperateError::refused(why);
        };
        self.revoke_row(&row).await
    }

    /// Revokes every token of somebody who leaves; how many that were.
    pub async fn revoke_tokens_of(&self, org: &str, identifier: &UserIdentifier) -> Result<u64, OperateError> {
        let (org, now) = (self.org(org).await?, self.now());
        // Of all identifiers that begin like this one, the one itself comes first.
        let prefix = IdentifierPrefix::parse(identifier.as_str()).unwrap_or_default();
        let mut page = OrgTokenPage { prefix, status: None, after: None, limit: PAGE };
        let (mut seen, mut revoked) = (false, 0);
        loop {
            let rows = self.store.org_tokens().page(org.id, &page, now).await?;
            for row in rows.iter().take_while(|row| row.identifier == *identifier) {
                seen = true;
                revoked += u64::from(row.revoked_at.is_none() && self.revoke_row(row).await?);
            }
            match rows.last() {
                Some(last) if last.identifier == *identifier => page.after = Some((identifier.clone(), last.id)),
                _ if seen => return Ok(revoked),
                _ => {
                    let why = format!("{:?} never gave {identifier} a token; `sekisho admin token list`", org.name);
                    return OperateError::refused(why);
                }
            }
        }
    }

    async fn revoke_row(&self, row: &OrgTokenRow) -> Result<bool, OperateError> {
        let detail = json!({"user_identifier": row.identifier.as_str(), "prefix": row.hint});
        let audit = self.audit("token.revoked", row.id, detail);
        Ok(self.store.org_tokens().revoke(row.org, row.id, &audit).await?.is_some())
    }
}

fn shown(row: &OrgTokenRow, status: TokenStatus) -> TokenShown {
    TokenShown {
        id: row.id.to_string(),
        user_identifier: row.identifier.to_string(),
        prefix: row.hint.clone(),
        status: status.as_str(),
        created_at: row.created_at.to_string(),
        expires_at: row.expires_at.map(|at| at.to_string()),
        last_used_at: row.last_used_at.map(|at| at.to_string()),
        revoked_at: row.revoked_at.map(|at| at.to_string()),
    }
}
