//! What a checked ID token says, and the checks of its own claims (RFC 7519, OpenID Connect Core 2 and 3.1.3.7).

use std::borrow::Cow;
use std::time::Duration;

use sekisho_core::Timestamp;
use serde_json::{Map, Value};

use crate::refused::Refused;

/// Longest life of an ID token. What lives longer is no proof of a job that runs now.
const MAX_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Largest NumericDate that is read: the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The claims of an ID token whose signature, issuer, audience and times were checked. Its texts are still a stranger's.
#[derive(Clone, Debug)]
pub struct Claims {
    issuer: String,
    subject: String,
    audience: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    all: Map<String, Value>,
}

impl Claims {
    /// Checks everything but the signature.
    pub(crate) fn check(
        all: Map<String, Value>,
        audiences: &[String],
        now: Timestamp,
        leeway: Duration,
    ) -> Result<Claims, Refused> {
        let text = |name: &'static str| {
            let value = all.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            value.map(str::to_owned).ok_or(Refused::Claim(name))
        };
        let (issuer, subject) = (text("iss")?, text("sub")?);
        let audience = audience(&all, audiences)?;
        let issued_at = moment(&all, "iat")?.ok_or(Refused::Claim("iat"))?;
        let expires_at = moment(&all, "exp")?.ok_or(Refused::Claim("exp"))?;
        let not_before = moment(&all, "nbf")?.unwrap_or(issued_at);
        if expires_at.plus(leeway) <= now {
            return Err(Refused::Expired);
        }
        if issued_at.max(not_before) > now.plus(leeway) {
            return Err(Refused::NotYet);
        }
        if expires_at <= issued_at || expires_at.since(issued_at) > MAX_LIFE {
            return Err(Refused::Lifetime);
        }
        Ok(Claims { issuer, subject, audience, issued_at, expires_at, all })
    }

    /// `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The audience of ours that it is for.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// `iat`.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `exp`. A token that is accepted once has to be remembered until then, and the leeway longer.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }

    /// A claim as a text: issuers differ over whether an id or a flag is a text, a number or a boolean. Lists, objects,
    /// fractions and `null` are none.
    pub fn scalar(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.all.get(name)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Value::Number(number) if !number.is_f64() => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// All claims, for what the console maps to roles.
    pub fn all(&self) -> &Map<String, Value> {
        &self.all
    }
}

/// One of ours, and nobody else's beside it: who else may be shown a token could show it here. A list of several of
/// ours is fine.
fn audience(all: &Map<String, Value>, ours: &[String]) -> Result<String, Refused> {
    let is_ours = |one: &Value| one.as_str().filter(|text| ours.iter().any(|own| own == text)).map(str::to_owned);
    match all.get("aud") {
        Some(one @ Value::String(_)) => is_ours(one).ok_or(Refused::Audience),
        Some(Value::Array(list)) => {
            let found: Option<Vec<String>> = list.iter().map(is_ours).collect();
            found.and_then(|found| found.into_iter().next()).ok_or(Refused::Audience)
        }
        _ => Err(Refused::Claim("aud")),
    }
}

/// A NumericDate: seconds, perhaps with a fraction.
fn moment(all: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, Refused> {
    let seconds = match all.get(name) {
        None => return Ok(None),
        Some(Value::Number(number)) => {
            number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64))
        }
        Some(_) => None,
    };
    let seconds = seconds.filter(|seconds| (0..=LAST_SECOND).contains(seconds)).ok_or(Refused::Claim(name))?;
    Ok(Some(Timestamp(seconds * 1000)))
}
