//! The application of a test, and the people in it.

use std::sync::Arc;
use std::time::Duration;

use sekisho_core::{Ecosystem, PackageName};
use sekisho_server::app::App;
use sekisho_server::config::Settings;
use sekisho_server::jobs;
use sekisho_server::jobs::outbox::Outgoing;
use sekisho_store::testing::TestDatabase;
use sekisho_store::{AnonymousCount, EntryFilter, LedgerRow};
use sekisho_upstream::SourceState;
use sekisho_upstream::testing::FakeUpstream;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::mails::Seen;
use crate::{Answer, Ask, Mail, SeededRandom, Setup, TestClock, setup};

/// The whole application over a fresh database.
pub struct TestApp {
    /// The application itself.
    pub app: Arc<App>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its chance.
    pub random: Arc<SeededRandom>,
    /// Both registries: npm under `npm/`, Python's index under `simple/`.
    pub upstream: FakeUpstream,
    /// Its database.
    pub database: TestDatabase,
    pub(crate) outgoing: Outgoing,
    pub(crate) folder: TempDir,
    pub(crate) seen: Seen,
    pub(crate) sources: (watch::Sender<SourceState>, watch::Sender<SourceState>),
}

/// A person with a key.
#[derive(Clone, Debug)]
pub struct Person {
    /// The address.
    pub email: String,
    /// The key.
    pub key: String,
}

impl TestApp {
    /// With everything at its default.
    pub async fn start() -> TestApp {
        Setup::default().start().await
    }

    /// Starts it anew over the same data folder and database: nothing that was only in memory is left.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same with other settings, for those that name what a test has only once it runs.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.app.settings).clone();
        change(&mut settings);
        self.app = setup::again(self, settings).await;
        self.app.follow_entries().await.unwrap();
    }

    /// Answers a request.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let peer = ask.peer;
        Answer::read(self.app.handle(ask.into_request(), peer.into()).await).await
    }

    /// Answers a `GET` without a token.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Ask::get(path)).await
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Sends what waits, and gives the mails that came since the last look.
    pub async fn mails(&self) -> Vec<Mail> {
        while jobs::outbox::send_due(&self.app, &self.outgoing).await.unwrap() > 0 {}
        self.seen.new_mails(&self.app.settings.mailbox_dir())
    }

    /// Registers an address and reads its mail.
    pub async fn register(&self, email: &str) -> Person {
        let answer = self.ask(Ask::post("/api/v1/tokens", json!({ "email": email }).to_string())).await;
        assert_eq!(answer.status, 202, "{}", answer.show());
        let mails = self.mails().await;
        let key = mails.iter().find(|mail| mail.to == email).and_then(Mail::key).expect("a mail with a key");
        Person { email: email.to_owned(), key }
    }

    /// Registers a known address and reads the code.
    pub async fn code_for(&self, email: &str) -> String {
        let answer = self.ask(Ask::post("/api/v1/tokens", json!({ "email": email }).to_string())).await;
        assert_eq!(answer.status, 202, "{}", answer.show());
        self.mails().await.iter().find_map(Mail::code).expect("a mail with a code")
    }

    /// What `status` says.
    pub async fn status(&self, key: &str) -> Value {
        let answer = self.ask(Ask::get("/api/v1/tokens/status").bearer(key)).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        answer.json()
    }

    /// The status with which a key is answered.
    pub async fn status_of(&self, key: &str) -> u16 {
        self.ask(Ask::get("/api/v1/tokens/status").bearer(key)).await.status
    }

    /// Every row of the ledger, newest first.
    pub async fn ledger(&self) -> Vec<LedgerRow> {
        self.app.store.ledger().entries(&EntryFilter::All, 1000).await.unwrap()
    }

    /// What was counted of a package without a token.
    pub async fn anonymous(&self, ecosystem: Ecosystem, name: &str) -> Vec<AnonymousCount> {
        let name = PackageName::parse(ecosystem, name).unwrap();
        self.app.store.ledger().anonymous(&name).await.unwrap()
    }

    /// Puts other advisories in force: pairs of id and package URL.
    pub fn set_malware(&self, advisories: &[(&str, &str)]) {
        let advisories = advisories.iter().map(|(id, purl)| setup::malware(id, purl)).collect();
        self.app.gate.set_blocklist(Arc::new(setup::blocklist(advisories)));
    }

    /// Says what is known of npm's registry from now on.
    pub fn set_npm_source(&self, state: SourceState) {
        self.sources.0.send_replace(state);
    }

    /// The text without what differs from run to run: the port of the fake upstream, the data folder.
    pub fn stable(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        text.replace(&self.upstream.url(), "http://upstream.example/").replace(&folder, "<data>")
    }
}
