//! What clients ask: paths and `Accept`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::name;
use sekisho_pypi::{Form, NotAcceptable, PathError, PypiPath, PypiRoute, negotiate, path};

#[test]
fn paths_name_what_they_ask_for() {
    let project = |text: &str, canonical| PypiPath::Project { name: name(text), canonical };
    let file = |project: &str, file: &str| PypiPath::File { name: name(project), file: file.to_owned() };
    let metadata = |project: &str, file: &str| PypiPath::Metadata { name: name(project), file: file.to_owned() };
    for (raw, wanted) in [
        ("simple/", PypiPath::Root { canonical: true }),
        ("simple", PypiPath::Root { canonical: false }),
        ("simple/flask-login/", project("flask-login", true)),
        ("simple/flask-login", project("flask-login", false)),
        ("simple/Flask_Login/", project("flask-login", false)),
        ("simple/flask%2Dlogin/", project("flask-login", false)),
        ("simple/a..b/", project("a-b", false)),
        ("files/six/six-1.17.0.tar.gz", file("six", "six-1.17.0.tar.gz")),
        ("files/Six/six-1.17.0.tar.gz", file("six", "six-1.17.0.tar.gz")),
        ("files/torch/torch-2.4.0%2Bcpu.whl", file("torch", "torch-2.4.0+cpu.whl")),
        ("files/torch/torch-2.4.0+cpu.whl", file("torch", "torch-2.4.0+cpu.whl")),
        ("files/six/six-1.whl.metadata", metadata("six", "six-1.whl")),
        ("files/six/six-1.whl%2Emetadata", metadata("six", "six-1.whl")),
        ("files/six/six-1.whl.metadata.metadata", PypiPath::Unknown),
        ("files/six/.metadata", PypiPath::Unknown),
        ("files/six/six-1.whl/", PypiPath::Unknown),
        ("files/six/", PypiPath::Unknown),
        ("files/six", PypiPath::Unknown),
        ("files/six/a%252Fb.whl", PypiPath::Unknown),
        ("files/six/%3Cscript%3E.whl", PypiPath::Unknown),
        ("simple//six/", PypiPath::Unknown),
        ("simple//", PypiPath::Unknown),
        ("simple/six/1.0/", PypiPath::Unknown),
        ("simple/a b/", PypiPath::Unknown),
        ("simple/-a/", PypiPath::Unknown),
        ("Simple/six/", PypiPath::Unknown),
        ("", PypiPath::Unknown),
        ("pypi/six/json", PypiPath::Unknown),
    ] {
        assert_eq!(path::parse(raw), Ok(wanted), "{raw}");
    }
}

#[test]
fn paths_that_walk_or_hide_something_are_errors() {
    for (raw, wanted) in [
        ("simple/../files/six/x.whl", PathError::DotSegment),
        ("simple/./", PathError::DotSegment),
        ("simple/%2e%2E/", PathError::DotSegment),
        ("files/six/..", PathError::DotSegment),
        ("files/six/..%2f..%2fetc", PathError::Slash),
        ("files/six%2Fsix-1.whl", PathError::Slash),
        ("files/six/a%5Cb.whl", PathError::Slash),
        ("files/six/a\\b.whl", PathError::Slash),
        ("files/six/a%00.whl", PathError::Character),
        ("files/six/a%0d%0aX.whl", PathError::Character),
        ("simple/six\n/", PathError::Character),
        ("simple/%7f/", PathError::Character),
        ("simple/%c3%a9/", PathError::Character),
        ("simple/é/", PathError::Character),
        ("simple/%ff/", PathError::Character),
        ("simple/%/", PathError::Encoding),
        ("simple/%2/", PathError::Encoding),
        ("simple/%zz/", PathError::Encoding),
        ("elsewhere/..", PathError::DotSegment),
    ] {
        assert_eq!(path::parse(raw), Err(wanted), "{raw:?}");
    }
    assert_eq!(path::parse(&"a".repeat(3_000)), Err(PathError::TooLong));
}

#[test]
fn other_spellings_are_redirected_to_the_normalised_one() {
    let redirect = |raw| path::parse(raw).unwrap().redirect();
    assert_eq!(redirect("simple").as_deref(), Some("simple/"));
    assert_eq!(redirect("simple/Flask__Login").as_deref(), Some("simple/flask-login/"));
    assert_eq!(redirect("simple/flask-login/"), None);
    assert_eq!(redirect("files/Six/six-1.whl"), None);
    assert_eq!(redirect("nothing"), None);
}

#[test]
fn every_route_is_reached_by_a_path() {
    let mut reached: Vec<PypiRoute> = ["simple/", "simple/a/", "files/a/a-1.zip", "files/a/a-1.zip.metadata", "x"]
        .into_iter()
        .filter_map(|raw| path::parse(raw).unwrap().route())
        .collect();
    reached.sort();
    assert_eq!(reached, PypiRoute::ALL);
}

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML_V1: &str = "application/vnd.pypi.simple.v1+html";
const HTML: &str = "text/html; charset=utf-8";

#[test]
fn the_form_follows_what_the_client_accepts() {
    for (accept, wanted) in [
        (None, HTML),
        (Some(""), HTML),
        (Some(" , "), HTML),
        (Some("*/*"), HTML),
        (Some("text/html"), HTML),
        (Some("text/*"), HTML),
        (Some("application/*"), JSON),
        (Some(JSON), JSON),
        (Some("APPLICATION/vnd.PyPI.simple.v1+JSON"), JSON),
        (Some("application/vnd.pypi.simple.latest+json"), JSON),
        (Some(HTML_V1), HTML_V1),
        (Some("application/vnd.pypi.simple.latest+html"), HTML_V1),
        // pip and pdm; uv; Poetry; a browser.
        (
            Some("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"),
            JSON,
        ),
        (
            Some("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"),
            JSON,
        ),
        (Some("application/vnd.pypi.simple.v1+json, */*;q=0.1"), JSON),
        (Some("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"), HTML),
        (Some("text/html, application/vnd.pypi.simple.v1+json"), JSON),
        (Some("text/html, application/vnd.pypi.simple.v1+json;q=0.999"), HTML),
        (Some("application/vnd.pypi.simple.v1+json;q=0, */*"), HTML),
        (Some("text/html;q=0, */*"), HTML_V1),
        (Some("application/vnd.pypi.simple.v1+json;q=nonsense, text/html;q=0.1"), HTML),
        (Some("application/vnd.pypi.simple.v2+json, text/html;q=0.5"), HTML),
    ] {
        assert_eq!(negotiate(accept).map(|a| a.content_type), Ok(wanted), "{accept:?}");
    }
    assert_eq!(negotiate(Some(JSON)).unwrap().form, Form::Json);
    assert_eq!(negotiate(Some(HTML_V1)).unwrap().form, Form::Html);
}

#[test]
fn a_client_that_takes_no_form_gets_none() {
    for accept in ["image/png", "*/*;q=0", "text/html;q=0", "application/json", "text/html;q=1.5", "text/html;q=0.0001"]
    {
        assert_eq!(negotiate(Some(accept)), Err(NotAcceptable), "{accept}");
    }
}
