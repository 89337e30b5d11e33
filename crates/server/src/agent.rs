//! Which client a request came from, as the ledger keeps it: name and version, parsed and cut.

use http::HeaderValue;

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
    fn long_names_are_cut() {
        assert_eq!(agent(&"a".repeat(500)).0.len(), MAX);
    }
}
