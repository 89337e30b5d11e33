//! Opening, versions, durability and what happens when a database is not there.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::*;
use sekisho_store::{DatabaseConfig, Store, StoreError, Unavailability, on_both_engines};

/// Keeps what is logged on this thread.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Heard {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            text.push_str(&format!("{field}={value:?} "));
        });
        self.0.lock().unwrap().push(text);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

on_both_engines! {
    async fn two_nodes_that_start_at_once_both_come_up(database) {
        let tasks: Vec<_> = (0..4).map(|_| {
            let config = database.config().clone();
            tokio::spawn(async move { Store::open(&config).await })
        }).collect();
        for task in tasks {
            task.await.unwrap().unwrap().ping().await.unwrap();
        }
    }

    async fn what_was_written_is_there_after_opening_again(database) {
        let store = database.open().await;
        let a = register(&store, "a@example.com", 0).await;
        store.close().await;
        let again = database.open().await;
        assert!(counts(&again, &a.plain).await);
    }

    async fn a_second_start_has_nothing_to_say(database) {
        database.open().await.close().await;
        let heard = Heard::default();
        let listening = tracing::subscriber::set_default(heard.clone());
        database.open().await.close().await;
        drop(listening);
        let heard = heard.0.lock().unwrap();
        assert!(!heard.iter().any(|text| text.contains("already exists")), "{heard:?}");
    }

    async fn another_process_sees_a_revocation_at_once(database) {
        let (server, command_line) = (database.open().await, database.open().await);
        let a = register(&server, "a@example.com", 0).await;
        command_line.keys().revoke(a.token.id, &notice(), later(1)).await.unwrap().expect("live");
        assert!(!counts(&server, &a.plain).await);
        assert_eq!(server.revocations().since(NOW).await.unwrap(), [(a.plain.hash(), later(1))]);
    }

    async fn a_closed_store_is_unavailable(database) {
        let store = database.open().await;
        store.close().await;
        assert!(store.ping().await.expect_err("closed").is_unavailable());
    }

    async fn a_caller_that_goes_away_midway_leaves_nothing_or_all(database) {
        let store = database.open().await;
        for n in 0..40 {
            let (address, (_, token)) = (format!("person{n}@example.com"), new_token());
            let new = new_account(&address);
            let keys = store.keys();
            let minting = keys.mint_for_new_account(&new, &token, NOW);
            let _ = tokio::time::timeout(Duration::from_micros(n * 60), minting).await;
            // What was under way may still be ending, but it can't stay half done.
            let half_done = async || {
                let account = store.accounts().find(new.id).await.unwrap();
                account.is_some() != (store.tokens().of_account(new.id).await.unwrap().len() == 1)
            };
            tokio::time::timeout(Duration::from_secs(10), async { while half_done().await {} })
                .await
                .expect("an account and its key stand or fall together");
        }
        register(&store, "after@example.com", 0).await;
    }
}

#[tokio::test]
async fn a_stopped_postgresql_is_unavailable_within_two_seconds() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = DatabaseConfig::Postgres { url: format!("postgres://sekisho:secret@127.0.0.1:{free}/none") };
    let start = Instant::now();
    let error = Store::open(&config).await.err().expect("nobody listens");
    assert!(error.is_unavailable(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    assert!(matches!(error, StoreError::Unavailable { why: Unavailability::Connection, .. }), "{error:?}");
    assert!(error.told().contains("onnection refused"), "{}", error.told());
    assert!(!format!("{error} {error:?} {} {config:?}", error.told()).contains("secret"));
}

#[tokio::test]
async fn a_postgresql_that_never_answers_is_unavailable_within_two_seconds() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let start = Instant::now();
    let config = DatabaseConfig::Postgres { url: format!("postgres://sekisho@127.0.0.1:{port}/none") };
    let error = Store::open(&config).await.err().expect("nobody answers");
    assert!(error.is_unavailable(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_showing_it() {
    for url in ["", "mysql://secret@host/db", "postgres://user:secret@host:port/db"] {
        let error = Store::open(&DatabaseConfig::Postgres { url: url.to_owned() }).await.err().expect("no address");
        assert!(matches!(error, StoreError::BadUrl), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_unavailable() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = DatabaseConfig::Sqlite { dir: file.path().join("data") };
    let error = Store::open(&config).await.err().expect("a file is in the way");
    assert!(matches!(error, StoreError::Unavailable { why: Unavailability::Storage, .. }), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_folder_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    Store::open(&DatabaseConfig::Sqlite { dir: dir.clone() }).await.unwrap().close().await;
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}
