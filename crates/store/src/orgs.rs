//! Organisations and their members.

use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_core::{Language, Timestamp};

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Statement, Tx, sql};
use crate::error::StoreError;
use crate::{bots, org_tokens, rules};

statements! {
    INSERT = "INSERT INTO organisations (id, name, guard, max_token_seconds, retention_days, created_at, changed_at, \
              default_token_seconds, self_rotate, language) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING";
    FIND = "SELECT id, name, guard, max_token_seconds, retention_days, created_at, \
            default_token_seconds, self_rotate, language FROM organisations \
            WHERE id = $1 AND removed_at IS NULL";
    FIND_BY_NAME = "SELECT id, name, guard, max_token_seconds, retention_days, created_at, \
            default_token_seconds, self_rotate, language FROM organisations \
                    WHERE name = $1 AND removed_at IS NULL";
    ALL = "SELECT id, name, guard, max_token_seconds, retention_days, created_at, \
            default_token_seconds, self_rotate, language FROM organisations WHERE removed_at IS NULL";
    RETENTION = "SELECT id, retention_days FROM organisations WHERE retention_days IS NOT NULL";
    // An update is also the lock under which members change, so that the last owner can't go twice at once.
    LOCK = "UPDATE organisations SET name = name WHERE id = $1 AND removed_at IS NULL \
            RETURNING id, name, guard, max_token_seconds, retention_days, created_at, \
            default_token_seconds, self_rotate, language";
    CHANGE = "UPDATE organisations SET name = $2, guard = $3, max_token_seconds = $4, retention_days = $5, \
              changed_at = $6, default_token_seconds = $7, self_rotate = $8, language = $9 WHERE id = $1 AND removed_at IS NULL AND NOT EXISTS \
              (SELECT 1 FROM organisations o WHERE o.name = $2 AND o.id <> $1 AND o.removed_at IS NULL)";
    REMOVE = "UPDATE organisations SET guard = 0, removed_at = $2, changed_at = $2 WHERE id = $1 AND removed_at IS NULL";
    REMOVE_MEMBERS = "DELETE FROM members WHERE org_id = $1";
    // Later than before by any clock: nodes tell one change from the next by its time.
    TOUCH = "UPDATE organisations SET changed_at = CASE WHEN changed_at >= $2 THEN changed_at + 1 ELSE $2 END WHERE id = $1";
    CHANGED_SINCE = "SELECT id, changed_at FROM organisations WHERE changed_at >= $1";
    OF_MEMBER = "SELECT o.id, o.name, o.guard, o.max_token_seconds, o.retention_days, o.created_at, \
                 o.default_token_seconds, o.self_rotate, o.language, m.role FROM members m \
                 JOIN organisations o ON o.id = m.org_id WHERE m.email = $1 AND o.removed_at IS NULL";
    MEMBERS = "SELECT email, role, created_at, granted_by FROM members WHERE org_id = $1 ORDER BY email";
    MEMBERS_PAGE = "SELECT email, role, created_at, granted_by FROM members WHERE org_id = $1 AND email > $2 \
                    ORDER BY email LIMIT $3";
    MEMBER = "SELECT email, role, created_at, granted_by FROM members WHERE org_id = $1 AND email = $2";
    PUT_MEMBER = "INSERT INTO members (org_id, email, role, created_at, granted_by) VALUES ($1, $2, $3, $4, $5) \
                  ON CONFLICT (org_id, email) DO UPDATE SET role = excluded.role, granted_by = excluded.granted_by";
    DELETE_MEMBER = "DELETE FROM members WHERE org_id = $1 AND email = $2";
    OTHER_OWNERS = "SELECT COUNT(*) FROM members WHERE org_id = $1 AND role = 'owner' AND email <> $2";
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: OrgId,
    /// What the operator calls it.
    pub name: String,
    /// Guard is enabled: its tokens count.
    pub guard: bool,
    /// The longest life of a token, in seconds; none: tokens may live for ever.
    pub max_token_seconds: Option<i64>,
    /// How many days its rows of the ledger are kept; none: the server's default.
    pub retention_days: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The life of a token for which nothing else is said, in seconds; none: as long as the longest.
    pub default_token_seconds: Option<i64>,
    /// People may rotate those of its tokens that carry their own address.
    pub self_rotate: bool,
    /// The language of its mails to those who chose none.
    pub language: Language,
}

impl Organisation {
    /// A new one, for which Guard is enabled and nothing else is said.
    pub fn new(id: OrgId, name: &str, created_at: Timestamp) -> Organisation {
        Organisation {
            id,
            name: name.to_owned(),
            guard: true,
            max_token_seconds: None,
            retention_days: None,
            created_at,
            default_token_seconds: None,
            self_rotate: false,
            language: Language::En,
        }
    }

    /// The life of a token for which nothing else is said, in seconds; none: for ever.
    pub fn usual_token_seconds(&self) -> Option<i64> {
        match (self.default_token_seconds, self.max_token_seconds) {
            (Some(usual), Some(most)) => Some(usual.min(most)),
            (usual, most) => usual.or(most),
        }
    }
}

/// An organisation that somebody is a member of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organisation.
    pub org: Organisation,
    /// The role in it.
    pub role: Role,
}

/// A person with a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The address.
    pub email: EmailAddress,
    /// The role.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// The identity provider whose groups gave the role; empty: somebody gave it by hand.
    pub granted_by: String,
}

/// What came of a change to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It is so now.
    Done,
    /// It was so before.
    Unchanged,
    /// There is no such member, or no such organisation.
    Absent,
    /// The last owner stays.
    LastOwner,
}

/// The organisations.
pub struct Organisations<'a> {
    pub(crate) db: &'a Db,
}

impl Organisations<'_> {
    /// Starts changes that happen together or not at all.
    pub async fn begin(&self) -> Result<OrgChanges, StoreError> {
        Ok(OrgChanges { tx: self.db.begin().await? })
    }

    /// Makes an organisation; `false` if its name is taken.
    pub async fn create(&self, new: &Organisation, audit: &NewAudit) -> Result<bool, StoreError> {
        let mut changes = self.begin().await?;
        let made = changes.create(new, audit).await?;
        changes.commit().await?;
        Ok(made)
    }

    /// The organisation with this id.
    pub async fn find(&self, id: OrgId) -> Result<Option<Organisation>, StoreError> {
        self.db.optional(sql(FIND).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// The organisation of this name.
    pub async fn find_by_name(&self, name: &str) -> Result<Option<Organisation>, StoreError> {
        self.db.optional(sql(FIND_BY_NAME).bind(name)).await?.as_ref().map(read).transpose()
    }

    /// Those with a time of their own for rows of the ledger, in days; removed ones too, whose rows are still there.
    pub async fn retention_days(&self) -> Result<Vec<(OrgId, i64)>, StoreError> {
        let rows = self.db.all(sql(RETENTION)).await?;
        rows.iter().map(|row| Ok((OrgId(row.get(0)?), row.get(1)?))).collect()
    }

    /// All of them, by name.
    pub async fn all(&self) -> Result<Vec<Organisation>, StoreError> {
        in_order(self.db.all(sql(ALL)).await?.iter().map(read).collect())
    }

    /// Organisations that changed at or after `since`, and when: what is known of their tokens is to be read again.
    pub async fn changed_since(&self, since: Timestamp) -> Result<Vec<(OrgId, Timestamp)>, StoreError> {
        let rows = self.db.all(sql(CHANGED_SINCE).bind(since)).await?;
        rows.iter().map(|row| Ok((OrgId(row.get(0)?), row.time(1)?))).collect()
    }

    /// An organisation's members, by address.
    pub async fn members(&self, id: OrgId) -> Result<Vec<Member>, StoreError> {
        self.db.all(sql(MEMBERS).bind(id)).await?.iter().map(read_member).collect()
    }

    /// Members whose addresses come after this text, by address.
    pub async fn members_after(&self, id: OrgId, after: &str, limit: u32) -> Result<Vec<Member>, StoreError> {
        let page = sql(MEMBERS_PAGE).bind(id).bind(after).bind(i64::from(limit));
        self.db.all(page).await?.iter().map(read_member).collect()
    }

    /// The organisations that somebody is a member of, by name.
    pub async fn of_member(&self, email: &EmailAddress) -> Result<Vec<Membership>, StoreError> {
        let read = |row: &Row| Ok(Membership { org: read(row)?, role: row.role(9)? });
        let mut all: Vec<Membership> =
            self.db.all(sql(OF_MEMBER).bind(email)).await?.iter().map(read).collect::<Result<_, StoreError>>()?;
        all.sort_by(|a, b| a.org.name.cmp(&b.org.name));
        Ok(all)
    }

    /// One member.
    pub async fn member(&self, id: OrgId, email: &EmailAddress) -> Result<Option<Member>, StoreError> {
        self.db.optional(sql(MEMBER).bind(id).bind(email)).await?.as_ref().map(read_member).transpose()
    }

    /// Gives somebody a role, instead of the one he had.
    pub async fn put_member(
        &self,
        id: OrgId,
        email: &EmailAddress,
        role: Role,
        audit: &NewAudit,
    ) -> Result<MemberChange, StoreError> {
        let mut changes = self.begin().await?;
        let change = changes.put_member(id, email, role, audit).await?;
        changes.commit().await?;
        Ok(change)
    }

    /// Takes somebody's role away.
    pub async fn remove_member(
        &self,
        id: OrgId,
        email: &EmailAddress,
        audit: &NewAudit,
    ) -> Result<MemberChange, StoreError> {
        let mut changes = self.begin().await?;
        let change = changes.remove_member(id, email, audit).await?;
        changes.commit().await?;
        Ok(change)
    }
}

/// Changes to organisations, their members, bots and entries. Dropped without [`OrgChanges::commit`], they leave nothing.
pub struct OrgChanges {
    pub(crate) tx: Tx,
}

impl OrgChanges {
    /// Makes an organisation; `false` if its name is taken.
    pub async fn create(&mut self, new: &Organisation, audit: &NewAudit) -> Result<bool, StoreError> {
        let insert = sql(INSERT).bind(new.id).bind(new.name.as_str()).bind(i64::from(new.guard));
        let insert = insert.bind(new.max_token_seconds).bind(new.retention_days).bind(new.created_at);
        if self.tx.run(with_defaults(insert, new)).await? == 0 {
            return Ok(false);
        }
        audit::insert(&mut self.tx, new.id, audit).await?;
        Ok(true)
    }

    /// All of them, by name.
    pub async fn all(&mut self) -> Result<Vec<Organisation>, StoreError> {
        in_order(self.tx.all(sql(ALL)).await?.iter().map(read).collect())
    }

    /// The organisation as it is, which nobody else changes until these changes end.
    pub async fn lock(&mut self, id: OrgId) -> Result<Option<Organisation>, StoreError> {
        self.tx.optional(sql(LOCK).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// The same, found by its name.
    pub async fn lock_by_name(&mut self, name: &str) -> Result<Option<Organisation>, StoreError> {
        let found = self.tx.optional(sql(FIND_BY_NAME).bind(name)).await?;
        match found.as_ref().map(read).transpose()? {
            Some(organisation) => self.lock(organisation.id).await,
            None => Ok(None),
        }
    }

    /// Makes a [locked](OrgChanges::lock) organisation what `new` says; `false` if its name is taken: then these changes
    /// are not to be committed.
    pub async fn change(&mut self, new: &Organisation, audit: &NewAudit) -> Result<bool, StoreError> {
        audit::insert(&mut self.tx, new.id, audit).await?;
        let change = sql(CHANGE).bind(new.id).bind(new.name.as_str()).bind(i64::from(new.guard));
        let change = change.bind(new.max_token_seconds).bind(new.retention_days).bind(audit.at);
        Ok(self.tx.run(with_defaults(change, new)).await? != 0)
    }

    /// Removes an organisation with its members, bots and entries, and revokes its tokens; `false` if there is none. What the
    /// audit log and the ledger say of it stays.
    pub async fn remove(&mut self, id: OrgId, audit: &NewAudit) -> Result<bool, StoreError> {
        if self.tx.run(sql(REMOVE).bind(id).bind(audit.at)).await? == 0 {
            return Ok(false);
        }
        self.tx.run(sql(REMOVE_MEMBERS).bind(id)).await?;
        rules::remove_all(&mut self.tx, id).await?;
        bots::remove_all(&mut self.tx, id, audit.at).await?;
        org_tokens::revoke_all(&mut self.tx, id, audit.at).await?;
        audit::insert(&mut self.tx, id, audit).await?;
        Ok(true)
    }

    /// An organisation's members, by address.
    pub async fn members(&mut self, id: OrgId) -> Result<Vec<Member>, StoreError> {
        self.tx.all(sql(MEMBERS).bind(id)).await?.iter().map(read_member).collect()
    }

    /// One member as he is, in an organisation that nobody else changes until these changes end.
    pub async fn member(&mut self, id: OrgId, email: &EmailAddress) -> Result<Option<Member>, StoreError> {
        self.locked_member(id, email).await.map(Option::flatten)
    }

    /// Gives somebody a role, instead of the one he had.
    pub async fn put_member(
        &mut self,
        id: OrgId,
        email: &EmailAddress,
        role: Role,
        audit: &NewAudit,
    ) -> Result<MemberChange, StoreError> {
        let Some(before) = self.locked_member(id, email).await? else { return Ok(MemberChange::Absent) };
        match before {
            Some(member) if member.role == role => return Ok(MemberChange::Unchanged),
            Some(member) if member.role == Role::Owner && !self.has_other_owner(id, email).await? => {
                return Ok(MemberChange::LastOwner);
            }
            _ => {}
        }
        // First: whoever takes his own role away has it until then.
        audit::insert(&mut self.tx, id, audit).await?;
        self.tx.run(sql(PUT_MEMBER).bind(id).bind(email).bind(role.as_str()).bind(audit.at).bind("")).await?;
        Ok(MemberChange::Done)
    }

    /// Gives somebody the role that the groups of an identity provider say, or takes the one that they gave. A role that
    /// was given by hand stays, and so does the last owner's.
    pub async fn grant(
        &mut self,
        id: OrgId,
        email: &EmailAddress,
        role: Option<Role>,
        issuer: &str,
        audit: &NewAudit,
    ) -> Result<MemberChange, StoreError> {
        let Some(before) = self.locked_member(id, email).await? else { return Ok(MemberChange::Absent) };
        if before.as_ref().is_some_and(|member| member.granted_by != issuer)
            || before.as_ref().map(|member| member.role) == role
        {
            return Ok(MemberChange::Unchanged);
        }
        if before.is_some_and(|member| member.role == Role::Owner) && !self.has_other_owner(id, email).await? {
            return Ok(MemberChange::LastOwner);
        }
        audit::insert(&mut self.tx, id, audit).await?;
        match role {
            Some(role) => {
                let put = sql(PUT_MEMBER).bind(id).bind(email).bind(role.as_str()).bind(audit.at).bind(issuer);
                self.tx.run(put).await?
            }
            None => self.tx.run(sql(DELETE_MEMBER).bind(id).bind(email)).await?,
        };
        Ok(MemberChange::Done)
    }

    /// Takes somebody's role away.
    pub async fn remove_member(
        &mut self,
        id: OrgId,
        email: &EmailAddress,
        audit: &NewAudit,
    ) -> Result<MemberChange, StoreError> {
        let Some(Some(before)) = self.locked_member(id, email).await? else { return Ok(MemberChange::Absent) };
        if before.role == Role::Owner && !self.has_other_owner(id, email).await? {
            return Ok(MemberChange::LastOwner);
        }
        audit::insert(&mut self.tx, id, audit).await?;
        self.tx.run(sql(DELETE_MEMBER).bind(id).bind(email)).await?;
        Ok(MemberChange::Done)
    }

    /// Makes it durable: when this returns, the changes were synced.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await
    }

    /// The member as it is, with the organisation locked; the outer `None` if there is no such organisation.
    async fn locked_member(&mut self, id: OrgId, email: &EmailAddress) -> Result<Option<Option<Member>>, StoreError> {
        if self.lock(id).await?.is_none() {
            return Ok(None);
        }
        self.tx.optional(sql(MEMBER).bind(id).bind(email)).await?.as_ref().map(read_member).transpose().map(Some)
    }

    async fn has_other_owner(&mut self, id: OrgId, email: &EmailAddress) -> Result<bool, StoreError> {
        let row = self.tx.optional(sql(OTHER_OWNERS).bind(id).bind(email)).await?;
        Ok(row.map(|row| row.get::<i64>(0)).transpose()?.is_some_and(|others| others > 0))
    }
}

/// By name, byte by byte: the engines' own orders differ.
fn in_order(orgs: Result<Vec<Organisation>, StoreError>) -> Result<Vec<Organisation>, StoreError> {
    orgs.map(|mut orgs| {
        orgs.sort_by(|a, b| a.name.cmp(&b.name));
        orgs
    })
}

/// Has every node read again what it knows of an organisation's credentials.
pub(crate) async fn touch(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(TOUCH).bind(org).bind(now)).await.map(drop)
}

fn with_defaults(statement: Statement, new: &Organisation) -> Statement {
    statement.bind(new.default_token_seconds).bind(i64::from(new.self_rotate)).bind(new.language)
}

fn read(row: &Row) -> Result<Organisation, StoreError> {
    Ok(Organisation {
        id: OrgId(row.get(0)?),
        name: row.get(1)?,
        guard: row.get::<i64>(2)? != 0,
        max_token_seconds: row.get(3)?,
        retention_days: row.get(4)?,
        created_at: row.time(5)?,
        default_token_seconds: row.get(6)?,
        self_rotate: row.get::<i64>(7)? != 0,
        language: row.language(8)?,
    })
}

fn read_member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member { email: row.email(0)?, role: row.role(1)?, created_at: row.time(2)?, granted_by: row.get(3)? })
}
