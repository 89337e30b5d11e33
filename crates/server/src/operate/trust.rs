//! Which pipelines bots trust, their sessions, and the keys that sign these.

use std::sync::Arc;

use sekisho_core::id::{CiSessionId, TrustId};
use sekisho_core::outgoing::Outgoing;
use sekisho_core::{Clock, Random, Timestamp};
use sekisho_oidc::{Attribution, Conditions};
use sekisho_store::Trust;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{OperateError, Operator};
use crate::boot;
use crate::config::Settings;
use crate::http::Origins;
use crate::pipelines::{self, next_key};

/// Most sets of conditions of one bot: each exchange looks at all of them.
pub(crate) const MOST: usize = 50;
/// Sessions that are shown at once.
const SHOWN: u32 = 500;

/// Conditions as they are shown.
#[derive(Clone, Debug, Serialize)]
pub struct TrustShown {
    /// Their id.
    pub id: String,
    /// The conditions.
    pub conditions: Value,
    /// When they were given.
    pub created_at: String,
}

/// A session as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct SessionShown {
    /// Its id.
    pub id: String,
    /// What the pipeline was.
    pub pipeline: Attribution,
    /// When it began.
    pub issued_at: String,
    /// Its end.
    pub expires_at: String,
}

/// What came of trying an ID token with one set of conditions.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The conditions' id.
    pub id: String,
    /// Each condition that does not hold; none: the token counts.
    pub mismatches: Vec<String>,
}

impl Operator {
    /// Gives a bot one more set of conditions.
    pub async fn add_trust(
        &self,
        settings: &Settings,
        org: &str,
        bot: &str,
        conditions: &Conditions,
    ) -> Result<TrustShown, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        allowed(settings, conditions)?;
        if self.store.trusts().of_bot(org.id, bot.id).await?.len() >= MOST {
            return OperateError::refused(format!("a bot has at most {MOST} sets of conditions"));
        }
        let (trust, detail) = self.new_trust(conditions)?;
        if !self.store.trusts().add(org.id, bot.id, &trust, &self.audit("trust.added", bot.id, detail)).await? {
            return OperateError::refused("the bot was removed meanwhile");
        }
        Ok(shown(&trust))
    }

    /// Conditions that are not stored yet, and what the audit log says of them.
    pub(super) fn new_trust(&self, conditions: &Conditions) -> Result<(Trust, Value), OperateError> {
        new_trust(conditions, self.now(), &*self.random).map_err(|e| OperateError::Refused(e.to_string()))
    }

    /// A bot's conditions, oldest first.
    pub async fn trusts(&self, org: &str, bot: &str) -> Result<Vec<TrustShown>, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        Ok(self.store.trusts().of_bot(org.id, bot.id).await?.iter().map(shown).collect())
    }

    /// Takes conditions away; the sessions that were given for them go on.
    pub async fn remove_trust(&self, org: &str, bot: &str, id: Uuid) -> Result<(), OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        let found = self.store.trusts().of_bot(org.id, bot.id).await?.into_iter().find(|trust| trust.id.0 == id);
        let detail = told(TrustId(id), found.as_ref());
        let audit = self.audit("trust.removed", bot.id, detail);
        if !self.store.trusts().remove(org.id, bot.id, TrustId(id), &audit).await? {
            let why =
                format!("bot {:?} has no conditions {id}; `sekisho admin bot trust list` shows them all", bot.name);
            return OperateError::refused(why);
        }
        Ok(())
    }

    /// Checks an ID token as an exchange would, without exchanging it, and says which conditions do not hold.
    pub async fn try_id_token(
        &self,
        settings: &Settings,
        org: &str,
        bot: &str,
        id_token: &str,
    ) -> Result<Vec<Tried>, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        let trusts = self.store.trusts().of_bot(org.id, bot.id).await?;
        if trusts.is_empty() {
            return OperateError::refused(format!(
                "bot {:?} trusts nobody; `sekisho admin bot trust add` changes that",
                bot.name
            ));
        }
        let mut all = Vec::new();
        for trust in &trusts {
            let conditions: Conditions = serde_json::from_str(&trust.conditions)
                .map_err(|e| OperateError::Refused(format!("conditions {}: {e}", trust.id.0)))?;
            all.push((trust, conditions));
        }
        let client = boot::outgoing_client(settings).map_err(|e| OperateError::Refused(e.to_string()))?;
        let (out, clock) = (Arc::new(client) as Arc<dyn Outgoing>, self.clock.clone() as Arc<dyn Clock>);
        let issuers = pipelines::issuers(settings, &out, &clock).map_err(|e| OperateError::Refused(e.to_string()))?;
        let audiences = audiences(settings);
        let conditions: Vec<&Conditions> = all.iter().map(|(_, conditions)| conditions).collect();
        let tried = pipelines::try_id_token(&issuers, &audiences, &conditions, id_token).await.map_err(|refused| {
            let names = audiences.join(", ");
            OperateError::Refused(format!("{refused} (audiences that count here: {names})"))
        })?;
        let shown = all.iter().zip(tried).map(|((trust, _), mismatches)| Tried {
            id: trust.id.0.to_string(),
            mismatches: mismatches.iter().map(ToString::to_string).collect(),
        });
        Ok(shown.collect())
    }

    /// A bot's sessions that run, newest first.
    pub async fn sessions(&self, org: &str, bot: &str) -> Result<Vec<SessionShown>, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        let rows = self.store.ci_sessions().running(org.id, bot.id, self.now(), SHOWN).await?;
        let shown = rows.into_iter().map(|row| SessionShown {
            id: row.id.to_string(),
            pipeline: serde_json::from_str(&row.attribution).unwrap_or_default(),
            issued_at: row.issued_at.to_string(),
            expires_at: row.expires_at.to_string(),
        });
        Ok(shown.collect())
    }

    /// Ends one session of a bot, or all of them; how many ran.
    pub async fn end_sessions(&self, org: &str, bot: &str, session: Option<CiSessionId>) -> Result<u64, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        let audit = self.audit("session.ended", bot.id, told_of_session(session));
        Ok(self.store.ci_sessions().end(org.id, bot.id, session, &audit).await?)
    }

    /// Publishes a new key to sign sessions with; from when on it signs. Tokens that older keys signed count to their end.
    pub async fn rotate_signing_keys(&self, settings: &Settings) -> Result<Timestamp, OperateError> {
        let secret = boot::existing_secret(settings).map_err(|e| OperateError::Refused(e.to_string()))?;
        let keys = self.store.signing_keys();
        let rows = keys.all().await?;
        let (new, older_until) =
            next_key(&rows, &secret, &*self.random, self.now()).map_err(|e| OperateError::Refused(e.to_string()))?;
        if !keys.add(&new, older_until).await? {
            return OperateError::refused("another rotation was made at the same moment; nothing more is needed");
        }
        Ok(new.signs_from)
    }
}

/// Conditions that are not stored yet, and what the audit log says of them.
pub(crate) fn new_trust(
    conditions: &Conditions,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(Trust, Value), serde_json::Error> {
    let text = serde_json::to_value(conditions)?.to_string();
    let trust = Trust { id: TrustId::mint(now, random), conditions: text, created_at: now };
    let detail = told(trust.id, Some(&trust));
    Ok((trust, detail))
}

/// What the audit log says of conditions.
pub(crate) fn told(id: TrustId, trust: Option<&Trust>) -> Value {
    json!({"trust_id": id.0.to_string(), "conditions": trust.map(|trust| shown(trust).conditions)})
}

/// What the audit log says of an ended session, or of all.
pub(crate) fn told_of_session(session: Option<CiSessionId>) -> Value {
    json!({"session_id": session.map_or_else(|| "all".to_owned(), |id| id.to_string())})
}

/// The issuers that the settings allow.
pub(crate) fn issuers(settings: &Settings) -> impl Iterator<Item = &String> {
    settings.bots.issuers.iter().chain(&settings.bots.internal_issuers)
}

/// Conditions name an issuer that the settings allow.
pub(super) fn allowed(settings: &Settings, conditions: &Conditions) -> Result<(), OperateError> {
    let issuer = conditions.issuer();
    if issuers(settings).any(|one| one == issuer) {
        return Ok(());
    }
    OperateError::refused(format!(
        "{issuer:?} is not allowed by the settings bots.issuers and bots.internal_issuers, so nobody of it could come"
    ))
}

/// What `aud` of an ID token may be, for a server with these settings.
pub(super) fn audiences(settings: &Settings) -> Vec<String> {
    pipelines::audiences(settings, &public_url(settings))
}

/// The first public address, as a server with these settings says it.
pub(super) fn public_url(settings: &Settings) -> String {
    let (npm, pypi) = (settings.npm_host.as_deref(), settings.pypi_host.as_deref());
    let origins = Origins::new(&settings.public_urls, npm, pypi, settings.listen, settings.serves_tls());
    origins.primary().api.clone()
}

fn shown(trust: &Trust) -> TrustShown {
    let conditions = serde_json::from_str(&trust.conditions).unwrap_or_else(|_| json!(trust.conditions));
    TrustShown { id: trust.id.0.to_string(), conditions, created_at: trust.created_at.to_string() }
}
