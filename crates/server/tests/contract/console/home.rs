//! The first page, and the choice of a language on pages for which nobody signs in.

use sekisho_core::org::Role;
use sekisho_testkit::{Setup, TestApp};

use super::support::{Browser, Company, address};

#[tokio::test]
async fn who_chooses_a_language_on_the_first_page_reads_every_page_in_it() {
    let app = TestApp::start().await;
    let mut browser = Browser::new();
    assert!(browser.get(&app, "/").await.text().contains("lang=\"en\""));
    let chosen = browser.post(&app, "/language", &[("language", "ja"), ("back", "/")]).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, Some("/")));
    for path in ["/", "/npm/", "/why/npm/left-pad", "/problems/package_blocked", "/login/nothing", "/sign-in"] {
        let page = browser.get(&app, path).await.text();
        assert!(page.contains("<html lang=\"ja\">"), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_first_page_knows_who_is_signed_in_and_needs_no_database() {
    let app = TestApp::start().await;
    Company::of(&app).await;
    let mut owner = Browser::sign_in(&app, &address(Role::Owner)).await;
    let page = owner.get(&app, "/").await.text();
    assert!(page.contains("<bdi>owner@acme.example</bdi>") && page.contains("href=\"/console\""), "{page}");
    app.app.store.close().await;
    let page = owner.get(&app, "/").await;
    assert!(page.status == 200 && !page.text().contains("owner@acme.example"), "{}", page.text());
}

#[tokio::test]
async fn where_there_is_no_console_the_first_page_leads_to_none_of_its_pages() {
    let app = Setup::default().set("console.enabled", "false").start().await;
    let page = Browser::new().get(&app, "/").await;
    assert_eq!(page.status, 200);
    for part in ["/sign-in", "/language", "/console", "<script"] {
        assert!(!page.text().contains(part), "{part}: {}", page.text());
    }
}
