//! The gate test: every route that serves metadata or artifacts, asked in every way, with a blocked release behind it.
//!
//! The tables below have a row for each route; a route that is added without one fails the test.

use sekisho_core::Ecosystem;
use sekisho_core::org::Role;
use sekisho_npm::path::NpmRoute;
use sekisho_pypi::path::PypiRoute;
use sekisho_testkit::{Answer, Ask, Reply, Setup, TestApp, fixtures};
use serde_json::{Value, json};

use crate::console::support::{Browser, Company, address};

/// What a route may show of a blocked release.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shows {
    /// `200` without any trace of it.
    Nothing,
    /// `200`, its file listed as yanked, without core metadata.
    Yanked,
    /// `403 package_blocked`.
    Refusal,
    /// It knows of no releases at all.
    NoPackages,
}

/// One address of a route, about the blocked release, and the same about a good one.
pub(super) struct Row {
    blocked: &'static str,
    good: &'static str,
    accept: &'static str,
    shows: Shows,
    pub(super) artifact: bool,
}

const fn row(blocked: &'static str, good: &'static str, accept: &'static str, shows: Shows, artifact: bool) -> Row {
    Row { blocked, good, accept, shows, artifact }
}

const FULL: &str = "application/json";
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";
const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "text/html";

const AUDIT_BULK: &str = "/npm/-/npm/v1/security/advisories/bulk";
const AUDIT_TREE: &str = "/npm/-/npm/v1/security/audits/quick";

/// A match without a wildcard: a new route does not compile until it has its rows here.
pub(super) fn npm_rows(route: NpmRoute) -> Vec<Row> {
    use Shows::{NoPackages, Nothing, Refusal};
    match route {
        NpmRoute::Packument => vec![
            row("/npm/mixed", "/npm/good", FULL, Nothing, false),
            row("/npm/mixed", "/npm/good", ABBREVIATED, Nothing, false),
            row("/npm/bad", "/npm/good", FULL, Refusal, false),
            row("/npm/bad", "/npm/good", ABBREVIATED, Refusal, false),
            row("/npm/allbad", "/npm/good", FULL, Refusal, false),
            row("/npm/@s%2fbad", "/npm/@s%2Fgood", FULL, Refusal, false),
        ],
        NpmRoute::Version => vec![
            row("/npm/mixed/6.6.6", "/npm/mixed/1.0.0", FULL, Refusal, false),
            row("/npm/mixed/latest", "/npm/good/latest", FULL, Nothing, false),
            row("/npm/bad/6.6.6", "/npm/good/1.0.0", FULL, Refusal, false),
            row("/npm/@s/bad/latest", "/npm/@s/good/latest", FULL, Refusal, false),
        ],
        NpmRoute::Tarball => vec![
            row("/npm/mixed/-/mixed-6.6.6.tgz", "/npm/mixed/-/mixed-1.0.0.tgz", FULL, Refusal, true),
            row("/npm/bad/-/bad-6.6.6.tgz", "/npm/good/-/good-1.0.0.tgz", FULL, Refusal, true),
            row("/npm/@s/bad/-/bad-6.6.6.tgz", "/npm/@s/good/-/good-1.0.0.tgz", FULL, Refusal, true),
            row("/npm/@s%2fbad/-/bad-6.6.6.tgz", "/npm/@s%2fgood/-/good-1.0.0.tgz", FULL, Refusal, true),
            row("/npm/gone/-/gone-6.6.6.tgz", "/npm/gone/-/gone-1.0.0.tgz", FULL, Refusal, true),
        ],
        NpmRoute::DistTags => vec![
            row("/npm/-/package/mixed/dist-tags", "/npm/-/package/good/dist-tags", FULL, Nothing, false),
            row("/npm/-/package/bad/dist-tags", "/npm/-/package/good/dist-tags", FULL, Refusal, false),
        ],
        NpmRoute::Search => vec![row("/npm/-/v1/search?text=x", "/npm/-/v1/search?text=good", FULL, Nothing, false)],
        NpmRoute::Attestations => vec![
            row(
                "/npm/-/npm/v1/attestations/mixed@6.6.6",
                "/npm/-/npm/v1/attestations/mixed@1.0.0",
                FULL,
                Refusal,
                false,
            ),
            row(
                "/npm/-/npm/v1/attestations/@s%2fbad@6.6.6",
                "/npm/-/npm/v1/attestations/good@1.0.0",
                FULL,
                Refusal,
                false,
            ),
            row("/-/npm/v1/attestations/mixed@6.6.6", "/-/npm/v1/attestations/mixed@1.0.0", FULL, Refusal, false),
        ],
        // What it says about a release is that it is refused: see the contract of audits.
        NpmRoute::AuditBulk => vec![row(AUDIT_BULK, AUDIT_BULK, FULL, NoPackages, false)],
        NpmRoute::AuditTree => vec![row(AUDIT_TREE, AUDIT_TREE, FULL, NoPackages, false)],
        NpmRoute::Keys => vec![row("/npm/-/npm/v1/keys", "/npm/-/npm/v1/keys", FULL, NoPackages, false)],
        NpmRoute::Tokens => vec![row("/npm/-/npm/v1/tokens", "/npm/-/npm/v1/tokens", FULL, NoPackages, false)],
        NpmRoute::Ping => vec![row("/npm/-/ping", "/npm/-/ping", FULL, NoPackages, false)],
        NpmRoute::Whoami => vec![row("/npm/-/whoami", "/npm/-/whoami", FULL, NoPackages, false)],
        NpmRoute::Unknown => vec![row("/npm/-/v1/x", "/npm/-/v1/x", FULL, NoPackages, false)],
    }
}

pub(super) fn pypi_rows(route: PypiRoute) -> Vec<Row> {
    use Shows::{NoPackages, Refusal, Yanked};
    const MIXED: &str = "/pypi/files/mixed/mixed-6.6.6-py3-none-any.whl";
    const MIXED_GOOD: &str = "/pypi/files/mixed/mixed-1.0.0-py3-none-any.whl";
    const BAD: &str = "/pypi/files/bad/bad-6.6.6-py3-none-any.whl";
    const GONE: &str = "/pypi/files/gone/gone-6.6.6-py3-none-any.whl";
    const GONE_GOOD: &str = "/pypi/files/gone/gone-1.0.0-py3-none-any.whl";
    match route {
        PypiRoute::Root => vec![
            row("/pypi/simple/", "/pypi/simple/", JSON, NoPackages, false),
            row("/pypi/simple/", "/pypi/simple/", HTML, NoPackages, false),
        ],
        PypiRoute::Project => vec![
            row("/pypi/simple/mixed/", "/pypi/simple/good/", JSON, Yanked, false),
            row("/pypi/simple/mixed/", "/pypi/simple/good/", HTML, Yanked, false),
            row("/pypi/simple/bad/", "/pypi/simple/good/", JSON, Yanked, false),
            row("/pypi/simple/bad/", "/pypi/simple/good/", HTML, Yanked, false),
        ],
        PypiRoute::File => vec![
            row(MIXED, MIXED_GOOD, "*/*", Refusal, true),
            row(BAD, "/pypi/files/good/good-1.0.0-py3-none-any.whl", "*/*", Refusal, true),
            row(GONE, GONE_GOOD, "*/*", Refusal, true),
        ],
        PypiRoute::Metadata => vec![
            row(
                "/pypi/files/mixed/mixed-6.6.6-py3-none-any.whl.metadata",
                "/pypi/files/mixed/mixed-1.0.0-py3-none-any.whl.metadata",
                "*/*",
                Refusal,
                false,
            ),
            row(
                "/pypi/files/bad/bad-6.6.6-py3-none-any.whl.metadata",
                "/pypi/files/good/good-1.0.0-py3-none-any.whl.metadata",
                "*/*",
                Refusal,
                false,
            ),
        ],
    }
}

/// Every address that the API and the pages route, and whether it can lead to a package's bytes or metadata: none can.
pub(super) const PAGES: [&str; 26] = [
    "/api/v1/tokens",
    "/api/v1/tokens/status",
    "/api/v1/tokens/regenerate",
    "/api/v1/tokens/reset",
    "/api/v1/tokens/pattern",
    "/api/v1/leaks",
    "/api/v1/openapi.json",
    "/bots/exchange",
    "/osv/v1/query",
    "/osv/v1/querybatch",
    "/osv/v1/vulns/{id}",
    "/problems/{code}",
    "/why/{ecosystem}/{*rest}",
    "/login/{page}",
    "/login/{page}/address",
    "/login/{page}/code",
    "/login/{page}/end",
    "/assets/page.css",
    "/assets/icon.svg",
    "/favicon.ico",
    "/o/{org_id}/guard/org-user-tokens",
    "/o/{org_id}/guard/org-user-tokens/probe",
    "/o/{org_id}/guard/org-user-tokens/by-id/{token_id}",
    "/o/{org_id}/guard/org-user-tokens/by-id/{token_id}/rotate",
    "/o/{org_id}/guard/installs",
    "/o/{org_id}/guard/audit",
];

const VERSIONS: [&str; 2] = ["1.0.0", "6.6.6"];

async fn started() -> TestApp {
    let app = Setup::default()
        .malware("MAL-1", "pkg:npm/mixed@6.6.6")
        .malware("MAL-2", "pkg:npm/bad")
        .malware("MAL-3", "pkg:npm/allbad@1.0.0")
        .malware("MAL-3", "pkg:npm/allbad@6.6.6")
        .malware("MAL-4", "pkg:npm/@s/bad")
        .malware("MAL-5", "pkg:npm/gone@6.6.6")
        .malware("MAL-6", "pkg:pypi/mixed@6.6.6")
        .malware("MAL-7", "pkg:pypi/bad")
        .malware("MAL-8", "pkg:pypi/gone@6.6.6")
        .start()
        .await;
    for name in ["mixed", "bad", "allbad", "@s/bad"] {
        fixtures::npm(&app.upstream, name, &VERSIONS);
    }
    for name in ["good", "@s/good", "gone"] {
        fixtures::npm(&app.upstream, name, &["1.0.0"]);
    }
    let found = |name: &str, version: &str| json!({"package": {"name": name, "version": version}});
    let all = [found("mixed", "6.6.6"), found("bad", "6.6.6"), found("allbad", "6.6.6"), found("good", "1.0.0")];
    for text in ["x", "good"] {
        app.upstream.on(&format!("/npm/-/v1/search?text={text}"), Reply::json(json!({ "objects": all }).to_string()));
    }
    for release in ["mixed@6.6.6", "mixed@1.0.0", "good@1.0.0"] {
        let path = format!("/npm/-/npm/v1/attestations/{release}");
        app.upstream.on(&path, Reply::json(r#"{"attestations":[{"of":"6.6.6"}]}"#));
    }
    for name in ["mixed", "bad"] {
        fixtures::pypi(&app.upstream, name, &VERSIONS);
    }
    for name in ["good", "gone"] {
        fixtures::pypi(&app.upstream, name, &["1.0.0"]);
    }
    app
}

fn rows() -> Vec<Row> {
    let npm = NpmRoute::ALL.into_iter().flat_map(|route| {
        let rows = npm_rows(route);
        let serves = rows.iter().any(|row| row.shows != Shows::NoPackages);
        assert_eq!(serves, route.serves_packages(), "{route:?} has rows of another sort than it says it serves");
        rows
    });
    npm.chain(PypiRoute::ALL.into_iter().flat_map(pypi_rows)).collect()
}

/// The ways in which an address is asked.
pub(super) fn ways(path: &str, accept: &str) -> [(&'static str, Ask); 5] {
    let ask = |ask: Ask| ask.header("accept", accept);
    [
        ("GET", ask(Ask::get(path))),
        ("GET gzip", ask(Ask::get(path)).header("accept-encoding", "gzip")),
        ("HEAD", ask(Ask::head(path))),
        ("Range", ask(Ask::get(path)).header("range", "bytes=0-3")),
        ("If-None-Match", ask(Ask::get(path)).header("if-none-match", "*")),
    ]
}

/// The release does not come out of this answer.
fn assert_kept_in(row: &Row, way: &str, answer: &Answer) {
    let context = || format!("{} ({way}, {}): {}", row.blocked, row.accept, answer.show());
    assert_eq!(answer.header("location"), None, "{}", context());
    let text = answer.text();
    match row.shows {
        Shows::NoPackages => {}
        Shows::Refusal => {
            assert_eq!(answer.status, 403, "{}", context());
            assert_eq!(answer.header("x-guard-notice"), Some("package-blocked"), "{}", context());
            assert!(!text.contains("a tarball") && !text.contains("Metadata-Version"), "{}", context());
        }
        Shows::Nothing => {
            assert!(matches!(answer.status, 200 | 304), "{}", context());
            assert!(!text.contains("6.6.6"), "{}", context());
        }
        Shows::Yanked => {
            assert!(matches!(answer.status, 200 | 304), "{}", context());
            if answer.status == 200 && !way.starts_with("HEAD") {
                assert_yanked(&text, row.accept, &context());
            }
        }
    }
}

/// Every file of the release is yanked by us and promises no core metadata.
fn assert_yanked(text: &str, accept: &str, context: &str) {
    let files: Vec<String> = match accept {
        JSON => {
            let page: Value = serde_json::from_str(text).unwrap();
            page["files"].as_array().unwrap().iter().map(Value::to_string).collect()
        }
        _ => text.split("<a ").skip(1).map(str::to_owned).collect(),
    };
    let blocked: Vec<&String> = files.iter().filter(|file| file.contains("6.6.6")).collect();
    assert_eq!(blocked.len(), 1, "{context}");
    for file in blocked {
        assert!(file.contains("yanked") && file.contains("Blocked by Sekisho"), "{context}");
        let file: Value = serde_json::from_str(file).unwrap_or(Value::String(file.clone()));
        match &file {
            Value::Object(file) => {
                assert!(file.get("core-metadata").is_none_or(|v| v == false), "{context}");
            }
            file => assert!(!file.to_string().contains("core-metadata"), "{context}"),
        }
    }
}

/// Where an answer comes from: fresh, from memory, then stale while the upstream is down.
pub(super) const ROUNDS: [&str; 3] = ["fresh", "remembered", "stale"];

#[tokio::test]
async fn a_blocked_release_comes_out_of_no_route_however_it_is_asked_for() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    for round in ROUNDS {
        if round == "stale" {
            app.upstream.stop();
            app.advance(3600);
        }
        for row in rows() {
            for (way, ask) in ways(row.blocked, row.accept) {
                assert_kept_in(&row, &format!("{way}, {round}"), &app.ask(ask.clone()).await);
                assert_kept_in(&row, &format!("{way}, {round}, key"), &app.ask(ask.bearer(&person.key)).await);
            }
        }
    }
    let taken: Vec<_> = app.ledger().await.into_iter().filter(|row| row.outcome == "answered").collect();
    assert!(taken.is_empty(), "{taken:?}");
}

#[tokio::test]
async fn a_release_that_is_blocked_after_it_was_served_is_kept_in_from_the_next_request_on() {
    let app = started().await;
    app.set_malware(&[]);
    let mut held = Vec::new();
    for row in rows() {
        let answer = app.ask(Ask::get(row.blocked).header("accept", row.accept)).await;
        held.push(answer.header("etag").map(str::to_owned));
    }
    let everything = started().await.app.gate.current().blocklist.clone();
    app.app.gate.set_blocklist(everything);
    for (row, etag) in rows().into_iter().zip(held) {
        let Some(etag) = etag.filter(|_| row.shows != Shows::NoPackages) else { continue };
        // What the client holds shows the release: it must not be told that it still stands.
        let ask = Ask::get(row.blocked).header("accept", row.accept).header("if-none-match", &etag);
        let answer = app.ask(ask).await;
        assert_ne!(answer.status, 304, "{} ({})", row.blocked, row.accept);
        assert_kept_in(&row, "If-None-Match of before", &answer);
    }
}

#[tokio::test]
async fn every_artifact_that_is_answered_with_is_recorded_before_the_answer() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    for row in rows() {
        for (way, ask) in ways(row.good, row.accept) {
            let before = app.ledger().await;
            let answer = app.ask(ask.bearer(&person.key)).await;
            let after = app.ledger().await;
            let rows = after.len() - before.len();
            let context = format!("{} ({way}): {}", row.good, answer.show());
            if !row.artifact {
                assert_eq!(rows, 0, "metadata is no install: {context}");
                assert_eq!(answer.header("location"), None, "{context}");
            } else if way == "HEAD" {
                assert_eq!((answer.status, rows), (200, 0), "{context}");
                assert_eq!(answer.header("location"), None, "{context}");
            } else {
                // A part is passed on, because not every client follows a redirect with it.
                assert_eq!((answer.status, rows), (if way == "Range" { 206 } else { 302 }, 1), "{context}");
                let newest = after.iter().find(|row| !before.contains(row)).unwrap();
                let file = row.good.rsplit('/').next().unwrap();
                assert_eq!((newest.file.as_str(), newest.outcome.as_str()), (file, "answered"), "{context}");
                assert_eq!(newest.version, "1.0.0", "{context}");
            }
        }
    }
}

#[tokio::test]
async fn every_refused_artifact_is_recorded_and_why() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    for row in rows().into_iter().filter(|row| row.artifact) {
        let before = app.ledger().await.len();
        assert_eq!(app.ask(Ask::get(row.blocked).bearer(&person.key)).await.status, 403);
        let entry = app.ledger().await.remove(0);
        assert_eq!(app.ledger().await.len(), before + 1, "{}", row.blocked);
        assert_eq!((entry.outcome.as_str(), entry.reason.as_str()), ("refused", "malware"), "{}", row.blocked);
        assert_eq!(entry.version, "6.6.6", "{}", row.blocked);
        assert!(entry.advisories[0].starts_with("MAL-"), "{}", row.blocked);
        app.ask(Ask::head(row.blocked).bearer(&person.key)).await;
        assert_eq!(app.ledger().await.len(), before + 1, "a HEAD takes nothing: {}", row.blocked);
    }
    let counted = app.anonymous(Ecosystem::Npm, "mixed").await;
    assert!(counted.is_empty(), "these requests had a key: {counted:?}");
}

#[tokio::test]
async fn no_artifact_leaves_when_it_cannot_be_recorded() {
    let app = started().await;
    let artifacts: Vec<Row> = rows().into_iter().filter(|row| row.artifact).collect();
    for row in &artifacts {
        assert_eq!(app.get(row.good).await.status, 302, "{}", row.good);
    }
    app.app.store.close().await;
    for row in &artifacts {
        let answer = app.get(row.good).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "database_unavailable"), "{}", row.good);
        assert_eq!(answer.header("location"), None, "{}", row.good);
        assert_eq!(app.get(row.blocked).await.status, 403, "a refusal stands: {}", row.blocked);
    }
}

/// The API's and the pages' routes are listed in the source by `route("…"`: read from there, because a router does not
/// tell which routes it has.
#[test]
fn every_page_route_has_a_row() {
    let source = include_str!("../../src/handle.rs");
    let routes: Vec<&str> = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(routes, PAGES, "a route was added: does it serve packages? Then it needs rows in the gate's test");
    // The organisation API is a router of its own in the same file, whose routes stand behind the others here.
    let source = source.replace(".merge(guard())", "");
    for other in [".nest(", ".merge(", "route_service(", "fallback_service(", "nest_service("] {
        assert!(!source.contains(other), "{other}: routes that this test can't see");
    }
}

/// The console's routes, read from the source as those above.
pub(super) fn console_routes() -> Vec<&'static str> {
    let source = include_str!("../../src/console/mod.rs");
    let named = source.split(".route(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let routes: Vec<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(routes.len(), source.matches(".route(").count(), "a route that this test can't read");
    for other in [".nest(", ".merge(", "route_service(", "fallback_service(", "nest_service("] {
        assert!(!source.contains(other), "{other}: routes that this test can't see");
    }
    routes
}

#[tokio::test]
async fn no_page_of_the_console_leads_to_a_package_s_bytes_or_metadata() {
    let app = started().await;
    let company = Company::of(&app).await;
    let token = app.org_token(company.org, "owner@acme.example", None).await;
    let bot = app.bot(company.org, Role::GuardViewer).await;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let asked = app.upstream.requests().len();
    for route in console_routes() {
        let path = route.replace("{org_id}", &company.org.to_string()).replace("{bot_id}", &bot.id.to_string());
        let path = path.replace("{token_id}", &token.id.to_string()).replace("{row_id}", "x");
        let ends_the_session = matches!(route, "/sign-out" | "/me/sessions/end-all");
        let mut answers = vec![owner.get(&app, &path).await];
        if !ends_the_session {
            answers.push(owner.post(&app, &path, &[]).await);
        }
        for answer in answers {
            assert!(answer.header("location").is_none_or(|to| to.starts_with('/') && !to.starts_with("//")), "{path}");
            let text = answer.text();
            assert!(!text.contains("a tarball") && !text.contains("sha512-"), "{path}: {text}");
        }
    }
    assert_eq!(app.upstream.requests().len(), asked, "no page asks a registry");
}

#[tokio::test]
async fn no_page_route_leads_to_a_package_s_bytes_or_metadata() {
    let app = started().await;
    let person = app.register("you@example.com").await;
    for page in PAGES {
        let path = page
            .replace("{code}", "package_blocked")
            .replace("{id}", "MAL-1")
            .replace("{ecosystem}/{*rest}", "npm/mixed/6.6.6");
        let path = path.replace("{page}", "77777777-7777-4777-b777-777777777777");
        for method in ["GET", "HEAD", "POST", "PUT"] {
            let ask = Ask::post(&path, r#"{"email":"a@example.com","code":"0000000000","tokens":[]}"#).method(method);
            let answer = app.ask(ask.bearer(&person.key)).await;
            assert_eq!(answer.header("location"), None, "{method} {path}");
            let text = answer.text();
            assert!(!text.contains("a tarball") && !text.contains("integrity"), "{method} {path}: {text}");
        }
    }
    assert!(app.upstream.requests().is_empty(), "no page asks a registry");
}
