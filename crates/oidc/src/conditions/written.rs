//! Conditions as they are written, checked before they become [`Conditions`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fields::{Field, Kind, PUBLIC, RISKY_EVENTS};
use super::value::OneOf;
use super::{Conditions, Provider};
use crate::issuer::Issuer;

/// Most claims of a generic issuer.
const MAX_CLAIMS: usize = 20;
/// Claims that are checked for every token, or mean nothing as a condition.
const NOT_A_CONDITION: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "nonce"];

/// What is wrong with conditions, for the person who wrote them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConditionError(String);

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
        check(&written).map_err(ConditionError)?;
        let Written { provider, issuer, allow_events, claims, fields } = written;
        Ok(Conditions { provider, issuer, allow_events, fields, claims })
    }
}

fn check(written: &Written) -> Result<(), String> {
    let Written { provider, issuer, allow_events, claims, fields } = written;
    // Whether an internal one is allowed is the operator's business, not that of who writes conditions.
    Issuer::new(issuer, true).map_err(|e| format!("issuer: {e}"))?;
    if let Some((_, known)) =
        PUBLIC.iter().find(|(public, known)| issuer.trim_end_matches('/') == *public && known != provider)
    {
        return Err(format!("issuer: with this one, provider has to be {:?}", known.name()));
    }
    if let Some(odd) = allow_events.iter().find(|event| !RISKY_EVENTS.contains(&event.as_str())) {
        let known = RISKY_EVENTS.join(", ");
        return Err(format!("allow_events: {odd:?} needs no permission here; those that do are {known}"));
    }
    for (name, values) in fields {
        let field = provider.fields().iter().find(|field| field.name == name);
        check_field(field.ok_or_else(|| unknown(*provider, name))?, values)?;
    }
    check_claims(*provider, claims)?;
    if is_anchored(*provider, fields, claims) {
        return Ok(());
    }
    let ids = provider.fields().iter().filter(|field| field.kind == Kind::Id).map(|field| field.name);
    let or_what = if *provider == Provider::Generic { "a subject, or a claim" } else { "a whole subject" };
    let wanted: Vec<&str> = ids.chain([or_what]).collect();
    Err(format!("this would trust everybody whom the issuer signs for: give {}", wanted.join(", or ")))
}

fn unknown(provider: Provider, name: &str) -> String {
    let known: Vec<&str> = provider.fields().iter().map(|field| field.name).collect();
    format!("{name:?} is no condition for {}; there are {}", provider.name(), known.join(", "))
}

fn check_field(field: &Field, values: &OneOf) -> Result<(), String> {
    let name = field.name;
    for value in values.values() {
        let start = value.strip_suffix('*');
        if start.unwrap_or(value).contains('*') {
            return Err(format!("{name}: `*` may stand at the end only"));
        }
        match (field.kind, start) {
            (Kind::Id, _) if !value.bytes().all(|b| b.is_ascii_digit()) => {
                return Err(format!("{name}: an id is a number, as the provider's interface shows it, not a name"));
            }
            (Kind::Flag, _) if !matches!(value, "true" | "false") => return Err(format!("{name}: true or false")),
            (Kind::Exact, Some(_)) => return Err(format!("{name}: `*` is not possible here")),
            (Kind::Prefix { slashes }, Some(start)) if start.is_empty() || count(start) < slashes => {
                return Err(format!(
                    "{name}: before the `*` too little is left: at least {slashes} slashes and a name"
                ));
            }
            (Kind::Subject, Some(start)) if !has_two_parts(start) => {
                return Err(format!("{name}: before the `*` two whole parts are needed, as in `repo:acme/*`"));
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

fn check_claims(provider: Provider, claims: &BTreeMap<String, OneOf>) -> Result<(), String> {
    if provider != Provider::Generic && !claims.is_empty() {
        return Err(format!("claims: only for provider \"generic\"; {} has conditions by name", provider.name()));
    }
    if claims.len() > MAX_CLAIMS {
        return Err(format!("claims: more than {MAX_CLAIMS}"));
    }
    for (name, values) in claims {
        if name == "sub" {
            return Err("claims: sub is written as `subject`".into());
        }
        if NOT_A_CONDITION.contains(&name.as_str()) {
            return Err(format!("claims: {name} is checked for every token"));
        }
        if values.values().any(|value| value.contains('*')) {
            return Err(format!("claims: {name}: `*` is not possible here, values are compared whole"));
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
