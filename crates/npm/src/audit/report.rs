//! The answer to older clients: npm 6's report, which says where in the tree each finding is.

use std::collections::BTreeMap;

use sekisho_core::{Ecosystem, PackageName};
use serde_json::{Map, Value, json};

use super::advisory::Advisory;
use super::{Advisories, Query, Tree, range};

/// Writes the report about a tree. An advisory that holds none of the tree's versions is left out.
pub fn render_report(tree: &Tree, query: &Query, advisories: &Advisories) -> Vec<u8> {
    let places = tree.places(|name, version| {
        let name = PackageName::parse(Ecosystem::Npm, name).ok().filter(|name| advisories.contains_key(name));
        name.is_some_and(|name| query.asks(&name, version))
    });
    let mut shown = Map::new();
    let mut counts: BTreeMap<&str, u64> = ["info", "low", "moderate", "high", "critical"].map(|s| (s, 0)).into();
    for (name, all) in advisories {
        for advisory in all {
            let findings: Vec<Value> = places
                .get(name.as_str())
                .into_iter()
                .flatten()
                .filter(|(version, _)| range::holds(&advisory.vulnerable_versions, version))
                .map(|(version, found)| {
                    json!({"version": version, "paths": found.paths, "dev": found.dev, "optional": found.optional, "bundled": false})
                })
                .collect();
            if findings.is_empty() {
                continue;
            }
            *counts.entry(advisory.severity).or_default() += 1;
            shown.insert(advisory.id.to_string(), record(name, advisory, findings));
        }
    }
    let count = tree.count();
    let metadata = json!({
        "vulnerabilities": counts,
        "dependencies": count,
        "devDependencies": 0,
        "optionalDependencies": 0,
        "totalDependencies": count,
    });
    json!({"actions": [], "advisories": shown, "muted": [], "metadata": metadata}).to_string().into_bytes()
}

fn record(name: &PackageName, advisory: &Advisory, findings: Vec<Value>) -> Value {
    json!({
        "findings": findings,
        "id": advisory.id,
        "title": advisory.title,
        "module_name": name.as_str(),
        "vulnerable_versions": advisory.vulnerable_versions,
        // Which versions are good is not known here; this is npm's way to say so.
        "patched_versions": "<0.0.0",
        "severity": advisory.severity,
        "overview": advisory.title,
        "recommendation": "None",
        "url": advisory.url,
        "cwe": advisory.cwe,
        "cves": [],
        "cvss": advisory.cvss,
        "references": advisory.url,
        "access": "public",
    })
}
