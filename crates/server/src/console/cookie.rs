//! The console's cookies: what they are called, how they are set and read. Each holds an unguessable text or a language.

use http::{HeaderMap, HeaderValue, header};

use crate::http::Origin;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Who is signed in.
    Session,
    /// The browser that waits for a code.
    SignIn,
    /// The browser that is on its way to an identity provider and back.
    Provider,
    /// The language that was chosen before anybody signed in.
    Language,
}

/// How a browser reaches us, as far as cookies care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// HTTPS: the cookie is for this host alone and never leaves it in the clear (the `__Host-` prefix, RFC 6265bis 4.1.3.2).
    Secure,
    /// Plain HTTP that does not leave the machine. Browsers take no `__Host-` cookie there.
    Loopback,
    /// Plain HTTP over a network: nobody is signed in over it.
    Plain,
}

impl Transport {
    /// How this address is reached.
    pub(super) fn of(origin: &Origin) -> Transport {
        let Ok(url) = url::Url::parse(&origin.pages) else { return Transport::Plain };
        match (url.scheme(), url.host()) {
            ("https", _) => Transport::Secure,
            (_, Some(url::Host::Ipv4(ip))) if ip.is_loopback() => Transport::Loopback,
            (_, Some(url::Host::Ipv6(ip))) if ip.is_loopback() => Transport::Loopback,
            (_, Some(url::Host::Domain("localhost"))) => Transport::Loopback,
            _ => Transport::Plain,
        }
    }
}

impl Cookie {
    fn name(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Cookie::Session, Transport::Secure) => "__Host-sekisho-session",
            (Cookie::SignIn, Transport::Secure) => "__Host-sekisho-sign-in",
            (Cookie::Provider, Transport::Secure) => "__Host-sekisho-provider",
            (Cookie::Language, Transport::Secure) => "__Host-sekisho-language",
            (Cookie::Session, _) => "sekisho-session",
            (Cookie::SignIn, _) => "sekisho-sign-in",
            (Cookie::Provider, _) => "sekisho-provider",
            (Cookie::Language, _) => "sekisho-language",
        }
    }

    /// What the browser sent. Of two with this name none is believed: one was planted.
    pub(super) fn read(self, headers: &HeaderMap, transport: Transport) -> Option<&str> {
        let name = self.name(transport);
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(n, _)| *n == name).map(|(_, value)| value);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// Sets it; without `seconds` the browser keeps it until it is closed. `value` is one of our own texts: letters, digits,
    /// hyphens, dots.
    pub(super) fn set(self, headers: &mut HeaderMap, transport: Transport, value: &str, seconds: Option<u64>) {
        let secure = if transport == Transport::Secure { "; Secure" } else { "" };
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(transport));
        if let Ok(mut value) = HeaderValue::try_from(text) {
            value.set_sensitive(true);
            headers.append(header::SET_COOKIE, value);
        }
    }

    /// Has the browser forget it.
    pub(super) fn clear(self, headers: &mut HeaderMap, transport: Transport) {
        self.set(headers, transport, "", Some(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn a_cookie_is_found_among_others_and_one_that_stands_twice_is_none() {
        let read = |text: &str| Cookie::Session.read(&sent(text), Transport::Loopback).map(str::to_owned);
        assert_eq!(read("a=b; sekisho-session=x; c=d").as_deref(), Some("x"));
        assert_eq!(read("sekisho-session=x;sekisho-session=y"), None);
        assert_eq!(read("xsekisho-session=x"), None);
        assert_eq!(
            Cookie::Session.read(&sent("sekisho-session=x"), Transport::Secure),
            None,
            "not the prefix's promise"
        );
    }

    #[test]
    fn over_https_a_cookie_is_for_this_host_alone() {
        let mut headers = HeaderMap::new();
        Cookie::Session.set(&mut headers, Transport::Secure, "x", Some(5));
        let set = headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        assert_eq!(set, "__Host-sekisho-session=x; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=5");
    }
}
