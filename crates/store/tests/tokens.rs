//! Accounts and tokens.

mod common;

use common::*;
use sekisho_store::testing::TestDatabase;
use sekisho_store::{LastUse, on_both_engines};

on_both_engines! {
    async fn a_token_is_found_by_its_hash(database) {
        let store = database.open().await;
        let made = register(&store, "a@example.com", 1).await;
        let row = store.tokens().find_by_hash(&made.plain.hash()).await.unwrap().expect("stored");
        assert_eq!((row.id, row.account), (made.token.id, made.account));
        assert_eq!(row.email, Some(email("a@example.com")));
    }
}
