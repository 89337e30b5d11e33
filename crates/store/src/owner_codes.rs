//! Codes with which somebody who can read the server's console, or run its commands, becomes the first owner of an
//! organisation.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::code::CodeMac;
use sekisho_core::id::CodeId;
use sekisho_core::org::Role;

use crate::audit::NewAudit;
use crate::db::{Db, sql};
use crate::error::StoreError;
use crate::orgs::{OrgChanges, Organisation};
use crate::sessions::{self, NewConsoleSession};

/// How long a code counts.
pub const OWNER_CODE_LIFETIME: Duration = Duration::from_secs(60 * 60);

statements! {
    INSERT = "INSERT INTO owner_codes (id, mac, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    COUNTS = "SELECT 1 FROM owner_codes WHERE mac = $1 AND used_at IS NULL AND expires_at > $2";
    USE = "UPDATE owner_codes SET used_at = $2 WHERE mac = $1 AND used_at IS NULL AND expires_at > $2";
    SOMEBODY = "SELECT 1 FROM members WHERE role = 'owner' LIMIT 1";
}

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstOwner {
    /// The organisation is there, with its owner, who is signed in.
    Made,
    /// The code is wrong, used or too old.
    WrongCode,
    /// An organisation has this name. The code counts still.
    NameTaken,
}

/// The codes.
pub struct OwnerCodes<'a> {
    pub(crate) db: &'a Db,
}

impl OwnerCodes<'_> {
    /// Stores a code; earlier ones go on counting.
    pub async fn add(&self, id: CodeId, mac: &CodeMac, now: Timestamp) -> Result<(), StoreError> {
        let insert = sql(INSERT).bind(id).bind(&mac.0).bind(now).bind(now.plus(OWNER_CODE_LIFETIME));
        self.db.write(insert).await.map(drop)
    }

    /// Whether a code counts.
    pub async fn counts(&self, mac: &CodeMac, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.db.optional(sql(COUNTS).bind(&mac.0).bind(now)).await?.is_some())
    }

    /// Some organisation has an owner: the server needs no first one.
    pub async fn somebody_owns(&self) -> Result<bool, StoreError> {
        Ok(self.db.optional(sql(SOMEBODY)).await?.is_some())
    }

    /// Uses a code up: makes the organisation, its owner and his session. All of it or nothing.
    pub async fn use_up(
        &self,
        mac: &CodeMac,
        org: &Organisation,
        session: &NewConsoleSession,
        made: &NewAudit,
        added: &NewAudit,
    ) -> Result<FirstOwner, StoreError> {
        let mut changes = OrgChanges { tx: self.db.begin().await? };
        if changes.tx.run(sql(USE).bind(&mac.0).bind(made.at)).await? == 0 {
            return Ok(FirstOwner::WrongCode);
        }
        if !changes.create(org, made).await? {
            return Ok(FirstOwner::NameTaken);
        }
        changes.put_member(org.id, &session.email, Role::Owner, added).await?;
        sessions::insert(&mut changes.tx, session, made.at).await?;
        changes.commit().await?;
        Ok(FirstOwner::Made)
    }
}
