//! Issuing, rotating and revoking an organisation's tokens, whoever asks for it: a bot at the API, or a person at a page.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::{OrgId, OrgTokenId};
use sekisho_core::org::UserIdentifier;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::{NewAudit, NewOrgToken, NewRepeat, OrgTokenRow, Organisation, Rotated, StoreError};
use serde_json::{Value, json};

use crate::app::App;
use crate::authority::{IssueTokens, ManageTokens, May};

/// Longest life of a token that ends by itself, in seconds: ten years.
pub(crate) const LONGEST_LIFE: i64 = 10 * 365 * 86_400;
/// Longest time for which a token keeps working that was rotated, in seconds: 30 days.
pub(crate) const LONGEST_OVERLAP: i64 = 30 * 86_400;

/// What an organisation says about its tokens' lives, in seconds; the one place that decides what a life is that nobody named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives {
    /// Where nothing else is said; none: for ever.
    pub(crate) usual: Option<i64>,
    /// At most; none: for ever.
    pub(crate) most: Option<i64>,
}

impl Lives {
    /// An organisation's.
    pub(crate) fn of(org: &Organisation) -> Lives {
        Lives { usual: org.usual_token_seconds(), most: org.max_token_seconds }
    }

    /// The same, as the database has it now.
    pub(crate) async fn find(app: &App, org: OrgId) -> Result<Lives, StoreError> {
        let found = app.store.organisations().find(org).await?;
        Ok(found.as_ref().map_or(Lives { usual: None, most: None }, Lives::of))
    }
}

/// Who issues, rotates or revokes: one with a right, or the person whose address a token carries. The audit log's row
/// carries what is asked again in the transaction.
pub(crate) trait Acting: Sync {
    /// The organisation.
    fn org(&self) -> OrgId;

    /// The name in the audit log.
    fn actor(&self) -> String;

    /// A row of the audit log.
    fn audit(&self, app: &App, now: Timestamp, action: &'static str, subject: String, detail: Value) -> NewAudit;
}

impl Acting for May<ManageTokens> {
    fn org(&self) -> OrgId {
        May::org(self)
    }

    fn actor(&self) -> String {
        May::actor(self)
    }

    fn audit(&self, app: &App, now: Timestamp, action: &'static str, subject: String, detail: Value) -> NewAudit {
        May::audit(self, app, now, action, subject, detail)
    }
}

/// A new token and its row, made together; the plain text is in the one answer.
pub(crate) struct Minted {
    pub(crate) plain: PlainToken,
    pub(crate) row: NewOrgToken,
    pub(crate) now: Timestamp,
}

impl Minted {
    /// Makes one that lives so many seconds; none: for ever.
    pub(crate) fn new(app: &App, identifier: UserIdentifier, made_by: &str, life: Option<i64>) -> Minted {
        let now = app.clock.now();
        let plain = PlainToken::mint(TokenKind::Organisation, &*app.random);
        let id = OrgTokenId::mint(now, &*app.random);
        let expires_at = life.map(|seconds| now.plus(Duration::from_secs(u64::try_from(seconds).unwrap_or_default())));
        let row = NewOrgToken::of(id, &plain, identifier, made_by, expires_at);
        Minted { plain, row, now }
    }

    /// The row of the audit log that says that it was issued.
    pub(crate) fn issued(&self, app: &App, may: &May<IssueTokens>) -> NewAudit {
        may.audit(app, self.now, "token.issued", self.row.id.to_string(), self.told())
    }

    /// What the audit log keeps of it.
    fn told(&self) -> Value {
        json!({
            "user_identifier": self.row.identifier.as_str(),
            "prefix": self.plain.hint(),
            "expires_at": self.row.expires_at.map(|at| at.to_string()),
        })
    }
}

/// A new token that is about to come in an old one's place.
pub(crate) struct Rotation {
    /// The new one.
    pub(crate) minted: Minted,
    org: OrgId,
    old: OrgTokenId,
    old_ends: Option<Timestamp>,
    audit: NewAudit,
}

impl Rotation {
    /// Makes the new token. It lives as long as the old one was to live, within what the organisation allows; the old one
    /// keeps working for so many seconds.
    pub(crate) async fn prepare(
        app: &App,
        may: &impl Acting,
        old: &OrgTokenRow,
        overlap: i64,
    ) -> Result<Rotation, StoreError> {
        // A token whose end was moved by an overlap is not rotated again; of all others this is the life they were given.
        let life = old.expires_at.map(|end| i64::try_from(end.since(old.created_at).as_secs()).unwrap_or(i64::MAX));
        let most = Lives::find(app, may.org()).await?.most;
        let life = [life, most].into_iter().flatten().min();
        let minted = Minted::new(app, old.identifier.clone(), &may.actor(), life);
        let mut told = minted.told();
        told["replaced_by"] = minted.row.id.to_string().into();
        told["overlap_seconds"] = overlap.into();
        let audit = may.audit(app, minted.now, "token.rotated", old.id.to_string(), told);
        let old_ends = u64::try_from(overlap).ok().filter(|seconds| *seconds > 0);
        let old_ends = old_ends.map(|seconds| minted.now.plus(Duration::from_secs(seconds)));
        Ok(Rotation { minted, org: may.org(), old: old.id, old_ends, audit })
    }

    /// Puts it in the old one's place. What this node knows of the old one ends at once.
    pub(crate) async fn carry_out(&self, app: &App, once: Option<&NewRepeat>) -> Result<Rotated, StoreError> {
        let tokens = app.store.org_tokens();
        let rotated = tokens.rotate(self.org, self.old, &self.minted.row, self.old_ends, &self.audit, once).await?;
        if let Rotated::Done { old } = rotated {
            app.callers.forget([old]);
        }
        Ok(rotated)
    }
}

/// Revokes a token. From the next request on it answers `401` here, and within a second on every other node. Again is no
/// mistake, and leaves no second row in the audit log.
pub(crate) async fn revoke(app: &App, may: &impl Acting, row: &OrgTokenRow) -> Result<(), StoreError> {
    let detail = json!({"user_identifier": row.identifier.as_str(), "prefix": row.hint});
    let audit = may.audit(app, app.clock.now(), "token.revoked", row.id.to_string(), detail);
    let revoked = app.store.org_tokens().revoke(may.org(), row.id, &audit).await?;
    app.callers.forget(revoked);
    Ok(())
}
