//! Private names are told to nobody else: not asked from the other registry, not in audits, searches and scanners' answers.

use sekisho_testkit::{Ask, Reply, fixtures};
use serde_json::{Value, json};

use super::world;
use crate::support::assert_problem;

#[tokio::test]
async fn a_private_name_is_never_asked_from_the_public_registry() {
    let world = world("[\"domain:acme.example\"]").await;
    // Not there, broken, away: whatever the private registry answers, the public one is not asked.
    assert_problem(&world.as_member("/npm/@acme/only-public").await, 404, "not_found");
    fixtures::npm_reply(&world.private, "@acme/broken", Reply::status(500));
    assert_eq!(world.as_member("/npm/@acme/broken").await.status, 503);
    fixtures::pypi_reply(&world.private, "acme-broken", Reply::status(403));
    assert_eq!(world.as_member("/pypi/simple/acme-broken/").await.status, 503);
    world.private.stop();
    for path in ["/npm/@acme/other", "/npm/acme-x", "/npm/@ACME/core", "/pypi/simple/acme-x/", "/pypi/simple/Acme_X/"] {
        let answer = world.as_member(path).await;
        assert!(matches!(answer.status, 301 | 503), "{path}: {}", answer.show());
    }
    let public = world.app.upstream.requests();
    assert!(public.is_empty(), "the public registry was asked for {public:?}");
}

#[tokio::test]
async fn a_public_name_is_never_asked_from_a_private_registry() {
    let world = world("[\"domain:acme.example\"]").await;
    fixtures::npm(&world.private, "left-pad", &["6.6.6"]);
    let answer = world.as_member("/npm/left-pad").await;
    assert_eq!(answer.json()["dist-tags"]["latest"], "1.3.0");
    assert!(world.private.requests().is_empty());
}

#[tokio::test]
async fn what_is_refused_is_refused_of_a_private_registry_too() {
    let world = world("[\"domain:acme.example\"]").await;
    let document = world.as_member("/npm/@acme/core").await.json();
    assert_eq!(document["dist-tags"]["latest"], "1.0.0");
    let answer = world.as_member("/npm/@acme/core/-/core-1.0.1.tgz").await;
    assert_problem(&answer, 403, "package_blocked");
    // To a stranger even the refusal is not there: it would tell that the name is somebody's.
    assert_eq!(world.app.get("/npm/@acme/core/-/core-1.0.1.tgz").await.status, 404);
}

#[tokio::test]
async fn scanners_hear_of_private_names_in_the_audience_only() {
    let world = world("[\"domain:acme.example\"]").await;
    let query = json!({"package": {"name": "@acme/core", "ecosystem": "npm"}, "version": "1.0.1"});
    let purl = json!({"package": {"purl": "pkg:npm/%40acme/core@1.0.1"}});
    let batch = json!({"queries": [query, purl]}).to_string();
    let records = ["MAL-2026-1", "MAL-SEKISHO-npm-@acme+core@1.0.1"].map(|id| format!("/osv/v1/vulns/{id}"));

    let ask = async |ask: Ask, key: Option<&str>| match key {
        Some(key) => world.app.ask(ask.bearer(key)).await,
        None => world.app.ask(ask).await,
    };
    let ids = |found: &Value| -> Vec<Value> {
        found["vulns"].as_array().unwrap().iter().map(|record| record["id"].clone()).collect()
    };
    let member = Some(&*world.member.key);
    let one = ask(Ask::post("/osv/v1/query", query.to_string()), member).await.json();
    assert_eq!(ids(&one), ["MAL-2026-1"]);
    let many = ask(Ask::post("/osv/v1/querybatch", batch.clone()), member).await.json();
    assert!(many["results"].as_array().unwrap().iter().all(|found| ids(found) == ["MAL-2026-1"]), "{many}");
    for path in &records {
        assert_eq!(ask(Ask::get(path), member).await.status, 200, "{path}");
    }
    for key in [Some(&*world.stranger.key), None] {
        for asked in [&query, &purl] {
            assert_eq!(ask(Ask::post("/osv/v1/query", asked.to_string()), key).await.json(), json!({}));
        }
        let many = ask(Ask::post("/osv/v1/querybatch", batch.clone()), key).await.json();
        assert_eq!(many, json!({"results": [{}, {}]}));
        for path in &records {
            assert_problem(&ask(Ask::get(path), key).await, 404, "not_found");
        }
    }
}

#[tokio::test]
async fn an_audit_says_no_private_name_to_the_public_registry_and_nothing_of_it_to_others() {
    let world = world("[\"domain:acme.example\"]").await;
    let bulk = "/npm/-/npm/v1/security/advisories/bulk";
    let quick = "/npm/-/npm/v1/security/audits/quick";
    let theirs = r#"{"@acme/core":[{"id":1,"title":"somebody else's"}],"left-pad":[{"id":2,"title":"public"}]}"#;
    world.app.upstream.on(bulk, Reply::json(theirs));
    let names = r#"{"@acme/core":["1.0.1"],"@ACME/Other":["1.0.0"],"left-pad":["1.3.0"]}"#;
    let tree = r#"{"dependencies":{"@acme/core":{"version":"1.0.1"},"left-pad":{"version":"1.3.0"}}}"#;
    for (path, body) in [(bulk, names), (quick, tree)] {
        let member = world.app.ask(Ask::post(path, body).bearer(&world.member.key)).await.text();
        let stranger = world.app.ask(Ask::post(path, body).bearer(&world.stranger.key)).await.text();
        assert!(member.contains("MAL-2026-1") && member.contains("public"), "{member}");
        assert!(!stranger.contains("MAL-2026-1") && stranger.contains("public"), "{stranger}");
        assert!(!format!("{member}{stranger}").contains("somebody else"), "{member}");
    }
    for sent in world.app.upstream.requests() {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*sent.body), &mut text).unwrap();
        assert_eq!((sent.path.as_str(), text.as_str()), (bulk, r#"{"left-pad":["1.3.0"]}"#));
        assert!(sent.headers.get("authorization").is_none());
    }
    assert!(world.private.requests().is_empty());
}

#[tokio::test]
async fn an_audit_says_no_private_name_in_the_place_of_a_version_either() {
    let world = world("[\"domain:acme.example\"]").await;
    let bulk = "/npm/-/npm/v1/security/advisories/bulk";
    let quick = "/npm/-/npm/v1/security/audits/quick";
    world.app.upstream.on(bulk, Reply::json("{}"));
    let names = r#"{"x":["npm:@acme/tool@1.0.0"],"y":["git+ssh://host.example/acme/tool","npm:@acme/tool"]}"#;
    let tree = r#"{"dependencies":{"x":{"version":"npm:@acme/tool@1.0.0"},"y":{"version":"file:../acme"}}}"#;
    for (path, body) in [(bulk, names), (quick, tree)] {
        let answer = world.app.ask(Ask::post(path, body).bearer(&world.member.key)).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
    }
    assert!(world.app.upstream.requests().is_empty(), "nothing was left to ask");
    let core = r#"{"x":["npm:@acme/core@1.0.1"]}"#;
    let member = world.app.ask(Ask::post(bulk, core).bearer(&world.member.key)).await.text();
    let stranger = world.app.ask(Ask::post(bulk, core).bearer(&world.stranger.key)).await.text();
    assert!(member.contains("MAL-2026-1") && !stranger.contains("MAL-2026-1"), "{member} {stranger}");
}

#[tokio::test]
async fn a_search_says_no_private_name_to_the_public_registry_and_shows_none_of_its() {
    let world = world("[\"domain:acme.example\"]").await;
    let found = r#"{"objects":[{"package":{"name":"@acme/core","version":"9.9.9"}},{"package":{"name":"left-pad","version":"1.3.0"}}]}"#;
    world.app.upstream.on("/npm/-/v1/search?text=pad", Reply::json(found));
    for text in [
        "pad%20@acme/core",
        "@ACME%20pad",
        "scope:acme%20pad",
        "pad+acme-secret",
        "pad%20@acme/tool@1.0.0",
        "pad%20acme-x,acme-y",
        "pad%20(npm:@acme/tool)",
        "pad%20@acme/tool/",
        "pad+%22acme-secret%22",
        "@acme/%20pad",
    ] {
        let answer = world.as_member(&format!("/npm/-/v1/search?text={text}")).await;
        let objects = answer.json()["objects"].clone();
        assert_eq!(objects.as_array().map(Vec::len), Some(1), "{text}: {}", answer.show());
        assert_eq!(objects[0]["package"]["name"], "left-pad", "{text}");
    }
    let asked: Vec<String> = world.app.upstream.requests().into_iter().map(|sent| sent.path).collect();
    assert_eq!(asked, ["/npm/-/v1/search?text=pad"]);
}
