//! A distribution's file name gives the version that was written into it, among others at most.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_core::{Ecosystem, PackageName, Version};
use sekisho_pypi::filename;

fuzz_target!(|text: &str| {
    let (project, rest) = text.split_once('\n').unwrap_or(("sample", text));
    let Ok(name) = PackageName::parse(Ecosystem::Pypi, project) else { return };
    let parsed = filename::parse(&name, rest);
    assert!(parsed.versions.len() <= 4);
    assert!(parsed.versions.iter().all(|candidate| !candidate.text.is_empty()));
    // The rest as a version: the file names that its build tools write.
    let Ok(version) = Version::parse(Ecosystem::Pypi, rest) else { return };
    let escaped = name.as_str().replace('-', "_");
    let key = version.key();
    for file in [
        format!("{escaped}-{key}-py3-none-any.whl"),
        format!("{escaped}-{key}-1-cp311-abi3-manylinux1_x86_64.whl"),
        format!("{escaped}-{key}.tar.gz"),
        format!("{name}-{key}.zip"),
        format!("{escaped}-{key}-py2.7.egg"),
        format!("{}-{key}.TAR.GZ", escaped.to_ascii_uppercase()),
    ] {
        if file.len() > filename::MAX_FILE_NAME {
            continue;
        }
        let parsed = filename::parse(&name, &file);
        assert!(!parsed.other_project, "{file} is of {name}");
        assert!(parsed.versions.iter().any(|candidate| candidate.version.as_ref() == Some(&version)), "{file}");
    }
});
