//! What a backup that is put back does not know: what ended after it was made. It is read from the database that the backup
//! replaces, and written into the copies that take its place. SQLite only; nothing of the old database is changed.
//!
//! Two databases have the same past if they know the same ids. What has an end in either is ended. What is not there any
//! more, because it was deleted, says something only if the old database is a [later state](SUCCEEDS) of the backup:
//! another one never had it.

use std::path::Path;

use sekisho_core::Timestamp;
use sekisho_core::id::OrgId;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use uuid::Uuid;

use crate::audit::NewAudit;
use crate::copies;
use crate::db::{Db, Place};
use crate::error::StoreError;
use crate::migrate::Part;
use crate::store::{LEDGER_FILE, MAIN_FILE};

/// Short-lived things: a code that was used after the backup, a session that was ended, a signing key that was replaced.
/// They are had again in a minute, so none of them lives on. Sessions stay as the memory of their ID tokens.
const ALWAYS: [&str; 7] = [
    "DELETE FROM codes",
    "DELETE FROM logins",
    "DELETE FROM sign_ins",
    "DELETE FROM sessions",
    "DELETE FROM owner_codes",
    "DELETE FROM signing_keys",
    "UPDATE ci_sessions SET revoked_at = $1 WHERE revoked_at IS NULL",
];

/// The old database knows whatever of the backup is never deleted, and there is such a thing.
const SUCCEEDS: &str = "SELECT \
    EXISTS (SELECT 1 FROM main.organisations UNION ALL SELECT 1 FROM main.accounts WHERE used_at IS NOT NULL) \
    AND NOT EXISTS (SELECT id FROM main.accounts WHERE used_at IS NOT NULL EXCEPT SELECT id FROM old.accounts) \
    AND NOT EXISTS (SELECT id FROM main.organisations EXCEPT SELECT id FROM old.organisations) \
    AND NOT EXISTS (SELECT id FROM main.bots EXCEPT SELECT id FROM old.bots) \
    AND NOT EXISTS (SELECT id FROM main.bot_keys EXCEPT SELECT id FROM old.bot_keys) \
    AND NOT EXISTS (SELECT id FROM main.org_tokens EXCEPT SELECT id FROM old.org_tokens) \
    AND NOT EXISTS (SELECT id FROM main.audit EXCEPT SELECT id FROM old.audit)";

/// Accounts that were erased since, or deleted because nobody ever used them.
const ERASED_ACCOUNTS: &str = "CREATE TEMP TABLE erased_accounts AS SELECT n.id, n.email FROM main.accounts n \
    LEFT JOIN old.accounts o ON o.id = n.id \
    WHERE n.email IS NOT NULL AND ((o.id IS NOT NULL AND o.email IS NULL) OR (o.id IS NULL AND $1))";
/// Identifiers of organisations in whose place a pseudonym stands since.
const ERASED_IDENTIFIERS: &str = "CREATE TEMP TABLE erased_identifiers AS \
    SELECT DISTINCT n.org_id, n.identifier AS was, o.identifier AS pseudonym FROM main.org_tokens n \
    JOIN old.org_tokens o ON o.id = n.id WHERE n.identifier <> o.identifier";
const ERASED: &str = "SELECT (SELECT COUNT(*) FROM erased_accounts) + (SELECT COUNT(*) FROM erased_identifiers)";
/// Looks through the whole ledger, so only where somebody was erased.
const FORGET_IN_LEDGER: [&str; 2] = [
    "UPDATE ledger.entries SET address = '' WHERE address <> '' AND owner_id IN (SELECT id FROM erased_accounts)",
    "UPDATE ledger.entries SET address = '', subject = (SELECT pseudonym FROM erased_identifiers e \
        WHERE e.org_id = owner_id AND e.was = subject) \
     WHERE (owner_id, subject) IN (SELECT org_id, was FROM erased_identifiers)",
];

const KEYS: &str = "UPDATE main.tokens AS n SET revoked_at = COALESCE(\
    (SELECT o.revoked_at FROM old.tokens o WHERE o.id = n.id), $2) WHERE n.revoked_at IS NULL \
    AND (EXISTS (SELECT 1 FROM old.tokens o WHERE o.id = n.id AND o.revoked_at IS NOT NULL) \
         OR n.account_id IN (SELECT id FROM erased_accounts) \
         OR ($1 AND NOT EXISTS (SELECT 1 FROM old.tokens o WHERE o.id = n.id)))";
const ORG_TOKENS: &str = "UPDATE main.org_tokens AS n SET revoked_at = o.revoked_at FROM old.org_tokens o \
    WHERE o.id = n.id AND n.revoked_at IS NULL AND o.revoked_at IS NOT NULL";
const BOT_KEYS: &str = "UPDATE main.bot_keys AS n SET revoked_at = o.revoked_at FROM old.bot_keys o \
    WHERE o.id = n.id AND n.revoked_at IS NULL AND o.revoked_at IS NOT NULL";
const BOTS: &str = "UPDATE main.bots AS n SET removed_at = o.removed_at FROM old.bots o \
    WHERE o.id = n.id AND n.removed_at IS NULL AND o.removed_at IS NOT NULL";
const TRUSTS: &str = "DELETE FROM main.bot_trust WHERE bot_id IN (SELECT id FROM old.bots) \
    AND id NOT IN (SELECT id FROM old.bot_trust)";
const MEMBERS: &str = "DELETE FROM main.members WHERE org_id IN (SELECT id FROM old.organisations) \
    AND (org_id, email) NOT IN (SELECT org_id, email FROM old.members)";
/// What was allowed and is not any more; of a later state also what was blocked or warned of.
const RULES: &str = "DELETE FROM main.org_rules WHERE org_id IN (SELECT id FROM old.organisations) \
    AND id NOT IN (SELECT id FROM old.org_rules) AND ($1 OR effect = 'allow')";
const ORGANISATIONS: &str = "UPDATE main.organisations AS n SET guard = MIN(n.guard, o.guard), \
    removed_at = COALESCE(n.removed_at, o.removed_at) FROM old.organisations o \
    WHERE o.id = n.id AND (n.guard > o.guard OR (n.removed_at IS NULL AND o.removed_at IS NOT NULL))";

/// What else became of rows that both have.
const THE_REST: [&str; 13] = [
    // A token that was rotated with an overlap ends sooner than the backup thinks.
    "UPDATE main.org_tokens AS n SET expires_at = o.expires_at FROM old.org_tokens o \
        WHERE o.id = n.id AND o.expires_at IS NOT NULL AND (n.expires_at IS NULL OR n.expires_at > o.expires_at)",
    "UPDATE main.org_tokens AS n SET replaced_by = o.replaced_by FROM old.org_tokens o \
        WHERE o.id = n.id AND n.replaced_by IS NULL AND o.replaced_by IS NOT NULL",
    "UPDATE main.org_tokens AS n SET identifier = e.pseudonym FROM erased_identifiers e \
        WHERE e.org_id = n.org_id AND e.was = n.identifier",
    "UPDATE main.accounts SET email = NULL WHERE id IN (SELECT id FROM erased_accounts)",
    // Roles are what they were last.
    "UPDATE main.bots AS n SET role = o.role FROM old.bots o WHERE o.id = n.id AND o.role <> n.role",
    "UPDATE main.members AS n SET role = o.role FROM old.members o \
        WHERE o.org_id = n.org_id AND o.email = n.email AND o.role <> n.role",
    // Where every owner of the backup has gone, those who came after them stay.
    "INSERT INTO main.members (org_id, email, role, created_at) \
        SELECT org_id, email, role, created_at FROM old.members WHERE role = 'owner' \
        AND org_id IN (SELECT id FROM main.organisations) \
        AND org_id NOT IN (SELECT org_id FROM main.members WHERE role = 'owner') ON CONFLICT DO NOTHING",
    // What was blocked since stays blocked.
    "INSERT INTO main.org_rules (id, org_id, effect, package, reason, expires_at, made_by, created_at) \
        SELECT id, org_id, effect, package, reason, expires_at, made_by, created_at FROM old.org_rules \
        WHERE org_id IN (SELECT id FROM main.organisations) AND ($1 OR effect <> 'allow') ON CONFLICT DO NOTHING",
    "UPDATE main.org_rules AS n SET made_by = o.made_by FROM old.org_rules o WHERE o.id = n.id AND o.made_by <> n.made_by",
    "UPDATE main.organisations SET rules_at = $2 WHERE id IN (SELECT org_id FROM main.org_rules)",
    // An ID token that was exchanged since counts no second time, also where its bot is none of the backup's.
    "INSERT INTO main.ci_sessions (id, org_id, bot_id, id_token, client, attribution, issued_at, expires_at, keep_until, \
            revoked_at) \
        SELECT s.id, b.org_id, b.id, s.id_token, s.client, s.attribution, s.issued_at, s.expires_at, s.keep_until, $2 \
        FROM old.ci_sessions s JOIN main.bots b ON b.id = COALESCE(\
            (SELECT id FROM main.bots WHERE id = s.bot_id), (SELECT MIN(id) FROM main.bots)) \
        WHERE true ON CONFLICT DO NOTHING",
    "INSERT INTO main.told (token_id, what, number, at) SELECT token_id, what, number, at FROM old.told \
        WHERE token_id IN (SELECT id FROM main.org_tokens) ON CONFLICT DO NOTHING",
    // Mails that were sent since are not sent again.
    "DELETE FROM main.outbox WHERE id IN (SELECT id FROM old.outbox WHERE state <> 'waiting') \
        OR email IN (SELECT email FROM erased_accounts) OR ($1 AND id NOT IN (SELECT id FROM old.outbox))",
];
/// The audit log is not cut off: what was done after the backup was done.
const AUDIT: &str = "INSERT OR REPLACE INTO main.audit (id, org_id, at, actor, action, subject, detail) \
    SELECT id, org_id, at, actor, action, subject, detail FROM old.audit \
    WHERE org_id IN (SELECT id FROM main.organisations)";
const LIVING: &str = "SELECT id FROM main.organisations WHERE removed_at IS NULL";
const NOTE: &str = "INSERT INTO main.audit (id, org_id, at, actor, action, subject, detail) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// What ended after a backup was made, and ends in it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CarriedOver {
    /// The old database is a later state of the backup. If not, what was deleted is not known.
    pub later: bool,
    /// Personal keys.
    pub keys: u64,
    /// Tokens of organisations.
    pub org_tokens: u64,
    /// Keys of bots.
    pub bot_keys: u64,
    /// Bots.
    pub bots: u64,
    /// Conditions of bots.
    pub trusts: u64,
    /// Members.
    pub members: u64,
    /// Entries of organisations' own lists.
    pub rules: u64,
    /// Organisations that were removed, or whose Guard was disabled.
    pub organisations: u64,
    /// People who were erased: accounts, and identifiers of organisations.
    pub people: u64,
}

/// Brings the copies of a backup in `dir` up to this program's schema and ends in them what `old`, a copy of the main
/// database that they replace, says has ended. `note` makes the row for each organisation's audit log.
pub async fn carry_over(
    dir: &Path,
    old: Option<&Path>,
    now: Timestamp,
    note: &mut (dyn FnMut(OrgId) -> NewAudit + Send),
) -> Result<CarriedOver, StoreError> {
    for (path, part) in [(dir.join(MAIN_FILE), Part::Main), (dir.join(LEDGER_FILE), Part::Ledger)] {
        Db::open(Place::Sqlite(path), part).await?.close().await;
    }
    let mut connection = open(&dir.join(MAIN_FILE)).await?;
    attach(&mut connection, "ATTACH DATABASE $1 AS ledger", &dir.join(LEDGER_FILE)).await?;
    if let Some(old) = old {
        attach(&mut connection, "ATTACH DATABASE $1 AS old", old).await?;
    }
    let mut tx = connection.begin().await?;
    for statement in ALWAYS {
        sqlx::query(statement).bind(now.0).execute(&mut *tx).await?;
    }
    let carried = match old {
        Some(_) => from_old(&mut tx, now).await?,
        None => CarriedOver::default(),
    };
    let living: Vec<Uuid> = sqlx::query_scalar(LIVING).fetch_all(&mut *tx).await?;
    for org in living {
        let row = note(OrgId(org));
        let note = sqlx::query(NOTE).bind(row.id.0).bind(org).bind(row.at.0).bind(row.actor).bind(row.action);
        note.bind(row.subject).bind(row.detail).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    connection.close().await?;
    Ok(carried)
}

/// Makes a copy of a main database that can be asked, and brings it up to this program's schema; the file itself stays as it
/// is. An empty file is none.
pub async fn copy_to_ask(from: &Path, into: &Path) -> Result<(), StoreError> {
    copies::copy_sqlite(from, into).await?;
    if copies::version_of(into, Part::Main).await? == 0 {
        return Err(StoreError::unreadable("schema version"));
    }
    Db::open(Place::Sqlite(into.to_owned()), Part::Main).await?.close().await;
    Ok(())
}

async fn from_old(tx: &mut SqliteConnection, now: Timestamp) -> Result<CarriedOver, StoreError> {
    let later: bool = sqlx::query_scalar(SUCCEEDS).fetch_one(&mut *tx).await?;
    sqlx::query(ERASED_ACCOUNTS).bind(later).execute(&mut *tx).await?;
    sqlx::query(ERASED_IDENTIFIERS).execute(&mut *tx).await?;
    let people: i64 = sqlx::query_scalar(ERASED).fetch_one(&mut *tx).await?;
    if people > 0 {
        for statement in FORGET_IN_LEDGER {
            sqlx::query(statement).execute(&mut *tx).await?;
        }
    }
    let mut run = async |statement: &'static str| -> Result<u64, StoreError> {
        Ok(sqlx::query(statement).bind(later).bind(now.0).execute(&mut *tx).await?.rows_affected())
    };
    let carried = CarriedOver {
        later,
        keys: run(KEYS).await?,
        org_tokens: run(ORG_TOKENS).await?,
        bot_keys: run(BOT_KEYS).await?,
        bots: run(BOTS).await?,
        trusts: run(TRUSTS).await?,
        members: run(MEMBERS).await?,
        rules: run(RULES).await?,
        organisations: run(ORGANISATIONS).await?,
        people: people.unsigned_abs(),
    };
    for statement in THE_REST {
        run(statement).await?;
    }
    run(AUDIT).await?;
    Ok(carried)
}

async fn attach(connection: &mut SqliteConnection, statement: &'static str, path: &Path) -> Result<(), StoreError> {
    let path = path.to_str().ok_or(StoreError::unreadable("path"))?;
    sqlx::query(statement).bind(path).execute(connection).await?;
    Ok(())
}

async fn open(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(true).disable_statement_logging();
    Ok(options.connect().await?)
}
