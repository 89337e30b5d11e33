//! Ids of our own rows: time-ordered, 128 bits, in a type each so that they can't be mixed up.

use std::fmt;

use uuid::Uuid;

use crate::{Random, Timestamp};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id: UUID version 7 (RFC 9562), ordered by `now`.
            pub fn mint(now: Timestamp, random: &dyn Random) -> $name {
                $name(uuid_v7(now, random))
            }
        }
    };
}

/// An id that callers see: two letters that say what it names, and 26 digits of Crockford's base32.
macro_rules! public_id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        id! { $(#[$doc])* $name }

        impl $name {
            /// Reads the text that callers use; exactly the one form in which it is shown.
            pub fn parse(text: &str) -> Option<$name> {
                crate::base::crockford_u128(text.strip_prefix($prefix)?).map(Uuid::from_u128).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), crate::base::u128_crockford(self.0.as_u128()))
            }
        }
    };
}

public_id! {
    /// An organisation: `OR01…`.
    OrgId = "OR"
}
public_id! {
    /// A bot of an organisation: `BT01…`.
    BotId = "BT"
}
public_id! {
    /// A token of an organisation's: `TK01…`.
    OrgTokenId = "TK"
}
public_id! {
    /// A session of a pipeline, from the exchange of its identity to its end: `CS01…`.
    CiSessionId = "CS"
}
public_id! {
    /// An entry of an organisation's own list: `RU01…`.
    RuleId = "RU"
}
id! {
    /// An API key of a bot.
    BotKeyId
}
id! {
    /// What a bot trusts: one set of conditions.
    TrustId
}
id! {
    /// A row of an organisation's audit log.
    AuditId
}
id! {
    /// A personal account: one e-mail address.
    AccountId
}
id! {
    /// A token's row.
    TokenId
}
id! {
    /// A message waiting in the outbox.
    MessageId
}
id! {
    /// A one-time code's row.
    CodeId
}
id! {
    /// A try at a one-time code.
    AttemptId
}
id! {
    /// A login that was started in a terminal.
    LoginId
}
id! {
    /// A sign-in to the console that was begun.
    SignInId
}
id! {
    /// Somebody who is signed in to the console, with one browser.
    SessionId
}
id! {
    /// A row of the ledger.
    EntryId
}
id! {
    /// A request; answers and log lines carry it.
    RequestId
}

fn uuid_v7(now: Timestamp, random: &dyn Random) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    uuid::Builder::from_unix_timestamp_millis(now.0.max(0) as u64, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_is_read_back_in_exactly_one_form() {
        let id = OrgId(Uuid::from_u128(0x0199_aabb_ccdd_7eee_8fff_0011_2233_4455));
        let text = id.to_string();
        assert_eq!(text, "OR01K6NBQK6XFVQ8ZZR024H36H2N");
        assert_eq!(OrgId::parse(&text), Some(id));
        assert_eq!(OrgId::parse(&text.to_lowercase()), None);
        assert_eq!(BotId::parse(&text), None, "an id of another sort");
        for bad in [
            "",
            "OR",
            "OR01",
            "OR81K6NBQK6XFVQ8ZZR024H36H2N",
            "OR01K6NBQK6XFVQ8ZZR024H36H2U",
            "OR01K6NBQK6XFVQ8ZZR024H36H2NN",
        ] {
            assert_eq!(OrgId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_are_ordered_by_time_as_text_too() {
        let id = |ms: u128| OrgTokenId(Uuid::from_u128(ms << 80)).to_string();
        assert!(id(1_795_424_400_000) < id(1_795_424_400_001));
        assert!(id(1_795_424_400_000).starts_with("TK01"));
    }
}
