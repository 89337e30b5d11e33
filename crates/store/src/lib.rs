//! Persistence: accounts, tokens, codes, messages and the ledger, on SQLite or PostgreSQL, from one list of statements.

/// Names each statement of a file and lists them all, so that a test can prepare every one on both engines.
macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(const $name: &str = $text;)*
        /// Every statement of this file.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[&str] = &[$($name),*];
    };
}

mod accounts;
mod attempts;
mod audit;
mod authority;
mod bots;
mod carry;
mod ci_sessions;
mod codes;
mod copies;
mod db;
mod error;
mod identities;
mod install_days;
mod keys;
mod leaks;
mod ledger;
mod logins;
mod look;
mod maintenance;
mod migrate;
mod notes;
mod org_tokens;
mod orgs;
mod outbox;
mod owner_codes;
mod people;
mod repeats;
mod revocations;
mod rules;
#[cfg(test)]
mod schema_tests;
mod sessions;
mod sign_ins;
mod signing_keys;
mod silent_tokens;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod token_ends;
mod tokens;
mod trust;

pub use accounts::{Account, Accounts};
pub use attempts::{ATTEMPT_LIMIT, ATTEMPT_WINDOW, Attempts};
pub use audit::{Audit, AuditFilter, AuditRow, NewAudit};
pub use authority::{Authority, AuthorityHolder};
pub use bots::{Bot, BotKey, Bots, KeyHolder, ListedBot, NewBotKey};
pub use carry::{CarriedOver, carry_over, copy_to_ask};
pub use ci_sessions::{CiSessions, Exchanged, NewSession, REPEATED_WITHIN, SessionRow};
pub use codes::{CODE_LIFETIME, Codes, NewCode};
pub use copies::{SQLITE_FILES, SQLITE_MAIN, SchemaVersion, check_sqlite, copy_sqlite, sqlite_versions};
pub use error::{NoLonger, StoreError, Unavailability};
pub use identities::{Identities, Linked};
pub use install_days::{Counted, Due, InstallDay, InstallDays, Most, NAMES_KEPT, Turn};
pub use keys::{Added, Changed, InvalidCode, Keys, MOST_KEYS, Minted, NewAccount, Notice, OneMore};
pub use leaks::{Holder, LeakEnd, Leaked, Leaks, Manager, Tell};
pub use ledger::{
    AnonymousCount, Counts, Entry, EntryFilter, Holds, Ledger, LedgerRow, MOST_COUNTED, Outcome, Page, PersonRows,
    Pipeline, Question, Recent, Recorded, Retention, Round, Taker, Trace, Usage, UsageOf, Walk, Who,
};
pub use logins::{HandOut, HandedOut, LOGIN_LIFETIME, Login, LoginState, Logins, NewLogin, NewLoginCode};
pub use look::{Looked, look};
pub use maintenance::{Maintenance, Swept};
pub use notes::HeldNote;
pub use org_tokens::{CarriedToken, NewOrgToken, OrgTokenPage, OrgTokenRow, OrgTokens, Rotated, TokenStatus};
pub use orgs::{Member, MemberChange, Membership, OrgChanges, Organisation, Organisations};
pub use outbox::{Backlog, Message, MessageKind, NewMessage, Outbox};
pub use owner_codes::{FirstOwner, OWNER_CODE_LIFETIME, OwnerCodes};
pub use people::{Forgotten, HeldLogin, HeldMembership, HeldMessage, HeldSession, People};
pub use repeats::{NewRepeat, REPEAT_LIFETIME, Repeat, Repeats};
pub use revocations::Revocations;
pub use rules::{HeldRule, MOST_RULES, Rule, RuleAdded, Rules};
pub use sessions::{NewConsoleSession, Session, Sessions};
pub use sign_ins::{Confirmed, NewSignIn, SIGN_IN_LIFETIME, SIGN_IN_TRIES, SignIn, SignIns};
pub use signing_keys::{SigningKeyRow, SigningKeys};
pub use silent_tokens::{SILENT_AFTER, Seen};
pub use store::{DatabaseConfig, Store};
pub use token_ends::{EndingToken, TokenEnds};
pub use tokens::{LastUse, NewToken, Revocation, TokenRow, Tokens};
pub use trust::{Trust, Trusts};
