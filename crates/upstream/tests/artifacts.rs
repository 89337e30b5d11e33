//! Files that are passed on and kept: checked, bounded, downloaded once, and whole after whatever happened.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::TestClock;
use futures_util::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use sekisho_core::Ecosystem;
use sekisho_upstream::artifacts::{ArtifactConfig, Artifacts, Bytestream, Digest, Place, S3, Wanted};
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{Client, ClientConfig, Counters, FetchError, Unavailable, Upstream};
use sha2::Digest as _;

struct World {
    fake: FakeUpstream,
    folder: tempfile::TempDir,
    clock: TestClock,
    counters: Arc<Counters>,
    place: Place,
    max_kept: u64,
}

impl World {
    async fn new() -> World {
        World {
            fake: FakeUpstream::start().await,
            folder: tempfile::tempdir().unwrap(),
            clock: TestClock::new(),
            counters: Arc::default(),
            place: Place::Folder,
            max_kept: 1 << 30,
        }
    }

    /// As after a start of the process.
    fn artifacts(&self) -> Artifacts {
        let config = ClientConfig {
            system_proxy: false,
            patience: Duration::from_secs(2),
            artifact_connections: 4,
            ..ClientConfig::new("test", "test", [])
        };
        let client = Client::new(config, self.counters.clone()).unwrap();
        let config = ArtifactConfig {
            folder: self.folder.path().join("store"),
            place: self.place.clone(),
            max_kept: self.max_kept,
            max_file: 8 << 20,
            linger: Duration::from_millis(400),
        };
        Artifacts::new(client, config, Arc::new(self.clock.clone()), self.counters.clone())
    }

    /// The file `name`, which has to be `bytes`.
    fn wanted(&self, name: &str, bytes: &[u8]) -> Wanted {
        let upstream = Arc::new(Upstream::new(Ecosystem::Npm, &self.fake.url()).unwrap());
        let hash: String = sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        Wanted { upstream, url: self.fake.at(name), digest: Digest::from_hex([("sha256", &*hash)]) }
    }

    /// Serves a file under its name, and gives what to ask for.
    fn serve(&self, name: &str, bytes: &[u8]) -> Wanted {
        self.fake.on(&format!("/{name}"), Reply::ok("application/octet-stream", bytes.to_vec()));
        self.wanted(name, bytes)
    }

    fn files(&self, below: &str) -> Vec<std::path::PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path().is_dir() {
                    true => walk(&entry.path(), found),
                    false => found.push(entry.path()),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.folder.path().join("store").join(below), &mut found);
        found
    }

    /// What is kept is kept after the asker was answered.
    async fn settled(&self, kept: u64) {
        common_wait(|| self.counters.artifacts_kept.get() == kept && self.files("tmp").is_empty()).await;
    }
}

async fn common_wait(mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain");
}

fn bytes(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|n| (n as u8).wrapping_mul(31).wrapping_add(seed) ^ (n >> 8) as u8).collect()
}

async fn all(body: Bytestream) -> Result<Vec<u8>, FetchError> {
    body.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    })
    .await
}

async fn download(artifacts: &Artifacts, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
    all(artifacts.download(wanted).await?.body).await
}

async fn kept(artifacts: &Artifacts, wanted: &Wanted) -> Option<Vec<u8>> {
    let kept = artifacts.kept(wanted).await?;
    let length = kept.length();
    Some(all(kept.read(0..length).await.unwrap()).await.unwrap())
}

#[tokio::test]
async fn what_was_downloaded_once_is_kept_and_read_whole_and_in_parts() {
    let world = World::new().await;
    let content = bytes(1, 1_500_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    assert!(artifacts.kept(&wanted).await.is_none());
    let passed = artifacts.download(&wanted).await.unwrap();
    assert_eq!(passed.length, Some(1_500_000));
    assert_eq!(all(passed.body).await.unwrap(), content);
    world.settled(1).await;
    world.fake.stop();
    assert_eq!(kept(&artifacts, &wanted).await.unwrap(), content);
    for part in [0..1, 5..700_000, 1_499_999..1_500_000, 1_000..1_000] {
        let found = artifacts.kept(&wanted).await.unwrap();
        let read = all(found.read(part.clone()).await.unwrap()).await.unwrap();
        assert_eq!(read, content[part.start as usize..part.end as usize]);
    }
    assert_eq!(artifacts.size(), 1_500_000);
}

#[tokio::test]
async fn many_who_ask_at_once_cost_the_upstream_one_request() {
    let world = World::new().await;
    let content = bytes(2, 700_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    let asking = (0..32).map(|_| download(&artifacts, &wanted));
    for outcome in futures_util::future::join_all(asking).await {
        assert_eq!(outcome.unwrap(), content);
    }
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    assert_eq!(world.fake.count("/a.tgz"), 1);
}

#[tokio::test]
async fn the_first_asker_reads_before_the_upstream_is_done() {
    let world = World::new().await;
    let content = bytes(3, 400_000);
    world.fake.on("/a.tgz", Reply::ok("application/octet-stream", content.clone()).hang());
    let wanted = world.wanted("a.tgz", &content);
    let artifacts = world.artifacts();
    let mut body = artifacts.download(&wanted).await.unwrap().body;
    let first = body.next().await.unwrap().unwrap();
    assert_eq!(first, content[..first.len()]);
    let mut second = artifacts.download(&wanted).await.unwrap().body;
    assert!(second.next().await.unwrap().is_ok(), "who comes later reads the same download");
    assert_eq!(world.fake.count("/a.tgz"), 1);
}

#[tokio::test]
async fn a_reader_that_stops_or_is_slow_holds_nobody_up_and_leaves_nothing() {
    let world = World::new().await;
    let content = bytes(4, 3_000_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    let mut gone = artifacts.download(&wanted).await.unwrap().body;
    let mut slow = artifacts.download(&wanted).await.unwrap().body;
    gone.next().await.unwrap().unwrap();
    drop(gone);
    let mut read = slow.next().await.unwrap().unwrap().to_vec();
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    world.settled(1).await;
    // The slow one reads on from the file, wherever it lies by now.
    read.extend(all(slow).await.unwrap());
    assert_eq!(read, content);
    assert_eq!(world.files("files").len(), 1);
}

#[tokio::test]
async fn a_download_that_everybody_left_ends_and_leaves_nothing() {
    let world = World::new().await;
    let content = bytes(4, 3_000_000);
    let wanted = world.wanted("a.tgz", &content);
    let endless = || Reply::ok("application/octet-stream", content.clone()).hang().header("content-length", "3000000");
    world.fake.in_turn("/a.tgz", vec![endless(), endless(), Reply::ok("application/octet-stream", content.clone())]);
    let artifacts = world.artifacts();
    let mut left = artifacts.download(&wanted).await.unwrap().body;
    left.next().await.unwrap().unwrap();
    assert_eq!(artifacts.size(), 3_000_000, "what arrives is counted");
    drop(left);
    let began = std::time::Instant::now();
    common_wait(|| world.files("tmp").is_empty()).await;
    assert!(began.elapsed() < Duration::from_millis(1500), "sooner than the upstream's silence ends it");
    assert_eq!(artifacts.size(), 0);
    let mut stays = artifacts.download(&wanted).await.unwrap().body;
    stays.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(world.files("tmp").len(), 1, "somebody waits for it");
    drop(stays);
    common_wait(|| world.files("tmp").is_empty()).await;
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content, "who asks again starts anew");
    world.settled(1).await;
    assert_eq!(world.fake.count("/a.tgz"), 3);
}

#[tokio::test]
async fn what_arrives_has_its_part_of_the_limit() {
    let world = World { max_kept: 1_000_000, ..World::new().await };
    let (old, large) = (bytes(1, 600_000), bytes(2, 700_000));
    let artifacts = world.artifacts();
    download(&artifacts, &world.serve("old.tgz", &old)).await.unwrap();
    world.settled(1).await;
    let slow = world.wanted("slow.tgz", &bytes(3, 700_000));
    let endless = Reply::ok("application/octet-stream", bytes(3, 700_000)).hang();
    world.fake.on("/slow.tgz", endless.header("content-length", "700000"));
    let arriving = artifacts.download(&slow).await.unwrap().body;
    assert_eq!((artifacts.size(), world.files("files").len()), (700_000, 0), "room was made before it is here");
    let other = world.serve("other.tgz", &large);
    assert_eq!(download(&artifacts, &other).await.unwrap(), large, "without room it is passed on");
    assert_eq!((world.counters.artifacts_not_kept.get(), world.files("tmp").len()), (1, 1));
    drop(arriving);
    common_wait(|| world.files("tmp").is_empty()).await;
    assert_eq!(download(&artifacts, &other).await.unwrap(), large);
    world.settled(2).await;
    assert_eq!(artifacts.size(), 700_000);
}

#[tokio::test]
async fn a_file_with_another_hash_is_neither_finished_nor_kept_and_asked_for_again() {
    let world = World::new().await;
    let (content, other) = (bytes(5, 300_000), bytes(6, 300_000));
    let wanted = world.wanted("a.tgz", &content);
    world
        .fake
        .in_turn("/a.tgz", [&other, &content].map(|body| Reply::ok("application/octet-stream", body.clone())).to_vec());
    let artifacts = world.artifacts();
    let mut body = artifacts.download(&wanted).await.unwrap().body;
    let mut read = Vec::new();
    let error = loop {
        match body.next().await.expect("an end that is no end") {
            Ok(piece) => read.extend_from_slice(&piece),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, FetchError::Invalid(_)), "{error}");
    assert!(read.len() < other.len(), "the last byte is held back");
    assert!(body.next().await.is_none());
    assert!(artifacts.kept(&wanted).await.is_none());
    common_wait(|| world.files("").is_empty()).await;
    assert_eq!(world.counters.artifacts_mismatched.get(), 1);
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    assert_eq!(world.fake.count("/a.tgz"), 2);
}

#[tokio::test]
async fn what_breaks_off_or_is_too_short_or_too_large_is_not_kept() {
    let world = World::new().await;
    let content = bytes(7, 200_000);
    let artifacts = world.artifacts();
    for (name, reply) in [
        ("cut", Reply::ok("application/octet-stream", content.clone()).half()),
        ("short", Reply::ok("application/octet-stream", content[..199_999].to_vec())),
        ("empty", Reply::ok("application/octet-stream", "")),
        ("large", Reply::zeros(9 << 20)),
        ("announced", Reply::ok("application/octet-stream", vec![0; 9 << 20])),
        ("gzip", Reply::ok("application/octet-stream", content.clone()).header("content-encoding", "gzip")),
        ("refused", Reply::status(403)),
        ("gone", Reply::status(404)),
        ("broken", Reply::dropped()),
    ] {
        world.fake.on(&format!("/{name}"), reply);
        let wanted = world.wanted(name, &content);
        assert!(download(&artifacts, &wanted).await.is_err(), "{name}");
        assert!(artifacts.kept(&wanted).await.is_none(), "{name}");
    }
    common_wait(|| world.files("").is_empty()).await;
}

#[tokio::test]
async fn a_file_without_a_hash_is_passed_on_and_never_kept() {
    let world = World::new().await;
    let content = bytes(8, 100_000);
    let wanted = Wanted { digest: None, ..world.serve("a.tgz", &content) };
    let artifacts = world.artifacts();
    for asked in 1..=2 {
        assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
        assert_eq!(world.fake.count("/a.tgz"), asked);
    }
    assert!(artifacts.kept(&wanted).await.is_none());
    assert_eq!(world.files(""), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn what_is_passed_on_is_checked_too() {
    let world = World::new().await;
    let (content, other) = (bytes(9, 300_000), bytes(10, 300_000));
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    assert_eq!(all(artifacts.pass(&wanted).await.unwrap().body).await.unwrap(), content);
    world.serve("a.tgz", &other);
    assert!(all(artifacts.pass(&wanted).await.unwrap().body).await.is_err());
    assert_eq!(world.files(""), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_restart_keeps_what_was_whole_and_removes_what_was_not() {
    let world = World::new().await;
    let content = bytes(11, 50_000);
    let wanted = world.serve("a.tgz", &content);
    download(&world.artifacts(), &wanted).await.unwrap();
    world.settled(1).await;
    let tmp = world.folder.path().join("store/tmp");
    std::fs::create_dir_all(&tmp).unwrap();
    std::fs::write(tmp.join("1-0"), "half of a file").unwrap();
    std::fs::write(world.folder.path().join("store/files/notes.txt"), "not ours").unwrap();
    world.fake.stop();
    let again = world.artifacts();
    assert_eq!(kept(&again, &wanted).await.unwrap(), content);
    assert!(world.files("tmp").is_empty());
    assert_eq!(again.size(), 50_000);
}

#[tokio::test]
async fn what_was_used_longest_ago_goes_first_before_and_after_a_restart() {
    let mut world = World::new().await;
    world.max_kept = 250_000;
    let artifacts = world.artifacts();
    let mut wanted = Vec::new();
    for n in 0..2_u8 {
        wanted.push(world.serve(&format!("{n}.tgz"), &bytes(n, 100_000)));
        download(&artifacts, &wanted[usize::from(n)]).await.unwrap();
        world.settled(u64::from(n) + 1).await;
        world.clock.advance(Duration::from_secs(100));
    }
    assert!(kept(&artifacts, &wanted[0]).await.is_some(), "a use: now the other one is older");
    world.clock.advance(Duration::from_secs(100));
    let again = world.artifacts();
    wanted.push(world.serve("2.tgz", &bytes(2, 100_000)));
    download(&again, &wanted[2]).await.unwrap();
    world.settled(3).await;
    common_wait(|| world.files("files").len() == 2).await;
    let mut there = Vec::new();
    for wanted in &wanted {
        there.push(kept(&again, wanted).await.is_some());
    }
    assert_eq!(there, [true, false, true]);
    assert!(again.size() <= world.max_kept);
    let large = world.serve("large.tgz", &bytes(9, 300_000));
    assert_eq!(download(&again, &large).await.unwrap().len(), 300_000);
    assert_eq!(world.files("files").len(), 2, "a file larger than all of the room drives nothing out");
}

#[tokio::test]
async fn without_a_place_on_disk_files_are_passed_on_and_counted() {
    let world = World::new().await;
    std::fs::write(world.folder.path().join("store"), "a file where the folder should be").unwrap();
    let content = bytes(12, 100_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    for _ in 0..2 {
        assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    }
    assert!(world.counters.artifacts_not_kept.get() >= 2);
    assert_eq!(world.counters.artifacts_kept.get(), 0);
}

#[tokio::test]
async fn a_kept_file_that_somebody_removed_is_downloaded_again() {
    let world = World::new().await;
    let content = bytes(13, 100_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    download(&artifacts, &wanted).await.unwrap();
    world.settled(1).await;
    std::fs::remove_file(&world.files("files")[0]).unwrap();
    assert!(artifacts.kept(&wanted).await.is_none());
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    world.settled(2).await;
    assert_eq!(kept(&artifacts, &wanted).await.unwrap(), content);
}

#[tokio::test]
async fn clients_that_read_slowly_leave_the_places_of_documents_free() {
    let world = World::new().await;
    let artifacts = world.artifacts();
    let config = ClientConfig {
        system_proxy: false,
        patience: Duration::from_millis(300),
        connections: 1,
        artifact_connections: 2,
        ..ClientConfig::new("test", "test", [])
    };
    drop(artifacts);
    let client = Client::new(config, world.counters.clone()).unwrap();
    world.fake.on("/big", Reply::zeros(4 << 20));
    world.fake.on("/document", Reply::json("{}"));
    let wanted = world.wanted("big", b"");
    let held = [
        client.artifact(&wanted.upstream, &wanted.url, None, 8 << 20).await.unwrap(),
        client.artifact(&wanted.upstream, &wanted.url, None, 8 << 20).await.unwrap(),
    ];
    let third = client.artifact(&wanted.upstream, &wanted.url, None, 8 << 20).await;
    assert_eq!(third.unwrap_err(), FetchError::Unavailable(Unavailable::Busy));
    assert!(client.stream(&wanted.upstream, &world.fake.at("document"), None, 100).await.is_ok());
    drop(held);
    assert!(client.artifact(&wanted.upstream, &wanted.url, None, 8 << 20).await.is_ok());
}

fn in_bucket(store: &Arc<InMemory>) -> Place {
    Place::Bucket { store: store.clone() as Arc<dyn ObjectStore>, prefix: "some/where".to_owned() }
}

async fn objects(store: &InMemory, below: &str) -> Vec<object_store::ObjectMeta> {
    let below = object_store::path::Path::from(format!("some/where/{below}"));
    store.list(Some(&below)).try_collect().await.unwrap()
}

#[tokio::test]
async fn a_bucket_keeps_files_for_every_node() {
    let mut world = World::new().await;
    let store = Arc::new(InMemory::new());
    world.place = in_bucket(&store);
    let small = world.serve("small.tgz", &bytes(14, 70_000));
    let content = bytes(15, 5_000_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    download(&artifacts, &small).await.unwrap();
    world.settled(2).await;
    world.fake.stop();
    let other_node = world.artifacts();
    other_node.survey_once().await;
    assert_eq!(other_node.size(), 5_070_000);
    assert_eq!(kept(&other_node, &wanted).await.unwrap(), content);
    let found = other_node.kept(&wanted).await.unwrap();
    assert_eq!(all(found.read(10..4_000_010).await.unwrap()).await.unwrap(), content[10..4_000_010]);
}

#[tokio::test]
async fn what_somebody_changed_in_a_bucket_is_not_finished_and_removed() {
    let mut world = World::new().await;
    let store = Arc::new(InMemory::new());
    world.place = in_bucket(&store);
    let content = bytes(16, 100_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    download(&artifacts, &wanted).await.unwrap();
    world.settled(1).await;
    let object = objects(&store, "files").await.remove(0);
    store.put(&object.location, bytes(17, 100_000).into()).await.unwrap();
    let found = artifacts.kept(&wanted).await.unwrap();
    assert!(all(found.read(0..100_000).await.unwrap()).await.is_err());
    for _ in 0..500 {
        if objects(&store, "files").await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(artifacts.kept(&wanted).await.is_none());
    assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
}

#[tokio::test]
async fn a_bucket_is_bounded_by_last_use_that_other_nodes_wrote_down() {
    let mut world = World::new().await;
    let store = Arc::new(InMemory::new());
    world.place = in_bucket(&store);
    let artifacts = world.artifacts();
    let mut wanted = Vec::new();
    for n in 0..3_u8 {
        wanted.push(world.serve(&format!("{n}.tgz"), &bytes(n, 100_000)));
        download(&artifacts, &wanted[usize::from(n)]).await.unwrap();
        world.settled(u64::from(n) + 1).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Days later the oldest one is used: that is written down.
    world.clock.advance(Duration::from_secs(3 * 24 * 3600));
    assert!(kept(&artifacts, &wanted[0]).await.is_some());
    for _ in 0..500 {
        if !objects(&store, "used").await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(objects(&store, "used").await.len(), 1);
    world.max_kept = 200_000;
    let other_node = world.artifacts();
    other_node.survey_once().await;
    let mut there = Vec::new();
    for wanted in &wanted {
        there.push(kept(&other_node, wanted).await.is_some());
    }
    assert_eq!(there, [true, false, true]);
}

#[tokio::test]
async fn storage_that_does_not_answer_is_no_reason_to_wait_or_to_fail() {
    let mut world = World::new().await;
    let s3 = S3 {
        bucket: "sekisho".to_owned(),
        prefix: String::new(),
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        region: "us-east-1".to_owned(),
        access_key: "id".to_owned(),
        secret_key: "key".to_owned(),
        patience: Duration::from_secs(1),
    };
    world.place = Place::s3(s3).unwrap();
    let content = bytes(18, 100_000);
    let wanted = world.serve("a.tgz", &content);
    let artifacts = world.artifacts();
    assert!(artifacts.kept(&wanted).await.is_none());
    let began = std::time::Instant::now();
    for _ in 0..3 {
        assert!(artifacts.kept(&wanted).await.is_none());
        assert_eq!(download(&artifacts, &wanted).await.unwrap(), content);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "it rests: {:?}", began.elapsed());
}
