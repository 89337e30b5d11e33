//! What is taken and what is refused: the logs, a release's page, the overview, the audit log.

use crate::Flow;
use crate::sign_in::{OWNER, as_owner};
use crate::terminal::takes;
use crate::tokens::{issue, open_tab};
use crate::world::World;

pub(crate) const FLOWS: [Flow; 2] = [
    Flow { name: "guard: who has a given release is found in a few steps", walk: who_has_it },
    Flow { name: "guard: refusals say on which record", walk: refusals },
];

/// The last, because numbers by day are counted once a minute.
pub(crate) const LAST: [Flow; 1] = [Flow { name: "guard: the overview and the audit log", walk: overview_and_audit }];

fn who_has_it(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-installs");
    browser.sees("installs-none");
    browser.shows("installs-none");
    let token = issue(world, "h.suzuki");
    takes(world, &token, "1.2.0");
    takes(world, &token, "1.1.3");
    open_tab(world, "tab-installs");
    browser.comes_to_read("h.suzuki");
    browser.shows("installs");
    browser.fill("find-label", "left-pad@1.2.0");
    browser.press("find-go");
    assert_eq!(browser.at(), "/why/npm/left-pad/1.2.0");
    browser.sees("why-takers-in");
    browser.reads("h.suzuki");
    browser.shows("release");
    open_tab(world, "tab-installs");
    browser.fill("installs-identifier", "nobody");
    browser.press("search-go");
    browser.sees("installs-none-found");
    assert!(browser.at().contains("nobody"), "a search can be sent as a link: {}", browser.at());
    browser.fill("installs-range", "not a range");
    browser.press("search-go");
    browser.sees("search-wrong");
    browser.shows("installs-wrong-search");
}

fn refusals(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    let token = issue(world, "m.kato");
    takes(world, &token, "1.3.0");
    open_tab(world, "tab-refusals");
    browser.comes_to_read("m.kato");
    browser.reads("MAL-2026-0001");
    browser.shows("refusals");
    browser.follow(("left-pad 1.3.0", "left-pad 1.3.0"));
    browser.sees("why-do-not-install");
    browser.reads("m.kato");
    browser.shows("release-refused");
}

fn overview_and_audit(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-overview");
    browser.comes_to("document.querySelectorAll('svg').length >= 2", 90);
    browser.shows("overview");
    open_tab(world, "tab-audit");
    browser.fill("audit-actor", OWNER);
    browser.press("search-go");
    browser.reads(OWNER);
    browser.shows("audit");
}
