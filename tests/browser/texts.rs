//! What the pages call things: the texts of `crates/server/texts` by their names, so that a flow is written once for both
//! languages. Pages whose texts are not there are named by a pair.

use std::collections::HashMap;
use std::fs;
use std::sync::LazyLock;

use crate::support::root;

/// Something that stands on a page.
pub(crate) trait Text {
    /// As it stands there in this language.
    fn say(&self, language: &str) -> String;
}

/// In English, and in Japanese.
impl Text for (&str, &str) {
    fn say(&self, language: &str) -> String {
        if language == "en" { self.0.to_owned() } else { self.1.to_owned() }
    }
}

/// The name of a message; of one into which something is put, the longest part that stands as it is.
impl Text for &str {
    fn say(&self, language: &str) -> String {
        let text = TEXTS.get(&(language.to_owned(), (*self).to_owned()));
        let text = text.unwrap_or_else(|| panic!("no message has the name {self:?} in {language:?}"));
        let parts = text.split('{').map(|part| part.rsplit('}').next().unwrap_or_default().trim());
        let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
        assert!(!longest.is_empty(), "{self:?} has no words of its own in {language:?}");
        longest.to_owned()
    }
}

/// By language and name. Messages of several lines are those with plural forms, whose lines say nothing alone.
static TEXTS: LazyLock<HashMap<(String, String), String>> = LazyLock::new(|| {
    let mut texts = HashMap::new();
    for language in ["en", "ja"] {
        let rooms = fs::read_dir(root().join("crates/server/texts").join(language)).expect("a folder");
        for room in rooms.flatten() {
            let room = fs::read_to_string(room.path()).expect("a text");
            let messages = room.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
            for (name, text) in messages.filter_map(|line| line.split_once(" = ")) {
                texts.insert((language.to_owned(), name.to_owned()), text.to_owned());
            }
        }
    }
    texts
});
