//! Bots of organisations, and their keys.

use sekisho_core::id::{BotId, BotKeyId, OrgId};
use sekisho_core::org::Role;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_core::{Random, Timestamp};
use sekisho_store::{Bot, BotKey, NewBotKey, Organisation};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{OperateError, Operator};

/// A bot as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct BotShown {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: &'static str,
    /// When it was made.
    pub created_at: String,
}

/// A bot's key as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct BotKeyShown {
    /// Its id.
    pub id: String,
    /// `sekisho_apikey_Ab3d…`
    pub hint: String,
    /// When it was made.
    pub created_at: String,
    /// The last request with it.
    pub last_used_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// A key that was just made: the one time that its plain text is there.
pub struct FreshKey {
    /// Its id.
    pub id: String,
    /// The bot's id.
    pub bot: String,
    key: PlainToken,
}

impl FreshKey {
    /// What is sent as the bearer's token: `<key>:<bot id>`.
    pub fn credential(&self) -> String {
        credential(&self.key, &self.bot)
    }
}

impl Operator {
    /// An organisation's bots, by name.
    pub async fn bots(&self, org: &str) -> Result<Vec<BotShown>, OperateError> {
        let org = self.org(org).await?;
        Ok(self.store.bots().of_org(org.id).await?.iter().map(shown).collect())
    }

    /// Makes a bot.
    pub async fn create_bot(&self, org: &str, name: &str, role: Role) -> Result<BotShown, OperateError> {
        let org = self.org(org).await?;
        let bot = self.new_bot(&org, name, role);
        let audit = self.audit("bot.created", bot.id, told(&bot));
        if !self.store.bots().create(&bot, &audit).await? {
            let why = format!("{:?} has a bot {name:?} already; `sekisho admin bot list` shows them all", org.name);
            return OperateError::refused(why);
        }
        Ok(shown(&bot))
    }

    /// A bot that is not stored yet.
    pub(super) fn new_bot(&self, org: &Organisation, name: &str, role: Role) -> Bot {
        new_bot(org.id, name, role, self.now(), &*self.random)
    }

    /// Gives a bot another role; `false` if it has it already.
    pub async fn set_bot_role(&self, org: &str, bot: &str, role: Role) -> Result<bool, OperateError> {
        let (_, bot) = self.bot(org, bot).await?;
        if bot.role == role {
            return Ok(false);
        }
        let detail = json!({"from": bot.role.as_str(), "to": role.as_str()});
        let audit = self.audit("bot.role_changed", bot.id, detail);
        let mut changes = self.store.organisations().begin().await?;
        if !changes.set_bot_role(bot.org, bot.id, role, &audit).await? {
            return OperateError::refused("the bot was removed meanwhile");
        }
        changes.commit().await?;
        Ok(true)
    }

    /// Removes a bot, and with it every key.
    pub async fn remove_bot(&self, org: &str, bot: &str) -> Result<BotShown, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        self.store.bots().remove(org.id, bot.id, &self.audit("bot.removed", bot.id, json!({"name": bot.name}))).await?;
        Ok(shown(&bot))
    }

    /// Gives a bot one more key.
    pub async fn add_bot_key(&self, org: &str, bot: &str) -> Result<FreshKey, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        let (key, new, detail) = new_key(self.now(), &*self.random);
        let audit = self.audit("bot_key.added", bot.id, detail);
        if !self.store.bots().add_key(org.id, bot.id, &new, &audit, None).await? {
            return OperateError::refused("the bot was removed meanwhile");
        }
        Ok(FreshKey { id: new.id.0.to_string(), bot: bot.id.to_string(), key })
    }

    /// A bot's keys, oldest first, revoked ones too.
    pub async fn bot_keys(&self, org: &str, bot: &str) -> Result<Vec<BotKeyShown>, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        Ok(self.store.bots().keys(org.id, bot.id).await?.iter().map(key_shown).collect())
    }

    /// Ends one key; `false` if it was revoked before.
    pub async fn revoke_bot_key(&self, org: &str, bot: &str, key: Uuid) -> Result<bool, OperateError> {
        let (org, bot) = self.bot(org, bot).await?;
        let keys = self.store.bots().keys(org.id, bot.id).await?;
        let Some(found) = keys.into_iter().find(|k| k.id.0 == key) else {
            let why = format!("bot {:?} has no key {key}; `sekisho admin bot key list` shows them all", bot.name);
            return OperateError::refused(why);
        };
        let audit = self.audit("bot_key.revoked", bot.id, told_of_key(found.id, &found.hint));
        Ok(self.store.bots().revoke_key(org.id, bot.id, found.id, &audit).await?)
    }

    /// The bot with this id or name in an organisation.
    pub(super) async fn bot(&self, org: &str, text: &str) -> Result<(Organisation, Bot), OperateError> {
        let org = self.org(org).await?;
        let bots = self.store.bots().of_org(org.id).await?;
        match bots.into_iter().find(|bot| bot.name == text || BotId::parse(text) == Some(bot.id)) {
            Some(bot) => Ok((org, bot)),
            None => OperateError::refused(format!(
                "{:?} has no bot {text:?}; `sekisho admin bot list` shows them all",
                org.name
            )),
        }
    }
}

/// A bot that is not stored yet.
pub(crate) fn new_bot(org: OrgId, name: &str, role: Role, now: Timestamp, random: &dyn Random) -> Bot {
    Bot { id: BotId::mint(now, random), org, name: name.to_owned(), role, created_at: now }
}

/// What the audit log says of a new bot.
pub(crate) fn told(bot: &Bot) -> Value {
    json!({"name": bot.name, "role": bot.role.as_str()})
}

/// A key that is not stored yet, and what the audit log says of it.
pub(crate) fn new_key(now: Timestamp, random: &dyn Random) -> (PlainToken, NewBotKey, Value) {
    let key = PlainToken::mint(TokenKind::BotKey, random);
    let new = NewBotKey::of(BotKeyId::mint(now, random), &key);
    let detail = told_of_key(new.id, &key.hint());
    (key, new, detail)
}

/// What the audit log says of a key.
pub(crate) fn told_of_key(id: BotKeyId, hint: &str) -> Value {
    json!({"key_id": id.0.to_string(), "prefix": hint})
}

/// What a bot sends as the bearer's token: `<key>:<bot id>`.
pub(crate) fn credential(key: &PlainToken, bot: &impl std::fmt::Display) -> String {
    format!("{}:{bot}", key.expose())
}

fn shown(bot: &Bot) -> BotShown {
    let (id, name, created_at) = (bot.id.to_string(), bot.name.clone(), bot.created_at.to_string());
    BotShown { id, name, role: bot.role.as_str(), created_at }
}

fn key_shown(key: &BotKey) -> BotKeyShown {
    BotKeyShown {
        id: key.id.0.to_string(),
        hint: key.hint.clone(),
        created_at: key.created_at.to_string(),
        last_used_at: key.last_used_at.map(|at| at.to_string()),
        revoked_at: key.revoked_at.map(|at| at.to_string()),
    }
}
