//! A person's rows: read for the person, and given another name.

use sekisho_core::id::{AccountId, EntryId, OrgId};
use sekisho_core::org::UserIdentifier;
use uuid::Uuid;

use super::Ledger;
use super::index::{Run, Window};
use super::queries::LedgerRow;
use crate::db::sql;
use crate::error::StoreError;

/// Rows that are read, or changed in one transaction.
const BATCH: usize = 500;

statements! {
    RENAME = "UPDATE entries SET subject = $2, address = '' WHERE id = $1 AND subject = $3";
    FORGET_ADDRESS = "UPDATE entries SET address = '' WHERE id = $1 AND address <> ''";
}

/// Whose rows.
#[derive(Clone, Debug)]
pub enum PersonRows {
    /// A personal account's.
    Account(AccountId),
    /// Of one identifier in an organisation.
    Identifier(OrgId, UserIdentifier),
}

impl Ledger {
    /// A person's rows that are older than `before`, newest first; none are left when it is empty.
    pub async fn rows_of(&self, person: &PersonRows, before: Option<EntryId>) -> Result<Vec<LedgerRow>, StoreError> {
        let run = match person {
            PersonRows::Account(account) => Run::Owner(account.0),
            PersonRows::Identifier(org, identifier) => Run::Subjects(org.0, vec![identifier.as_str().to_owned()]),
        };
        let mut before = before.map_or(Uuid::max(), |id| id.0);
        loop {
            let window = Window { from: Uuid::nil(), before, limit: BATCH };
            let found = self.index.newest(&run, None, &window).await?;
            match found.next {
                Some(next) if found.rows.is_empty() => before = next,
                _ => return Ok(found.rows),
            }
        }
    }

    /// Empties the client's address in an account's rows, in small transactions; how many rows had one.
    pub async fn forget_addresses(&self, account: AccountId) -> Result<u64, StoreError> {
        let (mut before, mut changed) = (None, 0);
        loop {
            let rows = self.rows_of(&PersonRows::Account(account), before).await?;
            let Some(last) = rows.last() else { return Ok(changed) };
            before = Some(last.id);
            let mut tx = self.db.begin().await?;
            for row in &rows {
                changed += tx.run(sql(FORGET_ADDRESS).bind(row.id)).await?;
            }
            tx.commit().await?;
        }
    }

    /// Puts another identifier in the place of one and empties the client's address, in small transactions, so that nobody waits long; how many rows.
    pub async fn rename(&self, org: OrgId, old: &UserIdentifier, new: &UserIdentifier) -> Result<u64, StoreError> {
        let person = PersonRows::Identifier(org, old.clone());
        let (mut before, mut renamed) = (None, 0);
        loop {
            let rows = self.rows_of(&person, before).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.id);
            let mut tx = self.db.begin().await?;
            for row in &rows {
                renamed += tx.run(sql(RENAME).bind(row.id).bind(new.as_str()).bind(old.as_str())).await?;
            }
            tx.commit().await?;
        }
        self.index.rename(org.0, old.as_str(), new.as_str()).await?;
        Ok(renamed)
    }
}
