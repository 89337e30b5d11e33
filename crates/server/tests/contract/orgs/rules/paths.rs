//! In every path, for its own people alone, also where others' answers are kept.

use sekisho_core::policy::Effect;
use sekisho_core::{Clock, Language};
use sekisho_server::console::text::Say;
use sekisho_testkit::{FakeUpstream, Setup, fixtures};

use super::*;
use crate::support::{on_both_engines, without_style};
use crate::survival::until_stored;

on_both_engines! {
    async fn what_an_organisation_blocks_is_refused_in_every_path_to_its_people_and_pipelines_and_to_nobody_else(setup) {
        let world = world(setup).await;
        let app = &world.app;
        // Before there is an entry everybody gets it, and what was made for that is kept.
        for (key, _) in world.everybody() {
            assert_all(&refused(app, key).await, false, "before");
        }
        app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
        app.rule(world.acme, Effect::Block, "pkg:pypi/lib@2", None).await;
        world.follow().await;
        for round in ["first", "second"] {
            for (key, own) in world.everybody() {
                assert_all(&refused(app, key).await, own, round);
            }
        }
        assert_eq!(reasons(&app.ledger().await), ["organisation_policy"]);
        let key = world.own.first().map(String::as_str);
        for (path, part) in [("/npm/lib/2.0.0", "npm lib 2.0.0 is blocked: "), ("/pypi/files/lib/lib-2.0-py3-none-any.whl", "PyPI lib 2.0 is blocked: ")] {
            let answer = get(app, path, "*/*", key).await;
            assert!(answer.text().contains(&format!("{part}{WORDS}")), "{}", answer.show());
            assert_eq!(answer.phrase.as_deref(), Some("Blocked by Sekisho: the organisation's policy"));
        }
        let page = get(app, "/pypi/simple/lib/", SIMPLE_JSON, key).await.text();
        assert!(page.contains(WORDS), "{page}");
    }
}

#[tokio::test]
async fn a_name_that_an_organisation_blocks_whole_is_refused_whole() {
    let world = world(Setup::default()).await;
    world.app.rule(world.acme, Effect::Block, "pkg:npm/lib", None).await;
    world.follow().await;
    for (key, own) in world.everybody() {
        for path in ["/npm/lib", "/npm/lib/1.0.0", "/npm/lib/-/lib-1.0.0.tgz", "/npm/-/package/lib/dist-tags"] {
            assert_eq!(get(&world.app, path, FULL, key).await.status == 403, own, "{path}");
        }
        let found = get(&world.app, "/npm/-/v1/search?text=lib", FULL, key).await.json();
        assert_eq!(found["objects"].as_array().unwrap().is_empty(), own);
    }
}

#[tokio::test]
async fn why_shows_an_organisation_s_entries_to_its_own_people_alone() {
    let world = world(Setup::default().warn("pkg:npm/lib")).await;
    world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
    world.follow().await;
    let since = world.app.clock.now();
    let moment = Say(Language::En).moment(since);
    for (key, own) in world.everybody() {
        let why = get(&world.app, "/why/npm/lib/2.0.0", FULL, key).await;
        let body = why.json();
        let page = get(&world.app, "/why/npm/lib/2.0.0", "text/html", key).await.text();
        if own {
            assert_eq!(body["reason"], "organisation_policy", "{}", why.show());
            assert_eq!(entries(&body), ["operator warn", "organisation block"]);
            let summary = format!(
                "This release is refused. Reason: the organisation's policy. The entry stands since {moment}. The organisation writes: because of ticket 18"
            );
            assert_eq!(body["summary"], summary);
            assert_eq!((&body["since"], &body["entries"][0]["since"]), (&json!(since.to_string()), &Value::Null));
            assert_eq!(body["entries"][1]["since"], since.to_string());
            assert!(
                page.contains("Entries of the operator and the organisation") && page.contains("ticket 18"),
                "{page}"
            );
            assert!(page.contains("ask those who manage your organisation here"), "{page}");
        } else {
            assert_eq!((&body["verdict"], entries(&body)), (&json!("allowed"), vec!["operator warn".to_owned()]));
            assert!(!page.contains("ticket 18") && !why.show().contains("ticket 18"), "{page}");
        }
    }
}

#[tokio::test]
async fn a_private_name_reads_like_one_that_nobody_has_also_to_an_organisation_with_entries() {
    let private = FakeUpstream::start().await;
    let file = format!(
        "[upstream.private.vault]\necosystem = \"npm\"\nurl = \"{}\"\npackages = [\"@vault/*\"]\naudience = [\"personal\"]\n",
        private.at("npm")
    );
    let world = world(Setup::default().file(&file)).await;
    world.app.rule(world.acme, Effect::Block, "pkg:npm/@vault/one", None).await;
    world.follow().await;
    let key = world.own.first().map(String::as_str);
    for accept in [FULL, "text/html"] {
        let private = without_style(&get(&world.app, "/why/npm/@vault/one/1.0.0", accept, key).await.text());
        let nobody_s = without_style(&get(&world.app, "/why/npm/@nobody/one/1.0.0", accept, key).await.text());
        assert_eq!(private.replace("vault", "nobody"), nobody_s);
    }
}

#[tokio::test]
async fn npm_prints_an_organisation_s_warning_to_its_own_people_alone() {
    let world = world(Setup::default()).await;
    world.app.rule(world.acme, Effect::Warn, "pkg:npm/lib", None).await;
    world.follow().await;
    for (key, own) in world.everybody() {
        for path in ["/npm/lib", "/npm/lib/2.0.0", "/npm/lib/-/lib-2.0.0.tgz"] {
            let answer = get(&world.app, path, FULL, key).await;
            assert!(matches!(answer.status, 200 | 302), "{}", answer.show());
            let notice = answer.header("npm-notice").unwrap_or_default();
            assert_eq!(notice.contains("because of ticket 18"), own, "{path}: {notice}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_from_before_a_restart_is_not_used_where_an_entry_touches_the_name() {
    let mut world = world(Setup::default()).await;
    // Enough of them for a document that is worth compressing.
    let versions = ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0"];
    fixtures::npm(&world.app.upstream, "touched", &versions);
    fixtures::npm(&world.app.upstream, "free", &versions);
    let ask = |path: &str| Ask::get(path).header("accept-encoding", "gzip");
    for path in ["/npm/touched", "/npm/free"] {
        assert_eq!(world.app.ask(ask(path)).await.status, 200);
    }
    until_stored(&world.app, 2, 2).await;
    world.app.rule(world.acme, Effect::Block, "pkg:npm/touched@2.0.0", None).await;
    world.app.restart().await;
    let shelved = |world: &World| world.app.app.counters.shelved.get();
    for key in &world.own {
        let body = world.app.ask(ask("/npm/touched").bearer(key)).await.json();
        assert!(body["versions"].get("2.0.0").is_none(), "{body}");
        assert_eq!(shelved(&world), 0);
    }
    assert!(world.app.ask(ask("/npm/touched")).await.json()["versions"].get("2.0.0").is_some());
    let answer = world.app.ask(ask("/npm/free").bearer(&world.own[0])).await;
    assert_eq!((answer.status, shelved(&world)), (200, 1), "a name that no entry touches is answered from disk");
}
