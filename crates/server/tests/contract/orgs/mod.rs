//! Organisations: their tokens and bots as credentials, and the API that manages them; on both engines.

mod audit_log;
mod credentials;
mod days;
mod ends;
mod installs;
mod late;
mod personas;
mod repeats;
mod revocation;
mod rules;
mod tokens;

use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_testkit::{Answer, Ask, Setup, TestApp, TestBot, fixtures};
use serde_json::Value;

/// Every way to ask for metadata or an artifact of the packages of [`started`].
const PACKAGES: [&str; 8] = [
    "/npm/left-pad",
    "/npm/left-pad/1.0.0",
    "/npm/left-pad/-/left-pad-1.0.0.tgz",
    "/npm/-/package/left-pad/dist-tags",
    "/pypi/simple/",
    "/pypi/simple/flask/",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
];

/// An application with a package of each ecosystem.
async fn started(setup: Setup) -> TestApp {
    let app = setup.start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    app
}

/// An organisation and a bot that may do everything in it.
struct World {
    app: TestApp,
    org: OrgId,
    owner: TestBot,
}

async fn world(setup: Setup) -> World {
    let app = started(setup).await;
    let org = app.organisation("acme").await;
    let owner = app.bot(org, Role::Owner).await;
    World { app, org, owner }
}

impl World {
    fn path(&self, rest: &str) -> String {
        format!("/o/{}/guard/{rest}", self.org)
    }

    /// As the owner.
    async fn ask(&self, ask: Ask) -> Answer {
        self.app.ask(ask.bearer(&self.owner.credential)).await
    }

    async fn get(&self, rest: &str) -> Answer {
        self.ask(Ask::get(&self.path(rest))).await
    }

    async fn post(&self, rest: &str, body: &str) -> Answer {
        self.ask(Ask::post(&self.path(rest), body.to_owned())).await
    }

    /// Issues a token: its id and its text.
    async fn issue(&self, identifier: &str) -> (String, String) {
        let answer = self.post("org-user-tokens", &format!("{{\"user_identifier\":\"{identifier}\"}}")).await;
        assert_eq!(answer.status, 201, "{}", answer.show());
        (text(&answer.json()["id"]), text(&answer.json()["token"]))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
