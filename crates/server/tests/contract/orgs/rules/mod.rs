//! Organisations' own lists: what one blocks, allows and warns of counts for its own people and pipelines, in every path,
//! and for nobody else.

mod changes;
mod order;
mod paths;

use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_oidc::testing::TestKey;
use sekisho_testkit::{Answer, Ask, Reply, Setup, TestApp, fixtures};
use serde_json::{Value, json};

const FULL: &str = "application/json";
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";
const WORDS: &str = "the organisation's policy";

/// `lib` 1.0.0 and 2.0.0 at npm, 1.0 and 2.0 at Python's index; somebody of each sort.
struct World {
    app: TestApp,
    acme: OrgId,
    /// A token of acme's and a pipeline of it.
    own: Vec<String>,
    /// Another organisation's token, a person's key, and nothing.
    others: Vec<Option<String>>,
}

async fn world(setup: Setup) -> World {
    let app = setup.start().await;
    fixtures::npm(&app.upstream, "lib", &["1.0.0", "2.0.0"]);
    fixtures::pypi(&app.upstream, "lib", &["1.0", "2.0"]);
    let found = json!({"objects": [{"package": {"name": "lib", "version": "2.0.0"}}], "total": 1, "time": "x"});
    app.upstream.on("/npm/-/v1/search?text=lib", Reply::json(found.to_string()));
    app.upstream.on("/npm/-/npm/v1/attestations/lib@2.0.0", Reply::json(r#"{"attestations":[{"of":"x"}]}"#));
    let (acme, other) = (app.organisation("acme").await, app.organisation("other").await);
    let issuer = app.issuer(TestKey::ed25519("key-1"));
    let bot = app.bot(acme, Role::GuardViewer).await.id;
    app.trust(acme, bot, &app.github_conditions(&issuer)).await;
    let id_token = issuer.key.token(&app.github_claims(&issuer));
    let own = vec![app.org_token(acme, "dev@acme.example", None).await.key, app.session(bot, &id_token).await];
    let others = vec![
        Some(app.org_token(other, "dev@other.example", None).await.key),
        Some(app.register("me@example.com").await.key),
        None,
    ];
    World { app, acme, own, others }
}

impl World {
    /// Everybody of acme, then everybody else.
    fn everybody(&self) -> impl Iterator<Item = (Option<&str>, bool)> {
        let own = self.own.iter().map(|key| (Some(key.as_str()), true));
        own.chain(self.others.iter().map(|key| (key.as_deref(), false)))
    }

    /// The entries as they are now count on this node.
    async fn follow(&self) {
        self.app.app.follow_entries().await.unwrap();
    }
}

fn with(ask: Ask, key: Option<&str>) -> Ask {
    match key {
        Some(key) => ask.bearer(key),
        None => ask,
    }
}

async fn get(app: &TestApp, path: &str, accept: &str, key: Option<&str>) -> Answer {
    app.ask(with(Ask::get(path).header("accept", accept), key)).await
}

/// Whether 2.0.0 of npm's `lib` and 2.0 of Python's are refused, path by path.
async fn refused(app: &TestApp, key: Option<&str>) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for (path, accept) in [("/npm/lib", FULL), ("/npm/lib", ABBREVIATED)] {
        let answer = get(app, path, accept, key).await;
        let body = answer.json();
        let hidden = body["versions"].get("2.0.0").is_none();
        assert_eq!(body["dist-tags"]["latest"], if hidden { "1.0.0" } else { "2.0.0" }, "{}", answer.show());
        let notice = answer.header("npm-notice").unwrap_or_default();
        assert_eq!(notice.contains("lib 2.0.0 was passed over"), hidden, "{notice}");
        all.push((format!("{path} {accept}"), hidden));
    }
    let tags = get(app, "/npm/-/package/lib/dist-tags", FULL, key).await.json();
    all.push(("dist-tags".to_owned(), tags["latest"] == "1.0.0"));
    all.push(("latest".to_owned(), get(app, "/npm/lib/latest", FULL, key).await.json()["version"] == "1.0.0"));
    for path in [
        "/npm/lib/2.0.0",
        "/npm/lib/-/lib-2.0.0.tgz",
        "/npm/-/npm/v1/attestations/lib@2.0.0",
        "/pypi/files/lib/lib-2.0-py3-none-any.whl",
        "/pypi/files/lib/lib-2.0-py3-none-any.whl.metadata",
    ] {
        let answer = get(app, path, "*/*", key).await;
        assert!(matches!(answer.status, 200 | 302 | 403), "{path}: {}", answer.show());
        if answer.status == 403 {
            assert_eq!(answer.code(), "package_blocked", "{}", answer.show());
            assert!(answer.phrase.as_deref().unwrap_or_default().contains("policy"), "{}", answer.show());
        }
        all.push((path.to_owned(), answer.status == 403));
    }
    for accept in [SIMPLE_JSON, "text/html"] {
        let page = get(app, "/pypi/simple/lib/", accept, key).await.text();
        all.push((format!("simple {accept}"), page.contains("Blocked by Sekisho")));
    }
    let found = get(app, "/npm/-/v1/search?text=lib", FULL, key).await.json();
    all.push(("search".to_owned(), found["objects"][0]["package"]["version"] == "1.0.0"));
    let bulk = Ask::post("/npm/-/npm/v1/security/advisories/bulk", r#"{"lib":["2.0.0"]}"#);
    all.push(("audit".to_owned(), app.ask(with(bulk, key)).await.json().get("lib").is_some()));
    let tree = r#"{"requires":{"lib":"2.0.0"},"dependencies":{"lib":{"version":"2.0.0"}}}"#;
    let tree = app.ask(with(Ask::post("/npm/-/npm/v1/security/audits/quick", tree), key)).await.json();
    all.push(("audit of a tree".to_owned(), tree["advisories"].as_object().is_some_and(|all| !all.is_empty())));
    let question = json!({"package": {"name": "lib", "ecosystem": "PyPI"}, "version": "2.0"}).to_string();
    let osv = app.ask(with(Ask::post("/osv/v1/query", question), key)).await.json();
    all.push(("osv".to_owned(), osv.get("vulns").is_some()));
    let record = get(app, "/osv/v1/vulns/MAL-SEKISHO-pypi-lib@2.0", FULL, key).await;
    all.push(("osv record".to_owned(), record.status == 200));
    for path in ["/why/npm/lib/2.0.0", "/why/pypi/lib/2.0"] {
        all.push((path.to_owned(), get(app, path, FULL, key).await.json()["verdict"] == "blocked"));
    }
    all
}

#[track_caller]
fn assert_all(seen: &[(String, bool)], refused: bool, who: &str) {
    let wrong: Vec<_> = seen.iter().filter(|(_, is)| *is != refused).collect();
    assert!(wrong.is_empty() && !seen.is_empty(), "{who}, refused should be {refused}: {wrong:?}");
}

fn reasons(rows: &[sekisho_store::LedgerRow]) -> Vec<String> {
    let mut all: Vec<String> = rows.iter().map(|row| row.reason.clone()).filter(|reason| !reason.is_empty()).collect();
    all.sort();
    all.dedup();
    all
}

fn entries(why: &Value) -> Vec<String> {
    let all = why["entries"].as_array().unwrap();
    all.iter().map(|e| format!("{} {}", e["of"].as_str().unwrap(), e["effect"].as_str().unwrap())).collect()
}
