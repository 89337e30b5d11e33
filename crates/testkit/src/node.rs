//! A second node over the database of a test's application, with the same settings, clock and upstreams.

use std::sync::Arc;

use sekisho_server::app::App;

use crate::{Answer, Ask, TestApp, setup};

/// A node beside the first one.
pub struct Node {
    /// Its application.
    pub app: Arc<App>,
}

impl TestApp {
    /// Starts another node.
    pub async fn another_node(&self) -> Node {
        let node = self.unaware_node().await;
        node.app.follow_entries().await.unwrap();
        node
    }

    /// A node that has not looked for organisations' own entries yet.
    pub async fn unaware_node(&self) -> Node {
        Node { app: setup::again(self, (*self.app.settings).clone()).await }
    }
}

impl Node {
    /// Answers a request.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let peer = ask.peer;
        Answer::read(self.app.handle(ask.into_request(), peer.into()).await).await
    }

    /// Does what the node does twice a second.
    pub async fn follow(&self) {
        self.app.callers.follow_revocations().await.unwrap();
        self.app.follow_entries().await.unwrap();
    }
}
