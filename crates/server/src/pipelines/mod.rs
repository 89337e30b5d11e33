//! Pipelines that come with the identity that their provider gave them: whom a bot trusts, and the keys that sign what
//! they get for it.

mod key_ring;
mod seal;

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::id::BotId;
use sekisho_core::outgoing::Outgoing;
use sekisho_core::token::TokenHash;
use sekisho_core::{Clock, Timestamp};
use sekisho_oidc::{Attribution, Conditions, Expectations, Issuer, IssuerError, Issuers, Mismatch, Refused, Timing};
use sekisho_store::{Store, StoreError};
use sha2::{Digest, Sha256};

pub use self::key_ring::{KeyError, KeyRing, next_key};
use crate::config::Settings;

/// How long an ID token is remembered beyond its end: as far as clocks may be apart, and as much again.
const REMEMBERED: Duration = Duration::from_secs(120);

/// Who may come, and what they get.
pub struct Pipelines {
    issuers: Issuers,
    audiences: Vec<String>,
    /// The keys that sign sessions.
    pub keys: Arc<KeyRing>,
}

/// A pipeline that a bot trusts.
#[derive(Clone, Debug)]
pub struct Identified {
    /// What it was.
    pub attribution: Attribution,
    /// What is kept of its ID token.
    pub id_token: TokenHash,
    /// When the ID token is refused for its age alone.
    pub id_token_ends: Timestamp,
}

/// Why a pipeline gets nothing. The texts are for the log.
#[derive(Debug)]
pub enum NotIdentified {
    /// The ID token, or the bot.
    Refused(String),
    /// The issuer could not be asked.
    Unavailable(String),
    /// The database could not be asked.
    Store(StoreError),
}

impl Pipelines {
    /// What the settings allow. `public_url` is the first public address.
    pub fn new(settings: &Settings, issuers: Issuers, keys: Arc<KeyRing>, public_url: &str) -> Pipelines {
        Pipelines { issuers, audiences: audiences(settings, public_url), keys }
    }

    /// Whether the bot trusts who shows this ID token.
    pub async fn identify(&self, store: &Store, bot: BotId, id_token: &str) -> Result<Identified, NotIdentified> {
        let written = store.trusts().trusted_by(bot).await.map_err(NotIdentified::Store)?;
        let conditions: Vec<Conditions> = written.iter().filter_map(|text| read(text)).collect();
        if conditions.is_empty() {
            return Err(NotIdentified::Refused(format!("bot {bot}: it trusts nobody, or there is no such bot")));
        }
        let named: Vec<&str> = conditions.iter().map(Conditions::issuer).collect();
        let expected = Expectations { issuers: &named, audiences: &self.audiences, nonce: None };
        let claims = self.issuers.verify(id_token, &expected).await.map_err(|refused| told(bot, &refused))?;
        let mut why = Vec::new();
        for one in conditions.iter().filter(|one| one.issuer() == claims.issuer()) {
            match one.evaluate(&claims) {
                Ok(attribution) => {
                    let id_token_ends = claims.expires_at().plus(REMEMBERED);
                    return Ok(Identified { attribution, id_token: remembered(id_token), id_token_ends });
                }
                Err(mismatch) => why.push(mismatch.to_string()),
            }
        }
        Err(NotIdentified::Refused(format!("bot {bot}: {}", why.join("; "))))
    }

    /// What an exchange would say to an ID token, for a manager who tries one: see [`try_id_token`].
    pub async fn try_id_token(
        &self,
        conditions: &[&Conditions],
        id_token: &str,
    ) -> Result<Vec<Vec<Mismatch>>, Refused> {
        try_id_token(&self.issuers, &self.audiences, conditions, id_token).await
    }

    /// Our names as an audience.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }
}

/// Checks an ID token as an exchange would, and says of each set of conditions which of them do not hold. The token is
/// neither exchanged nor kept.
pub async fn try_id_token(
    issuers: &Issuers,
    audiences: &[String],
    conditions: &[&Conditions],
    id_token: &str,
) -> Result<Vec<Vec<Mismatch>>, Refused> {
    let named: Vec<&str> = conditions.iter().map(|one| one.issuer()).collect();
    let expected = Expectations { issuers: &named, audiences, nonce: None };
    let claims = issuers.verify(id_token, &expected).await?;
    Ok(conditions.iter().map(|one| one.mismatches(&claims)).collect())
}

/// The issuers that the operator allows.
pub fn issuers(settings: &Settings, out: &Arc<dyn Outgoing>, clock: &Arc<dyn Clock>) -> Result<Issuers, IssuerError> {
    let read = |texts: &[String], internal| texts.iter().map(|text| Issuer::new(text, internal)).collect::<Vec<_>>();
    let all = read(&settings.bots.issuers, false).into_iter().chain(read(&settings.bots.internal_issuers, true));
    let all: Result<Vec<Issuer>, IssuerError> = all.collect();
    Ok(Issuers::new(all?, out, clock, Timing::default()))
}

/// The identity provider at which people sign in to the console, or none.
pub fn provider(settings: &Settings, out: &Arc<dyn Outgoing>, clock: &Arc<dyn Clock>) -> Result<Issuers, IssuerError> {
    let oidc = &settings.console.oidc;
    let issuer = oidc.issuer.as_deref().map(|text| Issuer::new(text, oidc.internal)).transpose()?;
    Ok(Issuers::new(issuer, out, clock, Timing::default()))
}

/// Our names as an audience.
pub fn audiences(settings: &Settings, public_url: &str) -> Vec<String> {
    match settings.bots.audiences.as_slice() {
        [] => vec![public_url.trim_end_matches('/').to_owned()],
        named => named.to_vec(),
    }
}

/// What an ID token is remembered by: the hash of what was signed. A signature may have a second form that is as good
/// (ECDSA's has), and the token would count twice.
fn remembered(id_token: &str) -> TokenHash {
    let signed = id_token.rsplit_once('.').map_or(id_token, |(signed, _)| signed);
    TokenHash(Sha256::digest(signed).into())
}

/// Conditions that were stored. They were checked before; what can't be read trusts nobody.
fn read(text: &str) -> Option<Conditions> {
    let read = serde_json::from_str(text);
    read.inspect_err(|error| tracing::warn!("a bot's conditions can't be read and trust nobody: {error}")).ok()
}

fn told(bot: BotId, refused: &Refused) -> NotIdentified {
    let why = format!("bot {bot}: {} ({refused})", refused.code());
    if refused.is_transient() { NotIdentified::Unavailable(why) } else { NotIdentified::Refused(why) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_signature_of_the_same_token_is_remembered_as_the_same() {
        assert_eq!(remembered("a.b.c"), remembered("a.b.d"));
        assert_ne!(remembered("a.b.c"), remembered("a.c.c"));
    }
}
