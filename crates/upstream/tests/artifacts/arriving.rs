//! While a file arrives: who asks at once shares one download, and who reads slowly or leaves holds nobody up.

use std::time::Duration;

use futures_util::StreamExt;
use sekisho_upstream::testing::Reply;
use sekisho_upstream::{Client, ClientConfig, FetchError, Unavailable};

use crate::world::{World, all, bytes, download, wait_until};

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
    wait_until(|| world.files("tmp").is_empty()).await;
    assert!(began.elapsed() < Duration::from_millis(1500), "sooner than the upstream's silence ends it");
    assert_eq!(artifacts.size(), 0);
    let mut stays = artifacts.download(&wanted).await.unwrap().body;
    stays.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(world.files("tmp").len(), 1, "somebody waits for it");
    drop(stays);
    wait_until(|| world.files("tmp").is_empty()).await;
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
    wait_until(|| world.files("tmp").is_empty()).await;
    assert_eq!(download(&artifacts, &other).await.unwrap(), large);
    world.settled(2).await;
    assert_eq!(artifacts.size(), 700_000);
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
