//! A signed token in its compact form (RFC 7515): three parts, and a header that says how it was signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::json;
use crate::refused::Refused;

/// Longest token that is looked at. GitHub's and GitLab's have 1 to 3 KiB.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;
/// Longest `kid`.
pub(crate) const MAX_KID: usize = 256;

/// A token taken apart. Nothing of it is known to be true yet.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: String,
    pub(crate) typ: Option<String>,
    pub(crate) payload: Map<String, Value>,
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

impl Jws<'_> {
    /// Takes a token apart, its length looked at before anything else.
    pub(crate) fn parse(token: &str) -> Result<Jws<'_>, Refused> {
        if token.len() > MAX_TOKEN {
            return Err(Refused::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed("parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(Refused::Malformed("parts"))?;
        if payload.contains('.') {
            return Err(Refused::Malformed("parts"));
        }
        let header = json::object(&decode(header)?).ok_or(Refused::Malformed("header"))?;
        let algorithm = text(&header, "alg")?.and_then(Algorithm::parse).ok_or(Refused::Algorithm)?;
        let kid = text(&header, "kid")?.filter(|kid| is_kid(kid)).ok_or(Refused::Header("kid"))?.to_owned();
        let typ = text(&header, "typ")?.map(str::to_owned);
        // `crit` names extensions that have to be understood, and we know none (`b64` would be one). Keys that come with a
        // token, or the address of some, are what an attacker would like to be asked.
        for refused in ["crit", "jwk", "jku", "x5u", "zip", "enc", "b64"] {
            if header.contains_key(refused) {
                return Err(Refused::Header(refused));
            }
        }
        let payload = json::object(&decode(payload)?).ok_or(Refused::Malformed("payload"))?;
        let signature = decode(signature)?;
        Ok(Jws { algorithm, kid, typ, payload, signed: signed.as_bytes(), signature })
    }
}

/// Base64url without padding and without stray bits at its end, so that a token has one spelling.
fn decode(part: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed("base64"))
}

fn text<'a>(header: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Refused> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::Header(name)),
    }
}

/// A key id that can be looked up and logged: printable ASCII, not empty, not long.
pub(crate) fn is_kid(kid: &str) -> bool {
    (1..=MAX_KID).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_graphic())
}
