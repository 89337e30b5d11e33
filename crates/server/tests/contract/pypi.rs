//! The Python front's pages and files.

use std::net::IpAddr;

use sekisho_testkit::{Ask, Reply, Setup, TestApp, fixtures};

use crate::support::{assert_problem, shown};

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML_V1: &str = "application/vnd.pypi.simple.v1+html";
/// What pip sends.
const PIP: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";

async fn started() -> TestApp {
    let app = Setup::default().malware("MAL-2026-1", "pkg:pypi/evil@1.1").start().await;
    fixtures::pypi(&app.upstream, "flask", &["1.0", "1.1"]);
    fixtures::pypi(&app.upstream, "evil", &["1.0", "1.1"]);
    app
}

fn json(path: &str) -> Ask {
    Ask::get(path).header("accept", PIP)
}

#[tokio::test]
async fn a_page_is_served_as_json_and_as_html() {
    let app = started().await;
    insta::assert_snapshot!("page_json", shown(&app, &app.ask(json("/pypi/simple/flask/")).await));
    insta::assert_snapshot!("page_html", shown(&app, &app.get("/pypi/simple/flask/").await));
    for (accept, form) in [
        (PIP, JSON),
        ("application/vnd.pypi.simple.v1+json, */*;q=0.1", JSON),
        (HTML_V1, HTML_V1),
        ("text/html", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
    ] {
        let answer = app.ask(Ask::get("/pypi/simple/flask/").header("accept", accept)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(form)), "{accept}");
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
        assert_eq!(answer.header("cache-control"), Some("private, max-age=60"));
    }
    let none = app.ask(Ask::get("/pypi/simple/flask/").header("accept", "image/png")).await;
    assert_problem(&none, 406, "not_acceptable");
}

#[tokio::test]
async fn refused_files_stay_listed_as_yanked_with_the_reason() {
    let app = started().await;
    insta::assert_snapshot!("yanked_json", shown(&app, &app.ask(json("/pypi/simple/evil/")).await));
    insta::assert_snapshot!("yanked_html", shown(&app, &app.get("/pypi/simple/evil/").await));
}

#[tokio::test]
async fn a_name_that_is_refused_whole_stays_a_page_in_quarantine() {
    let app = Setup::default().malware("MAL-2026-2", "pkg:pypi/worse").start().await;
    fixtures::pypi(&app.upstream, "worse", &["1.0"]);
    insta::assert_snapshot!("quarantined_json", shown(&app, &app.ask(json("/pypi/simple/worse/")).await));
    insta::assert_snapshot!("quarantined_html", shown(&app, &app.get("/pypi/simple/worse/").await));
    assert_problem(&app.get("/pypi/files/worse/worse-1.0-py3-none-any.whl").await, 403, "package_blocked");
}

#[tokio::test]
async fn a_refused_name_that_the_registry_took_down_is_no_404() {
    let app = Setup::default().malware("MAL-2026-2", "pkg:pypi/gone").start().await;
    let answer = app.ask(json("/pypi/simple/gone/")).await;
    insta::assert_snapshot!("gone_json", shown(&app, &answer));
    assert_eq!(app.get("/pypi/simple/gone/").await.status, 200);
    assert_problem(&app.get("/pypi/files/gone/gone-1.0-py3-none-any.whl").await, 403, "package_blocked");
    assert_problem(&app.get("/pypi/files/gone/gone-1.0-py3-none-any.whl.metadata").await, 403, "package_blocked");
    assert_problem(&app.ask(json("/pypi/simple/other/")).await, 404, "not_found");
}

#[tokio::test]
async fn a_refused_release_that_the_registry_took_down_is_no_404() {
    let app = started().await;
    fixtures::pypi(&app.upstream, "evil", &["1.0"]);
    for file in ["evil-1.1-py3-none-any.whl", "evil-1.1.tar.gz", "evil-1.1-py3-none-any.whl.metadata"] {
        assert_problem(&app.get(&format!("/pypi/files/evil/{file}")).await, 403, "package_blocked");
    }
    assert_problem(&app.get("/pypi/files/evil/evil-1.2.tar.gz").await, 404, "not_found");
}

#[tokio::test]
async fn other_spellings_of_a_name_are_redirected() {
    let app = started().await;
    for path in ["Flask/", "FLASK", "flask", "fl%61sk/"] {
        let answer = app.get(&format!("/pypi/simple/{path}")).await;
        let to = Some("http://127.0.0.1:8417/pypi/simple/flask/");
        assert_eq!((answer.status, answer.header("location")), (301, to), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let answer = app.get("/pypi/simple/a_b.C").await;
    assert_eq!(answer.header("location"), Some("http://127.0.0.1:8417/pypi/simple/a-b-c/"));
    assert_eq!(app.get("/pypi/simple").await.status, 301);
    assert!(app.upstream.requests().is_empty());
}

#[tokio::test]
async fn files_are_found_under_every_spelling_of_the_name() {
    let app = started().await;
    for name in ["flask", "Flask", "FLASK"] {
        let answer = app.get(&format!("/pypi/files/{name}/flask-1.0-py3-none-any.whl")).await;
        assert_eq!(answer.status, 302, "{name}");
    }
    for name in ["evil", "Evil", "EVIL"] {
        let answer = app.get(&format!("/pypi/files/{name}/evil-1.1-py3-none-any.whl")).await;
        assert_problem(&answer, 403, "package_blocked");
    }
}

#[tokio::test]
async fn a_file_is_a_redirect_and_its_head_has_no_way() {
    let app = started().await;
    let path = "/pypi/files/flask/flask-1.0-py3-none-any.whl";
    insta::assert_snapshot!("file", shown(&app, &app.get(path).await));
    insta::assert_snapshot!("file_head", shown(&app, &app.ask(Ask::head(path)).await));
    assert_problem(&app.get("/pypi/files/flask/flask-9.9-py3-none-any.whl").await, 404, "not_found");
    assert_problem(&app.get("/pypi/files/flask/other-1.0-py3-none-any.whl").await, 404, "not_found");
}

#[tokio::test]
async fn core_metadata_is_sent_as_the_registry_has_it() {
    let app = started().await;
    let path = "/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata";
    insta::assert_snapshot!("metadata", shown(&app, &app.get(path).await));
    let head = app.ask(Ask::head(path)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    app.upstream.on("/files/flask-1.0-py3-none-any.whl.metadata", Reply::status(404));
    assert_problem(&app.get(path).await, 404, "not_found");
}

#[tokio::test]
async fn clients_that_do_not_read_their_core_metadata_hold_no_place_at_the_registry() {
    let app = Setup::default().set("upstream.patience_seconds", "1").start().await;
    fixtures::pypi(&app.upstream, "flask", &["1.0"]);
    fixtures::pypi(&app.upstream, "other", &["1.0"]);
    let mut unread = Vec::new();
    for _ in 0..40 {
        let ask = http::Request::get("/pypi/files/flask/flask-1.0-py3-none-any.whl.metadata");
        let ask = ask.header("host", "127.0.0.1:8417").body(axum::body::Body::empty()).unwrap();
        let answer = app.app.handle(ask, IpAddr::from([192, 0, 2, 1]).into()).await;
        assert_eq!(answer.status(), 200);
        unread.push(answer);
    }
    assert_eq!(app.get("/pypi/simple/other/").await.status, 200);
    drop(unread);
}

#[tokio::test]
async fn the_list_of_projects_is_valid_and_empty() {
    let app = started().await;
    insta::assert_snapshot!("root_json", shown(&app, &app.ask(json("/pypi/simple/")).await));
    insta::assert_snapshot!("root_html", shown(&app, &app.get("/pypi/simple/").await));
}

#[tokio::test]
async fn head_answers_as_get_without_a_body_and_304_holds() {
    let app = started().await;
    for path in ["/pypi/simple/", "/pypi/simple/flask/", "/pypi/simple/evil/", "/pypi/simple/sekisho-canary/"] {
        for accept in [PIP, "text/html"] {
            let get = app.ask(Ask::get(path).header("accept", accept)).await;
            let head = app.ask(Ask::head(path).header("accept", accept)).await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
            assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
            let tag = get.header("etag").unwrap();
            assert_eq!(head.header("etag"), Some(tag), "{path}");
            let held = app.ask(Ask::get(path).header("accept", accept).header("if-none-match", tag)).await;
            assert_eq!((held.status, held.body.len()), (304, 0), "{path}");
        }
    }
}

#[tokio::test]
async fn a_tag_differs_by_form_encoding_address_and_reasons() {
    let app = started().await;
    let mut all = Vec::new();
    for malware in [vec![], vec![("MAL-1", "pkg:pypi/flask@1.0")], vec![("MAL-2", "pkg:pypi/flask@1.0")]] {
        app.set_malware(&malware);
        for accept in [PIP, "text/html"] {
            for encoding in ["identity", "gzip"] {
                for host in ["127.0.0.1:8417", "localhost:8417"] {
                    let ask = Ask::get("/pypi/simple/flask/").header("accept", accept).host(host);
                    let answer = app.ask(ask.header("accept-encoding", encoding)).await;
                    all.push(answer.header("etag").unwrap().to_owned());
                }
            }
        }
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "{all:#?}");
}

#[tokio::test]
async fn two_names_that_the_registry_answers_with_one_page_are_decided_on_apart() {
    let app = Setup::default().malware("MAL-2026-1", "pkg:pypi/twin").start().await;
    let page = fixtures::page(&app.upstream, "twin", &["1.0"]).to_string();
    let page = page.replace("\"name\":\"twin\",", "");
    app.upstream.on("/simple/shared/", Reply::ok(JSON, page));
    let shared = app.upstream.at("simple/shared/");
    for name in ["good", "twin"] {
        fixtures::pypi_reply(&app.upstream, name, Reply::redirect(shared.as_str()));
        app.ask(json(&format!("/pypi/simple/{name}/"))).await;
    }
    assert_problem(&app.get("/pypi/files/twin/twin-1.0-py3-none-any.whl").await, 403, "package_blocked");
    let page = app.ask(json("/pypi/simple/twin/")).await;
    assert_eq!(page.json()["project-status"]["status"], "quarantined", "{}", page.show());
}

#[tokio::test]
async fn an_html_page_of_the_registry_serves_both_forms() {
    let app = started().await;
    let html = r#"<!DOCTYPE html><html><body>
        <a href="../../files/old-1.0-py3-none-any.whl#sha256=00" data-requires-python="&gt;=3.8">old</a>
        </body></html>"#;
    fixtures::pypi_reply(&app.upstream, "old", Reply::ok("text/html", html));
    app.upstream.on("/files/old-1.0-py3-none-any.whl", Reply::ok("application/octet-stream", "a wheel"));
    let page = app.ask(json("/pypi/simple/old/")).await.json();
    assert_eq!(page["files"][0]["url"], "http://127.0.0.1:8417/pypi/files/old/old-1.0-py3-none-any.whl");
    assert_eq!(app.get("/pypi/files/old/old-1.0-py3-none-any.whl").await.status, 302);
}
