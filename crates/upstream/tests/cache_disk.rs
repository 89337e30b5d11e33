//! The metadata cache's disk: still there after a restart, bounded, and never in the way.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{World, name};
use sekisho_core::{Clock, Ecosystem};
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{FetchError, Hops, Shelved, SourceState, Upstream};

#[tokio::test]
async fn after_a_restart_what_is_stored_is_served_though_the_upstream_is_down() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("[1, 2]").etag("\"v1\""));
    let before = world.start().get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    world.fake.stop();
    let cache = world.start();
    let within = cache.get(&name("a")).await.unwrap();
    assert!(!within.stale, "still within its time: no request at all");
    world.advance(3600);
    let cache = world.start();
    let started = Instant::now();
    let stale = cache.get(&name("a")).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
    assert_eq!((stale.document.0.as_str(), stale.stale, stale.revision), ("[1,2]", true, before.revision));
    world.fake.resume().await;
    let cache = world.start();
    let fresh = cache.get(&name("a")).await.unwrap();
    assert!(!fresh.stale);
    assert_eq!(world.fake.requests().last().unwrap().headers["if-none-match"], "\"v1\"");
}

#[tokio::test]
async fn after_a_restart_an_upstream_that_fails_at_once_does_not_hide_what_is_stored() {
    let world = World::new().await;
    world.fake.in_turn("/a", vec![Reply::json("1"), Reply::status(500)]);
    world.start().get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    world.advance(3600);
    let cache = world.start();
    for _ in 0..3 {
        assert!(cache.get(&name("a")).await.unwrap().stale);
    }
    assert_eq!((world.fake.count("/a"), world.counters.disk_reads.get()), (2, 1));
}

#[tokio::test]
async fn a_revalidation_makes_the_stored_document_younger() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1").etag("\"v1\""));
    let cache = world.start();
    cache.get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    world.advance(6 * 24 * 3600);
    cache.get(&name("a")).await.unwrap();
    let file = &world.stored()[0];
    let wanted = std::time::UNIX_EPOCH + Duration::from_millis(world.clock.now().0 as u64);
    for _ in 0..100 {
        if std::fs::metadata(file).unwrap().modified().unwrap() == wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.fake.stop();
    world.advance(6 * 24 * 3600);
    assert!(world.start().get(&name("a")).await.unwrap().stale);
}

#[tokio::test]
async fn a_damaged_file_is_a_miss_and_is_removed() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("[1,2,3,4,5,6,7,8]"));
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.clear(),
        |bytes| bytes.iter_mut().rev().take(12).for_each(|b| *b ^= 0x55),
        |bytes| *bytes = vec![b'{'; 100_000],
    ];
    for (n, damage) in damages.into_iter().enumerate() {
        world.start().get(&name("a")).await.unwrap();
        world.until_stored(1).await;
        let file = world.stored().remove(0);
        let mut bytes = std::fs::read(&file).unwrap();
        damage(&mut bytes);
        std::fs::write(&file, bytes).unwrap();
        let asked = world.fake.count("/a");
        world.fake.on("/a", Reply::status(500));
        world.advance(3600);
        assert!(world.start().get(&name("a")).await.is_err(), "damage {n}");
        assert_eq!(world.fake.count("/a"), asked + 1);
        assert!(world.stored().is_empty(), "damage {n}");
        world.fake.on("/a", Reply::json("[1,2,3,4,5,6,7,8]"));
    }
    assert_eq!(world.counters.disk_damaged.get(), 5);
}

#[tokio::test]
async fn what_another_upstream_said_is_not_served() {
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1"));
    world.start().get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    let other = FakeUpstream::start().await;
    let upstream = Upstream::new(Ecosystem::Npm, &other.url()).unwrap();
    world.source.send_replace(SourceState::Ready(Arc::new(upstream)));
    assert_eq!(world.start().get(&name("a")).await.unwrap_err(), FetchError::NotFound);
}

#[tokio::test]
async fn disk_is_bounded_and_what_was_used_longest_ago_goes_first() {
    let mut world = World::new().await;
    world.config.disk = 20_000;
    let cache = world.start();
    let noise: Vec<String> = (0..40u64).map(|n| noise(n, 1000)).collect();
    for (n, text) in noise.iter().enumerate() {
        world.fake.on(&format!("/p{n}"), Reply::json(format!("\"{text}\"")));
        cache.get(&name(&format!("p{n}"))).await.unwrap();
        world.advance(1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let total: u64 = world.stored().iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    assert!((5_000..=20_000).contains(&total), "{total}");
    world.fake.stop();
    let cache = world.start();
    assert!(cache.get(&name("p39")).await.is_ok());
    assert!(cache.get(&name("p0")).await.is_err());
}

/// Text that does not compress well.
fn noise(seed: u64, length: usize) -> String {
    let mut state = seed + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 40) as u8 % 26)
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test]
async fn a_disk_that_can_not_be_written_does_not_stop_serving() {
    let world = World::new().await;
    std::fs::write(world.data.path().join("npm"), "a file where the folder should be").unwrap();
    world.fake.on("/a", Reply::json("1"));
    let cache = world.start();
    assert!(cache.get(&name("a")).await.is_ok());
    for _ in 0..100 {
        if world.counters.disk_skipped.get() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not counted");
}

/// What lies on disk may be answered with before it is read, within the wait for a stale document.
async fn shelved(world: &World) -> (Option<Shelved>, Duration) {
    let cache = world.start();
    let started = Instant::now();
    let shelved = cache.shelved(&name("a"), &Hops::default()).await;
    let waited = started.elapsed();
    // The document is read behind the answer; the test's clock must not move before that is done.
    let _ = cache.get(&name("a")).await;
    (shelved, waited)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_document_may_be_answered_with_before_it_is_read() {
    let mut world = World::new().await;
    world.config.stale_wait = Duration::from_secs(2);
    world.fake.on("/a", Reply::json("1").etag("\"v1\""));
    let entry = world.start().get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    let known = |stale| Some(Shelved { revision: entry.revision, fetched_at: entry.fetched_at, stale });

    assert_eq!(shelved(&world).await.0, known(false), "within its time: nobody is asked");
    assert_eq!(world.fake.count("/a"), 1);
    world.advance(60);
    assert_eq!(shelved(&world).await.0, known(false), "the upstream says that it holds");
    assert_eq!(world.fake.requests().last().unwrap().headers["if-none-match"], "\"v1\"");

    world.advance(60);
    world.fake.on("/a", Reply::status(500));
    assert_eq!(shelved(&world).await.0.map(|s| s.stale), Some(true), "the upstream fails");
    world.fake.on("/a", Reply::json("1").hang());
    let (hanging, waited) = shelved(&world).await;
    assert_eq!(hanging.map(|s| s.stale), Some(true), "the upstream hangs");
    assert!(waited < Duration::from_secs(4), "{waited:?}");

    world.fake.on("/a", Reply::json("2").etag("\"v2\""));
    assert_eq!(shelved(&world).await.0, None, "there is another one");
    world.advance(8 * 24 * 3600);
    world.fake.on("/a", Reply::status(500));
    assert_eq!(shelved(&world).await.0, None, "too old");
}

#[tokio::test]
async fn what_was_confirmed_but_turns_out_to_be_damaged_is_fetched_again() {
    let mut world = World::new().await;
    world.config.stale_wait = Duration::from_secs(10);
    world.fake.on("/a", Reply::json("[1,2,3,4]").etag("\"v1\""));
    world.start().get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    let file = world.stored().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.iter_mut().rev().take(12).for_each(|b| *b ^= 0x55);
    std::fs::write(&file, bytes).unwrap();
    world.advance(3600);
    let entry = world.start().get(&name("a")).await.unwrap();
    assert_eq!((entry.document.0.as_str(), entry.stale), ("[1,2,3,4]", false));
    assert_eq!((world.fake.count("/a"), world.counters.disk_damaged.get()), (3, 1));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_what_is_stored() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.fake.on("/a", Reply::json("1"));
    world.start().get(&name("a")).await.unwrap();
    world.until_stored(1).await;
    let file = world.stored().remove(0);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
}
