//! The identity provider at which people sign in to the console.

use std::fmt;
use std::path::PathBuf;

use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use serde::Deserialize;

use super::secrets::Secret;

/// `console.oidc.*`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see Settings")]
pub struct Provider {
    pub issuer: Option<String>,
    pub internal: bool,
    pub name: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub client_secret_file: Option<PathBuf>,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub roles: Vec<Grant>,
}

/// Who is of a group has a role in an organisation: `guard_viewer@OR01…=engineers`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The organisation.
    pub org: OrgId,
    /// The group, as the provider's claim writes it.
    pub group: String,
}

impl TryFrom<String> for Grant {
    type Error = String;

    fn try_from(text: String) -> Result<Grant, String> {
        let read = || {
            let (role, rest) = text.split_once('@')?;
            let (org, group) = rest.split_once('=')?;
            Some(Grant { role: Role::parse(role)?, org: OrgId::parse(org)?, group: group.to_owned() })
        };
        read().filter(|grant| !grant.group.is_empty()).ok_or_else(|| {
            "a line is a role, an organisation's id and a group, as in \"guard_viewer@OR01…=engineers\"".to_owned()
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}={}", self.role, self.org, self.group)
    }
}
