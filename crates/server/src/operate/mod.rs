//! What the operator does on the command line: beside a running server, or without one. The command line only parses and
//! prints; what is done, and what it is refused for, stands here.

pub mod apply;
pub mod backup;
pub mod bots;
pub mod console;
pub mod doctor;
pub mod lifetimes;
pub mod members;
pub mod names;
pub mod orgs;
pub mod person;
pub mod rules;
pub mod tokens;
pub mod trust;
pub mod who;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

use sekisho_core::id::{AuditId, OrgId};
use sekisho_core::{Clock, Random, Timestamp};
use sekisho_store::{DatabaseConfig, NewAudit, OrgChanges, Organisation, Store, StoreError};

use crate::ambient::{SystemClock, SystemRandom};
use crate::boot;
use crate::config::Settings;
use crate::folder_lock::CommandLock;

/// How the audit log names who works on the command line.
const ACTOR: &str = "operator";

/// Why a command was not done. Nothing is half done then, and the text names the next step.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// The database did not do it.
    #[error("database: {}", .0.told())]
    Store(#[from] StoreError),
    /// It may not be done, or not so.
    #[error("{0}")]
    Refused(String),
}

impl OperateError {
    fn refused<T>(why: impl Into<String>) -> Result<T, OperateError> {
        Err(OperateError::Refused(why.into()))
    }
}

/// The operator's hands on the database.
pub struct Operator {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// The moment in the newest audit row's id.
    noted: AtomicI64,
    /// No restore happens meanwhile.
    _lock: Option<CommandLock>,
}

impl Operator {
    /// Opens the database of these settings. Files of SQLite must be there: a misspelt folder would else be made.
    pub async fn open(settings: &Settings) -> Result<Operator, OperateError> {
        let config = boot::database(settings);
        let lock = match &config {
            DatabaseConfig::Sqlite { dir } => Some(lock(dir)?),
            DatabaseConfig::Postgres { .. } => None,
        };
        let store = Store::open(&config).await?;
        let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SystemRandom));
        Ok(Operator { store, clock, random, noted: AtomicI64::new(0), _lock: lock })
    }

    /// Disconnects.
    pub async fn close(self) {
        self.store.close().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A row of the audit log about what the operator does now. Rows are ordered by their ids, so those of one millisecond
    /// get one each.
    fn audit(&self, action: &'static str, subject: impl ToString, detail: serde_json::Value) -> NewAudit {
        let at = self.now();
        let place = self.noted.load(Relaxed).saturating_add(1).max(at.0);
        self.noted.store(place, Relaxed);
        let (id, subject) = (AuditId::mint(Timestamp(place), &*self.random), subject.to_string());
        NewAudit { id, at, actor: ACTOR.to_owned(), action, subject, detail: detail.to_string(), under: None }
    }

    /// The organisation with this id or name.
    async fn org(&self, text: &str) -> Result<Organisation, OperateError> {
        let found = match OrgId::parse(text) {
            Some(id) => self.store.organisations().find(id).await?,
            None => self.store.organisations().find_by_name(text).await?,
        };
        found.ok_or_else(|| no_org(text))
    }

    /// The same, locked until the changes end.
    async fn locked_org(&self, text: &str) -> Result<(OrgChanges, Organisation), OperateError> {
        let mut changes = self.store.organisations().begin().await?;
        let found = match OrgId::parse(text) {
            Some(id) => changes.lock(id).await?,
            None => changes.lock_by_name(text).await?,
        };
        found.map(|org| (changes, org)).ok_or_else(|| no_org(text))
    }
}

/// A place in the folder of a database that is there.
fn lock(dir: &Path) -> Result<CommandLock, OperateError> {
    if !dir.exists() {
        return OperateError::refused(no_database(dir));
    }
    let lock = CommandLock::take(dir).map_err(|why| OperateError::Refused(format!("{}: {why}", dir.display())))?;
    if dir.join("sekisho.db").exists() { Ok(lock) } else { OperateError::refused(no_database(dir)) }
}

fn no_database(dir: &Path) -> String {
    format!("there is no database in {}: name the server's folder with --data, or start the server once", dir.display())
}

fn no_org(text: &str) -> OperateError {
    OperateError::Refused(format!("there is no organisation {text:?}; `sekisho admin org list` shows them all"))
}
