//! Ids of our own rows: time-ordered, 128 bits, in a type each so that they can't be mixed up.

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
