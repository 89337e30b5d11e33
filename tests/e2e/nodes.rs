//! Three nodes on one PostgreSQL: what is said on one holds on all, work is done once, and a node or the database may go
//! away and come back.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::Random;
use sekisho_core::token::{PlainToken, TokenKind};
use sekisho_store::DatabaseConfig;
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_upstream::testing::FakeUpstream;
use tokio::runtime::Runtime;

use crate::durability::{launch, registry};
use crate::pipelines::Provider;
use crate::support::gate::{Gate, Launch, PROGRAM};
use crate::support::home::clean;
use crate::support::http::Connection;
use crate::support::person::Person;
use crate::support::post::Post;
use crate::support::wire::Wire;
use crate::support::{http, wait_for};

/// What has to hold everywhere within this time.
const SOON: Duration = Duration::from_secs(1);
/// A request that does not depend on how many others were answered before.
const PACKAGE: &str = "/npm/load";
/// A file: it is given out only if that can be recorded.
const FILE: &str = "/npm/load/-/load-1.0.1.tgz";
/// What a bot's key may ask too.
const WHOAMI: &str = "/npm/-/whoami";
/// What pipelines' ID tokens are for.
const AUDIENCE: &str = "nodes";

/// What the nodes stand on.
pub(crate) struct Ground {
    pub(crate) runtime: Runtime,
    fake: FakeUpstream,
    pub(crate) database: TestDatabase,
    pub(crate) post: Post,
}

impl Ground {
    pub(crate) fn new() -> Ground {
        let (runtime, fake) = registry();
        let database = runtime.block_on(TestDatabase::fresh(TestEngine::Postgres));
        Ground { runtime, fake, database, post: Post::open() }
    }

    pub(crate) fn url(&self) -> &str {
        let DatabaseConfig::Postgres { url } = self.database.config() else { panic!("not PostgreSQL") };
        url
    }

    /// A node's settings, with its database by this address and its mail by this port.
    pub(crate) fn launch(&self, url: &str, mail: u16) -> Launch {
        let mut launch = launch(&self.fake).env("SEKISHO_DATABASE_URL", url).env("SEKISHO_SECRET", &"5e".repeat(32));
        for pair in self.post.settings().iter().filter(|pair| !pair.starts_with("mail.smtp.port")) {
            launch = launch.set(pair);
        }
        let many = ["limits.registrations_per_hour=100000", "limits.anonymous_per_minute=100000000"];
        many.into_iter().fold(launch.set(&format!("mail.smtp.port={mail}")), |launch, pair| launch.set(pair))
    }

    pub(crate) fn nodes(&self) -> [Gate; 3] {
        std::array::from_fn(|_| self.launch(self.url(), self.post.port).start())
    }

    fn key(&self, node: &Gate, name: &str) -> String {
        Person::new(name).gets_a_key(node, &self.post).key()
    }

    /// Runs a command of the operator's; gives what it printed.
    fn admin(&self, node: &Gate, args: &[&str]) -> String {
        let mut command = clean(&*PROGRAM, node.folder());
        command.arg("admin").args(args).current_dir(node.folder()).env("SEKISHO_DATABASE_URL", self.url());
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Changes rows as time would have, or looks at them; what psql printed.
    pub(crate) fn sql(&self, statement: &str) -> String {
        // What sqlx writes behind the address, psql does not know.
        let url = self.url().split('?').next().unwrap_or_default();
        let ran = Command::new("psql").args([url, "-qAtc", statement]).output().expect("psql is there with PostgreSQL");
        assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }
}

/// Sends one request as somebody.
fn send(node: &Gate, method: &str, path: &str, key: &str, body: &str) -> crate::support::http::Answer {
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let mut connection = Connection::open(node.address()).expect("the node listens");
    connection.send(method, path, &headers, body).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
}

/// How long it took until every node answers this key by `401` here. Until then it may be answered `200`, and nothing else.
fn until_refused(nodes: &[Gate; 3], path: &str, key: &str, since: Instant) -> Duration {
    let slowest = nodes.iter().map(|node| {
        wait_for("the key's end", 5 * SOON, || match node.get_as(path, key).status {
            401 => Some(since.elapsed()),
            status => {
                assert_eq!(status, 200);
                None
            }
        })
    });
    slowest.max().expect("three nodes")
}

/// Requests for packages and files on all nodes, by many connections, while `during` runs.
fn under_load<T>(nodes: &[Gate; 3], key: &str, during: impl FnOnce() -> T) -> (T, usize) {
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let stop_at_end = |result| {
        stop.store(true, Ordering::SeqCst);
        result
    };
    let result = std::thread::scope(|scope| {
        for n in 0..12 {
            let (stop, answered, node) = (&stop, &answered, &nodes[n % 3]);
            scope.spawn(move || {
                let bearer = format!("Bearer {key}");
                let Ok(mut connection) = Connection::open(node.address()) else { return };
                while !stop.load(Ordering::SeqCst) {
                    let path = format!("/npm/load/-/load-1.0.{}.tgz", answered.load(Ordering::Relaxed) % 200);
                    let path = if n % 2 == 0 { PACKAGE } else { &path };
                    let answer = connection.send("GET", path, &[("Authorization", &bearer)], "").expect("an answer");
                    assert!([200, 302].contains(&answer.status), "{} {}", answer.status, answer.body);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // A panic in it must not leave the others running for ever.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(during));
        match stop_at_end(ran) {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    (result, answered.into_inner())
}

#[test]
fn a_key_that_ends_on_one_node_ends_on_all_within_a_second_under_load() {
    let ground = Ground::new();
    let nodes = ground.nodes();
    let load = ground.key(&nodes[0], "load");
    let mut keys: Vec<String> = (0..9).map(|n| ground.key(&nodes[n % 3], &format!("leaver{n}"))).collect();
    let body = serde_json::json!({"tokens": [keys[2], keys[5], keys[8]]}).to_string();
    let began = Instant::now();
    let (slowest, answered) = under_load(&nodes, &load, || {
        let mut slowest = BTreeMap::new();
        for (n, key) in keys.drain(..).enumerate() {
            // One report names three; the later ones have ended with the first.
            if n > 2 && n % 3 == 2 {
                continue;
            }
            // Known in every node's memory before it ends.
            assert!(nodes.iter().all(|node| node.get_as(PACKAGE, &key).status == 200));
            let said = Instant::now();
            let how = match n % 3 {
                0 => {
                    assert_eq!(send(&nodes[0], "DELETE", "/api/v1/tokens", &key, "").status, 204);
                    "revoked"
                }
                1 => {
                    assert_eq!(send(&nodes[1], "POST", "/api/v1/tokens/regenerate", &key, "").status, 200);
                    "replaced"
                }
                _ => {
                    let mut connection = Connection::open(nodes[2].address()).expect("the node listens");
                    let json = [("Content-Type", "application/json")];
                    assert_eq!(connection.send("POST", "/api/v1/leaks", &json, &body).expect("an answer").status, 200);
                    "reported"
                }
            };
            let took = until_refused(&nodes, PACKAGE, &key, said);
            let entry = slowest.entry(how).or_insert(Duration::ZERO);
            *entry = took.max(*entry);
        }
        slowest
    });
    println!(
        "nodes: {} requests in {:.1} s; until a key was refused on all three: {slowest:?}",
        answered,
        began.elapsed().as_secs_f64()
    );
    assert!(slowest.values().all(|took| *took <= SOON), "{slowest:?}");
    assert!(answered > 100, "there was no load");
}

#[test]
fn an_organisation_s_token_ends_on_all_nodes_within_a_second_also_by_the_command_line() {
    let ground = Ground::new();
    let nodes = ground.nodes();
    let load = ground.key(&nodes[0], "load");
    let admin = |args: &[&str]| ground.admin(&nodes[0], args);
    let org = admin(&["org", "create", "acme"]);
    admin(&["bot", "create", "acme", "manager", "--role", "guard_manager"]);
    let bot = admin(&["bot", "key", "add", "acme", "manager"]);
    let tokens = format!("/o/{org}/guard/org-user-tokens");
    let issue = |node: &Gate, name: &str| {
        let answer = send(node, "POST", &tokens, &bot, &format!(r#"{{"user_identifier":"{name}"}}"#));
        assert_eq!(answer.status, 201, "{}", answer.body);
        let text = |field: &str| answer.json()[field].as_str().expect("a text").to_owned();
        (text("id"), text("token"))
    };
    let (slowest, _) = under_load(&nodes, &load, || {
        let ended = |name: &str, end: &dyn Fn(&str)| {
            let (id, token) = issue(&nodes[1], name);
            assert!(nodes.iter().all(|node| node.get_as(PACKAGE, &token).status == 200));
            end(&id);
            // From when it was said: until the command line has ended, nobody was promised anything.
            (name.to_owned(), until_refused(&nodes, PACKAGE, &token, Instant::now()))
        };
        [
            ended("revoked", &|id| {
                assert_eq!(send(&nodes[2], "DELETE", &format!("{tokens}/by-id/{id}"), &bot, "").status, 204)
            }),
            ended("rotated", &|id| {
                let answer = send(&nodes[0], "POST", &format!("{tokens}/by-id/{id}/rotate"), &bot, "{}");
                assert_eq!(answer.status, 200, "{}", answer.body);
            }),
            ended("command-line", &|id| drop(admin(&["token", "revoke", "acme", id, "--yes"]))),
            ended("guard-disabled", &|_| drop(admin(&["org", "disable-guard", "acme"]))),
        ]
    });
    println!("nodes: until an organisation's token was refused on all three: {slowest:?}");
    assert!(slowest.iter().all(|(_, took)| *took <= SOON), "{slowest:?}");
}

#[test]
fn a_bot_s_key_and_its_sessions_end_on_all_nodes_within_a_second_by_the_command_line() {
    let (ground, provider) = (Ground::new(), Provider::of_pipelines());
    let internal = format!("bots.internal_issuers={}", provider.issuer);
    let nodes: [Gate; 3] = std::array::from_fn(|_| {
        // One address for all, as behind a balancer: a session's token names it.
        let launch = ground.launch(ground.url(), ground.post.port).set("public_urls=https://packages.example.com");
        launch.set(&internal).set(&format!("bots.audiences={AUDIENCE}")).start()
    });
    let load = ground.key(&nodes[0], "load");
    let admin = |line: &str| ground.admin(&nodes[0], &line.split(' ').collect::<Vec<_>>());
    admin("org create acme");
    let key_of = |bot: &str| {
        admin(&format!("bot create acme {bot} --role guard_viewer"));
        admin(&format!("bot key add acme {bot}"))
    };
    let session_of = |bot: &str| {
        let id = admin(&format!("bot create acme {bot} --role guard_viewer"));
        let conditions = format!("--gitlab --issuer {} --project-id 20", provider.issuer);
        admin(&format!("bot trust add acme {bot} {conditions} --set {internal}"));
        let issuer = provider.issuer.strip_prefix("http://").expect("on loopback").parse().expect("an address");
        let id_token = http::get(issuer, &format!("/gitlab?audience={AUDIENCE}")).body;
        let body = serde_json::json!({"bot_id": id, "id_token": id_token}).to_string();
        let mut connection = Connection::open(nodes[1].address()).expect("the node listens");
        let json = [("Content-Type", "application/json")];
        let answer = connection.send("POST", "/bots/exchange", &json, &body).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    };
    let (revoked, removed) = (key_of("revoked"), key_of("removed"));
    let (ended, orphan) = (session_of("ended"), session_of("orphan"));
    let keys = admin("bot key list acme revoked --json");
    let keys: serde_json::Value = serde_json::from_str(&keys).expect("JSON");
    let key_id = keys[0]["id"].as_str().expect("an id");
    let (slowest, answered) = under_load(&nodes, &load, || {
        [
            ("key revoked", WHOAMI, &revoked, format!("bot key revoke acme revoked {key_id} --yes")),
            ("bot removed", WHOAMI, &removed, "bot remove acme removed --yes".to_owned()),
            ("session ended", PACKAGE, &ended, "bot session end acme ended --all --yes".to_owned()),
            ("session of a removed bot", PACKAGE, &orphan, "bot remove acme orphan --yes".to_owned()),
        ]
        .map(|(what, path, credential, command)| {
            // Known in every node's memory before it ends.
            assert!(nodes.iter().all(|node| node.get_as(path, credential).status == 200), "{what}");
            admin(&command);
            (what, until_refused(&nodes, path, credential, Instant::now()))
        })
    });
    println!("nodes: until a bot's credential was refused on all three: {slowest:?}");
    assert!(slowest.iter().all(|(_, took)| *took <= SOON), "{slowest:?}");
    assert!(answered > 100, "there was no load");
}

#[test]
fn each_mail_is_sent_once_by_whichever_node() {
    let ground = Ground::new();
    let nodes = ground.nodes();
    std::thread::scope(|scope| {
        for (n, node) in nodes.iter().enumerate() {
            scope.spawn(move || (0..15).for_each(|m| Person::new(&format!("p{n}x{m}")).registers(node)));
        }
    });
    let people: Vec<String> =
        (0..3).flat_map(|n| (0..15).map(move |m| Person::new(&format!("p{n}x{m}")).email)).collect();
    for email in &people {
        ground.post.mail(email, 1);
    }
    // Longer than any node waits before it looks into the outbox again.
    std::thread::sleep(Duration::from_secs(6));
    for email in &people {
        assert_eq!(ground.post.mails(email).len(), 1, "{email}");
    }
}

#[test]
fn a_mail_whose_node_was_killed_while_it_sent_it_is_sent_by_another() {
    let ground = Ground::new();
    // A mail server that takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let mut killed = ground.launch(ground.url(), port).start();
    let person = Person::new("waiting");
    person.registers(&killed);
    let (_connection, _) = silent.accept().expect("the node sends its mail");
    killed.kill();
    let others = [(); 2].map(|()| ground.launch(ground.url(), ground.post.port).start());
    std::thread::sleep(Duration::from_secs(6));
    assert!(
        ground.post.mails(&person.email).is_empty(),
        "the killed node may still be sending it: nobody else takes it"
    );
    // The five minutes for which a message belongs to who took it.
    ground.sql("UPDATE outbox SET lease_until = 0");
    let key = ground.post.mail(&person.email, 1).key();
    for node in &others {
        assert_eq!(node.get_as(PACKAGE, &key).status, 200);
    }
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(ground.post.mails(&person.email).len(), 1);
}

struct Made;

impl Random for Made {
    fn fill(&self, out: &mut [u8]) {
        out.iter_mut().enumerate().for_each(|(n, byte)| *byte = (n as u8).wrapping_mul(41));
    }
}

/// Asks every node as everybody; panics at any answer that none of them may get.
fn assert_answered(nodes: &[Gate; 3], known: [&str; 2], unknown: &str, allowed: &[u16]) -> Vec<u16> {
    let statuses = nodes.iter().flat_map(|node| {
        let began = Instant::now();
        let statuses = known.map(|key| {
            let status = node.get_as(PACKAGE, key).status;
            assert!(allowed.contains(&status), "a known key: {status}");
            assert_eq!(node.get_as(FILE, key).status, 503, "what can't be recorded is not given out");
            status
        });
        assert_eq!(node.get_as(PACKAGE, unknown).status, 503, "an unknown key can't be told from a valid one");
        assert_eq!(node.get(PACKAGE).status, 200, "metadata needs no database");
        assert!(began.elapsed() < Duration::from_secs(20), "six answers took {:?}", began.elapsed());
        statuses
    });
    statuses.collect()
}

#[test]
fn without_the_database_known_keys_live_a_minute_and_then_nobody_is_called_a_stranger() {
    let ground = Ground::new();
    let port = ground.url().split([':', '/']).find_map(|part| part.parse::<u16>().ok()).expect("the database's port");
    let wire = Wire::to(SocketAddr::from(([127, 0, 0, 1], port)));
    let url = ground.url().replace(&format!(":{port}"), &format!(":{}", wire.address.port()));
    let nodes: [Gate; 3] = std::array::from_fn(|_| ground.launch(&url, ground.post.port).start());
    let known = ground.key(&nodes[0], "known");
    let org = ground.admin(&nodes[0], &["org", "create", "acme"]);
    ground.admin(&nodes[0], &["bot", "create", "acme", "issuer", "--role", "guard_token_issuer"]);
    let bot = ground.admin(&nodes[0], &["bot", "key", "add", "acme", "issuer"]);
    let tokens = format!("/o/{org}/guard/org-user-tokens");
    let issued = send(&nodes[0], "POST", &tokens, &bot, r#"{"user_identifier":"known"}"#).json();
    let token = issued["token"].as_str().expect("a token").to_owned();
    let unknown = PlainToken::mint(TokenKind::Personal, &Made);
    for node in &nodes {
        for key in [&known, &token] {
            assert_eq!((node.get_as(PACKAGE, key).status, node.get_as(FILE, key).status), (200, 302));
        }
        assert_eq!(node.get_as(PACKAGE, unknown.expose()).status, 401);
    }
    let read = Instant::now();
    wire.cut();
    let mut last_good = Duration::ZERO;
    // Read at most ten seconds before the cut, and counted for sixty. On a busy machine a round may end after that.
    while read.elapsed() < Duration::from_secs(45) {
        let statuses = assert_answered(&nodes, [&known, &token], unknown.expose(), &[200, 503]);
        if read.elapsed() < Duration::from_secs(50) {
            assert!(statuses.iter().all(|status| *status == 200), "{statuses:?} after {:?}", read.elapsed());
            last_good = read.elapsed();
        }
        std::thread::sleep(Duration::from_secs(3));
    }
    assert!(last_good >= Duration::from_secs(20), "{last_good:?}");
    let first_bad = wait_for("the end of what is known", Duration::from_secs(60), || {
        let statuses = assert_answered(&nodes, [&known, &token], unknown.expose(), &[200, 503]);
        statuses.iter().all(|status| *status == 503).then(|| read.elapsed())
    });
    assert!(first_bad < Duration::from_secs(75), "{first_bad:?}");
    wire.mend();
    let mended = Instant::now();
    for node in &nodes {
        wait_for("the database", Duration::from_secs(20), || {
            let statuses = [&known, &token, unknown.expose()].map(|key| node.get_as(PACKAGE, key).status);
            let good = statuses[..2].iter().all(|status| [200, 503].contains(status));
            assert!(good && [401, 503].contains(&statuses[2]), "{statuses:?}");
            (statuses == [200, 200, 401]).then_some(())
        });
        assert_eq!([&known, &token].map(|key| node.get_as(FILE, key).status), [302, 302]);
    }
    println!(
        "nodes: without the database a known key was good for {:.0} s at least and answered 503 on all three after {:.0} s; all right again {:.1} s after it was back",
        last_good.as_secs_f64(),
        first_bad.as_secs_f64(),
        mended.elapsed().as_secs_f64()
    );
    assert_eq!(send(&nodes[1], "DELETE", "/api/v1/tokens", &known, "").status, 204);
    assert!(until_refused(&nodes, PACKAGE, &known, Instant::now()) <= SOON);
}
