//! The doctor: well, and ill in each way that can be made here.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use sekisho_store::on_both_engines;
use sekisho_store::testing::{TestDatabase, TestEngine};
use serde_json::Value;

use crate::support::*;

/// A program with settings under which nothing outside is asked.
async fn quiet(database: &TestDatabase) -> Program {
    let program = Program::over(database).await.set("upstream.npm.enabled=false").set("upstream.pypi.enabled=false");
    program.set("admin_listen=127.0.0.1:9")
}

fn findings(program: &Program) -> (i32, Vec<(String, String, String)>) {
    let said = program.admin("doctor --json");
    let all: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {}{}", said.out, said.err));
    let text = |f: &Value, key: &str| f[key].as_str().unwrap().to_owned();
    let all = all.as_array().unwrap();
    for finding in all {
        assert_eq!(text(finding, "next").is_empty(), finding["health"] == "ok", "a next step: {finding}");
    }
    (said.code, all.iter().map(|f| (text(f, "check"), text(f, "health"), text(f, "found"))).collect())
}

fn of(findings: &[(String, String, String)], check: &str) -> (String, String) {
    let (_, health, found) =
        findings.iter().find(|(c, _, _)| c == check).unwrap_or_else(|| panic!("{check}: {findings:?}"));
    (health.clone(), found.clone())
}

/// Answers each connection with these words, and says what it was told.
fn speak(words: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            for word in words {
                if stream.write_all(word.as_bytes()).is_err() || lines.next().is_none() {
                    break;
                }
            }
        }
    });
    address
}

/// A registry that gives this answer to every request, once it has read the request's head: a connection that is closed over
/// unread bytes is reset, and the answer may be lost with it.
fn registry(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
            // Whoever connects and says nothing gets nothing.
            if head > 0 {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    address
}

on_both_engines! {
    async fn a_database_that_is_well_is_ok_and_warnings_are_no_failure(database) {
        let program = quiet(database).await;
        let (code, findings) = findings(&program);
        assert_eq!(code, 0, "{findings:?}");
        assert_eq!(of(&findings, "database").0, "ok");
        assert_eq!(of(&findings, "schema").0, "ok");
        assert_eq!(of(&findings, "advisories").0, "warn");
        assert_eq!(of(&findings, "server").0, "warn", "none runs here");
        let clock = if database.dir().is_some() { "warn" } else { "ok" };
        assert_eq!(of(&findings, "clock").0, clock);
        let table = program.admin("doctor").out;
        assert!(table.contains("ok    database          it answers") && table.contains("-> "), "{table}");
    }

    async fn a_newer_schema_fails_and_is_left_alone(database) {
        let program = quiet(database).await;
        match database.config() {
            sekisho_store::DatabaseConfig::Sqlite { dir } => {
                let text = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);c.execute(\"INSERT INTO schema_version VALUES('main',99)\");c.commit()";
                let done = std::process::Command::new("python3").args(["-c", text]).arg(dir.join("sekisho.db")).status();
                assert!(done.unwrap().success());
            }
            sekisho_store::DatabaseConfig::Postgres { url } => {
                let done = std::process::Command::new("psql").arg(url.split('?').next().unwrap())
                    .args(["-qc", "INSERT INTO schema_version VALUES('main',99)"]).status();
                assert!(done.unwrap().success());
            }
        }
        let (code, findings) = findings(&program);
        assert_eq!((code, of(&findings, "schema").0.as_str()), (1, "fail"));
        assert!(of(&findings, "schema").1.contains("main 99"));
    }
}

#[tokio::test]
async fn a_mail_server_is_greeted_and_nothing_is_sent() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let with = async |address: &str| {
        let (host, port) = address.split_once(':').unwrap();
        let program = quiet(&database).await.set("mail.transport=smtp").set("mail.smtp.tls=none");
        let program = program.set(&format!("mail.smtp.host={host}")).set(&format!("mail.smtp.port={port}"));
        let program =
            program.set("mail.from=gate@gate.example").set("mail.smtp.user=gate").set("mail.smtp.password=s3cret");
        let (code, findings) = findings(&program);
        (code, of(&findings, "mail"))
    };
    let well = speak(&["220 hi\r\n", "250-hi\r\n250 AUTH PLAIN\r\n", "235 come in\r\n", "221 bye\r\n"]);
    assert_eq!(with(&well).await.1.0, "ok");
    let stern = speak(&["220 hi\r\n", "250-hi\r\n250 AUTH PLAIN\r\n", "535 no\r\n", "221 bye\r\n"]);
    let (code, (health, found)) = with(&stern).await;
    assert_eq!((code, health.as_str()), (1, "fail"));
    assert!(found.contains("refused user and password (535)") && !found.contains("s3cret"), "{found}");
    let (_, (health, found)) = with("127.0.0.1:9").await;
    assert_eq!((health.as_str(), found.contains("no connection")), ("fail", true), "{found}");
}

#[tokio::test]
async fn a_registry_is_asked_and_its_clock_compared() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let with = async |address: &str| {
        let program = Program::over(&database).await.set("upstream.pypi.enabled=false").set("admin_listen=127.0.0.1:9");
        findings(&program.set(&format!("upstream.npm.url=http://{address}/"))).1
    };
    let late = registry(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nDate: Mon, 23 Nov 2020 09:00:00 GMT\r\nConnection: close\r\n\r\n",
    );
    let found = with(&late).await;
    assert_eq!(of(&found, "upstream.npm").0, "ok", "{found:?}");
    assert_eq!(of(&found, "clock").0, "fail", "{found:?}");
    let found = with("127.0.0.1:9").await;
    assert_eq!(of(&found, "upstream.npm").0, "fail", "{found:?}");
}

#[tokio::test]
async fn what_was_never_loaded_and_what_cannot_be_written_fails() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = quiet(&database).await;
    fs::create_dir(program.folder().join("records")).unwrap();
    let (code, found) = findings(&program.set("feed.sources=records"));
    assert_eq!((code, of(&found, "advisories").0.as_str()), (1, "fail"), "{found:?}");
    let program = quiet(&database).await.set("feed.sources=nowhere");
    let (code, found) = findings(&program);
    assert_eq!((code, of(&found, "configuration").0.as_str()), (1, "fail"), "{found:?}");
    assert!(of(&found, "disk").1.contains("a synced write takes"), "{found:?}");
}

#[tokio::test]
async fn a_database_that_is_away_or_damaged_fails_and_the_rest_is_still_looked_at() {
    let away = sekisho_store::DatabaseConfig::Postgres { url: "postgres://nobody@127.0.0.1:9/none".into() };
    let program = Program::with(&away).set("upstream.npm.enabled=false").set("upstream.pypi.enabled=false");
    let (code, found) = findings(&program.set("admin_listen=127.0.0.1:9"));
    assert_eq!((code, of(&found, "database").0.as_str()), (1, "fail"), "{found:?}");
    assert_eq!(of(&found, "mail").0, "warn", "{found:?}");

    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = quiet(&database).await;
    let file = database.dir().unwrap().join("sekisho.db");
    let whole = fs::read(&file).unwrap();
    // Every page but the first ones is noise: the schema can be read, and nothing else.
    let mut noise = whole.clone();
    noise[8 * 4096..].fill(0x5a);
    for damaged in [noise, b"this is no database at all".to_vec()] {
        for log in ["sekisho.db-wal", "sekisho.db-shm"] {
            let _ = fs::remove_file(database.dir().unwrap().join(log));
        }
        fs::write(&file, damaged).unwrap();
        let (code, found) = findings(&program);
        assert_eq!((code, of(&found, "database").0.as_str()), (1, "fail"), "{found:?}");
    }
}

#[tokio::test]
async fn an_older_schema_is_a_warning_and_stays_as_it_is() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let program = quiet(&database).await;
    let file = database.dir().unwrap().join("sekisho.db");
    let sql = |text: &str| {
        let code = format!(
            "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);r=c.execute(\"{text}\").fetchall();c.commit();print(r)"
        );
        let done = std::process::Command::new("python3").args(["-c", &code]).arg(&file).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    let newest = sql("SELECT MAX(version) FROM schema_version WHERE part='main'");
    sql("DELETE FROM schema_version WHERE part='main' AND version > 3");
    let (code, found) = findings(&program);
    assert_eq!((code, of(&found, "schema").0.as_str()), (0, "warn"), "{found:?}");
    let left = sql("SELECT MAX(version) FROM schema_version WHERE part='main'");
    assert!(left.contains('3') && left != newest, "a look brings nothing up to date: {left}");
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_to_fails() {
    let dir = std::path::PathBuf::from("/proc/self");
    let program = Program::with(&sekisho_store::DatabaseConfig::Sqlite { dir });
    let program = program.set("upstream.npm.enabled=false").set("upstream.pypi.enabled=false");
    let (code, found) = findings(&program.set("admin_listen=127.0.0.1:9"));
    assert_eq!((code, of(&found, "disk").0.as_str()), (1, "fail"), "{found:?}");
    assert!(of(&found, "disk").1.contains("can't be written to"), "{found:?}");
}

#[tokio::test]
async fn what_the_running_server_says_of_itself_counts() {
    let database = TestDatabase::fresh(TestEngine::Sqlite).await;
    let with = async |answer: &'static str| {
        let program = Program::over(&database).await.set("upstream.npm.enabled=false");
        let program = program.set("upstream.pypi.enabled=false").set(&format!("admin_listen={}", registry(answer)));
        let (code, findings) = findings(&program);
        let (health, found) = of(&findings, "server");
        (code, health, found)
    };
    let (code, health, found) = with("HTTP/1.1 503 -\r\n\r\n{\"ready\":false,\"database\":\"unavailable\"}").await;
    assert!(code == 1 && health == "fail" && found.contains("unavailable"), "{found}");
    let failing = "HTTP/1.1 200 -\r\n\r\n{\"ready\":true,\"feed\":{\"failures\":[{\"failing\":true,\"source\":\"records\",\"last_failure\":\"now\",\"problem\":\"it is empty\"}]}}";
    let (code, health, found) = with(failing).await;
    assert!(code == 0 && health == "warn" && found.contains("it is empty"), "{found}");
    assert_eq!(with("HTTP/1.1 200 -\r\n\r\n{\"ready\":true}").await.1, "ok");
    assert_eq!(with("HTTP/1.1 200 -\r\n\r\nnot JSON").await.1, "warn");
}
