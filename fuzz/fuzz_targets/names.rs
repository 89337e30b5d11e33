//! A name's canonical form is one, in every place where a name is written and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_core::{Ecosystem, PackageName, PackageUrl};
use sekisho_npm::NpmPath;
use sekisho_pypi::path::PypiPath;

fuzz_target!(|text: &str| {
    for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi] {
        let Ok(name) = PackageName::parse(ecosystem, text) else { continue };
        assert_eq!(PackageName::parse(ecosystem, name.as_str()).as_ref(), Ok(&name), "canonical twice");
        assert!(!name.as_str().contains("..") || ecosystem == Ecosystem::Npm);
        assert!(!name.as_str().starts_with('.') && !name.as_str().contains(['\\', '%', '?', '#', ' ']));
        let purl = PackageUrl { name: name.clone(), version: Some("1.0.0".into()) };
        assert_eq!(PackageUrl::parse(&purl.to_string()).as_ref(), Ok(&purl), "{purl}");
        match ecosystem {
            Ecosystem::Npm => npm(text, &name),
            Ecosystem::Pypi => pypi(text, &name),
        }
    }
});

/// A name is its own path, unless it is a scope's hyphen, which stands before files.
fn npm(text: &str, name: &PackageName) {
    assert_eq!(text, name.as_str(), "npm's names keep their spelling");
    if !text.ends_with("/-") {
        assert_eq!(sekisho_npm::path::parse(text), Ok(NpmPath::Packument(name.clone())));
        assert_eq!(sekisho_npm::path::parse(&text.replacen('/', "%2f", 1)), Ok(NpmPath::Packument(name.clone())));
    }
}

/// PEP 503: lower case, and one hyphen for any run of separators.
fn pypi(text: &str, name: &PackageName) {
    let canonical = name.as_str();
    assert!(
        canonical.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !canonical.contains("--")
    );
    for other in [text.to_ascii_uppercase(), text.replace(['-', '_'], "."), text.replace('.', "-_")] {
        if let Ok(other) = PackageName::parse(Ecosystem::Pypi, &other) {
            assert_eq!(&other, name);
        }
    }
    let page = PypiPath::Project { name: name.clone(), canonical: true };
    assert_eq!(sekisho_pypi::path::parse(&format!("simple/{canonical}/")), Ok(page));
}
