//! Messages that wait to be sent. A message is a row in the same transaction as its cause; a worker sends it under a lease.

use std::time::Duration;

use sekisho_core::Language;
use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::MessageId;

use crate::db::{Db, Engine, Row, Statement, Tx, sql};
use crate::error::StoreError;

/// PostgreSQL's nodes step over rows that another one is claiming. SQLite has one writer at a time and not these words.
pub(crate) const CLAIM_POSTGRES: &str = "UPDATE outbox SET attempts = attempts + 1, claimed_at = $1, lease_until = $2 \
     WHERE id IN (SELECT id FROM outbox WHERE state = 'waiting' AND not_before <= $1 AND lease_until <= $1 \
     ORDER BY not_before, id LIMIT $3 FOR UPDATE SKIP LOCKED) \
     RETURNING id, kind, email, language, base_url, payload, created_at, attempts";

statements! {
    CLAIM = "UPDATE outbox SET attempts = attempts + 1, claimed_at = $1, lease_until = $2 \
             WHERE id IN (SELECT id FROM outbox WHERE state = 'waiting' AND not_before <= $1 AND lease_until <= $1 \
             ORDER BY not_before, id LIMIT $3) \
             RETURNING id, kind, email, language, base_url, payload, created_at, attempts";
    INSERT = "INSERT INTO outbox (id, kind, email, language, base_url, payload, state, created_at, not_before, attempts, \
              lease_until, last_error) VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7, 0, 0, '')";
    FINISH = "UPDATE outbox SET state = $3, finished_at = $4, last_error = $5 \
              WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
    RETRY = "UPDATE outbox SET not_before = $3, lease_until = 0, last_error = $4 \
             WHERE id = $1 AND attempts = $2 AND state = 'waiting'";
    // Of several that are on their way, each counts those before it: six at once are five mails and one too many.
    SENT_SINCE = "SELECT COUNT(*) FROM outbox WHERE email = $1 AND kind IN ('registration', 'login_code', 'sign_in_code') AND id <> $2 \
                  AND claimed_at > $3 AND (state = 'sent' OR state = 'failed' OR (state = 'waiting' AND id < $2))";
    WAITING = "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'waiting'";
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Somebody asked for a key for this address. The worker decides what to send.
    Registration,
    /// A key was replaced by its owner.
    Regenerated,
    /// Every key was replaced by way of a code.
    Reset,
    /// A key was revoked.
    Revoked,
    /// Somebody gave this address in a login. The worker decides whether a code is sent.
    LoginCode,
    /// A login added a key.
    LoginAdded,
    /// Somebody who is signed in added a key.
    Added,
    /// A login made the account, and its first key.
    LoginRegistered,
    /// A personal key was found where it doesn't belong, and was revoked.
    Leaked,
    /// The same for a credential of an organisation; goes to those who manage it.
    OrgLeaked,
    /// Tokens of an organisation end soon, or one was used after its end; goes to those who manage it.
    OrgTokensEnd,
    /// Somebody gave this address to sign in to the console. The worker decides whether a code is sent.
    SignInCode,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [MessageKind; 12] = [
        MessageKind::Registration,
        MessageKind::Regenerated,
        MessageKind::Reset,
        MessageKind::Revoked,
        MessageKind::LoginCode,
        MessageKind::LoginAdded,
        MessageKind::Added,
        MessageKind::LoginRegistered,
        MessageKind::Leaked,
        MessageKind::OrgLeaked,
        MessageKind::OrgTokensEnd,
        MessageKind::SignInCode,
    ];

    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Registration => "registration",
            MessageKind::Regenerated => "regenerated",
            MessageKind::Reset => "reset",
            MessageKind::Revoked => "revoked",
            MessageKind::LoginCode => "login_code",
            MessageKind::LoginAdded => "login_added",
            MessageKind::Added => "added",
            MessageKind::LoginRegistered => "login_registered",
            MessageKind::Leaked => "leaked",
            MessageKind::OrgLeaked => "org_leaked",
            MessageKind::OrgTokensEnd => "org_tokens_end",
            MessageKind::SignInCode => "sign_in_code",
        }
    }
}

/// A message to be written.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// What it is about.
    pub kind: MessageKind,
    /// Whom it goes to.
    pub email: EmailAddress,
    /// Its language.
    pub language: Language,
    /// The public address under which the request came; the mail's commands use it.
    pub base_url: String,
    /// What the template needs besides, as JSON; never a secret.
    pub payload: String,
}

/// A message that this worker has claimed. It is the worker's until the lease ends; what a worker says about a message
/// that another one has claimed since has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// What it is about.
    pub kind: MessageKind,
    /// Whom it goes to.
    pub email: EmailAddress,
    /// Its language.
    pub language: Language,
    /// The public address under which the request came.
    pub base_url: String,
    /// What the template needs besides, as JSON.
    pub payload: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// How often it was claimed, this time included.
    pub attempts: i64,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many messages wait.
    pub waiting: i64,
    /// Since when the oldest of them does.
    pub oldest: Option<Timestamp>,
}

/// The messages.
pub struct Outbox<'a> {
    pub(crate) db: &'a Db,
}

impl Outbox<'_> {
    /// Writes a message. A registration is this one row, whatever is known about the address.
    pub async fn enqueue(&self, message: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
        self.db.write(insert_statement(message, now)).await.map(drop)
    }

    /// Takes up to `limit` messages that are due, oldest first, for the time of `lease`.
    pub async fn claim(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Message>, StoreError> {
        let text = match self.db.engine() {
            Engine::Sqlite => CLAIM,
            Engine::Postgres => CLAIM_POSTGRES,
        };
        let claim = sql(text).bind(now).bind(now.plus(lease)).bind(i64::from(limit));
        let mut claimed: Vec<_> =
            self.db.write_returning(claim).await?.iter().map(read).collect::<Result<_, StoreError>>()?;
        claimed.sort_by_key(|m| m.id);
        Ok(claimed)
    }

    /// It was handed over to the mail server. `false` if the lease was lost.
    pub async fn sent(&self, message: &Message, now: Timestamp) -> Result<bool, StoreError> {
        self.finish(message, "sent", "", now).await
    }

    /// It is not sent: beyond the limit of mails, or nothing to say. `false` if the lease was lost.
    pub async fn drop_message(&self, message: &Message, why: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.finish(message, "dropped", why, now).await
    }

    /// It can't be sent, now or later. `false` if the lease was lost.
    pub async fn give_up(&self, message: &Message, error_class: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.finish(message, "failed", error_class, now).await
    }

    /// It could not be sent, or nobody knows whether it was: again at `not_before`. `false` if the lease was lost.
    pub async fn retry_later(
        &self,
        message: &Message,
        not_before: Timestamp,
        error_class: &str,
    ) -> Result<bool, StoreError> {
        let retry = sql(RETRY).bind(message.id).bind(message.attempts).bind(not_before).bind(error_class);
        Ok(self.db.write(retry).await? == 1)
    }

    /// How many mails that strangers can ask for (registrations, codes of logins) went to this message's address after `since`: sent or tried, other than this one.
    pub async fn mails_sent_since(&self, message: &Message, since: Timestamp) -> Result<i64, StoreError> {
        match self.db.optional(sql(SENT_SINCE).bind(&message.email).bind(message.id).bind(since)).await? {
            Some(row) => row.get(0),
            None => Ok(0),
        }
    }

    /// What waits; for readiness and metrics.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        match self.db.optional(sql(WAITING)).await? {
            Some(row) => Ok(Backlog { waiting: row.get(0)?, oldest: row.maybe_time(1)? }),
            None => Ok(Backlog { waiting: 0, oldest: None }),
        }
    }

    async fn finish(&self, message: &Message, state: &str, why: &str, now: Timestamp) -> Result<bool, StoreError> {
        let finish = sql(FINISH).bind(message.id).bind(message.attempts).bind(state).bind(now).bind(why);
        Ok(self.db.write(finish).await? == 1)
    }
}

/// Writes a message in the transaction of its cause.
pub(crate) async fn insert(tx: &mut Tx, message: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
    tx.run(insert_statement(message, now)).await.map(drop)
}

fn insert_statement(message: &NewMessage, now: Timestamp) -> Statement {
    sql(INSERT)
        .bind(message.id)
        .bind(message.kind.as_str())
        .bind(&message.email)
        .bind(message.language)
        .bind(message.base_url.as_str())
        .bind(message.payload.as_str())
        .bind(now)
}

fn read(row: &Row) -> Result<Message, StoreError> {
    let kind: String = row.get(1)?;
    Ok(Message {
        id: MessageId(row.get(0)?),
        kind: MessageKind::ALL
            .into_iter()
            .find(|k| k.as_str() == kind)
            .ok_or(StoreError::unreadable("kind of message"))?,
        email: row.email(2)?,
        language: row.language(3)?,
        base_url: row.get(4)?,
        payload: row.get(5)?,
        created_at: row.time(6)?,
        attempts: row.get(7)?,
    })
}
