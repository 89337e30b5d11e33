//! Somebody in several organisations, who goes from one to the other.

use crate::Flow;
use crate::sign_in::{OWNER, as_owner, sign_in, sign_out};
use crate::tokens::{issue, open_tab};
use crate::world::World;

pub(crate) const FLOWS: [Flow; 1] = [Flow {
    name: "organisations: whoever is in two sees the one that is chosen, and nothing of the other",
    walk: two,
}];

const BOTH: &str = "ryo.endo@people.example";

/// What the operator does at the command line.
fn operates(world: &World, words: &[&str]) {
    let ran = world.gate.command(&[&["admin"], words].concat());
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn two(world: &World) {
    let browser = &world.browser;
    // Tabs are on every page: what is seen first is on the next one only.
    let tokens = |organisation: &'static str| {
        browser.follow((organisation, organisation));
        browser.sees("overview-feed");
        browser.follow("tab-tokens");
        browser.sees("tokens-prefix");
    };
    as_owner(world);
    issue(world, "of.acme");
    operates(world, &["org", "create", "Beta", "--owner", "beta.owner@people.example"]);
    for organisation in ["Acme", "Beta"] {
        operates(world, &["member", "add", organisation, BOTH, "--role", "guard_manager"]);
    }
    sign_out(world, OWNER);
    sign_in(world, BOTH);
    browser.sees("overview-feed");
    // Of no organisation in particular.
    browser.open("/me");
    browser.unfold("frame-organisations");
    browser.shows("organisations");
    tokens("Acme");
    browser.reads("of.acme");
    let acme = browser.at();
    browser.follow(("of.acme", "of.acme"));
    browser.sees("tokens-rotate-intro");
    let token = browser.at();
    browser.unfold(("Acme", "Acme"));
    browser.shows("organisations-here");
    tokens("Beta");
    browser.sees("tokens-none");
    browser.reads_not("of.acme");
    let beta = browser.at();
    assert_ne!(acme, beta);
    browser.follow("tokens-issue");
    browser.sees("tokens-issue-intro");
    browser.fill("tokens-user-identifier", "of.beta");
    browser.press("tokens-issue-now");
    browser.sees("tokens-once");
    browser.follow("tokens-back");
    browser.sees("tokens-prefix");
    browser.reads("of.beta");
    browser.reads_not("of.acme");
    // Another organisation's token is not there, whatever the address says.
    browser.open(&token.replace(&acme, &beta));
    browser.sees("halt-not-found");
    browser.open(&beta);
    browser.unfold(("Beta", "Beta"));
    tokens("Acme");
    browser.reads("of.acme");
    browser.reads_not("of.beta");
    sign_out(world, BOTH);
    // Who is in one has no other to choose, and finds no page of it.
    as_owner(world);
    open_tab(world, "tab-tokens");
    browser.sees("tokens-prefix");
    browser.unfold(("Acme", "Acme"));
    assert!(!browser.offers(("Beta", "Beta")), "{}", browser.text());
    browser.open(&beta);
    browser.sees("halt-not-found");
}
