//! The common registries, where they want credentials: their files come through the server, and they have an audience too.

use sekisho_testkit::{Ask, FakeUpstream, Person, Reply, Setup, TestApp, fixtures};
use serde_json::json;

use super::{SECRET, sent};
use crate::artifacts::{FILES, content, documents, serve, until_kept};

/// The common registries behind credentials: for the addresses of one domain.
struct Closed {
    app: TestApp,
    registry: FakeUpstream,
    member: Person,
    stranger: Person,
}

async fn closed(mode: &str) -> Closed {
    let registry = FakeUpstream::start().await;
    let of = |ecosystem: &str, path: &str| {
        let url = registry.at(path);
        format!("[upstream.{ecosystem}]\nurl = \"{url}\"\ntoken = \"{SECRET}\"\naudience = [\"domain:acme.example\"]\n")
    };
    let setup = Setup::default().file(&(of("npm", "npm") + &of("pypi", "simple")));
    let app = setup.set("artifacts.mode", mode).start().await;
    fixtures::pypi(&registry, "flask", &["1.0"]);
    documents(&registry, &content());
    serve(&registry, || Reply::ok("application/octet-stream", content()).ranges());
    let key = json!({"expires": null, "keyid": "SHA256:x", "keytype": "k", "scheme": "s", "key": "MFkw=="});
    registry.on("/npm/-/npm/v1/keys", Reply::json(json!({ "keys": [key] }).to_string()));
    registry.on("/npm/-/npm/v1/attestations/left-pad@1.0.0", Reply::json(r#"{"attestations":[]}"#));
    let found = json!({"objects": [{"package": {"name": "left-pad", "version": "1.0.0"}}], "total": 1});
    registry.on("/npm/-/v1/search?text=pad", Reply::json(found.to_string()));
    let member = app.register("dev@acme.example").await;
    let stranger = app.register("dev@elsewhere.example").await;
    Closed { app, registry, member, stranger }
}

#[tokio::test]
async fn files_of_a_common_registry_with_credentials_come_through_the_server_in_every_mode() {
    for mode in ["redirect", "stream", "cache"] {
        let closed = closed(mode).await;
        for round in [1, 2] {
            for (path, upstream) in FILES {
                let answer = closed.app.ask(Ask::get(path).bearer(&closed.member.key)).await;
                assert_eq!((answer.status, answer.header("location")), (200, None), "{mode} {path}");
                assert!(answer.body == content(), "{mode} {path}");
                let downloads = if mode == "cache" { 1 } else { round };
                assert_eq!(closed.registry.count(upstream), downloads, "{mode} {path}");
            }
            if mode == "cache" {
                until_kept(&closed.app, 2).await;
            }
        }
        let sent = sent(&closed.registry);
        assert!(sent.iter().all(|v| v.as_deref() == Some(&format!("Bearer {SECRET}"))), "{mode}: {sent:?}");
    }
}

#[tokio::test]
async fn outside_its_audience_a_common_registry_with_credentials_has_nothing() {
    let closed = closed("cache").await;
    let search = "/npm/-/v1/search?text=pad";
    let ways = [
        "/npm/left-pad",
        "/npm/left-pad/1.0.0",
        "/npm/left-pad/latest",
        FILES[0].0,
        "/npm/-/package/left-pad/dist-tags",
        "/npm/-/npm/v1/attestations/left-pad@1.0.0",
        "/npm/-/npm/v1/keys",
        "/pypi/simple/flask/",
        FILES[1].0,
        "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
    ];
    for path in ways.into_iter().chain([search]) {
        let answer = closed.app.ask(Ask::get(path).bearer(&closed.member.key)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.show());
    }
    // Everything is in the caches by now.
    until_kept(&closed.app, 2).await;
    let asked = closed.registry.requests().len();
    for method in ["GET", "HEAD"] {
        for path in ways {
            let ask = || Ask::new(method, path);
            let stranger = closed.app.ask(ask().bearer(&closed.stranger.key)).await;
            assert_eq!(stranger.status, 404, "{method} {path}: {}", stranger.show());
            assert_eq!(closed.app.ask(ask()).await.status, 404, "{method} {path}");
        }
    }
    // A search is no name that could be missing: nothing is found.
    let found = async |ask: Ask| closed.app.ask(ask).await.json()["objects"].as_array().map(Vec::len);
    assert_eq!(found(Ask::get(search).bearer(&closed.member.key)).await, Some(1));
    assert_eq!(found(Ask::get(search).bearer(&closed.stranger.key)).await, Some(0));
    assert_eq!(found(Ask::get(search)).await, Some(0));
    assert_eq!(closed.registry.requests().len(), asked, "nobody asked the registry for them");
}
