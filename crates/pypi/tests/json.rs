//! Pages of JSON: what is read, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{FULL, compile, json, page};
use sekisho_pypi::{Contradiction, CoreMetadata, Kind, ProjectError, State, Yanked};

#[test]
fn everything_that_a_page_says_is_read() {
    let project = json("sample", FULL);
    assert_eq!(project.name().as_str(), "sample");
    assert_eq!(project.versions(), ["1.0".into(), "1.1".into(), "2.0+cpu".into()]);
    let status = project.status().unwrap();
    assert_eq!((status.state, status.reason.as_deref()), (State::Archived, Some("superseded by <other>")));

    let source = project.file("sample-1.0.tar.gz").unwrap();
    assert_eq!(source.url.as_ref().unwrap().as_str(), "https://files.example/a/sample-1.0.tar.gz");
    assert_eq!(source.hashes.len(), 2);
    assert_eq!((source.size, source.gpg_sig, &source.requires_python), (Some(100), Some(true), &None));
    assert_eq!(source.upload_time.as_deref(), Some("2020-01-02T03:04:05.678901Z"));
    assert_eq!((&source.yanked, &source.core_metadata), (&Yanked::No, &CoreMetadata::Absent));

    let wheel = project.file("sample-1.1-py3-none-any.whl").unwrap();
    assert_eq!(wheel.url.as_ref().unwrap().as_str(), "https://index.example/files/sample-1.1-py3-none-any.whl");
    assert_eq!(wheel.requires_python.as_deref(), Some(">=3.8,<4"));
    assert_eq!(wheel.yanked, Yanked::Because("broken & \"bad\"".into()));
    let CoreMetadata::Hashed(hashes) = &wheel.core_metadata else { panic!("{:?}", wheel.core_metadata) };
    assert_eq!(&*hashes[0].value, "0c", "core-metadata comes before the older keys");
    assert!(wheel.provenance.is_some());

    let last = project.file("sample-2.0+cpu-py3-none-any.whl").unwrap();
    assert_eq!((&last.yanked, &last.core_metadata), (&Yanked::Yes, &CoreMetadata::Present));
    assert_eq!(last.provenance, None, "only https is passed on");
    assert_eq!(last.decided_as().collect::<Vec<_>>(), ["2.0+cpu"]);
    assert!(project.files().iter().all(|f| f.contradiction.is_none()), "{:?}", project.files());
    assert!(project.file("sample-9.tar.gz").is_none());
}

#[test]
fn the_older_keys_of_core_metadata_are_read() {
    for key in ["dist-info-metadata", "data-dist-info-metadata"] {
        let file = format!(r#"{{"filename":"a-1.tar.gz","url":"a-1.tar.gz","{key}":true,"core-metadata":null}}"#);
        assert_eq!(json("a", page("a", &file)).files()[0].core_metadata, CoreMetadata::Present, "{key}");
    }
}

#[test]
fn an_empty_reason_in_json_is_not_a_yank_as_pip_reads_it() {
    let project = json("a", page("a", r#"{"filename":"a-1.tar.gz","url":"a-1.tar.gz","yanked":""}"#));
    assert_eq!(project.files()[0].yanked, Yanked::No);
}

#[test]
fn versions_are_taken_from_the_files_where_the_index_lists_none() {
    let files = ["a-1.10.tar.gz", "a-1.9.tar.gz", "a-1.9-py3-none-any.whl", "a-x.tar.gz", "b-7.tar.gz"]
        .map(|f| format!(r#"{{"filename":"{f}","url":"{f}"}}"#))
        .join(",");
    assert_eq!(json("a", page("a", &files)).versions(), ["1.9".into(), "1.10".into()]);
}

#[test]
fn a_file_whose_version_cannot_be_read_is_decided_on_by_its_name() {
    let project = json("a", page("a", r#"{"filename":"README","url":"README"}"#));
    assert_eq!(project.files()[0].decided_as().collect::<Vec<_>>(), ["README"]);
}

#[test]
fn a_page_of_another_shape_is_an_error() {
    let deep = format!(r#"{{"name":"a","files":[],"x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let in_file = format!(
        r#"{{"files":[{{"filename":"a-1.zip","url":"a-1.zip","core-metadata":{}1{}}}]}}"#,
        r#"{"a":"#.repeat(500),
        "}".repeat(500)
    );
    let half = FULL.get(..FULL.len() / 2).unwrap();
    for bad in [
        "",
        "null",
        "[]",
        "<!DOCTYPE html><html></html>",
        half,
        r#"{"name":"a","files":[]} trailing"#,
        r#"{"name":"a","files":{}}"#,
        r#"{"name":"a","files":["a-1.tar.gz"]}"#,
        r#"{"name":"a","files":[{"filename":"a-1.tar.gz"}]}"#,
        r#"{"name":"a","files":[{"url":"a-1.tar.gz"}]}"#,
        r#"{"name":"a","files":[{"filename":1,"url":"a-1.tar.gz"}]}"#,
        r#"{"name":"a","name":"b","files":[]}"#,
        r#"{"name":"a","files":[],"files":[]}"#,
        r#"{"name":7,"files":[]}"#,
        &deep,
        &in_file,
    ] {
        let found = compile("a", Kind::Json, bad);
        assert!(matches!(found, Err(ProjectError::Json(_))), "{:?}: {found:?}", &bad.get(..40));
    }
    let invalid_utf8 = b"{\"name\":\"\xff\",\"files\":[]}";
    assert!(matches!(compile("a", Kind::Json, invalid_utf8), Err(ProjectError::Json(_))));
}

#[test]
fn a_page_without_files_another_name_or_another_api_is_an_error() {
    let found = |text: &str| compile("a-b", Kind::Json, text).unwrap_err();
    assert_eq!(found(r#"{"name":"a-b"}"#), ProjectError::NoFiles);
    assert_eq!(found(r#"{"message":"Not Found"}"#), ProjectError::NoFiles);
    assert_eq!(found(r#"{"name":"evil","files":[]}"#), ProjectError::OtherProject("evil".to_owned()));
    assert_eq!(found(r#"{"name":"../a-b","files":[]}"#), ProjectError::OtherProject("../a-b".to_owned()));
    assert_eq!(
        found(r#"{"meta":{"api-version":"2.0"},"name":"a-b","files":[]}"#),
        ProjectError::ApiVersion("2.0".to_owned())
    );
    assert!(compile("a-b", Kind::Json, r#"{"meta":{"api-version":"1.99"},"name":"A__B","files":[]}"#).is_ok());
}

#[test]
fn a_page_with_more_files_than_any_project_is_an_error() {
    let files = vec![r#"{"filename":"a-1.zip","url":"a-1.zip"}"#; 65_537].join(",");
    assert_eq!(compile("a", Kind::Json, page("a", &files)).unwrap_err(), ProjectError::TooMany);
}

#[test]
fn contradictions_are_found_and_always_refused() {
    use Contradiction::*;
    let long = "9".repeat(2_000);
    let url = format!("https://files.example/{}", "a".repeat(10_000));
    for (wanted, files) in [
        (Duplicate, r#"{"filename":"a-1.zip","url":"x/a-1.zip"},{"filename":"a-1.zip","url":"y/a-1.zip"}"#.to_owned()),
        (
            Duplicate,
            r#"{"filename":"a-1.zip","url":"a-1.zip","hashes":{"sha256":"aa"}},
               {"filename":"a-1.zip","url":"a-1.zip","hashes":{"sha256":"bb"}}"#
                .to_owned(),
        ),
        (
            Duplicate,
            r#"{"filename":"a-1.zip","url":"a-1.zip","yanked":true},{"filename":"a-1.zip","url":"a-1.zip"}"#.to_owned(),
        ),
        (UnsafeName, r#"{"filename":"../a-1.zip","url":"a-1.zip"}"#.to_owned()),
        (UnsafeName, r#"{"filename":"a/a-1.zip","url":"a-1.zip"}"#.to_owned()),
        (UnsafeName, r#"{"filename":"..","url":"a-1.zip"}"#.to_owned()),
        (UnsafeName, r#"{"filename":"a-1.zip\u0000.whl","url":"a-1.zip"}"#.to_owned()),
        (UnsafeName, r#"{"filename":"<script>alert(1)</script>-1.zip","url":"a-1.zip"}"#.to_owned()),
        (OtherProject, r#"{"filename":"b-1-py3-none-any.whl","url":"b-1-py3-none-any.whl"}"#.to_owned()),
        (Url, r#"{"filename":"a-1.zip","url":"javascript:alert(1)//a-1.zip"}"#.to_owned()),
        (Url, r#"{"filename":"a-1.zip","url":"file:///etc/a-1.zip"}"#.to_owned()),
        (Url, r#"{"filename":"a-1.zip","url":"https://me:pw@files.example/a-1.zip"}"#.to_owned()),
        (Url, r#"{"filename":"a-1.zip","url":"https://[/a-1.zip"}"#.to_owned()),
        (Url, format!(r#"{{"filename":"a-1.zip","url":"{url}"}}"#)),
        (OtherFile, r#"{"filename":"a-1.zip","url":"a-6.6.6.zip"}"#.to_owned()),
        (OtherFile, r#"{"filename":"a-1.zip","url":"/get?id=1"},{"filename":"a-2.zip","url":"/get?id=1"}"#.to_owned()),
        (Hash, r#"{"filename":"a-1.zip","url":"a-1.zip","hashes":{"sha256":"not hex"}}"#.to_owned()),
        (Hash, r#"{"filename":"a-1.zip","url":"a-1.zip","hashes":{"sha256":"aa","sha256":"bb"}}"#.to_owned()),
        (Hash, r#"{"filename":"a-1.zip","url":"a-1.zip","hashes":{"\"><b>":"aa"}}"#.to_owned()),
        (Malformed, r#"{"filename":"a-1.zip","url":"a-1.zip","yanked":true,"yanked":false}"#.to_owned()),
        (Malformed, r#"{"filename":"a-1.zip","url":"a-1.zip","requires-python":3}"#.to_owned()),
        (Malformed, r#"{"filename":"a-1.zip","url":"a-1.zip","hashes":"sha256=aa"}"#.to_owned()),
        (Malformed, format!(r#"{{"filename":"a-1.zip","url":"a-1.zip","requires-python":">={long}"}}"#)),
    ] {
        let project = json("a", page("a", &files));
        assert_eq!(project.files()[0].contradiction, Some(wanted), "{files:.120}");
        let refused = project.refuse(|_| None);
        assert_eq!(refused.get(0).unwrap().1, "the registry's document contradicts itself about it");
        assert!(refused.all());
    }
}

#[test]
fn the_same_entry_twice_is_one_file() {
    let file = r#"{"filename":"a-1.zip","url":"a-1.zip","hashes":{"sha256":"aa"}}"#;
    let project = json("a", page("a", &format!("{file},{file},{file}")));
    assert_eq!(project.files().len(), 1);
    assert_eq!(project.files()[0].contradiction, None);
}

#[test]
fn an_opaque_url_of_one_file_passes() {
    let project =
        json("a", page("a", r#"{"filename":"a-1.zip","url":"/get?id=1"},{"filename":"a-2.zip","url":"/get?id=2"}"#));
    assert!(project.files().iter().all(|f| f.contradiction.is_none()));
}

#[test]
fn odd_values_of_lesser_fields_are_left_out() {
    let file =
        r#"{"filename":"a-1.zip","url":"a-1.zip","size":-1,"upload-time":"<b>","gpg-sig":"yes","core-metadata":"?"}"#;
    let project = json("a", page("a", file));
    let file = &project.files()[0];
    assert_eq!((file.size, &file.upload_time, file.gpg_sig, file.contradiction), (None, &None, None, None));
    assert_eq!(file.core_metadata, CoreMetadata::Absent);
}

#[test]
fn weight_grows_with_what_a_project_holds() {
    let small = json("a", page("a", r#"{"filename":"a-1.zip","url":"a-1.zip"}"#));
    let large = json("sample", FULL);
    assert!(small.weight() > 200);
    assert!(large.weight() > small.weight() + 1_000);
}

#[test]
fn an_object_with_far_too_many_digests_is_one_refused_file() {
    let digests = (0..100_000).map(|i| format!("\"h{i}\":\"aa\"")).collect::<Vec<_>>().join(",");
    let project = json("a", page("a", &format!(r#"{{"filename":"a-1.zip","url":"a-1.zip","hashes":{{{digests}}}}}"#)));
    assert_eq!(project.files()[0].contradiction, Some(Contradiction::Hash));
    assert!(project.weight() < 4_096);
}
