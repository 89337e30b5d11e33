//! Searching: what the registry finds, if it has a search, and no error where it has none.

use crate::cells::Cell;
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::feed::gate_with_feed;

pub(crate) const CELL: Cell = Cell { name: "search", concerns: |client| client.agent == "npm", work };

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let seat = Seat::registered(client, &gate);
    seat.wants(&[]);
    let ran = seat.run("npm search left-pad").succeeded();
    assert!(!ran.text.contains("1.3.0"), "a refused release is offered: {}", ran.text);
    let value = if ran.text.contains("No matches found") { "the registry has none" } else { "yes" };
    vec![Finding::new("search", value)]
}
