//! The descriptions of the API say what is there: every route and no other, every code under its status. That real answers
//! have the shapes that `docs/openapi.json` describes is shown by `scripts/test-openapi`, which reaches every operation of an
//! organisation's in the built program.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_server::api::openapi::DOCUMENT;
use sekisho_server::http::Code;
use sekisho_testkit::{Ask, TestApp};
use serde_json::Value;

use crate::support::assert_problem;

/// Pages for browsers and what they load, which are no part of the JSON API.
const HTML: [&str; 7] = [
    "/login/{}",
    "/login/{}/address",
    "/login/{}/code",
    "/login/{}/end",
    "/assets/page.css",
    "/assets/icon.svg",
    "/favicon.ico",
];
/// One route of ours that the document writes as two, because it has no word for "one or two segments".
const WHY: (&str, [&str; 2]) = ("/why/{}/{}", ["/why/{}/{}", "/why/{}/{}/{}"]);
/// Addresses under npm's root, whose paths no router parses.
const TERMINAL: [(&str, &str); 2] = [("/npm/-/v1/login", "post"), ("/npm/-/v1/login/{}", "get")];

fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("docs/openapi.json is JSON")
}

/// The path without the names of its parameters, which are nobody's concern.
fn bare(path: &str) -> String {
    let mut parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "/" + part)
}

/// Paths and methods of the router, read from its source, because a router does not tell which routes it has.
fn routed() -> BTreeSet<(String, String)> {
    let source = include_str!("../../src/handle.rs");
    let mut routes = BTreeSet::new();
    for rest in source.split(".route(\"").skip(1) {
        let (path, rest) = rest.split_once('"').unwrap();
        let rest = rest.split(".fallback(").next().unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            if rest.contains(&format!("routing::{method}(")) || rest.contains(&format!(").{method}(")) {
                routes.insert((bare(path), method.to_owned()));
            }
        }
    }
    routes
}

fn described() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (bare(path), method.clone()))).collect()
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let mut routes = routed();
    routes.retain(|(path, _)| !HTML.contains(&path.as_str()));
    assert!(routes.remove(&(WHY.0.to_owned(), "get".to_owned())));
    routes.extend(WHY.1.map(|path| (path.to_owned(), "get".to_owned())));
    routes.extend(TERMINAL.map(|(path, method)| (path.to_owned(), method.to_owned())));
    let described = described();
    let missing: Vec<_> = routes.difference(&described).collect();
    assert!(missing.is_empty(), "add these to docs/openapi.json: {missing:?}");
    let made_up: Vec<_> = described.difference(&routes).collect();
    assert!(made_up.is_empty(), "docs/openapi.json describes what is not there: {made_up:?}");
}

#[tokio::test]
async fn what_is_described_is_answered_and_other_methods_are_not() {
    let app = TestApp::start().await;
    for (path, item) in document()["paths"].as_object().unwrap() {
        let asked = path.replace("{ecosystem}", "npm").replace("{code}", "not_found").replace(['{', '}'], "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = app.ask(Ask::new(method, &asked)).await;
            match item.get(method.to_ascii_lowercase()) {
                Some(_) => assert_ne!(answer.status, 405, "{method} {path}"),
                None => assert_problem(&answer, 405, "unsupported_method"),
            }
        }
    }
}

#[test]
fn every_code_stands_under_its_status() {
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for code in Code::ALL {
        codes.entry(code.status().as_str().to_owned()).or_default().insert(code.as_str().to_owned());
    }
    let mut described: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for response in document()["components"]["responses"].as_object().unwrap().values() {
        let facts = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"];
        let texts = facts["code"]["enum"].as_array().unwrap().iter();
        let texts = texts.map(|text| text.as_str().unwrap().to_owned());
        described.entry(facts["status"]["const"].to_string()).or_default().extend(texts);
    }
    assert_eq!(described, codes, "left: docs/openapi.json, components/responses; right: the codes that there are");
}

#[test]
fn http_api_md_has_each_code_with_its_status() {
    let text = include_str!("../../../../docs/http-api.md");
    for code in Code::ALL {
        let row = format!("| `{}` | {} | ", code.as_str(), code.status().as_u16());
        assert_eq!(text.matches(&row).count(), 1, "docs/http-api.md has to have a row that begins with {row:?}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let pointer = reference.strip_prefix('#').expect("a part of this document");
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    used.insert(pointer.to_owned());
                }
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    for sort in ["headers", "schemas"] {
        for name in document["components"][sort].as_object().unwrap().keys() {
            assert!(used.contains(&format!("/components/{sort}/{name}")), "{sort}/{name} is used nowhere");
        }
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is_committed() {
    let app = TestApp::start().await;
    let answer = app.get("/api/v1/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.text(), DOCUMENT);
}
