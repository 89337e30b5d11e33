//! Pipelines of CI on a bot's page: an ID token is tried, and sessions that run are ended.

use serde_json::{Value, json};

use crate::Flow;
use crate::people::make_bot;
use crate::served::Served;
use crate::sign_in::as_owner;
use crate::terminal::whoami;
use crate::world::World;

pub(crate) const FLOWS: [Flow; 2] = [
    Flow { name: "pipelines: an ID token is tried, and what differs is told", walk: tried },
    Flow { name: "pipelines: sessions that run are seen and ended, and their tokens with them", walk: sessions },
];

/// What a job shows when it asks for its ID token.
const REQUEST_TOKEN: &str = "request-token-of-this-job";

/// An issuer whose tokens have the shapes of GitHub's and GitLab's.
pub(crate) fn issuer() -> Served {
    Served::by("tests/e2e/support/issuer.mjs", REQUEST_TOKEN)
}

/// An ID token of a job of `acme/app`, as GitHub gives it for this audience; `others` replaces claims.
fn id_token(world: &World, audience: &str, others: &str) -> String {
    let url = format!("{}/token?audience={audience}{others}", world.issuer.address);
    let answer = world.at_a_terminal("GET", &url, &[&format!("Authorization: Bearer {REQUEST_TOKEN}")]);
    let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{e}: {answer}"));
    answer["value"].as_str().expect("an ID token").to_owned()
}

/// Makes a bot that trusts the main branch of `acme/app`, and gives its page's address.
fn trusting(world: &World, name: &str) -> String {
    let browser = &world.browser;
    as_owner(world);
    make_bot(world, name, "role-guard-viewer");
    browser.follow(("GitHub Actions", "GitHub Actions"));
    browser.choose("cond-issuer", &world.issuer.address);
    browser.fill("cond-repository-id", "74");
    browser.fill(("Branch or tag ref", "ブランチまたはタグ ref"), "refs/heads/main");
    browser.press("trust-do");
    browser.sees("done-trust-added");
    browser.reads(&world.issuer.address);
    let page = browser.at();
    page.split('?').next().unwrap_or_default().to_owned()
}

/// What a pipeline gets for its ID token.
fn exchanges(world: &World, bot: &str, id_token: &str) -> String {
    let (_, bot) = bot.rsplit_once('/').expect("a bot's page");
    let answer = world.posts("/bots/exchange", &json!({"bot_id": bot, "id_token": id_token}));
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned()
}

fn tried(world: &World) {
    let browser = &world.browser;
    let page = trusting(world, "tried");
    let tries = |token: &str| {
        browser.open(&page);
        browser.fill("bots-try-token", token);
        browser.press("bots-try-do");
        browser.sees("tried-nothing");
        browser.reads_not(token);
    };
    let fits = id_token(world, &browser.base, "");
    tries(&fits);
    browser.sees("tried-counts");
    browser.sees("tried-all-hold");
    let holds = browser.say("tried-holds");
    for condition in [&world.issuer.address, "74", "refs/heads/main"] {
        assert!(browser.row(condition).ends_with(&holds), "{}", browser.text());
    }
    browser.shows("bot-tried-holds");

    tries(&id_token(world, &browser.base, "&repository=acme/other&repository_id=7500"));
    browser.sees("tried-no");
    browser.sees("tried-not-all-hold");
    let row = browser.row("7500");
    assert!(row.contains("74 ") && row.contains(&browser.say("tried-differs")), "{row}");
    assert!(browser.row("refs/heads/main").ends_with(&holds), "{}", browser.text());
    browser.shows("bot-tried-differs");

    tries(&id_token(world, "https://elsewhere.example", ""));
    browser.sees("tried-audience");
    browser.reads(&browser.base);
    browser.shows("bot-tried-elsewhere");
    // Trying it did not use it up.
    exchanges(world, &page, &fits);
    assert!(!world.gate.log().contains(&fits), "the token is in the log");
}

fn sessions(world: &World) {
    let browser = &world.browser;
    let page = trusting(world, "sessions");
    let runs = ["7701900011", "7701900022"];
    let [ended, other] =
        runs.map(|run| exchanges(world, &page, &id_token(world, &browser.base, &format!("&run_id={run}"))));
    let counts = |token: &str| whoami(world, token).contains("acme/app");
    assert!(counts(&ended) && counts(&other), "{}", whoami(world, &ended));
    browser.reload();
    for run in runs {
        let row = browser.row(run);
        assert!(row.contains("acme/app") && row.contains("refs/heads/main"), "{row}");
    }
    browser.shows("bot-sessions");
    browser.press_of("bots-session-end-this", runs[0]);
    browser.sees("done-session-ended");
    browser.reads_not(runs[0]);
    browser.reads(runs[1]);
    assert!(whoami(world, &ended).contains("401"), "the ended one counts");
    assert!(counts(&other), "another one ended");
    browser.press("bots-sessions-end-all");
    browser.sees("bots-sessions-none");
    assert!(whoami(world, &other).contains("401"), "the other one counts");
    for token in [&ended, &other] {
        assert!(!world.gate.log().contains(token), "a token is in the log");
    }
}
