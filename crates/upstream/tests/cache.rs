//! The metadata cache: one request however many ask, stale while the upstream is down, bounded, and still there after
//! a restart.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sekisho_core::{Clock, Ecosystem, PackageName, Timestamp};
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{
    CacheConfig, CacheParts, Client, ClientConfig, Counters, Document, FetchError, MetadataCache, RawDocument,
    SourceState, Unavailable, Upstream,
};
use tokio::sync::watch;

/// A clock that the test moves. It starts at this machine's time, because files get their times from there.
#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(1_795_424_400_000)))
    }

    fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// JSON texts only; `"panic"` panics.
#[derive(Debug)]
struct Text(String);

impl Document for Text {
    fn compile(_: &PackageName, fetched: &RawDocument) -> Result<Self, String> {
        let text = String::from_utf8(fetched.body.to_vec()).map_err(|_| "not UTF-8")?;
        assert_ne!(text, "\"panic\"");
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        Ok(Text(value.to_string()))
    }

    fn weight(&self) -> usize {
        self.0.len()
    }
}

struct World {
    fake: FakeUpstream,
    clock: TestClock,
    counters: Arc<Counters>,
    data: tempfile::TempDir,
    config: CacheConfig,
    source: watch::Sender<SourceState>,
}

impl World {
    async fn new() -> World {
        let fake = FakeUpstream::start().await;
        let ready = SourceState::Ready(Arc::new(Upstream::new(Ecosystem::Npm, &fake.url()).unwrap()));
        World {
            fake,
            clock: TestClock::new(),
            counters: Arc::default(),
            data: tempfile::tempdir().unwrap(),
            config: CacheConfig { stale_wait: Duration::from_millis(100), ..CacheConfig::default() },
            source: watch::Sender::new(ready),
        }
    }

    /// A cache as it is after a start.
    fn start(&self) -> MetadataCache<Text> {
        let patience = Duration::from_millis(400);
        let config = ClientConfig { system_proxy: false, patience, ..ClientConfig::new("0", "x", []) };
        MetadataCache::new(CacheParts {
            ecosystem: Ecosystem::Npm,
            source: self.source.subscribe(),
            patience,
            client: Client::new(config, self.counters.clone()).unwrap(),
            clock: Arc::new(self.clock.clone()),
            folder: Some(self.data.path().to_owned()),
            config: self.config.clone(),
            counters: self.counters.clone(),
        })
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The files of stored documents.
    fn stored(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
            }
        }
        let mut found = Vec::new();
        walk(self.data.path(), &mut found);
        found
    }

    /// Writing happens off the request's path: waits until it is done.
    async fn until_stored(&self, files: usize) {
        for _ in 0..200 {
            if self.stored().len() == files && !self.stored().iter().any(|p| p.display().to_string().contains("tmp-")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.stored());
    }
}

fn name(text: &str) -> PackageName {
    PackageName::parse(Ecosystem::Npm, text).unwrap()
}

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
    let world = World::new().await;
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
