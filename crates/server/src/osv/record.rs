//! A refusal as an OSV record. Its texts are made of id, name and version; a source's own prose does not come here.

use sekisho_core::advisory::{Hit, Until};
use sekisho_core::policy::Verdict;
use sekisho_core::{Ecosystem, PackageName, PackageUrl, Timestamp};
use serde_json::{Value, json};

use crate::gate::Guard;
use crate::http::Origin;
use crate::refusal;

/// The record with this id about a name: what it hits if it is a source's, else the one release that was asked about.
pub(super) fn of(
    id: &str,
    name: &PackageName,
    version: Option<&str>,
    guard: &Guard,
    (now, origin): (Timestamp, &Origin),
) -> Value {
    let rules = guard.blocklist.rules(name);
    let record = rules.as_ref().and_then(|rules| rules.records().find(|record| record.id == id));
    // A moment that is still to come is made up.
    let published = record.as_ref().and_then(|record| record.since).filter(|at| *at <= now);
    let hits = match (record, version) {
        (Some(record), _) => record.hits,
        (None, Some(version)) => vec![Hit::Exactly(version.to_owned())],
        (None, None) => vec![Hit::Every],
    };
    let words = match guard.view(name, now).decide(version) {
        Verdict::Refuse(refusal) => refusal.words(),
        Verdict::Allow => format!("malware ({id})"),
    };
    let why = refusal::why_url(name, version, origin);
    let subject = refusal::subject(name, version);
    let mut told = json!({
        "schema_version": "1.7.0",
        "id": id,
        // When a source last changed its record is not kept: too new a time only has a scanner read it again.
        "modified": now.to_string(),
        "summary": format!("{subject} is blocked by Sekisho: {words}"),
        "details": format!("{subject} is blocked by Sekisho: {words}. Why, and what to do: {why}"),
        "affected": [affected(name, &hits)],
        "references": [{"type": "WEB", "url": why}],
    });
    if let Some(published) = published {
        told["published"] = published.to_string().into();
    }
    told
}

fn affected(name: &PackageName, hits: &[Hit]) -> Value {
    let (label, kind) = match name.ecosystem() {
        Ecosystem::Npm => ("npm", "SEMVER"),
        Ecosystem::Pypi => ("PyPI", "ECOSYSTEM"),
    };
    let purl = PackageUrl { name: name.clone(), version: None }.to_string();
    let versions: Vec<&str> = hits
        .iter()
        .filter_map(|hit| match hit {
            Hit::Exactly(version) => Some(version.as_str()),
            Hit::Every | Hit::Between { .. } => None,
        })
        .collect();
    let ranges: Vec<Value> = hits
        .iter()
        .filter_map(|hit| match hit {
            Hit::Exactly(_) => None,
            Hit::Every => Some(json!([{"introduced": "0"}])),
            Hit::Between { from, until } => Some(events(from.as_deref(), until)),
        })
        .map(|events| json!({"type": kind, "events": events}))
        .collect();
    json!({"package": {"ecosystem": label, "name": name.as_str(), "purl": purl}, "versions": versions, "ranges": ranges})
}

fn events(from: Option<&str>, until: &Until) -> Value {
    let introduced = json!({"introduced": from.unwrap_or("0")});
    match until {
        Until::Forever => json!([introduced]),
        Until::Before(end) => json!([introduced, {"fixed": end}]),
        Until::Through(end) => json!([introduced, {"last_affected": end}]),
    }
}
