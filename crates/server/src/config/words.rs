//! What is wrong with a value, in words for whoever wrote it: the form that is expected, and an example that can be
//! copied. Never the value of a key that may hold a secret.

use super::keys::{KEYS, PRIVATE};
use super::load::listed;

/// What the libraries say, and what is meant. The first that fits counts.
const MEANT: &[(&str, &str)] = &[
    ("expected u16", "expected a whole number from 0 to 65535"),
    ("expected u32", "expected a whole number, 0 or more, that is not too large"),
    ("expected u64", "expected a whole number, 0 or more, that is not too large"),
    ("expected usize", "expected a whole number, 0 or more, that is not too large"),
    ("expected a boolean", "expected true or false"),
    ("expected a string", "expected a text in quotes"),
    ("expected path string", "expected the name of a file or folder in quotes"),
    ("expected a sequence", "expected a list"),
    ("expected socket address", "expected an address and port"),
    ("invalid socket address syntax", "expected an address and port"),
    ("expected IP network", "expected a network"),
    ("invalid IP address syntax", "expected a network; a single address is written with /32, or /128 for IPv6"),
    ("unknown variant ", "there is no "),
    ("missing field ", "needs "),
];

/// The key, and what is wrong with it, from the path of a value (`trusted_proxies[0]`) and the library's message.
pub(super) fn of<'a>(path: &'a str, message: &str) -> (&'a str, String) {
    let (key, index) = match path.split_once('[') {
        Some((key, rest)) => (key, rest.split(']').next().and_then(|index| index.parse::<usize>().ok())),
        None => (path, None),
    };
    let secret = ["password", "token", "secret", "_key", "url"].iter().any(|name| key.ends_with(name));
    let message = match secret {
        true => "expected a text in quotes".to_owned(),
        false => plain(message),
    };
    let entry = index.map(|index| format!("entry {}: ", index + 1)).unwrap_or_default();
    (key, with_example(key, &format!("{entry}{message}")))
}

fn plain(message: &str) -> String {
    let message = message.trim();
    let message = match MEANT.iter().find(|(theirs, _)| message.contains(theirs)) {
        Some((theirs, ours)) => message.replace(theirs, ours),
        None => message.to_owned(),
    };
    message.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ").to_owned()
}

/// The message with the key as it could be written. Nothing is added where nothing in particular could be.
pub(super) fn with_example(key: &str, message: &str) -> String {
    match example(key) {
        Some(example) => {
            let name =
                key.strip_prefix("upstream.private.").and_then(|rest| rest.split_once('.')).map_or(key, |(_, k)| k);
            format!("{message}; for example {name} = {example}")
        }
        None => message.to_owned(),
    }
}

/// A value for a key: its default, or where that is none or an empty list, one that could stand there.
fn example(key: &str) -> Option<&'static str> {
    let key = listed(key);
    let known = KEYS.iter().chain(PRIVATE).find(|known| known.path == key)?;
    match (known.path.rsplit('.').next()?, known.path) {
        (_, "public_urls") => Some("[\"https://packages.example.com\"]"),
        (_, "trusted_proxies") => Some("[\"10.0.0.0/8\"]"),
        (_, "registration_domains") => Some("[\"example.com\"]"),
        (_, "bots.audiences") => Some("[\"https://packages.example.com\"]"),
        (_, "bots.internal_issuers") => Some("[\"https://gitlab.internal.example.com\"]"),
        (_, "feed.sources") => Some("[\"/srv/advisories\"]"),
        (_, "mail.smtp.port") => Some("587"),
        (_, "mail.from") => Some("\"Sekisho <sekisho@example.com>\""),
        (_, "npm_host") => Some("\"npm.example.com\""),
        (_, "pypi_host") => Some("\"pypi.example.com\""),
        (_, "upstream.pypi.url") => Some("\"https://index.example/simple/\""),
        ("url", path) if path.starts_with("upstream.") => Some("\"https://registry.example/\""),
        ("packages", _) => Some("[\"@acme/*\", \"acme-*\"]"),
        ("ecosystem", _) => Some("\"npm\""),
        ("audience", _) => Some("[\"domain:example.com\"]"),
        _ => Some(known.default).filter(|default| !default.is_empty() && *default != "[]"),
    }
}
