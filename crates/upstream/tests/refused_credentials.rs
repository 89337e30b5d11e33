//! An upstream that does not know us, or no longer: the operator hears of it, and of no secret.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sekisho_core::Ecosystem;
use sekisho_upstream::testing::{FakeUpstream, Reply};
use sekisho_upstream::{Client, ClientConfig, Credentials, Hops, Upstream, Validators};

/// Keeps what is logged on this thread.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn of_credentials(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().filter(|line| line.contains("credentials")).cloned().collect()
    }
}

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
        let mut text = event.metadata().level().to_string();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            text.push_str(&format!(" {field}={value:?}"));
        });
        self.0.lock().unwrap().push(text);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

async fn ask(client: &Client, upstream: &Upstream, path: &str) {
    let url = upstream.below(path);
    let _ = client.fetch(upstream, &url, "*/*", &Validators::default(), &Hops::default()).await;
}

#[tokio::test]
async fn refused_credentials_are_told_once_in_a_while_with_the_upstream_and_the_setting() {
    let heard = Heard::default();
    let _listening = tracing::subscriber::set_default(heard.clone());
    let fake = FakeUpstream::start().await;
    fake.on("/unknown", Reply::status(401));
    fake.on("/forbidden", Reply::status(403));
    let config = ClientConfig { system_proxy: false, ..ClientConfig::new("9.9", "ab12", []) };
    let client = Client::new(config, Arc::default()).unwrap();
    let open = Upstream::new(Ecosystem::Npm, &fake.url()).unwrap();
    ask(&client, &open, "forbidden").await;
    assert_eq!(heard.of_credentials(), Vec::<String>::new(), "a file that nobody may have is no matter of credentials");

    let known = open.with_credentials(Some(Credentials::bearer("s3cret").unwrap())).set_by("upstream.private.acme");
    tokio::time::pause();
    for path in ["forbidden", "unknown", "unknown"] {
        ask(&client, &known, path).await;
    }
    let told = heard.of_credentials();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("ERROR") && told[0].contains(&fake.url()), "{told:?}");
    assert!(told[0].contains("answered 403") && told[0].contains("upstream.private.acme.token"), "{told:?}");
    tokio::time::advance(Duration::from_secs(601)).await;
    ask(&client, &known, "unknown").await;
    let told = heard.of_credentials();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains("answered 401"), "{told:?}");
    assert!(!heard.0.lock().unwrap().iter().any(|line| line.contains("s3cret")), "a secret was logged");
}

#[tokio::test]
async fn an_upstream_that_wants_credentials_is_told_with_the_setting_to_use() {
    let heard = Heard::default();
    let _listening = tracing::subscriber::set_default(heard.clone());
    let fake = FakeUpstream::start().await;
    fake.on("/unknown", Reply::status(401));
    let config = ClientConfig { system_proxy: false, ..ClientConfig::new("9.9", "ab12", []) };
    let client = Client::new(config, Arc::default()).unwrap();
    ask(&client, &Upstream::new(Ecosystem::Pypi, &fake.url()).unwrap(), "unknown").await;
    let told = heard.of_credentials();
    assert!(told[0].contains("answered 401") && told[0].contains("upstream.pypi.token_file"), "{told:?}");
}
