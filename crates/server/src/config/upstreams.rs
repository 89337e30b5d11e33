//! `upstream.*`: the common upstream of each ecosystem, and private ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sekisho_core::Ecosystem;
use sekisho_upstream::{Credentials, Pattern};
use serde::Deserialize;

use super::forms::upstream_url;
use super::secrets::Secret;
use super::words::with_example;
use crate::audience::{Audience, Member};

/// `upstream.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Upstreams {
    pub npm: Front,
    pub pypi: Front,
    pub patience_seconds: u64,
    pub max_transfer_mb: u64,
    pub max_document_mb: u64,
    pub connections: usize,
    #[serde(default)]
    pub private: BTreeMap<String, PrivateUpstream>,
}

/// `upstream.npm.*` and `upstream.pypi.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Front {
    pub url: Option<String>,
    pub enabled: bool,
    pub token: Option<Secret>,
    pub token_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<PathBuf>,
    pub audience: Vec<Member>,
}

/// `upstream.private.<name>.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct PrivateUpstream {
    #[serde(deserialize_with = "ecosystem")]
    pub ecosystem: Ecosystem,
    pub url: String,
    pub packages: Vec<String>,
    pub token: Option<Secret>,
    pub token_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<PathBuf>,
    #[serde(default)]
    pub audience: Vec<Member>,
}

/// How we say who we are: a token, or user name and password, or not at all.
pub struct Access<'a> {
    token: Option<&'a Secret>,
    user: Option<&'a str>,
    password: Option<&'a Secret>,
}

impl Access<'_> {
    /// The credentials, if there are any. The error names the key's last part.
    pub fn credentials(&self) -> Result<Option<Credentials>, (&'static str, String)> {
        match (self.token, self.user, self.password) {
            (None, None, None) => Ok(None),
            (Some(token), None, None) => {
                Credentials::bearer(token.expose()).map(Some).map_err(|e| ("token", e.to_string()))
            }
            (None, Some(user), Some(password)) => {
                Credentials::basic(user, password.expose()).map(Some).map_err(|e| ("user", e.to_string()))
            }
            (Some(_), ..) => Err(("token", "is set together with user or password: set one of the two".to_owned())),
            (None, Some(_), None) => Err(("user", "needs password".to_owned())),
            (None, None, Some(_)) => Err(("password", "needs user".to_owned())),
        }
    }
}

impl Front {
    /// How we say who we are there.
    pub fn access(&self) -> Access<'_> {
        Access { token: self.token.as_ref(), user: self.user.as_deref(), password: self.password.as_ref() }
    }

    /// Whom it is for: everybody, unless an audience is named or we show credentials there.
    pub fn audience(&self) -> Audience {
        let open = self.audience.is_empty() && self.token.is_none() && self.password.is_none();
        if open { Audience::Everybody } else { Audience::Only(self.audience.clone()) }
    }
}

impl PrivateUpstream {
    /// How we say who we are there.
    pub fn access(&self) -> Access<'_> {
        Access { token: self.token.as_ref(), user: self.user.as_deref(), password: self.password.as_ref() }
    }
}

impl Upstreams {
    /// An ecosystem's common upstream.
    pub fn front(&self, ecosystem: Ecosystem) -> &Front {
        match ecosystem {
            Ecosystem::Npm => &self.npm,
            Ecosystem::Pypi => &self.pypi,
        }
    }

    /// Checks what one key alone can't tell, after files of secrets were read. The answer names a key and what is wrong.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        for ecosystem in Ecosystem::ALL {
            let (front, place) = (self.front(ecosystem), format!("upstream.{ecosystem}"));
            let credentials = front.access().credentials().map_err(|(key, why)| (format!("{place}.{key}"), why))?;
            if credentials.is_some() && front.url.is_none() {
                let why =
                    "must be set where credentials are: they are for one registry, and not for whichever is found";
                let key = format!("{place}.url");
                let why = with_example(&key, why);
                return Err((key, why));
            }
        }
        let mut taken = BTreeSet::new();
        for (name, upstream) in &self.private {
            let at = |key: &str| format!("upstream.private.{name}.{key}");
            let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if name.is_empty() || name.len() > 40 || !name.bytes().all(legal) {
                let why = "an upstream's name is made of a-z, 0-9 and \"-\", at most 40 of them";
                return Err((format!("upstream.private.{name}"), why.to_owned()));
            }
            let url = upstream_url(&upstream.url);
            url.map_err(|why| (at("url"), with_example(&at("url"), &why)))?;
            upstream.access().credentials().map_err(|(key, why)| (at(key), why))?;
            if upstream.packages.is_empty() {
                return Err((at("packages"), "must name the upstream's packages, such as [\"@acme/*\"]".to_owned()));
            }
            for text in &upstream.packages {
                let pattern = Pattern::parse(upstream.ecosystem, text);
                let pattern = pattern.map_err(|why| (at("packages"), format!("\"{text}\": {why}")))?;
                if !taken.insert((upstream.ecosystem, pattern.to_string())) {
                    return Err((at("packages"), format!("\"{text}\" is also another upstream's")));
                }
            }
        }
        Ok(())
    }
}

fn ecosystem<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Ecosystem, D::Error> {
    let text = String::deserialize(from)?;
    Ecosystem::parse(&text).ok_or_else(|| serde::de::Error::custom("expected \"npm\" or \"pypi\""))
}
