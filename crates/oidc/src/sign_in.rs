//! Signing a person in: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 3.1, RFC 7636).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_core::Random;
use sekisho_core::outgoing::{Form, NoAnswer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::issuers::{Expectations, Issuers};
use crate::json;
use crate::refused::Refused;

/// Longest code that is passed on.
const MAX_CODE: usize = 2048;

/// What we are at an issuer.
#[derive(Clone)]
pub struct RelyingParty {
    /// The issuer; one of those that the operator allows.
    pub issuer: String,
    /// Our name there, and the audience of what it signs for us.
    pub client_id: String,
    /// Our secret there; `None` for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where the browser comes back to.
    pub redirect_uri: Url,
    /// What is asked for, beside `openid`.
    pub scopes: Vec<String>,
}

/// A sign-in that was begun. State, nonce and verifier belong to the browser that asked, and to nobody else.
pub struct SignIn {
    /// Where the browser goes.
    pub url: Url,
    /// What it has to come back with.
    pub state: String,
    /// What the ID token has to hold.
    pub nonce: String,
    /// What proves that the code is ours.
    pub verifier: Zeroizing<String>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(…)")
    }
}

impl Issuers {
    /// Begins a sign-in.
    pub async fn begin(&self, us: &RelyingParty, random: &dyn Random) -> Result<SignIn, Refused> {
        let metadata = self.metadata(&us.issuer).await?;
        let mut url = metadata.authorization_endpoint.clone().ok_or_else(|| missing("authorization_endpoint"))?;
        let (state, nonce) = (secret(random), secret(random));
        let verifier = Zeroizing::new(secret(random));
        let scopes = std::iter::once("openid").chain(us.scopes.iter().map(String::as_str));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &us.client_id)
            .append_pair("redirect_uri", us.redirect_uri.as_str())
            .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
            .append_pair("code_challenge_method", "S256");
        Ok(SignIn { url, state, nonce, verifier })
    }

    /// Exchanges the code that the browser came back with, once its state was found right, and checks the ID token.
    pub async fn finish(&self, us: &RelyingParty, code: &str, begun: &SignIn) -> Result<Claims, Refused> {
        if code.is_empty() || code.len() > MAX_CODE {
            return Err(Refused::Malformed("code"));
        }
        let source = self.source(&us.issuer)?;
        let endpoint = source.metadata().await?.token_endpoint.clone().ok_or_else(|| missing("token_endpoint"))?;
        let form = exchange(us, code, &begun.verifier);
        let answer = source.post(endpoint, form).await.map_err(Refused::Unavailable)?;
        let answer = json::object(&answer).ok_or(Refused::Malformed("the token endpoint's answer"))?;
        let token = answer.get("id_token").and_then(Value::as_str).ok_or(Refused::Claim("id_token"))?;
        let audiences = [us.client_id.clone()];
        let expected = Expectations { issuers: &[&us.issuer], audiences: &audiences, nonce: Some(&begun.nonce) };
        self.verify(token, &expected).await
    }
}

/// The question for the tokens of a code. The secret travels in the header; both parts are encoded like a form first
/// (RFC 6749, 2.3.1).
fn exchange(us: &RelyingParty, code: &str, verifier: &str) -> Form {
    let mut fields = Serializer::new(String::new());
    fields
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", us.redirect_uri.as_str())
        .append_pair("code_verifier", verifier);
    let basic = us.client_secret.as_ref().map(|secret| (encoded(&us.client_id).to_string(), encoded(secret)));
    if basic.is_none() {
        fields.append_pair("client_id", &us.client_id);
    }
    Form { body: Zeroizing::new(fields.finish()), basic }
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(byte_serialize(text.as_bytes()).collect())
}

fn missing(name: &str) -> Refused {
    Refused::Unavailable(NoAnswer(format!("the issuer names no {name}: it does not sign people in")))
}

/// 256 bits that nobody can guess, as 43 characters that may stand in a URL.
fn secret(random: &dyn Random) -> String {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut());
    URL_SAFE_NO_PAD.encode(*bytes)
}
