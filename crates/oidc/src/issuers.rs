//! The issuers that the operator allows, and the check of an ID token.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sekisho_core::Clock;
use sekisho_core::outgoing::Outgoing;
use serde_json::Value;

use crate::claims::Claims;
use crate::issuer::{Issuer, Metadata};
use crate::jws::Jws;
use crate::refused::Refused;
use crate::source::Source;

/// How far two clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

/// How long keys count, and how often an issuer is asked.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Keys older than this are asked for again before they count.
    pub max_age: Duration,
    /// Keys older than this count no more, even while the issuer is down: one of them may have been withdrawn.
    pub max_stale: Duration,
    /// An issuer is asked at most once in this time, also after a failure.
    pub cool_down: Duration,
    /// The longest wait for an issuer's two documents together.
    pub within: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            max_age: Duration::from_secs(15 * 60),
            max_stale: Duration::from_secs(24 * 3600),
            cool_down: Duration::from_secs(30),
            within: Duration::from_secs(8),
        }
    }
}

/// What a token has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// The issuers that count here: those that a bot's conditions name. Others are not asked for keys.
    pub issuers: &'a [&'a str],
    /// Our names as an audience, compared exactly.
    pub audiences: &'a [String],
    /// The nonce that was sent with a person to sign in; `None` for a pipeline's token.
    pub nonce: Option<&'a str>,
}

/// The issuers that may be asked.
pub struct Issuers {
    sources: HashMap<String, Arc<Source>>,
    clock: Arc<dyn Clock>,
}

impl Issuers {
    /// Exactly these issuers are ever asked, through `out`.
    pub fn new(
        issuers: impl IntoIterator<Item = Issuer>,
        out: &Arc<dyn Outgoing>,
        clock: &Arc<dyn Clock>,
        timing: Timing,
    ) -> Issuers {
        let source = |issuer: Issuer| Source::new(issuer, Arc::clone(out), Arc::clone(clock), timing);
        let named = |issuer: Issuer| (issuer.name().to_owned(), Arc::new(source(issuer)));
        Issuers { sources: issuers.into_iter().map(named).collect(), clock: Arc::clone(clock) }
    }

    /// True if the operator allows this issuer: what a bot's conditions name has to be one.
    pub fn allows(&self, issuer: &str) -> bool {
        self.sources.contains_key(issuer)
    }

    /// What an allowed issuer says of itself.
    pub async fn metadata(&self, issuer: &str) -> Result<Arc<Metadata>, Refused> {
        self.source(issuer)?.metadata().await
    }

    pub(crate) fn source(&self, issuer: &str) -> Result<&Arc<Source>, Refused> {
        self.sources.get(issuer).ok_or(Refused::Issuer)
    }

    /// Checks an ID token. What costs nothing comes first, so that the issuer is asked only for a token that would else count.
    pub async fn verify(&self, token: &str, expected: &Expectations<'_>) -> Result<Claims, Refused> {
        let jws = Jws::parse(token)?;
        // A token of another sort (an access token, a logout token) says so by its type.
        let is_id_token = |typ: &str| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("application/jwt");
        if jws.typ.as_deref().is_some_and(|typ| !is_id_token(typ)) {
            return Err(Refused::Header("typ"));
        }
        let issuer = jws.payload.get("iss").and_then(Value::as_str).ok_or(Refused::Claim("iss"))?;
        let trusted = expected.issuers.contains(&issuer);
        let source = self.sources.get(issuer).filter(|_| trusted).ok_or(Refused::Issuer)?;
        let claims = Claims::check(jws.payload, expected.audiences, self.clock.now(), LEEWAY)?;
        if expected.nonce.is_some_and(|nonce| claims.text("nonce") != Some(nonce)) {
            return Err(Refused::Nonce);
        }
        let keys = source.keys(&jws.kid, jws.algorithm).await?;
        let key = keys.find(&jws.kid, jws.algorithm).ok_or(Refused::UnknownKey)?;
        key.verify_sig(jws.signed, &jws.signature).map_err(|_| Refused::Signature)?;
        Ok(claims)
    }
}
