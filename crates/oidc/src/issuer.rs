//! An issuer that the operator allows, and its discovery document (OpenID Connect Discovery 1.0, 4).

use serde_json::{Map, Value};
use url::Url;

use crate::json;

/// Largest discovery document, in bytes.
pub(crate) const MAX_DOCUMENT: u64 = 64 * 1024;
/// Longest issuer.
const MAX_ISSUER: usize = 255;

/// An issuer that may be asked for its keys. Only the operator makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    name: String,
    base: Url,
    internal: bool,
}

/// Why a text is not an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Not an address, or a long one.
    #[error("not an address like https://id.example")]
    NotUrl,
    /// Plain http without `internal`.
    #[error("not https: plain http is for issuers in one's own network that are marked as internal")]
    Scheme,
    /// User info, query or fragment.
    #[error("an issuer has neither user info nor query nor fragment")]
    Extras,
}

impl Issuer {
    /// Reads an issuer as its tokens write it in `iss`, a slash at the end included. `internal`: it stands in a private
    /// network or on this machine, so its own scheme, host and port pass the address guard, and plain http does.
    pub fn new(text: &str, internal: bool) -> Result<Issuer, IssuerError> {
        let base = Url::parse(text).ok().filter(|base| text.len() <= MAX_ISSUER && base.has_host());
        let base = base.ok_or(IssuerError::NotUrl)?;
        if !(base.scheme() == "https" || internal && base.scheme() == "http") {
            return Err(IssuerError::Scheme);
        }
        let user_info = !base.username().is_empty() || base.password().is_some();
        if user_info || base.query().is_some() || base.fragment().is_some() {
            return Err(IssuerError::Extras);
        }
        Ok(Issuer { name: text.to_owned(), base, internal })
    }

    /// What `iss` has to be, byte for byte.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its own address where the guard may let it through.
    pub(crate) fn own(&self) -> Option<Url> {
        self.internal.then(|| self.base.clone())
    }

    /// Where its discovery document lies.
    pub(crate) fn discovery(&self) -> Option<Url> {
        Url::parse(&format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'))).ok()
    }
}

/// What an issuer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where its keys lie.
    pub jwks_uri: Url,
    /// Where a person's browser is sent to sign in, if people can.
    pub authorization_endpoint: Option<Url>,
    /// Where a code is exchanged, if people can sign in.
    pub token_endpoint: Option<Url>,
}

/// A discovery document that doesn't count. The text is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadMetadata {
    #[error("the discovery document is no JSON object")]
    Shape,
    #[error("the discovery document names another issuer")]
    Issuer,
    #[error("the discovery document has no usable {0}: https is needed, or the internal issuer's own address")]
    Address(&'static str),
}

impl Metadata {
    /// Reads the document. Its addresses may lie elsewhere, as Google's do, but only on https, or where the issuer itself is;
    /// what is asked passes the address guard then.
    pub(crate) fn parse(bytes: &[u8], issuer: &Issuer) -> Result<Metadata, BadMetadata> {
        let document = json::object(bytes).ok_or(BadMetadata::Shape)?;
        if document.get("issuer").and_then(Value::as_str) != Some(issuer.name()) {
            return Err(BadMetadata::Issuer);
        }
        Ok(Metadata {
            jwks_uri: address(&document, "jwks_uri", issuer)?.ok_or(BadMetadata::Address("jwks_uri"))?,
            authorization_endpoint: address(&document, "authorization_endpoint", issuer)?,
            token_endpoint: address(&document, "token_endpoint", issuer)?,
        })
    }
}

fn address(document: &Map<String, Value>, name: &'static str, issuer: &Issuer) -> Result<Option<Url>, BadMetadata> {
    let Some(value) = document.get(name) else { return Ok(None) };
    let url = value.as_str().filter(|text| text.len() <= 2048).and_then(|text| Url::parse(text).ok());
    let allowed = |url: &Url| url.scheme() == "https" || issuer.internal && url.origin() == issuer.base.origin();
    url.filter(allowed).map(Some).ok_or(BadMetadata::Address(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_byte_for_byte() {
        for text in ["https://id.example", "https://id.example/", "https://id.example/realms/a"] {
            let issuer = Issuer::new(text, false).unwrap();
            assert_eq!(issuer.name(), text);
            let rest = text.trim_end_matches('/');
            assert_eq!(issuer.discovery().unwrap().as_str(), format!("{rest}/.well-known/openid-configuration"));
            assert_eq!(issuer.own(), None);
        }
    }

    #[test]
    fn addresses_that_no_issuer_has_are_refused() {
        assert_eq!(Issuer::new("http://id.example", false), Err(IssuerError::Scheme));
        assert_eq!(Issuer::new("ftp://id.example", true), Err(IssuerError::Scheme));
        for bad in ["https://u@id.example", "https://u:p@id.example", "https://id.example?x", "https://id.example#x"] {
            assert_eq!(Issuer::new(bad, true), Err(IssuerError::Extras), "{bad}");
        }
        for bad in
            ["", "id.example", "https://", "mailto:a@id.example", &format!("https://id.example/{}", "a".repeat(300))]
        {
            assert_eq!(Issuer::new(bad, true), Err(IssuerError::NotUrl), "{bad}");
        }
    }

    #[test]
    fn addresses_of_a_document_are_https_or_the_internal_issuers_own() {
        let jwks = |issuer: &str, internal: bool, jwks: &str| {
            let document = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks}"}}"#);
            Metadata::parse(document.as_bytes(), &Issuer::new(issuer, internal).unwrap()).map(|_| ())
        };
        let refused = Err(BadMetadata::Address("jwks_uri"));
        assert_eq!(jwks("https://id.example", false, "https://keys.example/"), Ok(()));
        assert_eq!(jwks("https://id.example", false, "http://id.example/keys"), refused);
        assert_eq!(jwks("http://127.0.0.1:9", true, "http://127.0.0.1:9/keys"), Ok(()));
        assert_eq!(jwks("http://127.0.0.1:9", true, "http://127.0.0.1:10/keys"), refused);
        assert_eq!(jwks("https://id.example", false, "file:///etc/passwd"), refused);
        let other = Metadata::parse(
            br#"{"issuer":"https://a.example","jwks_uri":"https://a.example/k"}"#,
            &Issuer::new("https://a.example/", false).unwrap(),
        );
        assert_eq!(other, Err(BadMetadata::Issuer));
    }
}
