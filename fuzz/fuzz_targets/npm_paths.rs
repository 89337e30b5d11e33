//! What a path was read as is what it is read as when it is written anew, sparely or with everything encoded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_npm::NpmPath;
use sekisho_npm::path::parse;

fuzz_target!(|raw: &str| {
    let Ok(path) = parse(raw) else { return };
    let (name, rest) = match &path {
        NpmPath::Packument(name) => (name, String::new()),
        NpmPath::Version { name, spec } => (name, format!("/{}", encoded(spec))),
        NpmPath::Tarball { name, file } => (name, format!("/-/{}", encoded(file))),
        NpmPath::DistTags(name) => {
            assert_eq!(parse(&format!("-/package/{name}/dist-tags")).as_ref(), Ok(&path));
            return;
        }
        // Of another route the target asks only that it does not panic.
        _ => return,
    };
    for name in [name.as_str().to_owned(), encoded(name.as_str())] {
        assert_eq!(parse(&format!("{name}{rest}")).as_ref(), Ok(&path), "{name}{rest}");
    }
    let parts = [name.as_str(), path_rest(&path)];
    assert!(parts.iter().all(|part| !part.contains(['\\', '%']) && !part.chars().any(char::is_control)));
    assert!(!path_rest(&path).contains('/') && path_rest(&path) != "..");
});

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn path_rest(path: &NpmPath) -> &str {
    match path {
        NpmPath::Version { spec, .. } => spec,
        NpmPath::Tarball { file, .. } => file,
        _ => "",
    }
}
