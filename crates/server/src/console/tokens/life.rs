//! How long a token is to live, as a form or a file says it, within what the organisation allows.

use super::super::text::Say;
use crate::issuing::{LONGEST_LIFE, Lives};

const DAY: i64 = 86_400;
/// Days that a form offers.
const OFFERED: [&str; 3] = ["30", "90", "365"];

/// The text is no life that a token of the organisation can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongLife;

/// A life to choose.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) text: String,
    pub(super) chosen: bool,
}

impl Lives {
    /// What a form's choice means in seconds; none: for ever. `days` is the number beside it, which counts for `other`.
    pub(super) fn read(&self, choice: &str, days: &str) -> Result<Option<i64>, WrongLife> {
        match choice {
            "usual" => Ok(self.usual),
            "never" if self.most.is_none() => Ok(None),
            "other" => self.days(days),
            offered => self.days(offered),
        }
    }

    /// A number of days.
    pub(super) fn days(&self, text: &str) -> Result<Option<i64>, WrongLife> {
        let plain = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let seconds = text.parse::<i64>().ok().filter(|_| plain).map(|days| days * DAY);
        let most = self.most.unwrap_or(LONGEST_LIFE).min(LONGEST_LIFE);
        seconds.filter(|seconds| (DAY..=most).contains(seconds)).map(Some).ok_or(WrongLife)
    }

    /// What a form offers. `chosen` is what was chosen before; empty: nothing, and the usual life stands there.
    pub(super) fn choices(&self, say: &Say, chosen: &str) -> Vec<Choice> {
        let offered = |value: &&str| self.days(value).is_ok();
        let is_usual = |value: &str| self.days(value) == Ok(self.usual);
        let days = |value: &str| say.count("tokens-days", value.parse::<i64>().unwrap_or_default());
        let mut all = Vec::new();
        let usual = match self.usual {
            None => "never",
            Some(seconds) => OFFERED.into_iter().find(|value| is_usual(value)).unwrap_or_else(|| {
                all.push(("usual", say.a("tokens-life-usual", "span", span(say, seconds))));
                "usual"
            }),
        };
        if self.most.is_none() {
            all.push(("never", say.t("tokens-never")));
        }
        all.extend(OFFERED.into_iter().filter(offered).map(|value| (value, days(value))));
        all.push(("other", say.t("tokens-life-other")));
        let chosen = if all.iter().any(|(value, _)| *value == chosen) { chosen } else { usual };
        let choice = |(value, text)| Choice { value, text, chosen: value == chosen };
        all.into_iter().map(choice).collect()
    }

    /// The longest life in words, where there is one.
    pub(super) fn longest(&self, say: &Say) -> String {
        span(say, self.most.unwrap_or(LONGEST_LIFE).min(LONGEST_LIFE))
    }
}

/// Seconds in the largest unit in which they are whole; a part of a minute counts as one.
fn span(say: &Say, seconds: i64) -> String {
    match seconds {
        s if s % DAY == 0 => say.count("tokens-days", s / DAY),
        s if s % 3600 == 0 => say.count("tokens-hours", s / 3600),
        s => say.count("tokens-minutes", (s + 59) / 60),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_core::Language;

    use super::*;

    const SAY: Say = Say(Language::En);

    fn offered(lives: Lives) -> (Vec<&'static str>, &'static str) {
        let all = lives.choices(&SAY, "");
        let chosen: Vec<&str> = all.iter().filter(|c| c.chosen).map(|c| c.value).collect();
        assert_eq!(chosen.len(), 1);
        (all.iter().map(|c| c.value).collect(), all.iter().find(|c| c.chosen).map_or("", |c| c.value))
    }

    #[test]
    fn what_is_offered_is_what_the_organisation_allows_and_its_usual_life_is_chosen() {
        let lives = |usual, most| Lives { usual, most };
        assert_eq!(offered(lives(None, None)), (vec!["never", "30", "90", "365", "other"], "never"));
        assert_eq!(offered(lives(Some(90 * DAY), None)), (vec!["never", "30", "90", "365", "other"], "90"));
        assert_eq!(offered(lives(Some(90 * DAY), Some(90 * DAY))), (vec!["30", "90", "other"], "90"));
        assert_eq!(offered(lives(Some(3600), Some(3600))), (vec!["usual", "other"], "usual"));
        let typed = lives(Some(3600), None).choices(&SAY, "365");
        assert!(typed.iter().all(|choice| choice.chosen == (choice.value == "365")), "what was chosen stays");
        assert_eq!(span(&SAY, 3600), SAY.count("tokens-hours", 1));
    }

    #[test]
    fn days_are_whole_numbers_within_the_longest_life() {
        let lives = Lives { usual: Some(7), most: Some(10 * DAY) };
        for (choice, days, wanted) in [
            ("usual", "", Ok(Some(7))),
            ("never", "", Err(WrongLife)),
            ("30", "", Err(WrongLife)),
            ("other", "10", Ok(Some(10 * DAY))),
            ("other", "11", Err(WrongLife)),
            ("other", "0", Err(WrongLife)),
            ("other", "-1", Err(WrongLife)),
            ("other", "+1", Err(WrongLife)),
            ("other", "1.5", Err(WrongLife)),
            ("other", "", Err(WrongLife)),
            ("other", "99999999999999999999", Err(WrongLife)),
            ("", "5", Err(WrongLife)),
        ] {
            assert_eq!(lives.read(choice, days), wanted, "{choice} {days}");
        }
        let free = Lives { usual: None, most: None };
        assert_eq!(free.read("never", "5"), Ok(None));
        assert_eq!((free.days("3650"), free.days("3651")), (Ok(Some(LONGEST_LIFE)), Err(WrongLife)));
    }
}
