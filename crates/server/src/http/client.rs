//! Where a request came from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, Uri, header};
use ipnet::IpNet;

/// A client's address as limits and the ledger know it: its IPv4, or its IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientNet {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 /64: one subscriber has all of it.
    V6([u16; 4]),
}

impl From<IpAddr> for ClientNet {
    fn from(address: IpAddr) -> ClientNet {
        match address.to_canonical() {
            IpAddr::V4(v4) => ClientNet::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                ClientNet::V6([a, b, c, d])
            }
        }
    }
}

impl fmt::Display for ClientNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientNet::V4(v4) => v4.fmt(f),
            ClientNet::V6([a, b, c, d]) => write!(f, "{}/64", Ipv6Addr::new(*a, *b, *c, *d, 0, 0, 0, 0)),
        }
    }
}

/// Who sent a request, and under which host: what a trusted proxy says of it counts, what a stranger says does not.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The client's address.
    pub net: ClientNet,
    /// The host that the client asked for.
    pub host: Option<&'a str>,
}

impl Sender<'_> {
    /// The client behind `peer`. Forwarded addresses count up to the first one, read from the right, that is no trusted
    /// proxy's: everything left of it was written by a stranger.
    ///
    /// The host is what the request line names (HTTP/2's `:authority`, or a whole address), else `Host` (RFC 9112,
    /// section 3.2.2).
    pub fn of<'a>(uri: &'a Uri, headers: &'a HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> Sender<'a> {
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
        let named = uri.authority().map(|authority| authority.as_str());
        let host = named.or_else(|| headers.get(header::HOST).and_then(|v| v.to_str().ok()));
        if trusted.is_empty() || !is_trusted(&peer) {
            return Sender { net: peer.into(), host };
        }
        let client = forwarded_client(headers, peer, &is_trusted);
        Sender { net: client.into(), host: forwarded_host(headers).or(host) }
    }
}

/// The host that the outermost proxy was asked for. Where the two headers disagree, one of them may be a stranger's, and
/// neither counts; see [`forwarded_client`].
fn forwarded_host(headers: &HeaderMap) -> Option<&str> {
    let first = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).and_then(|v| v.split(',').next());
    let forwarded = first("forwarded").and_then(|element| parameter(element, "host"));
    let plain = first("x-forwarded-host").map(str::trim);
    let (forwarded, plain) = (forwarded.filter(|host| !host.is_empty()), plain.filter(|host| !host.is_empty()));
    match (forwarded, plain) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => None,
        (one, other) => one.or(other),
    }
}

/// One parameter of an element of RFC 7239's `Forwarded`.
fn parameter<'a>(element: &'a str, wanted: &str) -> Option<&'a str> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.trim().trim_matches('"'))
}

/// The client that the trusted proxies name. A proxy writes one of the two headers and passes the other one on as the client
/// sent it; nobody can tell which, so where they disagree neither counts.
fn forwarded_client(headers: &HeaderMap, peer: IpAddr, is_trusted: &impl Fn(&IpAddr) -> bool) -> IpAddr {
    let values =
        |name: &str| headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
    let (forwarded, plain) = (values("forwarded"), values("x-forwarded-for"));
    let names_clients = forwarded.split(',').any(|element| parameter(element, "for").is_some());
    let forwarded = names_clients.then(|| outermost(forwarded.split(',').map(forwarded_for), peer, is_trusted));
    let plain =
        (!plain.is_empty()).then(|| outermost(plain.split(',').map(|hop| address(hop.trim())), peer, is_trusted));
    match (forwarded, plain) {
        (Some(one), Some(other)) if one != other => peer,
        (found, other) => found.or(other).unwrap_or(peer),
    }
}

/// Walks from the nearest hop outwards, to the first that is no trusted proxy's or can't be read.
fn outermost(
    hops: impl DoubleEndedIterator<Item = Option<IpAddr>>,
    peer: IpAddr,
    is_trusted: &impl Fn(&IpAddr) -> bool,
) -> IpAddr {
    let mut client = peer;
    for hop in hops.rev() {
        let Some(address) = hop else { break };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    client
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    address(parameter(element, "for")?)
}

/// `192.0.2.1`, `192.0.2.1:8080`, `2001:db8::1`, `[2001:db8::1]:8080`.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').and_then(|(inner, _)| inner.parse().ok());
    }
    text.rsplit_once(':').and_then(|(host, _)| host.parse::<Ipv4Addr>().ok()).map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(peer: &str, header: (&'static str, &str)) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header.0, header.1.parse().expect("a header"));
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        Sender::of(&Uri::from_static("/"), &headers, peer.parse().expect("an address"), &trusted).net.to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(net("192.0.2.9", ("x-forwarded-for", "198.51.100.1")), "192.0.2.9");
        assert_eq!(net("10.0.0.1", ("x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.0.0.2")), "203.0.113.7");
        assert_eq!(net("10.0.0.1", ("x-forwarded-for", "198.51.100.1, nonsense")), "10.0.0.1");
    }

    #[test]
    fn a_header_that_the_proxy_does_not_write_cannot_choose_an_address() {
        let net = |forwarded: &'static str, plain: &'static str| {
            let headers = HeaderMap::from_iter([
                (header::FORWARDED, forwarded.parse().expect("a header")),
                (header::HeaderName::from_static("x-forwarded-for"), plain.parse().expect("a header")),
            ]);
            let trusted = ["10.0.0.0/8".parse().expect("a network")];
            let peer = "10.0.0.1".parse().expect("an address");
            Sender::of(&Uri::from_static("/"), &headers, peer, &trusted).net.to_string()
        };
        assert_eq!(net("for=198.51.100.1", "203.0.113.7"), "10.0.0.1");
        assert_eq!(net("for=203.0.113.7", "198.51.100.1"), "10.0.0.1");
        assert_eq!(net("for=203.0.113.7", "198.51.100.1, 203.0.113.7"), "203.0.113.7");
        assert_eq!(net("host=gate.example;proto=https", "203.0.113.7"), "203.0.113.7");
    }

    #[test]
    fn only_a_trusted_proxy_says_which_host_was_asked_for() {
        let headers = HeaderMap::from_iter([
            (header::HOST, "inner:8417".parse().expect("a header")),
            (header::FORWARDED, "for=192.0.2.1;host=\"outer.example\"".parse().expect("a header")),
        ]);
        let host = |peer: &str| {
            let trusted = ["10.0.0.0/8".parse().expect("a network")];
            let uri = Uri::from_static("/");
            let sender = Sender::of(&uri, &headers, peer.parse().expect("an address"), &trusted);
            sender.host.map(str::to_owned)
        };
        assert_eq!(host("10.0.0.1").as_deref(), Some("outer.example"));
        assert_eq!(host("192.0.2.1").as_deref(), Some("inner:8417"));
    }

    #[test]
    fn two_headers_that_name_two_hosts_name_none() {
        let host = |plain: &'static str| {
            let headers = HeaderMap::from_iter([
                (header::HOST, "inner:8417".parse().expect("a header")),
                (header::FORWARDED, "host=outer.example".parse().expect("a header")),
                (header::HeaderName::from_static("x-forwarded-host"), plain.parse().expect("a header")),
            ]);
            let (uri, trusted) = (Uri::from_static("/"), ["10.0.0.0/8".parse().expect("a network")]);
            let sender = Sender::of(&uri, &headers, "10.0.0.1".parse().expect("an address"), &trusted);
            sender.host.map(str::to_owned)
        };
        assert_eq!(host("other.example").as_deref(), Some("inner:8417"));
        assert_eq!(host("Outer.example").as_deref(), Some("outer.example"));
    }

    #[test]
    fn forwarded_is_read_in_all_its_spellings() {
        assert_eq!(net("10.0.0.1", ("forwarded", "for=198.51.100.1;proto=https")), "198.51.100.1");
        assert_eq!(net("10.0.0.1", ("forwarded", "proto=http;For=\"[2001:db8:1:2:3::4]:99\"")), "2001:db8:1:2::/64");
        assert_eq!(net("10.0.0.1", ("x-forwarded-for", "198.51.100.1:4711")), "198.51.100.1");
    }

    #[test]
    fn an_ipv6_client_is_its_64() {
        assert_eq!(ClientNet::from("2001:db8::1".parse::<IpAddr>().expect("v6")).to_string(), "2001:db8::/64");
        assert_eq!(ClientNet::from("::ffff:192.0.2.1".parse::<IpAddr>().expect("mapped")).to_string(), "192.0.2.1");
    }
}
