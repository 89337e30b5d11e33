//! Where metadata comes from: the upstream of one ecosystem, and whether it is known yet.

use std::sync::Arc;

use http::HeaderValue;
use sekisho_core::{Ecosystem, PackageName};
use url::Url;

use crate::credentials::Credentials;

/// What is known of an ecosystem's upstream. Discovery runs after listening, so it changes while we serve.
#[derive(Clone, Debug)]
pub enum SourceState {
    /// Not known yet.
    Discovering,
    /// Known.
    Ready(Arc<Upstream>),
    /// There is none; the text says so and names the setting.
    Off(String),
}

/// An ecosystem's upstream: its base address, and what we show there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    ecosystem: Ecosystem,
    base: Url,
    /// The base address up to its path: `https://registry.example/`.
    beginning: Box<str>,
    credentials: Option<Credentials>,
    setting: String,
}

/// Why a text is not an upstream's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL at all.
    #[error("not a URL")]
    NotUrl,
    /// A scheme other than http or https.
    #[error("neither http nor https")]
    Scheme,
    /// No host.
    #[error("no host")]
    Host,
}

/// Reads a registry's base address: http or https; user info, query and fragment are cut off, one `/` ends the path.
pub fn parse_base(text: &str) -> Result<Url, AddressError> {
    let mut url = Url::parse(text.trim()).map_err(|_| AddressError::NotUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressError::Scheme);
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(AddressError::Host);
    }
    url.set_username("").map_err(|()| AddressError::Host)?;
    url.set_password(None).map_err(|()| AddressError::Host)?;
    url.set_query(None);
    url.set_fragment(None);
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

impl Upstream {
    /// The upstream at `base`, read as [`parse_base`] reads it.
    pub fn new(ecosystem: Ecosystem, base: &str) -> Result<Upstream, AddressError> {
        let base = parse_base(base)?;
        let beginning = format!("{}/", base.origin().ascii_serialization()).into();
        let setting = format!("upstream.{ecosystem}");
        Ok(Upstream { ecosystem, base, beginning, credentials: None, setting })
    }

    /// The same, with the section of the configuration that messages name.
    pub fn set_by(self, setting: &str) -> Upstream {
        Upstream { setting: setting.to_owned(), ..self }
    }

    /// The section of the configuration that sets it.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// The same, asked with these credentials; `None` leaves it without.
    pub fn with_credentials(self, credentials: Option<Credentials>) -> Upstream {
        Upstream { credentials, ..self }
    }

    /// It is asked with credentials of ours: a client can't be sent there.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// The credentials for a request to `url`: only for the upstream's own scheme, host and port, wherever a document or
    /// a redirect may point.
    pub(crate) fn authorization(&self, url: &Url) -> Option<&HeaderValue> {
        self.credentials.as_ref().filter(|_| self.is_own(url)).map(Credentials::header)
    }

    /// The ecosystem that is served from here.
    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// The base address; its path ends with `/`.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Where a package's document lies: npm `<base>/@scope%2fname`, PyPI `<base>/<name>/`.
    pub fn metadata_url(&self, name: &PackageName) -> Url {
        match self.ecosystem {
            Ecosystem::Npm => self.below(&name.as_str().replace('/', "%2f")),
            Ecosystem::Pypi => self.below(&format!("{}/", name.as_str())),
        }
    }

    /// The address of `path` below the base. `path` is already percent-encoded and relative.
    pub fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), path.trim_start_matches('/')));
        url
    }

    /// What to ask for: npm the full packument (the abbreviated one is derived), PyPI JSON before HTML (PEP 691).
    pub fn accept(&self) -> &'static str {
        match self.ecosystem {
            Ecosystem::Npm => "application/json",
            Ecosystem::Pypi => {
                "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.2, text/html; q=0.01"
            }
        }
    }

    /// True if `url` lies on the upstream's own scheme, host and port.
    pub fn is_own(&self, url: &Url) -> bool {
        crate::guard::same_origin(url, &self.base)
    }

    /// The same for an address as `Url` writes it, seen by how it begins: `false` says nothing. Up to the path there is nothing
    /// but scheme, host and port in what is compared, so that no user name or longer host can hide there.
    pub fn begins_own(&self, url: &str) -> bool {
        url.starts_with(&*self.beginning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_the_upstream_does_is_its_own_and_nothing_else_begins_so() {
        let upstream = Upstream::new(Ecosystem::Npm, "https://registry.example:443/npm").unwrap();
        assert!(upstream.begins_own("https://registry.example/npm/a/-/a-1.tgz"));
        for text in [
            "https://registry.example/npm/a",
            "https://registry.example/@other.example/",
            "https://registry.example@other.example/npm/a",
            "https://registry.example:pass@other.example/npm/a",
            "https://registry.example.other.example/npm/a",
            "https://registry.example:444/npm/a",
            "http://registry.example/npm/a",
            "https://registry.example",
        ] {
            let own = upstream.is_own(&Url::parse(text).unwrap());
            assert!(own || !upstream.begins_own(text), "{text}");
        }
        let port = Upstream::new(Ecosystem::Npm, "http://127.0.0.1:80/").unwrap();
        assert!(port.begins_own("http://127.0.0.1/a") && !port.begins_own("http://127.0.0.1:8080/a"));
    }

    fn url_of(ecosystem: Ecosystem, base: &str, name: &str) -> String {
        let name = PackageName::parse(ecosystem, name).unwrap();
        Upstream::new(ecosystem, base).unwrap().metadata_url(&name).to_string()
    }

    #[test]
    fn documents_lie_where_the_registries_keep_them() {
        use Ecosystem::{Npm, Pypi};
        assert_eq!(url_of(Npm, "https://registry.example", "express"), "https://registry.example/express");
        assert_eq!(url_of(Npm, "https://registry.example/a/", "@b/c"), "https://registry.example/a/@b%2fc");
        assert_eq!(url_of(Npm, "https://registry.example", "a~!'()*"), "https://registry.example/a~!'()*");
        assert_eq!(url_of(Pypi, "https://index.example/simple", "Flask"), "https://index.example/simple/flask/");
    }

    #[test]
    fn credentials_in_a_base_address_are_cut_off() {
        let base = parse_base(" https://user:secret@registry.example/npm?x=1#y ").unwrap();
        assert_eq!(base.as_str(), "https://registry.example/npm/");
        for bad in ["", "registry.example", "file:///etc/passwd", "ftp://registry.example", "http://"] {
            assert!(parse_base(bad).is_err(), "{bad:?} was taken");
        }
    }
}
