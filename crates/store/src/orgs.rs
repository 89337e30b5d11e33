//! Organisations and their members.

use sekisho_core::Timestamp;
use sekisho_core::email::EmailAddress;
use sekisho_core::id::OrgId;
use sekisho_core::org::Role;

use crate::audit::{self, NewAudit};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;

statements! {
    INSERT = "INSERT INTO organisations (id, name, guard, max_token_seconds, created_at, changed_at) \
              VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (name) DO NOTHING";
    FIND = "SELECT id, name, guard, max_token_seconds, created_at FROM organisations WHERE id = $1";
    FIND_BY_NAME = "SELECT id, name, guard, max_token_seconds, created_at FROM organisations WHERE name = $1";
    ALL = "SELECT id, name, guard, max_token_seconds, created_at FROM organisations ORDER BY name";
    // An update is also the lock under which members change, so that the last owner can't go twice at once.
    CHANGE = "UPDATE organisations SET guard = $2, max_token_seconds = $3, changed_at = $4 WHERE id = $1";
    LOCK = "UPDATE organisations SET name = name WHERE id = $1";
    CHANGED_SINCE = "SELECT id FROM organisations WHERE changed_at >= $1";
    MEMBERS = "SELECT email, role, created_at FROM members WHERE org_id = $1 ORDER BY email";
    MEMBER = "SELECT email, role, created_at FROM members WHERE org_id = $1 AND email = $2";
    PUT_MEMBER = "INSERT INTO members (org_id, email, role, created_at) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (org_id, email) DO UPDATE SET role = excluded.role";
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
    /// When it was made.
    pub created_at: Timestamp,
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
    /// Makes an organisation; `false` if its name is taken.
    pub async fn create(&self, new: &Organisation, audit: &NewAudit) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let insert = sql(INSERT).bind(new.id).bind(new.name.as_str()).bind(i64::from(new.guard));
        if tx.run(insert.bind(new.max_token_seconds).bind(new.created_at)).await? == 0 {
            return Ok(false);
        }
        audit::insert(&mut tx, new.id, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The organisation with this id.
    pub async fn find(&self, id: OrgId) -> Result<Option<Organisation>, StoreError> {
        self.db.optional(sql(FIND).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// The organisation of this name.
    pub async fn find_by_name(&self, name: &str) -> Result<Option<Organisation>, StoreError> {
        self.db.optional(sql(FIND_BY_NAME).bind(name)).await?.as_ref().map(read).transpose()
    }

    /// All of them, by name.
    pub async fn all(&self) -> Result<Vec<Organisation>, StoreError> {
        self.db.all(sql(ALL)).await?.iter().map(read).collect()
    }

    /// Changes what can be changed; `false` if there is no such organisation.
    pub async fn change(
        &self,
        id: OrgId,
        guard: bool,
        max_token_seconds: Option<i64>,
        audit: &NewAudit,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let change = sql(CHANGE).bind(id).bind(i64::from(guard)).bind(max_token_seconds).bind(audit.at);
        if tx.run(change).await? == 0 {
            return Ok(false);
        }
        audit::insert(&mut tx, id, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Organisations that changed at or after `since`: what is known of their tokens is to be read again.
    pub async fn changed_since(&self, since: Timestamp) -> Result<Vec<OrgId>, StoreError> {
        self.db.all(sql(CHANGED_SINCE).bind(since)).await?.iter().map(|row| row.get(0).map(OrgId)).collect()
    }

    /// An organisation's members, by address.
    pub async fn members(&self, id: OrgId) -> Result<Vec<Member>, StoreError> {
        self.db.all(sql(MEMBERS).bind(id)).await?.iter().map(read_member).collect()
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
        let mut tx = self.db.begin().await?;
        let Some(before) = locked_member(&mut tx, id, email).await? else { return Ok(MemberChange::Absent) };
        match before {
            Some(member) if member.role == role => return Ok(MemberChange::Unchanged),
            Some(member) if member.role == Role::Owner && !has_other_owner(&mut tx, id, email).await? => {
                return Ok(MemberChange::LastOwner);
            }
            _ => {}
        }
        tx.run(sql(PUT_MEMBER).bind(id).bind(email).bind(role.as_str()).bind(audit.at)).await?;
        audit::insert(&mut tx, id, audit).await?;
        tx.commit().await?;
        Ok(MemberChange::Done)
    }

    /// Takes somebody's role away.
    pub async fn remove_member(
        &self,
        id: OrgId,
        email: &EmailAddress,
        audit: &NewAudit,
    ) -> Result<MemberChange, StoreError> {
        let mut tx = self.db.begin().await?;
        let Some(Some(before)) = locked_member(&mut tx, id, email).await? else { return Ok(MemberChange::Absent) };
        if before.role == Role::Owner && !has_other_owner(&mut tx, id, email).await? {
            return Ok(MemberChange::LastOwner);
        }
        tx.run(sql(DELETE_MEMBER).bind(id).bind(email)).await?;
        audit::insert(&mut tx, id, audit).await?;
        tx.commit().await?;
        Ok(MemberChange::Done)
    }
}

/// The member as it is, with the organisation locked; the outer `None` if there is no such organisation.
async fn locked_member(tx: &mut Tx, id: OrgId, email: &EmailAddress) -> Result<Option<Option<Member>>, StoreError> {
    if tx.run(sql(LOCK).bind(id)).await? == 0 {
        return Ok(None);
    }
    tx.optional(sql(MEMBER).bind(id).bind(email)).await?.as_ref().map(read_member).transpose().map(Some)
}

async fn has_other_owner(tx: &mut Tx, id: OrgId, email: &EmailAddress) -> Result<bool, StoreError> {
    let row = tx.optional(sql(OTHER_OWNERS).bind(id).bind(email)).await?;
    Ok(row.map(|row| row.get::<i64>(0)).transpose()?.is_some_and(|others| others > 0))
}

fn read(row: &Row) -> Result<Organisation, StoreError> {
    Ok(Organisation {
        id: OrgId(row.get(0)?),
        name: row.get(1)?,
        guard: row.get::<i64>(2)? != 0,
        max_token_seconds: row.get(3)?,
        created_at: row.time(4)?,
    })
}

fn read_member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member { email: row.email(0)?, role: row.role(1)?, created_at: row.time(2)? })
}
