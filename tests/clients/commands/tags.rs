//! Listing tags: one that pointed at a refused release points at what is taken instead.

use crate::cells::{Cell, offers};
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::feed::gate_with_feed;

pub(crate) const CELL: Cell = Cell { name: "tags", concerns: |client| command(client).is_some(), work };

fn command(client: &Client) -> Option<&'static str> {
    match client.agent {
        "npm" => Some("npm dist-tag ls left-pad"),
        "pnpm" => Some("pnpm dist-tag ls left-pad"),
        "yarn" => Some("yarn tag list left-pad"),
        "got" => Some("yarn npm tag list left-pad"),
        _ => None,
    }
}

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let seat = Seat::registered(client, &gate);
    seat.wants(&[]);
    let ran = seat.run(command(client).expect("a command")).succeeded();
    ran.shows("latest");
    offers(&seat, &ran);
    vec![Finding::new("tags", "`latest` moved")]
}
