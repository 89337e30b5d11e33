//! The addresses under which clients come. A request's `Host` selects one; every link in its answer starts with it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

/// What is served under an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// Everything.
    Whole,
    /// `npm_host`: the npm registry at the root, and `/api/v1/`.
    Npm,
    /// `pypi_host`: the simple index and its files at the root, and `/api/v1/`.
    Pypi,
}

/// One public address with the addresses that follow from it. None ends with a slash, but the index does.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// Position in the list; part of the keys of rendered answers.
    pub id: u16,
    /// Identifies the addresses and the program that writes them down; part of entity tags, which outlive a restart.
    pub tag: u32,
    /// What is served here.
    pub site: Site,
    /// A loopback name that is always in the list; the operator did not write it there.
    pub implied: bool,
    /// Where pages (`/why`, `/problems`) are: an address that serves everything.
    pub pages: String,
    /// Where `/api/v1` is.
    pub api: String,
    /// The npm registry: `http://127.0.0.1:8417/npm`.
    pub npm: String,
    /// The simple index: `http://127.0.0.1:8417/pypi/simple/`.
    pub simple: String,
    /// The Python files: `http://127.0.0.1:8417/pypi/files`.
    pub files: String,
}

impl Origin {
    /// The standard library's hash is the same in every process of one program, and that is enough: another program may
    /// write another document.
    fn identity(&self) -> u32 {
        let mut hash = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), &self.pages, &self.npm, &self.simple, &self.files).hash(&mut hash);
        let [a, b, c, d, ..] = hash.finish().to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

/// All of them, found by host.
#[derive(Debug)]
pub struct Origins {
    by_host: HashMap<String, Arc<Origin>>,
    primary: Arc<Origin>,
}

impl Origins {
    /// The configured addresses, and the loopback names with the bound port.
    pub fn new(
        public_urls: &[String],
        npm_host: Option<&str>,
        pypi_host: Option<&str>,
        bound: SocketAddr,
        tls: bool,
    ) -> Origins {
        let scheme = if tls { "https" } else { "http" };
        let loopback = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{scheme}://{name}:{}", bound.port()));
        let mut whole: Vec<&str> = public_urls.iter().map(|url| url.trim_end_matches('/')).collect();
        let configured = whole.len();
        whole.extend(loopback.iter().map(String::as_str));
        let first = whole[0];
        let public_scheme = first.split_once("://").map_or(scheme, |(s, _)| s);
        let npm = npm_host.map(|host| format!("{public_scheme}://{host}"));
        let pypi = pypi_host.map(|host| format!("{public_scheme}://{host}"));

        let mut all: Vec<(String, Arc<Origin>)> = Vec::new();
        let mut add = |base: &str, site: Site, implied: bool| {
            let pages = if site == Site::Whole { base } else { first };
            // Under an address that serves everything, both registries are reached by that same address.
            let npm = npm.as_deref().filter(|_| site != Site::Whole);
            let pypi = pypi.as_deref().filter(|_| site != Site::Whole);
            let under = |path: &str| format!("{pages}{path}");
            let mut origin = Origin {
                tag: 0,
                id: u16::try_from(all.len()).unwrap_or(u16::MAX),
                site,
                implied,
                pages: pages.to_owned(),
                api: base.to_owned(),
                npm: npm.map_or_else(|| under("/npm"), str::to_owned),
                simple: pypi.map_or_else(|| under("/pypi/simple/"), |p| format!("{p}/simple/")),
                files: pypi.map_or_else(|| under("/pypi/files"), |p| format!("{p}/files")),
            };
            origin.tag = origin.identity();
            if let Some(host) = host_of(base) {
                all.push((host, Arc::new(origin)));
            }
        };
        for (place, base) in whole.iter().enumerate() {
            add(base, Site::Whole, place >= configured);
        }
        if let Some(npm) = &npm {
            add(npm, Site::Npm, false);
        }
        if let Some(pypi) = &pypi {
            add(pypi, Site::Pypi, false);
        }
        let primary = all[0].1.clone();
        // The first address of a host wins: an operator's own spelling before the loopback names.
        let mut by_host = HashMap::new();
        for (host, origin) in all {
            by_host.entry(host).or_insert(origin);
        }
        Origins { by_host, primary }
    }

    /// The address a request came under: by the host that was asked for.
    pub fn select(&self, host: Option<&str>) -> Option<&Arc<Origin>> {
        let host = host?;
        self.by_host.get(host).or_else(|| self.by_host.get(&normal_host(host)))
    }

    /// The first address: links in answers to requests that came under no known one start with it.
    pub fn primary(&self) -> &Arc<Origin> {
        &self.primary
    }

    /// The address that a mail tells of. Whoever asks for a mail to a stranger's address chooses the `Host`, and a loopback
    /// name would have the reader send the key to whatever listens on his own machine: where the operator named an
    /// address, that one is told instead.
    pub fn told_by_mail<'a>(&'a self, asked: &'a Arc<Origin>) -> &'a Arc<Origin> {
        if asked.implied && !self.primary.implied { &self.primary } else { asked }
    }

    /// Every address's base, for the list of what must not become our own upstream.
    pub fn bases(&self) -> Vec<String> {
        let mut bases: Vec<String> = self.by_host.values().flat_map(|o| [o.api.clone(), o.npm.clone()]).collect();
        bases.sort();
        bases.dedup();
        bases
    }
}

/// The host as a client sends it for this address: lower case, the scheme's own port left out.
fn host_of(base: &str) -> Option<String> {
    let url = url::Url::parse(base).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Lower case; `:80` and `:443` say nothing that the address does not.
fn normal_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80"));
    bare.map(str::to_owned).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let urls = ["https://packages.example.com".to_owned(), "http://gate.example:8080".to_owned()];
        Origins::new(&urls, Some("npm.example.com"), Some("pypi.example.com"), ([127, 0, 0, 1], 8417).into(), false)
    }

    fn select(host: &str) -> Option<Arc<Origin>> {
        origins().select(Some(host)).cloned()
    }

    #[test]
    fn links_start_with_the_address_that_was_asked() {
        let npm = |host| select(host).map(|o| o.npm.clone());
        assert_eq!(npm("packages.example.com").as_deref(), Some("https://packages.example.com/npm"));
        assert_eq!(npm("PACKAGES.example.com:443").as_deref(), Some("https://packages.example.com/npm"));
        assert_eq!(npm("gate.example:8080").as_deref(), Some("http://gate.example:8080/npm"));
        assert_eq!(npm("localhost:8417").as_deref(), Some("http://localhost:8417/npm"));
        assert_eq!(npm("[::1]:8417").as_deref(), Some("http://[::1]:8417/npm"));
        assert_eq!(npm("npm.example.com").as_deref(), Some("https://npm.example.com"));
    }

    #[test]
    fn a_registry_host_has_its_registry_at_the_root() {
        let pypi = select("pypi.example.com").expect("configured");
        assert_eq!((pypi.site, pypi.simple.as_str()), (Site::Pypi, "https://pypi.example.com/simple/"));
        assert_eq!(pypi.files, "https://pypi.example.com/files");
        assert_eq!(pypi.pages, "https://packages.example.com");
    }

    #[test]
    fn a_foreign_host_selects_nothing() {
        for host in ["evil.example", "localhost", "localhost:1", "packages.example.com.evil.example"] {
            assert_eq!(select(host), None, "{host}");
        }
    }
}
