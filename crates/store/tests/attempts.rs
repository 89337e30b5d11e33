//! Tries at one-time codes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use sekisho_core::Timestamp;
use sekisho_core::id::AttemptId;
use sekisho_store::{Store, on_both_engines};

async fn begin(store: &Store, address: &str, network: &str, now: Timestamp) -> bool {
    store.attempts().begin(AttemptId::mint(now, &CHANCE), &email(address), network, now).await.unwrap()
}

on_both_engines! {
    async fn the_sixth_try_in_an_hour_is_turned_away(database) {
        let store = database.open().await;
        for seconds in 0..5 {
            assert!(begin(&store, "a@example.com", "192.0.2.1", later(seconds)).await);
        }
        assert!(!begin(&store, "a@example.com", "192.0.2.1", later(5)).await);
        assert!(begin(&store, "a@example.com", "192.0.2.2", later(5)).await, "another network");
        assert!(begin(&store, "b@example.com", "192.0.2.1", later(5)).await, "another address");
        assert!(begin(&store, "a@example.com", "192.0.2.1", later(3600)).await, "the first one is an hour old");
        assert!(!begin(&store, "a@example.com", "192.0.2.1", later(3600)).await);
    }

    async fn tries_that_were_turned_away_do_not_count(database) {
        let store = database.open().await;
        for _ in 0..20 {
            begin(&store, "a@example.com", "192.0.2.1", NOW).await;
        }
        let failures = store.attempts().failures_since(&email("a@example.com"), "192.0.2.1", later(-1)).await.unwrap();
        assert_eq!(failures, 5);
    }

    async fn a_right_code_clears_the_wrong_ones(database) {
        let store = database.open().await;
        for _ in 0..5 {
            assert!(begin(&store, "a@example.com", "192.0.2.1", NOW).await);
        }
        store.attempts().forgive(&email("a@example.com"), "192.0.2.1").await.unwrap();
        assert!(begin(&store, "a@example.com", "192.0.2.1", NOW).await);
    }

    async fn parallel_guesses_stay_within_the_limit(database) {
        let store = database.open().await;
        let tasks: Vec<_> = (0..40).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { begin(&store, "a@example.com", "192.0.2.1", NOW).await })
        }).collect();
        let mut through = 0;
        for task in tasks {
            through += i32::from(task.await.unwrap());
        }
        assert!(through <= 5, "{through} guesses went through");
    }
}
