//! axe-core from npm: WCAG 2.2 AA. What it calls good practice is printed and fails nothing.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::root;

static SOURCE: LazyLock<String> = LazyLock::new(|| {
    let file = root().join(".test/axe/node_modules/axe-core/axe.min.js");
    fs::read_to_string(file).unwrap_or_else(|e| panic!("axe-core ({e}): run `make tools`"))
});

/// What is no violation, each once.
static ADVICE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

// Without `preload`, axe-core would fetch the style sheets again, which the pages' own policy forbids.
const RUN: &str = "const done = arguments[0]; axe.run(document, {preload: false, resultTypes: ['violations'], runOnly: \
    ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}) \
    .then((result) => done(result.violations.map((v) => ({id: v.id, help: v.help, tags: v.tags, \
        nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 300) + ' ' + n.failureSummary)}))), \
        (error) => done([{id: 'axe', help: String(error), tags: [], nodes: []}]))";

/// Fails with rule, element and what to do.
#[track_caller]
pub(crate) fn judge(browser: &Browser, name: &str) {
    let session = &browser.session;
    let there = session.post("execute/sync", &json!({"script": "return typeof axe === 'object'", "args": []}));
    if there != true {
        session.post("execute/sync", &json!({"script": *SOURCE, "args": []}));
    }
    let found = session.post("execute/async", &json!({"script": RUN, "args": []}));
    let found = found.as_array().expect("a list");
    let advice = |rule: &&Value| rule["tags"].as_array().is_some_and(|tags| tags.contains(&json!("best-practice")));
    let (advised, violations): (Vec<&Value>, Vec<&Value>) = found.iter().partition(advice);
    ADVICE.lock().expect("no panic").extend(advised.iter().map(|rule| format!("{}: {}", rule["id"], rule["help"])));
    assert!(violations.is_empty(), "{name} violates WCAG 2.2 AA: {violations:#?}");
}

/// What axe-core advised in the whole run.
pub(crate) fn advice() -> Vec<String> {
    ADVICE.lock().expect("no panic").iter().cloned().collect()
}
