//! Rendered pages, whole, and what must survive from one page to the next.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{FILES, FULL, compile, json, malware, page, render_html, render_json, without};
use proptest::prelude::*;
use sekisho_core::policy::{Reason, Refusal};
use sekisho_pypi::{CoreMetadata, Kind, Project, canary, root};

#[test]
fn a_page_of_json() {
    let project = json("sample", FULL);
    insta::assert_snapshot!(render_json(&project, &project.refuse(|_| None)));
}

#[test]
fn a_page_of_json_with_a_refused_release() {
    let project = json("sample", FULL);
    insta::assert_snapshot!(render_json(&project, &without(&project, "1.1")));
}

#[test]
fn a_page_of_json_of_a_refused_name() {
    let project = json("sample", FULL);
    insta::assert_snapshot!(render_json(&project, &project.refuse_name(malware("MAL-2026-1"))));
}

#[test]
fn a_page_of_html() {
    let project = json("sample", FULL);
    insta::assert_snapshot!(render_html(&project, &project.refuse(|_| None)));
}

#[test]
fn a_page_of_html_with_a_refused_release() {
    let project = json("sample", FULL);
    insta::assert_snapshot!(render_html(&project, &without(&project, "1.1")));
}

#[test]
fn a_page_of_html_of_a_refused_name() {
    let project = json("sample", FULL);
    insta::assert_snapshot!(render_html(&project, &project.refuse_name(Refusal::of(Reason::Policy))));
}

#[test]
fn the_canarys_pages() {
    let page: serde_json::Value = serde_json::from_slice(&canary::render_json(FILES).unwrap()).unwrap();
    insta::assert_snapshot!("canary_json", format!("{page:#}"));
    insta::assert_snapshot!("canary_html", String::from_utf8(canary::render_html(FILES).unwrap()).unwrap());
}

#[test]
fn the_canarys_file_leads_nowhere() {
    let project = canary::project().unwrap();
    let file = project.file("sekisho_canary-1.0.0-py3-none-any.whl").unwrap();
    assert_eq!(file.url, None);
    assert_eq!(file.decided_as().collect::<Vec<_>>(), ["1.0.0"]);
    assert!(sekisho_core::policy::is_canary(project.name()));
}

#[test]
fn root_pages() {
    let names = ["a", "b-c"].map(common::name);
    let text = |page| String::from_utf8(page).unwrap();
    assert_eq!(
        text(root::render_json(&names)),
        r#"{"meta":{"api-version":"1.4"},"projects":[{"name":"a"},{"name":"b-c"}]}"#
    );
    insta::assert_snapshot!("root_html", text(root::render_html(&names)));
    assert_eq!(text(root::render_json([])), r#"{"meta":{"api-version":"1.4"},"projects":[]}"#);
}

/// Texts that could break out of an attribute, an element or a string.
const HOSTILE: &str = "\"'><script>alert(1)</script>&amp;\0\u{1b}[31m\r\n";

#[test]
fn nothing_of_the_upstreams_breaks_out_of_the_page() {
    let quoted = serde_json::to_string(HOSTILE).unwrap();
    let file = format!(
        r#"{{"filename":"a-1.zip","url":"a-1.zip","requires-python":{quoted},"yanked":{quoted},"provenance":{quoted}}},
           {{"filename":{quoted},"url":{quoted}}},{{"filename":"../a-2.zip","url":"a-2.zip"}}"#
    );
    let status = format!(r#""project-status":{{"status":"archived","reason":{quoted}}},"name""#);
    let project = json("a", page("a", &file).replacen("\"name\"", &status, 1));
    let refused = project.refuse(|_| None);
    let html = render_html(&project, &refused);
    assert!(!html.contains("<script") && !html.contains('\0') && !html.contains('\u{1b}'), "{html}");
    assert_eq!(html.matches("<a ").count(), 1, "files with unsafe names are not listed: {html}");
    insta::assert_snapshot!(html);
    let read: serde_json::Value = serde_json::from_str(&render_json(&project, &refused)).unwrap();
    assert_eq!(read["files"].as_array().unwrap().len(), 1);
    assert_eq!(read["files"][0]["requires-python"], HOSTILE);
}

#[test]
fn an_explanation_is_ascii_and_never_empty() {
    let project = json("sample", FULL);
    let refused = project.refuse_name(malware("MAL-1"));
    for (said, shown) in [("", "malware (MAL-1)"), ("  ", "malware (MAL-1)"), ("b\u{e9}\n<x>", "b??<x>")] {
        let page = project.render_json(&refused, FILES, |_, _| said.to_owned());
        let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
        assert_eq!(page["files"][0]["yanked"], shown);
    }
}

#[test]
fn links_lead_to_the_files_base_whatever_its_end() {
    let project = json("sample", FULL);
    for base in ["https://gate.example/pypi/files", "https://gate.example/pypi/files/"] {
        let page = project.render_json(&project.refuse(|_| None), base, |_, r| r.words());
        let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
        assert_eq!(page["files"][2]["url"], "https://gate.example/pypi/files/sample/sample-2.0%2Bcpu-py3-none-any.whl");
    }
}

#[test]
fn a_link_leads_back_to_its_file() {
    let project = json("sample", FULL);
    let page: serde_json::Value = serde_json::from_str(&render_json(&project, &project.refuse(|_| None))).unwrap();
    for (file, shown) in project.files().iter().zip(page["files"].as_array().unwrap()) {
        let path = shown["url"].as_str().unwrap().strip_prefix("https://gate.example/pypi/").unwrap();
        let wanted = sekisho_pypi::PypiPath::File { name: project.name().clone(), file: file.filename.to_string() };
        assert_eq!(sekisho_pypi::path::parse(path), Ok(wanted));
    }
}

#[test]
fn what_is_refused_has_a_stable_key() {
    let project = json("sample", FULL);
    let none = project.refuse(|_| None);
    assert!(none.is_empty() && !none.all());
    assert_eq!(none.key(), "");
    let one = without(&project, "1.1");
    assert!(!one.is_empty() && !one.all());
    assert_eq!(one.get(1).unwrap().1, "malware (MAL-2026-1)");
    assert_eq!(one.get(0), None);
    assert_eq!(one.key(), without(&json("sample", FULL), "1.1").key());
    assert_eq!(one.key().len(), 32);
    let whole = project.refuse_name(malware("MAL-2026-1"));
    let every = project.refuse(|_| Some(malware("MAL-2026-1")));
    let other = project.refuse(|f| f.decided_as().any(|v| v == "1.1").then(|| malware("MAL-2026-2")));
    assert!(whole.all() && every.all());
    let another = without(&project, "1.0");
    let by_policy = project.refuse(|_| Some(Refusal::of(Reason::Policy)));
    let unreadable = project.refuse(|_| Some(Refusal::of(Reason::UnreadableVersion)));
    let keys = [&one, &whole, &every, &other, &another, &by_policy, &unreadable].map(|refused| refused.key());
    assert!(keys.iter().enumerate().all(|(i, k)| !keys[i + 1..].contains(k)), "{keys:?}");
}

#[test]
fn a_refused_name_without_files_is_refused() {
    let project = json("a", page("a", ""));
    let refused = project.refuse_name(malware("MAL-1"));
    assert!(refused.all() && !refused.is_empty());
    assert!(render_json(&project, &refused).contains("quarantined"));
    assert!(!project.refuse(|_| None).all());
}

/// A file's JSON, made of what indexes give.
fn entry() -> impl Strategy<Value = String> {
    let version = "[0-9]{1,3}(\\.[0-9]{1,2}){0,2}(rc[0-9]|\\.post[0-9]|\\.dev[0-9]|\\+[a-z]{1,4})?";
    let kind = prop::sample::select(vec!["-py3-none-any.whl", "-cp312-abi3-win32.whl", ".tar.gz", ".zip"]);
    let python = prop::option::of("[<>=!~]{1,2}[0-9]\\.[0-9*]{1,2}");
    let yanked = prop_oneof![Just("true".to_owned()), Just("false".to_owned()), "\"[a-z<>&']{1,20}\""];
    let metadata = prop_oneof![Just("true".to_owned()), Just("false".to_owned()), "\\{\"sha256\":\"[0-9a-f]{64}\"\\}"];
    let rest = (python, yanked, metadata, "[0-9a-f]{64}", any::<u32>(), any::<bool>());
    (version, kind, rest).prop_map(|(version, kind, (python, yanked, metadata, digest, size, provenance))| {
        let file = format!("sample-{version}{kind}");
        let url = format!("https://files.example/{}", file.replace('+', "%2B"));
        let mut entry = serde_json::json!({
            "filename": file, "url": url, "hashes": {"sha256": digest}, "size": size,
            "upload-time": "2026-01-02T03:04:05.000006Z",
            "yanked": serde_json::from_str::<serde_json::Value>(&yanked).unwrap(),
            "core-metadata": serde_json::from_str::<serde_json::Value>(&metadata).unwrap(),
        });
        if let Some(python) = python {
            entry["requires-python"] = python.into();
        }
        if provenance {
            entry["provenance"] = "https://index.example/integrity/p".into();
        }
        entry.to_string()
    })
}

fn same_but_url(left: &Project, right: &Project) {
    assert_eq!((left.name(), left.versions(), left.status()), (right.name(), right.versions(), right.status()));
    assert_eq!(left.files().len(), right.files().len());
    for (a, b) in left.files().iter().zip(right.files()) {
        let mut b = b.clone();
        b.url = a.url.clone();
        assert_eq!(*a, b);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rendered_page_of_json_says_what_the_first_one_said(files in prop::collection::vec(entry(), 0..12)) {
        let first = json("sample", page("sample", &files.join(",")));
        prop_assume!(first.files().iter().all(|f| f.contradiction.is_none()));
        let refused = first.refuse(|_| None);
        prop_assert!(refused.is_empty());
        same_but_url(&first, &json("sample", render_json(&first, &refused)));
    }

    #[test]
    fn a_rendered_page_of_html_keeps_what_html_can_say(files in prop::collection::vec(entry(), 0..12)) {
        let first = json("sample", page("sample", &files.join(",")));
        prop_assume!(first.files().iter().all(|f| f.contradiction.is_none()));
        let page = render_html(&first, &first.refuse(|_| None));
        let second = compile("sample", Kind::Html, page).unwrap();
        prop_assert_eq!(first.files().len(), second.files().len());
        for (a, b) in first.files().iter().zip(second.files()) {
            prop_assert_eq!((&a.filename, &a.hashes, &a.requires_python), (&b.filename, &b.hashes, &b.requires_python));
            prop_assert_eq!((&a.yanked, &a.core_metadata, &a.provenance), (&b.yanked, &b.core_metadata, &b.provenance));
        }
    }

    #[test]
    fn a_refused_file_never_looks_installable(files in prop::collection::vec(entry(), 1..12), html in any::<bool>()) {
        let project = json("sample", page("sample", &files.join(",")));
        let refused = project.refuse(|_| Some(malware("MAL-1")));
        let again = if html {
            compile("sample", Kind::Html, render_html(&project, &refused)).unwrap()
        } else {
            json("sample", render_json(&project, &refused))
        };
        prop_assert_eq!(again.files().len(), project.files().len());
        for file in again.files() {
            prop_assert!(matches!(&file.yanked, sekisho_pypi::Yanked::Because(why) if why.contains("blocked")));
            prop_assert_eq!(&file.core_metadata, &CoreMetadata::Absent);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), html in any::<bool>()) {
        let _ = compile("a", if html { Kind::Html } else { Kind::Json }, bytes);
    }

    #[test]
    fn any_markup_is_read_and_rendered_without_a_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<a href=", "'", "\"", ">", "</a>", "a-1.zip", "#sha256=aa", "<base href=", "<meta name=pypi:project-status ",
            "content=", "active", "data-yanked", "<title>", "Links for a", "</title>", "<script>", "<!--", "&lt;", "\0", "é",
            "%2F", "..", "/", "\\", "javascript:", " ",
        ]), 0..40)
    ) {
        if let Ok(project) = compile("a", Kind::Html, parts.concat()) {
            render_html(&project, &project.refuse(|_| None));
        }
    }
}
