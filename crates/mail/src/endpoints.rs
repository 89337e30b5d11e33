//! The addresses that mails tell people to use.

use url::Url;

/// The public addresses of one Sekisho, safe to be written into a shell command, TOML, YAML or an `.npmrc` as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    base: String,
    npm: Registry,
    simple: Registry,
}

/// One address, taken apart as the package managers' settings need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registry {
    url: String,
    scheme: &'static str,
    host: String,
    authority: String,
    loopback: bool,
}

/// An address that can't stand in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No http or https address, or one with user info, query or fragment.
    #[error("not a plain http or https address")]
    NotPlain,
    /// A character that would mean something to a shell or a settings file.
    #[error("an address may only have letters, digits and -._~:/[] in it")]
    Character,
}

impl Endpoints {
    /// Takes the public URL, the npm registry's and the simple index's. A missing slash at the end is added to the last two.
    pub fn new(base: &str, npm: &str, simple: &str) -> Result<Endpoints, EndpointError> {
        let base = Registry::parse(base)?.url.trim_end_matches('/').to_owned();
        Ok(Endpoints { base, npm: Registry::parse(npm)?, simple: Registry::parse(simple)? })
    }

    /// Everything under one origin: `<base>/npm/` and `<base>/pypi/simple/`.
    pub fn under(base: &str) -> Result<Endpoints, EndpointError> {
        let base = base.trim_end_matches('/');
        Endpoints::new(base, &format!("{base}/npm/"), &format!("{base}/pypi/simple/"))
    }

    /// The public URL without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn npm(&self) -> &Registry {
        &self.npm
    }

    pub(crate) fn simple(&self) -> &Registry {
        &self.simple
    }
}

impl Registry {
    fn parse(text: &str) -> Result<Registry, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotPlain)?;
        let scheme = match url.scheme() {
            "http" => "http",
            "https" => "https",
            _ => return Err(EndpointError::NotPlain),
        };
        let bare = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| bare && url.query().is_none() && url.fragment().is_none());
        let host = host.ok_or(EndpointError::NotPlain)?.to_owned();
        let mut whole = url.to_string();
        if !whole.ends_with('/') {
            whole.push('/');
        }
        if !whole.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b)) {
            return Err(EndpointError::Character);
        }
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let loopback = is_loopback(&host);
        Ok(Registry { url: whole, scheme, host, authority, loopback })
    }

    /// With a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The URL without its scheme: the name under which `.npmrc` keeps a registry's settings.
    pub(crate) fn without_scheme(&self) -> &str {
        self.url.strip_prefix(self.scheme).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&self.url)
    }

    /// The URL with a user and a password.
    pub(crate) fn with_user(&self, user: &str, password: &str) -> String {
        let rest = self.without_scheme().trim_start_matches('/');
        format!("{}://{user}:{password}@{rest}", self.scheme)
    }

    /// Without port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Host, and the port unless it is the scheme's.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Over plain HTTP: Yarn 4 has to be told that this is allowed.
    pub(crate) fn is_http(&self) -> bool {
        self.scheme == "http"
    }

    /// Over plain HTTP and not on this machine: pip and PDM have to be told that this is allowed.
    pub(crate) fn is_untrusted(&self) -> bool {
        self.is_http() && !self.loopback
    }
}

/// A name or address that never leaves this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let all = Endpoints::under("http://[::1]:8417/").expect("an address");
        assert_eq!(all.base(), "http://[::1]:8417");
        assert_eq!(all.npm().url(), "http://[::1]:8417/npm/");
        assert_eq!(all.npm().without_scheme(), "//[::1]:8417/npm/");
        assert_eq!(all.simple().with_user("token", "x"), "http://token:x@[::1]:8417/pypi/simple/");
        assert!(all.npm().is_http() && !all.npm().is_untrusted());
        let hosts =
            Endpoints::new("https://gate.example", "https://npm.gate.example", "http://pypi.gate.example:81/simple");
        let hosts = hosts.expect("addresses");
        assert_eq!(hosts.npm().url(), "https://npm.gate.example/");
        assert_eq!((hosts.simple().host(), hosts.simple().authority()), ("pypi.gate.example", "pypi.gate.example:81"));
        assert!(hosts.simple().is_untrusted() && !hosts.npm().is_http());
    }

    #[test]
    fn what_could_mean_something_to_a_shell_is_refused() {
        for bad in
            ["ftp://a.example", "a.example", "http://u@a.example", "http://a.example/?q", "http://a.example/#f", ""]
        {
            assert_eq!(Endpoints::under(bad), Err(EndpointError::NotPlain), "{bad}");
        }
        for bad in [
            "http://a.example/$(id)",
            "http://a.example/'",
            "http://a.example/`id`",
            "http://a.example/a b",
            "http://a.example/!",
        ] {
            assert_eq!(Endpoints::under(bad), Err(EndpointError::Character), "{bad}");
        }
    }
}
