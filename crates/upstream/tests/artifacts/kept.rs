//! Files on disk: read whole and in parts, bounded by last use, whole after a restart.

use std::time::Duration;

use crate::world::{World, all, bytes, download, kept, wait_until};

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
    wait_until(|| world.files("files").len() == 2).await;
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
