//! Who a pipeline was: a few texts of its token, cut and cleaned, for the install log and the session's token.

use serde::{Deserialize, Serialize};

use crate::claims::Claims;

/// What a job is written down as. Each text is capped in bytes and holds letters, digits, spaces and ASCII signs only, none of
/// which JSON, HTML or a log would have to escape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// `owner/name`; the subject for issuers that are neither GitHub nor GitLab.
    #[serde(rename = "repo", default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The workflow or pipeline file, with its ref.
    #[serde(rename = "wf", default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The run's or the job's number.
    #[serde(rename = "run", default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The commit.
    #[serde(rename = "sha", default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch or tag.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// What started it.
    #[serde(rename = "evt", default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// Most bytes of each text. GitHub's longest repository name has 140.
const REPOSITORY: usize = 140;
const WORKFLOW: usize = 160;
const RUN: usize = 24;
const COMMIT: usize = 64;
const REF: usize = 100;
const EVENT: usize = 32;

impl Attribution {
    /// Takes the named claims; the first of several that is there counts.
    pub(crate) fn of(claims: &Claims, names: &Names) -> Attribution {
        let take = |names: &[&str], most: usize| {
            let found = names.iter().find_map(|name| claims.scalar(name));
            found.map(|text| cleaned(&text, most)).filter(|text| !text.is_empty())
        };
        Attribution {
            repository: take(names.repository, REPOSITORY),
            workflow: take(names.workflow, WORKFLOW),
            run: take(names.run, RUN),
            commit: take(names.commit, COMMIT),
            git_ref: take(names.git_ref, REF),
            event: take(names.event, EVENT),
        }
    }

    /// The same with every text cut and cleaned again: for one that was not made by [`Attribution::of`].
    pub(crate) fn capped(&self) -> Attribution {
        let again = |text: &Option<String>, most: usize| text.as_deref().map(|text| cleaned(text, most));
        Attribution {
            repository: again(&self.repository, REPOSITORY),
            workflow: again(&self.workflow, WORKFLOW),
            run: again(&self.run, RUN),
            commit: again(&self.commit, COMMIT),
            git_ref: again(&self.git_ref, REF),
            event: again(&self.event, EVENT),
        }
    }
}

/// The claims that one sort of issuer has these texts in.
pub(crate) struct Names {
    pub(crate) repository: &'static [&'static str],
    pub(crate) workflow: &'static [&'static str],
    pub(crate) run: &'static [&'static str],
    pub(crate) commit: &'static [&'static str],
    pub(crate) git_ref: &'static [&'static str],
    pub(crate) event: &'static [&'static str],
}

/// At most `most` bytes; what is neither a letter nor a digit of some script nor a harmless ASCII sign becomes `?`. So go
/// line breaks, escape sequences, marks that turn the direction of writing, quotes, brackets and backslashes.
pub(crate) fn cleaned(text: &str, most: usize) -> String {
    let mut clean = String::new();
    for c in text.chars() {
        let harmless = c.is_alphanumeric() || c == ' ' || c.is_ascii_punctuation() && !r#""\<>&'`"#.contains(c);
        let c = if harmless { c } else { '?' };
        if clean.len() + c.len_utf8() > most {
            break;
        }
        clean.push(c);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_made_harmless_and_short() {
        assert_eq!(cleaned("refs/heads/feature-1_a.b@c+d", 100), "refs/heads/feature-1_a.b@c+d");
        assert_eq!(cleaned("メイン/ветка", 100), "メイン/ветка");
        assert_eq!(cleaned("a\r\nb\u{1b}[2J\u{202e}c\0", 100), "a??b?[2J?c?");
        assert_eq!(cleaned(r#""><script>'`\&"#, 100), "???script?????");
        assert_eq!(cleaned("ééé", 5), "éé");
    }
}
