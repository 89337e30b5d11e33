//! Fresh databases for tests, on both engines. Behind the feature `testing`.

use std::path::Path;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use crate::store::MAIN_FILE;
use crate::{DatabaseConfig, Store};

/// A server on which tests may make databases: `postgres://user@host/database`.
const SERVER: &str = "SEKISHO_TEST_POSTGRES";

/// Which engine a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestEngine {
    /// Files in a folder of the test's own.
    Sqlite,
    /// A database of the test's own on the server that `SEKISHO_TEST_POSTGRES` names.
    Postgres,
}

/// A database with nothing in it, removed when dropped.
pub struct TestDatabase {
    config: DatabaseConfig,
    // What goes when the test ends: one of the two.
    _dir: Option<TempDir>,
    _database: Option<DropDatabase>,
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Panics
    /// If there is no PostgreSQL to make it on, with a message that says what to do.
    pub async fn fresh(engine: TestEngine) -> TestDatabase {
        match engine {
            TestEngine::Sqlite => {
                let dir = tempfile::tempdir().expect("a folder for the test");
                let config = DatabaseConfig::Sqlite { dir: dir.path().to_owned() };
                TestDatabase { config, _dir: Some(dir), _database: None }
            }
            TestEngine::Postgres => {
                let server = std::env::var(SERVER).unwrap_or_else(|_| {
                    panic!("{SERVER} is not set: this test needs PostgreSQL. `make test` starts one and sets it")
                });
                let server = PgConnectOptions::from_str(&server).expect("a PostgreSQL address");
                let name = create_database(&server).await;
                let url = server.clone().database(&name).to_url_lossy().to_string();
                let guard = DropDatabase { server, name };
                TestDatabase { config: DatabaseConfig::Postgres { url }, _dir: None, _database: Some(guard) }
            }
        }
    }

    /// How to open it.
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// Opens it.
    ///
    /// # Panics
    /// If it can't be opened.
    pub async fn open(&self) -> Store {
        Store::open(&self.config).await.expect("a fresh database opens")
    }

    /// Runs a statement on the main part, past the store.
    ///
    /// # Panics
    /// If it can't be run.
    pub async fn execute(&self, statement: &'static str) {
        match &self.config {
            DatabaseConfig::Sqlite { dir } => {
                let options = SqliteConnectOptions::new().filename(dir.join(MAIN_FILE));
                let mut connection = options.connect().await.expect("the file is there");
                sqlx::query(statement).execute(&mut connection).await.expect("a statement");
            }
            DatabaseConfig::Postgres { url } => {
                let options = PgConnectOptions::from_str(url).expect("a PostgreSQL address");
                let mut connection = options.connect().await.expect("the PostgreSQL of the tests answers");
                sqlx::query(statement).execute(&mut connection).await.expect("a statement");
            }
        }
    }

    /// The folder of its files, on SQLite.
    pub fn dir(&self) -> Option<&Path> {
        match &self.config {
            DatabaseConfig::Sqlite { dir } => Some(dir),
            DatabaseConfig::Postgres { .. } => None,
        }
    }
}

async fn create_database(server: &PgConnectOptions) -> String {
    let mut connection = server.connect().await.expect("the PostgreSQL of the tests answers");
    let name: String = sqlx::query_scalar("SELECT 'sekisho_test_' || replace(gen_random_uuid()::text, '-', '')")
        .fetch_one(&mut connection)
        .await
        .expect("a name");
    run(&mut connection, format!("CREATE DATABASE {name}")).await;
    name
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.expect("the tests' role may make databases");
}

/// Drops the database also when a test fails.
struct DropDatabase {
    server: PgConnectOptions,
    name: String,
}

impl Drop for DropDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // A drop can't wait for a future, and the test's own runtime may be ending: a thread with one of its own can.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection = server.connect().await.expect("the PostgreSQL of the tests answers");
                run(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                connection.close().await.expect("a clean end");
            });
        });
        if dropping.join().is_err() && !std::thread::panicking() {
            panic!("a test's database was not dropped");
        }
    }
}

/// Makes a test for each engine of every function: `async fn what_it_proves(database) { ... }`, where `database` is a
/// `&TestDatabase`.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[doc = $doc:literal])* async fn $name:ident($database:ident) $body:block)*) => {
        $($(#[doc = $doc])* async fn $name($database: &$crate::testing::TestDatabase) $body)*
        $crate::on_both_engines!(@engine sqlite Sqlite $($name)*);
        $crate::on_both_engines!(@engine postgres Postgres $($name)*);
    };
    (@engine $module:ident $engine:ident $($name:ident)*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = $crate::testing::TestDatabase::fresh($crate::testing::TestEngine::$engine).await;
                super::$name(&database).await;
            })*
        }
    };
}
