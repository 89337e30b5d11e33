//! The install log: who took what, page by page and as an export.

use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use axum::body::Body;
use futures_util::StreamExt;
use sekisho_core::id::{BotId, CiSessionId, EntryId, OrgId};
use sekisho_core::org::Role;
use sekisho_core::{Clock, Ecosystem, Random};
use sekisho_store::{Entry, Outcome, Pipeline, Taker, Trace, Who};
use sekisho_testkit::{Answer, Ask, Setup, TestApp, TestBot};
use serde_json::Value;

use super::started;
use crate::support::{assert_problem, on_both_engines, shown};

const TARBALL: &str = "/npm/left-pad/-/left-pad-1.0.0.tgz";
const WHEEL: &str = "/pypi/files/flask/flask-1.0-py3-none-any.whl";

struct World {
    app: TestApp,
    org: OrgId,
    viewer: TestBot,
}

async fn world(setup: Setup) -> World {
    let app = started(setup.malware("MAL-2026-1", "pkg:npm/left-pad@6.6.6")).await;
    let org = app.organisation("acme").await;
    let viewer = app.bot(org, Role::GuardViewer).await;
    World { app, org, viewer }
}

impl World {
    async fn ask(&self, query: &str) -> Answer {
        self.app.ask(self.request(query)).await
    }

    fn request(&self, query: &str) -> Ask {
        Ask::get(&format!("/o/{}/guard/installs{query}", self.org)).bearer(&self.viewer.credential)
    }

    async fn items(&self, query: &str) -> Vec<Value> {
        let answer = self.ask(query).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        answer.json()["items"].as_array().unwrap().clone()
    }

    /// The names and persons of what a query finds.
    async fn found(&self, query: &str) -> Vec<String> {
        let item = |item: Value| {
            let who = [&item["user_identifier"], &item["repository"]].into_iter().find_map(Value::as_str);
            format!(
                "{}@{} {}",
                item["package"]["name"].as_str().unwrap(),
                item["package"]["version"].as_str().unwrap_or("-"),
                who.unwrap_or("-")
            )
        };
        self.items(query).await.into_iter().map(item).collect()
    }

    async fn takes(&self, identifier: &str, path: &str) {
        let token = self.app.org_token(self.org, identifier, None).await;
        let answer = self.app.ask(Ask::get(path).bearer(&token.key)).await;
        assert!(answer.status < 404, "{}", answer.show());
        self.app.advance(1);
    }

    /// Writes rows of a pipeline, as its session would.
    async fn pipeline_takes(&self, bot: BotId, name: &str, versions: &[&str]) {
        for version in versions {
            let at = self.app.clock.now();
            let chance: &dyn Random = &*self.app.random;
            let pipeline = Pipeline {
                repository: "acme/shop".into(),
                workflow: "ci.yml".into(),
                run: "42".into(),
                commit: "0a1b2c".into(),
            };
            let who = Who::Session {
                org: self.org,
                bot,
                session: CiSessionId::mint(at, chance),
                pipeline: Box::new(pipeline),
            };
            let trace = Trace {
                id: EntryId::mint(at, chance),
                who,
                client_name: "npm".into(),
                client_version: "11.4.2".into(),
                address: "192.0.2.7".into(),
            };
            let entry = Entry {
                at,
                ecosystem: Ecosystem::Npm,
                name: name.into(),
                version: (*version).into(),
                file: format!("x-{version}.tgz"),
                outcome: Outcome::Answered,
                taker: Taker::Token(trace),
            };
            assert!(self.app.app.store.ledger().record(entry).await.unwrap().is_answered());
            self.app.advance(1);
        }
    }

    async fn export(&self, query: &str, accept: &str) -> Answer {
        let answer = self.app.ask(self.request(query).header("accept", accept)).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        assert_eq!(answer.header("content-type"), Some(accept));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer
    }
}

on_both_engines! {
    async fn who_took_a_release_is_one_call(setup) {
        let w = world(setup).await;
        w.takes("alice@example.com", TARBALL).await;
        w.takes("bob@example.com", WHEEL).await;
        w.takes("carol@example.com", TARBALL).await;
        assert_eq!(
            w.found("?package=pkg:npm/left-pad@1.0.0").await,
            ["left-pad@1.0.0 carol@example.com", "left-pad@1.0.0 alice@example.com"]
        );
        assert_eq!(w.found("?package=pkg%3Anpm%2Fleft-pad%401.0.0&user_identifier_prefix=a").await.len(), 1);
        assert_eq!(w.found("?ecosystem=pypi&package=Flask&version=1.0.0").await, ["flask@1.0 bob@example.com"], "spellings of one version");
        assert_eq!(w.found("?package=pkg:npm/left-pad@2.0.0").await.len(), 0);
        let range = async |range: &str| w.found(&format!("?ecosystem=pypi&package=flask&range={range}")).await;
        assert_eq!(range("%3E%3D1,%3C2").await, ["flask@1.0 bob@example.com"]);
        assert_eq!(range("%3E%3D1,!%3D1.0").await.len(), 0);
        assert_eq!(range("%3E1,%3C2").await.len(), 0);
    }

    async fn every_filter_finds_what_it_names(setup) {
        let w = world(setup).await;
        let bot = w.app.bot(w.org, Role::GuardTokenIssuer).await;
        w.takes("a_lice", TARBALL).await;
        w.takes("axlice", TARBALL).await;
        w.takes("a_lice", "/npm/left-pad/-/left-pad-6.6.6.tgz").await;
        let start = w.app.clock.now();
        w.pipeline_takes(bot.id, "@acme/ui", &["1.0.0", "1.5.0", "2.0.0-rc.1", "2.0.0"]).await;
        assert_eq!(w.found("").await.len(), 7);
        assert_eq!(w.found("?user_identifier_prefix=a_").await, ["left-pad@6.6.6 a_lice", "left-pad@1.0.0 a_lice"]);
        assert_eq!(w.found("?outcome=refused").await, ["left-pad@6.6.6 a_lice"]);
        assert_eq!(w.found("?outcome=answered&ecosystem=npm").await.len(), 6);
        assert_eq!(w.found(&format!("?bot_id={}", bot.id)).await.len(), 4);
        assert_eq!(w.found(&format!("?bot_id={}", w.viewer.id)).await.len(), 0);
        assert_eq!(w.found("?repository=acme/shop&package=pkg:npm/%40acme/ui&range=%5E1.0.0").await, ["@acme/ui@1.5.0 acme/shop", "@acme/ui@1.0.0 acme/shop"]);
        assert_eq!(w.found("?repository=acme/sho").await.len(), 0);
        assert_eq!(w.found(&format!("?from={start}")).await.len(), 4);
        assert_eq!(w.found(&format!("?to={start}")).await.len(), 3);
        let item = w.items("?repository=acme/shop&limit=1").await.remove(0);
        assert_eq!((&item["workflow"], &item["run"], &item["commit"]), (&"ci.yml".into(), &"42".into(), &"0a1b2c".into()));
        assert_eq!(item["bot_id"], bot.id.to_string());
    }

    async fn pages_follow_each_other_while_rows_are_added(setup) {
        let w = world(setup).await;
        for n in 0..7 {
            w.takes(&format!("person-{n}"), TARBALL).await;
        }
        let mut found = Vec::new();
        let mut query = "?limit=2".to_owned();
        loop {
            let page = w.ask(&query).await.json();
            found.extend(page["items"].as_array().unwrap().iter().map(|i| i["user_identifier"].as_str().unwrap().to_owned()));
            w.takes("latecomer", TARBALL).await;
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=2&cursor={next}");
        }
        assert_eq!(found, (0..7).rev().map(|n| format!("person-{n}")).collect::<Vec<_>>());
    }

    async fn a_cursor_can_t_be_made_or_moved(setup) {
        let w = world(setup).await;
        let other = w.app.organisation("other").await;
        let stranger = w.app.bot(other, Role::Owner).await;
        let theirs = w.app.org_token(other, "eve@example.com", None).await;
        for n in 0..3 {
            w.takes(&format!("person-{n}"), TARBALL).await;
            assert!(w.app.ask(Ask::get(TARBALL).bearer(&theirs.key)).await.status < 400);
        }
        let filters = "package=pkg:npm/left-pad&version=1.0.0&outcome=answered&limit=1";
        let cursor = w.ask(&format!("?{filters}")).await.json()["next_cursor"].as_str().unwrap().to_owned();
        let of_all = w.ask("?limit=1").await.json()["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(w.found(&format!("?{filters}&cursor={cursor}")).await, ["left-pad@1.0.0 person-1"]);
        let respelled = format!("?ecosystem=npm&package=left-pad&version=1.0.0&outcome=answered&cursor={cursor}");
        assert_eq!(w.found(&respelled).await.len(), 2, "the same question, and another number of rows");
        let changed = |at: usize| {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            format!("{filters}&cursor={}", String::from_utf8(bytes).unwrap())
        };
        let row = w.items("?limit=1").await[0]["id"].as_str().unwrap().to_owned();
        let id = sekisho_core::base::u128_crockford(uuid::Uuid::parse_str(&row).unwrap().as_u128());
        for bad in [
            changed(0), changed(cursor.len() / 2), changed(cursor.len() - 2),
            format!("cursor=IN{id}"), format!("cursor={row}"), format!("cursor={cursor}"), format!("{filters}&cursor={of_all}"),
            format!("package=pkg:npm/left-pad&version=1.0.1&outcome=answered&cursor={cursor}"),
            format!("package=pkg:npm/left-pad&range=1.0.0&outcome=answered&cursor={cursor}"),
            format!("package=pkg:npm/left-pad&version=1.0.0&outcome=refused&cursor={cursor}"),
            format!("{filters}&from=2026-11-01T00:00:00Z&cursor={cursor}"),
            format!("{filters}&user_identifier_prefix=p&cursor={cursor}"),
        ] {
            assert_problem(&w.ask(&format!("?{bad}")).await, 400, "invalid_request");
        }
        let moved = Ask::get(&format!("/o/{other}/guard/installs?limit=1&cursor={of_all}"));
        assert_problem(&w.app.ask(moved.bearer(&stranger.credential)).await, 400, "invalid_request");
        let own = Ask::get(&format!("/o/{other}/guard/installs?limit=1")).bearer(&stranger.credential);
        let own = w.app.ask(own).await.json()["next_cursor"].as_str().unwrap().to_owned();
        assert_problem(&w.ask(&format!("?limit=1&cursor={own}")).await, 400, "invalid_request");
    }

    async fn another_organisation_s_rows_and_personal_ones_are_never_there(setup) {
        let w = world(setup).await;
        let person = w.app.register("you@example.com").await;
        w.app.ask(Ask::get(TARBALL).bearer(&person.key)).await;
        w.app.get(TARBALL).await;
        let other = w.app.organisation("other").await;
        let token = w.app.org_token(other, "eve@example.com", None).await;
        w.app.ask(Ask::get(TARBALL).bearer(&token.key)).await;
        w.takes("alice", TARBALL).await;
        for query in ["", "?package=pkg:npm/left-pad@1.0.0", "?package=pkg:npm/left-pad&range=*", "?ecosystem=npm"] {
            assert_eq!(w.found(query).await, ["left-pad@1.0.0 alice"], "{query}");
        }
        let stranger = w.app.bot(other, Role::Owner).await;
        assert_problem(&w.app.ask(w.request("").without("authorization").bearer(&stranger.credential)).await, 404, "not_found");
        let issuer = w.app.bot(w.org, Role::GuardTokenIssuer).await;
        assert_problem(&w.app.ask(w.request("").without("authorization").bearer(&issuer.credential)).await, 403, "insufficient_role");
        assert_problem(&w.app.ask(w.request("").without("authorization")).await, 401, "token_required");
    }

    async fn exports_have_everything_in_each_form(setup) {
        let w = world(setup).await;
        let bot = w.app.bot(w.org, Role::GuardTokenIssuer).await;
        w.takes("+alice", TARBALL).await;
        w.takes("bob@example.com", "/npm/left-pad/-/left-pad-6.6.6.tgz").await;
        w.pipeline_takes(bot.id, "@acme/ui", &["1.0.0"]).await;
        let csv = w.export("", "text/csv").await.text();
        let lines: Vec<_> = csv.split("\r\n").collect();
        assert_eq!(lines.len(), 5, "{csv}");
        assert!(lines[0].starts_with("id,time,ecosystem,name,version,purl,file,outcome,"));
        assert!(lines[1].contains(",npm,'@acme/ui,1.0.0,pkg:npm/%40acme/ui@1.0.0,"), "{csv}");
        assert!(lines[3].contains(",'+alice,"), "{csv}");
        let ndjson = w.export("", "application/x-ndjson").await.text();
        let rows: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows, w.items("").await);
        let bom = w.export("", "application/vnd.cyclonedx+json").await.json();
        assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
        let components: Vec<_> = bom["components"].as_array().unwrap().iter().map(|c| c["purl"].as_str().unwrap()).collect();
        assert_eq!(components, ["pkg:npm/%40acme/ui@1.0.0", "pkg:npm/left-pad@1.0.0"], "what was refused was not taken");
        let refused = w.export("?outcome=refused", "application/vnd.cyclonedx+json").await.json();
        assert_eq!(refused["components"].as_array().unwrap().len(), 1);
        let nothing = w.export("?package=pkg:npm/nothing", "application/vnd.cyclonedx+json").await.json();
        assert_eq!(nothing["components"], serde_json::json!([]));
        let audit = w.app.app.store.audit().page(w.org, &sekisho_store::AuditFilter::default(), sekisho_core::id::AuditId(uuid::Uuid::max()), 10).await.unwrap();
        let exported: Vec<_> = audit.iter().filter(|row| row.action == "installs.exported").collect();
        assert_eq!(exported.len(), 5);
        assert_eq!(exported[0].actor, w.viewer.id.to_string());
        assert!(exported.iter().any(|row| row.detail.contains("pkg:npm/nothing")));
    }

    async fn an_export_breaks_off_visibly_when_the_database_goes_away(setup) {
        let w = world(setup).await;
        let bot = w.app.bot(w.org, Role::GuardTokenIssuer).await;
        let versions: Vec<String> = (0..2500).map(|n| format!("1.0.{n}")).collect();
        let store = w.app.app.store.clone();
        w.pipeline_takes(bot.id, "big", &versions.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let request = w.request("").header("accept", "text/csv").request();
        let response = w.app.app.handle(request, IpAddr::from([127, 0, 0, 1]).into()).await;
        assert_eq!(response.status(), 200);
        let mut chunks = Body::into_data_stream(response.into_body());
        let first = chunks.next().await.unwrap().unwrap();
        assert!(first.len() > 10_000);
        store.close().await;
        let mut rest = Vec::new();
        while let Some(chunk) = chunks.next().await {
            rest.push(chunk.is_ok());
        }
        assert_eq!(rest.last(), Some(&false), "the last that comes is an error: {rest:?}");
        assert_problem(&w.app.ask(w.request("").header("accept", "text/csv")).await, 503, "database_unavailable");
    }
}

#[tokio::test]
async fn few_exports_run_at_once_and_a_client_that_takes_nothing_loses_its_place() {
    let w = world(Setup::default().set("limits.exports", "3")).await;
    let bot = w.app.bot(w.org, Role::GuardTokenIssuer).await;
    let versions: Vec<String> = (0..3500).map(|n| format!("1.0.{n}")).collect();
    w.pipeline_takes(bot.id, "big", &versions.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let begin = async |credential: &str, path: &str| {
        let request = Ask::get(path).bearer(credential).header("accept", "text/csv").request();
        w.app.app.handle(request, IpAddr::from([127, 0, 0, 1]).into()).await
    };
    let own = format!("/o/{}/guard/installs", w.org);
    let first = begin(&w.viewer.credential, &own).await;
    let second = begin(&w.viewer.credential, &own).await;
    assert_eq!((first.status(), second.status()), (200.try_into().unwrap(), 200.try_into().unwrap()));
    let csv = || w.request("").header("accept", "text/csv");
    let refused = w.app.ask(csv()).await;
    assert_problem(&refused, 429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("30"));
    // Pages are no exports, and another organisation has places of its own; the audit log's exports count too.
    assert_eq!(w.found("?limit=1").await.len(), 1);
    let other = w.app.organisation("other").await;
    let stranger = w.app.bot(other, Role::Owner).await;
    let theirs = begin(&stranger.credential, &format!("/o/{other}/guard/audit")).await;
    assert_eq!(theirs.status(), 200);
    let answer = begin(&stranger.credential, &format!("/o/{other}/guard/installs")).await;
    assert_eq!(answer.status(), 429, "all three are taken");
    drop(theirs);
    drop(second);
    assert_eq!(w.app.ask(csv()).await.status, 200, "the second one's client went away");
    // The first takes something, and then nothing for a minute.
    let mut chunks = Body::into_data_stream(first.into_body());
    assert!(chunks.next().await.unwrap().is_ok());
    assert!(chunks.next().await.unwrap().is_ok());
    let third = begin(&w.viewer.credential, &own).await;
    w.app.advance(59);
    assert_problem(&w.app.ask(csv()).await, 429, "rate_limited");
    w.app.advance(1);
    assert_eq!(w.app.ask(csv()).await.status, 200);
    let mut rest = Vec::new();
    while let Some(chunk) = chunks.next().await {
        rest.push(chunk.is_ok());
    }
    assert_eq!(rest, [false], "nobody takes a part for the whole");
    drop(third);
}

#[tokio::test]
async fn an_export_of_thousands_of_rows_has_each_once() {
    let w = world(Setup::default()).await;
    let bot = w.app.bot(w.org, Role::GuardTokenIssuer).await;
    let versions: Vec<String> = (0..2001).map(|n| format!("1.0.{n}")).collect();
    w.pipeline_takes(bot.id, "big", &versions.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let bom = w.export("", "application/vnd.cyclonedx+json").await.json();
    let mut found: Vec<_> =
        bom["components"].as_array().unwrap().iter().map(|c| c["version"].as_str().unwrap().to_owned()).collect();
    found.reverse();
    assert_eq!(found, versions);
}

#[tokio::test]
async fn a_cyclonedx_export_is_valid_by_its_schema() {
    let w = world(Setup::default()).await;
    let bot = w.app.bot(w.org, Role::GuardTokenIssuer).await;
    w.takes("alice@example.com", TARBALL).await;
    w.takes("alice@example.com", WHEEL).await;
    w.pipeline_takes(bot.id, "@acme/ui", &["1.0.0"]).await;
    // The same release twice: two components that differ by who took them.
    w.takes("bob@example.com", TARBALL).await;
    let document = w.export("", "application/vnd.cyclonedx+json").await.text();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test/venv/bin/python");
    assert!(python.exists(), "the validator is not installed: `make test` installs it");
    let check = "import sys; from cyclonedx.schema import SchemaVersion; \
        from cyclonedx.validation.json import JsonStrictValidator; \
        e = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()); sys.exit(repr(e) if e else 0)";
    let mut validator =
        Command::new(python).args(["-c", check]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    validator.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let done = validator.wait_with_output().unwrap();
    assert!(done.status.success(), "{}\n{document}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn every_bad_parameter_is_named() {
    let w = world(Setup::default()).await;
    let mut said = String::new();
    for query in [
        "ecosystem=cargo",
        "package=left-pad",
        "package=pkg:cargo/x",
        "ecosystem=npm&package=%20",
        "version=1",
        "package=pkg:npm/x@1&version=1",
        "package=pkg:npm/x&version=1&range=2",
        "package=pkg:npm/x&range=latest",
        "package=pkg:pypi/x&range=%5E1",
        "ecosystem=pypi&package=pkg:npm/x",
        "package=pkg:npm/x&version=",
        "user_identifier_prefix=a%25",
        "user_identifier_prefix=a%0Ab",
        "bot_id=BT01",
        "package=pkg:npm/x&version=1%00",
        "repository=",
        "repository=a%00b",
        "outcome=blocked",
        "from=yesterday",
        "to=1",
        "limit=0",
        "limit=1001",
        "limit=many",
        "cursor=IN",
        "cursor=../..",
        "limit=1&limit=2",
        "persn=alice",
    ] {
        let answer = w.ask(&format!("?{query}")).await;
        assert_problem(&answer, 400, "invalid_request");
        said.push_str(&format!("{query}: {}\n", answer.json()["detail"].as_str().unwrap()));
    }
    insta::assert_snapshot!(said);
    for query in ["?limit=5", "?cursor=IN00000000000000000000000000"] {
        let answer = w.app.ask(w.request(query).header("accept", "text/csv")).await;
        assert_problem(&answer, 400, "invalid_request");
    }
    assert_problem(&w.app.ask(w.request("").header("accept", "image/png")).await, 406, "not_acceptable");
    for accept in ["application/json", "*/*", "text/csv;q=0.1, application/json"] {
        let answer = w.app.ask(w.request("").header("accept", accept)).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{accept}");
    }
}

#[tokio::test]
async fn an_item_has_every_field() {
    let w = world(Setup::default()).await;
    w.takes("alice@example.com", "/npm/left-pad/-/left-pad-6.6.6.tgz").await;
    let mut answer = w.ask("").await;
    let ids: Vec<String> = w
        .items("")
        .await
        .iter()
        .flat_map(|i| [i["id"].clone(), i["token_id"].clone()])
        .map(|v| v.as_str().unwrap().to_owned())
        .collect();
    let mut text = answer.text();
    for id in ids {
        text = text.replace(&id, "<id>");
    }
    answer.body = text.into();
    insta::assert_snapshot!(shown(&w.app, &answer));
}

#[tokio::test]
async fn rows_go_after_the_organisation_s_time_also_when_it_is_removed_or_the_setting_s() {
    let w = world(Setup::default().set("ledger.retention_days", "30")).await;
    let patient = w.app.organisation("patient").await;
    w.app.change_organisation(patient, |organisation| organisation.retention_days = Some(60)).await;
    let theirs = w.app.org_token(patient, "eve@example.com", None).await;
    let person = w.app.register("you@example.com").await;
    w.takes("alice", TARBALL).await;
    for key in [&theirs.key, &person.key] {
        assert!(w.app.ask(Ask::get(TARBALL).bearer(key)).await.status < 400);
    }
    let mut changes = w.app.app.store.organisations().begin().await.unwrap();
    assert!(changes.remove(patient, &w.app.operated("org.removed")).await.unwrap());
    changes.commit().await.unwrap();
    let mut left = Vec::new();
    for days in [29, 2, 28, 2] {
        w.app.advance(days * 24 * 3600);
        // On SQLite rows are forgotten by an organisation's own time once they are indexed.
        while w.app.app.store.ledger().behind().await.unwrap() != Some(0) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        sekisho_server::jobs::retention::once(&w.app.app).await.unwrap();
        left.push(w.app.ledger().await.len());
    }
    assert_eq!(left, [3, 1, 1, 0]);
}
