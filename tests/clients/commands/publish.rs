//! Publishing is refused.

use sekisho_core::Ecosystem;

use crate::cells::{Cell, shows};
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::gate::Launch;
use crate::support::ledger;

pub(crate) const CELL: Cell = Cell { name: "publish", concerns: |client| client.ecosystem == Ecosystem::Npm, work };

const TEXT: &str = "nothing can be published through it. Publish to the registry itself";

fn command(client: &Client) -> &'static str {
    match client.agent {
        "npm" => "npm publish",
        "pnpm" => "pnpm publish --no-git-checks",
        "yarn" => "yarn publish --non-interactive --new-version 1.0.1",
        "got" => "yarn install --no-immutable && yarn npm publish",
        "Bun" => "bun publish",
        other => panic!("{other} publishes nothing"),
    }
}

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    let seat = Seat::registered(client, &gate);
    seat.wants(&[]);
    seat.home.write("package.json", r#"{"name":"never-published-example","version":"1.0.0","license":"MIT"}"#);
    let ran = seat.run(command(client));
    assert!(!ran.ok(), "it was published: {}", ran.text);
    assert!(ledger::rows(&gate.data()).is_empty(), "nothing was taken");
    let mut findings = vec![Finding::new("publish", "refused")];
    findings.extend(shows(&seat, &ran, "Publishing", &[TEXT]));
    findings
}
