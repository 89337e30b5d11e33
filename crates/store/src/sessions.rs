//! Who is signed in to the console, by which browser. A session that ended has no row.

use sekisho_core::browser::BrowserHash;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::SessionId;
use sekisho_core::{Language, Timestamp};

use crate::db::{Db, Row, Tx, sql};
use crate::error::{NoLonger, StoreError};

statements! {
    INSERT = "INSERT INTO sessions (id, hash, email, issuer, agent, network, created_at, seen_at, idle_at, expires_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)";
    FIND = "SELECT s.id, s.email, s.issuer, s.agent, s.network, s.created_at, s.seen_at, s.idle_at, s.expires_at, \
            r.language FROM sessions s LEFT JOIN readers r ON r.email = s.email \
            WHERE s.hash = $1 AND s.idle_at > $2 AND s.expires_at > $2";
    OF = "SELECT s.id, s.email, s.issuer, s.agent, s.network, s.created_at, s.seen_at, s.idle_at, s.expires_at, \
          r.language FROM sessions s LEFT JOIN readers r ON r.email = s.email \
          WHERE s.email = $1 AND s.idle_at > $2 AND s.expires_at > $2 ORDER BY s.seen_at DESC, s.id DESC LIMIT 100";
    TOUCH = "UPDATE sessions SET seen_at = $2, idle_at = $3 WHERE id = $1 AND seen_at < $2";
    // An update that changes nothing is a row lock that both engines know.
    HOLD = "UPDATE sessions SET agent = agent WHERE id = $1 AND email = $2";
    END = "DELETE FROM sessions WHERE email = $1 AND id = $2";
    END_OTHERS = "DELETE FROM sessions WHERE email = $1 AND id <> $2";
    END_ALL = "DELETE FROM sessions WHERE email = $1";
    READS = "INSERT INTO readers (email, language) VALUES ($1, $2) ON CONFLICT (email) DO UPDATE SET language = excluded.language";
    READS_MAILS = "UPDATE accounts SET language = $2 WHERE email = $1";
    READER = "SELECT language FROM readers WHERE email = $1";
}

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewConsoleSession {
    /// Its id.
    pub id: SessionId,
    /// What the browser's cookie is found by.
    pub hash: BrowserHash,
    /// Whose it is.
    pub email: EmailAddress,
    /// The identity provider that said so; empty for a mailed code.
    pub issuer: String,
    /// The browser, by its own word, cut.
    pub agent: String,
    /// The network that it came from.
    pub network: String,
    /// When it ends if nothing is asked meanwhile.
    pub idle_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub email: EmailAddress,
    /// The identity provider that said so; empty for a mailed code.
    pub issuer: String,
    /// The browser, by its own word, cut.
    pub agent: String,
    /// The network that it came from.
    pub network: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends if nothing is asked meanwhile.
    pub idle_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// The language that its owner chose.
    pub language: Option<Language>,
}

/// The sessions.
pub struct Sessions<'a> {
    pub(crate) db: &'a Db,
}

impl Sessions<'_> {
    /// Begins a session.
    pub async fn begin(&self, new: &NewConsoleSession, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        insert(&mut tx, new, now).await?;
        tx.commit().await
    }

    /// The session of this cookie, if it has not ended.
    pub async fn find(&self, hash: &BrowserHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.db.optional(sql(FIND).bind(&hash.0).bind(now)).await?.as_ref().map(read).transpose()
    }

    /// Somebody's sessions that have not ended, the last used one first; 100 at most.
    pub async fn of(&self, email: &EmailAddress, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.db.all(sql(OF).bind(email).bind(now)).await?.iter().map(read).collect()
    }

    /// Writes down that it was used.
    pub async fn touch(&self, id: SessionId, now: Timestamp, idle_at: Timestamp) -> Result<(), StoreError> {
        self.db.write(sql(TOUCH).bind(id).bind(now).bind(idle_at)).await.map(drop)
    }

    /// Ends one of somebody's sessions; `false` if there is no such one.
    pub async fn end(&self, email: &EmailAddress, id: SessionId) -> Result<bool, StoreError> {
        Ok(self.db.write(sql(END).bind(email).bind(id)).await? != 0)
    }

    /// Ends somebody's sessions but this one, or all of them; how many that were.
    pub async fn end_all(&self, email: &EmailAddress, but: Option<SessionId>) -> Result<u64, StoreError> {
        let end = match but {
            Some(id) => sql(END_OTHERS).bind(email).bind(id),
            None => sql(END_ALL).bind(email),
        };
        self.db.write(end).await
    }

    /// Somebody reads this language from now on, also in mails about his keys.
    pub async fn reads(&self, email: &EmailAddress, language: Language) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.run(sql(READS_MAILS).bind(email).bind(language)).await?;
        tx.run(sql(READS).bind(email).bind(language)).await?;
        tx.commit().await
    }

    /// The language that somebody chose.
    pub async fn language_of(&self, email: &EmailAddress) -> Result<Option<Language>, StoreError> {
        self.db.optional(sql(READER).bind(email)).await?.map(|row| row.language(0)).transpose()
    }
}

/// Writes a session in the transaction of what it rests on.
pub(crate) async fn insert(tx: &mut Tx, new: &NewConsoleSession, now: Timestamp) -> Result<(), StoreError> {
    let insert = sql(INSERT).bind(new.id).bind(&new.hash.0).bind(&new.email).bind(new.issuer.as_str());
    let insert = insert.bind(new.agent.as_str()).bind(new.network.as_str()).bind(now);
    tx.run(insert.bind(new.idle_at).bind(new.expires_at)).await.map(drop)
}

/// Refuses what is done in a session that ended meanwhile, or that is somebody else's.
pub(crate) async fn hold(tx: &mut Tx, id: SessionId, email: &EmailAddress) -> Result<(), StoreError> {
    match tx.run(sql(HOLD).bind(id).bind(email)).await? {
        0 => Err(NoLonger::Credential.into()),
        _ => Ok(()),
    }
}

fn read(row: &Row) -> Result<Session, StoreError> {
    let language: Option<String> = row.get(9)?;
    Ok(Session {
        id: SessionId(row.get(0)?),
        email: row.email(1)?,
        issuer: row.get(2)?,
        agent: row.get(3)?,
        network: row.get(4)?,
        created_at: row.time(5)?,
        seen_at: row.time(6)?,
        idle_at: row.time(7)?,
        expires_at: row.time(8)?,
        language: language.as_deref().and_then(Language::parse),
    })
}
