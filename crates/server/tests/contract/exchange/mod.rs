//! Pipelines: the exchange of an ID token, the session that it gives, and how that ends; on both engines.

mod ended;
mod keys;
mod refused;
mod taken;

use sekisho_core::id::{BotId, OrgId};
use sekisho_core::org::Role;
use sekisho_oidc::testing::TestKey;
use sekisho_testkit::{Setup, TestApp, TestIssuer, fixtures};
use serde_json::Value;

/// Every way to ask for metadata or an artifact of the packages of [`World`].
const PACKAGES: [&str; 7] = [
    "/npm/left-pad",
    "/npm/left-pad/1.0.0",
    "/npm/left-pad/-/left-pad-1.0.0.tgz",
    "/pypi/simple/",
    "/pypi/simple/flask/",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl",
    "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata",
];

/// An organisation with a bot that trusts the pipelines of one owner at one issuer, and a package of each ecosystem.
struct World {
    app: TestApp,
    issuer: TestIssuer,
    acme: OrgId,
    bot: BotId,
}

impl World {
    async fn new(setup: Setup) -> World {
        World::with(setup, TestKey::ed25519("key-1")).await
    }

    async fn with(setup: Setup, key: TestKey) -> World {
        let app = setup.start().await;
        fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
        fixtures::pypi(&app.upstream, "flask", &["1.0"]);
        let issuer = app.issuer(key);
        let acme = app.organisation("acme").await;
        let bot = app.bot(acme, Role::GuardViewer).await.id;
        app.trust(acme, bot, &app.github_conditions(&issuer)).await;
        World { app, issuer, acme, bot }
    }

    /// An ID token of a push, different at each call.
    fn id_token(&self) -> String {
        self.id_token_with("jti", uuid_like(&self.app).into())
    }

    /// An ID token with one claim changed; `null` removes it.
    fn id_token_with(&self, name: &str, value: Value) -> String {
        let mut claims = self.app.github_claims(&self.issuer);
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        self.issuer.key.token(&claims)
    }

    /// A session's access token.
    async fn session(&self) -> String {
        self.app.session(self.bot, &self.id_token()).await
    }
}

fn uuid_like(app: &TestApp) -> String {
    sekisho_core::base::random_text(sekisho_core::base::BASE62, 20, &*app.random)
}
