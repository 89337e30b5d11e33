//! Whose word counts: the canary, what the operator blocks, the organisation, what the operator allows, the advisories.

use sekisho_core::policy::Effect;
use sekisho_server::callers::Recognised;
use sekisho_testkit::Setup;

use super::*;

async fn status(world: &World, path: &str, key: Option<&str>) -> u16 {
    get(&world.app, path, "*/*", key).await.status
}

#[tokio::test]
async fn an_organisation_may_allow_for_itself_what_an_advisory_refuses() {
    let setup = Setup::default().malware("MAL-1", "pkg:npm/lib@2.0.0").malware("MAL-2", "pkg:pypi/lib@2.0");
    let world = world(setup).await;
    for (key, _) in world.everybody() {
        let seen = refused_status(&world, key).await;
        assert_eq!(seen, [403, 403], "before");
    }
    world.app.rule(world.acme, Effect::Allow, "pkg:npm/lib@2.0.0", None).await;
    world.app.rule(world.acme, Effect::Allow, "pkg:pypi/lib", None).await;
    world.follow().await;
    for (key, own) in world.everybody() {
        assert_eq!(refused_status(&world, key).await, if own { [302, 302] } else { [403, 403] });
        let body = get(&world.app, "/npm/lib", FULL, key).await.json();
        assert_eq!(body["versions"].get("2.0.0").is_some(), own, "{body}");
        let page = get(&world.app, "/pypi/simple/lib/", "text/html", key).await.text();
        assert_eq!(!page.contains("Blocked by Sekisho"), own, "{page}");
    }
    let why = get(&world.app, "/why/npm/lib/2.0.0", FULL, world.own.first().map(String::as_str)).await.json();
    assert_eq!(why["summary"], "This release is allowed by an entry of the organisation, which stands below.");
}

async fn refused_status(world: &World, key: Option<&str>) -> [u16; 2] {
    let wheel = "/pypi/files/lib/lib-2.0-py3-none-any.whl";
    [status(world, "/npm/lib/-/lib-2.0.0.tgz", key).await, status(world, wheel, key).await]
}

#[tokio::test]
async fn what_the_operator_blocks_stays_blocked_and_what_he_allows_an_organisation_may_block() {
    let setup =
        Setup::default().block("pkg:npm/lib@2.0.0").malware("MAL-1", "pkg:pypi/lib@2.0").allow("pkg:pypi/lib", None);
    let world = world(setup).await;
    for purl in ["pkg:npm/lib", "pkg:npm/lib@2.0.0", "pkg:npm/@sekisho/canary", "pkg:pypi/sekisho-canary"] {
        world.app.rule(world.acme, Effect::Allow, purl, None).await;
    }
    world.app.rule(world.acme, Effect::Block, "pkg:pypi/lib@2.0", None).await;
    world.follow().await;
    for (key, own) in world.everybody() {
        let answer = get(&world.app, "/npm/lib/-/lib-2.0.0.tgz", "*/*", key).await;
        assert_eq!(answer.phrase.as_deref(), Some("Blocked by Sekisho: the operator's policy"), "{}", answer.show());
        let wheel = "/pypi/files/lib/lib-2.0-py3-none-any.whl";
        assert_eq!(status(&world, wheel, key).await, if own { 403 } else { 302 });
        assert_eq!(status(&world, "/npm/@sekisho/canary", key).await, 403);
        assert_eq!(status(&world, "/pypi/files/sekisho-canary/sekisho_canary-1.0.0-py3-none-any.whl", key).await, 403);
    }
}

#[tokio::test]
async fn only_names_that_an_entry_is_about_are_looked_at_for_the_organisation_alone() {
    let world = world(Setup::default()).await;
    world.app.rule(world.acme, Effect::Block, "pkg:npm/lib@2.0.0", None).await;
    world.follow().await;
    let guard = async |key: Option<&str>| {
        let request = with(Ask::get("/npm/lib"), key).request();
        let recognised = match world.app.app.callers.recognise(request.headers()) {
            Ok(Recognised::Caller(caller)) => caller,
            Ok(Recognised::Unsure(unsure)) => world.app.app.callers.identify(unsure).await.unwrap(),
            Err(problem) => panic!("{problem:?}"),
        };
        world.app.app.gate.guard(&recognised).unwrap()
    };
    let name = |name| sekisho_core::PackageName::parse(sekisho_core::Ecosystem::Npm, name).unwrap();
    let shared = world.app.app.gate.current();
    for (key, own) in world.everybody() {
        let guard = guard(key).await;
        assert_eq!(std::sync::Arc::ptr_eq(&guard, &shared), !own, "others have the one guard itself");
        assert_eq!(guard.generation(&name("free")), shared.shared_generation);
        assert_eq!(guard.generation(&name("lib")) != shared.shared_generation, own);
    }
    // A look that finds nothing new leaves what was made; a new blocklist does not.
    let key = world.own.first().map(String::as_str);
    let before = guard(key).await.generation(&name("lib"));
    world.follow().await;
    assert_eq!(guard(key).await.generation(&name("lib")), before);
    world.app.set_malware(&[]);
    assert_ne!(guard(key).await.generation(&name("lib")), before);
}
