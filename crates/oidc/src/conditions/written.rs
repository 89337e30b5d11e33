//! Conditions as they are written, checked before they become [`Conditions`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::{ConditionError, MAX_CLAIMS};
use super::fields::{Field, Kind, PUBLIC, RISKY_EVENTS};
use super::value::OneOf;
use super::{Conditions, Provider};
use crate::issuer::Issuer;

/// Claims that are checked for every token, or mean nothing as a condition.
const NOT_A_CONDITION: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "nonce"];

/// Every key that is not one of the named ones is a condition; [`check`] knows which there are.
#[derive(Deserialize)]
pub(super) struct Written {
    provider: Provider,
    issuer: String,
    #[serde(default)]
    allow_events: Vec<String>,
    #[serde(default)]
    claims: BTreeMap<String, OneOf>,
    #[serde(flatten)]
    fields: BTreeMap<String, OneOf>,
}

impl TryFrom<Written> for Conditions {
    type Error = ConditionError;

    fn try_from(written: Written) -> Result<Conditions, ConditionError> {
        check(&written)?;
        let Written { provider, issuer, allow_events, claims, fields } = written;
        Ok(Conditions { provider, issuer, allow_events, fields, claims })
    }
}

impl Conditions {
    /// Conditions as a form gives them: names with their values, claims apart.
    pub fn new(
        provider: Provider,
        issuer: &str,
        fields: BTreeMap<String, Vec<String>>,
        claims: BTreeMap<String, Vec<String>>,
        allow_events: Vec<String>,
    ) -> Result<Conditions, ConditionError> {
        let values = |all: BTreeMap<String, Vec<String>>| -> Result<BTreeMap<String, OneOf>, ConditionError> {
            let one = |(name, values)| match OneOf::new(values) {
                Ok(values) => Ok((name, values)),
                Err(error) => Err(ConditionError::Values(name, error)),
            };
            all.into_iter().map(one).collect()
        };
        let (fields, claims) = (values(fields)?, values(claims)?);
        Written { provider, issuer: issuer.to_owned(), allow_events, claims, fields }.try_into()
    }
}

fn check(written: &Written) -> Result<(), ConditionError> {
    let Written { provider, issuer, allow_events, claims, fields } = written;
    // Whether an internal one is allowed is the operator's business, not that of who writes conditions.
    Issuer::new(issuer, true).map_err(ConditionError::Issuer)?;
    if let Some((_, known)) =
        PUBLIC.iter().find(|(public, known)| issuer.trim_end_matches('/') == *public && known != provider)
    {
        return Err(ConditionError::PublicIssuer(*known));
    }
    if let Some(odd) = allow_events.iter().find(|event| !RISKY_EVENTS.contains(&event.as_str())) {
        return Err(ConditionError::HarmlessEvent(odd.clone()));
    }
    for (name, values) in fields {
        let field = provider.fields().iter().find(|field| field.name == name);
        check_field(field.ok_or_else(|| ConditionError::Unknown(*provider, name.clone()))?, values)?;
    }
    check_claims(*provider, claims)?;
    if is_anchored(*provider, fields, claims) { Ok(()) } else { Err(ConditionError::TrustsEverybody(*provider)) }
}

fn check_field(field: &Field, values: &OneOf) -> Result<(), ConditionError> {
    let name = field.name;
    for value in values.values() {
        let start = value.strip_suffix('*');
        if start.unwrap_or(value).contains('*') {
            return Err(ConditionError::StarWithin(name));
        }
        match (field.kind, start) {
            (Kind::Id, _) if !value.bytes().all(|b| b.is_ascii_digit()) => {
                return Err(ConditionError::NotId(name));
            }
            (Kind::Flag, _) if !matches!(value, "true" | "false") => return Err(ConditionError::NotFlag(name)),
            (Kind::Exact, Some(_)) => return Err(ConditionError::NoStar(name)),
            (Kind::Prefix { slashes }, Some(start)) if start.is_empty() || count(start) < slashes => {
                return Err(ConditionError::ShortStart(name, slashes));
            }
            (Kind::Subject, Some(start)) if !has_two_parts(start) => {
                return Err(ConditionError::ShortSubject(name));
            }
            _ => {}
        }
    }
    Ok(())
}

fn count(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'/').count()
}

/// `organization:acme:` has, `organization:*` and `organization:ac` have not.
fn has_two_parts(start: &str) -> bool {
    let whole = start.rfind([':', '/']).and_then(|end| start.get(..end)).unwrap_or_default();
    whole.split([':', '/']).filter(|part| !part.is_empty()).count() >= 2
}

fn check_claims(provider: Provider, claims: &BTreeMap<String, OneOf>) -> Result<(), ConditionError> {
    if provider != Provider::Generic && !claims.is_empty() {
        return Err(ConditionError::NoClaims(provider));
    }
    if claims.len() > MAX_CLAIMS {
        return Err(ConditionError::ManyClaims);
    }
    for (name, values) in claims {
        if name == "sub" {
            return Err(ConditionError::SubjectClaim);
        }
        if NOT_A_CONDITION.contains(&name.as_str()) {
            return Err(ConditionError::CheckedClaim(name.clone()));
        }
        if values.values().any(|value| value.contains('*')) {
            return Err(ConditionError::ClaimStar(name.clone()));
        }
    }
    Ok(())
}

/// Something names one owner, project or subject.
fn is_anchored(provider: Provider, fields: &BTreeMap<String, OneOf>, claims: &BTreeMap<String, OneOf>) -> bool {
    let has_id = provider.fields().iter().any(|field| field.kind == Kind::Id && fields.contains_key(field.name));
    let whole = |subject: &OneOf| subject.values().all(|value| !value.ends_with('*'));
    let generic = provider == Provider::Generic;
    has_id || fields.get("subject").is_some_and(|subject| generic || whole(subject)) || generic && !claims.is_empty()
}
