//! Audits as clients ask them, as registries answer them, and as neither should.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sekisho_core::{Ecosystem, PackageName};
use sekisho_npm::audit::{
    Advisories, Advisory, AuditError, MAX_NAMES, MAX_NODES, MAX_VERSIONS, Query, Tree, read_answer, render_bulk,
    render_report,
};
use serde_json::{Value, json};

fn query(body: &Value) -> Query {
    Query::parse(body.to_string().as_bytes()).unwrap()
}

fn listed(query: &Query) -> Vec<String> {
    query.packages().flat_map(|(name, versions)| versions.map(move |v| format!("{name}@{v}"))).collect()
}

fn answer(body: &Value, query: &Query) -> Value {
    let read = read_answer(body.to_string().as_bytes(), query).unwrap();
    serde_json::from_slice(&render_bulk(&read)).unwrap()
}

fn name(text: &str) -> PackageName {
    PackageName::parse(Ecosystem::Npm, text).unwrap()
}

#[test]
fn a_bulk_request_is_names_and_versions_without_what_no_registry_has() {
    let asked = query(&json!({
        "left-pad": ["1.3.0", "1.2.0", "1.3.0"], "@a/b": ["2.0.0"],
        "my workspace": ["1.0.0"], "../etc": ["1.0.0"], "empty": [], "x": [""], "y": ["1".repeat(300)],
    }));
    assert_eq!(listed(&asked), ["@a/b@2.0.0", "left-pad@1.2.0", "left-pad@1.3.0"]);
    assert_eq!(asked.render(), br#"{"@a/b":["2.0.0"],"left-pad":["1.2.0","1.3.0"]}"#);
    let public = asked.forwarded(|name| !name.as_str().starts_with("@a/"));
    assert_eq!(listed(&public), ["left-pad@1.2.0", "left-pad@1.3.0"]);
}

#[test]
fn only_versions_are_forwarded_and_an_alias_is_the_release_behind_it() {
    let asked = query(&json!({
        "x": ["npm:@acme/tool@1.0.0", "npm:evil@1.0.2"],
        "y": ["git+ssh://git@host.example/acme/tool.git#v1", "file:../acme", "https://host.example/y.tgz", "1.0", "latest"],
        "z": ["v1.0.0", "npm:@acme@1.0.0", "npm:good", "npm:npm:w@1.0.0", "npm:good@^1"],
    }));
    assert_eq!(asked.forwarded(|_| true).render(), br#"{"@acme/tool":["1.0.0"],"evil":["1.0.2"],"z":["v1.0.0"]}"#);
    assert_eq!(
        asked.forwarded(|name| !name.as_str().starts_with("@acme/")).render(),
        br#"{"evil":["1.0.2"],"z":["v1.0.0"]}"#
    );
    // The decision sees what can't be read all the same.
    let listed = listed(&asked);
    for kept in ["y@latest", "y@1.0", "y@file:../acme", "good@^1", "z@npm:good"] {
        assert!(listed.iter().any(|l| l == kept), "{kept}: {listed:?}");
    }
    assert!(!listed.iter().any(|l| l.starts_with("x@")), "{listed:?}");
    let built = query(&json!({"z": ["1.0.0+build.host.internal", "1.0.0+2", "2.0.0-rc.1+x"]}));
    assert_eq!(built.forwarded(|_| true).render(), br#"{"z":["1.0.0","2.0.0-rc.1"]}"#, "builds are nobody's business");
    assert!(query(&json!({"y": ["git+ssh://host.example/y"]})).forwarded(|_| true).is_empty());
}

#[test]
fn an_alias_in_a_tree_is_found_where_it_is() {
    let tree = json!({"dependencies": {"x": {"version": "npm:evil@1.0.2"}}}).to_string();
    let tree = Tree::parse(tree.as_bytes()).unwrap();
    let query = tree.query().unwrap();
    assert_eq!(listed(&query), ["evil@1.0.2"]);
    let own = Advisory::own(7, String::new(), String::new(), "1.0.2".into());
    let report = render_report(&tree, &query, &Advisories::from([(name("evil"), vec![own])]));
    let report: Value = serde_json::from_slice(&report).unwrap();
    let finding = &report["advisories"]["1000000007"]["findings"][0];
    assert_eq!((&finding["version"], &finding["paths"]), (&json!("1.0.2"), &json!(["x"])));
}

#[test]
fn a_tree_has_so_many_dependencies_at_most_whether_or_not_they_say_anything() {
    let flat = |count: usize| format!(r#"{{"dependencies":{{{}"z":{{}}}}}}"#, r#""a":{},"#.repeat(count - 1));
    assert!(Tree::parse(flat(MAX_NODES).as_bytes()).is_ok());
    assert_eq!(Tree::parse(flat(MAX_NODES + 1).as_bytes()).unwrap_err(), AuditError::Nodes);
    let inner = flat(MAX_NODES / 2);
    let nested = format!(r#"{{"dependencies":{{"a":{inner},"b":{inner}}}}}"#);
    assert_eq!(Tree::parse(nested.as_bytes()).unwrap_err(), AuditError::Nodes);
    let said = r#"{"requires":{"a":["1"]},"dependencies":null,"version":null,"dev":true}"#;
    assert!(Tree::parse(said.as_bytes()).is_ok());
    for bad in [r#"{"dependencies":{"a":{}},"dependencies":{"b":{}}}"#, r#"{"dependencies":{"a":[]}}"#, "{} x"] {
        assert!(matches!(Tree::parse(bad.as_bytes()), Err(AuditError::Shape { .. })), "{bad}");
    }
}

#[test]
fn a_request_of_another_shape_is_refused_and_so_is_one_without_end() {
    for bad in ["", "[]", "{", "null", r#"{"a":"1.0.0"}"#, r#"{"a":[1]}"#, r#"{"a":["1"]} x"#] {
        assert!(matches!(Query::parse(bad.as_bytes()), Err(AuditError::Shape { .. })), "{bad}");
    }
    let names =
        |count: usize| (0..count).map(|n| (format!("p{n}"), json!(["1.0.0"]))).collect::<serde_json::Map<_, _>>();
    assert!(Query::parse(Value::Object(names(MAX_NAMES)).to_string().as_bytes()).is_ok());
    let many = Value::Object(names(MAX_NAMES + 1)).to_string();
    assert_eq!(Query::parse(many.as_bytes()), Err(AuditError::Names));
    let versions: Vec<String> = (0..=MAX_VERSIONS).map(|n| format!("1.0.{n}")).collect();
    assert_eq!(Query::parse(json!({ "a": versions }).to_string().as_bytes()), Err(AuditError::Versions));
}

#[test]
fn a_registrys_answer_is_passed_on_for_names_that_were_asked() {
    let real = json!({"id": 1096727, "url": "https://registry.example/advisories/1", "title": "Prototype Pollution",
        "severity": "moderate", "vulnerable_versions": "<1.2.6", "cwe": ["CWE-1321"],
        "cvss": {"score": 5.6, "vectorString": "CVSS:3.1/AV:N"}});
    let asked = query(&json!({"minimist": ["1.2.0"]}));
    let got = answer(&json!({"minimist": [real], "other": [real], "__proto__": [real]}), &asked);
    assert_eq!(got, json!({"minimist": [real]}));
}

#[test]
fn a_hostile_answer_can_neither_write_to_a_terminal_nor_take_the_place_of_ours() {
    let asked = query(&json!({"a": ["1.0.0"]}));
    let got = answer(
        &json!({"a": [
            {"id": 1, "title": "\u{1b}[2J\u{202e}x\n", "url": "javascript:alert(1)", "severity": "\u{7}", "vulnerable_versions": 5,
             "cwe": "x", "cvss": {"score": 1e9}},
            {"id": 1_500_000_000, "title": "in our place"},
            {"title": "no number"}, {"id": "1", "title": "no number"}, {"id": -1},
        ]}),
        &asked,
    );
    assert_eq!(
        got,
        json!({"a": [{"id": 1, "title": "?[2J?x?", "url": null, "severity": "high", "vulnerable_versions": "*", "cwe": [],
            "cvss": {"score": 0.0, "vectorString": null}}]})
    );
    for bad in ["", "[]", "null", "<html>", r#"{"a":{}}"#, r#"{"a":[1]}"#] {
        assert!(read_answer(bad.as_bytes(), &asked).is_err(), "{bad}");
    }
    let many: Vec<Value> = (1..5000).map(|id| json!({"id": id, "title": "x".repeat(5000)})).collect();
    let got = answer(&json!({ "a": many }), &asked);
    assert_eq!(got["a"].as_array().unwrap().len(), 100);
    assert_eq!(got["a"][0]["title"].as_str().unwrap().len(), 300);
}

fn tree() -> Tree {
    let tree = json!({"name": "project", "version": "1.0.0", "requires": {"a": "^1"}, "dependencies": {
        "a": {"version": "1.0.0", "requires": {"b": "^2"}, "dependencies": {"b": {"version": "2.0.0", "dev": true}}},
        "b": {"version": "1.0.0", "dev": true},
        "c": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}},
    }});
    Tree::parse(tree.to_string().as_bytes()).unwrap()
}

#[test]
fn a_tree_asks_the_same_as_a_bulk_request() {
    assert_eq!(listed(&tree().query().unwrap()), ["a@1.0.0", "b@1.0.0", "b@2.0.0", "c@1.0.0"]);
    let nested = (0..200).fold("{}".to_owned(), |inner, _| format!(r#"{{"dependencies":{{"a":{inner}}}}}"#));
    for bad in ["", "[]", "[1]", r#"{"dependencies":[]}"#, r#"{"dependencies":{"a":1}}"#, &nested] {
        assert!(Tree::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_report_says_where_each_finding_is() {
    let own =
        Advisory::own(7, "npm b 2.0.0 is blocked".into(), "http://gate.example/why/npm/b/2.0.0".into(), "2.0.0".into());
    let elsewhere = Advisory::own(8, "not in the tree".into(), String::new(), "9.0.0".into());
    let advisories = Advisories::from([(name("b"), vec![own, elsewhere])]);
    let report = render_report(&tree(), &tree().query().unwrap(), &advisories);
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["advisories"].as_object().unwrap().len(), 1);
    let shown = &report["advisories"]["1000000007"];
    assert_eq!(
        shown["findings"],
        json!([{"version": "2.0.0", "paths": ["a>b", "c>b"], "dev": false, "optional": false, "bundled": false}])
    );
    assert_eq!((&shown["module_name"], &shown["title"]), (&json!("b"), &json!("npm b 2.0.0 is blocked")));
    assert_eq!(
        report["metadata"]["vulnerabilities"],
        json!({"info": 0, "low": 0, "moderate": 0, "high": 0, "critical": 1})
    );
    assert_eq!(report["metadata"]["totalDependencies"], 5);
}

#[test]
fn few_bytes_cannot_make_a_report_of_many() {
    let leaves: serde_json::Map<String, Value> = (0..2000)
        .map(|n| (format!("x{n}"), json!({"dependencies": {"b": {"version": "1.0.0"}}, "version": "1.0.0"})))
        .collect();
    let chain = (0..50).fold(
        Value::Object(leaves),
        |inner, n| json!({ format!("{n}{}", "p".repeat(200)): {"version": "1.0.0", "dependencies": inner} }),
    );
    let body = json!({ "dependencies": chain }).to_string();
    let tree = Tree::parse(body.as_bytes()).unwrap();
    let query = tree.query().unwrap();
    let every =
        (0..2000).map(|n| (name(&format!("x{n}")), vec![Advisory::own(n, String::new(), String::new(), "*".into())]));
    let report = render_report(&tree, &query, &every.collect());
    assert!(body.len() < 200_000 && report.len() < 8 << 20, "{} bytes from {}", report.len(), body.len());
}
