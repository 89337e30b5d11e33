//! Of an OSV record that blocks, every listed version and every version that a range begins with is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_core::blocklist::Blocklist;
use sekisho_core::policy::Verdict;
use sekisho_core::{Ecosystem, PackageName};
use serde_json::Value;

fuzz_target!(|raw: &[u8]| {
    let Ok(list) = sekisho_feed::compile_records(raw, &["MAL-".to_owned()]) else { return };
    let again = Blocklist::from_bytes(list.as_bytes().to_vec()).expect("what is stored is read");
    assert_eq!(again.digest(), list.digest());
    let Ok(text) = std::str::from_utf8(raw) else { return };
    let records: Vec<Value> = match serde_json::from_str(text) {
        Ok(Value::Array(records)) => records,
        Ok(record) => vec![record],
        Err(_) => serde_json::Deserializer::from_str(text).into_iter().map_while(Result::ok).collect(),
    };
    records.iter().filter(|record| blocks(record)).for_each(|record| check(record, &list));
});

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn blocks(record: &Value) -> bool {
    let malicious = |id: &str| id.starts_with("MAL-");
    record["withdrawn"].is_null()
        && (record["id"].as_str().is_some_and(malicious) || texts(&record["aliases"]).any(malicious))
}

fn check(record: &Value, list: &Blocklist) {
    for affected in record["affected"].as_array().into_iter().flatten() {
        let package = &affected["package"];
        let Some(ecosystem) = package["ecosystem"].as_str().and_then(Ecosystem::from_osv) else { continue };
        let Some(Ok(name)) = package["name"].as_str().map(|name| PackageName::parse(ecosystem, name)) else { continue };
        let rules = list.rules(&name).expect("a name with a record has rules");
        let refused = |version: &str| rules.decide(version) != Verdict::Allow;
        assert!(texts(&affected["versions"]).all(refused), "a listed version is allowed");
        let ranges = affected["ranges"].as_array().into_iter().flatten().filter(|range| range["type"] != "GIT");
        for event in ranges.flat_map(|range| range["events"].as_array().into_iter().flatten()) {
            if let Some(first) = event["introduced"].as_str() {
                assert!(refused(first), "introduced in {first}, and {first} is allowed");
            }
        }
        if affected["versions"].as_array().is_none_or(Vec::is_empty)
            && affected["ranges"].as_array().is_none_or(Vec::is_empty)
        {
            assert_ne!(rules.decide_every(), Verdict::Allow, "a record without versions is about all of them");
        }
    }
}
