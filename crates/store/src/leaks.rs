//! An organisation's tokens and bot keys that were found where they don't belong: each ends in one transaction with its
//! row of the audit log and the mails to those who manage the organisation. (A personal key: [`crate::Keys::revoke_leaked`].)

use std::time::Duration;

use sekisho_core::email::EmailAddress;
use sekisho_core::id::{BotId, OrgId, OrgTokenId};
use sekisho_core::token::TokenHash;
use sekisho_core::{Language, Timestamp};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::outbox::{self, NewMessage};

statements! {
    FIND_TOKEN = "SELECT t.org_id, o.name, t.hint, t.revoked_at, t.id, t.identifier FROM org_tokens t \
                  JOIN organisations o ON o.id = t.org_id WHERE t.hash = $1";
    FIND_KEY = "SELECT b.org_id, o.name, k.hint, COALESCE(k.revoked_at, b.removed_at), b.id, b.name FROM bot_keys k \
                JOIN bots b ON b.id = k.bot_id JOIN organisations o ON o.id = b.org_id WHERE k.hash = $1";
    END_TOKEN = "UPDATE org_tokens SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL";
    END_KEY = "UPDATE bot_keys SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL";
    SINCE = "SELECT COUNT(*) FROM audit WHERE org_id = $1 AND at > $2 AND actor = $3";
    MANAGERS = "SELECT m.email, a.language FROM members m LEFT JOIN accounts a ON a.email = m.email \
                WHERE m.org_id = $1 AND m.role IN ('owner', 'guard_manager') ORDER BY m.email";
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaked {
    /// Its organisation.
    pub org: OrgId,
    /// What the operator calls the organisation.
    pub org_name: String,
    /// `tg_org_Ab3d…`
    pub hint: String,
    /// Whose it was.
    pub holder: Holder,
}

/// Whose a found credential was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A token that was given to somebody.
    Token(OrgTokenId, String),
    /// A key of a bot, with the bot's name.
    Bot(BotId, String),
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// The address.
    pub email: EmailAddress,
    /// The language of the mails to it.
    pub language: Language,
}

/// What came of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeakEnd {
    /// There never was such a credential, or it is long gone.
    Unknown,
    /// It was one, and had ended before.
    Before,
    /// It ended now.
    Ended,
}

/// The credentials of organisations that were found.
pub struct Leaks<'a> {
    pub(crate) db: &'a Db,
    /// Reports on one organisation within an hour that its managers get mails about; the audit log has them all.
    pub(crate) mails_per_hour: u32,
}

impl Leaks<'_> {
    /// Ends an organisation's token. `tell` makes the audit's row and the mails.
    pub async fn end_token(&self, hash: &TokenHash, now: Timestamp, tell: impl Tell) -> Result<LeakEnd, StoreError> {
        let read = |row: &Row| Ok(Holder::Token(OrgTokenId(row.get(4)?), row.get(5)?));
        self.end(hash, now, (FIND_TOKEN, END_TOKEN), read, tell).await
    }

    /// Ends a bot's key. `tell` makes the audit's row and the mails.
    pub async fn end_bot_key(&self, hash: &TokenHash, now: Timestamp, tell: impl Tell) -> Result<LeakEnd, StoreError> {
        let read = |row: &Row| Ok(Holder::Bot(BotId(row.get(4)?), row.get(5)?));
        self.end(hash, now, (FIND_KEY, END_KEY), read, tell).await
    }

    async fn end(
        &self,
        hash: &TokenHash,
        now: Timestamp,
        (find, end): (&'static str, &'static str),
        holder: impl FnOnce(&Row) -> Result<Holder, StoreError>,
        tell: impl Tell,
    ) -> Result<LeakEnd, StoreError> {
        // Most reports are of nothing: no write for those.
        let Some(row) = self.db.optional(sql(find).bind(hash)).await? else { return Ok(LeakEnd::Unknown) };
        if row.maybe_time(3)?.is_some() {
            return Ok(LeakEnd::Before);
        }
        let leaked =
            Leaked { org: OrgId(row.get(0)?), org_name: row.get(1)?, hint: row.get(2)?, holder: holder(&row)? };
        let mut tx = self.db.begin().await?;
        if tx.run(sql(end).bind(hash).bind(now)).await? == 0 {
            return Ok(LeakEnd::Before);
        }
        let managers = managers(&mut tx, leaked.org).await?;
        let (row, messages) = tell(&leaked, &managers);
        let since = sql(SINCE).bind(leaked.org).bind(now.minus(HOUR)).bind(row.actor.as_str());
        let told: i64 = tx.optional(since).await?.map_or(Ok(0), |row| row.get(0))?;
        audit::insert(&mut tx, leaked.org, &row).await?;
        if told < i64::from(self.mails_per_hour) {
            for message in &messages {
                outbox::insert(&mut tx, message, now).await?;
            }
        }
        tx.commit().await?;
        Ok(LeakEnd::Ended)
    }
}

/// Says what is written down about a credential that ends, and to whom.
pub trait Tell: FnOnce(&Leaked, &[Manager]) -> (NewAudit, Vec<NewMessage>) + Send {}

impl<F: FnOnce(&Leaked, &[Manager]) -> (NewAudit, Vec<NewMessage>) + Send> Tell for F {}

pub(crate) async fn managers(tx: &mut Tx, org: OrgId) -> Result<Vec<Manager>, StoreError> {
    let rows = tx.all(sql(MANAGERS).bind(org)).await?;
    let read = |row: &Row| {
        let language = row.get::<Option<String>>(1)?.as_deref().and_then(Language::parse);
        Ok(Manager { email: row.email(0)?, language: language.unwrap_or_default() })
    };
    rows.iter().map(read).collect()
}
