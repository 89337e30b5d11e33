//! Searching: what the registry finds, if it has a search, and no error where it has none; nothing that is refused.

use std::time::Duration;

use sekisho_upstream::testing::{FakeUpstream, Reply};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cells::Cell;
use crate::client::Client;
use crate::report::Finding;
use crate::seat::Seat;
use crate::support::feed::{advisories, gate_with_feed};
use crate::support::gate::Launch;
use crate::support::wait_for;

/// What npm asks a registry for.
const SEARCH: &str = "/-/v1/search?text=pad&size=20&from=0&quality=0.65&popularity=0.98&maintenance=0.5";

pub(crate) const CELL: Cell = Cell { name: "search", concerns: |client| client.agent == "npm", work };

fn work(client: &'static Client) -> Vec<Finding> {
    let gate = gate_with_feed();
    let seat = Seat::registered(client, &gate);
    seat.wants(&[]);
    let ran = seat.run("npm search left-pad").succeeded();
    assert!(!ran.text.contains("1.3.0"), "a refused release is offered: {}", ran.text);
    leaves_out_what_is_refused(client);
    let value = if ran.text.contains("No matches found") { "the registry has none" } else { "yes" };
    vec![Finding::new("search", value)]
}

/// Before a registry that has a search: it finds two packages, and one has no release that may be taken.
fn leaves_out_what_is_refused(client: &'static Client) {
    let runtime = Runtime::new().expect("a runtime");
    let fake = runtime.block_on(FakeUpstream::start());
    let found = |name: &str, version: &str| -> Value {
        let document = json!({
            "name": name, "dist-tags": {"latest": version},
            "versions": {version: {"name": name, "version": version, "dist": {"tarball": fake.at("x.tgz").as_str()}}},
        });
        fake.on(&format!("/{name}"), Reply::json(document.to_string()));
        let date = "2026-01-01T00:00:00.000Z";
        let about = json!({"name": name, "version": version, "date": date, "description": "pads", "maintainers": []});
        json!({"package": about, "score": {"final": 1, "detail": {}}, "searchScore": 1})
    };
    let found = json!({"objects": [found("left-pad", "1.3.0"), found("right-pad", "1.0.1")], "total": 2});
    fake.on(SEARCH, Reply::json(found.to_string()));

    let launch = Launch::new();
    let source = advisories(launch.folder());
    let launch = launch.set(&format!("upstream.npm.url={}", fake.url())).set("upstream.pypi.enabled=false");
    let gate = launch.set(&format!("feed.sources={source}")).start();
    let loaded = || (gate.get("/npm/right-pad").status == 200).then_some(());
    wait_for("the feed", Duration::from_secs(20), loaded);
    let seat = Seat::anonymous(client, &gate);
    seat.wants(&[]);
    let ran = seat.run("npm search pad").succeeded();
    assert_eq!(fake.count(SEARCH), 1, "{:?}", fake.requests());
    ran.shows("right-pad");
    assert!(!ran.text.contains("left-pad"), "a refused package is offered: {}", ran.text);
}
