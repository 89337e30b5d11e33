//! Sessions of pipelines. A session's row is also the memory of the ID token that it was given for.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::{BotId, CiSessionId, OrgId};
use sekisho_core::token::TokenHash;

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, sql};
use crate::error::StoreError;
use crate::orgs;

/// The same request from the same place is answered again for so long: steps of a pipeline try again.
pub const REPEATED_WITHIN: Duration = Duration::from_secs(60);

statements! {
    INSERT = "INSERT INTO ci_sessions \
              (id, org_id, bot_id, id_token, client, attribution, issued_at, expires_at, keep_until) \
              SELECT $1, b.org_id, b.id, $3, $4, $5, $6, $7, $8 FROM bots b JOIN organisations o ON o.id = b.org_id \
              WHERE b.id = $2 AND b.removed_at IS NULL AND o.guard <> 0 ON CONFLICT (id_token) DO NOTHING";
    BY_ID_TOKEN = "SELECT s.id, s.org_id, s.bot_id, s.attribution, s.issued_at, s.expires_at, o.guard, s.client \
                   FROM ci_sessions s JOIN bots b ON b.id = s.bot_id JOIN organisations o ON o.id = s.org_id \
                   WHERE s.id_token = $1 AND s.revoked_at IS NULL AND b.removed_at IS NULL";
    FIND = "SELECT s.id, s.org_id, s.bot_id, s.attribution, s.issued_at, s.expires_at, o.guard \
            FROM ci_sessions s JOIN bots b ON b.id = s.bot_id JOIN organisations o ON o.id = s.org_id \
            WHERE s.id = $1 AND s.revoked_at IS NULL AND b.removed_at IS NULL";
    RUNNING = "SELECT s.id, s.org_id, s.bot_id, s.attribution, s.issued_at, s.expires_at, o.guard \
               FROM ci_sessions s JOIN organisations o ON o.id = s.org_id \
               WHERE s.bot_id = $1 AND s.org_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 \
               ORDER BY s.id DESC LIMIT $4";
    END = "UPDATE ci_sessions SET revoked_at = $4 \
           WHERE id = $1 AND bot_id = $2 AND org_id = $3 AND revoked_at IS NULL AND expires_at > $4";
    END_ALL = "UPDATE ci_sessions SET revoked_at = $3 \
               WHERE bot_id = $1 AND org_id = $2 AND revoked_at IS NULL AND expires_at > $3";
}

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: CiSessionId,
    /// The bot that trusts the pipeline.
    pub bot: BotId,
    /// What is kept of the ID token.
    pub id_token: TokenHash,
    /// The client's network.
    pub client: String,
    /// What the pipeline was, as JSON.
    pub attribution: String,
    /// When it begins.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When the ID token would be refused for its age alone.
    pub id_token_ends: Timestamp,
}

/// A session that was not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: CiSessionId,
    /// The bot's organisation.
    pub org: OrgId,
    /// The bot that trusts the pipeline.
    pub bot: BotId,
    /// What the pipeline was, as JSON.
    pub attribution: String,
    /// When it began.
    pub issued_at: Timestamp,
    /// Its end.
    pub expires_at: Timestamp,
    /// The organisation has Guard enabled.
    pub guard: bool,
}

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchanged {
    /// The session, made now or a moment ago by the same request.
    Session(SessionRow),
    /// The ID token was exchanged before, or the bot has ended.
    Refused,
}

/// The sessions.
pub struct CiSessions<'a> {
    pub(crate) db: &'a Db,
}

impl CiSessions<'_> {
    /// Makes a session for an ID token that was not exchanged before. Durable when this returns; of many at once one makes
    /// it, and the others get the same.
    pub async fn exchange(&self, new: &NewSession) -> Result<Exchanged, StoreError> {
        let insert = sql(INSERT).bind(new.id).bind(new.bot).bind(&new.id_token).bind(new.client.as_str());
        let insert = insert.bind(new.attribution.as_str()).bind(new.issued_at).bind(new.expires_at);
        self.db.write(insert.bind(new.expires_at.max(new.id_token_ends))).await?;
        let Some(row) = self.db.optional(sql(BY_ID_TOKEN).bind(&new.id_token)).await? else {
            return Ok(Exchanged::Refused);
        };
        let (session, client): (SessionRow, String) = (read(&row)?, row.get(7)?);
        let life = |from: Timestamp, to: Timestamp| to.0 - from.0;
        let same = session.id == new.id
            || session.bot == new.bot
                && client == new.client
                && life(session.issued_at, session.expires_at) == life(new.issued_at, new.expires_at)
                && life(session.issued_at, new.issued_at) <= REPEATED_WITHIN.as_millis() as i64
                && session.expires_at > new.issued_at;
        Ok(if same && session.guard { Exchanged::Session(session) } else { Exchanged::Refused })
    }

    /// A session that neither was ended nor ended with its bot. Its time and Guard are for the caller to look at.
    pub async fn find(&self, id: CiSessionId) -> Result<Option<SessionRow>, StoreError> {
        self.db.optional(sql(FIND).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// A bot's sessions that run, newest first.
    pub async fn running(
        &self,
        org: OrgId,
        bot: BotId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let running = sql(RUNNING).bind(bot).bind(org).bind(now).bind(i64::from(limit));
        self.db.all(running).await?.iter().map(read).collect()
    }

    /// Ends a bot's session, or all of them; how many ran. Every node follows.
    pub async fn end(
        &self,
        org: OrgId,
        bot: BotId,
        session: Option<CiSessionId>,
        audit: &NewAudit,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        audit::ask(&mut tx, org, audit).await?;
        let end = match session {
            Some(id) => sql(END).bind(id).bind(bot).bind(org).bind(audit.at),
            None => sql(END_ALL).bind(bot).bind(org).bind(audit.at),
        };
        let ended = tx.run(end).await?;
        if ended > 0 {
            orgs::touch(&mut tx, org, audit.at).await?;
            audit::insert(&mut tx, org, audit).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}

fn read(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: CiSessionId(row.get(0)?),
        org: OrgId(row.get(1)?),
        bot: BotId(row.get(2)?),
        attribution: row.get(3)?,
        issued_at: row.time(4)?,
        expires_at: row.time(5)?,
        guard: row.get::<i64>(6)? != 0,
    })
}
