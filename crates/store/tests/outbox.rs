//! Messages under a lease, and the limit of mails.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use common::*;
use sekisho_store::{Message, Store, on_both_engines};

const LEASE: Duration = Duration::from_secs(60);
const HOUR: i64 = 3600;

async fn enqueue(store: &Store, address: &str, seconds: i64) {
    store.outbox().enqueue(&registration(address), later(seconds)).await.unwrap();
}

async fn claim(store: &Store, seconds: i64) -> Vec<Message> {
    store.outbox().claim(later(seconds), LEASE, 100).await.unwrap()
}

on_both_engines! {
    async fn a_message_comes_out_as_it_was_written(database) {
        let store = database.open().await;
        let written = registration("a@example.com");
        store.outbox().enqueue(&written, later(1)).await.unwrap();
        let claimed = claim(&store, 2).await;
        let message = &claimed[0];
        assert_eq!((message.id, message.kind, &message.email), (written.id, written.kind, &written.email));
        assert_eq!((&message.base_url, &message.payload), (&written.base_url, &written.payload));
        assert_eq!((message.language, message.created_at, message.attempts), (written.language, later(1), 1));
    }

    async fn a_claimed_message_is_nobody_elses_until_the_lease_ends(database) {
        let store = database.open().await;
        enqueue(&store, "a@example.com", 0).await;
        assert_eq!(claim(&store, 1).await.len(), 1);
        assert_eq!(claim(&store, 60).await.len(), 0);
        let again = claim(&store, 61).await;
        assert_eq!(again.len(), 1, "the first worker died");
        assert_eq!(again[0].attempts, 2);
    }

    async fn a_worker_that_lost_its_lease_changes_nothing(database) {
        let store = database.open().await;
        enqueue(&store, "a@example.com", 0).await;
        let slow = claim(&store, 1).await.remove(0);
        let quick = claim(&store, 61).await.remove(0);
        assert!(!store.outbox().sent(&slow, later(62)).await.unwrap());
        assert!(!store.outbox().retry_later(&slow, later(62), "timeout").await.unwrap());
        assert!(!store.outbox().give_up(&slow, "refused", later(62)).await.unwrap());
        assert!(store.outbox().sent(&quick, later(63)).await.unwrap());
        assert!(!store.outbox().sent(&quick, later(64)).await.unwrap(), "once");
        assert_eq!(claim(&store, 100_000).await.len(), 0);
    }

    async fn two_workers_at_once_never_get_the_same_message(database) {
        let store = database.open().await;
        for _ in 0..40 {
            enqueue(&store, "a@example.com", 0).await;
        }
        let tasks: Vec<_> = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.outbox().claim(later(1), LEASE, 5).await.unwrap() })
        }).collect();
        let mut ids = Vec::new();
        for task in tasks {
            ids.extend(task.await.unwrap().into_iter().map(|m| m.id));
        }
        ids.extend(claim(&store, 1).await.into_iter().map(|m| m.id));
        assert_eq!(ids.len(), 40);
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 40);
    }

    async fn the_oldest_due_message_comes_first(database) {
        let store = database.open().await;
        enqueue(&store, "late@example.com", 50).await;
        enqueue(&store, "early@example.com", 10).await;
        let first = store.outbox().claim(later(60), LEASE, 1).await.unwrap();
        assert_eq!(first[0].email, email("early@example.com"));
        assert_eq!(store.outbox().claim(later(49), LEASE, 1).await.unwrap().len(), 0, "not due");
    }

    async fn a_message_that_failed_comes_again_at_its_time(database) {
        let store = database.open().await;
        enqueue(&store, "a@example.com", 0).await;
        let message = claim(&store, 1).await.remove(0);
        assert!(store.outbox().retry_later(&message, later(300), "timeout").await.unwrap());
        assert_eq!(claim(&store, 299).await.len(), 0);
        assert_eq!(claim(&store, 300).await.len(), 1);
    }

    async fn dropped_and_failed_messages_are_over(database) {
        let store = database.open().await;
        enqueue(&store, "a@example.com", 0).await;
        enqueue(&store, "b@example.com", 0).await;
        let claimed = claim(&store, 1).await;
        assert!(store.outbox().drop_message(&claimed[0], "limit", later(2)).await.unwrap());
        assert!(store.outbox().give_up(&claimed[1], "refused", later(2)).await.unwrap());
        assert_eq!(claim(&store, 100_000).await.len(), 0);
        assert_eq!(store.outbox().backlog().await.unwrap().waiting, 0);
    }

    async fn the_backlog_says_how_many_wait_and_since_when(database) {
        let store = database.open().await;
        assert_eq!(store.outbox().backlog().await.unwrap().oldest, None);
        enqueue(&store, "a@example.com", 7).await;
        enqueue(&store, "b@example.com", 3).await;
        let backlog = store.outbox().backlog().await.unwrap();
        assert_eq!((backlog.waiting, backlog.oldest), (2, Some(later(3))));
    }

    async fn of_six_registrations_at_once_five_are_within_the_limit(database) {
        let store = database.open().await;
        for _ in 0..6 {
            enqueue(&store, "a@example.com", 0).await;
        }
        enqueue(&store, "b@example.com", 0).await;
        let mut counts = Vec::new();
        for message in claim(&store, 1).await.iter().filter(|m| m.email == email("a@example.com")) {
            counts.push(store.outbox().mails_sent_since(message, later(1 - HOUR)).await.unwrap());
        }
        assert_eq!(counts, [0, 1, 2, 3, 4, 5]);
    }

    async fn mails_of_the_last_hour_count_and_dropped_ones_do_not(database) {
        let store = database.open().await;
        for seconds in [0, 1000, 2000] {
            enqueue(&store, "a@example.com", seconds).await;
            let message = claim(&store, seconds).await.remove(0);
            store.outbox().sent(&message, later(seconds)).await.unwrap();
        }
        enqueue(&store, "a@example.com", 2500).await;
        let message = claim(&store, 2500).await.remove(0);
        store.outbox().drop_message(&message, "limit", later(2500)).await.unwrap();
        enqueue(&store, "a@example.com", 4000).await;
        let message = claim(&store, 4000).await.remove(0);
        let count = async |since| store.outbox().mails_sent_since(&message, later(since)).await.unwrap();
        assert_eq!(count(4000 - HOUR).await, 2);
        assert_eq!(count(-1).await, 3);
    }

    async fn a_text_with_a_nul_is_stored_and_not_refused(database) {
        let store = database.open().await;
        let mut message = registration("a@example.com");
        message.payload = "a\0b".to_owned();
        store.outbox().enqueue(&message, NOW).await.unwrap();
        assert_eq!(claim(&store, 1).await[0].payload, "a\u{fffd}b");
    }
}
