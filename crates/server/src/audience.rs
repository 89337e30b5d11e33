//! Whom an upstream is for. An upstream that we show credentials to, or that only we can reach, gives its packages to
//! nobody who was not named: our right there is not every caller's.

use std::fmt;

use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::token::TokenHash;
use serde::Deserialize;

use crate::callers::Caller;

/// One line of an audience.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Member {
    /// `anonymous`: whoever sends no token.
    Anonymous,
    /// `personal`: whoever has a personal token, and that is whoever has an e-mail address.
    Personal,
    /// `domain:example.com`: personal tokens of verified addresses in exactly this domain.
    Domain(String),
    /// `address:someone@example.com`: the personal tokens of one verified address.
    Address(EmailAddress),
    /// `token:<SHA-256 of the token in hexadecimal>`: one token, personal or an organisation's.
    Token(TokenHash),
    /// `organisation:OR…`: whoever an organisation gave a token to, and the pipelines that its bots trust.
    Organisation(OrgId),
}

impl TryFrom<String> for Member {
    type Error = String;

    fn try_from(text: String) -> Result<Member, String> {
        let wanted = "an audience is made of \"domain:example.com\", \"address:someone@example.com\", \"token:<SHA-256 of the token>\", \"organisation:OR…\", \"personal\" and \"anonymous\"";
        let (kind, rest) = text.split_once(':').unwrap_or((&text, ""));
        match (kind, rest) {
            ("anonymous", "") => Ok(Member::Anonymous),
            ("personal", "") => Ok(Member::Personal),
            ("domain", domain) => {
                // An address in it puts the domain through the same door as the addresses it is compared with.
                let address = EmailAddress::parse(&format!("a@{domain}"));
                address.map(|a| Member::Domain(a.domain().to_owned())).map_err(|_| wanted.to_owned())
            }
            ("address", address) => EmailAddress::parse(address).map(Member::Address).map_err(|_| wanted.to_owned()),
            ("token", hash) => hash_of(hash).map(Member::Token).ok_or_else(|| wanted.to_owned()),
            ("organisation", id) => OrgId::parse(id).map(Member::Organisation).ok_or_else(|| wanted.to_owned()),
            _ => Err(wanted.to_owned()),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Anonymous => f.write_str("whoever sends no token"),
            Member::Personal => f.write_str("every personal token"),
            Member::Domain(domain) => write!(f, "addresses in {domain}"),
            Member::Address(address) => write!(f, "{address}"),
            Member::Token(_) => f.write_str("one token"),
            Member::Organisation(id) => write!(f, "the tokens of organisation {id}"),
        }
    }
}

/// 64 hexadecimal digits.
fn hash_of(text: &str) -> Option<TokenHash> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(TokenHash(bytes))
}

/// Everybody who may ask an upstream's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever may use the checkpoint.
    Everybody,
    /// Nobody but these.
    Only(Vec<Member>),
}

impl Audience {
    /// True if the caller is one of them.
    pub fn includes(&self, caller: &Caller) -> bool {
        let members = match self {
            Audience::Everybody => return true,
            Audience::Only(members) => members,
        };
        members.iter().any(|member| match (member, caller) {
            (Member::Anonymous, Caller::Anonymous) | (Member::Personal, Caller::Personal(_)) => true,
            (Member::Domain(domain), Caller::Personal(known)) => {
                known.row.email.as_ref().is_some_and(|address| address.domain() == domain)
            }
            (Member::Address(wanted), Caller::Personal(known)) => known.row.email.as_ref() == Some(wanted),
            (Member::Token(hash), Caller::Personal(known)) => known.hash() == hash,
            (Member::Token(hash), Caller::Organisation(known)) => known.hash() == hash,
            (Member::Organisation(id), Caller::Organisation(known)) => known.row.org == *id,
            (Member::Organisation(id), Caller::Ci(known)) => known.row.org == *id,
            // A bot takes no packages: it is in nobody's audience.
            (
                Member::Anonymous
                | Member::Personal
                | Member::Domain(_)
                | Member::Address(_)
                | Member::Token(_)
                | Member::Organisation(_),
                Caller::Anonymous | Caller::Personal(_) | Caller::Organisation(_) | Caller::Ci(_) | Caller::Bot(_),
            ) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Member, String> {
        Member::try_from(text.to_owned())
    }

    #[test]
    fn members_are_read_in_the_form_in_which_callers_are_known() {
        assert_eq!(read("domain:Acme.Example"), Ok(Member::Domain("acme.example".into())));
        assert_eq!(
            read("address:Me@Acme.Example"),
            EmailAddress::parse("me@acme.example").map(Member::Address).map_err(|e| e.to_string())
        );
        assert_eq!(read(&format!("token:{}", "0A".repeat(32))), Ok(Member::Token(TokenHash([10; 32]))));
        let org = OrgId(uuid::Uuid::from_u128(7));
        assert_eq!(read(&format!("organisation:{org}")), Ok(Member::Organisation(org)));
    }

    #[test]
    fn what_nobody_could_be_is_refused() {
        for bad in [
            "",
            "everyone",
            "domain:",
            "domain:@a.b",
            "domain:acme",
            "address:x",
            "token:12",
            "anonymous:x",
            "organisation:acme",
        ] {
            assert!(read(bad).is_err(), "{bad:?} was taken");
        }
    }
}
