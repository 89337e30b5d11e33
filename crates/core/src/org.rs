//! Organisations: who may do what in one, and what its tokens are called.

use std::fmt;

/// What a member or a bot may do in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything on Guard.
    GuardManager,
    /// Reads the logs.
    GuardViewer,
    /// Issues and probes tokens.
    GuardTokenIssuer,
}

/// What somebody wants to do in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Issue a token, and ask whether one counts.
    IssueTokens,
    /// List, revoke and rotate tokens; read the audit log.
    ManageTokens,
    /// Read who took what.
    ReadInstalls,
    /// Change Guard's settings and the organisation's own list; look after bots.
    ManageGuard,
    /// Give and take roles; change the organisation itself.
    ManageMembers,
}

impl Role {
    /// Every role, in the order in which they are shown.
    pub const ALL: [Role; 4] = [Role::Owner, Role::GuardManager, Role::GuardViewer, Role::GuardTokenIssuer];

    /// As the API and the command line write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::GuardManager => "guard_manager",
            Role::GuardViewer => "guard_viewer",
            Role::GuardTokenIssuer => "guard_token_issuer",
        }
    }

    /// Reads what [`Role::as_str`] writes.
    pub fn parse(text: &str) -> Option<Role> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether who has this role may make a bot with the other one: nobody makes more than he is.
    pub fn may_give(self, other: Role) -> bool {
        match self {
            Role::Owner => true,
            Role::GuardManager => other != Role::Owner,
            Role::GuardViewer | Role::GuardTokenIssuer => false,
        }
    }

    /// True if who has this role has the right.
    pub fn has(self, right: Right) -> bool {
        match right {
            Right::IssueTokens => matches!(self, Role::Owner | Role::GuardManager | Role::GuardTokenIssuer),
            Right::ManageTokens | Right::ManageGuard => matches!(self, Role::Owner | Role::GuardManager),
            Right::ReadInstalls => matches!(self, Role::Owner | Role::GuardManager | Role::GuardViewer),
            Right::ManageMembers => matches!(self, Role::Owner),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an organisation calls the holder of a token: an address, a user name, a device. `^[A-Za-z0-9._@+-]{4,255}$`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIdentifier(Box<str>);

/// The text is no user identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user identifier has 4 to 255 characters out of A-Z, a-z, 0-9 and . _ @ + -")]
pub struct NotAnIdentifier;

/// Longest user identifier.
const MAX_IDENTIFIER: usize = 255;

impl UserIdentifier {
    /// Reads an identifier; it is kept as it is written.
    pub fn parse(text: &str) -> Result<UserIdentifier, NotAnIdentifier> {
        match (4..=MAX_IDENTIFIER).contains(&text.len()) && legal(text) {
            true => Ok(UserIdentifier(text.into())),
            false => Err(NotAnIdentifier),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The beginning of identifiers, to search by. Empty: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentifierPrefix(Box<str>);

impl IdentifierPrefix {
    /// Reads a beginning.
    pub fn parse(text: &str) -> Result<IdentifierPrefix, NotAnIdentifier> {
        match text.len() <= MAX_IDENTIFIER && legal(text) {
            true => Ok(IdentifierPrefix(text.into())),
            false => Err(NotAnIdentifier),
        }
    }

    /// The smallest text with this beginning.
    pub fn first(&self) -> &str {
        &self.0
    }

    /// A text above all texts with this beginning, compared byte by byte: every legal character is below `~`.
    pub fn end(&self) -> String {
        format!("{}~", self.0)
    }
}

fn legal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@+-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_contract_s_form() {
        for good in ["abcd", "me@example.com", "C02XK-user_1+x", &"a".repeat(255)] {
            assert_eq!(UserIdentifier::parse(good).map(|i| i.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "abc", &"a".repeat(256), "a b c d", "ab\ncd", "caf\u{e9}s", "a/bcd", "<script>"] {
            assert_eq!(UserIdentifier::parse(bad), Err(NotAnIdentifier), "{bad:?}");
        }
    }

    #[test]
    fn a_beginning_is_a_range_of_texts() {
        let prefix = IdentifierPrefix::parse("a_").unwrap();
        let within = |text: &str| prefix.first() <= text && text < prefix.end().as_str();
        assert!(within("a_") && within("a_zzz") && within("a_@x"));
        assert!(!within("ab") && !within("a-") && !within("A_"), "`_` is a letter like others");
        assert!(IdentifierPrefix::parse("%").is_err());
    }

    #[test]
    fn rights_are_the_contract_s() {
        let having = |right| Role::ALL.into_iter().filter(|r| r.has(right)).map(Role::as_str).collect::<Vec<_>>();
        assert_eq!(having(Right::IssueTokens), ["owner", "guard_manager", "guard_token_issuer"]);
        assert_eq!(having(Right::ManageTokens), ["owner", "guard_manager"]);
        assert_eq!(having(Right::ReadInstalls), ["owner", "guard_manager", "guard_viewer"]);
        assert_eq!(having(Right::ManageGuard), ["owner", "guard_manager"]);
        assert_eq!(having(Right::ManageMembers), ["owner"]);
    }
}
