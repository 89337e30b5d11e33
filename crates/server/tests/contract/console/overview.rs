//! The first page of an organisation: what was taken and refused, who is silent, how the checkpoint does.

use sekisho_core::id::{EntryId, OrgTokenId};
use sekisho_core::org::{Role, UserIdentifier};
use sekisho_core::{Clock, Ecosystem};
use sekisho_server::jobs;
use sekisho_store::{Entry, Outcome, Taker, Trace, Who};
use sekisho_testkit::{Answer, Ask, Setup, TestApp, fixtures};

use super::support::{Browser, Company, address};
use crate::support::on_both_engines;

const DAY: u64 = 24 * 3600;

/// What stands between the frame's head and foot.
fn content(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.show());
    let text = answer.text();
    let start = text.find("<main").unwrap();
    text[start..text.find("</main>").unwrap()].to_owned()
}

async fn started(setup: Setup) -> (TestApp, Company) {
    let app = setup.malware("MAL-2026-1", "pkg:npm/left-pad@6.6.6").start().await;
    fixtures::npm(&app.upstream, "left-pad", &["1.0.0"]);
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    let company = Company::of(&app).await;
    (app, company)
}

/// Writes a row as an install would.
async fn row(app: &TestApp, company: &Company, token: OrgTokenId, name: &str) {
    let at = app.clock.now();
    let identifier = UserIdentifier::parse("ann@example.com").unwrap();
    let trace = Trace {
        id: EntryId::mint(at, &*app.random),
        who: Who::Organisation { org: company.org, token, identifier },
        client_name: String::new(),
        client_version: String::new(),
        address: String::new(),
    };
    let entry = Entry {
        at,
        ecosystem: Ecosystem::Npm,
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        file: "x.tgz".to_owned(),
        outcome: Outcome::Answered,
        taker: Taker::Token(trace),
    };
    drop(app.app.store.ledger().record(entry).await.unwrap());
}

on_both_engines! {
    async fn installs_and_refusals_are_shown_once_they_are_counted(setup) {
        let (app, company) = started(setup).await;
        let mut browser = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
        let before = content(&browser.get(&app, &company.at("")).await);
        assert!(before.contains("The numbers are being counted") && !before.contains("<svg class=\"plot-bars\""), "{before}");
        let ann = app.org_token(company.org, "ann@example.com", None).await;
        app.org_token(company.org, "away@example.com", None).await;
        for days in [0, 3, 12] {
            app.advance(days * DAY);
            for (path, status) in [
                ("/npm/left-pad/-/left-pad-1.0.0.tgz", 302),
                ("/npm/left-pad/-/left-pad-6.6.6.tgz", 403),
                ("/pypi/files/flask/flask-1.0-py3-none-any.whl", 302),
            ] {
                assert_eq!(app.ask(Ask::get(path).bearer(&ann.key)).await.status, status, "{path}");
            }
        }
        app.app.callers.write_uses().await.unwrap();
        jobs::install_days::once(&app.app).await.unwrap();
        let mut browser = Browser::sign_in(&app, &address(Role::GuardViewer)).await;
        insta::assert_snapshot!("overview_en", content(&browser.get(&app, &company.at("")).await));
        let mut browser = browser.japanese();
        insta::assert_snapshot!("overview_ja", content(&browser.get(&app, &company.at("")).await));
    }
}

#[tokio::test]
async fn only_who_may_read_installs_sees_the_overview() {
    let (app, company) = started(Setup::default()).await;
    company.only_for(&app, "", &[Role::Owner, Role::GuardManager, Role::GuardViewer]).await;
}

#[tokio::test]
async fn hostile_names_and_long_ones_break_nothing_and_the_page_stays_small() {
    let (app, company) = started(Setup::default()).await;
    let token = app.org_token(company.org, "ann@example.com", None).await;
    let long = "x".repeat(400);
    for package in 0..12 {
        row(&app, &company, token.id, &format!("\"><script>alert({package})</script>\u{202e}{long}")).await;
    }
    app.advance(40 * DAY);
    for number in 0..30 {
        app.org_token(company.org, &format!("{number:02}{}", "i".repeat(253)), None).await;
    }
    // Something on each day, so that every bar and every line is there.
    for _ in 0..30 {
        for package in 0..12 {
            row(&app, &company, token.id, &format!("\"><script>alert({package})</script>\u{202e}{long}")).await;
        }
        app.advance(DAY);
    }
    jobs::install_days::once(&app.app).await.unwrap();
    let mut browser = Browser::sign_in(&app, &address(Role::Owner)).await;
    let answer = browser.get(&app, &company.at("")).await;
    let text = content(&answer);
    assert!(text.contains("&#34;&#62;&#60;script&#62;alert(") && !text.contains("<script"), "{text}");
    assert!(!text.contains('\u{202e}') && !text.contains(&long), "{text}");
    assert!(!text.contains(" style="), "the policy has no room for it");
    assert!(answer.text().len() < 60_000, "{} bytes", answer.text().len());
}

#[tokio::test]
async fn silent_tokens_are_shown_ten_at_a_time() {
    let (app, company) = started(Setup::default()).await;
    for number in 0..25 {
        app.org_token(company.org, &format!("user{number:02}@example.com"), None).await;
    }
    app.advance(14 * DAY);
    let mut browser = Browser::sign_in(&app, &address(Role::Owner)).await;
    let (mut path, mut found) = (company.at(""), Vec::new());
    loop {
        let text = content(&browser.get(&app, &path).await);
        let users = text.split("<bdi>user").skip(1).map(|rest| rest[..2].parse::<usize>().unwrap());
        found.push(users.collect::<Vec<_>>());
        let Some((_, rest)) = text.split_once("href=\"?after=") else { break };
        path = format!("{}?after={}", company.at(""), rest.split(['#', '"', '&']).next().unwrap());
    }
    assert_eq!(found, [(0..10).collect::<Vec<_>>(), (10..20).collect(), (20..25).collect()]);
    for wrong in ["?after=OT", "?after=%22%3E", "?after=OT00000000000000000000000000"] {
        assert_eq!(browser.get(&app, &company.at(wrong)).await.status, 200, "{wrong}");
    }
}

#[tokio::test]
async fn the_state_of_the_advisories_is_told_without_the_operators_words() {
    let (app, company) = started(Setup::default()).await;
    let mut browser = Browser::sign_in(&app, &address(Role::Owner)).await;
    let now = app.clock.now();
    app.app.feed_health.succeeded(now);
    app.advance(90 * 60);
    let text = content(&browser.get(&app, &company.at("")).await);
    assert!(text.contains("looked at \u{2068}90\u{2069} minutes ago"), "{text}");
    app.app.feed_health.failed(Some("/srv/secret/place"), "no such folder", app.clock.now());
    let text = content(&browser.get(&app, &company.at("")).await);
    assert!(text.contains("The last look at the sources failed") && !text.contains("secret"), "{text}");
}
