//! What can go wrong with a database, told apart by what a caller can do about it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use sekisho_core::org::{Right, Role};
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// A statement or a connection failed. The texts are for the log: no caller ever sees a database's words, they stand
/// in [`Error::source`] only.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be used now; later it may. Callers answer `503`.
    #[error("the database is unavailable: {why}")]
    Unavailable {
        /// What is in the way.
        why: Unavailability,
        /// The driver's own error.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A statement was refused, or a row holds what it never should: a defect of this program or of the data.
    #[error("the database refused a statement, or a row can't be read")]
    Broken {
        /// The driver's own error, or what could not be read.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The database was made by a newer program.
    #[error(
        "the database has version {found} of the schema `{part}`, this program knows versions up to {known}: \
         start the newer program, or restore the copy that was made before the update"
    )]
    Newer {
        /// `main` or `ledger`.
        part: &'static str,
        /// The version in the database.
        found: i64,
        /// The highest version that this program knows.
        known: i64,
    },
    /// A connection would not sync its commits, and rows could be lost that callers rely on.
    #[error("the database connection is not durable: `{setting}` is `{found}`, not `{wanted}`")]
    NotDurable {
        /// The engine's setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// Who wanted to change something could do so when he began, and can't any more. Nothing was changed.
    #[error("what it was to be done with ended meanwhile: {0}")]
    NoLonger(#[from] NoLonger),
    /// `database.url` can't be read. The text never holds the address, because it may hold a password.
    #[error("the PostgreSQL address can't be read; wanted something like postgres://user@host/database")]
    BadUrl,
}

/// What keeps a database from answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailability {
    /// No connection, or it broke.
    Connection,
    /// No connection became free in time.
    PoolTimeout,
    /// The disk is full.
    DiskFull,
    /// Another transaction is in the way.
    Busy,
    /// The file can't be opened, read or written.
    Storage,
    /// The ledger's index is being built.
    Indexing,
    /// The store was closed.
    Closed,
}

impl fmt::Display for Unavailability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unavailability::Connection => "no connection",
            Unavailability::PoolTimeout => "no connection became free in time",
            Unavailability::DiskFull => "the disk is full",
            Unavailability::Busy => "another transaction is in the way",
            Unavailability::Storage => "its file can't be opened, read or written",
            Unavailability::Indexing => "the ledger's index is being built",
            Unavailability::Closed => "it was closed",
        })
    }
}

/// What ended before a change was made with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLonger {
    /// The key was revoked, or its bot or organisation removed.
    #[error("the credential")]
    Credential,
    /// Guard is not enabled for the organisation.
    #[error("Guard")]
    Guard,
    /// The organisation does not let people rotate the tokens that carry their own address.
    #[error("the rotation of one's own tokens")]
    SelfRotation,
    /// The role is another one, and lacks the right.
    #[error("the right")]
    Right(Role, Right),
}

impl StoreError {
    /// Later the same call may work: answer `503`, keep what is in memory.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, StoreError::Unavailable { .. })
    }

    /// The message with the driver's own words behind it, for whoever starts the program and has to mend it.
    pub fn told(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.contains(&words) {
                text = format!("{text}: {words}");
            }
            cause = error.source();
        }
        text
    }

    pub(crate) fn busy() -> StoreError {
        StoreError::Unavailable { why: Unavailability::Busy, source: None }
    }

    pub(crate) fn closed() -> StoreError {
        StoreError::Unavailable { why: Unavailability::Closed, source: None }
    }

    /// A value in a row that this program never writes.
    pub(crate) fn unreadable(what: &'static str) -> StoreError {
        StoreError::Broken { source: Arc::new(Unreadable(what)) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a stored {0} can't be read")]
struct Unreadable(&'static str);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        // The checks of a new connection travel through the driver as one of its own errors.
        if let sqlx::Error::Configuration(inner) = error {
            return match inner.downcast::<StoreError>() {
                Ok(own) => *own,
                Err(other) => StoreError::Broken { source: Arc::from(other) },
            };
        }
        match unavailability(&error) {
            Some(why) => StoreError::Unavailable { why, source: Some(Arc::new(error)) },
            None => StoreError::Broken { source: Arc::new(error) },
        }
    }
}

fn unavailability(error: &sqlx::Error) -> Option<Unavailability> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => Some(Unavailability::Connection),
        sqlx::Error::PoolTimedOut => Some(Unavailability::PoolTimeout),
        sqlx::Error::PoolClosed => Some(Unavailability::Closed),
        sqlx::Error::Database(error) => {
            if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                return of_sqlstate(error.code());
            }
            error.try_downcast_ref::<SqliteError>()?;
            of_sqlite_code(error.code()?.parse().ok()?)
        }
        _ => None,
    }
}

/// SQLite's primary result codes (the low byte of an extended one).
fn of_sqlite_code(code: i32) -> Option<Unavailability> {
    match code & 0xff {
        5 | 6 => Some(Unavailability::Busy),
        13 => Some(Unavailability::DiskFull),
        // NOMEM, READONLY, IOERR, CANTOPEN
        7 | 8 | 10 | 14 => Some(Unavailability::Storage),
        _ => None,
    }
}

/// PostgreSQL's error codes, by class (appendix A of its manual).
fn of_sqlstate(code: &str) -> Option<Unavailability> {
    match code {
        "53100" => Some(Unavailability::DiskFull),
        // serialization failure, deadlock, lock not available, a standby that is read-only, cancelled
        "40001" | "40P01" | "55P03" | "25006" | "57014" => Some(Unavailability::Busy),
        // connection, resources, operator intervention, authorization, no such database
        _ if ["08", "53", "57", "28", "3D"].iter().any(|class| code.starts_with(class)) => {
            Some(Unavailability::Connection)
        }
        _ if code.starts_with("58") => Some(Unavailability::Storage),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_unavailable_and_a_wrong_statement_is_not() {
        assert_eq!(of_sqlite_code(5), Some(Unavailability::Busy));
        assert_eq!(of_sqlite_code(517), Some(Unavailability::Busy), "BUSY_SNAPSHOT");
        assert_eq!(of_sqlite_code(13), Some(Unavailability::DiskFull));
        assert_eq!(of_sqlite_code(1), None, "ERROR");
        assert_eq!(of_sqlite_code(2067), None, "CONSTRAINT_UNIQUE");
        assert_eq!(of_sqlstate("57P01"), Some(Unavailability::Connection));
        assert_eq!(of_sqlstate("53100"), Some(Unavailability::DiskFull));
        assert_eq!(of_sqlstate("42601"), None, "syntax error");
        assert_eq!(of_sqlstate("23505"), None, "unique violation");
    }

    #[test]
    fn a_drivers_words_stay_out_of_the_message() {
        let error = StoreError::from(sqlx::Error::Protocol("secret detail".into()));
        assert!(!error.to_string().contains("secret"));
        assert!(error.source().is_some_and(|s| s.to_string().contains("secret detail")));
    }
}
