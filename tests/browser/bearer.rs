//! Organisations' tokens on the page of the person whose address they carry.

use crate::Flow;
use crate::sign_in::{OWNER, as_owner, sign_in, sign_out};
use crate::terminal::{takes, whoami};
use crate::tokens::{issue, open_tab};
use crate::world::World;

pub(crate) const FLOWS: [Flow; 1] = [Flow {
    name: "bearer: a token with one's own address is seen, rotated where the organisation allows it, and revoked",
    walk: own_address,
}];

/// Somebody with no role anywhere and no key.
const BEARER: &str = "nao.abe@people.example";

fn own_address(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    let other = issue(world, "nao.abe");
    let first = issue(world, BEARER);
    sign_out(world, OWNER);
    sign_in(world, BEARER);
    browser.sees("me-tokens");
    assert_eq!(browser.at(), "/me");
    browser.reads("Acme");
    browser.reads(&first[..11]);
    // The address, and not what begins like it.
    browser.reads_not(&other[..11]);
    assert!(browser.offers("me-revoke-this") && !browser.offers("me-rotate-this"), "{}", browser.text());
    browser.shows("me-token");
    let revoke = "return document.querySelector('a[href^=\"/me/tokens/revoke\"]').getAttribute('href')";
    let revoke = browser.ask(revoke).as_str().unwrap_or_default().to_owned();
    browser.open(&revoke.replace("revoke", "rotate"));
    browser.sees("halt-no-self-rotation");
    browser.shows("me-no-self-rotation");
    installs(world, &first);
    sign_out(world, BEARER);

    as_owner(world);
    open_tab(world, "tab-settings");
    browser.sees("settings-list");
    browser.tick("settings-self-rotate");
    browser.press("settings-save");
    browser.sees("done-settings");
    sign_out(world, OWNER);

    sign_in(world, BEARER);
    browser.sees("me-tokens");
    browser.follow("me-rotate-this");
    browser.sees("me-rotate-then");
    browser.reads("Acme");
    browser.shows("me-token-rotate");
    browser.press("me-token-rotate-do");
    browser.sees("me-token-rotated");
    let second = browser.secret();
    assert!(second.starts_with("tg_org_") && second != first, "{second}");
    browser.shows("me-token-rotated");
    assert!(whoami(world, &first).contains("401"), "the old one counts");
    assert!(whoami(world, &second).contains(BEARER), "the new one does not count");
    browser.reload();
    browser.sees("halt-sent-before");
    browser.reads_not(&second);
    browser.open("/me");
    browser.reads_not(&second);
    browser.reads_not(&first[..11]);
    browser.reads(&second[..11]);
    browser.follow("me-revoke-this");
    browser.sees("me-revoke-then");
    browser.reads("Acme");
    browser.shows("me-token-revoke");
    browser.press("me-token-revoke-do");
    browser.sees("tokens-done-revoked");
    browser.reads_not(&second[..11]);
    assert!(whoami(world, &second).contains("401"), "the revoked one counts");
    assert!(whoami(world, &other).contains("nao.abe"), "another one ended");
    for token in [&first, &second] {
        assert!(!world.gate.log().contains(token), "a token is in the log");
    }
}

/// What was taken with the token is on the person's page, and is nobody else's.
fn installs(world: &World, token: &str) {
    let browser = &world.browser;
    takes(world, token, "1.1.3");
    takes(world, token, "1.3.0");
    browser.open("/me");
    browser.follow("me-installs-see");
    browser.comes_to_read("left-pad 1.1.3");
    browser.comes_to_read("left-pad 1.3.0");
    browser.sees("reason-malware");
    assert_eq!(browser.rows().len(), 2, "{}", browser.text());
    browser.shows("me-installs");
}
