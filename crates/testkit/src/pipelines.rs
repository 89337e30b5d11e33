//! Pipelines of a test: an issuer of ID tokens at the fake upstream, and bots that trust it.

use sekisho_core::Clock;
use sekisho_core::id::{BotId, OrgId, TrustId};
use sekisho_oidc::Conditions;
use sekisho_oidc::testing::{TestKey, discovery, github, jwks};
use sekisho_store::Trust;
use sekisho_upstream::testing::Reply;
use serde_json::{Value, json};

use crate::ask::HOST;
use crate::{Answer, Ask, TestApp};

/// Where the issuer lies at the fake upstream.
pub(crate) const ISSUER: &str = "issuer";

/// An issuer whose keys the test has.
pub struct TestIssuer {
    /// `iss` of its tokens.
    pub name: String,
    /// Its key.
    pub key: TestKey,
}

impl TestApp {
    /// The issuer that the settings of a test allow, with this key.
    pub fn issuer(&self, key: TestKey) -> TestIssuer {
        let name = self.upstream.at(ISSUER).to_string();
        self.upstream.on("/issuer/.well-known/openid-configuration", Reply::json(discovery(&name)));
        self.upstream.on("/issuer/jwks", Reply::json(jwks(&[&key])));
        TestIssuer { name, key }
    }

    /// The claims of a push to `main` of `acme/app`, as GitHub writes them, for this server.
    pub fn github_claims(&self, issuer: &TestIssuer) -> Value {
        github(&issuer.name, &format!("http://{HOST}"), self.clock.now())
    }

    /// What a bot that trusts the owner of `acme/app` asks for.
    pub fn github_conditions(&self, issuer: &TestIssuer) -> Value {
        json!({"provider": "github", "issuer": issuer.name, "repository_owner_id": "65"})
    }

    /// Gives a bot conditions.
    pub async fn trust(&self, org: OrgId, bot: BotId, conditions: &Value) -> TrustId {
        let read: Conditions = serde_json::from_value(conditions.clone()).expect("conditions of a test");
        let id = TrustId::mint(self.clock.now(), &*self.random);
        let conditions = serde_json::to_string(&read).unwrap();
        let trust = Trust { id, conditions, created_at: self.clock.now() };
        assert!(self.app.store.trusts().add(org, bot, &trust, &self.operated("trust.added")).await.unwrap());
        id
    }

    /// Exchanges an ID token.
    pub async fn exchange(&self, bot: BotId, id_token: &str) -> Answer {
        self.ask(Ask::exchange(bot, id_token)).await
    }

    /// The access token for an ID token that counts.
    pub async fn session(&self, bot: BotId, id_token: &str) -> String {
        let answer = self.exchange(bot, id_token).await;
        assert_eq!(answer.status, 200, "{}", answer.show());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }
}

impl Ask {
    /// `POST /bots/exchange`.
    pub fn exchange(bot: BotId, id_token: &str) -> Ask {
        Ask::post("/bots/exchange", json!({"bot_id": bot.to_string(), "id_token": id_token}).to_string())
    }
}
