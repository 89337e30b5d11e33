//! The metadata cache: one request however many ask, stale while the upstream is down, bounded in memory.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{World, name};
use sekisho_upstream::testing::Reply;
use sekisho_upstream::{FetchError, SourceState, Unavailable};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_askers_are_one_request_and_a_cancelled_one_does_not_end_it() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1").delay(Duration::from_millis(200)));
    let cache = world.start();
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&name("a")).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.abort();
    let askers: Vec<_> = (0..100)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get(&name("a")).await })
        })
        .collect();
    for asker in askers {
        assert_eq!(asker.await.unwrap().unwrap().document.0, "1");
    }
    assert_eq!(world.fake.count("/a"), 1);
    assert_eq!(world.counters.compiled.get(), 1);
    assert!(cache.fresh(&name("a")).is_some());
}

#[tokio::test]
async fn scoped_names_are_asked_for_with_an_escaped_slash() {
    let world = World::new().await;
    world.fake.on("/@s%2fa", Reply::json("1"));
    assert!(world.start().get(&name("@s/a")).await.is_ok());
}

#[tokio::test]
async fn an_expired_document_is_revalidated_and_not_compiled_again() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1").etag("\"v1\"").header("cache-control", "max-age=300"));
    let cache = world.start();
    let before = cache.get(&name("a")).await.unwrap();
    world.advance(59);
    assert!(cache.fresh(&name("a")).is_some(), "fresh for at most a minute");
    world.advance(1);
    assert!(cache.fresh(&name("a")).is_none());
    let after = cache.get(&name("a")).await.unwrap();
    assert_eq!(world.fake.requests()[1].headers["if-none-match"], "\"v1\"");
    assert!(Arc::ptr_eq(&before.document, &after.document));
    assert_eq!((before.revision, after.stale), (after.revision, false));
    assert!(after.fetched_at > before.fetched_at && cache.fresh(&name("a")).is_some());
    assert_eq!((world.counters.compiled.get(), world.counters.revalidated.get()), (1, 1));
}

#[tokio::test]
async fn without_validators_the_same_content_keeps_its_document_and_revision() {
    let world = World::new().await;
    world.fake.in_turn("/a", vec![Reply::json("1"), Reply::json("1"), Reply::json("2")]);
    let cache = world.start();
    let first = cache.get(&name("a")).await.unwrap();
    world.advance(60);
    let same = cache.get(&name("a")).await.unwrap();
    assert!(Arc::ptr_eq(&first.document, &same.document));
    assert_eq!(first.revision, same.revision);
    world.advance(60);
    let other = cache.get(&name("a")).await.unwrap();
    assert_eq!(other.document.0, "2");
    assert_ne!(first.revision, other.revision);
    assert_eq!((world.fake.count("/a"), world.counters.compiled.get()), (3, 2));
}

#[tokio::test]
async fn last_modified_serves_where_there_is_no_etag() {
    let world = World::new().await;
    let date = "Mon, 23 Nov 2026 09:00:00 GMT";
    world.fake.in_turn("/a", vec![Reply::json("1").header("last-modified", date), Reply::status(304)]);
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.advance(60);
    assert_eq!(cache.get(&name("a")).await.unwrap().document.0, "1");
    assert_eq!(world.fake.requests()[1].headers["if-modified-since"], date);
}

#[tokio::test]
async fn stale_is_served_while_the_upstream_is_down_and_fresh_once_it_is_back() {
    let mut world = World::new().await;
    world.config.stale_wait = Duration::from_secs(10);
    world.fake.on("/a", Reply::json("1"));
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.fake.stop();
    world.advance(60);
    let stale = cache.get(&name("a")).await.unwrap();
    assert!(stale.stale);
    assert_eq!(world.counters.stale.get(), 1);
    world.fake.resume().await;
    world.fake.on("/a", Reply::json("2"));
    world.advance(1);
    let fresh = cache.get(&name("a")).await.unwrap();
    assert_eq!((fresh.document.0.as_str(), fresh.stale), ("2", false));
}

#[tokio::test]
async fn every_kind_of_failure_leaves_the_stale_document_standing() {
    let world = World::new().await;
    for (n, reply) in [
        Reply::status(500),
        Reply::status(403),
        Reply::status(429),
        Reply::ok("text/html", "<html>maintenance</html>"),
        Reply::json("[1,2").half(),
        Reply::redirect("http://169.254.169.254/"),
        Reply::json("[1,2]").hang(),
        Reply::json("\"panic\""),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/p{n}");
        world.fake.in_turn(&path, vec![Reply::json("1"), reply]);
        let cache = world.start();
        let asked = name(&format!("p{n}"));
        cache.get(&asked).await.unwrap();
        world.advance(60);
        // Twice: once the failure itself, once remembered.
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(cache.get(&asked).await.unwrap().stale, "{path}");
        assert!(cache.get(&asked).await.unwrap().stale, "{path}");
    }
}

#[tokio::test]
async fn a_slow_upstream_does_not_hold_those_who_can_have_stale() {
    let world = World::new().await;
    let slow = Reply::json("2").delay(Duration::from_millis(300));
    world.fake.in_turn("/a", vec![Reply::json("1"), slow]);
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.advance(60);
    let started = Instant::now();
    let stale = cache.get(&name("a")).await.unwrap();
    assert_eq!((stale.document.0.as_str(), stale.stale), ("1", true));
    assert!(started.elapsed() < Duration::from_millis(250), "{:?}", started.elapsed());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(cache.fresh(&name("a")).unwrap().document.0, "2", "the revalidation went on behind it");
}

#[tokio::test]
async fn who_has_nothing_stored_waits_for_our_patience_and_the_next_has_what_arrived_behind() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("[1,2,3,4]").drip(Duration::from_millis(200)));
    let cache = world.start();
    let started = Instant::now();
    assert_eq!(cache.get(&name("a")).await.unwrap_err(), FetchError::Unavailable(Unavailable::Timeout));
    assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
    for _ in 0..10 {
        // Each asks again and waits for what is under way.
        if let Ok(entry) = cache.get(&name("a")).await {
            assert_eq!((entry.document.0.as_str(), world.fake.count("/a")), ("[1,2,3,4]", 1));
            return;
        }
    }
    panic!("the document never arrived");
}

#[tokio::test]
async fn too_old_is_not_served() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1"));
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.fake.on("/a", Reply::status(500));
    world.advance(7 * 24 * 3600 + 1);
    assert_eq!(cache.get(&name("a")).await.unwrap_err(), FetchError::Unavailable(Unavailable::Status(500)));
}

#[tokio::test]
async fn a_package_that_is_gone_is_gone_and_that_is_remembered_shortly() {
    let world = World::new().await;
    world.fake.in_turn("/a", vec![Reply::json("1"), Reply::status(404), Reply::json("2")]);
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    world.advance(60);
    assert_eq!(cache.get(&name("a")).await.unwrap_err(), FetchError::NotFound);
    world.until_stored(0).await;
    world.advance(9);
    assert_eq!(cache.get(&name("a")).await.unwrap_err(), FetchError::NotFound);
    assert_eq!((world.fake.count("/a"), world.counters.remembered.get()), (2, 1));
    world.advance(1);
    assert_eq!(cache.get(&name("a")).await.unwrap().document.0, "2");
}

#[tokio::test]
async fn a_dead_upstream_is_asked_once_a_second() {
    let world = World::new().await;
    world.fake.on("/a", Reply::status(500));
    let cache = world.start();
    for _ in 0..20 {
        assert!(cache.get(&name("a")).await.is_err());
    }
    assert_eq!(world.fake.count("/a"), 1);
    world.advance(1);
    assert!(cache.get(&name("a")).await.is_err());
    assert_eq!(world.fake.count("/a"), 2);
}

#[tokio::test]
async fn what_can_not_be_compiled_is_an_error_and_a_panic_does_not_block_the_name() {
    let world = World::new().await;
    world.fake.in_turn("/a", vec![Reply::ok("text/html", "<html>"), Reply::json("\"panic\""), Reply::json("1")]);
    let cache = world.start();
    assert!(matches!(cache.get(&name("a")).await.unwrap_err(), FetchError::Invalid(_)));
    world.advance(1);
    assert_eq!(cache.get(&name("a")).await.unwrap_err(), FetchError::Unavailable(Unavailable::Internal));
    world.advance(1);
    assert_eq!(cache.get(&name("a")).await.unwrap().document.0, "1");
}

#[tokio::test]
async fn a_loop_is_said_even_if_something_is_stored() {
    let world = World::new().await;
    world.fake.in_turn("/a", vec![Reply::json("1"), Reply::status(508)]);
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.advance(60);
    assert_eq!(cache.get(&name("a")).await.unwrap_err(), FetchError::Loop);
}

#[tokio::test]
async fn memory_is_bounded() {
    let mut world = World::new().await;
    world.config.memory = 64 << 10;
    let cache = world.start();
    for n in 0..50 {
        world.fake.on(&format!("/p{n}"), Reply::json(format!("\"{}\"", "x".repeat(8000))));
        cache.get(&name(&format!("p{n}"))).await.unwrap();
        assert!(cache.memory_used() <= 64 << 10);
    }
    assert!(cache.memory_used() > 32 << 10);
    assert!(cache.fresh(&name("p49")).is_some() && cache.fresh(&name("p0")).is_none());
}

#[tokio::test]
async fn askers_wait_for_discovery_but_not_for_ever() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1"));
    let ready = world.source.send_replace(SourceState::Discovering);
    let cache = world.start();
    let error = cache.get(&name("a")).await.unwrap_err();
    assert_eq!(error, FetchError::Unavailable(Unavailable::Discovering));
    world.advance(1);
    let asker = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&name("a")).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.source.send_replace(ready);
    assert_eq!(asker.await.unwrap().unwrap().document.0, "1");
}

#[tokio::test]
async fn a_front_that_is_off_says_so_with_its_setting() {
    let world = World::new().await;
    world.source.send_replace(SourceState::Off("set upstream.npm.url".into()));
    assert_eq!(world.start().get(&name("a")).await.unwrap_err(), FetchError::Off("set upstream.npm.url".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_at_a_cold_cache_is_held_and_asks_once_for_each_name() {
    let world = World::new().await;
    for n in 0..100 {
        world.fake.on(&format!("/p{n}"), Reply::json(n.to_string()).delay(Duration::from_millis(50)));
    }
    let cache = world.start();
    let askers: Vec<_> = (0..500)
        .map(|n| {
            let (cache, asked) = (cache.clone(), name(&format!("p{}", n % 100)));
            tokio::spawn(async move { cache.get(&asked).await })
        })
        .collect();
    for (n, asker) in askers.into_iter().enumerate() {
        assert_eq!(asker.await.unwrap().unwrap().document.0, (n % 100).to_string());
    }
    assert!((0..100).all(|n| world.fake.count(&format!("/p{n}")) == 1));
}

#[tokio::test]
async fn a_new_release_is_visible_within_a_minute_whatever_the_upstream_says_about_its_age() {
    for wish in ["public, max-age=300", "max-age=31536000, immutable", "s-maxage=600", ""] {
        let world = World::new().await;
        world.fake.on("/a", Reply::json("1").etag("\"v1\"").header("cache-control", wish));
        let cache = world.start();
        cache.get(&name("a")).await.unwrap();
        world.fake.on("/a", Reply::json("2").etag("\"v2\"").header("cache-control", wish));
        world.advance(60);
        let seen = cache.get(&name("a")).await.unwrap();
        assert_eq!((seen.document.0.as_str(), seen.stale), ("2", false), "{wish}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_a_document_fresh_for_ever() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1"));
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.clock.0.fetch_sub(3_600_000, Ordering::SeqCst);
    assert!(cache.fresh(&name("a")).is_none());
    cache.get(&name("a")).await.unwrap();
    assert_eq!(world.fake.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flapping_upstream_under_load_never_takes_a_known_document_away() {
    let world = Arc::new(World::new().await);
    world.fake.on("/a", Reply::json("1"));
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let askers: Vec<_> = (0..8)
        .map(|_| {
            let (cache, served) = (cache.clone(), served.clone());
            tokio::spawn(async move {
                for _ in 0..200 {
                    assert_eq!(cache.get(&name("a")).await.unwrap().document.0, "1");
                    served.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    for n in 0..20 {
        let reply = [Reply::status(500), Reply::json("1"), Reply::json("[1,2").half(), Reply::status(503)];
        world.fake.on("/a", reply[n % 4].clone());
        world.advance(60);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for asker in askers {
        asker.await.unwrap();
    }
    assert_eq!(served.load(Ordering::Relaxed), 1600);
}
