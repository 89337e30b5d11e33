//! What people and bots did to an organisation. A row is written in the same transaction as what it tells of; rows are
//! added and stay as they are; only the name of a person who is erased is replaced by a pseudonym (`notes.rs`).
//!
//! Every change goes past here, and so this is where it is asked whether whoever makes it still may.

use std::time::Duration;

use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::org::Right;
use uuid::Uuid;

use crate::authority::{self, Authority, AuthorityHolder};
use crate::db::{Db, Row, Tx, sql};
use crate::error::StoreError;
use crate::ledger::id_at;

/// An id may be later than its row's moment: whoever writes many rows at once gives each a millisecond of its own. So
/// far, and not further.
const AHEAD: Duration = Duration::from_secs(60 * 60);

statements! {
    INSERT = "INSERT INTO audit (id, org_id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    // One for each index, so that no page reads the whole log: what is seldom is found as quickly as what is not.
    PAGE = "SELECT id, at, actor, action, subject, detail FROM audit WHERE org_id = $1 AND id < $2 AND id >= $3 \
            AND at >= $4 AND at < $5 ORDER BY id DESC LIMIT $6";
    PAGE_OF_ACTOR = "SELECT id, at, actor, action, subject, detail FROM audit WHERE org_id = $1 AND id < $2 AND id >= $3 \
                     AND at >= $4 AND at < $5 AND actor = $7 AND ($8 = '' OR action = $8) ORDER BY id DESC LIMIT $6";
    PAGE_OF_ACTION = "SELECT id, at, actor, action, subject, detail FROM audit WHERE org_id = $1 AND id < $2 AND id >= $3 \
                      AND at >= $4 AND at < $5 AND action = $7 ORDER BY id DESC LIMIT $6";
    FIND = "SELECT id, at, actor, action, subject, detail FROM audit WHERE org_id = $1 AND id = $2";
}

/// A row to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// Its id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: an address, a bot's id, or `operator`.
    pub actor: String,
    /// What: `token.issued`, `member.removed`.
    pub action: &'static str,
    /// To whom or what.
    pub subject: String,
    /// More about it, as JSON; never a secret.
    pub detail: String,
    /// What a bot or a person did it with; none where the operator or this program did. The row, and with it the change, is refused
    /// with [`StoreError::NoLonger`] if it does not count any more.
    pub under: Option<Authority>,
}

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom or what.
    pub subject: String,
    /// More about it, as JSON.
    pub detail: String,
}

/// Which rows. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// What this one did.
    pub actor: Option<String>,
    /// Where this was done.
    pub action: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// The audit log.
pub struct Audit<'a> {
    pub(crate) db: &'a Db,
}

impl Audit<'_> {
    /// Rows that are older than `before`, newest first. Rows that come meanwhile change no page.
    pub async fn page(
        &self,
        org: OrgId,
        filter: &AuditFilter,
        before: AuditId,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let (from, to) = (filter.from.unwrap_or(Timestamp(i64::MIN)), filter.to.unwrap_or(Timestamp(i64::MAX)));
        // Ids begin with their time, so that a page begins and ends where its moments do.
        let before = filter.to.map_or(before, |to| before.min(AuditId(id_at(to.plus(AHEAD)))));
        let first = AuditId(filter.from.map_or(Uuid::nil(), id_at));
        let start = |text| sql(text).bind(org).bind(before).bind(first).bind(from).bind(to).bind(i64::from(limit));
        // An empty text asks for nothing in particular.
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let page = match (text(&filter.actor), text(&filter.action)) {
            (Some(actor), action) => start(PAGE_OF_ACTOR).bind(actor).bind(action.unwrap_or_default()),
            (None, Some(action)) => start(PAGE_OF_ACTION).bind(action),
            (None, None) => start(PAGE),
        };
        self.db.all(page).await?.iter().map(read).collect()
    }

    /// One row.
    pub async fn find(&self, org: OrgId, id: AuditId) -> Result<Option<AuditRow>, StoreError> {
        self.db.optional(sql(FIND).bind(org).bind(id)).await?.as_ref().map(read).transpose()
    }

    /// Refuses what is asked for with a right that does not count any more.
    pub async fn look(&self, org: OrgId, holder: AuthorityHolder, right: Right) -> Result<(), StoreError> {
        authority::look(self.db, org, holder, right).await
    }

    /// Writes down what changed nothing else in the database.
    pub async fn note(&self, org: OrgId, row: &NewAudit) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        insert(&mut tx, org, row).await?;
        tx.commit().await
    }
}

/// Asks whether whoever changes something still may, before other rows are locked for it.
pub(crate) async fn ask(tx: &mut Tx, org: OrgId, row: &NewAudit) -> Result<(), StoreError> {
    match row.under {
        Some(authority) => authority::hold(tx, org, authority).await,
        None => Ok(()),
    }
}

/// Writes a row. What a bot changes begins with it: then all lock in one order, organisation and key before the rest.
pub(crate) async fn insert(tx: &mut Tx, org: OrgId, row: &NewAudit) -> Result<(), StoreError> {
    ask(tx, org, row).await?;
    append(tx, org, row).await
}

/// Writes a row with whose right a row was written before, in the same transaction.
pub(crate) async fn append(tx: &mut Tx, org: OrgId, row: &NewAudit) -> Result<(), StoreError> {
    let insert = sql(INSERT).bind(row.id).bind(org).bind(row.at).bind(row.actor.as_str()).bind(row.action);
    tx.run(insert.bind(row.subject.as_str()).bind(row.detail.as_str())).await.map(drop)
}

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: AuditId(row.get(0)?),
        at: row.time(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDatabase, TestEngine};

    #[tokio::test]
    async fn no_question_reads_the_whole_log() {
        let database = TestDatabase::fresh(TestEngine::Sqlite).await;
        let store = database.open().await;
        for (statement, wanted) in [
            (PAGE, "INDEX audit_org (org_id=? AND id>? AND id<?)"),
            (PAGE_OF_ACTOR, "INDEX audit_actor (org_id=? AND actor=? AND id>? AND id<?)"),
            (PAGE_OF_ACTION, "INDEX audit_action (org_id=? AND action=? AND id>? AND id<?)"),
        ] {
            let explained: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {statement}").into_boxed_str());
            let rows = store.db.all(sql(explained)).await.expect("a plan");
            let plan = rows.iter().map(|row| row.get::<String>(3).expect("a step")).collect::<Vec<_>>().join("; ");
            assert!(plan.contains(wanted) && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
