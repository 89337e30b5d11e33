//! A person's own page: own keys, sessions, and the end of all of them.

use crate::Flow;
use crate::sign_in::{OWNER, as_owner, sign_in};
use crate::world::World;

pub(crate) const FLOWS: [Flow; 3] = [
    Flow { name: "me: an own key is made, rotated and revoked", walk: keys },
    Flow { name: "me: signing out everywhere", walk: everywhere },
    Flow { name: "me: another browser is signed out from here, and this one is not", walk: another_browser },
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

/// After signing out everywhere, so that these two are the only ones.
fn another_browser(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    let here = browser.cookies();
    browser.forgets();
    browser.poses_as("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0");
    sign_in(world, OWNER);
    let there = browser.cookies();
    browser.poses_as("");
    browser.becomes(&here);
    browser.open("/me");
    browser.sees("me-sessions");
    let this = browser.say("me-this-browser");
    assert!(!browser.row("Firefox, Windows").contains(&this), "{}", browser.text());
    assert!(browser.row("Chrome, Linux").contains(&this), "{}", browser.text());
    browser.shows("me-two-browsers");
    browser.press_of("me-session-end-this", "Firefox, Windows");
    browser.sees("done-session-ended");
    browser.reads_not("Firefox, Windows");
    browser.becomes(&there);
    browser.open("/me");
    assert!(browser.at().starts_with("/sign-in"), "{}", browser.at());
    browser.becomes(&here);
    browser.open("/me");
    browser.reads("Chrome, Linux");
    assert_eq!(browser.at(), "/me");
}
