//! Which pipelines a bot trusts: an issuer, and what has to stand in its token.
//!
//! Written flat, each condition by the name that the issuer's documentation gives the claim:
//!
//! ```toml
//! provider = "github"
//! issuer = "https://id.example"
//! repository_owner_id = "65"
//! repository = ["acme/app", "acme/site"]
//! ref = ["refs/heads/main", "refs/heads/release/*"]
//! ref_protected = true
//! ```
//!
//! All conditions have to hold; of a condition's values, one.

mod error;
mod evaluate;
mod fields;
mod value;
mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use error::ConditionError;
pub use evaluate::Mismatch;
pub use value::ValueError;

use value::OneOf;

/// Whose tokens they are: the names of the claims differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub Actions, also of a GitHub Enterprise server.
    Github,
    /// GitLab CI, also of an own GitLab.
    Gitlab,
    /// Any other issuer.
    Generic,
}

/// A bot's trust. It can't be made without something that names one owner, project or subject: a public issuer signs for
/// everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "written::Written")]
pub struct Conditions {
    provider: Provider,
    issuer: String,
    /// Events that are refused unless they stand here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_events: Vec<String>,
    #[serde(flatten)]
    fields: BTreeMap<String, OneOf>,
    /// Claims of a generic issuer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<String, OneOf>,
}

impl Conditions {
    /// Whose tokens these are.
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Every condition by its name, with its values as they are written; one of them has to fit.
    pub fn written(&self) -> Vec<(&str, Vec<&str>)> {
        let all = self.fields.iter().chain(&self.claims);
        all.map(|(name, values)| (name.as_str(), values.values().collect())).collect()
    }

    /// Events that are else refused, and not here.
    pub fn allowed_events(&self) -> &[String] {
        &self.allow_events
    }

    /// The issuer; it has to be one that the operator allows, too.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}
