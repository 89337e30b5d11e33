//! Bots: an organisation's programs, and the keys that they come with.

use sekisho_core::Timestamp;
use sekisho_core::id::{BotId, BotKeyId, OrgId};
use sekisho_core::org::Role;
use sekisho_core::token::{PlainToken, TokenHash};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::orgs::{self, OrgChanges};
use crate::repeats::{self, NewRepeat};

statements! {
    INSERT = "INSERT INTO bots (id, org_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5) \
              ON CONFLICT (org_id, name) WHERE removed_at IS NULL DO NOTHING";
    OF_ORG = "SELECT id, org_id, name, role, created_at FROM bots WHERE org_id = $1 AND removed_at IS NULL ORDER BY name";
    PAGE = "SELECT b.id, b.org_id, b.name, b.role, b.created_at, \
            (SELECT COUNT(*) FROM bot_keys k WHERE k.bot_id = b.id AND k.revoked_at IS NULL), \
            (SELECT MAX(k.last_used_at) FROM bot_keys k WHERE k.bot_id = b.id), \
            (SELECT COUNT(*) FROM bot_trust t WHERE t.bot_id = b.id) \
            FROM bots b WHERE b.org_id = $1 AND b.removed_at IS NULL AND b.name > $2 ORDER BY b.name LIMIT $3";
    FIND = "SELECT id, org_id, name, role, created_at FROM bots WHERE org_id = $1 AND id = $2 AND removed_at IS NULL";
    SET_ROLE = "UPDATE bots SET role = $3 WHERE id = $1 AND org_id = $2 AND removed_at IS NULL";
    REMOVE_ALL = "UPDATE bots SET removed_at = $2 WHERE org_id = $1 AND removed_at IS NULL";
    REMOVE = "UPDATE bots SET removed_at = $3 WHERE id = $1 AND org_id = $2 AND removed_at IS NULL";
    INSERT_KEY = "INSERT INTO bot_keys (id, bot_id, hash, hint, created_at) \
                  SELECT $1, id, $3, $4, $5 FROM bots WHERE id = $2 AND org_id = $6 AND removed_at IS NULL";
    KEYS = "SELECT k.id, k.hint, k.created_at, k.last_used_at, k.revoked_at FROM bot_keys k \
            JOIN bots b ON b.id = k.bot_id WHERE b.id = $1 AND b.org_id = $2 ORDER BY k.id";
    REVOKE_KEY = "UPDATE bot_keys SET revoked_at = $4 WHERE id = $1 AND revoked_at IS NULL \
                  AND bot_id IN (SELECT id FROM bots WHERE id = $2 AND org_id = $3)";
    FIND_BY_KEY = "SELECT b.id, b.org_id, b.name, b.role, b.created_at, k.id, o.guard FROM bot_keys k \
                   JOIN bots b ON b.id = k.bot_id JOIN organisations o ON o.id = b.org_id \
                   WHERE k.hash = $1 AND k.revoked_at IS NULL AND b.removed_at IS NULL";
    TOUCH_KEY = "UPDATE bot_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
}

/// A bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// Its id.
    pub id: BotId,
    /// Its organisation.
    pub org: OrgId,
    /// What the organisation calls it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A bot as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBot {
    /// The bot.
    pub bot: Bot,
    /// Keys that count.
    pub keys: i64,
    /// The last request with one of its keys.
    pub last_used_at: Option<Timestamp>,
    /// Sets of conditions under which pipelines may come as it.
    pub trusts: i64,
}

/// A key to be stored. It is made from a plain one, which stays with the caller.
#[derive(Clone, Debug)]
pub struct NewBotKey {
    /// Its id.
    pub id: BotKeyId,
    hash: TokenHash,
    hint: String,
}

impl NewBotKey {
    /// What is kept of `key`.
    pub fn of(id: BotKeyId, key: &PlainToken) -> NewBotKey {
        NewBotKey { id, hash: key.hash(), hint: key.hint() }
    }
}

/// A bot's key as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotKey {
    /// Its id.
    pub id: BotKeyId,
    /// `sekisho_apikey_Ab3d…`
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last request with it.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The bot behind a key that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The bot.
    pub bot: Bot,
    /// The key.
    pub key: BotKeyId,
    /// Its organisation has Guard enabled.
    pub guard: bool,
}

/// The bots.
pub struct Bots<'a> {
    pub(crate) db: &'a Db,
}

impl Bots<'_> {
    /// Makes a bot; `false` if the organisation has one of this name.
    pub async fn create(&self, bot: &Bot, audit: &NewAudit) -> Result<bool, StoreError> {
        let mut changes = OrgChanges { tx: self.db.begin().await? };
        let made = changes.create_bot(bot, audit).await?;
        changes.commit().await?;
        Ok(made)
    }

    /// An organisation's bots, by name.
    pub async fn of_org(&self, org: OrgId) -> Result<Vec<Bot>, StoreError> {
        self.db.all(sql(OF_ORG).bind(org)).await?.iter().map(read).collect()
    }

    /// Bots whose names come after this one, by name.
    pub async fn page(&self, org: OrgId, after: &str, limit: u32) -> Result<Vec<ListedBot>, StoreError> {
        let rows = self.db.all(sql(PAGE).bind(org).bind(after).bind(i64::from(limit))).await?;
        let read = |row: &Row| {
            let (keys, last_used_at) = (row.get(5)?, row.maybe_time(6)?);
            Ok(ListedBot { bot: read(row)?, keys, last_used_at, trusts: row.get(7)? })
        };
        rows.iter().map(read).collect()
    }

    /// One bot.
    pub async fn find(&self, org: OrgId, bot: BotId) -> Result<Option<Bot>, StoreError> {
        self.db.optional(sql(FIND).bind(org).bind(bot)).await?.as_ref().map(read).transpose()
    }

    /// Removes a bot, and with it every key; `false` if the organisation has no such bot.
    pub async fn remove(&self, org: OrgId, bot: BotId, audit: &NewAudit) -> Result<bool, StoreError> {
        let mut changes = OrgChanges { tx: self.db.begin().await? };
        let removed = changes.remove_bot(org, bot, audit).await?;
        changes.commit().await?;
        Ok(removed)
    }

    /// Gives a bot one more key; `false` if the organisation has no such bot, or the call is a repeated one and the key of
    /// the first is there.
    pub async fn add_key(
        &self,
        org: OrgId,
        bot: BotId,
        key: &NewBotKey,
        audit: &NewAudit,
        once: Option<&NewRepeat>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        audit::insert(&mut tx, org, audit).await?;
        if !repeats::claim(&mut tx, once, audit.at).await? {
            return Ok(false);
        }
        let insert = sql(INSERT_KEY).bind(key.id).bind(bot).bind(&key.hash).bind(key.hint.as_str());
        if tx.run(insert.bind(audit.at).bind(org)).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// A bot's keys, oldest first, revoked ones too.
    pub async fn keys(&self, org: OrgId, bot: BotId) -> Result<Vec<BotKey>, StoreError> {
        self.db.all(sql(KEYS).bind(bot).bind(org)).await?.iter().map(read_key).collect()
    }

    /// Ends one key; `false` if it does not count any more, or is not the bot's.
    pub async fn revoke_key(
        &self,
        org: OrgId,
        bot: BotId,
        key: BotKeyId,
        audit: &NewAudit,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        audit::insert(&mut tx, org, audit).await?;
        if tx.run(sql(REVOKE_KEY).bind(key).bind(bot).bind(org).bind(audit.at)).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The bot behind a key, if both count.
    pub async fn find_by_key(&self, hash: &TokenHash) -> Result<Option<KeyHolder>, StoreError> {
        let row = self.db.optional(sql(FIND_BY_KEY).bind(hash)).await?;
        row.map(|row| Ok(KeyHolder { bot: read(&row)?, key: BotKeyId(row.get(5)?), guard: row.get::<i64>(6)? != 0 }))
            .transpose()
    }

    /// Writes down when keys were last used, in one transaction. An older moment never replaces a later one.
    pub async fn touch_keys(&self, uses: &[(BotKeyId, Timestamp)]) -> Result<(), StoreError> {
        // In order: the order in which everybody locks.
        let mut uses = uses.to_vec();
        uses.sort_unstable();
        let mut tx = self.db.begin().await?;
        for (key, at) in uses {
            tx.run(sql(TOUCH_KEY).bind(key).bind(at)).await?;
        }
        tx.commit().await
    }
}

impl OrgChanges {
    /// Makes a bot; `false` if the organisation has one of this name.
    pub async fn create_bot(&mut self, bot: &Bot, audit: &NewAudit) -> Result<bool, StoreError> {
        audit::ask(&mut self.tx, bot.org, audit).await?;
        let insert = sql(INSERT).bind(bot.id).bind(bot.org).bind(bot.name.as_str()).bind(bot.role.as_str());
        let made = self.tx.run(insert.bind(bot.created_at)).await? != 0;
        self.note(made, bot.org, audit).await
    }

    /// An organisation's bots, by name.
    pub async fn bots(&mut self, org: OrgId) -> Result<Vec<Bot>, StoreError> {
        self.tx.all(sql(OF_ORG).bind(org)).await?.iter().map(read).collect()
    }

    /// Gives a bot another role; `false` if the organisation has no such bot.
    pub async fn set_bot_role(
        &mut self,
        org: OrgId,
        bot: BotId,
        role: Role,
        audit: &NewAudit,
    ) -> Result<bool, StoreError> {
        audit::ask(&mut self.tx, org, audit).await?;
        let set = self.tx.run(sql(SET_ROLE).bind(bot).bind(org).bind(role.as_str())).await? != 0;
        // Every node reads the organisation's bots again.
        orgs::touch(&mut self.tx, org, audit.at).await?;
        self.note(set, org, audit).await
    }

    /// Removes a bot, and with it every key; `false` if the organisation has no such bot.
    pub async fn remove_bot(&mut self, org: OrgId, bot: BotId, audit: &NewAudit) -> Result<bool, StoreError> {
        audit::ask(&mut self.tx, org, audit).await?;
        let removed = self.tx.run(sql(REMOVE).bind(bot).bind(org).bind(audit.at)).await? != 0;
        if removed {
            // Sessions of pipelines end with their bot.
            orgs::touch(&mut self.tx, org, audit.at).await?;
        }
        self.note(removed, org, audit).await
    }

    pub(crate) async fn note(&mut self, changed: bool, org: OrgId, audit: &NewAudit) -> Result<bool, StoreError> {
        if changed {
            audit::insert(&mut self.tx, org, audit).await?;
        }
        Ok(changed)
    }
}

pub(crate) async fn remove_all(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(REMOVE_ALL).bind(org).bind(now)).await.map(drop)
}

fn read(row: &Row) -> Result<Bot, StoreError> {
    Ok(Bot {
        id: BotId(row.get(0)?),
        org: OrgId(row.get(1)?),
        name: row.get(2)?,
        role: row.role(3)?,
        created_at: row.time(4)?,
    })
}

fn read_key(row: &Row) -> Result<BotKey, StoreError> {
    Ok(BotKey {
        id: BotKeyId(row.get(0)?),
        hint: row.get(1)?,
        created_at: row.time(2)?,
        last_used_at: row.maybe_time(3)?,
        revoked_at: row.maybe_time(4)?,
    })
}
