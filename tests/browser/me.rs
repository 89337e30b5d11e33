//! A person's own page: own keys, sessions, and the end of all of them.

use crate::Flow;
use crate::sign_in::as_owner;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 2] = [
    Flow { name: "me: an own key is made, rotated and revoked", walk: keys },
    Flow { name: "me: signing out everywhere", walk: everywhere },
];

fn keys(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    browser.open("/me");
    browser.shows("me");
    browser.press("me-add");
    let first = browser.secret();
    assert!(first.starts_with("tg_anon_"), "{first}");
    browser.shows("me-key");
    browser.follow("frame-back");
    browser.reads_not(&first);
    browser.shows("me-with-a-key");
    browser.follow("me-rotate-this");
    browser.shows("me-rotate");
    browser.press("me-rotate-do");
    assert_ne!(browser.secret(), first);
    browser.follow("frame-back");
    browser.follow("me-revoke-this");
    browser.shows("me-revoke");
    browser.press("me-revoke-do");
    browser.sees("done-key-revoked");
    assert!(!world.gate.log().contains(&first), "the key is in the log");
}

fn everywhere(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    browser.open("/me");
    browser.press("me-sessions-end-all");
    browser.sees("done-signed-out-everywhere");
    browser.open("/me");
    assert!(browser.at().starts_with("/sign-in"), "{}", browser.at());
}
