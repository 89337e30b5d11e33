//! Where records come from.

use std::fmt;
use std::path::PathBuf;

use url::{Host, Url};

/// One configured source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder with a record in each `*.json` below it, a `.json` file, or a `.zip`. Which one is seen when it is read.
    Path(PathBuf),
    /// The address of a zip.
    Address(Url),
}

/// Why a text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing is there.
    #[error("a source is empty; give a folder, a .json file, a .zip or an https address of a zip")]
    Empty,
    /// It looks like an address and is none.
    #[error("a source is not a readable address")]
    Address,
    /// Whoever stands in between could remove records.
    #[error("a source's address must be https (http only for this machine itself)")]
    NotHttps,
    /// It would end in logs.
    #[error("a source's address must not hold a user name or password")]
    Credentials,
}

impl Source {
    /// Reads a setting: whatever holds `://` is an address, everything else a path.
    pub fn parse(text: &str) -> Result<Source, SourceError> {
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if !text.contains("://") {
            return Ok(Source::Path(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|_| SourceError::Address)?;
        if !(url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url))) {
            return Err(SourceError::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SourceError::Credentials);
        }
        Ok(Source::Address(url))
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// As messages name it: without an address's query, which may hold a secret.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Path(path) => write!(f, "{}", path.display()),
            Source::Address(url) => {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.set_fragment(None);
                write!(f, "{shown}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_https_addresses_are_sources() {
        assert_eq!(Source::parse("feeds/osv"), Ok(Source::Path("feeds/osv".into())));
        for good in
            ["https://feed.example/all.zip", "http://127.0.0.1:80/a.zip", "http://[::1]/a", "http://localhost/a"]
        {
            assert!(matches!(Source::parse(good), Ok(Source::Address(_))), "{good}");
        }
    }

    #[test]
    fn addresses_that_others_can_change_on_the_way_are_refused() {
        for (bad, why) in [
            ("http://feed.example/all.zip", SourceError::NotHttps),
            ("http://127.0.0.1.feed.example/", SourceError::NotHttps),
            ("ftp://feed.example/", SourceError::NotHttps),
            ("file:///etc/passwd", SourceError::NotHttps),
            ("https://me:secret@feed.example/", SourceError::Credentials),
            ("https://", SourceError::Address),
            ("", SourceError::Empty),
        ] {
            assert_eq!(Source::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_query_is_not_shown() {
        let source = Source::parse("https://feed.example/all.zip?token=secret#x").unwrap();
        assert_eq!(source.to_string(), "https://feed.example/all.zip");
    }
}
