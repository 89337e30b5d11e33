//! Looking for what was refused since it was installed: the audit says so, with the reason, and fails.

use sekisho_core::Ecosystem;

use crate::cells::{Cell, block, shows};
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::gate::Launch;

pub(crate) const CELL: Cell = Cell { name: "audit", concerns: |client| command(client).is_some(), work };

/// Yarn 1 asks a host of its own. Yarn 4 breaks off over a hidden version unless it leaves deprecations alone.
fn command(client: &Client) -> Option<&'static str> {
    match (client.agent, client.name) {
        ("npm", _) => Some("npm audit"),
        ("pnpm", _) => Some("pnpm audit"),
        ("got", _) => Some("yarn npm audit --no-deprecations"),
        ("Bun", _) => Some("bun audit"),
        (_, "uv sync") => Some("uv audit --service-url \"$GATE/osv/\""),
        _ => None,
    }
}

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    let seat = Seat::registered(client, &gate);
    seat.wants(client.packages().pin);
    seat.install().succeeded();
    let clean = seat.run(&with_gate(command(client).expect("a command"), &gate.base()));
    assert!(!clean.text.contains("is blocked"), "nothing is blocked yet: {}", clean.text);
    block(&gate, client);
    let ran = seat.run(&with_gate(command(client).expect("a command"), &gate.base()));
    assert!(!ran.ok(), "the audit found nothing: {}", ran.text);
    let texts: &[&str] = match client.ecosystem {
        Ecosystem::Npm => &["npm left-pad 1.3.0 is blocked: the operator's policy", "/why/npm/left-pad/1.3.0"],
        Ecosystem::Pypi => &[
            "MAL-SEKISHO-pypi-six@1.17.0: PyPI six 1.17.0 is blocked by Sekisho: the operator's policy",
            "Advisory information: {gate}/why/pypi/six/1.17.0",
        ],
    };
    let texts = shows(&seat, &ran, "An audit after the release was blocked", texts);
    let reads = |part| texts.iter().any(|text| text.value.contains(part));
    let told = match (reads(": the operator's policy"), reads("/why/")) {
        (true, true) => "fails; reads reason and link",
        (true, false) => "fails; reads reason",
        (false, _) => "fails; reads no reason",
    };
    [vec![Finding::new("audit", told)], texts].concat()
}

fn with_gate(command: &str, base: &str) -> String {
    format!("GATE={base}; {command}")
}
