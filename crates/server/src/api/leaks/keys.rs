//! The public keys that signed reports are checked with: fetched from the configured address, kept, and fetched again when
//! a report names one that is not known, by one request at a time and no more often than a cool-down allows.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_core::Clock;
use sekisho_core::outgoing::{Ask, Outgoing};
use sekisho_upstream::Client;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::github::refused;
use crate::http::{Code, Problem};

/// Largest list of keys that is read.
const MOST_BYTES: u64 = 256 * 1024;
/// Most keys that are kept.
const MOST_KEYS: usize = 100;
/// How long a fetch may take.
const WITHIN: Duration = Duration::from_secs(10);
/// The least time between two fetches, whatever came of the first: strangers make up ids.
const COOL_DOWN: Duration = Duration::from_secs(60);
/// A list this old is fetched again, because keys are also withdrawn. While that fails the old one serves.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// The keys, and where they come from.
pub struct ReportKeys {
    url: Url,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Public keys as DER, by their ids.
    keys: HashMap<String, Vec<u8>>,
    fetched_at: Option<Duration>,
    tried_at: Option<Duration>,
}

#[derive(Deserialize)]
struct List {
    public_keys: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    key_identifier: String,
    key: String,
}

impl ReportKeys {
    /// None is known yet.
    pub fn new(url: Url) -> ReportKeys {
        ReportKeys { url, held: Mutex::default() }
    }

    /// Checks a signature (ECDSA on P-256 with SHA-256, ASN.1) by the key with this id over exactly these bytes.
    pub(super) async fn check(
        &self,
        client: &Client,
        clock: &dyn Clock,
        id: &str,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), Problem> {
        let key = self.key(client, clock, id).await?;
        let key = key.ok_or_else(|| refused("The report names a key that its sender does not publish."))?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key);
        key.verify(bytes, signature).map_err(|_| refused("The signature does not fit the body."))
    }

    /// The key with this id. Others wait while one asks: they want the same list.
    async fn key(&self, client: &Client, clock: &dyn Clock, id: &str) -> Result<Option<Vec<u8>>, Problem> {
        let mut held = self.held.lock().await;
        let since = |then: Option<Duration>| then.map(|then| clock.monotonic().saturating_sub(then));
        let fresh = since(held.fetched_at).is_some_and(|age| age < FRESH);
        let cooling = since(held.tried_at).is_some_and(|age| age < COOL_DOWN);
        if (fresh && held.keys.contains_key(id)) || cooling {
            return found(&held, id);
        }
        held.tried_at = Some(clock.monotonic());
        match fetch(client, &self.url).await {
            Ok(keys) => {
                held.keys = keys;
                held.fetched_at = held.tried_at;
            }
            Err(why) => tracing::warn!("leaks.github_keys_url gave no keys: {why}"),
        }
        found(&held, id)
    }
}

/// Without any list it is not known whether the key is right.
fn found(held: &Held, id: &str) -> Result<Option<Vec<u8>>, Problem> {
    if held.fetched_at.is_none() {
        let detail = "The keys that the signature is checked with can't be fetched right now. Try again later.";
        return Err(Problem::new(Code::KeysUnavailable, detail).retry_after(COOL_DOWN.as_secs()));
    }
    Ok(held.keys.get(id).cloned())
}

async fn fetch(client: &Client, url: &Url) -> Result<HashMap<String, Vec<u8>>, String> {
    let own = Some(url.clone());
    let ask = Ask { url: url.clone(), own, cap: MOST_BYTES, within: WITHIN, form: None };
    let bytes = client.send(ask).await.map_err(|e| e.to_string())?;
    let list: List = serde_json::from_slice(&bytes).map_err(|_| "it is not a list of keys".to_owned())?;
    let keys = list.public_keys.into_iter().take(MOST_KEYS);
    let keys: HashMap<_, _> = keys.filter_map(|listed| Some((listed.key_identifier, der(&listed.key)?))).collect();
    if keys.is_empty() { Err("it holds no key".to_owned()) } else { Ok(keys) }
}

/// The bytes of a public key in PEM.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (text, _) = rest.split_once("-----END PUBLIC KEY-----")?;
    STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok()
}
