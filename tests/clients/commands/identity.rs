//! `ping` and `whoami`.

use crate::cells::Cell;
use crate::client::Client;
use crate::report::Finding;
use crate::seat::{EMAIL, Seat};
use crate::support::gate::Launch;

pub(crate) const PING: Cell = Cell { name: "ping", concerns: |client| ping(client).is_some(), work: is_there };
pub(crate) const WHOAMI: Cell = Cell { name: "whoami", concerns: |client| whoami(client).is_some(), work: is_known };

fn ping(client: &Client) -> Option<&'static str> {
    match client.agent {
        "npm" => Some("npm ping"),
        "pnpm" => Some("pnpm ping"),
        _ => None,
    }
}

fn whoami(client: &Client) -> Option<&'static str> {
    match client.agent {
        "npm" => Some("npm whoami"),
        "pnpm" => Some("pnpm whoami"),
        "got" => Some("yarn npm whoami"),
        "Bun" => Some("bun pm whoami"),
        _ => None,
    }
}

fn is_there(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    for seat in [Seat::registered(client, &gate), Seat::anonymous(client, &gate)] {
        seat.wants(&[]);
        seat.run(ping(client).expect("a command")).succeeded();
    }
    vec![Finding::new("ping", "yes")]
}

fn is_known(client: &'static Client) -> Vec<Finding> {
    let gate = Launch::real().start();
    let command = whoami(client).expect("a command");
    let seat = Seat::registered(client, &gate);
    seat.wants(&[]);
    seat.run(command).succeeded().shows(EMAIL);
    let stranger = Seat::anonymous(client, &gate);
    stranger.wants(&[]);
    let ran = stranger.run(command);
    assert!(!ran.ok() && !ran.text.contains(EMAIL), "{}", ran.text);
    vec![Finding::new("whoami", "the address")]
}
