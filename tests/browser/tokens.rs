//! Tokens of an organisation: issued and seen once, rotated, found, revoked.

use crate::Flow;
use crate::browser::Browser;
use crate::downloads::Downloads;
use crate::sign_in::as_owner;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 4] = [
    Flow { name: "tokens: one is issued and seen once, and a reload issues nothing", walk: issued_once },
    Flow { name: "tokens: one is rotated, then revoked after a question", walk: rotated_and_revoked },
    Flow { name: "tokens: a list with a wrong line issues nothing", walk: wrong_list },
    Flow {
        name: "tokens: a list longer than a page is turned over and back, with what was searched for",
        walk: turned,
    },
];

/// Opens a page of the organisation by its tab.
pub(crate) fn open_tab(world: &World, tab: &str) {
    world.browser.open("/console");
    world.browser.follow(tab);
}

/// Issues a token by the form.
pub(crate) fn issue(world: &World, identifier: &str) -> String {
    let browser = &world.browser;
    open_tab(world, "tab-tokens");
    browser.follow("tokens-issue");
    browser.fill("tokens-user-identifier", identifier);
    browser.press("tokens-issue-now");
    browser.sees("tokens-once");
    browser.secret()
}

fn issued_once(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-tokens");
    browser.sees("tokens-none");
    browser.shows("tokens-none");
    browser.follow("tokens-issue");
    browser.shows("token-form");
    let secret = issue(world, "t.yamada");
    assert!(secret.starts_with("tg_org_"), "{secret}");
    browser.shows("token-issued");
    if browser.kind.scripts {
        assert_eq!(browser.copies("tokens-copy"), secret);
    }
    browser.reload();
    browser.sees("halt-sent-before");
    browser.reads_not(&secret);
    browser.shows("sent-before");
    open_tab(world, "tab-tokens");
    browser.reads("t.yamada");
    browser.reads_not(&secret);
    assert_eq!(browser.rows().len(), 1, "{}", browser.text());
    assert!(!world.gate.log().contains(&secret), "the token is in the log");
}

fn rotated_and_revoked(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    let first = issue(world, "C02XK1ABJGH5_k.sato");
    issue(world, "PC-00417_E10233");
    open_tab(world, "tab-tokens");
    browser.shows("tokens");
    browser.fill("tokens-prefix", "C02");
    browser.press("tokens-search");
    browser.reads_not("PC-00417_E10233");
    assert!(browser.at().contains("C02"), "a search can be sent as a link: {}", browser.at());
    browser.follow(("C02XK1ABJGH5_k.sato", "C02XK1ABJGH5_k.sato"));
    browser.shows("token");
    browser.press("tokens-rotate");
    browser.sees("tokens-once");
    let second = browser.secret();
    assert_ne!(first, second);
    browser.shows("token-rotated");
    browser.follow("tokens-back");
    browser.follow(("PC-00417_E10233", "PC-00417_E10233"));
    browser.follow("tokens-revoke-go");
    browser.sees("tokens-revoke-ask");
    browser.reads("PC-00417_E10233");
    browser.shows("token-revoke");
    browser.press("tokens-revoke");
    browser.sees("tokens-done-revoked");
    browser.shows("token-revoked");
}

fn wrong_list(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-tokens");
    browser.follow("tokens-import");
    browser.shows("tokens-list");
    browser.fill("tokens-import-list", "dev@example.com,30\nwrong one,30\n");
    browser.press("tokens-import-now");
    browser.reads("wrong one");
    browser.shows("tokens-wrong-list");
    open_tab(world, "tab-tokens");
    browser.reads_not("dev@example.com");
}

/// Identifiers behind all others, so that those stay on the first page of the whole list.
fn turned(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    let workers: Vec<String> = (1..=45).map(|n| format!("worker-{n:02}")).collect();
    open_tab(world, "tab-tokens");
    browser.follow("tokens-import");
    browser.fill("tokens-import-list", &workers.join("\n"));
    Downloads::of(browser).press("tokens-import-now");
    issue(world, "t.not-searched");
    open_tab(world, "tab-tokens");
    browser.sees("tokens-prefix");
    browser.reads("t.not-searched");
    browser.fill("tokens-prefix", "worker-");
    browser.press("tokens-search");
    lists(browser, &workers[..40]);
    assert!(browser.offers("tokens-next") && !browser.offers("tokens-previous"), "{}", browser.text());
    browser.shows("tokens-first-page");
    browser.follow("tokens-next");
    lists(browser, &workers[40..]);
    assert!(browser.offers("tokens-previous") && !browser.offers("tokens-next"), "{}", browser.text());
    let searched = browser.ask("return document.getElementById('prefix').value");
    assert_eq!(searched, "worker-", "the page does not say what was searched for");
    browser.shows("tokens-last-page");
    // As a link it leads somebody else there too.
    browser.open(&browser.at());
    lists(browser, &workers[40..]);
    browser.follow("tokens-previous");
    lists(browser, &workers[..40]);
    browser.reads_not("t.not-searched");
}

/// The list has these identifiers, one a row.
#[track_caller]
fn lists(browser: &Browser, identifiers: &[String]) {
    let rows = browser.rows();
    let own = rows.iter().zip(identifiers).all(|(row, identifier)| row.starts_with(identifier));
    assert!(own && rows.len() == identifiers.len(), "{}: {rows:?}", browser.at());
}
