//! Texts of strangers, in every field of every page.

use crate::Flow;
use crate::login::start;
use crate::people::make_bot;
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
    for page in &pages {
        attack_all(world, page);
    }
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
    let login = start(world, &[]).page;
    for page in ["/sign-in", &login] {
        attack_all(world, page);
    }
    // And where the code is typed that came by mail.
    browser.open(&login);
    browser.fill("login-email", "hostile.login@people.example");
    browser.press("login-send");
    browser.sees("login-code");
    attack_all(world, &login);
    browser.open("/sign-in");
    browser.fill("sign-in-email", "hostile.login@people.example");
    browser.press("sign-in-send");
    attack_all(world, "/sign-in/code");
    as_owner(world);
    // Also with a name that was taken for a bot, whatever characters such names may have.
    make_bot(world, "\"><script>alert(1)</script>", "role-guard-viewer");
    browser.shows("hostile-bot");
    let bot = browser.at();
    let bot = bot.split('?').next().unwrap_or_default();
    let forms = ["github", "gitlab", "generic"].map(|provider| format!("{bot}/trust?provider={provider}"));
    for page in &forms {
        attack_all(world, page);
    }
    // There is a form to try a token as soon as there is something to try it by.
    browser.open(&forms[0]);
    browser.fill(("Repository, by id", "リポジトリ（ID）"), "73519");
    browser.press("trust-do");
    browser.sees("done-trust-added");
    attack_all(world, bot);
    open_tab(world, "tab-audit");
    browser.reads("<script>alert(1)</script>");
    browser.shows("hostile-audit");
}

/// Sends the text in all fields of all forms of a page, of which it has one at least.
fn attack_all(world: &World, page: &str) {
    let browser = &world.browser;
    browser.open(page);
    let forms = browser.ask("return document.forms.length").as_u64().unwrap_or_default();
    let mut attacked = 0;
    for form in 0..forms {
        if browser.attacks(page, form, HOSTILE) {
            attacked += 1;
            browser.holds_texts(page);
            browser.is_quiet();
        }
    }
    assert!(attacked > 0, "no form with a field on {page}: {}", browser.text());
    // What was taken is shown to the next one too.
    browser.open(page);
    browser.holds_texts(page);
}
