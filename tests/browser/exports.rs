//! What is found, as a file: installs in three forms, the audit log in two.

use std::time::Duration;

use serde_json::Value;

use crate::Flow;
use crate::downloads::{Downloads, Kept};
use crate::sign_in::as_owner;
use crate::support::wait_for;
use crate::terminal::takes;
use crate::tokens::{issue, open_tab};
use crate::world::World;

pub(crate) const FLOWS: [Flow; 2] = [
    Flow { name: "exports: what a search of the installs finds, in three forms", walk: installs },
    Flow { name: "exports: the audit log, in which exports stand too", walk: audit },
];

const WHO: &str = "export.person";

/// Searches for what that person took; rows of others are on the page before.
fn searches(world: &World) {
    let browser = &world.browser;
    browser.sees("search-export");
    browser.fill("installs-identifier", WHO);
    browser.press("search-go");
    wait_for("what is found", Duration::from_secs(10), || browser.at().contains(WHO).then_some(()));
    browser.reads_not("no.export");
}

fn installs(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    // Somebody else's row is not found.
    takes(world, &issue(world, "no.export"), "1.1.2");
    let token = issue(world, WHO);
    takes(world, &token, "1.1.3");
    takes(world, &token, "1.3.0");
    open_tab(world, "tab-installs");
    searches(world);
    browser.comes_to_read("left-pad 1.3.0");
    browser.comes_to_read("left-pad 1.1.3");
    let downloads = Downloads::of(browser);
    let csv = kept(downloads.follow(("CSV", "CSV")), "installs.csv");
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("id,time,ecosystem,name,version,purl,file,outcome,reason,advisories,"), "{csv}");
    let [refused, taken] = lines[1..] else { panic!("not two rows: {csv}") };
    assert!(
        refused.contains(",npm,left-pad,1.3.0,pkg:npm/left-pad@1.3.0,") && refused.contains("MAL-2026-0001"),
        "{csv}"
    );
    assert!(taken.contains(",npm,left-pad,1.1.3,pkg:npm/left-pad@1.1.3,") && !taken.contains("MAL-"), "{csv}");
    assert!(lines[1..].iter().all(|row| row.contains(WHO) && row.contains("npm/12.2.0")), "{csv}");
    let ndjson = kept(downloads.follow(("NDJSON", "NDJSON")), "installs.ndjson");
    let rows = json_lines(&ndjson);
    let purls: Vec<&Value> = rows.iter().map(|row| &row["package"]["purl"]).collect();
    assert_eq!(purls, ["pkg:npm/left-pad@1.3.0", "pkg:npm/left-pad@1.1.3"], "{ndjson}");
    assert!(rows.iter().all(|row| row["user_identifier"] == WHO), "{ndjson}");
    // A bill of materials has what was taken.
    let bill = kept(downloads.follow(("CycloneDX", "CycloneDX")), "installs.cdx.json");
    let bill: Value = serde_json::from_str(&bill).unwrap_or_else(|e| panic!("{e}: {bill}"));
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let purls: Vec<&Value> = bill["components"].as_array().into_iter().flatten().map(|part| &part["purl"]).collect();
    assert_eq!(purls, ["pkg:npm/left-pad@1.1.3"], "{bill}");
    for text in [&csv, &ndjson, &bill.to_string()] {
        assert!(!text.contains(&token), "a token is in an export");
    }
    open_tab(world, "tab-refusals");
    searches(world);
    let refusals = kept(downloads.follow(("NDJSON", "NDJSON")), "installs.ndjson");
    let versions: Vec<Value> = json_lines(&refusals).iter().map(|row| row["package"]["version"].clone()).collect();
    assert_eq!(versions, ["1.3.0"], "{refusals}");
}

fn audit(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    issue(world, "export.audited");
    open_tab(world, "tab-audit");
    browser.sees("audit-detail");
    let downloads = Downloads::of(browser);
    let csv = kept(downloads.follow(("CSV", "CSV")), "audit.csv");
    let mut lines = csv.split_terminator("\r\n");
    assert_eq!(lines.next(), Some("id,at,actor,action,subject,detail"), "{csv}");
    // The newest first: this export itself, then the token.
    assert!(lines.next().is_some_and(|row| row.contains(",audit.exported,")), "{csv}");
    assert!(lines.next().is_some_and(|row| row.contains(",token.issued,") && row.contains("export.audited")), "{csv}");
    browser.reload();
    browser.shows("audit-exported");
    let ndjson = kept(downloads.follow(("NDJSON", "NDJSON")), "audit.ndjson");
    let rows = json_lines(&ndjson);
    let actions: Vec<&Value> = rows.iter().take(3).map(|row| &row["action"]).collect();
    assert_eq!(actions, ["audit.exported", "audit.exported", "token.issued"], "{ndjson}");
    assert_eq!(rows.len(), csv.split_terminator("\r\n").count(), "one more row, and no line of names");
}

/// The text of a file that has to have this name.
#[track_caller]
fn kept(file: Kept, name: &str) -> String {
    assert_eq!(file.name, name);
    file.text
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}
