//! `/why` and `/problems`: what was decided, on which record, and what a refusal means.

use sekisho_server::gate::Knowledge;
use sekisho_testkit::{Ask, Setup, TestApp, fixtures};

use crate::support::{assert_problem, shown, without_style};

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn started() -> TestApp {
    Setup::default()
        .malware("MAL-2026-1", "pkg:npm/evil@1.0.2")
        .malware("MAL-2026-2", "pkg:npm/@scope/worse")
        .block("pkg:pypi/unwanted")
        .allow("pkg:npm/evil@1.0.1", Some(sekisho_testkit::NOW))
        .start()
        .await
}

async fn page(app: &TestApp, path: &str) -> String {
    without_style(&shown(app, &app.ask(Ask::get(path).header("accept", HTML)).await))
}

async fn json(app: &TestApp, path: &str) -> String {
    shown(app, &app.ask(Ask::get(path).header("accept", "application/json")).await)
}

#[tokio::test]
async fn why_says_what_was_decided_and_on_which_record() {
    let app = started().await;
    insta::assert_snapshot!("why_blocked_html", page(&app, "/why/npm/evil/1.0.2").await);
    insta::assert_snapshot!("why_blocked_json", json(&app, "/why/npm/evil/1.0.2").await);
    insta::assert_snapshot!("why_allowed_json", json(&app, "/why/npm/evil/1.0.1").await);
    insta::assert_snapshot!("why_name_json", json(&app, "/why/npm/evil").await);
    insta::assert_snapshot!("why_policy_html", page(&app, "/why/pypi/Unwanted/1.0").await);
    insta::assert_snapshot!("why_clear_json", json(&app, "/why/pypi/flask").await);
}

#[tokio::test]
async fn a_scoped_name_is_read_in_every_spelling() {
    let app = started().await;
    for path in ["/why/npm/@scope/worse", "/why/npm/@scope%2fworse", "/why/npm/%40scope%2Fworse/1.0.0"] {
        let answer = app.ask(Ask::get(path).header("accept", "application/json")).await;
        assert_eq!(answer.json()["verdict"], "blocked", "{path}");
    }
}

#[tokio::test]
async fn a_person_s_browser_and_a_bare_client_get_html_and_a_program_that_asks_gets_json() {
    let app = started().await;
    for (accept, html) in [
        (Some(HTML), true),
        (Some("text/html"), true),
        (Some("*/*"), true),
        (None, true),
        (Some("application/json"), false),
        (Some("application/json, text/html;q=0.5"), false),
        (Some("application/problem+json"), false),
        (Some("text/html;q=0.1, application/json"), false),
    ] {
        for path in ["/why/npm/evil", "/problems/package_blocked"] {
            let ask = Ask::get(path);
            let answer = app.ask(accept.iter().fold(ask, |ask, accept| ask.header("accept", accept))).await;
            let is_html = answer.header("content-type").unwrap().starts_with("text/html");
            assert_eq!(is_html, html, "{path} {accept:?}");
        }
    }
}

#[tokio::test]
async fn every_problem_has_its_page() {
    let app = started().await;
    let mut all = [String::new(), String::new()];
    for code in sekisho_server::http::Code::ALL {
        let path = format!("/problems/{}", code.as_str());
        for (all, language) in all.iter_mut().zip(["en", "ja"]) {
            let ask = Ask::get(&path).header("accept-language", language);
            let answer = app.ask(ask.clone().header("accept", "application/json")).await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (200, Some(code.as_str())));
            all.push_str(&format!("{:#}\n", answer.json()));
            assert_eq!(app.ask(ask.header("accept", HTML)).await.status, 200);
        }
    }
    insta::assert_snapshot!("every_problem", all[0]);
    insta::assert_snapshot!("every_problem_ja", all[1]);
    insta::assert_snapshot!("problem_html", page(&app, "/problems/package_blocked").await);
    let japanese = Ask::get("/problems/package_blocked").header("accept", HTML).header("accept-language", "ja");
    insta::assert_snapshot!("problem_html_ja", without_style(&shown(&app, &app.ask(japanese).await)));
}

#[tokio::test]
async fn a_problem_s_title_is_in_the_reader_s_language_and_nothing_else_of_it() {
    let app = started().await;
    fixtures::npm(&app.upstream, "evil", &["1.0.1", "1.0.2"]);
    for path in ["/npm/evil/-/evil-1.0.2.tgz", "/npm/missing", "/api/v1/tokens/status", "/problems/nothing", "/o/x/y"] {
        let said = async |language: Option<&str>| {
            let answer = app.ask(language.iter().fold(Ask::get(path), |ask, l| ask.header("accept-language", l))).await;
            let mut body = answer.json();
            let title = body["title"].take().as_str().map(str::to_owned).expect("a title");
            assert!(body["request_id"].take().is_string(), "{path}: {}", answer.show());
            assert!(body.to_string().is_ascii(), "{path}: {body}");
            (title, (body, answer.phrase, answer.status))
        };
        let (title, english) = said(None).await;
        assert!(title.is_ascii(), "{path}: {title}");
        for language in ["en", "*", "en-GB, ja;q=0.5", "de"] {
            assert_eq!(said(Some(language)).await, (title.clone(), english.clone()), "{path} {language}");
        }
        for language in ["ja", "ja-JP, en;q=0.8"] {
            let (japanese, rest) = said(Some(language)).await;
            assert!(!japanese.is_ascii(), "{path} {language}: {japanese}");
            assert_eq!(rest, english, "{path} {language}");
        }
    }
}

#[tokio::test]
async fn unknown_pages_and_methods_are_problems() {
    let app = started().await;
    for path in ["/", "/problems/nothing", "/why/gem/rails", "/why/npm", "/why/npm/a/b/c/d", "/why/npm/..", "/npm"] {
        assert_problem(&app.get(path).await, 404, "not_found");
    }
    for path in ["/why/npm/%ff", "/problems/%ff", "/why/npm/evil/%ff"] {
        let answer = app.get(path).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.show());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}: {}", answer.show());
    }
    let answer = app.ask(Ask::new("PUT", "/api/v1/tokens")).await;
    assert_problem(&answer, 405, "unsupported_method");
    let mut allowed: Vec<&str> =
        answer.header("allow").expect("RFC 9110: a 405 names what is allowed").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "POST"]);
}

#[tokio::test]
async fn hostile_text_is_escaped_on_pages() {
    let app = Setup::default()
        .block("pkg:npm/x@%3Cscript%3Ealert(1)%3C%2Fscript%3E")
        .malware("MAL-<img src=x>", "pkg:npm/x@2.0.0")
        .start()
        .await;
    for path in [
        "/why/npm/x/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/why/npm/x/2.0.0",
        "/why/npm/x/%22%3E%3Cscript%3E",
        "/why/npm/x/%E2%80%AE1.0.0",
    ] {
        let answer = app.ask(Ask::get(path).header("accept", HTML)).await;
        let text = answer.text();
        let foreign = text.replace("<script defer nonce=", "");
        assert!(!foreign.contains("<script") && !foreign.contains("<img"), "{path}: {text}");
        assert!(!text.contains('\u{202e}'), "{path}: a text that turns the page around");
        assert_eq!(answer.header("content-security-policy").is_some(), answer.status == 200, "{path}");
    }
}

#[tokio::test]
async fn why_says_so_where_no_source_is_configured() {
    let app = Setup::default().knows(Knowledge::OwnEntriesOnly).start().await;
    let answer = app.ask(Ask::get("/why/npm/left-pad/1.0.0").header("accept", "application/json")).await;
    assert!(answer.json()["summary"].as_str().unwrap().contains("no advisory source"), "{}", answer.show());
}

#[tokio::test]
async fn why_knows_of_a_document_that_contradicts_itself() {
    let app = TestApp::start().await;
    let document = fixtures::packument(&app.upstream, "odd", &["1.0.0", "2.0.0"]).to_string();
    let document = document.replacen("\"version\":\"2.0.0\"", "\"version\":\"6.6.6\"", 1);
    fixtures::npm_document(&app.upstream, "odd", &document);
    assert_eq!(app.get("/npm/odd/-/odd-2.0.0.tgz").await.status, 403);
    let answer = app.ask(Ask::get("/why/npm/odd/2.0.0").header("accept", "application/json")).await;
    assert_eq!(answer.json()["reason"], "contradiction", "{}", answer.show());
}

#[tokio::test]
async fn the_style_is_kept_for_good_under_the_address_that_pages_give_it() {
    let app = Setup::default().start().await;
    let page = app.ask(Ask::get("/problems/package_blocked").header("accept", "text/html")).await.text();
    let (_, rest) = page.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let (address, _) = rest.split_once('"').unwrap();
    assert!(address.starts_with("/assets/page.css?v="), "{address}");
    let kept = async |address: &str| app.get(address).await.header("cache-control").map(str::to_owned);
    assert_eq!(kept(address).await.as_deref(), Some("public, max-age=31536000, immutable"));
    for other in ["/assets/page.css", "/assets/page.css?v=0", "/assets/page.css?v="] {
        assert_eq!(kept(other).await.as_deref(), Some("public, max-age=3600"), "{other}");
    }
}

#[tokio::test]
async fn every_page_names_the_icon_which_may_be_shown_and_browsers_find_it_where_they_look() {
    let app = TestApp::start().await;
    let found = app.get("/favicon.ico").await;
    assert_eq!((found.status, found.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(found.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(found.header("content-security-policy"), Some("default-src 'none'"), "opened by itself it does nothing");
    for path in ["/", "/problems/package_blocked", "/why/npm/x", "/login/nothing", "/sign-in"] {
        let page = app.ask(Ask::get(path).header("accept", HTML)).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("img-src 'self'"), "{path}: {policy}");
        let text = page.text();
        let (_, rest) = text.split_once("<link rel=\"icon\" type=\"image/svg+xml\" href=\"").expect(path);
        let icon = app.get(rest.split('"').next().unwrap()).await;
        assert_eq!(icon.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        assert_eq!(icon.text(), found.text(), "{path}");
    }
}

#[tokio::test]
async fn why_shows_the_operator_s_reason_and_that_an_entry_of_his_allows() {
    let app = Setup::default().malware("MAL-1", "pkg:npm/lifted").allow("pkg:npm/lifted@1.0.0", None).start().await;
    let why = async |path: &str| app.ask(Ask::get(path).header("accept", "application/json")).await.json();
    let lifted = why("/why/npm/lifted/1.0.0").await;
    assert_eq!(lifted["summary"], "This release is allowed by an entry of the operator, which stands below.");
    assert_eq!(lifted["entries"][0]["reason"], "because of ticket 17");
    let app = Setup::default().block("pkg:npm/unwanted@2.0.0").start().await;
    let answer = app.ask(Ask::get("/why/npm/unwanted/2.0.0").header("accept", "application/json")).await.json();
    assert_eq!(
        answer["summary"],
        "This release is refused. Reason: the operator's policy. The operator writes: because of ticket 17"
    );
}

#[tokio::test]
async fn a_browser_at_the_address_itself_reads_what_it_is_and_how_to_use_it() {
    let app = Setup::default().start().await;
    for path in ["/", "/npm", "/npm/", "/pypi", "/pypi/"] {
        let answer = app.ask(Ask::get(path).header("accept", HTML)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Language, Cookie"), "{path}");
        let text = answer.text();
        for part in [
            "<title>Sekisho</title>",
            "registry=http://127.0.0.1:8417/npm/",
            "pip config set global.index-url http://127.0.0.1:8417/pypi/simple/",
            "http://127.0.0.1:8417/api/v1/tokens",
        ] {
            assert!(text.contains(part), "{path}: {part}: {text}");
        }
        assert!(!text.contains(&app.upstream.url()), "where packages come from is the operator's");
        for accept in ["*/*", "application/json", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"]
        {
            let answer = app.ask(Ask::get(path).header("accept", accept)).await;
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path} {accept}");
        }
        assert_ne!(app.ask(Ask::post(path, "{}").header("accept", HTML)).await.status, 200, "{path}");
    }
    let page = app.ask(Ask::get("/").header("accept", HTML)).await.text();
    insta::assert_snapshot!("home_html", without_style(&page));
    let japanese = Ask::get("/").header("accept", HTML).header("accept-language", "ja");
    insta::assert_snapshot!("home_html_ja", without_style(&app.ask(japanese).await.text()));
}

#[tokio::test]
async fn the_page_speaks_of_what_is_on_and_a_host_of_one_registry_leads_to_it() {
    let app = Setup::default()
        .set("public_urls", "https://packages.example.com")
        .set("npm_host", "npm.example.com")
        .set("upstream.pypi.enabled", "false")
        .set("registration", "off")
        .set("anonymous", "false")
        .start()
        .await;
    let page = app.ask(Ask::get("/").host("packages.example.com").header("accept", HTML)).await.text();
    assert!(!page.contains("pip config") && !page.contains("/api/v1/tokens"), "{page}");
    assert!(page.contains("Packages need a personal key here."), "{page}");
    let moved = app.ask(Ask::get("/").host("npm.example.com").header("accept", HTML)).await;
    assert_eq!((moved.status, moved.header("location")), (303, Some("https://packages.example.com/")));
}
