//! A search that stands in the address: what was typed as it was typed, and the same as the API reads it.

use std::time::Duration;

use sekisho_core::Timestamp;
use url::form_urlencoded::{Serializer, parse};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands in the fields of a search. What is empty is not there.
pub(super) struct Typed(Vec<(&'static str, String)>);

impl Typed {
    /// Reads it from a page's address; of a name that stands twice the first counts.
    pub(super) fn read(path: &str, names: &'static [&'static str]) -> Typed {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let mut typed = Typed(Vec::new());
        for (name, value) in parse(query.as_bytes()) {
            let (known, value) = (names.iter().find(|known| **known == name), value.trim());
            if let Some(name) = known.filter(|name| !value.is_empty() && typed.field(name).is_empty()) {
                typed.0.push((*name, value.to_owned()));
            }
        }
        typed
    }

    /// What stands in a field.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }

    /// Nothing is searched for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same search without these fields.
    pub(super) fn without(&self, names: &[&str]) -> Typed {
        Typed(self.0.iter().filter(|(name, _)| !names.contains(name)).cloned().collect())
    }

    /// The search in an address, with more behind it: for links to it.
    pub(super) fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        let query = query.extend_pairs(&self.0).extend_pairs(more).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The search as the API takes it: a day stands for its beginning, and the day up to which is searched for its end.
    pub(super) fn query(&self, more: &[(&str, &str)]) -> String {
        let values = self.0.iter().map(|(name, value)| match (*name, day(value)) {
            ("from", Some(day)) => (*name, day.to_string()),
            ("to", Some(day)) => (*name, day.plus(DAY).to_string()),
            _ => (*name, value.clone()),
        });
        Serializer::new(String::new()).extend_pairs(values).extend_pairs(more).finish()
    }
}

fn day(text: &str) -> Option<Timestamp> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plain.then(|| format!("{text}T00:00:00Z").parse().ok())?
}

/// A field of the form.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    /// The type of the input.
    pub(super) kind: &'static str,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
    /// What may be chosen, and its text; none: anything may be typed.
    pub(super) choices: Vec<(String, String)>,
}

impl Field {
    /// A field that anything may be typed into.
    pub(super) fn text(name: &'static str, label: String, typed: &Typed) -> Field {
        Field { name, label, value: typed.field(name).to_owned(), kind: "text", wrong: None, choices: Vec::new() }
    }

    /// A day. A moment that came with a link stays as it is: an input for days would show none.
    pub(super) fn day(name: &'static str, label: String, typed: &Typed) -> Field {
        let field = Field::text(name, label, typed);
        let kind = if field.value.is_empty() || day(&field.value).is_some() { "date" } else { "text" };
        Field { kind, ..field }
    }

    /// One of some. What was typed otherwise is one of them too, so that it is seen what is wrong.
    pub(super) fn choice(
        name: &'static str,
        label: String,
        typed: &Typed,
        choices: impl IntoIterator<Item = (String, String)>,
    ) -> Field {
        let field = Field::text(name, label, typed);
        let mut choices: Vec<_> = choices.into_iter().collect();
        if !choices.iter().any(|(value, _)| *value == field.value) {
            choices.push((field.value.clone(), field.value.clone()));
        }
        Field { choices, ..field }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["package", "from", "to"];

    #[test]
    fn what_was_typed_is_kept_and_days_are_moments_for_the_api() {
        let typed = Typed::read("/x?package=+%40a%2Fb+&package=c&to=2026-11-23&from=2026-11-23&other=1&from=", NAMES);
        assert_eq!((typed.field("package"), typed.field("to"), typed.field("other")), ("@a/b", "2026-11-23", ""));
        assert_eq!(
            typed.address("/x", &[("cursor", "c&")]),
            "/x?package=%40a%2Fb&to=2026-11-23&from=2026-11-23&cursor=c%26"
        );
        assert_eq!(typed.query(&[]), "package=%40a%2Fb&to=2026-11-24T00%3A00%3A00Z&from=2026-11-23T00%3A00%3A00Z");
        assert_eq!(typed.without(&["to", "from"]).query(&[]), "package=%40a%2Fb");
        assert!(Typed::read("/x?package=", NAMES).is_empty());
    }

    #[test]
    fn what_is_no_day_is_left_for_the_api_to_refuse() {
        for text in ["2026-02-30", "yesterday", "2026-11-2x", "----------", "2026-11-23T09:00:00Z"] {
            let typed = Typed(vec![("from", text.to_owned())]);
            let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            assert_eq!(typed.query(&[]), format!("from={encoded}"));
            assert_eq!(Field::day("from", String::new(), &typed).kind, "text", "{text}");
        }
        assert_eq!(Field::day("from", String::new(), &Typed(Vec::new())).kind, "date");
    }
}
