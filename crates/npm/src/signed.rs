//! What a registry signs with, and what it says about where releases were built. Both are for programs that verify them;
//! here only their shape is looked at.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Keys {
    keys: Vec<Key>,
}

/// A public key, by npm's registry signatures.
#[derive(Deserialize, Serialize)]
struct Key {
    expires: Option<String>,
    keyid: String,
    keytype: String,
    scheme: String,
    key: String,
}

#[derive(Deserialize)]
struct Attestations {
    #[serde(rename = "attestations")]
    _all: Vec<IgnoredAny>,
}

/// Most keys of a registry.
const MAX_KEYS: usize = 50;
/// Longest text of a key.
const MAX_TEXT: usize = 4096;

/// Reads a registry's keys and writes them anew; `None` if they are none.
pub fn keys(body: &[u8]) -> Option<Vec<u8>> {
    let read: Keys = serde_json::from_slice(body).ok()?;
    let sane = |key: &Key| {
        let texts = [&key.keyid, &key.keytype, &key.scheme, &key.key].into_iter().chain(&key.expires);
        texts.into_iter().all(|text| text.len() <= MAX_TEXT && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()))
    };
    if read.keys.len() > MAX_KEYS || !read.keys.iter().all(sane) {
        return None;
    }
    serde_json::to_vec(&read).ok()
}

/// The body is a list of attestations.
pub fn is_attestations(body: &[u8]) -> bool {
    serde_json::from_slice::<Attestations>(body).is_ok()
}
