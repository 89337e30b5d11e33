//! Which pipelines bots trust: conditions as JSON, of which one has to hold.

use sekisho_core::Timestamp;
use sekisho_core::id::{BotId, OrgId, TrustId};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, sql};
use crate::error::StoreError;
use crate::orgs::OrgChanges;

statements! {
    ADD = "INSERT INTO bot_trust (id, bot_id, conditions, created_at) \
           SELECT $1, id, $3, $4 FROM bots WHERE id = $2 AND org_id = $5 AND removed_at IS NULL";
    OF_BOT = "SELECT t.id, t.conditions, t.created_at FROM bot_trust t JOIN bots b ON b.id = t.bot_id \
              WHERE b.id = $1 AND b.org_id = $2 AND b.removed_at IS NULL ORDER BY t.id";
    REMOVE = "DELETE FROM bot_trust WHERE id = $1 AND bot_id IN (SELECT id FROM bots WHERE id = $2 AND org_id = $3)";
    TRUSTED_BY = "SELECT t.conditions FROM bot_trust t JOIN bots b ON b.id = t.bot_id \
                  JOIN organisations o ON o.id = b.org_id \
                  WHERE b.id = $1 AND b.removed_at IS NULL AND o.guard <> 0 ORDER BY t.id";
}

/// Conditions of a bot, and when they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Their id.
    pub id: TrustId,
    /// The conditions, as JSON.
    pub conditions: String,
    /// When they were given.
    pub created_at: Timestamp,
}

/// What bots trust.
pub struct Trusts<'a> {
    pub(crate) db: &'a Db,
}

impl Trusts<'_> {
    /// Gives a bot one more set of conditions; `false` if the organisation has no such bot.
    pub async fn add(&self, org: OrgId, bot: BotId, new: &Trust, audit: &NewAudit) -> Result<bool, StoreError> {
        let mut changes = OrgChanges { tx: self.db.begin().await? };
        let added = changes.add_trust(org, bot, new, audit).await?;
        changes.commit().await?;
        Ok(added)
    }

    /// A bot's conditions, oldest first.
    pub async fn of_bot(&self, org: OrgId, bot: BotId) -> Result<Vec<Trust>, StoreError> {
        self.db.all(sql(OF_BOT).bind(bot).bind(org)).await?.iter().map(read).collect()
    }

    /// Takes conditions away; `false` if the bot has none of this id. Sessions that were given for them go on.
    pub async fn remove(&self, org: OrgId, bot: BotId, id: TrustId, audit: &NewAudit) -> Result<bool, StoreError> {
        let mut changes = OrgChanges { tx: self.db.begin().await? };
        let removed = changes.remove_trust(org, bot, id, audit).await?;
        changes.commit().await?;
        Ok(removed)
    }

    /// The conditions under which a pipeline may come as this bot now; none if there is no such bot, it was removed, or
    /// Guard is not enabled for its organisation.
    pub async fn trusted_by(&self, bot: BotId) -> Result<Vec<String>, StoreError> {
        self.db.all(sql(TRUSTED_BY).bind(bot)).await?.iter().map(|row| row.get(0)).collect()
    }
}

impl OrgChanges {
    /// Gives a bot one more set of conditions; `false` if the organisation has no such bot.
    pub async fn add_trust(
        &mut self,
        org: OrgId,
        bot: BotId,
        new: &Trust,
        audit: &NewAudit,
    ) -> Result<bool, StoreError> {
        audit::ask(&mut self.tx, org, audit).await?;
        let add = sql(ADD).bind(new.id).bind(bot).bind(new.conditions.as_str()).bind(new.created_at);
        let added = self.tx.run(add.bind(org)).await? != 0;
        self.note(added, org, audit).await
    }

    /// A bot's conditions, oldest first.
    pub async fn trusts(&mut self, org: OrgId, bot: BotId) -> Result<Vec<Trust>, StoreError> {
        self.tx.all(sql(OF_BOT).bind(bot).bind(org)).await?.iter().map(read).collect()
    }

    /// Takes conditions away; `false` if the bot has none of this id.
    pub async fn remove_trust(
        &mut self,
        org: OrgId,
        bot: BotId,
        id: TrustId,
        audit: &NewAudit,
    ) -> Result<bool, StoreError> {
        audit::ask(&mut self.tx, org, audit).await?;
        let removed = self.tx.run(sql(REMOVE).bind(id).bind(bot).bind(org)).await? != 0;
        self.note(removed, org, audit).await
    }
}

fn read(row: &Row) -> Result<Trust, StoreError> {
    Ok(Trust { id: TrustId(row.get(0)?), conditions: row.get(1)?, created_at: row.time(2)? })
}
