//! `Via` (RFC 9110, 7.6.3): how a server sees that it is asking itself, directly or around a ring of several.

use http::{HeaderMap, HeaderValue, header};

/// What every server of our kind calls itself, followed by its installation's id.
pub(super) const NAME: &str = "sekisho-";
/// Longest list that is passed on. In a ring the first name comes round long before.
const MAX_LENGTH: usize = 500;

/// The servers of our kind that a request came through. They are named to the upstream again, because a ring of several
/// shows only to one whose own name comes back. The names of other proxies stay here: they are a house's own business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hops(Option<HeaderValue>);

impl Hops {
    /// Those that a request's headers name.
    pub fn of(headers: &HeaderMap) -> Hops {
        let ours: Vec<String> =
            received_by(headers).filter(|by| is_our_kind(by)).map(|by| format!("1.1 {by}")).collect();
        let list = Some(ours.join(", ")).filter(|list| !list.is_empty() && list.len() <= MAX_LENGTH);
        Hops(list.and_then(|list| HeaderValue::try_from(list).ok()))
    }

    /// Adds them to a request's headers.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        if let Some(value) = &self.0 {
            headers.append(header::VIA, value.clone());
        }
    }
}

/// A name as we make them. What else stands there is a stranger's: a registry's firewall could take offence at it, and the
/// answer is shared by everybody who asks for the same package.
fn is_our_kind(by: &str) -> bool {
    let instance = by.split_at_checked(NAME.len()).filter(|(start, _)| start.eq_ignore_ascii_case(NAME));
    instance.is_some_and(|(_, id)| {
        !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

/// The names in a request's `Via` headers.
pub(super) fn received_by(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let hops = headers.get_all(header::VIA).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    hops.filter_map(|hop| hop.split_whitespace().nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(via: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(header::VIA, via.parse().unwrap());
        Hops::of(&headers).0.map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_servers_of_our_kind_are_named_again() {
        let via = "1.1 proxy.corp (secret), 1.1 sekisho-ab12, 1.0 cache, 2 Sekisho-CD34 (x)";
        assert_eq!(passed_on(via).as_deref(), Some("1.1 sekisho-ab12, 1.1 Sekisho-CD34"));
        assert_eq!(passed_on("1.1 proxy.corp"), None);
        assert_eq!(passed_on("sekisho-ab12"), None);
    }

    #[test]
    fn what_a_stranger_writes_behind_our_name_is_not_passed_on() {
        for by in ["sekisho-<script>alert(1)</script>", "sekisho-../../etc/passwd", "sekisho-'or'1'='1", "sekisho-"] {
            assert_eq!(passed_on(&format!("1.1 {by}")), None, "{by}");
        }
    }

    #[test]
    fn a_list_that_a_stranger_made_long_is_not_passed_on() {
        assert_eq!(passed_on(&format!("1.1 sekisho-{}", "a".repeat(600))), None);
        assert_eq!(passed_on(&vec!["1.1 sekisho-a"; 100].join(", ")), None);
    }
}
