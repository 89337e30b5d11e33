//! An issuer on loopback, asked by the real outgoing client, with a clock that the test moves.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sekisho_core::outgoing::Outgoing;
use sekisho_core::{Clock, Timestamp};
use sekisho_oidc::testing::{TestKey, discovery, github, jwks};
use sekisho_oidc::{Claims, Expectations, Issuer, Issuers, Refused, Timing};
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{Client, ClientConfig};
use serde_json::Value;

/// Our name as an audience.
pub const US: &str = "https://guard.example";
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A clock that the test moves. It begins at 2026-11-23T09:00:00Z.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// An issuer, and who asks it.
pub struct World {
    pub fake: FakeUpstream,
    pub issuer: String,
    pub clock: Arc<TestClock>,
    pub issuers: Arc<Issuers>,
    pub key: TestKey,
}

pub fn client() -> Arc<dyn Outgoing> {
    let config = ClientConfig { system_proxy: false, ..ClientConfig::new("0", "test", []) };
    Arc::new(Client::new(config, Arc::default()).unwrap())
}

pub fn issuers_of(list: Vec<Issuer>, clock: &Arc<TestClock>, timing: Timing) -> Arc<Issuers> {
    let clock: Arc<dyn Clock> = clock.clone();
    Arc::new(Issuers::new(list, &client(), &clock, timing))
}

impl World {
    /// An issuer with an RSA key called `key-1`.
    pub async fn new() -> World {
        World::with(TestKey::rsa("key-1")).await
    }

    pub async fn with(key: TestKey) -> World {
        let fake = FakeUpstream::start().await;
        let issuer = fake.url().trim_end_matches('/').to_owned();
        fake.on(DISCOVERY, Reply::json(discovery(&issuer)));
        fake.on("/jwks", Reply::json(jwks(&[&key])));
        let clock = Arc::new(TestClock(AtomicI64::new(1_795_424_400_000)));
        let timing = Timing { within: Duration::from_millis(800), ..Timing::default() };
        let issuers = issuers_of(vec![Issuer::new(&issuer, true).unwrap()], &clock, timing);
        World { fake, issuer, clock, issuers, key }
    }

    /// The claims of a token that counts.
    pub fn claims(&self) -> Value {
        github(&self.issuer, US, self.clock.now())
    }

    /// The claims with one of them changed; `null` removes it.
    pub fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    }

    pub fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }

    pub async fn verify(&self, token: &str) -> Result<Claims, Refused> {
        let audiences = [US.to_owned()];
        let expected = Expectations { issuers: &[&self.issuer], audiences: &audiences, nonce: None };
        self.issuers.verify(token, &expected).await
    }

    /// A token of these claims, by the issuer's key.
    pub async fn verify_claims(&self, claims: &Value) -> Result<Claims, Refused> {
        self.verify(&self.key.token(claims)).await
    }
}
