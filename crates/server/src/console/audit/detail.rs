//! What the audit log says more about a row: JSON, as a small table in the reader's language.

use sekisho_core::Timestamp;
use sekisho_core::org::Role;
use serde_json::{Map, Value};

use super::super::page::role_name;
use super::super::text::Say;

/// Names that are written today, and the messages for them.
const NAMES: &[(&str, &str)] = &[
    ("action", "audit-action"),
    ("actor", "audit-actor"),
    ("backup_of", "detail-backup-of"),
    ("by", "detail-by"),
    ("conditions", "detail-conditions"),
    ("default_token_seconds", "detail-default-token-seconds"),
    ("effect", "settings-effect"),
    ("expires_at", "tokens-ends"),
    ("form", "detail-form"),
    ("from", "detail-from"),
    ("guard", "detail-guard"),
    ("issuer", "cond-issuer"),
    ("key_id", "detail-key-id"),
    ("language", "me-language"),
    ("max_token_seconds", "detail-max-token-seconds"),
    ("name", "detail-name"),
    ("package", "settings-package"),
    ("prefix", "me-key"),
    ("query", "detail-query"),
    ("reason", "settings-reason"),
    ("retention_days", "settings-retention"),
    ("role", "members-role"),
    ("self_rotate", "detail-self-rotate"),
    ("session_id", "detail-session-id"),
    ("to", "detail-to"),
    ("trust_id", "detail-trust-id"),
    ("user_identifier", "tokens-user-identifier"),
];

/// The names and values. What is no object is one value without a name; what says nothing is left out. A name that has no
/// words stays as it is.
pub(super) fn read(text: &str, say: Say) -> Vec<(String, String)> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => match change(&fields, say) {
            Some(roles) => vec![(say.t("members-role"), roles)],
            None => table(&fields, say),
        },
        Ok(Value::Null) => Vec::new(),
        Ok(value) => vec![(String::new(), shown("", &value, say))],
        Err(_) => vec![(String::new(), text.to_owned())],
    }
}

fn table(fields: &Map<String, Value>, say: Say) -> Vec<(String, String)> {
    let row = |(name, value): (&String, &Value)| {
        let known = NAMES.iter().find(|(known, _)| known == name);
        (known.map_or_else(|| name.clone(), |(_, text)| say.t(text)), shown(name, value, say))
    };
    fields.iter().map(row).filter(|(_, value)| !value.is_empty()).collect()
}

/// From one role to another.
fn change(fields: &Map<String, Value>, say: Say) -> Option<String> {
    let role = |name: &str| fields.get(name).and_then(Value::as_str).and_then(Role::parse);
    let (from, to) = (role("from")?, role("to")?);
    Some(format!("{} → {}", role_name(say, from), role_name(say, to)))
}

fn shown(name: &str, value: &Value, say: Say) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => say.t("detail-on"),
        Value::Bool(false) => say.t("detail-off"),
        Value::String(text) => words(name, text, say),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(|item| shown(name, item, say)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) if fields.len() == 2 && fields.contains_key("from") && fields.contains_key("to") => {
            let part = |end: &str| match shown(name, &fields[end], say) {
                text if text.is_empty() => "–".to_owned(),
                text => text,
            };
            format!("{} → {}", part("from"), part("to"))
        }
        other => other.to_string(),
    }
}

/// A text, in words where it is one of ours.
fn words(name: &str, text: &str, say: Say) -> String {
    let ours = match (name, text) {
        ("role", _) => Role::parse(text).map(|role| role_name(say, role)),
        ("effect", "allow") => Some(say.t("settings-allow")),
        ("effect", "block") => Some(say.t("settings-block")),
        ("effect", "warn") => Some(say.t("settings-warn")),
        ("expires_at" | "from" | "to", _) => text.parse::<Timestamp>().ok().map(|at| say.moment(at)),
        _ => None,
    };
    ours.unwrap_or_else(|| text.to_owned())
}

/// As much of a table as there is room for, in characters, and whether that is not all.
pub(super) fn cut(table: Vec<(String, String)>, mut room: usize) -> (Vec<(String, String)>, bool) {
    let mut take = |text: String| {
        let end = text.char_indices().nth(room).map(|(end, _)| end);
        room = room.saturating_sub(text.chars().count());
        (end.map_or_else(|| text.clone(), |end| format!("{}…", &text[..end])), end.is_some())
    };
    let mut shown = Vec::new();
    for (name, value) in table {
        let ((name, short), (value, shorter)) = (take(name), take(value));
        shown.push((name, value));
        if short || shorter {
            return (shown, true);
        }
    }
    (shown, false)
}

#[cfg(test)]
mod tests {
    use sekisho_core::Language;

    use super::*;

    const EN: Say = Say(Language::En);

    fn told(text: &str, say: Say) -> Vec<String> {
        read(text, say).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn an_object_is_a_table_and_everything_else_one_text() {
        let table = told(r#"{"role":"owner","guard":true,"none":null,"days":[1,"x"],"other":{"a":1}}"#, EN);
        assert_eq!(table, ["days=1, x", "Guard=on", "other={\"a\":1}", "Role=Owner"]);
        assert_eq!(told("[1]", EN), ["=1"]);
        assert_eq!(told("no json", EN), ["=no json"]);
        assert!(read("{}", EN).is_empty() && read("null", EN).is_empty());
    }

    #[test]
    fn names_roles_and_switches_are_in_the_reader_s_language_and_unknown_names_stay() {
        let ja = Say(Language::Ja);
        assert_eq!(
            told(r#"{"role":"owner","guard":false,"newer":"x"}"#, ja),
            ["Guard=無効", "newer=x", "ロール=オーナー"]
        );
        assert_eq!(told(r#"{"from":"guard_viewer","to":"owner"}"#, ja), ["ロール=Guard 閲覧者 → オーナー"]);
        assert_eq!(told(r#"{"guard":{"from":true,"to":false}}"#, EN), ["Guard=on → off"]);
        assert_eq!(told(r#"{"retention_days":{"from":null,"to":30}}"#, EN), ["Installs are kept (days)=– → 30"]);
        assert_eq!(told(r#"{"from":"2026-11-23T09:00:00Z","to":null}"#, EN), ["From=23 Nov 2026, 09:00 UTC"]);
        assert_eq!(told(r#"{"role":"emperor"}"#, EN), ["Role=emperor"]);
    }

    #[test]
    fn every_name_has_words_in_both_languages() {
        for (name, text) in NAMES {
            assert!(Language::ALL.iter().all(|language| Say(*language).has(text)), "{name}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_says_so() {
        let table = |text: &str| vec![("x".to_owned(), text.to_owned()), ("y".to_owned(), "z".to_owned())];
        let (shown, short) = cut(table(&"語".repeat(1000)), 11);
        assert!(short && shown == [("x".to_owned(), format!("{}…", "語".repeat(10)))], "{shown:?}");
        assert_eq!(cut(table("語語"), 5), (table("語語"), false));
    }
}
