//! What an application is made of before it starts.

use std::sync::Arc;

use sekisho_core::advisory::{Advisory, Hit};
use sekisho_core::blocklist::{Blocklist, BlocklistBuilder};
use sekisho_core::policy::{Effect, Entry, Policy};
use sekisho_core::secret::ServerSecret;
use sekisho_core::{Clock, Ecosystem, PackageUrl, Random, Timestamp};
use sekisho_mail::mailbox::Mailbox;
use sekisho_mail::{Sender, Transport};
use sekisho_server::app::App;
use sekisho_server::assemble::{Assembly, artifacts, assemble};
use sekisho_server::config::{Layers, Settings, load};
use sekisho_server::gate::{Gate, Knowledge};
use sekisho_server::jobs::outbox::Outgoing;
use sekisho_server::sources::Sources;
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_upstream::testing::FakeUpstream;
use sekisho_upstream::{Client, ClientConfig, Counters, SourceState, Upstream};
use tokio::sync::watch;

use crate::mails::Seen;
use crate::pipelines::ISSUER;
use crate::{SeededRandom, TestApp, TestClock};

/// An application to be started. Without more: SQLite, everything at its default, advisories loaded that hit nothing.
pub struct Setup {
    engine: TestEngine,
    settings: Vec<(String, String)>,
    file: String,
    knowledge: Knowledge,
    advisories: Vec<Advisory>,
    entries: Vec<Entry>,
    transport: Option<Transport>,
    npm: Option<SourceState>,
    provider: bool,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            engine: TestEngine::Sqlite,
            settings: Vec::new(),
            file: String::new(),
            knowledge: Knowledge::Loaded,
            advisories: Vec::new(),
            entries: Vec::new(),
            transport: None,
            npm: None,
            provider: false,
        }
    }
}

impl Setup {
    /// On this engine.
    pub fn on(mut self, engine: TestEngine) -> Setup {
        self.engine = engine;
        self
    }

    /// With an identity provider for the console at the fake upstream, under `idp`; the file names the client.
    pub fn provider(mut self) -> Setup {
        self.provider = true;
        self
    }

    /// With a setting, as `--set key=value` takes it.
    pub fn set(mut self, key: &str, value: &str) -> Setup {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With these lines in `sekisho.toml`.
    pub fn file(mut self, toml: &str) -> Setup {
        self.file.push_str(toml);
        self
    }

    /// What the gate knows.
    pub fn knows(mut self, knowledge: Knowledge) -> Setup {
        self.knowledge = knowledge;
        self
    }

    /// An advisory: `pkg:npm/evil@1.0.2` hits that version, `pkg:npm/evil` every one.
    pub fn malware(mut self, id: &str, purl: &str) -> Setup {
        self.advisories.push(malware(id, purl));
        self
    }

    /// An advisory that is there since a moment, by its source.
    pub fn malware_since(mut self, id: &str, purl: &str, since: Timestamp) -> Setup {
        self.advisories.push(Advisory { since: Some(since), ..malware(id, purl) });
        self
    }

    /// The operator blocks since a moment, as his list says.
    pub fn block_since(mut self, purl: &str, since: Timestamp) -> Setup {
        self.entries.push(Entry { since: Some(since), ..entry(Effect::Block, purl, None) });
        self
    }

    /// The operator blocks.
    pub fn block(mut self, purl: &str) -> Setup {
        self.entries.push(entry(Effect::Block, purl, None));
        self
    }

    /// The operator warns.
    pub fn warn(mut self, purl: &str) -> Setup {
        self.entries.push(entry(Effect::Warn, purl, None));
        self
    }

    /// The operator allows, until a moment.
    pub fn allow(mut self, purl: &str, expires: Option<Timestamp>) -> Setup {
        self.entries.push(entry(Effect::Allow, purl, expires));
        self
    }

    /// Mail leaves by this way instead of into the mailbox.
    pub fn transport(mut self, transport: Transport) -> Setup {
        self.transport = Some(transport);
        self
    }

    /// What is known of npm's registry.
    pub fn npm_source(mut self, state: SourceState) -> Setup {
        self.npm = Some(state);
        self
    }

    /// Starts it over a fresh database, in front of a fake upstream of its own.
    pub async fn start(self) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let upstream = FakeUpstream::start().await;
        let database = TestDatabase::fresh(self.engine).await;
        let mut flags = vec![("data_dir".to_owned(), folder.path().display().to_string())];
        // Whoever asks for no issuer never meets it.
        flags.push(("bots.internal_issuers".to_owned(), upstream.at(ISSUER).to_string()));
        if self.provider {
            flags.push(("console.oidc.issuer".to_owned(), upstream.at("idp").to_string()));
            flags.push(("console.oidc.internal".to_owned(), "true".to_owned()));
        }
        flags.extend(self.settings);
        let file = folder.path().join("sekisho.toml");
        std::fs::write(&file, self.file).unwrap();
        let (settings, _) = load(&Layers { file: Some(file), flags, ..Layers::default() }).expect("settings of a test");
        let clock = Arc::new(TestClock::default());
        let random = Arc::new(SeededRandom::new(7));
        let gate = Gate::new(
            self.knowledge,
            Arc::new(blocklist(self.advisories)),
            Arc::new(Policy::new(self.entries)),
            clock.clone() as Arc<dyn Clock>,
        );
        let counters = Arc::new(Counters::default());
        let common = |ecosystem, path| common(&settings, ecosystem, upstream.at(path).as_str());
        let (npm, npm_seen) = watch::channel(self.npm.unwrap_or_else(|| common(Ecosystem::Npm, "npm")));
        let (pypi, pypi_seen) = watch::channel(common(Ecosystem::Pypi, "simple"));
        let outgoing = Outgoing {
            transport: self.transport.unwrap_or_else(|| Transport::Mailbox(Mailbox::new(settings.mailbox_dir()))),
            sender: Sender::parse("Sekisho <sekisho@gate.example>").unwrap(),
        };
        let sources = Sources::new(&settings, npm_seen, pypi_seen).expect("upstreams of a test");
        let client = Client::new(client_config(&settings), counters.clone()).unwrap();
        let running = clock.clone() as Arc<dyn Clock>;
        let app = assemble(Assembly {
            artifacts: artifacts(&settings, &client, &running, &counters).expect("artifacts of a test"),
            clock: running,
            random: random.clone() as Arc<dyn Random>,
            secret: ServerSecret::new([7; 32]),
            store: database.open().await,
            bound: ([127, 0, 0, 1], 8417).into(),
            settings,
            gate,
            client,
            counters,
            sources,
        });
        app.follow_entries().await.expect("a fresh database");
        let seen = Seen::default();
        TestApp { app, clock, random, upstream, database, outgoing, folder, seen, sources: (npm, pypi) }
    }
}

/// The application of a test as it is after a restart with these settings.
pub(crate) async fn again(before: &TestApp, settings: Settings) -> Arc<App> {
    let guard = before.app.gate.current();
    let clock = before.clock.clone() as Arc<dyn Clock>;
    let counters = Arc::new(Counters::default());
    let (npm, pypi) = (before.sources.0.subscribe(), before.sources.1.subscribe());
    let client = Client::new(client_config(&settings), counters.clone()).unwrap();
    assemble(Assembly {
        artifacts: artifacts(&settings, &client, &clock, &counters).expect("artifacts of a test"),
        gate: Gate::new(guard.knowledge, guard.blocklist.clone(), guard.policy.clone(), clock.clone()),
        clock,
        random: before.random.clone() as Arc<dyn Random>,
        secret: ServerSecret::new([7; 32]),
        store: before.database.open().await,
        bound: ([127, 0, 0, 1], 8417).into(),
        client,
        counters,
        sources: Sources::new(&settings, npm, pypi).expect("upstreams of a test"),
        settings,
    })
}

fn client_config(settings: &Settings) -> ClientConfig {
    ClientConfig {
        patience: settings.patience(),
        connections: settings.upstream.connections,
        artifact_connections: settings.artifacts.connections,
        max_transfer: settings.upstream.max_transfer_mb << 20,
        max_body: settings.upstream.max_document_mb << 20,
        system_proxy: false,
        ..ClientConfig::new("test", "test", [])
    }
}

/// The common upstream of an ecosystem: the configured one with its credentials, else the test's own.
fn common(settings: &Settings, ecosystem: Ecosystem, own: &str) -> SourceState {
    let front = settings.upstream.front(ecosystem);
    let credentials = front.access().credentials().expect("credentials of a test");
    let upstream = Upstream::new(ecosystem, front.url.as_deref().unwrap_or(own)).unwrap();
    SourceState::Ready(Arc::new(upstream.with_credentials(credentials)))
}

/// Advisories as the gate holds them.
pub(crate) fn blocklist(advisories: Vec<Advisory>) -> Blocklist {
    let mut builder = BlocklistBuilder::default();
    advisories.into_iter().for_each(|advisory| builder.add(advisory));
    builder.build()
}

/// An advisory about a release or a name.
pub(crate) fn malware(id: &str, purl: &str) -> Advisory {
    let purl = PackageUrl::parse(purl).unwrap();
    let hit = purl.version.map_or(Hit::Every, |version| Hit::Exactly(version.into()));
    Advisory { id: id.to_owned(), name: purl.name, since: None, hits: vec![hit] }
}

fn entry(effect: Effect, purl: &str, expires: Option<Timestamp>) -> Entry {
    let (target, reason) = (PackageUrl::parse(purl).unwrap(), "because of ticket 17".to_owned());
    Entry { target, effect, reason, expires, since: None }
}
