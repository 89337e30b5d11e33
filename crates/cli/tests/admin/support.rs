//! The program over a test's database, and what it said.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use sekisho_core::Timestamp;
use sekisho_core::id::{AuditId, OrgId};
use sekisho_server::ambient::SystemRandom;
use sekisho_store::testing::TestDatabase;
use sekisho_store::{AuditFilter, AuditRow, DatabaseConfig, Store};
use serde_json::Value;
use uuid::Uuid;

/// When the tests' own rows were made.
pub(crate) const NOW: Timestamp = Timestamp(1_795_424_400_000);

/// The program over one database.
pub(crate) struct Program {
    settings: Vec<String>,
    folder: tempfile::TempDir,
}

/// What a command said and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// Over a database whose schema is there.
    pub(crate) async fn over(database: &TestDatabase) -> Program {
        database.open().await.close().await;
        Program::with(database.config())
    }

    /// Over a database as it is.
    pub(crate) fn with(config: &DatabaseConfig) -> Program {
        let folder = tempfile::tempdir().unwrap();
        let settings = match config {
            DatabaseConfig::Sqlite { dir } => vec!["--data".to_owned(), dir.display().to_string()],
            DatabaseConfig::Postgres { url } => {
                let data = folder.path().join("data").display().to_string();
                vec!["--data".to_owned(), data, "--set".to_owned(), format!("database.url={url}")]
            }
        };
        Program { settings, folder }
    }

    /// With one more setting.
    pub(crate) fn set(mut self, pair: &str) -> Program {
        self.settings.extend(["--set".to_owned(), pair.to_owned()]);
        self
    }

    /// Where it runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program with these arguments, not started yet. What hangs fails its own test, not the whole run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=10", "120", env!("CARGO_BIN_EXE_sekisho")]).args(arguments);
        self.finish(command)
    }

    /// The same without a limit, as the process itself: for a server, which has to be ended.
    pub(crate) fn process(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(arguments);
        self.finish(command)
    }

    fn finish(&self, mut command: Command) -> Command {
        command.env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH"));
        command.current_dir(self.folder.path()).args(&self.settings).stdin(Stdio::null());
        command
    }

    /// `sekisho admin …`
    pub(crate) fn admin(&self, arguments: &str) -> Said {
        let arguments: Vec<_> = ["admin"].into_iter().chain(arguments.split_whitespace()).collect();
        Said::of(self.command(&arguments).output().unwrap())
    }

    /// The same, which must succeed; its output.
    pub(crate) fn done(&self, arguments: &str) -> String {
        let said = self.admin(arguments);
        assert_eq!(said.code, 0, "{arguments}: {}{}", said.out, said.err);
        said.out.trim_end().to_owned()
    }

    /// The same with `--json`, read.
    pub(crate) fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{arguments} --json"))).unwrap()
    }

    /// The same, which must fail with this code; its message.
    pub(crate) fn fails(&self, code: i32, arguments: &str) -> String {
        let said = self.admin(arguments);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments}: {}", said.err);
        said.err
    }

    /// Writes a file where the program runs.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Said {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The audit log of an organisation, newest first.
pub(crate) async fn audit(database: &TestDatabase, org: &str) -> Vec<AuditRow> {
    let store = database.open().await;
    let rows = store
        .audit()
        .page(OrgId::parse(org).unwrap(), &AuditFilter::default(), AuditId(Uuid::max()), 1000)
        .await
        .unwrap();
    store.close().await;
    rows
}

/// The actions of the audit log, oldest first.
pub(crate) async fn actions(database: &TestDatabase, org: &str) -> Vec<String> {
    let rows = audit(database, org).await;
    assert!(rows.iter().all(|row| row.actor == "operator"), "{rows:?}");
    rows.into_iter().rev().map(|row| row.action).collect()
}

/// Asks the store something, and closes it.
pub(crate) async fn with_store<T>(database: &TestDatabase, ask: impl AsyncFnOnce(&Store) -> T) -> T {
    let store = database.open().await;
    let answer = ask(&store).await;
    store.close().await;
    answer
}

/// Chance for ids and tokens.
pub(crate) const CHANCE: SystemRandom = SystemRandom;
