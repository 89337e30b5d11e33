//! What the pages say, in English and Japanese: the messages of `texts/`, by [Project Fluent](https://projectfluent.org).
//!
//! A message is named `room-subject`; both languages have the same ones, and every one is used: tests hold that. What is put
//! into a message stands between isolating marks (U+2068, U+2069), so that a hostile text can't turn the words around it.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use sekisho_core::{Language, Timestamp};

macro_rules! texts {
    ($($room:literal),* $(,)?) => {
        /// The rooms of the texts.
        pub const ROOMS: &[&str] = &[$($room),*];
        const EN: &[&str] = &[$(include_str!(concat!("../../texts/en/", $room, ".ftl"))),*];
        const JA: &[&str] = &[$(include_str!(concat!("../../texts/ja/", $room, ".ftl"))),*];
    };
}

texts![
    "audit", "bots", "frame", "home", "installs", "login", "me", "members", "overview", "settings", "setup", "sign-in",
    "tokens", "why"
];

static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("en", EN));
static JAPANESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("ja", JA));

/// A text with a fault in it is left out by the bundle; a test finds it.
fn bundle(language: &str, texts: &[&str]) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(language.parse().into_iter().collect());
    for text in texts {
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// The texts in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Say(pub Language);

impl Say {
    /// A message.
    pub fn t(&self, name: &str) -> String {
        self.with(name, &FluentArgs::new())
    }

    /// A message with one thing put in: a number selects the plural form.
    pub fn a<'v>(&self, name: &str, key: &'v str, value: impl Into<FluentValue<'v>>) -> String {
        let mut args = FluentArgs::new();
        args.set(key, value);
        self.with(name, &args)
    }

    /// A message with two things put in.
    pub fn b<'v>(
        &self,
        name: &str,
        (key, value): (&'v str, impl Into<FluentValue<'v>>),
        (other, second): (&'v str, impl Into<FluentValue<'v>>),
    ) -> String {
        let mut args = FluentArgs::new();
        args.set(key, value);
        args.set(other, second);
        self.with(name, &args)
    }

    /// A message about a number, which selects the plural form as `$count` and is written as `$number`.
    pub fn count(&self, name: &str, number: impl Into<i64>) -> String {
        let number = number.into();
        self.b(name, ("count", number), ("number", self.number(number)))
    }

    /// There is such a message.
    pub fn has(&self, name: &str) -> bool {
        self.bundle().has_message(name)
    }

    fn bundle(&self) -> &'static FluentBundle<FluentResource> {
        match self.0 {
            Language::En => &ENGLISH,
            Language::Ja => &JAPANESE,
        }
    }

    fn with(&self, name: &str, args: &FluentArgs<'_>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(name).and_then(|message| message.value()) else {
            // Tests walk every page: who sees this sees a defect, and where it is.
            debug_assert!(false, "there is no text {name:?}");
            return name.to_owned();
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(args), &mut errors);
        debug_assert!(errors.is_empty(), "{name}: {errors:?}");
        Cow::into_owned(text)
    }

    /// The language's code, for `lang`.
    pub fn code(&self) -> &'static str {
        self.0.as_str()
    }

    /// A day and a time in UTC as readers of the language write it: `23 Nov 2026, 09:00 UTC`.
    pub fn moment(&self, at: Timestamp) -> String {
        let format = match self.0 {
            Language::En => "%-d %b %Y, %H:%M UTC",
            Language::Ja => "%Y年%-m月%-d日 %H:%M UTC",
        };
        written(at, format)
    }

    /// A day in UTC: `23 Nov 2026`.
    pub fn day(&self, at: Timestamp) -> String {
        let format = match self.0 {
            Language::En => "%-d %b %Y",
            Language::Ja => "%Y年%-m月%-d日",
        };
        written(at, format)
    }

    /// A day in UTC without its year, where there is little room: `23 Nov`.
    pub fn short_day(&self, at: Timestamp) -> String {
        let format = match self.0 {
            Language::En => "%-d %b",
            Language::Ja => "%-m月%-d日",
        };
        written(at, format)
    }

    /// A whole number with its thousands apart, which both languages write alike: `1,234,567`.
    pub fn number(&self, number: impl Into<i64>) -> String {
        let number: i64 = number.into();
        let digits = number.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
        if number < 0 {
            text.push('-');
        }
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

fn written(at: Timestamp, format: &str) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    moment.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    #[test]
    fn moments_and_numbers_are_written_as_readers_write_them() {
        let at = Timestamp(1_795_424_400_000);
        assert_eq!(Say(Language::En).moment(at), "23 Nov 2026, 09:00 UTC");
        assert_eq!(Say(Language::Ja).moment(at), "2026年11月23日 09:00 UTC");
        let number = |n: i64| Say(Language::En).number(n);
        assert_eq!((number(0), number(999), number(-1_234_567)), ("0".into(), "999".into(), "-1,234,567".into()));
    }

    /// The names of the messages of a text, with the variables that each takes.
    fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" = ").or_else(|| line.strip_suffix(" =").map(|name| (name, "")))
                && !line.starts_with(' ')
            {
                assert!(all.insert(name.to_owned(), BTreeSet::new()).is_none(), "{name} stands twice");
                last = name.to_owned();
            }
            for part in line.split('$').skip(1) {
                let variable: String = part.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                all.entry(last.clone()).or_default().insert(variable);
            }
        }
        all
    }

    #[test]
    fn both_languages_have_the_same_messages_with_the_same_variables() {
        for (room, (en, ja)) in ROOMS.iter().zip(EN.iter().zip(JA)) {
            assert_eq!(messages(en), messages(ja), "{room}");
            for (language, text) in [("en", en), ("ja", ja)] {
                let read = FluentResource::try_new((*text).to_owned()).map_err(|(_, errors)| errors);
                assert_eq!(read.err(), None, "{language}/{room}");
            }
        }
    }

    #[test]
    fn every_file_of_texts_is_read() {
        for language in ["en", "ja"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("texts").join(language);
            let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            let files: BTreeSet<String> =
                files.map(|name| name.to_str().unwrap().strip_suffix(".ftl").unwrap().to_owned()).collect();
            assert_eq!(files, ROOMS.iter().map(|room| (*room).to_owned()).collect(), "{language}");
        }
    }

    #[test]
    fn every_message_is_used_and_every_name_in_a_page_is_a_message() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = String::new();
        gather(&root.join("templates"), &mut sources);
        gather(&root.join("src"), &mut sources);
        let known: BTreeSet<String> = EN.iter().flat_map(|text| messages(text).into_keys()).collect();
        for name in &known {
            assert!(sources.contains(&format!("\"{name}\"")), "{name} is used nowhere");
        }
        for call in ["say.t(\"", "say.a(\"", "say.b(\"", "say.count(\""] {
            for part in sources.split(call).skip(1) {
                let name = part.split('"').next().unwrap_or_default();
                assert!(known.contains(name), "{name:?} is no message");
            }
        }
    }

    fn gather(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|e| e.to_str()) {
                _ if path.is_dir() => gather(&path, into),
                Some("rs" | "html" | "svg") => into.push_str(&std::fs::read_to_string(&path).unwrap()),
                _ => {}
            }
        }
    }
}
