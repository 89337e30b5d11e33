//! What a client was answered for is in the ledger: a sync stands between row and answer, and `kill -9` loses nothing.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sekisho_store::DatabaseConfig;
use sekisho_store::testing::{TestDatabase, TestEngine};
use sekisho_upstream::testing::{FakeUpstream, Reply};
use tokio::runtime::Runtime;

use crate::support::gate::{Gate, Launch};
use crate::support::http::Connection;
use crate::support::person::Person;
use crate::support::{ledger, wait_for};

/// How many releases the fake package has.
const RELEASES: usize = 200;
/// Connections of the load.
const CONNECTIONS: usize = 16;
/// How often the gate is killed.
const KILLS: u64 = 20;

/// A registry on loopback with one package of many releases.
pub(crate) fn registry() -> (Runtime, FakeUpstream) {
    let runtime = Runtime::new().expect("a runtime");
    let fake = runtime.block_on(FakeUpstream::start());
    let mut versions = serde_json::Map::new();
    for patch in 0..RELEASES {
        let version = format!("1.0.{patch}");
        let tarball = fake.at(&format!("load/-/load-{version}.tgz")).to_string();
        let release = serde_json::json!({"name": "load", "version": version, "dist": {"tarball": tarball}});
        versions.insert(version, release);
    }
    let latest = format!("1.0.{}", RELEASES - 1);
    let document = serde_json::json!({"name": "load", "dist-tags": {"latest": latest}, "versions": versions});
    fake.on("/load", Reply::json(document.to_string()));
    (runtime, fake)
}

pub(crate) fn launch(fake: &FakeUpstream) -> Launch {
    Launch::new()
        .set(&format!("upstream.npm.url={}", fake.url()))
        .set("upstream.pypi.enabled=false")
        .set("limits.personal_per_minute=1000000000")
}

/// The key of a person, read from the default mailbox by the program's own command.
fn key(gate: &Gate) -> String {
    Person::new("load").registers(gate);
    let mail = wait_for("the mail", Duration::from_secs(10), || {
        let shown = gate.command(&["mailbox", "show"]);
        shown.status.success().then(|| String::from_utf8_lossy(&shown.stdout).into_owned())
    });
    crate::support::letter::Letter(mail).key()
}

/// Takes a file as the client `load/<n>`; true if it was answered with the way to it.
fn take(connection: &mut Connection, key: &str, n: usize) -> std::io::Result<bool> {
    let path = format!("/npm/load/-/load-1.0.{}.tgz", n % RELEASES);
    let headers = [("Authorization", format!("Bearer {key}")), ("User-Agent", format!("load/{n}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = connection.send("GET", &path, &headers, "")?;
    assert!([302, 503].contains(&answer.status), "{} {}", answer.status, answer.body);
    Ok(answer.status == 302)
}

#[test]
fn a_sync_stands_between_every_row_and_its_answer() {
    const TAKEN: usize = 20;
    let (_runtime, fake) = registry();
    let launch = launch(&fake);
    let trace = launch.folder().join("trace").display().to_string();
    let calls = "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";
    // -D: the tracer is the child, so that the process that the test started and stops is the gate itself.
    let tracer = ["strace", "-D", "-f", "-y", "-s", "70000", "-e", calls, "-o", &trace];
    let mut gate = launch.under(&tracer).start();
    let key = key(&gate);
    let mut connection = Connection::open(gate.address()).expect("the gate listens");
    for n in 0..TAKEN {
        assert!(take(&mut connection, &key, n).expect("an answer"));
    }
    gate.terminate();
    gate.ended(Duration::from_secs(30));

    let trace = wait_for("the trace's end", Duration::from_secs(20), || {
        fs::read_to_string(&trace).ok().filter(|text| text.contains("+++ exited with 0 +++"))
    });
    let lines: Vec<&str> = trace.lines().collect();
    let mut syncs = 0;
    for n in 0..TAKEN {
        // strace writes a line where a call begins; a call that others interrupt ends on a "resumed" line.
        let file = format!("load-1.0.{n}.tgz");
        let row = position(&lines, 0, |l| l.contains("pwrite64(") && l.contains("ledger.db") && l.contains(&file));
        let sync =
            position(&lines, row, |l| l.contains("ledger.db") && (l.contains("fdatasync(") || l.contains("fsync(")));
        let synced = end_of(&lines, sync);
        let answer = position(&lines, 0, |l| l.contains("302 Found") && l.contains(&file));
        assert!(row < sync && synced < answer, "{file}: row {row}, sync {sync} to {synced}, answer {answer}");
        syncs += 1;
    }
    let all =
        lines.iter().filter(|l| l.contains("ledger.db") && (l.contains("fdatasync(") || l.contains("fsync("))).count();
    println!(
        "durability: {TAKEN} files taken one after the other, {syncs} with a sync before the answer, {all} syncs of the ledger in all"
    );
}

fn position(lines: &[&str], from: usize, wanted: impl Fn(&str) -> bool) -> usize {
    let found = lines.iter().skip(from).position(|line| wanted(line));
    from + found.expect("the call is in the trace")
}

/// Where the call that begins on this line ends.
fn end_of(lines: &[&str], at: usize) -> usize {
    if !lines[at].contains("<unfinished ...>") {
        return at;
    }
    let pid = lines[at].split_whitespace().next().expect("a process id");
    position(lines, at + 1, |line| line.starts_with(pid) && line.contains("resumed>"))
}

#[test]
fn kill_9_under_load_loses_no_row_that_was_answered_on_sqlite() {
    let (_runtime, fake) = registry();
    let launch = launch(&fake);
    let config = DatabaseConfig::Sqlite { dir: launch.folder().join("sekisho-data") };
    kill_under_load("SQLite", launch, &config);
}

#[test]
fn kill_9_under_load_loses_no_row_that_was_answered_on_postgresql() {
    let (runtime, fake) = registry();
    let database = runtime.block_on(TestDatabase::fresh(TestEngine::Postgres));
    let DatabaseConfig::Postgres { url } = database.config() else { panic!("not PostgreSQL") };
    kill_under_load("PostgreSQL", launch(&fake).set(&format!("database.url={url}")), database.config());
}

fn kill_under_load(engine: &str, launch: Launch, config: &DatabaseConfig) {
    let mut gate = launch.start();
    let key = key(&gate);
    let next = AtomicUsize::new(0);
    let answered = Mutex::new(BTreeSet::new());
    let began = Instant::now();
    for kill in 0..KILLS {
        let before = answered.lock().expect("no panic").len();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| load(&gate, &key, &next, &answered, &stop));
            }
            // A different moment of the writer's round each time.
            std::thread::sleep(Duration::from_millis(150 + kill * 37 % 200));
            let killed = std::process::Command::new("kill").args(["-KILL", &gate.pid().to_string()]).status();
            stop.store(true, Ordering::Relaxed);
            assert!(killed.expect("kill runs").success());
        });
        gate.kill();
        assert!(answered.lock().expect("no panic").len() > before, "kill {kill}: nothing was answered before it");
        gate.start_again();
    }
    gate.kill();
    let answered = answered.into_inner().expect("no panic");
    let rows = ledger::rows_of(config);
    let recorded: BTreeSet<usize> = rows.iter().filter_map(|row| row.client_version.parse().ok()).collect();
    let lost: Vec<_> = answered.difference(&recorded).collect();
    println!(
        "durability: {engine}: {KILLS} kills in {:.0} s, {} requests, {} answered with 302, {} rows, {} lost",
        began.elapsed().as_secs_f64(),
        next.load(Ordering::Relaxed),
        answered.len(),
        rows.len(),
        lost.len()
    );
    assert!(lost.is_empty(), "answered and not in the ledger: {lost:?}");
}

/// Takes files until the gate is gone.
fn load(gate: &Gate, key: &str, next: &AtomicUsize, answered: &Mutex<BTreeSet<usize>>, stop: &AtomicBool) {
    let Ok(mut connection) = Connection::open(gate.address()) else { return };
    while !stop.load(Ordering::Relaxed) {
        let n = next.fetch_add(1, Ordering::Relaxed);
        match take(&mut connection, key, n) {
            Ok(true) => {
                answered.lock().expect("no panic").insert(n);
            }
            Ok(false) => {}
            Err(_) => return,
        }
    }
}
