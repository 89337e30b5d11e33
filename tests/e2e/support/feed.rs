//! A feed of advisories that names one release of each ecosystem.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::gate::{Gate, Launch};
use super::wait_for;

/// A gate with a feed that names one release of each ecosystem.
pub(crate) fn gate_with_feed() -> Gate {
    let launch = Launch::real();
    let source = advisories(launch.folder());
    let gate = launch.set(&format!("feed.sources={source}")).start();
    wait_for("the feed", Duration::from_secs(20), || (gate.get("/npm/left-pad").status == 200).then_some(()));
    gate
}

/// Records in the form of the public lists.
pub(crate) fn advisories(folder: &Path) -> String {
    let folder = folder.join("advisories");
    for (id, ecosystem, name, version) in
        [("MAL-2026-0001", "npm", "left-pad", "1.3.0"), ("MAL-2026-0002", "PyPI", "six", "1.17.0")]
    {
        let record = serde_json::json!({
            "schema_version": "1.7.0", "id": id, "modified": "2026-11-23T00:00:00Z", "summary": "a test's record",
            "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "versions": [version]}],
        });
        let folder = folder.join(ecosystem).join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{id}.json")), record.to_string()).expect("a record");
    }
    folder.display().to_string()
}
