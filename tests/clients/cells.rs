//! The cells of the matrix: what is done with each client, and what has to come out of it.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use sekisho_core::Ecosystem;
use sekisho_store::LedgerRow;

use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::feed::gate_with_feed;
use crate::support::gate::{Gate, Launch};
use crate::support::home::Ran;
use crate::support::{ledger, wait_for};
use crate::versions;

/// Something that is done with one client.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    /// What a run is narrowed by.
    pub(crate) name: &'static str,
    /// Which clients can do it.
    pub(crate) concerns: fn(&Client) -> bool,
    pub(crate) work: fn(&'static Client) -> Vec<Finding>,
}

const EVERY: fn(&Client) -> bool = |_| true;

/// Installs and refusals.
pub(crate) const CELLS: [Cell; 7] = [
    Cell { name: "token", concerns: EVERY, work: with_a_token },
    Cell { name: "anonymous", concerns: EVERY, work: without_a_token },
    Cell { name: "range", concerns: EVERY, work: a_range_falls_back },
    Cell { name: "pin", concerns: EVERY, work: a_pin_is_refused },
    Cell { name: "lock", concerns: |client| client.frozen.is_some(), work: a_lock_file_is_refused },
    Cell { name: "revoked", concerns: EVERY, work: a_revoked_key },
    Cell { name: "warning", concerns: EVERY, work: a_warning_lets_through },
];

type Releases = BTreeSet<(String, String)>;

fn installed(seat: &Seat<'_>) -> Releases {
    seat.installed().into_iter().collect()
}

fn with_a_token(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    let seat = Seat::registered(client, &gate);
    seat.wants(client.packages().tree);
    seat.install().succeeded();
    let fresh = installed(&seat);
    let name = client.packages().tree[0].0;
    assert!(fresh.len() > 5 && fresh.iter().any(|(n, _)| n == name), "{name} is a tree: {fresh:?}");
    let rows = ledger::rows(&gate.data());
    taken_by(&rows, client, &fresh, client.takes_more);
    let status = gate.get_as("/api/v1/tokens/status", &seat.key().expect("a key")).json();
    let files: BTreeSet<_> = rows.iter().map(|row| &row.file).collect();
    assert_eq!(status["usage"]["installs"], files.len(), "the key's own numbers: {status}");

    let mut findings = vec![Finding::new("fresh, token", &format!("{} packages", fresh.len()))];
    if let Some(frozen) = client.frozen {
        let colleague = seat.elsewhere();
        colleague.run(frozen).succeeded();
        assert_eq!(installed(&colleague), fresh, "the lock file gives the same tree");
        // Entries come newest first.
        let all = ledger::rows(&gate.data());
        taken_by(&all[..all.len() - rows.len()], client, &fresh, false);
        findings.push(Finding::new("lock, token", &format!("{} packages", fresh.len())));
    }
    findings
}

/// The ledger says that one token took these releases with this client.
fn taken_by(rows: &[LedgerRow], client: &Client, installed: &Releases, more: bool) {
    let taken: Releases = ledger::releases(rows, client.ecosystem, "answered").into_iter().collect();
    assert!(taken.is_superset(installed), "not in the ledger: {:?}", installed - &taken);
    assert!(more || taken == *installed, "in the ledger, not installed: {:?}", &taken - installed);
    let (agent, version) = (client.agent, versions::of(client.folder));
    for row in rows {
        assert_eq!((row.client_name.as_str(), &row.who), (agent, &rows[0].who), "{row:?}");
        assert!(agent == "got" || row.client_version == version, "{version}: {row:?}");
    }
}

fn without_a_token(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    let seat = Seat::anonymous(client, &gate);
    seat.wants(client.packages().small);
    seat.install().succeeded();
    let fresh = installed(&seat);
    for (name, _) in client.packages().small {
        assert!(fresh.iter().any(|(n, _)| n == name), "{name} is not installed: {fresh:?}");
    }
    let before = answered(&gate, client.ecosystem, &fresh);
    let mut findings = vec![Finding::new("fresh, anonymous", &format!("{} packages", fresh.len()))];
    if let Some(frozen) = client.frozen {
        let colleague = seat.elsewhere();
        colleague.run(frozen).succeeded();
        assert_eq!(installed(&colleague), fresh, "the lock file gives the same tree");
        let after = answered(&gate, client.ecosystem, &fresh);
        let counted = before.iter().zip(&after).all(|(before, after)| after > before);
        assert!(counted, "an install from a lock file is counted too: {before:?}, {after:?}");
        findings.push(Finding::new("lock, anonymous", &format!("{} packages", fresh.len())));
    }
    assert!(ledger::rows(&gate.data()).is_empty(), "rows are about people");
    findings
}

/// How often each release was taken without a token; each was.
fn answered(gate: &Gate, ecosystem: Ecosystem, releases: &Releases) -> Vec<i64> {
    let count = |(name, version): &(String, String)| {
        let counts = ledger::anonymous(&gate.data(), ecosystem, name);
        let of_it = counts.iter().filter(|count| count.version == *version && count.outcome == "answered");
        let requests = of_it.map(|count| count.requests).sum();
        assert!(requests > 0, "{name} {version} was not counted: {counts:?}");
        requests
    };
    releases.iter().map(count).collect()
}

fn a_range_falls_back(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let packages = client.packages();
    let seat = Seat::registered(client, &gate);
    seat.wants(packages.range);
    let ran = seat.install().succeeded();
    has_only(&seat, packages.instead);
    let rows = ledger::rows(&gate.data());
    taken_by(&rows, client, &installed(&seat), false);
    let mut findings = vec![Finding::new("range", packages.instead)];
    findings.extend(shows(&seat, &ran, "A range passes it over", client.shown.passed_over));
    if client.ecosystem == Ecosystem::Npm {
        // The tag pointed at the refused release.
        let seat = Seat::anonymous(client, &gate);
        seat.wants(&[("left-pad", "latest")]);
        seat.install().succeeded();
        has_only(&seat, packages.instead);
        findings.push(Finding::new("tag `latest`", packages.instead));
    }
    findings
}

fn a_pin_is_refused(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let seat = Seat::registered(client, &gate);
    seat.wants(client.packages().pin);
    let ran = seat.install();
    assert!(!ran.ok(), "the pin was not refused: {}", ran.text);
    not_taken(&seat, &gate);
    let texts = shows(&seat, &ran, "Exactly the refused release is wanted", client.shown.pinned);
    refused("pin", texts)
}

fn a_lock_file_is_refused(client: &'static Client) -> Vec<Finding> {
    let frozen = client.frozen.expect("a client with a lock file");
    let packages = client.packages();
    let gate = Launch::real().start();
    let seat = Seat::registered(client, &gate);
    seat.wants(packages.pin);
    seat.install().succeeded();
    has_only(&seat, packages.refused);
    let taken = ledger::rows(&gate.data()).len();

    block(&gate, client);
    let colleague = seat.elsewhere();
    let ran = colleague.run(frozen);
    assert!(!ran.ok(), "the lock file was not refused: {}", ran.text);
    assert!(installed(&colleague).is_empty(), "{:?}", installed(&colleague));
    let rows = ledger::rows(&gate.data());
    let now = &rows[..rows.len() - taken];
    assert!(now.iter().all(|row| row.outcome == "refused" && row.reason == "policy"), "{now:?}");
    assert!(now.iter().any(|row| !row.file.is_empty()), "the file was not asked for: {now:?}");
    let texts = shows(&colleague, &ran, "A lock file has what was blocked since", client.shown.locked);
    refused("blocked since the lock", texts)
}

/// From now on the operator blocks the client's pinned release.
pub(crate) fn block(gate: &Gate, client: &Client) {
    entry(gate, client, "block", "not in this house");
}

/// From now on the operator's list has this about the client's pinned release.
fn entry(gate: &Gate, client: &Client, effect: &str, reason: &str) {
    let packages = client.packages();
    let purl = format!("pkg:{}/{}@{}", client.ecosystem.as_str(), packages.name, packages.refused);
    let policy = format!("[[{effect}]]\npackage = \"{purl}\"\nreason = \"{reason}\"\n");
    fs::write(gate.data().join("policy.toml"), policy).expect("a policy");
    let why = format!("/why/{}/{}/{}", client.ecosystem.as_str(), packages.name, packages.refused);
    let counts = || gate.get(&why).body.contains(reason).then_some(());
    wait_for("the policy, which is read while the gate runs", Duration::from_secs(20), counts);
}

fn a_warning_lets_through(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    entry(&gate, client, "warn", "somebody else keeps it by now");
    let seat = Seat::registered(client, &gate);
    seat.wants(client.packages().pin);
    let ran = seat.install().succeeded();
    has_only(&seat, client.packages().refused);
    taken_by(&ledger::rows(&gate.data()), client, &installed(&seat), false);
    let texts = shows(&seat, &ran, "The release is warned of", client.shown.warned);
    let told = if texts.is_empty() { "installed" } else { "installed; reads warning and link" };
    [vec![Finding::new("warning", told)], texts].concat()
}

fn a_revoked_key(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    let seat = Seat::registered(client, &gate);
    let bearer = format!("Bearer {}", seat.key().expect("a key"));
    let revoked =
        crate::support::http::try_send(gate.address(), "DELETE", "/api/v1/tokens", &[("Authorization", &bearer)]);
    assert_eq!(revoked.expect("an answer").status, 204);
    seat.wants(client.packages().range);
    let ran = seat.install();
    assert!(!ran.ok(), "a revoked key was taken: {}", ran.text);
    assert!(ledger::rows(&gate.data()).is_empty() && installed(&seat).is_empty(), "something was taken");
    let mut findings = vec![Finding::new("revoked key", "refused")];
    findings.extend(shows(&seat, &ran, "The key was revoked", client.shown.revoked));
    findings
}

fn has_only(seat: &Seat<'_>, version: &str) {
    let name = seat.client.packages().name;
    assert_eq!(seat.installed(), [(name.to_owned(), version.to_owned())]);
}

/// It was refused, and these texts say how much of the reason came through.
fn refused(column: &'static str, texts: Vec<Finding>) -> Vec<Finding> {
    assert!(!texts.is_empty(), "it is not known what is read");
    let reads = |part| texts.iter().any(|text| text.value.contains(part));
    let told = match (reads("/why/"), reads("Blocked by Sekisho")) {
        (true, _) => "refused; reads reason and link",
        (false, true) => "refused; reads reason",
        (false, false) => "refused; reads no reason",
    };
    [vec![Finding::new(column, told)], texts].concat()
}

/// Nothing is installed, and the ledger has no release that went out. Npm's metadata does not have the refused release, so
/// nobody asks for its file; a Python index lists it, and the ledger has the refusal of the file.
fn not_taken(seat: &Seat<'_>, gate: &Gate) {
    assert!(seat.installed().is_empty(), "{:?}", seat.installed());
    let rows = ledger::rows(&gate.data());
    assert_eq!(!rows.is_empty(), seat.client.ecosystem == Ecosystem::Pypi, "{rows:?}");
    assert!(rows.iter().all(|row| row.outcome == "refused" && row.reason == "malware"), "{rows:?}");
    let record = seat.client.packages().record;
    assert!(rows.iter().all(|row| row.advisories == [record]), "{rows:?}");
}

/// The command shows what is taken instead of the refused release, and not that one.
pub(crate) fn offers(seat: &Seat<'_>, ran: &Ran) {
    print_if_wanted(seat, "A command", ran);
    let packages = seat.client.packages();
    ran.shows(packages.instead);
    // npm's notice names it, because it says that it was passed over.
    let offered = ran.text.lines().filter(|line| !line.contains("was passed over"));
    let refused: Vec<_> = offered.filter(|line| line.contains(packages.refused)).collect();
    assert!(refused.is_empty(), "{refused:?} in {}", ran.text);
}

fn print_if_wanted(seat: &Seat<'_>, when: &str, ran: &Ran) {
    if std::env::var_os("SHOW").is_some() {
        println!("--- {}, {when}:\n{}", seat.client.name, ran.text);
    }
}

/// The user sees these texts.
pub(crate) fn shows(seat: &Seat<'_>, ran: &Ran, when: &'static str, texts: &[&'static str]) -> Vec<Finding> {
    print_if_wanted(seat, when, ran);
    for text in texts {
        ran.shows(&text.replace("{gate}", &seat.gate.base()));
    }
    texts.iter().map(|text| Finding::text(when, text)).collect()
}
