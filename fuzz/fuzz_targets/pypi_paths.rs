//! What a path was read as is what it is read as when it is written anew, and a redirect leads to where none follows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_pypi::filename;
use sekisho_pypi::path::{PypiPath, parse};

fuzz_target!(|raw: &str| {
    let Ok(path) = parse(raw) else { return };
    if let Some(to) = path.redirect() {
        let there = parse(&to).expect("a redirect leads to a path");
        assert_eq!(there.redirect(), None, "{to}");
        assert_eq!(there.route(), path.route());
    }
    let (name, file, end) = match &path {
        PypiPath::File { name, file } => (name, file, ""),
        PypiPath::Metadata { name, file } => (name, file, ".metadata"),
        _ => return,
    };
    assert!(filename::is_safe(file), "{file:?}");
    assert!(!file.contains(['/', '\\', '%', '\0']) && file != "..");
    for file in [utf8_percent_encode(file, NON_ALPHANUMERIC).to_string(), file.replace('%', "%25")] {
        assert_eq!(parse(&format!("files/{name}/{file}{end}")).as_ref(), Ok(&path));
    }
});
