//! What the sections share.

use sekisho_testkit::{Answer, TestApp};

/// The answer as a snapshot shows it, without what differs from run to run: the fake upstream's port, and entity tags,
/// which rest on it.
pub(crate) fn shown(app: &TestApp, answer: &Answer) -> String {
    let mut answer = answer.clone();
    if let Some(tag) = answer.headers.get_mut("etag") {
        *tag = http::HeaderValue::from_static("\"<tag>\"");
    }
    app.stable(&answer.show())
}

/// A problem: its status, code and content type, whatever else it says.
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.show());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.show());
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.show());
    let body = answer.json();
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["detail"], body["error"], "{body}");
    assert!(body["request_id"].as_str().is_some_and(|id| id.len() == 32), "{body}");
}

/// A page without what changes with every change of the style sheet, the icon or the script, and with every request.
pub(crate) fn without_style(page: &str) -> String {
    let page = page.replace(&sekisho_server::explain::style_version(), "<style>");
    let page = page.replace(&sekisho_server::explain::icon_version(), "<icon>");
    let without = |page: &str, before: &str, length: usize, mark: &str| {
        let mut parts = page.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| format!("{all}{before}{mark}{}", &part[length..]))
    };
    let page = without(&page, "nonce=\"", 22, "<nonce>");
    without(&without(&page, "'nonce-", 22, "<nonce>"), "console.js?v=", 16, "<script>")
}

/// Makes a test for each engine of every function: `async fn what_it_proves(setup) { ... }`, where `setup` is a
/// [`Setup`](sekisho_testkit::Setup) on that engine.
macro_rules! on_both_engines {
    ($(async fn $name:ident($setup:ident) $body:block)*) => {
        $(async fn $name($setup: sekisho_testkit::Setup) $body)*
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(sekisho_testkit::Setup::default().on(sekisho_testkit::TestEngine::Sqlite)).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(sekisho_testkit::Setup::default().on(sekisho_testkit::TestEngine::Postgres)).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;
