//! An export of the install log takes no more memory for many rows than for few, also if its reader is slow.

use std::time::Duration;

use sekisho_core::id::OrgId;

use crate::support::gate::{Gate, Launch};
use crate::support::http::Connection;
use crate::support::ledger;

/// Rows of the small export.
const FEW: usize = 2_000;
/// Rows of the large one.
const MANY: usize = 200_000;
/// What the large one may take more, in KiB.
const MORE: u64 = 20 * 1024;
/// The forms, and how many lines each has besides its rows.
const FORMS: [(&str, usize); 3] = [("text/csv", 1), ("application/x-ndjson", 0), ("application/vnd.cyclonedx+json", 2)];

/// The most memory that the server had until now, in KiB.
fn peak(gate: &Gate) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.pid())).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Lines and bytes of an export that is read with pauses, the first of them long.
fn exported(gate: &Gate, path: &str, key: &str, form: &str) -> (usize, usize) {
    let mut connection = Connection::open(gate.address()).expect("the gate listens");
    let bearer = format!("Bearer {key}");
    connection.write("GET", path, &[("Authorization", &bearer), ("Accept", form)], "").expect("sent");
    let (mut lines, mut bytes, mut pause) = (0, 0, Duration::from_secs(2));
    let status = connection
        .read_chunks(|chunk| {
            lines += chunk.iter().filter(|byte| **byte == b'\n').count();
            bytes += chunk.len();
            std::thread::sleep(pause);
            pause = Duration::from_millis(5);
        })
        .unwrap_or_else(|e| panic!("{form}: {e}"));
    assert_eq!(status, 200, "{form}");
    (lines, bytes)
}

#[test]
fn a_large_export_takes_as_much_memory_as_a_small_one_in_every_form() {
    let mut gate = Launch::new().set("upstream.npm.enabled=false").set("upstream.pypi.enabled=false").start();
    let admin = |line: &str| {
        let said = gate.command(&line.split(' ').collect::<Vec<_>>());
        assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).expect("text").trim().to_owned()
    };
    let org = admin("admin org create acme");
    admin("admin bot create acme auditor --role guard_viewer");
    let key = admin("admin bot key add acme auditor");
    gate.terminate();
    gate.ended(Duration::from_secs(30));
    ledger::fill(&gate.data(), OrgId::parse(&org).expect("an id"), &[("many", MANY - FEW), ("few", FEW)]);
    gate.start_again();

    let path = format!("/o/{org}/guard/installs");
    // SQLite keeps some of what it read, whoever asked for it: pages of the whole log are read first.
    let mut cursor = String::new();
    loop {
        let page = gate.get_as(&format!("{path}?limit=1000{cursor}"), &key);
        assert_eq!(page.status, 200, "{}", page.body);
        let Some(next) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
        cursor = format!("&cursor={next}");
    }
    let few = format!("{path}?package=pkg:npm/few");
    for (form, besides) in FORMS {
        assert_eq!(exported(&gate, &few, &key, form).0, FEW + besides, "{form}");
        let small = peak(&gate);
        let (lines, bytes) = exported(&gate, &path, &key, form);
        let large = peak(&gate);
        println!(
            "exports: {MANY} rows as {form}: {bytes} bytes; the server's peak {small} KiB before, {large} KiB after"
        );
        assert_eq!(lines, MANY + besides, "{form}");
        assert!(large < small + MORE, "{form}: {small} KiB before, {large} KiB after");
    }
}
