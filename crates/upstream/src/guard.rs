//! The address guard: where an upstream, or a document of its, may send us or our callers.
//!
//! It stands at three points: the URL ([`check`]), the resolver ([`GuardedResolver`], so that a name which
//! resolves to a private address a moment later is caught too) and each redirect (the client checks every hop).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::source::Upstream;

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Neither https nor the upstream's own scheme.
    #[error("scheme {0:?} is not allowed")]
    Scheme(String),
    /// User name or password in the address.
    #[error("the address has user info")]
    UserInfo,
    /// No host.
    #[error("the address has no host")]
    NoHost,
    /// An address or name of a private network, and not the upstream's own.
    #[error("{0} lies in a private network")]
    Private(String),
}

/// The check without resolving: for a redirect of the upstream's, for a file's address in a document, and for the
/// `Location` of our own 302. The upstream's own scheme, host and port are always allowed: an operator chose them.
pub fn location_allowed(url: &Url, upstream: &Upstream) -> Result<(), Why> {
    address_allowed(url, Some(upstream.base()))
}

/// The same for an address that has no upstream: `own` is what an operator chose, if anything.
pub fn address_allowed(url: &Url, own: Option<&Url>) -> Result<(), Why> {
    if url.scheme() != "https" && own.is_none_or(|own| url.scheme() != own.scheme()) {
        return Err(Why::Scheme(url.scheme().chars().take(16).collect()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Why::UserInfo);
    }
    let host = url.host().ok_or(Why::NoHost)?;
    if own.is_some_and(|own| same_origin(url, own) || is_own_over_tls(url, own)) {
        return Ok(());
    }
    let private = match &host {
        Host::Ipv4(address) => !is_public(IpAddr::V4(*address)),
        Host::Ipv6(address) => !is_public(IpAddr::V6(*address)),
        Host::Domain(name) => is_private_name(name),
    };
    if private { Err(Why::Private(host.to_string())) } else { Ok(()) }
}

/// The same scheme, host and port.
pub fn same_origin(url: &Url, own: &Url) -> bool {
    url.scheme() == own.scheme()
        && url.host() == own.host()
        && url.port_or_known_default() == own.port_or_known_default()
}

/// An upstream given as `http://host` may lead to `https://host`: the same machine, better guarded.
fn is_own_over_tls(url: &Url, base: &Url) -> bool {
    url.scheme() == "https"
        && url.host() == base.host()
        && (url.port_or_known_default() == base.port_or_known_default()
            || (url.port().is_none() && base.port().is_none()))
}

/// Names that can only mean a machine of a private network: RFC 6761, 6762, 8375, ICANN's `internal`, and any name
/// without a dot.
fn is_private_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let ends = |suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || ["localhost", "local", "internal", "home.arpa", "localdomain"].into_iter().any(ends)
}

/// True for an address that a stranger's document may lead to: not loopback, private, link-local (where clouds keep
/// their metadata service), unique-local, shared (CGNAT), multicast, reserved or unspecified; and no IPv6 form that
/// carries an IPv4 address inside, because the one behind it can't be judged by its range.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol_assignments = a == 192 && b == 0 && c == 0;
    // Azure's metadata and DNS address lies in public space.
    let wire_server = v4.octets() == [168, 63, 129, 16];
    !(a == 0
        || a >= 224
        || v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || shared
        || protocol_assignments
        || wire_server)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let embeds_v4 = s.starts_with(&[0, 0, 0, 0, 0]) // unspecified, loopback, ::a.b.c.d, ::ffff:a.b.c.d
        || s.starts_with(&[0, 0, 0, 0, 0xffff]) // ::ffff:0:a.b.c.d (SIIT)
        || s.starts_with(&[0x64, 0xff9b]) // NAT64, well-known and local
        || s[0] == 0x2002 // 6to4
        || s.starts_with(&[0x2001, 0]); // Teredo
    let global_unicast = s[0] & 0xe000 == 0x2000;
    global_unicast && !embeds_v4
}

/// A resolver that leaves only public addresses over. Names of the environment's proxies pass: an operator chose
/// them, and behind a proxy it is the proxy that resolves.
#[derive(Clone, Debug, Default)]
pub struct GuardedResolver {
    trusted: std::sync::Arc<[String]>,
}

impl GuardedResolver {
    /// A resolver that lets the names in `trusted` through unchecked.
    pub fn new(trusted: Vec<String>) -> GuardedResolver {
        GuardedResolver { trusted: trusted.into() }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.trusted.iter().any(|host| host.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found.filter(|address| trusted || is_public(address.ip())).collect();
            if kept.is_empty() {
                return Err(Why::Private(name.as_str().to_owned()).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::Ecosystem;

    fn allowed(url: &str, base: &str) -> Result<(), Why> {
        location_allowed(&Url::parse(url).unwrap(), &Upstream::new(Ecosystem::Npm, base).unwrap())
    }

    #[test]
    fn private_addresses_in_every_spelling_are_refused() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "192.0.0.192",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[::127.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata.google.internal",
            "printer.local",
            "intranet",
        ] {
            let url = format!("https://{host}/x");
            assert!(
                matches!(allowed(&url, "https://registry.example"), Err(Why::Private(_))),
                "{host} was let through"
            );
        }
    }

    #[test]
    fn public_https_is_allowed() {
        for url in
            ["https://files.example/a", "https://8.8.8.8/", "https://[2606:4700::1]/", "https://files.example:8443/"]
        {
            assert_eq!(allowed(url, "https://registry.example"), Ok(()), "{url}");
        }
    }

    #[test]
    fn the_scheme_may_not_fall_below_the_upstreams() {
        assert!(matches!(allowed("http://files.example/", "https://registry.example"), Err(Why::Scheme(_))));
        assert_eq!(allowed("http://files.example/", "http://registry.example"), Ok(()));
        for odd in ["file:///etc/passwd", "ftp://files.example/", "gopher://files.example/", "data:text/plain,x"] {
            assert!(matches!(allowed(odd, "http://registry.example"), Err(Why::Scheme(_))), "{odd}");
        }
    }

    #[test]
    fn without_an_address_of_the_operators_only_public_https_is_allowed() {
        let allowed = |url: &str| address_allowed(&Url::parse(url).unwrap(), None);
        assert_eq!(allowed("https://id.example/keys"), Ok(()));
        assert!(matches!(allowed("http://id.example/keys"), Err(Why::Scheme(_))));
        assert!(matches!(allowed("https://127.0.0.1/keys"), Err(Why::Private(_))));
        assert!(matches!(allowed("https://id.internal/keys"), Err(Why::Private(_))));
    }

    #[test]
    fn user_info_is_refused_even_on_the_upstream_itself() {
        assert_eq!(allowed("https://a:b@registry.example/", "https://registry.example"), Err(Why::UserInfo));
        assert_eq!(allowed("https://a@registry.example/", "https://registry.example"), Err(Why::UserInfo));
    }

    #[test]
    fn a_private_upstream_is_allowed_on_its_own_port_only() {
        let base = "http://10.0.0.5:4873";
        assert_eq!(allowed("http://10.0.0.5:4873/a.tgz", base), Ok(()));
        assert!(allowed("http://10.0.0.5:6379/", base).is_err());
        assert!(allowed("http://10.0.0.6:4873/", base).is_err());
        assert_eq!(allowed("https://10.0.0.5/a.tgz", "http://10.0.0.5"), Ok(()));
    }

    #[tokio::test]
    async fn the_resolver_drops_private_addresses_unless_the_name_is_trusted() {
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(GuardedResolver::default().resolve(name()).await.is_err());
        assert!(GuardedResolver::new(vec!["localhost".into()]).resolve(name()).await.is_ok());
    }
}
