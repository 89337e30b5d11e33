//! Members and bots of an organisation.

use crate::Flow;
use crate::sign_in::{OWNER, as_owner, sign_in, sign_out};
use crate::tokens::open_tab;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 2] = [
    Flow {
        name: "members: somebody is added, sees what the role allows, and is removed after a question",
        walk: member,
    },
    Flow { name: "bots: a key that is shown once, pipelines that are trusted, and the end of both", walk: bot },
];

fn member(world: &World) {
    let browser = &world.browser;
    let viewer = "yuki.mori@people.example";
    as_owner(world);
    open_tab(world, "tab-members");
    browser.shows("members");
    browser.fill("members-email", viewer);
    browser.tick("role-guard-viewer");
    browser.press("members-add-do");
    browser.sees("done-member-added");
    sign_out(world, OWNER);
    sign_in(world, viewer);
    browser.open("/console");
    assert!(browser.offers("tab-installs") && !browser.offers("tab-members"), "{}", browser.text());
    browser.open(&format!("{}/members", browser.at()));
    browser.sees("halt-no-right");
    browser.shows("no-right");
    sign_out(world, viewer);
    as_owner(world);
    open_tab(world, "tab-members");
    browser.follow_of("members-change-this", viewer);
    browser.shows("member-role");
    browser.tick("role-guard-manager");
    browser.press("members-change-do");
    browser.sees("done-role-given");
    browser.follow_of("members-remove-this", viewer);
    browser.reads(viewer);
    browser.shows("member-remove");
    browser.press("members-remove-do");
    browser.sees("done-member-removed");
    browser.reads_not(viewer);
}

/// Makes a bot by the form.
pub(crate) fn make_bot(world: &World, name: &str, role: &str) {
    let browser = &world.browser;
    open_tab(world, "tab-bots");
    browser.fill("bots-name", name);
    browser.tick(role);
    browser.press("bots-make-do");
    browser.sees("done-bot-made");
}

fn bot(world: &World) {
    let browser = &world.browser;
    as_owner(world);
    open_tab(world, "tab-bots");
    browser.sees("bots-none");
    browser.shows("bots-none");
    make_bot(world, "ci", "role-guard-token-issuer");
    browser.press("bots-key-add");
    browser.sees("frame-shown-once");
    let key = browser.secret();
    browser.shows("bot-key");
    browser.follow("frame-back");
    browser.reads_not(&key);
    browser.follow(("GitHub Actions", "GitHub Actions"));
    browser.shows("bot-trust-form");
    browser.press("trust-do");
    browser.sees("trust-refused");
    browser.shows("bot-trust-refused");
    browser.fill(("Repository, by id", "リポジトリ（ID）"), "73519");
    browser.fill(("Repository repository", "リポジトリ repository"), "acme/app");
    browser.press("trust-do");
    browser.sees("done-trust-added");
    browser.shows("bot");
    browser.fill("bots-try-token", "no token");
    browser.press("bots-try-do");
    browser.sees("tried-no-token");
    browser.shows("bot-tried");
    open_tab(world, "tab-bots");
    browser.shows("bots");
    browser.follow(("ci", "ci"));
    browser.follow("bots-remove-do");
    browser.shows("bot-remove");
    browser.press("bots-remove-do");
    browser.sees("done-bot-removed");
}
