//! An issuer's key set (RFC 7517): what of it can check a signature, by `kid` and algorithm.

use std::collections::HashMap;

use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, Material};
use crate::json;
use crate::jws::is_kid;

/// Largest key set, in bytes.
pub(crate) const MAX_SET: u64 = 256 * 1024;
/// Most keys in one set, usable or not.
const MAX_KEYS: usize = 100;
/// RSA moduli, in bytes. What is shorter is too weak; what is longer makes each check dear.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Longest RSA exponent, in bytes: a long one makes each check dear too.
const MAX_EXPONENT: usize = 4;

/// A key set is not one. The text is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKeySet {
    #[error("the key set is no JSON object with a list of keys")]
    Shape,
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooMany,
    #[error("the key set has no key that can be used")]
    Empty,
}

/// The keys that can check a signature.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: HashMap<(String, Algorithm), ParsedPublicKey>,
}

impl KeySet {
    /// Reads a set. Keys that are of no use are passed over, as the RFC says: other types and curves, keys for encryption,
    /// weak ones, shared secrets, and a key whose private half is published with it. Where two keys share `kid` and
    /// algorithm, neither counts: nobody can say which was meant.
    pub(crate) fn parse(bytes: &[u8]) -> Result<KeySet, BadKeySet> {
        let document = json::object(bytes).ok_or(BadKeySet::Shape)?;
        let Some(Value::Array(list)) = document.get("keys") else { return Err(BadKeySet::Shape) };
        if list.len() > MAX_KEYS {
            return Err(BadKeySet::TooMany);
        }
        let mut keys: HashMap<_, Option<ParsedPublicKey>> = HashMap::new();
        for jwk in list.iter().filter_map(Value::as_object) {
            let Some((kid, material)) = usable(jwk) else { continue };
            for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| meant_for(jwk, *algorithm)) {
                let Some(key) = algorithm.key(&material) else { continue };
                let place = keys.entry((kid.to_owned(), algorithm));
                place.and_modify(|key| *key = None).or_insert(Some(key));
            }
        }
        let keys: HashMap<_, _> = keys.into_iter().filter_map(|(name, key)| Some((name, key?))).collect();
        if keys.is_empty() { Err(BadKeySet::Empty) } else { Ok(KeySet { keys }) }
    }

    /// The key of this name, if it is one for this algorithm.
    pub(crate) fn find(&self, kid: &str, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        // Every token carries a name, and few are long: a copy is cheaper than a map of maps is to read.
        self.keys.get(&(kid.to_owned(), algorithm))
    }
}

fn usable(jwk: &Map<String, Value>) -> Option<(&str, Material)> {
    let kid = jwk.get("kid")?.as_str().filter(|kid| is_kid(kid))?;
    let signs = |operations: &Value| {
        operations.as_array().is_some_and(|list| list.iter().any(|one| one.as_str() == Some("verify")))
    };
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| jwk.contains_key(*name));
    if private || jwk.get("use").is_some_and(|u| u != "sig") || jwk.get("key_ops").is_some_and(|ops| !signs(ops)) {
        return None;
    }
    Some((kid, material(jwk)?))
}

fn material(jwk: &Map<String, Value>) -> Option<Material> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let point = |length: usize| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        (x.len() == length && y.len() == length).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
    };
    match (text("kty")?, text("crv")) {
        ("RSA", None) => {
            let (n, e) = (number(bytes("n")?), number(bytes("e")?));
            let odd = e.last().is_some_and(|last| last % 2 == 1) && e != [1];
            let sane = RSA_BYTES.contains(&n.len()) && (1..=MAX_EXPONENT).contains(&e.len()) && odd;
            sane.then_some(Material::Rsa { n, e })
        }
        ("EC", Some("P-256")) => Some(Material::P256(point(32)?)),
        ("EC", Some("P-384")) => Some(Material::P384(point(48)?)),
        ("OKP", Some("Ed25519")) => bytes("x").filter(|x| x.len() == 32).map(Material::Ed25519),
        _ => None,
    }
}

/// Without leading zeros: some issuers write one.
fn number(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

/// A key that names its algorithm is for no other.
fn meant_for(jwk: &Map<String, Value>, algorithm: Algorithm) -> bool {
    jwk.get("alg").is_none_or(|named| named == algorithm.name())
}
