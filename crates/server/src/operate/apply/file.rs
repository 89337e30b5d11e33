//! The file that `sekisho admin apply` reads. Errors name the line.

use std::collections::BTreeMap;

use sekisho_core::email::EmailAddress;
use sekisho_core::org::Role;
use sekisho_core::{PackageUrl, Timestamp};
use sekisho_oidc::Conditions;
use serde::de::{Deserialize, Deserializer, Error};

use crate::operate::{lifetimes, names};

/// What is to be in the database.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What `aud` of a pipeline's ID token is to be: a setting of the server, which is compared and not changed.
    pub(super) audiences: Option<Vec<String>>,
    /// Organisations, by name.
    #[serde(default)]
    pub(super) organisations: BTreeMap<Name, Wanted>,
}

/// An organisation. A key that is not there leaves what is.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) guard: Option<bool>,
    #[serde(default, deserialize_with = "lifetime")]
    pub(super) max_token_lifetime: Option<Option<i64>>,
    #[serde(default, deserialize_with = "retention")]
    pub(super) retention: Option<Option<i64>>,
    /// What it blocks, allows and warns of.
    #[serde(default)]
    pub(super) block: Vec<WantedRule>,
    #[serde(default)]
    pub(super) allow: Vec<WantedRule>,
    #[serde(default)]
    pub(super) warn: Vec<WantedRule>,
    #[serde(default)]
    pub(super) members: BTreeMap<Address, RoleName>,
    #[serde(default)]
    pub(super) bots: BTreeMap<Name, WantedBot>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedBot {
    pub(super) role: RoleName,
    /// Which pipelines it trusts: one set of conditions has to hold.
    #[serde(default)]
    pub(super) trust: Vec<Conditions>,
}

/// An entry, as the operator's own list has them.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedRule {
    pub(super) package: Package,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) expires: Option<Moment>,
}

#[derive(Debug)]
pub(super) struct Package(pub(super) PackageUrl);

#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Timestamp);

/// A name of an organisation or a bot.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub(super) String);

/// A member's address. Two spellings of one are one key; the file may not have both.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address(String);

#[derive(Debug, Clone, Copy)]
pub(super) struct RoleName(pub(super) Role);

impl File {
    /// Reads the file. The error says the line and what was expected there.
    pub fn parse(text: &str) -> Result<File, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        for (name, wanted) in &file.organisations {
            let mut seen = BTreeMap::new();
            for address in wanted.members.keys() {
                if let Some(other) = seen.insert(address.parsed()?.to_string(), &address.0) {
                    return Err(format!("organisations.{}: {other:?} and {:?} are one address", name.0, address.0));
                }
            }
        }
        Ok(file)
    }
}

impl Address {
    pub(super) fn parsed(&self) -> Result<EmailAddress, String> {
        EmailAddress::parse(&self.0).map_err(|error| format!("{:?}: {error}", self.0))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Name, D::Error> {
        let text = String::deserialize(from)?;
        names::check(&text).map_err(D::Error::custom)?;
        Ok(Name(text))
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        let address = Address(String::deserialize(from)?);
        address.parsed().map_err(D::Error::custom)?;
        Ok(address)
    }
}

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Package, D::Error> {
        let text = String::deserialize(from)?;
        PackageUrl::parse(&text).map(Package).map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Moment).map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<RoleName, D::Error> {
        let text = String::deserialize(from)?;
        let roles = Role::ALL.map(Role::as_str).join(", ");
        Role::parse(&text).map(RoleName).ok_or_else(|| D::Error::custom(format!("{text:?} is no role: one of {roles}")))
    }
}

fn lifetime<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<i64>>, D::Error> {
    match String::deserialize(from)?.as_str() {
        "none" => Ok(Some(None)),
        text => lifetimes::parse_seconds(text).map(|seconds| Some(Some(seconds))).map_err(D::Error::custom),
    }
}

fn retention<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<i64>>, D::Error> {
    match String::deserialize(from)?.as_str() {
        "default" => Ok(Some(None)),
        text => lifetimes::parse_days(text).map(|days| Some(Some(days))).map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_line() {
        for (text, line, why) in [
            ("[organisations.acme]\nguard = true\ngard = false\n", 3, "unknown field `gard`"),
            ("[organisation.acme]\n", 1, "unknown field `organisation`"),
            ("[organisations.acme]\nguard = \"yes\"\n", 2, "invalid type"),
            ("[organisations.acme]\nmax_token_lifetime = \"90\"\n", 2, "such as 90d"),
            ("[organisations.acme]\nretention = \"12h\"\n", 2, "whole days"),
            ("[organisations.acme.members]\n\"a@acme.example\" = \"god\"\n", 2, "\"god\" is no role: one of owner"),
            ("[organisations.acme.members]\n\n\"nobody\" = \"owner\"\n", 3, "not an e-mail address"),
            ("[organisations.acme.bots.ci]\nrole = \"owner\"\nkey = \"x\"\n", 3, "unknown field `key`"),
            ("[organisations.acme.bots.ci]\n", 1, "missing field `role`"),
            (
                "[organisations.acme.bots.ci]\nrole = \"owner\"\n\n[[organisations.acme.bots.ci.trust]]\nissuer = \"https://a.example\"\n",
                4,
                "missing field `provider`",
            ),
            (
                "[organisations.acme.bots.ci]\nrole = \"owner\"\n[[organisations.acme.bots.ci.trust]]\nprovider = \"gitlab\"\nissuer = \"https://a.example\"\n",
                3,
                "this would trust everybody",
            ),
            ("[[organisations.acme.block]]\npackage = \"left-pad\"\nreason = \"x\"\n", 2, "a package URL starts with"),
            ("[[organisations.acme.allow]]\npackage = \"pkg:npm/x\"\n", 1, "missing field `reason`"),
            ("[[organisations.acme.warn]]\npackage = \"pkg:npm/x\"\nreason = \"x\"\nexpires = \"soon\"\n", 4, "soon"),
            ("audiences = \"https://a.example\"\n", 1, "invalid type"),
            ("[organisations.acme]\n[organisations.acme]\n", 2, "duplicate key"),
            ("[organisations.\" acme\"]\n", 1, "no space at its ends"),
        ] {
            let error = File::parse(text).unwrap_err();
            assert!(error.contains(&format!("line {line},")) && error.contains(why), "{text}\n{error}");
        }
        let twice = "[organisations.acme.members]\n\"a@acme.example\" = \"owner\"\n\"A@acme.example\" = \"owner\"\n";
        assert!(File::parse(twice).unwrap_err().contains("are one address"));
        assert!(File::parse("").unwrap().organisations.is_empty());
    }
}
