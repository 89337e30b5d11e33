//! Organisations' own lists: what one blocks, allows and warns of for its own people and pipelines.

use sekisho_core::id::{OrgId, RuleId};
use sekisho_core::policy::{Effect, Entry};
use sekisho_core::{PackageUrl, Timestamp};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::orgs::OrgChanges;
use crate::people::People;

statements! {
    OF_ORG = "SELECT id, effect, package, reason, expires_at, made_by, created_at FROM org_rules WHERE org_id = $1 ORDER BY id";
    PAGE = "SELECT id, effect, package, reason, expires_at, made_by, created_at FROM org_rules \
            WHERE org_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    SAME = "SELECT id, effect, package, reason, expires_at, made_by, created_at FROM org_rules \
            WHERE org_id = $1 AND effect = $2 AND package = $3";
    COUNT = "SELECT COUNT(*) FROM org_rules WHERE org_id = $1";
    INSERT = "INSERT INTO org_rules (id, org_id, effect, package, reason, expires_at, made_by, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DELETE = "DELETE FROM org_rules WHERE id = $1 AND org_id = $2";
    DELETE_ALL = "DELETE FROM org_rules WHERE org_id = $1";
    // Another time than before by any clock: nodes tell one list from the next by it.
    MARK = "UPDATE organisations SET rules_at = CASE WHEN rules_at >= $2 THEN rules_at + 1 ELSE $2 END WHERE id = $1";
    MARKS = "SELECT id, rules_at FROM organisations WHERE rules_at IS NOT NULL AND removed_at IS NULL";
    MADE_BY = "SELECT org_id, id, effect, package, reason, created_at FROM org_rules WHERE made_by = $1 ORDER BY id";
    RENAME = "UPDATE org_rules SET made_by = $2 WHERE made_by = $1";
    RENAME_IN = "UPDATE org_rules SET made_by = $2 WHERE made_by = $1 AND org_id = $3";
}

/// Most entries of one organisation: every node holds all of them.
pub const MOST_RULES: usize = 1000;

/// An entry of an organisation's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What it says; since when is [`Rule::created_at`], so that two that say the same are equal.
    pub entry: Entry,
    /// Who made it: an address, a bot's id, or `operator`.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// What came of adding an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleAdded {
    /// It is there now.
    Done,
    /// There is one with this effect for this package.
    Exists(Rule),
    /// There are [`MOST_RULES`].
    Full,
    /// There is no such organisation.
    NoOrganisation,
}

/// An entry that a person made.
#[derive(Clone, Debug)]
pub struct HeldRule {
    /// The organisation.
    pub org: OrgId,
    /// The entry's id.
    pub id: RuleId,
    /// What it does.
    pub effect: String,
    /// What it is about.
    pub package: String,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The organisations' own lists.
pub struct Rules<'a> {
    pub(crate) db: &'a Db,
}

impl Rules<'_> {
    /// An organisation's entries, oldest first, ended ones too. If one can't be read, none is given: a list with a gap would
    /// let through what the gap blocks.
    pub async fn of_org(&self, org: OrgId) -> Result<Vec<Rule>, StoreError> {
        self.db.all(sql(OF_ORG).bind(org)).await?.iter().map(read).collect()
    }

    /// Entries that are older than `before`, newest first, ended ones too. Entries that come meanwhile change no page.
    pub async fn page(&self, org: OrgId, before: RuleId, limit: u32) -> Result<Vec<Rule>, StoreError> {
        self.db.all(sql(PAGE).bind(org).bind(before).bind(i64::from(limit))).await?.iter().map(read).collect()
    }

    /// The organisations that have or had entries, and when these last changed. What is read with [`Rules::of_org`] after it
    /// is at least as new.
    pub async fn marks(&self) -> Result<Vec<(OrgId, Timestamp)>, StoreError> {
        self.db.all(sql(MARKS)).await?.iter().map(|row| Ok((OrgId(row.get(0)?), row.time(1)?))).collect()
    }
}

impl OrgChanges {
    /// An organisation's entries, oldest first, ended ones too.
    pub async fn rules(&mut self, org: OrgId) -> Result<Vec<Rule>, StoreError> {
        self.tx.all(sql(OF_ORG).bind(org)).await?.iter().map(read).collect()
    }

    /// The entry with the same effect for the same package.
    pub async fn rule_like(&mut self, org: OrgId, entry: &Entry) -> Result<Option<Rule>, StoreError> {
        let same = sql(SAME).bind(org).bind(entry.effect.as_str()).bind(entry.target.to_string());
        self.tx.optional(same).await?.as_ref().map(read).transpose()
    }

    /// Adds an entry.
    pub async fn add_rule(&mut self, org: OrgId, new: &Rule, audit: &NewAudit) -> Result<RuleAdded, StoreError> {
        if self.lock(org).await?.is_none() {
            return Ok(RuleAdded::NoOrganisation);
        }
        if let Some(old) = self.rule_like(org, &new.entry).await? {
            return Ok(RuleAdded::Exists(old));
        }
        let count: i64 = match self.tx.optional(sql(COUNT).bind(org)).await? {
            Some(row) => row.get(0)?,
            None => 0,
        };
        if count >= MOST_RULES as i64 {
            return Ok(RuleAdded::Full);
        }
        audit::insert(&mut self.tx, org, audit).await?;
        let Entry { target, effect, reason, expires, .. } = &new.entry;
        let insert = sql(INSERT).bind(new.id).bind(org).bind(effect.as_str()).bind(target.to_string());
        let insert = insert.bind(reason.as_str()).bind(*expires).bind(new.made_by.as_str()).bind(new.created_at);
        self.tx.run(insert).await?;
        mark(&mut self.tx, org, audit.at).await?;
        Ok(RuleAdded::Done)
    }

    /// Removes an entry; `false` if the organisation has none of this id.
    pub async fn remove_rule(&mut self, org: OrgId, id: RuleId, audit: &NewAudit) -> Result<bool, StoreError> {
        if self.lock(org).await?.is_none() || self.tx.run(sql(DELETE).bind(id).bind(org)).await? == 0 {
            return Ok(false);
        }
        mark(&mut self.tx, org, audit.at).await?;
        self.note(true, org, audit).await
    }
}

impl People<'_> {
    /// Entries of organisations' lists that exactly this person made.
    pub async fn rules_by(&self, person: &str) -> Result<Vec<HeldRule>, StoreError> {
        let read = |row: &Row| {
            let (org, id) = (OrgId(row.get(0)?), RuleId(row.get(1)?));
            let (effect, package, reason) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(HeldRule { org, id, effect, package, reason, created_at: row.time(5)? })
        };
        self.db.all(sql(MADE_BY).bind(person)).await?.iter().map(read).collect()
    }
}

/// Removes the entries of an organisation that goes.
pub(crate) async fn remove_all(tx: &mut Tx, org: OrgId) -> Result<(), StoreError> {
    tx.run(sql(DELETE_ALL).bind(org)).await.map(drop)
}

/// Puts another name in the place of who made entries, in one organisation or in all.
pub(crate) async fn rename_maker(tx: &mut Tx, old: &str, new: &str, of: Option<OrgId>) -> Result<(), StoreError> {
    let rename = match of {
        Some(org) => sql(RENAME_IN).bind(old).bind(new).bind(org),
        None => sql(RENAME).bind(old).bind(new),
    };
    tx.run(rename).await.map(drop)
}

async fn mark(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(MARK).bind(org).bind(now)).await.map(drop)
}

fn read(row: &Row) -> Result<Rule, StoreError> {
    let effect = Effect::parse(&row.get::<String>(1)?).ok_or(StoreError::unreadable("effect"))?;
    let target = PackageUrl::parse(&row.get::<String>(2)?).map_err(|_| StoreError::unreadable("package"))?;
    let entry = Entry { target, effect, reason: row.get(3)?, expires: row.maybe_time(4)?, since: None };
    Ok(Rule { id: RuleId(row.get(0)?), entry, made_by: row.get(5)?, created_at: row.time(6)? })
}
