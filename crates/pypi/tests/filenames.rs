//! File names of the kinds that indexes have, and the versions that they stand for.

#![allow(clippy::unwrap_used, reason = "tests")]

use sekisho_core::{Ecosystem, PackageName};
use sekisho_pypi::filename;

/// Project, file name, the versions in reading order; a `?` before a text that is no version.
const TABLE: &[(&str, &str, &str)] = &[
    // Wheels.
    ("six", "six-1.17.0-py2.py3-none-any.whl", "1.17.0"),
    ("numpy", "numpy-2.1.0-cp313-cp313t-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "2.1.0"),
    ("numpy", "numpy-2.1.0-pp310-pypy310_pp73-macosx_14_0_x86_64.whl", "2.1.0"),
    ("ruamel-yaml", "ruamel.yaml-0.18.6-py3-none-any.whl", "0.18.6"),
    ("flask-login", "Flask_Login-0.6.3-py3-none-any.whl", "0.6.3"),
    ("typing-extensions", "typing_extensions-4.12.2-py3-none-any.whl", "4.12.2"),
    ("torch", "torch-2.4.0+cu121-cp312-cp312-linux_x86_64.whl", "2.4.0+cu121"),
    ("torch", "torch-2.4.0-1-cp312-cp312-manylinux1_x86_64.whl", "2.4.0"),
    ("pkg", "pkg-1.0-1_local.2-py3-none-any.whl", "1.0"),
    ("pkg", "pkg-1.0_1-py3-none-any.whl", "1.0-1"),
    ("pkg", "pkg-1.0_beta-py3-none-any.whl", "1.0_beta"),
    ("pkg", "pkg-1.0+local_1-py3-none-any.whl", "1.0+local_1"),
    ("pkg", "pkg-1!2.0-py3-none-any.whl", "1!2.0"),
    ("pkg", "pkg-1.0.dev0-py3-none-any.whl", "1.0.dev0"),
    ("pkg", "pkg-1.0rc1.post2-py3-none-any.whl", "1.0rc1.post2"),
    ("black", "black-24.8.0-py3-none-any.WHL", "24.8.0"),
    ("pkg", "pkg-1.0-build-py3-none-any.whl", ""),
    ("pkg", "pkg-1.0-py3.whl", ""),
    ("pkg", "pkg-latest-py3-none-any.whl", "?latest"),
    ("pywin32", "pywin32-306-cp312-cp312-win_amd64.whl", "306"),
    ("opencv-python", "opencv_python-4.10.0.84-cp37-abi3-win32.whl", "4.10.0.84"),
    // Sources.
    ("requests", "requests-2.32.3.tar.gz", "2.32.3"),
    ("requests", "requests-0.10.0.tgz", "0.10.0"),
    ("flask-login", "Flask-Login-0.6.3.tar.gz", "0.6.3"),
    ("flask-login", "flask_login-0.6.3.tar.gz", "0.6.3"),
    ("zope-interface", "zope.interface-7.0.tar.gz", "7.0"),
    ("zope-interface", "zope-interface-7.0.zip", "7.0"),
    ("ruamel-yaml", "ruamel.yaml-0.18.6.tar.gz", "0.18.6"),
    ("backports-ssl-match-hostname", "backports.ssl_match_hostname-3.7.0.1.tar.gz", "3.7.0.1"),
    ("pytz", "pytz-2004b.tar.gz", "2004b"),
    ("pytz", "pytz-2024.1.tar.bz2", "2024.1"),
    ("pkg", "pkg-1.0-beta.tar.gz", "1.0-beta"),
    ("pkg", "pkg-1.0-1.tar.gz", "1.0-1"),
    ("pkg", "pkg-1.0-r2.zip", "1.0-r2"),
    ("pkg", "pkg-1.0-rc-1.tar.gz", "1.0-rc-1"),
    ("pkg", "pkg-1.0_post1.tar.gz", "1.0_post1"),
    ("pkg", "pkg-1.0_1.tar.gz", "1.0-1"),
    ("pkg", "pkg-v1.2.tar.gz", "v1.2"),
    ("pkg", "pkg-1.0+git.abc-def.tar.gz", "1.0+git.abc-def"),
    ("pkg", "pkg-1.0.tar.xz", "1.0"),
    ("pkg", "pkg-1.0.tar.zst", "1.0"),
    ("pkg", "pkg-1.0.tar.Z", "1.0"),
    ("pkg", "pkg-1.0.tar", "1.0"),
    ("pkg", "PKG-1.0.TAR.GZ", "1.0"),
    ("foo-2", "foo-2-1.0.tar.gz", "1.0"),
    ("foo-2", "foo_2-1.0.tar.gz", "1.0"),
    ("foo-2-1", "foo-2-1-0.5.tar.gz", "0.5"),
    ("foo", "foo--1.0.tar.gz", "1.0"),
    ("foo", "foo_1.0.zip", "1.0"),
    ("foo", "foo.1.0.tar.gz", "1.0"),
    ("foo", "foo-1.0.sdist.tar.gz", "1.0"),
    ("foo", "foo-1.0.linux-x86_64.tar.gz", "1.0"),
    ("foo", "foo-1.0.macosx-10.9-x86_64.tar.gz", "1.0"),
    ("foo", "foo-1.0-py2.7.tar.gz", "1.0"),
    ("foo", "foo-unknown.tar.gz", "?unknown"),
    ("foo", "foo-1.0-final-2.tar.gz", "?1.0-final-2"),
    ("foo", "foo.tar.gz", ""),
    // Eggs and installers.
    ("setuptools", "setuptools-0.6c11-py2.7.egg", "0.6c11"),
    ("numpy", "numpy-1.5.0-py2.6-macosx-10.6-x86_64.egg", "1.5.0"),
    ("pkg", "pkg-1.0_1-py3.6.egg", "1.0-1"),
    ("pkg", "pkg-1.0.egg", "1.0"),
    ("numpy", "numpy-1.5.0.win32-py2.6.exe", "1.5.0"),
    ("lxml", "lxml-3.0.win-amd64-py3.2.exe", "3.0"),
    ("docutils", "docutils-0.8.win32.exe", "0.8"),
    ("pywin32", "pywin32-214.win32-py3.1.msi", "214"),
    ("pkg", "pkg-1.0-py2.5.exe", "1.0"),
    ("numpy", "numpy-1.5.0-py2.6-python.org-macosx10.3.dmg", "1.5.0"),
    // Operating systems' packages: the release may be part of the version, or not.
    ("docutils", "docutils-0.8-1.noarch.rpm", "0.8-1 | 0.8"),
    ("docutils", "docutils-0.8-1.src.rpm", "0.8-1 | 0.8"),
    ("docutils", "python3-docutils-0.8-1.noarch.rpm", "0.8-1 | 0.8"),
    ("docutils", "python3-docutils_0.8-1_all.deb", "0.8-1 | 0.8"),
    ("docutils", "docutils_0.8_all.deb", "0.8"),
    ("docutils", "other-0.8-1.noarch.rpm", ""),
    // No distributions.
    ("six", "six-1.17.0.tar.gz.asc", ""),
    ("six", "README", ""),
];

fn name(text: &str) -> PackageName {
    PackageName::parse(Ecosystem::Pypi, text).unwrap()
}

#[test]
fn a_file_name_gives_every_version_that_it_may_stand_for() {
    for (project, file, wanted) in TABLE {
        let parsed = filename::parse(&name(project), file);
        let shown: Vec<String> = parsed
            .versions
            .iter()
            .map(|c| format!("{}{}", if c.version.is_some() { "" } else { "?" }, c.text))
            .collect();
        assert_eq!(shown.join(" | "), *wanted, "{file} of {project}");
        assert!(!parsed.other_project, "{file} was taken for another project's than {project}");
    }
    assert!(TABLE.len() >= 60);
}

#[test]
fn a_file_of_another_project_is_seen() {
    for (project, file) in [
        ("six", "evil-1.17.0-py2.py3-none-any.whl"),
        ("foo", "foo_bar-1.0-py3-none-any.whl"),
        // Read by its parts this is version "bar" of "foo", with build "1.0".
        ("foo-bar", "foo-bar-1.0-py3-none-any.whl"),
        ("zope", "zope.interface-7.0.tar.gz"),
        ("requests", "request-2.0.tar.gz"),
        ("request", "requests-2.0.zip"),
        ("foo-1", "foo-1.0.tar.gz"),
        ("a-b", "ab-1.0.tar.gz"),
        ("six", "-1.0.tar.gz"),
        ("lxml", "html5lib-1.0.win32.exe"),
        ("lxml", "html5lib-1.0-py2.7.egg"),
    ] {
        assert!(filename::parse(&name(project), file).other_project, "{file} passed as a file of {project}");
    }
}

#[test]
fn a_longer_name_that_begins_with_the_projects_gives_no_readable_version() {
    let parsed = filename::parse(&name("foo"), "foo-bar-1.0.tar.gz");
    assert!(parsed.versions.iter().all(|c| c.version.is_none()), "{parsed:?}");
}

#[test]
fn names_that_are_not_one_plain_path_segment_are_unsafe() {
    for bad in [
        "",
        ".",
        "..",
        "../x-1.0.whl",
        "a/b.whl",
        "a\\b.whl",
        "a\0.whl",
        "a\n.whl",
        "a%2fb.whl",
        "a?b",
        "a#b",
        ".htaccess",
        "<script>.whl",
        "a\".whl",
        "é-1.0.whl",
        "x-1.0.whl.metadata",
        "x-1.0.whl.METADATA",
        "x.whl ",
        "a:b",
    ] {
        assert!(!filename::is_safe(bad), "{bad:?} passed");
    }
    assert!(!filename::is_safe(&"a".repeat(256)));
    for good in ["torch-2.4.0+cu121-cp312-cp312-linux_x86_64.whl", "pkg-1!2.0.tar.gz", "foo 1.0.zip"] {
        assert!(filename::is_safe(good), "{good:?} was refused");
    }
}

#[test]
fn odd_texts_are_read_without_a_panic() {
    for odd in ["-", "--", ".whl", "-.whl", "é-1.whl", "-----.whl", "------.tar.gz", "ééé.tar.gz", "_.rpm", "._deb.deb"]
    {
        filename::parse(&name("six"), odd);
    }
    filename::parse(&name("a"), &format!("{}.tar.gz", "a-".repeat(100_000)));
    filename::parse(&name("a"), &"é".repeat(400));
    // Not cut at a character's border: reading it all would take the square of a megabyte.
    filename::parse(&name("a"), &format!("a{}{}.tar.gz", "-".repeat(253), "é-".repeat(1 << 19)));
}
