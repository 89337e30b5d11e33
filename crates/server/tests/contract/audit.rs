//! Audits: what is refused here, merged with what the registry says.

use std::io::{Read, Write};
use std::time::Duration;

use sekisho_testkit::{Answer, Ask, Reply, Setup, TestApp};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::assert_problem;

const BULK: &str = "/npm/-/npm/v1/security/advisories/bulk";
const QUICK: &str = "/npm/-/npm/v1/security/audits/quick";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

async fn started() -> TestApp {
    Setup::default()
        .malware("MAL-2026-1", "pkg:npm/evil@1.0.2")
        .malware("MAL-2026-2", "pkg:npm/@a/worm")
        .block("pkg:npm/left-pad@1.3.0")
        .start()
        .await
}

async fn audit(app: &TestApp, body: &Value) -> Answer {
    app.ask(Ask::post(BULK, body.to_string())).await
}

/// The titles of an answer, each with its name.
fn titles(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let by_name = body.as_object().unwrap().iter();
    by_name
        .flat_map(|(name, all)| {
            all.as_array().unwrap().iter().map(move |a| format!("{name}: {}", a["title"].as_str().unwrap()))
        })
        .collect()
}

const WHY: &str = "Why, and what to do: http://127.0.0.1:8417/why/npm";

#[tokio::test]
async fn every_release_that_is_refused_is_found_and_no_other() {
    let app = started().await;
    let asked = json!({"evil": ["1.0.1", "1.0.2"], "@a/worm": ["9.9.9"], "left-pad": ["1.3.0"], "good": ["1.0.0"]});
    let answer = audit(&app, &asked).await;
    assert_eq!(
        titles(&answer),
        [
            "@a/worm: npm @a/worm 9.9.9 is blocked: malware (MAL-2026-2)".to_owned(),
            "evil: npm evil 1.0.2 is blocked: malware (MAL-2026-1)".to_owned(),
            "left-pad: npm left-pad 1.3.0 is blocked: the operator's policy".to_owned(),
        ]
    );
    let body = answer.json();
    let evil = &body["evil"][0];
    assert_eq!((&evil["vulnerable_versions"], &evil["severity"]), (&json!("1.0.2"), &json!("critical")));
    assert_eq!(evil["url"], "http://127.0.0.1:8417/why/npm/evil/1.0.2");
    assert!(evil["id"].as_u64().is_some_and(|id| (1_000_000_000..2_000_000_000).contains(&id)), "{evil}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.header("npm-notice"),
        Some(format!("npm @a/worm 9.9.9 is blocked: malware (MAL-2026-2). {WHY}/@a/worm/9.9.9 (the first of 3 refused releases in this project)").as_str())
    );
    app.set_malware(&[]);
    assert_eq!(titles(&audit(&app, &json!({"evil": ["1.0.2"]})).await), Vec::<String>::new());
}

#[tokio::test]
async fn the_registrys_findings_are_added_and_it_is_asked_as_npm_asks_it() {
    let app = started().await;
    let theirs = json!({"id": 7, "title": "Prototype Pollution", "severity": "low", "vulnerable_versions": "<2.0.0"});
    app.upstream.on(BULK, Reply::json(json!({"evil": [theirs], "good": [theirs], "unasked": [theirs]}).to_string()));
    let asked = json!({"evil": ["1.0.2"], "good": ["1.0.0"], "not a name": ["1"]});
    let answer = app
        .ask(Ask::post(BULK, gzip(asked.to_string().as_bytes())).header("content-encoding", "gzip").bearer("tg_anon_x"))
        .await;
    assert_eq!(answer.status, 401, "a wrong token is never nobody's");
    let answer = app.ask(Ask::post(BULK, gzip(asked.to_string().as_bytes())).header("content-encoding", "gzip")).await;
    assert_eq!(
        titles(&answer),
        [
            "evil: npm evil 1.0.2 is blocked: malware (MAL-2026-1)".to_owned(),
            "evil: Prototype Pollution".to_owned(),
            "good: Prototype Pollution".to_owned(),
        ]
    );
    assert_eq!(titles(&audit(&app, &asked).await).len(), 3);
    let requests = app.upstream.requests();
    assert_eq!(requests.len(), 1, "the same question is asked once a minute");
    let sent = &requests[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", BULK));
    assert_eq!(sent.headers["content-encoding"], "gzip");
    assert_eq!(sent.headers["content-type"], "application/json");
    assert!(sent.headers.get("authorization").is_none());
    assert_eq!(gunzip(&sent.body), br#"{"evil":["1.0.2"],"good":["1.0.0"]}"#);
    app.advance(61);
    audit(&app, &asked).await;
    assert_eq!(app.upstream.count(BULK), 2);
}

#[tokio::test]
async fn without_a_usable_answer_of_the_registry_the_answer_is_ours_alone() {
    let big = format!("{{\"evil\":[{}{{}}]}}", "{},".repeat(3 << 20));
    for (reply, name) in [
        (Reply::status(404), "404"),
        (Reply::status(405), "405"),
        (Reply::status(401), "401"),
        (Reply::status(500), "500"),
        (Reply::status(204), "204"),
        (Reply::redirect("https://elsewhere.example/"), "redirect"),
        (Reply::json("<html>"), "html"),
        (Reply::json("[]"), "list"),
        (Reply::json("{\"evil\":").half(), "half"),
        (Reply::json("{\"evil\":[]}").hang(), "hang"),
        (Reply::dropped(), "dropped"),
        (Reply::zeros(20 << 20), "zeros"),
        (Reply::json(gzip(&vec![b' '; 64 << 20])).header("content-encoding", "gzip"), "bomb"),
        (Reply::json(big), "large"),
        (Reply::json("{}").delay(Duration::from_secs(60)), "slow"),
    ] {
        let app = Setup::default().malware("MAL-2026-1", "pkg:npm/evil@1.0.2").start().await;
        app.upstream.on(BULK, reply);
        let began = std::time::Instant::now();
        let answer = audit(&app, &json!({"evil": ["1.0.2"]})).await;
        assert_eq!((answer.status, titles(&answer).len()), (200, 1), "{name}: {}", answer.show());
        assert!(began.elapsed() < Duration::from_secs(8), "{name}");
    }
}

#[tokio::test]
async fn a_registry_without_audits_is_not_asked_each_time() {
    let app = started().await;
    app.upstream.on(BULK, Reply::status(405));
    for n in 0..3 {
        audit(&app, &json!({"good": [format!("1.0.{n}")]})).await;
    }
    assert_eq!(app.upstream.count(BULK), 1);
    app.upstream.on(BULK, Reply::status(500));
    app.advance(61);
    for n in 0..3 {
        audit(&app, &json!({"good": [format!("1.0.{n}")]})).await;
    }
    assert_eq!(app.upstream.count(BULK), 4, "what one question may have caused does not end the others");
}

#[tokio::test]
async fn the_tree_of_older_clients_is_answered_in_their_form() {
    let app = started().await;
    let theirs = json!({"id": 7, "title": "Prototype Pollution", "severity": "low", "vulnerable_versions": "<1.0.1"});
    app.upstream.on(BULK, Reply::json(json!({"good": [theirs]}).to_string()));
    let tree = json!({"name": "p", "version": "1.0.0", "requires": {}, "dependencies": {
        "good": {"version": "1.0.0", "requires": {"evil": "*"}, "dependencies": {"evil": {"version": "1.0.2"}}}}});
    for path in [QUICK, "/npm/-/npm/v1/security/audits"] {
        let answer = app.ask(Ask::post(path, tree.to_string())).await;
        let body = answer.json();
        let all: Vec<&Value> = body["advisories"].as_object().unwrap().values().collect();
        let shown: Vec<_> = all
            .iter()
            .map(|a| (a["title"].as_str().unwrap(), a["findings"][0]["paths"][0].as_str().unwrap()))
            .collect();
        let evil = "npm evil 1.0.2 is blocked: malware (MAL-2026-1)";
        assert_eq!(shown, [(evil, "good>evil"), ("Prototype Pollution", "good")], "{path}");
        assert_eq!(body["metadata"]["vulnerabilities"]["critical"], 1);
    }
    let asked: Vec<_> = app.upstream.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(asked, [BULK], "the registry is asked by one address");
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_is_refused() {
    let app = started().await;
    for path in [BULK, QUICK] {
        for bad in ["", "{", "[]", "null", "{\"a\":1} x"] {
            let answer = app.ask(Ask::post(path, bad)).await;
            assert_problem(&answer, 400, "invalid_request");
        }
        let plain = Ask::new("POST", path).body("{}");
        assert_problem(&app.ask(plain.clone()).await, 415, "unsupported_media_type");
        assert_problem(&app.ask(plain.header("content-type", "text/plain")).await, 415, "unsupported_media_type");
        assert_problem(
            &app.ask(Ask::post(path, "{}").header("content-encoding", "br")).await,
            415,
            "unsupported_media_type",
        );
        assert_problem(
            &app.ask(Ask::post(path, "{}").header("content-encoding", "gzip")).await,
            400,
            "invalid_request",
        );
        let large = vec![b' '; 9 << 20];
        assert_problem(&app.ask(Ask::post(path, large.clone())).await, 413, "body_too_large");
        let bomb = Ask::post(path, gzip(&large)).header("content-encoding", "gzip");
        assert_problem(&app.ask(bomb).await, 413, "body_too_large");
        for method in ["GET", "PUT", "DELETE"] {
            let answer = app.ask(Ask::post(path, "{}").method(method)).await;
            assert_problem(&answer, 405, "unsupported_method");
            assert_eq!(answer.header("allow"), Some("POST"));
        }
    }
    let many = (0..20_001).map(|n| (format!("p{n}"), json!(["1.0.0"]))).collect::<serde_json::Map<_, _>>();
    assert_problem(&audit(&app, &Value::Object(many)).await, 400, "invalid_request");
    assert!(app.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_tree_of_a_million_dependencies_in_a_few_bytes_is_refused() {
    let app = started().await;
    let tree = format!(r#"{{"dependencies":{{{}"z":{{}}}}}}"#, r#""a":{},"#.repeat(1_100_000));
    let packed = gzip(tree.as_bytes());
    let answer = app.ask(Ask::post(QUICK, packed).header("content-encoding", "gzip")).await;
    assert_problem(&answer, 400, "invalid_request");
    assert!(app.upstream.requests().is_empty());
}

#[tokio::test]
async fn the_registry_is_asked_about_versions_alone_and_an_alias_is_the_release_behind_it() {
    let app = started().await;
    app.upstream.on(BULK, Reply::json("{}"));
    let asked = json!({"x": ["npm:evil@1.0.2"], "good": ["1.0.0", "git+ssh://git@host.example/acme/secret.git"],
        "y": ["file:../acme"], "@a/worm": ["latest"]});
    let told = titles(&audit(&app, &asked).await);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("@a/worm: ") && told[1].starts_with("evil: npm evil 1.0.2 is blocked"), "{told:?}");
    let tree = json!({"dependencies": {"x": {"version": "npm:evil@1.0.2"}}});
    let report = app.ask(Ask::post(QUICK, tree.to_string())).await.json();
    let found = report["advisories"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&found["module_name"], &found["findings"][0]["paths"]), (&json!("evil"), &json!(["x"])));
    let sent: Vec<_> = app.upstream.requests().iter().map(|r| String::from_utf8(gunzip(&r.body)).unwrap()).collect();
    assert_eq!(sent, [r#"{"evil":["1.0.2"],"good":["1.0.0"]}"#, r#"{"evil":["1.0.2"]}"#]);
}

#[tokio::test]
async fn bodies_that_do_not_arrive_keep_nobody_from_an_audit() {
    let app = started().await;
    let served = app.serve().await;
    let mut slow = Vec::new();
    for n in 0..32 {
        let length = if n == 0 { "Content-Length: 2064384" } else { "Transfer-Encoding: chunked" };
        let start = if n == 0 { "{" } else { "1\r\n{\r\n" };
        let head = format!(
            "POST /osv/v1/query HTTP/1.1\r\nHost: 127.0.0.1:8417\r\nContent-Type: application/json\r\n{length}\r\n\r\n{start}"
        );
        let mut stream = served.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = std::time::Instant::now();
    // Another's, and the very client's.
    for from in ["192.0.2.7", "127.0.0.1"] {
        let answer = app.ask(Ask::post(BULK, r#"{"evil":["1.0.2"]}"#).from(from)).await;
        assert_eq!((answer.status, titles(&answer).len()), (200, 1), "{from}: {}", answer.show());
        let query = r#"{"package":{"name":"evil","ecosystem":"npm"},"version":"1.0.2"}"#;
        assert_eq!(app.ask(Ask::post("/osv/v1/query", query).from(from)).await.status, 200, "{from}");
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drop(slow);
    served.stop().await;
}

#[tokio::test]
async fn what_a_stranger_writes_for_a_version_does_not_come_back_to_a_terminal() {
    let app = started().await;
    let answer = audit(&app, &json!({"@a/worm": ["1.0.0\u{1b}[2J\n", "\u{202e}9"]})).await;
    let text = answer.text();
    assert!(answer.status == 200 && text.is_ascii() && !text.contains("\\u") && !text.contains("\\n"), "{text}");
    assert!(answer.json()["@a/worm"].as_array().unwrap().iter().all(|a| a["vulnerable_versions"] == "*"), "{text}");
}

#[tokio::test]
async fn an_audit_needs_a_token_where_packages_do() {
    let app = Setup::default().set("anonymous", "false").malware("MAL-1", "pkg:npm/evil").start().await;
    assert_problem(&audit(&app, &json!({"evil": ["1.0.0"]})).await, 401, "token_required");
    let person = app.register("you@example.com").await;
    let answer = app.ask(Ask::post(BULK, r#"{"evil":["1.0.0"]}"#).bearer(&person.key)).await;
    assert_eq!(titles(&answer).len(), 1);
    assert!(app.ledger().await.is_empty(), "an audit takes nothing");
}
