//! Files in object storage: for every node, bounded, and no reason to wait when it does not answer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use sekisho_upstream::artifacts::{Place, S3};

use crate::world::{World, all, bytes, download, kept};

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
