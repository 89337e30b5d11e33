//! Asking what is newer: a refused release is not.

use sekisho_core::Ecosystem;

use crate::cells::{Cell, offers};
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::feed::gate_with_feed;

pub(crate) const CELL: Cell = Cell { name: "outdated", concerns: |client| command(client).is_some(), work };

fn command(client: &Client) -> Option<&'static str> {
    match client.name {
        "uv pip" => return Some("uv pip list --outdated"),
        "uv sync" => return Some("uv tree --outdated"),
        _ => {}
    }
    match client.agent {
        "npm" => Some("npm outdated"),
        "pnpm" => Some("pnpm outdated"),
        "yarn" => Some("yarn outdated"),
        "Bun" => Some("bun outdated"),
        "pip" => Some("pip --python .venv/bin/python list --outdated"),
        "poetry" => Some("poetry show --outdated"),
        "pdm" => Some("pdm outdated"),
        _ => None,
    }
}

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let seat = Seat::registered(client, &gate);
    seat.wants(match client.ecosystem {
        Ecosystem::Npm => &[("left-pad", "1.1.3")],
        Ecosystem::Pypi => &[("six", "==1.15.0")],
    });
    seat.install().succeeded();
    // Some clients end with 1 where something is outdated.
    let ran = seat.run(command(client).expect("a command"));
    offers(&seat, &ran);
    vec![Finding::new("outdated", client.packages().instead)]
}
