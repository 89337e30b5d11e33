//! Where a request came from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderMap;
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

/// The client behind `peer`. Forwarding headers count only if the peer is a trusted proxy, and then only up to the
/// first address, read from the right, that is none: everything left of it was written by a stranger.
pub fn client_net(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientNet {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    if trusted.is_empty() || !is_trusted(&peer) {
        return peer.into();
    }
    let mut client = peer;
    for hop in hops(headers).into_iter().rev() {
        let Some(address) = hop else { break };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    client.into()
}

/// The forwarded addresses, oldest first; `None` where one can't be read. RFC 7239's `Forwarded` before `X-Forwarded-For`.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values =
        |name: &str| headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
    let forwarded = values("forwarded");
    if !forwarded.is_empty() {
        return forwarded.split(',').map(forwarded_for).collect();
    }
    let plain = values("x-forwarded-for");
    if plain.is_empty() {
        return Vec::new();
    }
    plain.split(',').map(|hop| address(hop.trim())).collect()
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
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
        client_net(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(net("192.0.2.9", ("x-forwarded-for", "198.51.100.1")), "192.0.2.9");
        assert_eq!(net("10.0.0.1", ("x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.0.0.2")), "203.0.113.7");
        assert_eq!(net("10.0.0.1", ("x-forwarded-for", "198.51.100.1, nonsense")), "10.0.0.1");
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
