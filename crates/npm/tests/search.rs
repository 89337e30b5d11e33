//! What a registry says besides packages: searches, keys, attestations; and what it should not.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sekisho_npm::{search, signed};
use serde_json::{Value, json};

fn shown(answer: &Value) -> Value {
    let (found, total) = search::read(answer.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&search::render(&found, total, "now")).unwrap()
}

#[test]
fn what_was_found_is_written_anew_with_what_clients_show() {
    let package = json!({"name": "@a/b", "version": "1.0.0", "description": "Größe", "keywords": ["x"], "date": "2026-01-01",
        "publisher": {"username": "u"}, "maintainers": [{"username": "u"}], "links": {"npm": "https://registry.example/@a/b"}});
    let answer =
        json!({"objects": [{"package": package, "score": {"final": 1.5}, "searchScore": 3}], "total": 7, "time": "x"});
    let wanted = json!({"objects": [{"package": package, "score": {"final": 1.5}, "searchScore": 3}], "total": 7, "time": "now"});
    assert_eq!(shown(&answer), wanted);
}

#[test]
fn a_hostile_search_answer_can_not_write_to_a_terminal() {
    let nested = (0..40).fold(json!("x"), |inner, _| json!([inner]));
    let answer = json!({"objects": [
        {"package": {"name": "a", "version": "1.0.0\u{1b}[1m", "description": "\u{1b}]0;x\u{7}\u{202e}y", "keywords": nested,
            "evil": 1, "links": {"\u{1b}": "x", "npm": "z".repeat(9999)}}, "evil": 2},
        {"package": {"name": "../x", "version": "1"}}, {"package": {"name": "b"}}, {"package": 5}, {},
    ], "total": "many"});
    let got = shown(&answer);
    let text = got.to_string();
    assert!(!text.contains("\\u001b") && !text.contains('\u{202e}') && !text.contains("evil"), "{text}");
    assert_eq!(got["objects"].as_array().unwrap().len(), 1);
    assert_eq!(got["objects"][0]["package"]["links"]["npm"].as_str().unwrap().len(), 1000);
    for bad in ["", "[]", "null", r#"{"objects":{}}"#, r#"{"objects":[1]}"#, "<html>"] {
        assert!(search::read(bad.as_bytes()).is_none(), "{bad}");
    }
    let many: Vec<Value> =
        (0..600).map(|n| json!({"package": {"name": format!("p{n}"), "version": "1.0.0"}})).collect();
    assert_eq!(search::read(json!({ "objects": many }).to_string().as_bytes()).unwrap().0.len(), search::MAX_FOUND);
}

#[test]
fn keys_are_keys_and_attestations_are_a_list() {
    let key = json!({"expires": null, "keyid": "SHA256:x", "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "key": "MFkw=="});
    let written = signed::keys(json!({"keys": [key], "more": 1}).to_string().as_bytes()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), json!({ "keys": [key] }));
    let mut hostile = key.clone();
    hostile["keyid"] = json!("\u{1b}[2J");
    for bad in
        [json!({}), json!([]), json!({"keys": [1]}), json!({ "keys": [hostile] }), json!({"keys": vec![key; 51]})]
    {
        assert!(signed::keys(bad.to_string().as_bytes()).is_none(), "{bad}");
    }
    assert!(signed::is_attestations(br#"{"attestations":[{"bundle":{}}]}"#));
    for bad in ["", "[]", "{}", r#"{"attestations":1}"#] {
        assert!(!signed::is_attestations(bad.as_bytes()), "{bad}");
    }
}
