//! Texts of strangers, in every field of every page.

use crate::Flow;
use crate::login::start;
use crate::sign_in::as_owner;
use crate::tokens::open_tab;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 1] =
    [Flow { name: "hostile: a text stays a text in every field that takes one", walk: every_field }];

/// Markup that ends an attribute, a mark that ends our isolation, and one that turns what follows.
pub(crate) const HOSTILE: &str = "\"><script>document.title='taken'</script>\u{2069}\u{202e}moc";

/// Pages with a form, below the organisation's own.
const OF_ORGANISATION: [&str; 8] =
    ["/tokens", "/tokens/new", "/tokens/import", "/installs", "/refusals", "/bots", "/members", "/settings"];

fn every_field(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-overview");
    let organisation = browser.at();
    let of_organisation = OF_ORGANISATION.iter().map(|page| format!("{organisation}{page}"));
    let pages: Vec<String> =
        of_organisation.chain([format!("{organisation}/audit"), "/sign-in/first".to_owned()]).collect();
    let mut attacked = 0;
    for page in &pages {
        browser.open(page);
        let forms = browser.ask("return document.forms.length").as_u64().unwrap_or_default();
        for form in 0..forms {
            if browser.attacks(page, form, HOSTILE) {
                attacked += 1;
                browser.holds_texts(page);
                browser.is_quiet();
            }
        }
        // What was taken is shown to the next one too.
        browser.open(page);
        browser.holds_texts(page);
    }
    assert!(attacked >= pages.len(), "{attacked} forms on {} pages", pages.len());
    for page in [
        "/why/npm/%22%3E%3Cscript%3E/1.0.0",
        "/console/%E2%80%AEmoc",
        "/sign-in?next=%22%3E%3Cscript%3E&done=%E2%80%AE",
    ] {
        browser.open(page);
        browser.holds_texts(page);
    }
    // Before anybody is signed in.
    browser.forgets();
    for page in ["/sign-in".to_owned(), start(world, &[]).page] {
        assert!(browser.attacks(&page, 0, HOSTILE), "no form on {page}");
        browser.holds_texts(&page);
        browser.is_quiet();
    }
    as_owner(world);
    // Also with a name that was taken for a bot, whatever characters such names may have.
    browser.open(&format!("{organisation}/bots"));
    browser.fill("bots-name", "\"><script>alert(1)</script>");
    browser.tick("role-guard-viewer");
    browser.press("bots-make-do");
    browser.sees("done-bot-made");
    browser.shows("hostile-bot");
    open_tab(world, "tab-audit");
    browser.reads("<script>alert(1)</script>");
    browser.shows("hostile-audit");
}
