//! Which client a request came from, as the ledger keeps it: name and version, parsed and cut.

use http::{HeaderMap, HeaderValue, header};

/// A client's name and version; empty where the request did not say. Safe to store and to show: only the characters
/// of a product token (RFC 9110), at most [`MAX`] each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Such as `npm`, `pip`, `uv`.
    pub name: String,
    /// Such as `11.19.1`.
    pub version: String,
}

/// Longest name or version kept.
const MAX: usize = 40;

impl Agent {
    /// Reads the first product of `User-Agent`: `npm/12.2.0 node/v22 …`, `pip/26.3 {…}`, `Bun/1.4.5`, `got (…)`.
    pub fn of(user_agent: Option<&HeaderValue>) -> Agent {
        let text = user_agent.map(HeaderValue::as_bytes).unwrap_or_default();
        let product = text.split(|b| matches!(b, b' ' | b'(' | b'{' | b';' | b',')).next().unwrap_or_default();
        let mut parts = product.splitn(2, |b| *b == b'/');
        let mut next = || token(parts.next().unwrap_or_default());
        Agent { name: next(), version: next() }
    }
}

/// A browser and its system in our own words, `Firefox, Linux`: nothing of what a stranger wrote.
pub fn browser(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // In this order: each of them also names those after it.
    let known =
        |names: &[(&str, &'static str)]| names.iter().find(|(sign, _)| text.contains(sign)).map(|(_, name)| *name);
    let browser = known(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn token(bytes: &[u8]) -> String {
    let legal = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    bytes.iter().copied().take_while(legal).take(MAX).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(text: &str) -> (String, String) {
        let agent = Agent::of(Some(&HeaderValue::from_str(text).expect("a header")));
        (agent.name, agent.version)
    }

    #[test]
    fn clients_are_named_by_their_first_product() {
        for (text, name, version) in [
            ("npm/12.2.0 node/v22.23.3 linux x64 workspaces/false", "npm", "12.2.0"),
            ("pip/26.3 {\"ci\":null}", "pip", "26.3"),
            ("uv/0.13.9 {\"installer\":{}}", "uv", "0.13.9"),
            ("Bun/1.4.5", "Bun", "1.4.5"),
            ("got (https://example.org)", "got", ""),
            ("<script>alert(1)</script>/1", "", "script>"),
            ("", "", ""),
        ] {
            let (got_name, got_version) = agent(text);
            assert_eq!(got_name, name, "{text}");
            assert!(got_version == version || name.is_empty(), "{text}: {got_version}");
        }
    }

    #[test]
    fn a_browser_is_told_in_our_own_words() {
        for (text, told) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
            ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0", "Edge, Windows"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iOS"),
            ("<script>alert(1)</script>", ""),
        ] {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(text))]);
            assert_eq!(browser(&headers), told);
        }
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(agent(&"a".repeat(500)).0.len(), MAX);
    }
}
