//! Pages of HTML: what is read, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{compile, html};
use sekisho_pypi::{Contradiction, CoreMetadata, Kind, Project, ProjectError, State, Yanked};

const FULL: &str = r##"<!DOCTYPE html>
<html><head>
<meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="deprecated">
<meta name="pypi:project-status-reason" content="use &quot;other&quot;">
<title>Links for sample</title></head>
<body><h1>Links for sample</h1>
<a href="../">up</a>
<A HREF='https://files.example/a/sample-1.0.tar.gz#sha256=0a' data-gpg-sig="true">sample-1.0.tar.gz</A><br/>
<a href="/f/sample-1.1-py3-none-any.whl#egg=sample&amp;sha256=0b" data-requires-python="&gt;=3.8,&lt;4" data-yanked=""
   data-core-metadata="sha256=0c" data-dist-info-metadata="false" data-provenance="https://index.example/p">x</a>
<a href="sample-1.2-py3-none-any.whl" data-yanked="bad &amp; broken" data-dist-info-metadata="true">x
<a href="sample-1.3%2Bcpu-py3-none-any.whl" data-yanked data-core-metadata="false">x</a>
</body></html>"##;

fn file<'a>(project: &'a Project, name: &str) -> &'a sekisho_pypi::File {
    project.file(name).unwrap_or_else(|| panic!("{name} is not in {:?}", project.files()))
}

#[test]
fn everything_that_a_page_says_is_read() {
    let project = html("sample", FULL);
    let status = project.status().unwrap();
    assert_eq!((status.state, status.reason.as_deref()), (State::Deprecated, Some("use \"other\"")));
    assert_eq!(project.files().len(), 4, "the link to the parent is no file");
    assert_eq!(project.versions(), ["1.0".into(), "1.1".into(), "1.2".into(), "1.3+cpu".into()]);
    assert!(project.files().iter().all(|f| f.contradiction.is_none()), "{:?}", project.files());

    let first = file(&project, "sample-1.0.tar.gz");
    assert_eq!(first.url.as_ref().unwrap().as_str(), "https://files.example/a/sample-1.0.tar.gz");
    assert_eq!((&*first.hashes[0].algorithm, &*first.hashes[0].value), ("sha256", "0a"));
    assert_eq!((&first.yanked, first.gpg_sig), (&Yanked::No, Some(true)));

    let second = file(&project, "sample-1.1-py3-none-any.whl");
    assert_eq!(second.url.as_ref().unwrap().as_str(), "https://index.example/f/sample-1.1-py3-none-any.whl");
    assert_eq!(&*second.hashes[0].value, "0b");
    assert_eq!(second.requires_python.as_deref(), Some(">=3.8,<4"));
    assert_eq!(second.yanked, Yanked::Yes);
    assert!(matches!(&second.core_metadata, CoreMetadata::Hashed(h) if &*h[0].value == "0c"));
    assert_eq!(second.provenance.as_deref(), Some("https://index.example/p"));

    let third = file(&project, "sample-1.2-py3-none-any.whl");
    assert_eq!(third.url.as_ref().unwrap().as_str(), "https://index.example/simple/sample/sample-1.2-py3-none-any.whl");
    assert_eq!(
        (&third.yanked, &third.core_metadata),
        (&Yanked::Because("bad & broken".into()), &CoreMetadata::Present)
    );

    let last = file(&project, "sample-1.3+cpu-py3-none-any.whl");
    assert_eq!((&last.yanked, &last.core_metadata), (&Yanked::Yes, &CoreMetadata::Absent));
}

#[test]
fn relative_links_start_at_the_first_base() {
    let page = r#"<base href="https://files.example/x/"><base href="https://evil.example/"><a href="y/a-1.zip">a</a>"#;
    let project = html("a", page);
    assert_eq!(project.files()[0].url.as_ref().unwrap().as_str(), "https://files.example/x/y/a-1.zip");
}

#[test]
fn a_page_that_is_no_simple_index_does_not_become_an_empty_project() {
    for page in [
        "",
        "plain text",
        "<html><body><h1>502 Bad Gateway</h1></body></html>",
        "<html><title>Sign in</title><a href=/login>Log in</a><a href=/client.zip>Get the client</a></html>",
        "<html><title>Index of /</title><a href=../>..</a></html>",
        "<!-- <meta name=\"pypi:repository-version\" content=\"1.0\"> --><a href=x>x</a>",
        "<script>'<a href=\"a-1.zip\">'</script>",
        r#"{"name":"a","files":[]}"#,
    ] {
        assert_eq!(compile("a", Kind::Html, page).unwrap_err(), ProjectError::NotASimplePage, "{page}");
    }
}

#[test]
fn an_empty_project_is_one_if_its_page_says_so() {
    for page in
        ["<title>Links for a</title>", "<h1> links FOR a</h1>", "<meta name='pypi:repository-version' content='1.0'>"]
    {
        assert!(html("a", page).files().is_empty());
    }
}

#[test]
fn a_repository_version_that_is_not_known_is_an_error() {
    let page = "<meta name='pypi:repository-version' content='2.0'><a href='a-1.zip'>a</a>";
    assert_eq!(compile("a", Kind::Html, page).unwrap_err(), ProjectError::ApiVersion("2.0".to_owned()));
}

#[test]
fn hostile_links_are_refused_or_are_no_files() {
    for (link, wanted) in [
        ("javascript:alert(1)//a-1.zip", Contradiction::Url),
        ("data:text/html,/a-1.zip", Contradiction::Url),
        ("https://u:p@files.example/a-1.zip", Contradiction::Url),
        ("..%2F..%2Fa-1.zip", Contradiction::UnsafeName),
        ("x%5Ca-1.zip", Contradiction::UnsafeName),
        ("a-1%00.zip", Contradiction::UnsafeName),
        ("%3Cscript%3E-1.zip", Contradiction::UnsafeName),
        ("other-1-py3-none-any.whl", Contradiction::OtherProject),
        ("a-1.zip#sha256=zz", Contradiction::Hash),
    ] {
        let project = html("a", format!("<h1>Links for a</h1><a href=\"{link}\">a-1.zip</a>"));
        assert_eq!(project.files()[0].contradiction, Some(wanted), "{link}");
    }
    // A browser reads the backslash as a slash, so the file behind the link is another one.
    let project = html("a", "<h1>Links for a</h1><a href='x\\a-1.zip'>a</a>");
    assert!(project.files()[0].contradiction.is_some());
    assert!(html("a", "<h1>Links for a</h1><a href='/..'>x</a><a>y</a><a href=''>z</a>").files().is_empty());
}

#[test]
fn the_same_file_at_two_addresses_is_contradictory() {
    let project = html("a", "<a href='x/a-1.zip'>a</a><a href='y/a-1.zip'>a</a><a href='a-2.zip'>a</a>");
    assert_eq!(project.files().len(), 2);
    assert_eq!(project.file("a-1.zip").unwrap().contradiction, Some(Contradiction::Duplicate));
    assert_eq!(project.file("a-2.zip").unwrap().contradiction, None);
}

#[test]
fn broken_markup_is_read_without_a_panic() {
    let long = "x".repeat(1 << 20);
    for page in [
        format!("<h1>Links for a</h1><a href='a-1.zip' data-requires-python='{long}'>a</a>"),
        format!("<h1>Links for a</h1><a href='{long}.zip'>a</a>"),
        format!("<h1>Links for a</h1><a {long}='1' href='a-1.zip'>a</a>"),
        format!("<h1>Links for a</h1>{}<a href='a-1.zip'>a</a>", "<div>".repeat(200_000)),
        "<h1>Links for a</h1><a href='a-1.zip".to_owned(),
        "<h1>Links for a</h1><a href='a-1.zip'".to_owned(),
        "<h1>Links for a</h1><a href=a-1.zip\0>a</a></a></a>".to_owned(),
        "<h1>Links for a</h1><a href='a-1.zip' href='b-1.zip' data-yanked data-yanked=x>a".to_owned(),
    ] {
        let project = html("a", &page);
        assert!(project.files().len() <= 1);
    }
    let cut = html("a", format!("<a href='a-1.zip' data-requires-python='{long}'>a</a>"));
    assert_eq!(cut.files()[0].contradiction, Some(Contradiction::Malformed));
    let bytes = b"<h1>Links for a</h1>\xff\xfe<a href='a-1.zip' data-yanked='\xff'>\xff</a>";
    assert_eq!(html("a", bytes).files()[0].yanked, Yanked::Because("\u{fffd}".into()));
}
