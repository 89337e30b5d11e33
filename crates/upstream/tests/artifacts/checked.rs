//! A file that is not what the upstream named is neither finished nor kept.

use futures_util::StreamExt;
use sekisho_upstream::FetchError;
use sekisho_upstream::artifacts::Wanted;
use sekisho_upstream::testing::Reply;

use crate::world::{World, all, bytes, download, wait_until};

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
    wait_until(|| world.files("").is_empty()).await;
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
    wait_until(|| world.files("").is_empty()).await;
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
