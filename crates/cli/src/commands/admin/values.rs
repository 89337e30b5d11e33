//! Readers of argument values: what they refuse is wrong usage.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use sekisho_core::PackageUrl;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::{OrgTokenId, RuleId};
use sekisho_core::org::{IdentifierPrefix, Role, UserIdentifier};
use sekisho_core::policy::Effect;
use sekisho_server::operate::{lifetimes, names};

pub(super) fn email(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|e| e.to_string())
}

pub(super) fn name(text: &str) -> Result<String, String> {
    names::check(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

pub(super) fn identifier(text: &str) -> Result<UserIdentifier, String> {
    UserIdentifier::parse(text).map_err(|e| e.to_string())
}

pub(super) fn prefix(text: &str) -> Result<IdentifierPrefix, String> {
    IdentifierPrefix::parse(text).map_err(|e| e.to_string())
}

pub(super) fn token_id(text: &str) -> Result<OrgTokenId, String> {
    OrgTokenId::parse(text).ok_or_else(|| "not a token's id, such as TK01…".to_owned())
}

pub(super) fn rule_id(text: &str) -> Result<RuleId, String> {
    RuleId::parse(text).ok_or_else(|| "not an entry's id, such as RU01…".to_owned())
}

pub(super) fn package(text: &str) -> Result<PackageUrl, String> {
    PackageUrl::parse(text).map_err(|e| e.to_string())
}

/// One of the effects, which the help then lists.
pub(super) fn effect() -> impl TypedValueParser<Value = Effect> {
    PossibleValuesParser::new(Effect::ALL.map(Effect::as_str))
        .try_map(|text| Effect::parse(&text).ok_or_else(|| "no effect".to_owned()))
}

/// One of the roles, which the help then lists.
pub(super) fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
        .try_map(|text| Role::parse(&text).ok_or_else(|| "no role".to_owned()))
}

/// A length of time, or `none`.
#[derive(Clone, Copy)]
pub(super) struct Maybe(pub(super) Option<i64>);

pub(super) fn lifetime(text: &str) -> Result<Maybe, &'static str> {
    if text == "none" { Ok(Maybe(None)) } else { lifetimes::parse_seconds(text).map(Some).map(Maybe) }
}

pub(super) fn retention(text: &str) -> Result<Maybe, &'static str> {
    if text == "default" { Ok(Maybe(None)) } else { lifetimes::parse_days(text).map(Some).map(Maybe) }
}
