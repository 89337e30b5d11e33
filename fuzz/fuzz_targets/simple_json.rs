//! A page of a Python index as JSON: see [`sekisho_fuzz::pages`].
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::pages;
use sekisho_pypi::Kind;
use serde_json::Value;

fuzz_target!(|raw: &[u8]| {
    let page: Option<Value> = serde_json::from_slice(raw).ok();
    let name = page.as_ref().and_then(|page| page["name"].as_str()).unwrap_or("sample");
    pages::check(name, Kind::Json, raw);
});
