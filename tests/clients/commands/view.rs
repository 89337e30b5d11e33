//! Looking a package up: a refused release is not offered.

use crate::cells::{Cell, offers};
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::feed::gate_with_feed;

pub(crate) const CELL: Cell = Cell { name: "view", concerns: |client| command(client).is_some(), work };

fn command(client: &Client) -> Option<&'static str> {
    match client.agent {
        "npm" => Some("npm view left-pad version dist-tags versions"),
        "pnpm" => Some("pnpm view left-pad version dist-tags versions"),
        "yarn" => Some("yarn info left-pad --json"),
        "got" => Some("yarn npm info left-pad --fields version,dist-tags,versions --json"),
        "Bun" => Some("bun info left-pad version && bun info left-pad dist-tags && bun info left-pad versions"),
        "pip" => Some("pip index versions six"),
        _ => None,
    }
}

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let seat = Seat::registered(client, &gate);
    // Yarn 4 and pnpm look for a project.
    seat.wants(&[]);
    let ran = seat.run(command(client).expect("a command")).succeeded();
    offers(&seat, &ran);
    vec![Finding::new("view", client.packages().instead)]
}
