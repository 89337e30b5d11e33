//! The languages in which people are written to.

use std::fmt;

/// A language of mails and pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English: what holds when nothing was asked for.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 2] = [Language::En, Language::Ja];

    /// The language tag (BCP 47): `en` or `ja`.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ja => "ja",
        }
    }

    /// Reads exactly `en` or `ja`.
    pub fn parse(text: &str) -> Option<Language> {
        Self::ALL.into_iter().find(|l| l.as_str() == text)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_read_as_it_is_written() {
        for language in Language::ALL {
            assert_eq!(Language::parse(&language.to_string()), Some(language));
        }
        for bad in ["", "EN", "ja-JP", "fr", "en\n"] {
            assert_eq!(Language::parse(bad), None, "{bad:?}");
        }
        assert_eq!(Language::default(), Language::En);
    }
}
