//! The store: both databases, opened together, and a door to each aggregate.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::db::{Db, Place, sql};
use crate::error::{StoreError, Unavailability};
use crate::ledger::{self, Ledger};
use crate::migrate::Part;
use crate::{
    Accounts, Attempts, Audit, Bots, CiSessions, Codes, Identities, InstallDays, Keys, Leaks, Logins, Maintenance,
    OrgTokens, Organisations, Outbox, OwnerCodes, People, Repeats, Revocations, Rules, Sessions, SignIns, SigningKeys,
    TokenEnds, Tokens, Trusts,
};

/// Connections to PostgreSQL for everything but the ledger.
const MAIN_CONNECTIONS: u32 = 10;
/// Connections to PostgreSQL for the ledger: its writers, and some to read.
const LEDGER_CONNECTIONS: u32 = 6;

pub(crate) const MAIN_FILE: &str = "sekisho.db";
pub(crate) const LEDGER_FILE: &str = "ledger.db";

statements! {
    PING = "SELECT 1 FROM tokens LIMIT 1";
}

/// Where the data lies.
#[derive(Clone)]
pub enum DatabaseConfig {
    /// Files in this folder: `sekisho.db` and `ledger.db`. The folder is made if it is not there.
    Sqlite {
        /// The folder.
        dir: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// `postgres://user:password@host/database?sslmode=verify-full`. Never printed.
        url: String,
    },
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseConfig::Sqlite { dir } => f.debug_struct("Sqlite").field("dir", dir).finish(),
            DatabaseConfig::Postgres { .. } => f.write_str("Postgres { url: … }"),
        }
    }
}

/// The data. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    ledger: Ledger,
}

impl Store {
    /// Opens the databases, brings their schemas up to date and starts the ledger's writers. Needs a running tokio.
    pub async fn open(config: &DatabaseConfig) -> Result<Store, StoreError> {
        let (main, ledger) = match config {
            DatabaseConfig::Sqlite { dir } => {
                make_private(dir)?;
                for name in [MAIN_FILE, LEDGER_FILE, ledger::INDEX_FILE] {
                    make_private_file(&dir.join(name))?;
                }
                (Place::Sqlite(dir.join(MAIN_FILE)), Place::Sqlite(dir.join(LEDGER_FILE)))
            }
            DatabaseConfig::Postgres { url } => (
                Place::Postgres { url, connections: MAIN_CONNECTIONS },
                Place::Postgres { url, connections: LEDGER_CONNECTIONS },
            ),
        };
        let (db, ledger) = tokio::try_join!(Db::open(main, Part::Main), Db::open(ledger, Part::Ledger))?;
        let ledger = match config {
            DatabaseConfig::Sqlite { dir } => Ledger::start(ledger, Some((dir, &dir.join(LEDGER_FILE)))).await?,
            DatabaseConfig::Postgres { .. } => Ledger::start(ledger, None).await?,
        };
        Ok(Store { db, ledger })
    }

    /// The accounts.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { db: &self.db }
    }

    /// The tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { db: &self.db }
    }

    /// Minting, replacing and revoking keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys { db: &self.db }
    }

    /// The one-time codes.
    pub fn codes(&self) -> Codes<'_> {
        Codes { db: &self.db }
    }

    /// The tries at one-time codes.
    pub fn attempts(&self) -> Attempts<'_> {
        Attempts { db: &self.db }
    }

    /// The logins from terminals.
    pub fn logins(&self) -> Logins<'_> {
        Logins { db: &self.db }
    }

    /// Sign-ins to the console that were begun.
    pub fn sign_ins(&self) -> SignIns<'_> {
        SignIns { db: &self.db }
    }

    /// Who is signed in to the console.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions { db: &self.db }
    }

    /// Who people are at identity providers.
    pub fn identities(&self) -> Identities<'_> {
        Identities { db: &self.db }
    }

    /// Codes for first owners.
    pub fn owner_codes(&self) -> OwnerCodes<'_> {
        OwnerCodes { db: &self.db }
    }

    /// The organisations.
    pub fn organisations(&self) -> Organisations<'_> {
        Organisations { db: &self.db }
    }

    /// The organisations' bots.
    pub fn bots(&self) -> Bots<'_> {
        Bots { db: &self.db }
    }

    /// Which pipelines bots trust.
    pub fn trusts(&self) -> Trusts<'_> {
        Trusts { db: &self.db }
    }

    /// Sessions of pipelines.
    pub fn ci_sessions(&self) -> CiSessions<'_> {
        CiSessions { db: &self.db }
    }

    /// The keys that sessions are signed with.
    pub fn signing_keys(&self) -> SigningKeys<'_> {
        SigningKeys { db: &self.db }
    }

    /// The organisations' tokens.
    pub fn org_tokens(&self) -> OrgTokens<'_> {
        OrgTokens { db: &self.db }
    }

    /// Answers to calls that may be repeated.
    pub fn repeats(&self) -> Repeats<'_> {
        Repeats { db: &self.db }
    }

    /// Telling of tokens that end.
    pub fn token_ends(&self) -> TokenEnds<'_> {
        TokenEnds { db: &self.db }
    }

    /// Which credentials ended lately.
    pub fn revocations(&self) -> Revocations<'_> {
        Revocations { db: &self.db }
    }

    /// The organisations' own lists.
    pub fn rules(&self) -> Rules<'_> {
        Rules { db: &self.db }
    }

    /// Their credentials that were found where they don't belong. Of so many reports on an organisation within an hour its
    /// managers get mails.
    pub fn leaks(&self, mails_per_hour: u32) -> Leaks<'_> {
        Leaks { db: &self.db, mails_per_hour }
    }

    /// What is held about people.
    pub fn people(&self) -> People<'_> {
        People { db: &self.db }
    }

    /// What was done to the organisations.
    pub fn audit(&self) -> Audit<'_> {
        Audit { db: &self.db }
    }

    /// The messages that wait to be sent.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox { db: &self.db }
    }

    /// What was taken.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Installs and refusals by day.
    pub fn install_days(&self) -> InstallDays<'_> {
        InstallDays { db: &self.db, ledger: &self.ledger }
    }

    /// Throwing away what has had its time.
    pub fn maintenance(&self) -> Maintenance<'_> {
        Maintenance { db: &self.db }
    }

    /// Both databases answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.optional(sql(PING)).await?;
        self.ledger.ping().await
    }

    /// Writes what waits for the ledger, and disconnects. Later calls are [unavailable](StoreError::is_unavailable).
    pub async fn close(&self) {
        self.ledger.close().await;
        self.db.close().await;
    }
}

/// Makes the folder, for this user only.
fn make_private(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(storage)
}

/// Makes the file, for this user only, where the folder may have been there before with other rights. SQLite gives its
/// log the same ones.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(storage)
}

fn storage(error: std::io::Error) -> StoreError {
    StoreError::Unavailable { why: Unavailability::Storage, source: Some(std::sync::Arc::new(error)) }
}
