//! The pages that everybody can read.

use crate::Flow;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 3] = [
    Flow { name: "the first page leads to the canary", walk: first_page },
    Flow { name: "why a release is refused, and what the operator wrote", walk: why },
    Flow { name: "what a problem means", walk: problem },
];

fn first_page(world: &World) {
    let browser = &world.browser;
    browser.open("/");
    browser.reads(&format!("registry={}/npm/", browser.base));
    browser.sees("home-what");
    browser.shows("home");
    browser.follow(("@sekisho/canary", "@sekisho/canary"));
    assert_eq!(browser.at(), "/why/npm/@sekisho/canary");
    browser.shows("why-canary");
}

fn why(world: &World) {
    let browser = &world.browser;
    browser.open("/why/npm/left-pad/1.3.0");
    browser.reads("MAL-2026-0001");
    browser.shows("why-malware");
    browser.open("/why/npm/left-pad/1.2.0");
    browser.reads(r#""><script>alert(1)</script>"#);
    browser.shows("why-entries");
    browser.open("/why/npm/left-pad/1.0.0");
    browser.shows("why-allowed");
    browser.open("/why/pypi/six");
    browser.shows("why-mixed");
}

fn problem(world: &World) {
    let browser = &world.browser;
    browser.open("/problems/package_blocked");
    browser.reads("package_blocked");
    browser.shows("problem");
}
