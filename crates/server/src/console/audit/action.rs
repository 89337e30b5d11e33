//! The actions of the audit log in words.

/// Every action that is written, and the message that names it.
pub(super) const ALL: &[(&str, &str)] = &[
    ("token.issued", "audit-token-issued"),
    ("token.rotated", "audit-token-rotated"),
    ("token.revoked", "audit-token-revoked"),
    ("token.shown_again", "audit-token-shown-again"),
    ("token.used_after_end", "audit-token-used-after-end"),
    ("member.added", "audit-member-added"),
    ("member.role_changed", "audit-member-role-changed"),
    ("member.role_granted", "audit-member-role-granted"),
    ("member.role_withdrawn", "audit-member-role-withdrawn"),
    ("member.removed", "audit-member-removed"),
    ("member.erased", "audit-member-erased"),
    ("person.exported", "audit-person-exported"),
    ("person.erased", "audit-person-erased"),
    ("bot.created", "audit-bot-created"),
    ("bot.role_changed", "audit-bot-role-changed"),
    ("bot.removed", "audit-bot-removed"),
    ("bot_key.added", "audit-bot-key-added"),
    ("bot_key.revoked", "audit-bot-key-revoked"),
    ("trust.added", "audit-trust-added"),
    ("trust.removed", "audit-trust-removed"),
    ("rule.added", "audit-rule-added"),
    ("rule.removed", "audit-rule-removed"),
    ("session.ended", "audit-session-ended"),
    ("org.created", "audit-org-created"),
    ("org.changed", "audit-org-changed"),
    ("org.removed", "audit-org-removed"),
    ("org.restored", "audit-org-restored"),
    ("installs.exported", "audit-installs-exported"),
    ("audit.exported", "audit-audit-exported"),
];

/// The message that names an action.
pub(super) fn text(action: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == action).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::config::keys::KEYS;

    /// A file's name that looks like one.
    const NONE: &str = "restore.unfinished";

    /// Texts such as `"token.issued"`: two words with a dot between them, of which the first is what other actions are about
    /// too, or the second says that something was done.
    fn actions(source: &str, into: &mut BTreeSet<String>) {
        for text in source.split('"') {
            let Some((what, done)) = text.split_once('.') else { continue };
            let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let is_done = done.ends_with("ed") || ALL.iter().any(|(known, _)| known.split('.').next() == Some(what));
            if word(what) && word(done) && is_done && text != NONE && !KEYS.iter().any(|key| key.path == text) {
                into.insert(text.to_owned());
            }
        }
    }

    fn gather(folder: &Path, into: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("console/audit/action.rs") {
                actions(&std::fs::read_to_string(&path).unwrap(), into);
            }
        }
    }

    #[test]
    fn every_action_that_is_written_has_words_and_every_one_with_words_is_written() {
        let mut written = BTreeSet::new();
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written);
        assert_eq!(written, ALL.iter().map(|(action, _)| (*action).to_owned()).collect());
    }

    #[test]
    fn an_action_is_seen_in_a_source_and_nothing_else_is() {
        let mut seen = BTreeSet::new();
        actions(
            r#"audit(&app, now, "key.turned", "console.enabled", "a.b", "x.closed y") "one.used" "token.sold_on""#,
            &mut seen,
        );
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["key.turned", "one.used", "token.sold_on"]);
    }
}
