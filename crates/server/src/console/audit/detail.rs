//! What the audit log says more about a row: JSON, as a small table.

use serde_json::Value;

/// Longest text of a value; an export has the whole.
const LONGEST: usize = 300;

/// The names and values. What is no object is one value without a name; what says nothing is left out.
pub(super) fn read(text: &str) -> Vec<(String, String)> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => {
            let shown = fields.into_iter().map(|(name, value)| (cut(name), shown(&value)));
            shown.filter(|(_, value)| !value.is_empty()).collect()
        }
        Ok(Value::Null) => Vec::new(),
        Ok(value) => vec![(String::new(), shown(&value))],
        Err(_) => vec![(String::new(), cut(text.to_owned()))],
    }
}

fn shown(value: &Value) -> String {
    cut(match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    })
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_table_and_everything_else_one_text() {
        let table = read(r#"{"role":"owner","guard":true,"none":null,"days":[1,"x"],"from":{"a":1}}"#);
        let table: Vec<String> = table.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(table, ["days=1, x", "from={\"a\":1}", "guard=true", "role=owner"]);
        assert_eq!(read("[1]"), [(String::new(), "1".to_owned())]);
        assert_eq!(read("no json"), [(String::new(), "no json".to_owned())]);
        assert!(read("{}").is_empty() && read("null").is_empty());
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let long = read(&format!("{{\"x\":\"{}\"}}", "語".repeat(1000)));
        assert_eq!(long[0].1.chars().count(), LONGEST + 1);
    }
}
