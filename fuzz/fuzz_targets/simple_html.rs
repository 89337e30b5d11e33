//! A page of a Python index as HTML: see [`sekisho_fuzz::pages`]. The project is the one that its title names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::pages;
use sekisho_pypi::Kind;

fuzz_target!(|raw: &[u8]| {
    let text = String::from_utf8_lossy(raw);
    let title = text.split_once("<title>Links for ").and_then(|(_, rest)| rest.split_once('<')).map(|(title, _)| title);
    pages::check(title.unwrap_or("sample").trim(), Kind::Html, raw);
});
